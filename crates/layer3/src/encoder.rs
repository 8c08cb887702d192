//! The encoder: a block of samples in, a frame out.

use std::sync::OnceLock;

use crate::{
    bits::BitWriter,
    config::{Channels, Config, ConfigError, MPEG1_BITRATES_KBPS, MPEG2_BITRATES_KBPS, Reservoir, Shaping},
    ear::{Ear, masked_noise, masked_noise_short},
    huffman::Huffman,
    layout::{Layout, interleave, interleaving, low_pass},
    mdct::{BlockType, LINES, Mdct, transform},
    polyphase::{HISTORY_LEN, Polyphase, SUBBANDS, Slot, analyse},
    quantise::{Steps, raise},
    rate::{Quantiser, Unit, perceptual_entropy},
    side_info::{GranuleInfo, Header, SideInfo, Version},
    simd::Level,
    tables::bands,
};

/// Makes MP3 frames of samples.
pub struct Encoder {
    level: Level,
    tables: &'static Tables,
    rate: &'static RateTables,
    version: Version,
    channels: usize,
    bitrate_kbps: u16,
    bitrate_index: u8,
    sample_rate_hz: u32,
    sampling_frequency: u8,
    reservoir: Reservoir,
    shaping: Shaping,
    /// Lines of a long block that are coded.
    low_pass: usize,
    /// By how much the last frame was shorter than the rate says, in bytes times the sample rate.
    slot_debt: u32,
    share: f32,
    block_type: BlockType,
    is_next_short: bool,
    is_late: bool,
    states: Box<[ChannelState]>,
}

const LOOK_AHEAD: usize = 192;

/// What is kept of a channel between frames.
struct ChannelState {
    history: [f32; HISTORY_LEN + LOOK_AHEAD],
    overlap: [Slot; 18],
    loudness: f32,
    previous: [f32; 24],
}

impl Default for ChannelState {
    fn default() -> Self {
        Self { history: [0.0; _], overlap: [[0.0; SUBBANDS]; 18], loudness: 0.0, previous: [1e9; 24] }
    }
}

struct Tables {
    polyphase: Polyphase,
    mdct: Mdct,
    huffman: Huffman,
    steps: Steps,
    rates: [RateTables; 6],
}

struct RateTables {
    sample_rate_hz: u32,
    long: Layout,
    short: Layout,
    interleaving: [u16; LINES],
    long_ear: Ear,
    short_ear: Ear,
    disputed: usize,
}

/// The sample rates of Layer III, by version and `sampling_frequency`.
const SAMPLE_RATES_HZ: [u32; 6] = [44_100, 48_000, 32_000, 22_050, 24_000, 16_000];

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Box<Tables>> = OnceLock::new();
    TABLES.get_or_init(|| {
        Box::new(Tables {
            polyphase: Polyphase::new(),
            mdct: Mdct::new(),
            huffman: Huffman::new(),
            steps: Steps::new(),
            rates: SAMPLE_RATES_HZ.map(|hz| {
                let (long, short) = bands::bands(hz).unwrap_or_else(|| unreachable!());
                let long = Layout::long(long);
                RateTables {
                    sample_rate_hz: hz,
                    long_ear: Ear::long(&long, hz),
                    short_ear: Ear::short(short, hz),
                    long,
                    short: Layout::short(short),
                    interleaving: interleaving(short),
                    disputed: if hz == 24_000 { bands::DISPUTED_24 } else { usize::MAX },
                }
            }),
        })
    })
}

impl Encoder {
    /// Samples by which the encoder delays.
    pub const DELAY: usize = 528 + LOOK_AHEAD;

