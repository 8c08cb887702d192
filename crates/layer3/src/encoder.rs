//! The encoder: a block of samples in, a frame out.

use std::fmt;

use crate::{
    allocation::{allocate, allocate_shared, want},
    bits::BitWriter,
    blocks::{Attacks, Blocks, LOOK_AHEAD},
    channel::{Channel, PAST, SLOTS, listen},
    config::{
        Channels, Config, ConfigError, MPEG1_BITRATES_KBPS, MPEG2_BITRATES_KBPS, Reservoir, Shaping,
    },
    context::Context,
    forecast::Forecast,
    frames::Frames,
    huffman,
    mdct::LINES,
    polyphase::{SUBBANDS, Slot},
    quantise::raise,
    rate::Fitting,
    side_info::{Header, SideInfo, Version},
    simd::Level,
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
    channels: Box<[Channel]>,
    frames: Frames,
    blocks: Blocks,
    /// By how much frames so far were shorter than the bit rate says: bytes times sample rate, below
    /// the sample rate.
    slot_debt: u32,
    /// The share of the last frame, see [`crate::rate`].
    share: f32,
    /// What the share of the next will be.
    forecast: Forecast,
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

/// What middle and side may cost more than left and right and still are taken, as a part of the frame's
/// bits: the estimate errs by so much. On ten items at four rates, 2026-11.
const MS_BONUS: f32 = 0.07;

/// Where an encoder begins to look for its share.
const FIRST_SHARE: f32 = -8.0;

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
            channels: (0..channels).map(|_| Channel::new()).collect(),
            frames: Frames::new(version, config.reservoir, frame_len, side_len),
            blocks: Blocks::default(),
            slot_debt: 0,
            share: FIRST_SHARE,
            forecast: Forecast::new(),
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
            *channel = Channel::new();
        }
        self.blocks = Blocks::default();
        self.slot_debt = 0;
        self.share = FIRST_SHARE;
        self.forecast = Forecast::new();
        self.mean_share = FIRST_SHARE;
        self.silence_behind = None;
    }

    /// Counts `frames` as written, so that padding falls where it would after them. To be called before the first.
    pub fn skip(&mut self, frames: u64) {
        let hz = u64::from(self.config.sample_rate_hz);
        let (_, rest) = frame_len(&self.config, self.context.rate.version);
        self.slot_debt = (frames % hz * u64::from(rest) % hz) as u32;
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
            let units = &mut units[granule * channels..][..channels];
            for (channel, (state, unit)) in self.channels.iter_mut().zip(&mut *units).enumerate() {
                unit.block_type = block_type;
                let slots = &slots[channel][..granules];
                state.analyse(&self.context, slots, granule, unit);
            }
            listen(&self.context, self.config.shaping, &mut self.channels, units);
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

    /// Whether left and right of a frame take fewer bits as middle and side, about.
    fn is_cheaper_as_ms(&self, units: &[Unit]) -> bool {
        // Noise energy goes by step^1.5, and a share counts quarters of a step's exponent.
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
            huffman::write(
                self.context.level,
                &self.context.tables.huffman,
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
        let most = 8 * (main_len + self.frames.main_data_begin()) as u32;
        let first = self.forecast.share(units, most, self.share);
        let mut fitting = Fitting::new(&self.context, units);
        if self.config.reservoir == Reservoir::None {
            let share = fitting.fit(most, first);
            self.forecast.learn(units, share - self.share);
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
        if bits > 0 {
            let surplus = self.frames.main_data_begin() as f32 - USUAL_FILL * full as f32;
            let even = 8.0 * (main_len as f32 + SURPLUS_SPENT * surplus);
            let change = ((bits as f32 - even) / slope).clamp(-MAX_DRIFT, MAX_DRIFT);
            self.mean_share = (self.mean_share + DRIFT * change).clamp(-MAX_SHARE, MAX_SHARE);
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

/// Shares are remembered within these bounds: sound that asks for more is soon over, or no sound.
const MAX_SHARE: f32 = 80.0;

// How the reservoir is kept: all on ten items at two rates by ear model, 2026-11, and none of it critical.

/// How full it is meant to be.
const USUAL_FILL: f32 = 0.6;

/// What part of what it holds above that a frame is to take.
const SURPLUS_SPENT: f32 = 0.2;

/// What part of the way the mean share goes to the share that would have kept it so.
const DRIFT: f32 = 0.08;

/// How far away that share is taken to be at most, in quarters.
const MAX_DRIFT: f32 = 4.0;

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

/// Where the low-pass is: the highest that the bits a channel can afford, at any sample rate.
///
/// On ten items at 96 and 128 kbit/s stereo by noise to mask, 2026-11; the others by analogy.
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
