//! The encoder: a block of samples in, a frame out.

use std::fmt;

use crate::{
    allocation::{allocate, allocate_shared, want},
    bits::BitWriter,
    blocks::{ATTACK_HISTORY_LEN, AttackDetector, Attacks, Blocks, LOOK_AHEAD},
    config::{
        Channels, Config, ConfigError, MPEG1_BITRATES_KBPS, MPEG2_BITRATES_KBPS, Reservoir, Shaping,
    },
    context::Context,
    ear::{masked_noise, masked_noise_short},
    frames::Frames,
    layout::{interleave, low_pass},
    mdct::{BlockType, LINES, transform},
    polyphase::{HISTORY_LEN, SUBBANDS, Slot, analyse},
    quantise::raise,
    rate::Fitting,
    side_info::{Header, SideInfo, Version},
    simd::{LANES, Lanes, Level, kernel},
    stereo::{bits_saved, to_middle_and_side},
    unit::Unit,
};

/// Makes MP3 frames of samples.
///
/// One encoder is one stream: mono or stereo, at a constant bit rate. It holds about 11 KiB and shares its
/// tables with all others. It never allocates after it was made, except in the vector it is given, and
/// never panics.
///
/// A call takes up to 64 KiB of stack in a release build, and the first [`new`](Self::new) of a process
/// twice that (measured on x86-64, 2026-11).
///
/// ```
/// use perpetuo_layer3::{Channels, Config, Encoder};
///
/// let mut encoder = Encoder::new(&Config::new(44_100, Channels::Stereo, 128))?;
/// let mut frames = Vec::new();
/// let silence = vec![0.0; encoder.block_len()];
/// encoder.encode(&[&silence, &silence], &mut frames);
/// assert_eq!(frames.len(), 417);
/// # Ok::<(), perpetuo_layer3::ConfigError>(())
/// ```
pub struct Encoder {
    config: Config,
    context: Context,
    /// 1 to 14.
    bitrate_index: u8,
    channels: Box<[ChannelState]>,
    frames: Frames,
    blocks: Blocks,
    /// By how much frames so far were shorter than the bit rate says: bytes times sample rate, below
    /// the sample rate.
    slot_debt: u32,
    /// The share of the last frame, see [`crate::rate`].
    share: f32,
    /// The share that fills the reservoir and empties it alike.
    mean_share: f32,
    /// Samples of silence since the last sample that was taken in; none if nothing was.
    silence_behind: Option<usize>,
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("config", &self.config).finish_non_exhaustive()
    }
}

/// What is kept of a channel between frames.
struct ChannelState {
    /// The last samples: those that the filter bank needs, and those it has not had.
    history: [f32; PAST],
    /// The last granule's sub-bands.
    overlap: [Slot; SLOTS],
    attacks: AttackDetector,
    /// What noise the last granule allowed in each band, or anything after short blocks.
    allowed: [f32; 24],
    /// For how many samples there has been digital silence.
    silence_len: usize,
}

/// Samples kept of a channel.
const PAST: usize = HISTORY_LEN + LOOK_AHEAD;

/// Slots of a granule.
const SLOTS: usize = LINES / SUBBANDS;

/// Allowed noise that limits nothing.
const ANYTHING: f32 = 1e9;

/// By how much more noise a granule may allow than the one before, as a logarithm to base 2: sound that
/// rises does not mask what was before it, which the windows reach back to. By ear model, 2026-11.
const RISE: f32 = 1.0;

/// What middle and side may cost more than left and right and still are taken, as a part of the frame's
/// bits: the estimate errs by so much. On ten items at four rates, 2026-11.
const MS_BONUS: f32 = 0.07;

/// Where an encoder begins to look for its share.
const FIRST_SHARE: f32 = -8.0;

/// Samples beyond this level, 30 dB over full scale, are clipped.
const MAX_SAMPLE: f32 = 32.0;

/// Bytes of the longest main data: 4095 bits for each granule and channel.
const MAX_MAIN_DATA_LEN: usize = (4 * 4095_usize).div_ceil(8);

/// Sub-bands of two granules of two channels.
type Slots = [[[Slot; SLOTS]; 2]; 2];

impl Encoder {
    /// Samples from the position of a sample in the input to its position in what an ideal decoder makes
    /// of the frames. A decoder adds [`DECODER_DELAY`](crate::DECODER_DELAY).
    ///
    /// The filter bank takes 528 of them, the look-ahead for attacks 192.
    pub const DELAY: usize = 528 + LOOK_AHEAD;

