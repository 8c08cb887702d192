//! What an encoder is asked for, and what can be asked for.

use std::fmt;

/// What an [`Encoder`](crate::Encoder) makes: checked when it is made, not before.
///
/// [`Config::new`] gives what most want; change a field for anything else.
///
/// ```
/// use perpetuo_layer3::{Channels, Config, Encoder, Reservoir};
///
/// let config = Config { reservoir: Reservoir::Full, ..Config::new(44_100, Channels::Stereo, 128) };
/// assert!(Encoder::new(&config).is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Samples a second and channel: 32,000, 44,100 or 48,000 (MPEG-1), or 16,000, 22,050 or 24,000
    /// (MPEG-2, low sampling frequencies).
    pub sample_rate_hz: u32,
    /// One channel or two.
    pub channels: Channels,
    /// The constant bit rate in kbit/s, one of [`MPEG1_BITRATES_KBPS`] or [`MPEG2_BITRATES_KBPS`].
    pub bitrate_kbps: u16,
    /// Whether a frame may keep bits in the frames before it.
    pub reservoir: Reservoir,
    /// Where the noise of coding goes.
    pub shaping: Shaping,
    /// Which instructions may be used.
    pub instructions: Instructions,
}

/// How many channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channels {
    /// One.
    Mono,
    /// Two, left and right, coded together where that takes fewer bits (joint stereo).
    Stereo,
}

/// Whether frames lend each other bits (ISO/IEC 11172-3, 2.4.3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reservoir {
    /// Every frame decodes alone: a stream can be entered, cut and joined at any frame.
    #[default]
    None,
    /// A frame that needs few bits leaves them to those after it, as far as the format allows: better
    /// sound at the same rate, for files. A frame is given out once it is full, so that a call may give
    /// none or several.
    Full,
}

/// Where the noise of coding goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Shaping {
    /// Where the ear hears it least.
    #[default]
    Masked,
    /// Everywhere alike, and no low-pass: for measuring, and for what is not meant for ears.
    ///
    /// Even so the format has a ceiling: no line can have more than 8,206 steps, which for a lone tone is a
    /// ratio of signal to noise of 6.75 · 8206² or 86.6 dB.
    Flat,
}

/// Which instructions an encoder may use. The bytes it makes are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Instructions {
    /// The best that this machine is found to have: AVX2 where it is there.
    #[default]
    Best,
    /// Those the crate was compiled for.
    Portable,
}

/// The bit rates of MPEG-1, for 32, 44.1 and 48 kHz (ISO/IEC 11172-3, 2.4.2.3).
pub const MPEG1_BITRATES_KBPS: [u16; 14] =
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];

/// The bit rates of MPEG-2, for 16, 22.05 and 24 kHz (ISO/IEC 13818-3, 2.4.2.3).
pub const MPEG2_BITRATES_KBPS: [u16; 14] =
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

impl Config {
    /// No reservoir, noise where it is masked, the best instructions.
    pub fn new(sample_rate_hz: u32, channels: Channels, bitrate_kbps: u16) -> Self {
        Self {
            sample_rate_hz,
            channels,
            bitrate_kbps,
            reservoir: Reservoir::default(),
            shaping: Shaping::default(),
            instructions: Instructions::default(),
        }
    }
}

impl Channels {
    /// 1 or 2.
    pub fn count(self) -> usize {
        match self {
            Self::Mono => 1,
            Self::Stereo => 2,
        }
    }
}

/// What cannot be encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// No sample rate of MPEG-1 or MPEG-2.
    SampleRate {
        /// What was asked for.
        hz: u32,
    },
    /// No bit rate at this sample rate.
    Bitrate {
        /// What was asked for.
        kbps: u16,
        /// The sample rate it was asked for with.
        hz: u32,
        /// What there is.
        allowed: &'static [u16],
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SampleRate { hz } => write!(
                f,
                "{hz} Hz is no sample rate of Layer III; allowed: 16000, 22050, 24000, 32000, 44100, \
                 48000"
            ),
            Self::Bitrate { kbps, hz, allowed } => {
                write!(f, "{kbps} kbit/s is no bit rate of Layer III at {hz} Hz; allowed: ")?;
                for (n, rate) in allowed.iter().enumerate() {
                    write!(f, "{}{rate}", if n == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ConfigError {}