    /// Begins an encoder.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names what there is instead.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let hz = config.sample_rate_hz;
        let index = SAMPLE_RATES_HZ
            .iter()
            .position(|&rate| rate == hz)
            .ok_or(ConfigError::SampleRate { hz })?;
        let (version, allowed) = if index < 3 {
            (Version::Mpeg1, &MPEG1_BITRATES_KBPS)
        } else {
            (Version::Mpeg2, &MPEG2_BITRATES_KBPS)
        };
        let kbps = config.bitrate_kbps;
        let bitrate_index = allowed
            .iter()
            .position(|&rate| rate == kbps)
            .ok_or(ConfigError::Bitrate { kbps, hz, allowed })?;
        let tables = tables();
        let channels = config.channels.count();
        Ok(Self {
            level: Level::of(config.instructions),
            tables,
            rate: &tables.rates[index],
            version,
            channels,
            bitrate_kbps: kbps,
            bitrate_index: bitrate_index as u8 + 1,
            sample_rate_hz: hz,
            sampling_frequency: (index % 3) as u8,
            reservoir: config.reservoir,
            shaping: config.shaping,
            low_pass: low_pass_lines(config),
            slot_debt: 0,
            share: -8.0,
            block_type: BlockType::Normal,
            is_next_short: false,
            is_late: false,
            states: (0..channels).map(|_| ChannelState::default()).collect(),
        })
    }

    /// Samples a channel of a block.
    pub fn block_len(&self) -> usize {
        LINES * self.version.granules()
    }

    /// Encodes a block.
    pub fn encode(&mut self, pcm: &[&[f32]], frames: &mut Vec<u8>) {
        let granules = self.version.granules();
        let mut units: [[Unit; 2]; 2] = Default::default();
        let mut block_types = [BlockType::Normal; 2];
        let mut slots = [[[[0.0; SUBBANDS]; 18]; 2]; 2];
        let mut attacks = [(false, false); 2];
        for channel in 0..self.channels {
            const PAST: usize = HISTORY_LEN + LOOK_AHEAD;
            let mut samples = [0.0; PAST + 2 * LINES];
            let state = &mut self.states[channel];
            samples[..PAST].copy_from_slice(&state.history);
            let block = &mut samples[PAST..][..LINES * granules];
            for (sample, &from) in block.iter_mut().zip(pcm.get(channel).copied().unwrap_or(&[])) {
                *sample = if from.is_finite() { from.clamp(-32.0, 32.0) } else { 0.0 };
            }
            for granule in 0..granules {
                let (a, b) = is_attack(
                    &samples[PAST + granule * LINES - 2..][..LINES + 2],
                    &mut state.loudness,
                );
                attacks[granule].0 |= a;
                attacks[granule].1 |= b;
            }
            analyse(
                self.level,
                &self.tables.polyphase,
                &samples[..HISTORY_LEN + LINES * granules],
                slots[channel][..granules].as_flattened_mut(),
            );
            state.history.copy_from_slice(&samples[LINES * granules..][..PAST]);
        }
        for granule in 0..granules {
            let is_short = self.is_next_short;
            self.is_next_short = attacks[granule].0 || self.is_late;
            self.is_late = attacks[granule].1;
            block_types[granule] = match (self.block_type, is_short, self.is_next_short) {
                (BlockType::Start, _, _) | (_, true, _) | (BlockType::Short, _, true) => BlockType::Short,
                (BlockType::Short, _, _) => BlockType::Stop,
                (_, _, true) => BlockType::Start,
                _ => BlockType::Normal,
            };
            self.block_type = block_types[granule];
        }
        for channel in 0..self.channels {
            let state = &mut self.states[channel];
            for granule in 0..granules {
                let unit = &mut units[granule][channel];
                unit.block_type = block_types[granule];
                let now = &slots[channel][granule];
                let before = if granule == 0 { &state.overlap } else { &slots[channel][granule - 1] };
                transform(
                    self.level,
                    &self.tables.mdct,
                    unit.block_type,
                    self.low_pass.div_ceil(18 * 8),
                    before,
                    now,
                    &mut unit.spectrum,
                );
                low_pass(unit.block_type, self.low_pass, &mut unit.spectrum);
                match (self.shaping, unit.block_type) {
                    (Shaping::Flat, _) => unit.allowed = [-20.0; _],
                    (_, BlockType::Short) => masked_noise_short(
                        self.level,
                        &self.rate.short_ear,
                        &unit.spectrum,
                        &mut unit.allowed,
                    ),
                    _ => masked_noise(
                        self.level,
                        &self.rate.long_ear,
                        &unit.spectrum,
                        &mut unit.allowed,
                    ),
                }
                if unit.block_type == BlockType::Short {
                    state.previous = [1e9; 24];
                } else if self.shaping == Shaping::Masked {
                    let k = 1.0;
                    for (allowed, previous) in unit.allowed.iter_mut().zip(&mut state.previous) {
                        let a = *allowed;
                        *allowed = a.min(*previous + k);
                        *previous = a;
                    }
                }
                if unit.block_type == BlockType::Short {
                    interleave(&self.rate.interleaving, &mut unit.spectrum);
                }
            }
            state.overlap = slots[channel][granules - 1];
        }
        let quantiser = Quantiser {
            level: self.level,
            steps: &self.tables.steps,
            huffman: &self.tables.huffman,
            layouts: [&self.rate.long, &self.rate.short],
            disputed: self.rate.disputed,
        };
        for unit in units[..granules].iter_mut().flat_map(|g| &mut g[..self.channels]) {
            raise(self.level, quantiser.layout(unit.block_type), &unit.spectrum, &mut unit.powers);
        }
        let is_ms = self.channels == 2 && self.choose_ms(&quantiser, &mut units, granules);
        for unit in units[..granules].iter_mut().flat_map(|g| &mut g[..self.channels]) {
            let layout = quantiser.layout(unit.block_type);
            unit.want(layout, self.share);
        }
        let mut scfsi = [[false; 4]; 2];
        for channel in 0..self.channels {
            let [first, second] = &mut units;
            let (first, second) = (&mut first[channel], &mut second[channel]);
            if granules == 2 && first.share(second, self.version, &self.rate.long) {
                scfsi[channel] = [true; 4];
                continue;
            }
            first.scale(self.version, quantiser.layout(first.block_type));
            if granules == 2 {
                second.scale(self.version, quantiser.layout(second.block_type));
            }
        }
        if std::env::var_os("DBG").is_some() {
            for g in 0..granules { for c in 0..self.channels { let u=&units[g][c]; if u.block_type!=BlockType::Short {
                eprintln!("g{g} c{c} {:?} share {:.1} base {:.1} scale {} pre {} part2 {}", u.block_type, self.share, u.base, u.scalefac_scale, u.packing.preflag, u.part2_length);
                eprintln!("  want {}", u.wanted[..22].iter().map(|w| format!("{:5.0}", w-u.base)).collect::<String>());
                eprintln!("  sf   {}", u.scalefactors[..22].iter().map(|w| format!("{:5.0}", w)).collect::<String>());
            }}}
        }
        // The frame.
        let (len, is_padded) = self.next_frame_len();
        let side_len = self.version.side_info_len(self.channels);
        let budget = ((len - side_len) * 8) as u32;
        let mut all: Vec<&mut Unit> =
            units[..granules].iter_mut().flat_map(|g| &mut g[..self.channels]).collect();
        self.share = quantiser.fit(&mut all, budget, self.share).clamp(-60.0, 60.0);
        let header = Header {
            version: self.version,
            bitrate_index: self.bitrate_index,
            sampling_frequency: self.sampling_frequency,
            is_padded,
            channels: self.channels,
            is_ms,
        };
        let mut info = SideInfo { scfsi, ..SideInfo::default() };
        for granule in 0..granules {
            for channel in 0..self.channels {
                info.granules[granule][channel] = granule_info(&units[granule][channel]);
            }
        }
        let mut buffer = [0; 1441 + BitWriter::SLACK];
        let mut bits = BitWriter::new(&mut buffer);
        header.write(&mut bits);
        info.write(self.version, self.channels, &mut bits);
        for unit in units[..granules].iter().flat_map(|g| &g[..self.channels]) {
            if unit.is_silent {
                continue;
            }
            let before = bits.len_bits();
            unit.packing.write(&unit.scalefactors, unit.shared, &mut bits);
            self.tables.huffman.write(
                &unit.quantisation.coding,
                &unit.quantisation.lines,
                &unit.spectrum,
                &mut bits,
            );
            debug_assert_eq!(bits.len_bits() - before, unit.part2_3_length() as usize);
        }
        debug_assert!(bits.len_bits() <= len * 8);
        frames.extend_from_slice(&buffer[..len]);
    }

    /// Gives out what is held back.
    pub fn flush(&mut self, frames: &mut Vec<u8>) {
        self.encode(&[], frames);
    }

    fn next_frame_len(&mut self) -> (usize, bool) {
        let bytes = self.version.granules() as u32 * 72 * 1000 * u32::from(self.bitrate_kbps);
        let len = bytes / self.sample_rate_hz;
        self.slot_debt += bytes % self.sample_rate_hz;
        let is_padded = self.slot_debt >= self.sample_rate_hz;
        if is_padded {
            self.slot_debt -= self.sample_rate_hz;
        }
        ((len + u32::from(is_padded)) as usize, is_padded)
    }

    fn choose_ms(&self, quantiser: &Quantiser<'_>, units: &mut [[Unit; 2]; 2], granules: usize) -> bool {
        let mut gain = 0.0;
        let share = 0.375 * self.share;
        for granule in &units[..granules] {
            let [left, right] = granule;
            let layout = quantiser.layout(left.block_type);
            for n in 0..layout.len {
                let band = layout.band(n);
                let both: f32 = left.spectrum[band.clone()]
                    .iter()
                    .zip(&right.spectrum[band.clone()])
                    .map(|(l, r)| l * r)
                    .sum::<f32>()
                    / band.len() as f32;
                let (el, er) = (left.powers.energy[n], right.powers.energy[n]);
                let (em, es) = (((el + er) / 2.0 + both).max(0.0), ((el + er) / 2.0 - both).max(0.0));
                let (nl, nr) = ((left.allowed[n] + share).exp2(), (right.allowed[n] + share).exp2());
                let nm = nl.min(nr);
                let pe = |e: f32, noise: f32| perceptual_entropy(e, noise, band.len());
                gain += pe(el, nl) + pe(er, nr) - pe(em, nm) - pe(es, nm);
            }
        }
        if gain <= -0.07 * (self.bitrate_kbps as f32 * 26.0) {
            return false;
        }
        for granule in &mut units[..granules] {
            let [left, right] = granule;
            for (l, r) in left.spectrum.iter_mut().zip(&mut right.spectrum) {
                const HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
                (*l, *r) = ((*l + *r) * HALF, (*l - *r) * HALF);
            }
            for (l, r) in left.allowed.iter_mut().zip(&mut right.allowed) {
                let least = l.min(*r);
                (*l, *r) = (least, least);
            }
            let layout = quantiser.layout(left.block_type);
            raise(self.level, layout, &left.spectrum, &mut left.powers);
            raise(self.level, layout, &right.spectrum, &mut right.powers);
        }
        true
    }
}