    /// Begins an encoder.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a sample rate or a bit rate that Layer III does not have; it names what there is.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let hz = config.sample_rate_hz;
        let level = Level::of(config.instructions);
        let context =
            Context::of(level, hz, low_pass_hz(config)).ok_or(ConfigError::SampleRate { hz })?;
        let version = context.rate.version;
        let allowed = match version {
            Version::Mpeg1 => &MPEG1_BITRATES_KBPS,
            Version::Mpeg2 => &MPEG2_BITRATES_KBPS,
        };
        let kbps = config.bitrate_kbps;
        let bitrate_index = allowed
            .iter()
            .position(|&rate| rate == kbps)
            .ok_or(ConfigError::Bitrate { kbps, hz, allowed })?;
        let channels = config.channels.count();
        let (frame_len, _) = frame_len(config, version);
        let side_len = version.side_info_len(channels);
        Ok(Self {
            config: config.clone(),
            context,
            bitrate_index: bitrate_index as u8 + 1,
            channels: (0..channels).map(|_| ChannelState::new()).collect(),
            frames: Frames::new(version, config.reservoir, frame_len, side_len),
            blocks: Blocks::default(),
            slot_debt: 0,
            share: FIRST_SHARE,
            mean_share: FIRST_SHARE,
            silence_behind: None,
        })
    }

    /// Encodes one block: [`block_len`](Self::block_len) samples of each channel, full scale ±1. Appends
    /// whole frames to `frames`: exactly one, or with [`Reservoir::Full`] those that have become full.
    ///
    /// What is missing of a block, samples or channels, counts as silence, so the last block of a file may
    /// be short; what is beyond it is not looked at. Samples that are not finite count as silence, and
    /// those 30 dB over full scale and more are clipped. Any input gives legal frames.
    pub fn encode(&mut self, pcm: &[&[f32]], frames: &mut Vec<u8>) {
        let block_len = self.block_len();
        let given = pcm.iter().map(|channel| channel.len().min(block_len)).max().unwrap_or(0);
        self.silence_behind = match (self.silence_behind, given) {
            (behind, 0) => behind.map(|samples| samples.saturating_add(block_len)),
            (_, given) => Some(block_len - given),
        };
        self.encode_block(pcm, frames);
    }

    /// Encodes what is still held back, appends all frames that are left to `frames`, and begins anew, as
    /// a new encoder does. A decoder then gives out every sample that was taken in.
    pub fn flush(&mut self, frames: &mut Vec<u8>) {
        if let Some(samples) = self.silence_behind {
            let mut left = (Self::DELAY + crate::DECODER_DELAY).saturating_sub(samples);
            while left > 0 {
                self.encode_block(&[], frames);
                left = left.saturating_sub(self.block_len());
            }
        }
        self.frames.flush(frames);
        for channel in &mut self.channels {
            *channel = ChannelState::new();
        }
        self.blocks = Blocks::default();
        self.slot_debt = 0;
        self.share = FIRST_SHARE;
        self.mean_share = FIRST_SHARE;
        self.silence_behind = None;
    }

    /// Samples a channel of a block, which are those of a frame: 1152, or 576 at low sampling frequencies.
    pub fn block_len(&self) -> usize {
        LINES * self.context.rate.version.granules()
    }

    /// Bytes that it holds, those on the heap included.
    pub fn state_len(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.channels) + self.frames.heap_len()
    }

    fn encode_block(&mut self, pcm: &[&[f32]], frames: &mut Vec<u8>) {
        let granules = self.context.rate.version.granules();
        let mut slots: Slots = [[[[0.0; SUBBANDS]; SLOTS]; 2]; 2];
        let mut samples = [0.0; PAST + 2 * LINES];
        let mut attacks = [Attacks::default(); 2];
        let mut is_silent = self.blocks.is_at_rest();
        for (channel, state) in self.channels.iter_mut().enumerate() {
            let pcm = pcm.get(channel).copied().unwrap_or(&[]);
            let slots = &mut slots[channel][..granules];
            let samples = &mut samples[..PAST + LINES * granules];
            is_silent &= state.take(&self.context, pcm, samples, slots, &mut attacks[..granules]);
        }
        if is_silent {
            self.write(&mut [], false, frames);
            return;
        }
        // In the order of the bitstream: granule by granule, in each channel by channel.
        let mut units = [const { Unit::new() }; 4];
        let channels = self.channels.len();
        let units = &mut units[..granules * channels];
        for granule in 0..granules {
            let block_type = self.blocks.next(attacks[granule]);
            for (channel, state) in self.channels.iter_mut().enumerate() {
                let unit = &mut units[granule * channels + channel];
                unit.block_type = block_type;
                let slots = &slots[channel];
                let before = if granule == 0 { &state.overlap } else { &slots[granule - 1] };
                transform_unit(&self.context, unit, before, &slots[granule]);
                listen(&self.context, self.config.shaping, unit, &mut state.allowed);
            }
        }
        for (channel, state) in self.channels.iter_mut().enumerate() {
            state.overlap = slots[channel][granules - 1];
        }
        let is_ms = channels == 2 && self.is_cheaper_as_ms(units);
        for granule in units.chunks_exact_mut(channels) {
            if let ([left, right], true) = (&mut *granule, is_ms) {
                to_middle_and_side(self.context.level, left, right);
            }
            for unit in granule {
                raise(self.context.level, &self.context, unit);
                want(self.context.level, &self.context, unit, self.share);
            }
        }
        allocate_all(&self.context, units, channels);
        self.write(units, is_ms, frames);
    }

    fn is_cheaper_as_ms(&self, units: &[Unit]) -> bool {
        // Three quarters of a quarter's 6 dB, because noise goes by step^1.5.
        let share = 0.375 * self.share;
        let saved: f32 = units
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[left, right]| bits_saved(self.context.level, &self.context, left, right, share))
            .sum();
        let (frame_len, _) = frame_len(&self.config, self.context.rate.version);
        saved > -MS_BONUS * 8.0 * frame_len as f32
    }

    /// Quantises the units, or none for digital silence, and writes their frame.
    fn write(&mut self, units: &mut [Unit], is_ms: bool, frames: &mut Vec<u8>) {
        let version = self.context.rate.version;
        let channels = self.channels.len();
        let (len, is_padded) = self.next_frame_len();
        let side_len = version.side_info_len(channels);
        let begin = self.frames.main_data_begin();
        if !units.is_empty() {
            self.quantise(units, len - side_len);
        }
        let mut info = SideInfo { main_data_begin: begin as u16, ..SideInfo::default() };
        let mut main_data = [0; MAX_MAIN_DATA_LEN + BitWriter::SLACK];
        let mut bits = BitWriter::new(&mut main_data);
        for (n, unit) in units.iter().enumerate() {
            let (granule, channel) = (n / channels, n % channels);
            info.granules[granule][channel] = unit.info();
            if unit.is_empty() {
                continue;
            }
            let before = bits.len_bits();
            let allocation = &unit.allocation;
            if granule == 1 {
                info.scfsi[channel] = allocation.shared;
            }
            allocation.packing.write(&allocation.scalefactors, allocation.shared, &mut bits);
            self.context.tables.huffman.write(
                &unit.coding,
                &unit.quantised,
                &unit.spectrum,
                &mut bits,
            );
            debug_assert_eq!(bits.len_bits() - before, unit.part2_3_length() as usize);
        }
        let main_len = bits.len_bits().div_ceil(8);
        let header = Header {
            version,
            bitrate_index: self.bitrate_index,
            sampling_frequency: self.context.rate.sampling_frequency,
            is_padded,
            channels,
            is_ms,
        };
        let mut side = [0; 4 + 32 + BitWriter::SLACK];
        let mut bits = BitWriter::new(&mut side);
        header.write(&mut bits);
        info.write(version, channels, &mut bits);
        debug_assert_eq!(bits.len_bits(), side_len * 8);
        self.frames.push(&side[..side_len], len, &main_data[..main_len], frames);
    }

    /// Quantises units so that they fit into `main_len` bytes and what the reservoir holds.
    fn quantise(&mut self, units: &mut [Unit], main_len: usize) {
        let mut fitting = Fitting::new(&self.context, units);
        let most = 8 * (main_len + self.frames.main_data_begin()) as u32;
        if self.config.reservoir == Reservoir::None {
            let share = fitting.fit(most, self.share);
            self.share = share.clamp(-MAX_SHARE, MAX_SHARE);
            return;
        }
        let bits = fitting.bits_with(self.mean_share);
        let slope = fitting.slope();
        let full = self.frames.max_main_data_begin();
        let least = most.saturating_sub(8 * full as u32);
        self.share = if bits > most {
            fitting.fit(most, self.mean_share)
        } else if bits < least {
            fitting.fit(least, self.mean_share)
        } else {
            self.mean_share
        }
        .clamp(-MAX_SHARE, MAX_SHARE);
        // Towards a reservoir that is three fifths full.
        let surplus = self.frames.main_data_begin() as f32 - 0.6 * full as f32;
        let even = 8.0 * (main_len as f32 + 0.2 * surplus);
        if bits > 0 {
            let change = ((bits as f32 - even) / slope).clamp(-4.0, 4.0);
            self.mean_share = (self.mean_share + 0.08 * change).clamp(-MAX_SHARE, MAX_SHARE);
        }
    }

    /// The length of the next frame, and whether that is one more than usual.
    fn next_frame_len(&mut self) -> (usize, bool) {
        let (len, rest) = frame_len(&self.config, self.context.rate.version);
        self.slot_debt += rest;
        let is_padded = self.slot_debt >= self.config.sample_rate_hz;
        if is_padded {
            self.slot_debt -= self.config.sample_rate_hz;
        }
        (len + usize::from(is_padded), is_padded)
    }
}

