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
#[allow(missing_docs)]
pub mod rate;
mod scalefactors;
mod side_info;
mod simd;
mod tables;

pub use config::{
    Channels, Config, ConfigError, Instructions, MPEG1_BITRATES_KBPS, MPEG2_BITRATES_KBPS,
    Reservoir, Shaping,
};
pub use encoder::Encoder;
pub(crate) fn knob(i: usize, default: f32) -> f32 {
    static K: std::sync::OnceLock<Vec<f32>> = std::sync::OnceLock::new();
    let k = K.get_or_init(|| std::env::var("K").unwrap_or_default().split(',').map(|x| x.parse().unwrap_or(f32::NAN)).collect());
    k.get(i).copied().filter(|x| !x.is_nan()).unwrap_or(default)
}
