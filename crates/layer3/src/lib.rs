//! A fast MP3 encoder in pure Rust, without dependencies: samples in, Layer III frames out.
//!
//! ```
//! use perpetuo_layer3::{Channels, Config, Encoder};
//!
//! // A second of a tone, in stereo at 44.1 kHz.
//! let tone: Vec<f32> = (0..44_100).map(|n| (n as f32 * 0.0627).sin() * 0.5).collect();
//!
//! let mut encoder = Encoder::new(&Config::new(44_100, Channels::Stereo, 128))?;
//! let mut mp3 = Vec::new();
//! for block in tone.chunks(encoder.block_len()) {
//!     encoder.encode(&[block, block], &mut mp3);
//! }
//! encoder.flush(&mut mp3);
//! # assert!(mp3.len() > 16_000);
//! # Ok::<(), perpetuo_layer3::ConfigError>(())
//! ```
//!
//! # What it makes
//!
//! MPEG-1 Layer III at 32, 44.1 and 48 kHz and MPEG-2 Layer III at 16, 22.05 and 24 kHz, mono or joint
//! stereo, at every constant bit rate of the standard. No tags and no headers of its own: bytes that a
//! stream can begin with at any frame, if there is no [`Reservoir`]. Any `f32` is a sample: what is not
//! finite counts as silence. Level and phase are kept; sound comes out [`Encoder::DELAY`] samples later, and
//! a decoder adds [`DECODER_DELAY`].
//!
//! # How it is made
//!
//! ```text
//! samples ─► polyphase ─► MDCT ─┬────────────► M/S ─► |x|^¾ ─► quantiser ⇄ Huffman ─► frame
//!    └─► attacks ─► windows ┘   └─► ear ─► allowed noise ─► scalefactors ─┘
//! ```
//!
//! The ear is a model of masking after ITU-R BS.1387 on the lines of the transform itself. The noise it
//! allows gives each band its step by a formula, not by a search; one number for the whole frame, foretold
//! and then found in a few secant steps, makes the frame just full. Every stage is a module, with its equation and its
//! source on top.
//!
//! Vectors of eight `f32` are used throughout, in AVX2 where the machine has it and in portable code
//! elsewhere. Both give the same bytes.
//!
//! # Memory
//!
//! An [`Encoder`] holds 11 KiB in stereo, 16 KiB at most; all share 64 KiB of tables, and a call takes
//! up to 64 KiB of stack. Nothing is allocated after an encoder is made, but for the vector that frames are
//! appended to.

#![deny(unsafe_code)]
#![expect(clippy::needless_range_loop, reason = "a band's number indexes several arrays at once")]

mod allocation;
mod bits;
mod blocks;
mod channel;
mod config;
mod context;
mod ear;
mod encoder;
mod forecast;
mod frames;
mod huffman;
mod layout;
mod mdct;
mod polyphase;
mod quantise;
mod rate;
mod scalefactors;
mod side_info;
mod simd;
mod stereo;
mod tables;
mod unit;

pub use config::{
    Channels, Config, ConfigError, Instructions, MPEG1_BITRATES_KBPS, MPEG2_BITRATES_KBPS,
    Reservoir, Shaping,
};
pub use encoder::Encoder;

/// Samples by which every decoder delays: its filter bank and transform undo ours, which takes 528 on
/// either side, and one more passes before the first comes out.
pub const DECODER_DELAY: usize = 529;

/// Holds the examples of the README to what they say.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