/// Shares are remembered within these bounds.
const MAX_SHARE: f32 = 80.0;

impl ChannelState {
    fn new() -> Self {
        Self {
            history: [0.0; _],
            overlap: [[0.0; _]; _],
            attacks: AttackDetector::default(),
            allowed: [ANYTHING; _],
            silence_len: PAST + LINES,
        }
    }

    /// Takes a block in: its sub-bands and its attacks. `samples` is room for what is kept and the block.
    /// Says whether all is digital silence, for so long
    /// that nothing is left of what was before; then nothing needs to be done.
    fn take(
        &mut self,
        context: &Context,
        pcm: &[f32],
        samples: &mut [f32],
        slots: &mut [[Slot; SLOTS]],
        attacks: &mut [Attacks],
    ) -> bool {
        let block_len = LINES * slots.len();
        let block = &mut samples[PAST..];
        let (given, missing) = block.split_at_mut(pcm.len().min(block_len));
        given.copy_from_slice(&pcm[..given.len()]);
        missing.fill(0.0);
        let is_silent = clean(context.level, block);
        if is_silent && self.silence_len >= PAST + LINES {
            self.attacks = AttackDetector::default();
            return true;
        }
        self.silence_len = if is_silent { self.silence_len + block_len } else { 0 };
        samples[..PAST].copy_from_slice(&self.history);
        for (granule, attacks) in attacks.iter_mut().enumerate() {
            let begin = PAST + granule * LINES - ATTACK_HISTORY_LEN;
            let samples = &samples[begin..][..LINES + ATTACK_HISTORY_LEN];
            *attacks = attacks.or(self.attacks.look(context.level, samples));
        }
        let end = HISTORY_LEN + block_len;
        let slots = slots.as_flattened_mut();
        analyse(context.level, &context.tables.polyphase, &samples[..end], slots);
        self.history.copy_from_slice(&samples[block_len..]);
        false
    }
}

