//! From samples to bytes: the port encoders plug into, and the encodings there are.

mod mp3;
mod wav;

use std::fmt;

use crate::{FRAME_LEN, Position};

pub use wav::header as wav_header;

/// How a stream is written for a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// MPEG-1 Layer III at a constant bit rate, joint stereo, no bit reservoir, no tags.
    Mp3(BitrateKbps),
    /// 16-bit PCM behind a WAV header that promises the longest file there is.
    Wav,
}

/// A bit rate of MPEG-1 Layer III, in kbit/s (ISO/IEC 11172-3, 2.4.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BitrateKbps(u16);

/// One encoder at work on one stream.
pub trait Encoder: Send {
    /// Appends exactly one whole frame, made of [`crate::FRAME_LEN`] samples a channel.
    ///
    /// Both channels hold [`crate::FRAME_LEN`] samples. Any input gives a legal frame; full scale is ±1.
    fn encode(&mut self, pcm: [&[f32]; 2], frames: &mut Vec<u8>);
}

impl BitrateKbps {
    /// What may be asked for.
    pub const ALLOWED: [u16; 14] = perpetuo_layer3::MPEG1_BITRATES_KBPS;

    /// What is served when nothing is asked for.
    pub const DEFAULT: Self = Self(128);

    /// Takes a bit rate.
    ///
    /// # Errors
    ///
    /// [`EncodingError::Bitrate`] for one that the standard does not have.
    pub fn new(kbps: u16) -> Result<Self, EncodingError> {
        if Self::ALLOWED.contains(&kbps) { Ok(Self(kbps)) } else { Err(EncodingError::Bitrate) }
    }

    /// The bit rate in kbit/s.
    pub fn kbps(self) -> u16 {
        self.0
    }
}

impl Encoding {
    /// Begins an encoder for stereo at `sample_rate_hz`. Its first frame is that at the position `at`: padding
    /// depends on where a frame is alone, not on where its encoder began.
    ///
    /// # Errors
    ///
    /// [`EncodingError::Unavailable`] for a sample rate that the encoder does not take.
    pub fn encoder(
        self,
        sample_rate_hz: u32,
        at: Position,
    ) -> Result<Box<dyn Encoder>, EncodingError> {
        match self {
            Self::Mp3(bitrate) => Ok(Box::new(mp3::Mp3::new(bitrate, sample_rate_hz, at)?)),
            Self::Wav => Ok(Box::new(wav::Wav)),
        }
    }

    /// What a listener gets before the first frame; for MP3 nothing.
    pub fn preamble(self, sample_rate_hz: u32) -> Vec<u8> {
        match self {
            Self::Mp3(_) => Vec::new(),
            Self::Wav => wav_header(None, sample_rate_hz).to_vec(),
        }
    }

    /// The first bytes of any response in this encoding, for clients that look before they listen.
    pub fn first_bytes(self, sample_rate_hz: u32) -> [u8; 4] {
        match self {
            Self::Mp3(bitrate) => mp3::header(bitrate, sample_rate_hz),
            Self::Wav => *b"RIFF",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Mp3(_) => "audio/mpeg",
            Self::Wav => "audio/wav",
        }
    }

    /// What may be asked for by `format`.
    pub const FORMATS: [&str; 2] = ["mp3", "wav"];

    /// Its format's name.
    pub fn format(self) -> &'static str {
        let [mp3, wav] = Self::FORMATS;
        match self {
            Self::Mp3(_) => mp3,
            Self::Wav => wav,
        }
    }

    /// The bytes of all frames before a frame border, preamble apart.
    pub fn bytes_before(self, border: Position, sample_rate_hz: u32) -> u64 {
        let frames = border.samples() / FRAME_LEN as u64;
        match self {
            Self::Mp3(bitrate) => mp3::bytes(bitrate, frames, sample_rate_hz),
            Self::Wav => frames * 4 * FRAME_LEN as u64,
        }
    }

    /// Bits a second that it fills, in kbit/s, rounded.
    pub fn kbps(self, sample_rate_hz: u32) -> u32 {
        match self {
            Self::Mp3(bitrate) => bitrate.kbps().into(),
            Self::Wav => (sample_rate_hz * 32).div_ceil(1000),
        }
    }

    /// Samples a channel by which decoded sound comes after the position of its frame: what encoder
    /// and decoder together hold back.
    pub fn delay(self) -> usize {
        match self {
            Self::Mp3(_) => mp3::DELAY,
            Self::Wav => 0,
        }
    }
}

/// An encoding that cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodingError {
    /// No bit rate of the standard.
    Bitrate,
    /// The encoder could not be made.
    Unavailable,
}

impl fmt::Display for EncodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bitrate => {
                let allowed = BitrateKbps::ALLOWED.map(|kbps| kbps.to_string()).join(", ");
                write!(f, "not a bit rate of MP3; allowed: {allowed} (kbit/s)")
            }
            Self::Unavailable => f.write_str("the encoder could not be made"),
        }
    }
}

impl std::error::Error for EncodingError {}