fn granule_info(unit: &Unit) -> GranuleInfo {
    if unit.is_silent {
        return GranuleInfo { block_type: unit.block_type, ..GranuleInfo::default() };
    }
    let q = &unit.quantisation;
    GranuleInfo {
        part2_3_length: unit.part2_3_length() as u16,
        big_values: q.coding.ends[2] / 2,
        global_gain: (unit.gain + 210) as u8,
        scalefac_compress: unit.packing.scalefac_compress,
        block_type: unit.block_type,
        table_select: q.coding.table_select,
        subblock_gain: unit.subblock_gain,
        region0_count: q.region0_count,
        region1_count: q.region1_count,
        preflag: unit.packing.preflag,
        scalefac_scale: unit.scalefac_scale,
        count1table_select: q.coding.count1table_select,
    }
}

fn is_attack(samples: &[f32], loudness: &mut f32) -> (bool, bool) {
    let mut is_attack = false;
    let mut is_late = false;
    for part_index in 0..9 {
        let part_at = part_index; let part = &samples[part_at * 64..][..66];
        let mut energy = 1e-9;
        for n in 0..64 {
            let d = part[n + 2] - 2.0 * part[n + 1] + part[n];
            energy += d * d;
        }
        if energy > 15.0 * *loudness && energy > 1e-6 {
            is_attack = true;
            is_late |= part_index as f32 >= 7.0;
        }
        *loudness = (0.7 * *loudness).max(energy);
    }
    (is_attack, is_late)
}

fn low_pass_lines(config: &Config) -> usize {
    if config.shaping == Shaping::Flat {
        return LINES;
    }
    let per_channel = u32::from(config.bitrate_kbps)
        / if config.channels == Channels::Stereo { 2 } else { 1 };
    let hz = match per_channel {
        0..=20 => 5_000,
        21..=28 => 8_000,
        29..=36 => 11_000,
        37..=44 => 13_000,
        45..=72 => 16_000,
        73..=88 => 17_500,
        89..=100 => 18_500,
        _ => 20_000,
    };
    (hz * 2 * LINES as u32 / config.sample_rate_hz).min(LINES as u32) as usize
}
