//! A fast MP3 encoder.
#![deny(unsafe_code)]
mod bits;
mod config;
mod ear;
mod encoder;
mod huffman;
mod layout;
mod mdct;
mod polyphase;
mod quantise;
mod rate;
mod scalefactors;
mod side_info;
mod simd;
mod tables;

pub use config::{
    Channels, Config, ConfigError, Instructions, MPEG1_BITRATES_KBPS, MPEG2_BITRATES_KBPS,
    Reservoir, Shaping,
};
pub use encoder::Encoder;
