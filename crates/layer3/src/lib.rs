//! A fast MP3 encoder.
#![deny(unsafe_code)]
mod allocation;
mod bits;
mod blocks;
mod config;
mod context;
mod ear;
mod encoder;
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

/// Samples by which every decoder delays: 528 of its filter bank, and one.
pub const DECODER_DELAY: usize = 529;