kernel! {
    /// Makes samples fit to be encoded: finite, no louder than 30 dB over full scale, and whole multiples
    /// of 2⁻³³ or so, 200 dB below it, so that nothing gets so small that processors turn slow. Says
    /// whether all are zero.
    fn clean = clean_lanes(samples: &mut [f32]) -> bool;
}

#[inline(always)]
fn clean_lanes<V: Lanes>(samples: &mut [f32]) -> bool {
    let most = V::splat(MAX_SAMPLE);
    let least = V::zero().sub(most);
    let bias = V::splat(1.0 / 1024.0);
    let mut greatest = V::zero();
    for samples in samples.as_chunks_mut::<LANES>().0 {
        let x = V::load(samples).finite().min(most).max(least);
        // What is smaller than the last place of the bias is rounded away.
        let x = x.add(bias).sub(bias);
        greatest = greatest.max(x.abs());
        x.store(samples);
    }
    greatest.greatest() == 0.0
}

/// From sub-bands to lines below the low-pass.
fn transform_unit(context: &Context, unit: &mut Unit, before: &[Slot; SLOTS], now: &[Slot; SLOTS]) {
    // The butterflies across the last line reach eight lines further.
    let groups = (context.low_pass + LANES).min(LINES).div_ceil(SLOTS * LANES);
    let tables = &context.tables.mdct;
    transform(context.level, tables, unit.block_type, groups, before, now, &mut unit.spectrum);
    low_pass(unit.block_type, context.low_pass, &mut unit.spectrum);
}

