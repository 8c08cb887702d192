//! What encoders are asked for, and what they are given to hear.

#![allow(dead_code, reason = "each test hears something else")]

use perpetuo_layer3::{
    Channels, Config, Encoder, Instructions, MPEG1_BITRATES_KBPS, MPEG2_BITRATES_KBPS, Reservoir,
    Shaping,
};

/// The sample rates of MPEG-1.
pub(crate) const MPEG1_HZ: [u32; 3] = [32_000, 44_100, 48_000];

/// The sample rates of MPEG-2.
pub(crate) const MPEG2_HZ: [u32; 3] = [16_000, 22_050, 24_000];

/// Every configuration at some sample rates, with the best instructions.
pub(crate) fn configs(rates_hz: &[u32]) -> Vec<Config> {
    let mut configs = Vec::new();
    for &sample_rate_hz in rates_hz {
        let is_mpeg1 = MPEG1_HZ.contains(&sample_rate_hz);
        let bitrates = if is_mpeg1 { MPEG1_BITRATES_KBPS } else { MPEG2_BITRATES_KBPS };
        for bitrate_kbps in bitrates {
            for channels in [Channels::Mono, Channels::Stereo] {
                for reservoir in [Reservoir::None, Reservoir::Full] {
                    for shaping in [Shaping::Masked, Shaping::Flat] {
                        configs.push(Config {
                            reservoir,
                            shaping,
                            ..Config::new(sample_rate_hz, channels, bitrate_kbps)
                        });
                    }
                }
            }
        }
    }
    configs
}

/// The same with instructions that every machine has.
pub(crate) fn portable(config: &Config) -> Config {
    Config { instructions: Instructions::Portable, ..config.clone() }
}

/// Left and right.
pub(crate) type Pcm = [Vec<f32>; 2];

/// Encodes all of `pcm`, and flushes.
pub(crate) fn encode(config: &Config, pcm: &Pcm) -> Vec<u8> {
    encode_with(&mut Encoder::new(config).unwrap(), pcm)
}

/// Encodes all of `pcm` with an encoder, and flushes.
pub(crate) fn encode_with(encoder: &mut Encoder, pcm: &Pcm) -> Vec<u8> {
    let mut frames = Vec::new();
    for block in blocks(pcm, encoder.block_len()) {
        encoder.encode(&block, &mut frames);
    }
    encoder.flush(&mut frames);
    frames
}

/// Blocks of both channels; the last may be shorter.
pub(crate) fn blocks(pcm: &Pcm, len: usize) -> impl Iterator<Item = [&[f32]; 2]> {
    let [left, right] = pcm;
    left.chunks(len).zip(right.chunks(len)).map(|(left, right)| [left, right])
}

/// Things to encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Silence,
    Noise,
    Sine,
    /// From one end of the scale to the other.
    Square,
    Impulses,
    /// 32 dB too loud.
    Clipping,
    /// Too small for a normal number.
    Denormal,
    /// Noise with infinities and numbers that are none.
    NotFinite,
    /// Loud beginnings out of silence.
    Attacks,
    /// Noise and nothing.
    LeftOnly,
    /// Noise, turned upside down on the right.
    Inverted,
    /// The same noise on both sides.
    Alike,
    RandomWalk,
    /// A loud tone over the faintest noise: at a high bit rate, most of the bits are left over.
    ToneOverHiss,
}

impl Signal {
    pub(crate) const ALL: [Self; 14] = [
        Self::Silence,
        Self::Noise,
        Self::Sine,
        Self::Square,
        Self::Impulses,
        Self::Clipping,
        Self::Denormal,
        Self::NotFinite,
        Self::Attacks,
        Self::LeftOnly,
        Self::Inverted,
        Self::Alike,
        Self::RandomWalk,
        Self::ToneOverHiss,
    ];

    /// `len` samples of each channel, the same for the same `seed`.
    pub(crate) fn pcm(self, seed: u64, len: usize) -> Pcm {
        let mut chance = Chance::new(seed);
        let phase = chance.next();
        let (mut walk, mut decay) = ([0.0_f32; 2], 0.0);
        let mut pcm = [Vec::with_capacity(len), Vec::with_capacity(len)];
        for n in 0..len {
            let mut noise = || 0.7 * chance.next();
            let sides = match self {
                Self::Silence => [0.0; 2],
                Self::Noise => [noise(), noise()],
                Self::Sine => [0.031, 0.047]
                    .map(|step| 0.7 * (std::f32::consts::TAU * step * n as f32 + phase).sin()),
                Self::Square => [if n / 53 % 2 == 0 { 1.0 } else { -1.0 }; 2],
                Self::Impulses => [f32::from(n % 701 == 99), -f32::from(n % 997 == 500)],
                Self::Clipping => [40.0 * noise(), 40.0 * noise()],
                Self::Denormal => [1e-39 * noise(), 1e-42 * noise()],
                Self::NotFinite => match n % 97 {
                    13 => [f32::NAN, f32::INFINITY],
                    14 => [f32::NEG_INFINITY, noise()],
                    _ => [noise(), noise()],
                },
                Self::Attacks => {
                    // 0.99 a sample: 60 dB in 690 samples.
                    decay = if n % 3001 == 1500 { 1.0 } else { 0.99 * decay };
                    let audible = if decay > 1e-6 { decay } else { 0.0 };
                    [audible * noise(), audible * noise()]
                }
                Self::LeftOnly => [noise(), 0.0],
                Self::Inverted => {
                    let x = noise();
                    [x, -x]
                }
                Self::Alike => [noise(); 2],
                Self::RandomWalk => {
                    for x in &mut walk {
                        *x = (*x + 0.05 * noise()).clamp(-1.0, 1.0);
                    }
                    walk
                }
                Self::ToneOverHiss => {
                    // Somewhere between 0.001 and 0.05 cycles a sample, by the seed.
                    let step = 0.001 + 0.0245 * (phase + 1.0);
                    let tone = 0.5 * (std::f32::consts::TAU * (step * n as f32).fract()).sin();
                    [tone + 2e-5 * noise(), tone]
                }
            };
            for (channel, x) in pcm.iter_mut().zip(sides) {
                channel.push(x);
            }
        }
        pcm
    }
}

/// One signal behind the other.
pub(crate) fn join(parts: impl IntoIterator<Item = Pcm>) -> Pcm {
    let mut all = [Vec::new(), Vec::new()];
    for part in parts {
        for (channel, samples) in all.iter_mut().zip(part) {
            channel.extend(samples);
        }
    }
    all
}

/// Every signal in a row, `len` samples each, beginning with the `first`.
pub(crate) fn medley(first: usize, len: usize) -> Pcm {
    let mut signals = Signal::ALL;
    signals.rotate_left(first % Signal::ALL.len());
    join(signals.map(|signal| signal.pcm(first as u64, len)))
}

/// Xorshift: G. Marsaglia, *Xorshift RNGs*, 2003.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        // Any number but 0 will do; this one keeps neighbouring seeds apart.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// −1 to 1, all alike.
    pub(crate) fn next(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / 8_388_608.0 - 1.0
    }
}