/// Finds out what noise a unit allows, and brings its lines into the order of the bitstream.
fn listen(context: &Context, shaping: Shaping, unit: &mut Unit, before: &mut [f32; 24]) {
    let is_short = unit.block_type == BlockType::Short;
    match shaping {
        Shaping::Flat => unit.allowed = [FLAT_NOISE; _],
        Shaping::Masked if is_short => {
            masked_noise_short(
                context.level,
                &context.rate.short_ear,
                &unit.spectrum,
                context.low_pass,
                &mut unit.allowed,
            );
            *before = [ANYTHING; _];
        }
        Shaping::Masked => {
            masked_noise(
                context.level,
                &context.rate.long_ear,
                &unit.spectrum,
                context.low_pass,
                &mut unit.allowed,
            );
            for (allowed, before) in unit.allowed.iter_mut().zip(before) {
                let limit = *before + RISE;
                *before = *allowed;
                *allowed = allowed.min(limit);
            }
        }
    }
    if is_short {
        interleave(&context.rate.interleaving, &mut unit.spectrum);
    }
}

/// Allowed noise without a mask, as a logarithm to base 2: any number, for shares make up for it.
const FLAT_NOISE: f32 = -20.0;

/// Gives every unit its scalefactors.
fn allocate_all(context: &Context, units: &mut [Unit], channels: usize) {
    let level = context.level;
    let (first, second) = units.split_at_mut(channels);
    for (n, first) in first.iter_mut().enumerate() {
        let Some(second) = second.get_mut(n) else {
            allocate(level, context, first);
            continue;
        };
        if !allocate_shared(level, context, first, second) {
            allocate(level, context, first);
            allocate(level, context, second);
        }
    }
}

/// The length of a frame in bytes without padding, and what is left over: bytes times sample rate.
fn frame_len(config: &Config, version: Version) -> (usize, u32) {
    // 1152 samples a frame, or 576: 144 or 72 times bits a second.
    let bytes = 72 * version.granules() as u32 * 1000 * u32::from(config.bitrate_kbps);
    ((bytes / config.sample_rate_hz) as usize, bytes % config.sample_rate_hz)
}

/// Where the low-pass is: the highest that the bit rate can afford.
///
/// On ten items at 96 and 128 kbit/s by noise to mask, 2026-11; else in proportion, by ear model.
fn low_pass_hz(config: &Config) -> u32 {
    if config.shaping == Shaping::Flat {
        return u32::MAX;
    }
    let channels = match config.channels {
        Channels::Mono => 1,
        Channels::Stereo => 2,
    };
    match config.bitrate_kbps / channels {
        ..=11 => 3_000,
        12..=20 => 5_500,
        21..=28 => 8_000,
        29..=36 => 11_000,
        37..=44 => 13_500,
        45..=72 => 16_000,
        73..=88 => 17_500,
        89..=100 => 18_500,
        _ => 20_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_as_many_bytes_as_the_bit_rate_says() {
        for (hz, kbps) in [(44_100, 128), (44_100, 32), (44_100, 320), (22_050, 56), (48_000, 96)] {
            let mut encoder = Encoder::new(&Config::new(hz, Channels::Stereo, kbps)).unwrap();
            let samples_a_frame = encoder.block_len() as u64;
            let (mut frame, mut bytes) = (Vec::new(), 0);
            for n in 1..=u64::from(hz) * 3600 / samples_a_frame {
                frame.clear();
                encoder.encode(&[], &mut frame);
                bytes += frame.len() as u64;
                let exact = n * samples_a_frame / 8 * u64::from(kbps) * 1000 / u64::from(hz);
                assert_eq!(bytes, exact, "{hz} Hz, {kbps} kbit/s, frame {n}");
            }
        }
    }

    #[test]
    fn an_encoder_holds_16_kib_at_most_whatever_it_makes() {
        for hz in [16_000, 22_050, 24_000, 32_000, 44_100, 48_000] {
            for kbps in [MPEG1_BITRATES_KBPS, MPEG2_BITRATES_KBPS].concat() {
                for channels in [Channels::Mono, Channels::Stereo] {
                    for reservoir in [Reservoir::None, Reservoir::Full] {
                        let config = Config { reservoir, ..Config::new(hz, channels, kbps) };
                        let Ok(encoder) = Encoder::new(&config) else { continue };
                        let len = encoder.state_len();
                        assert!(len <= 16 * 1024, "{config:?}: {len} bytes");
                    }
                }
            }
        }
    }
}
