//! The palette: a map from quiet to loud in even steps, and the few colours around it.
//!
//! ```text
//! L from 0.13 to 0.96, hue from blue by red to yellow, both in proportion    (Oklab: L, a, b)
//! l = (L + 0.396·a + 0.216·b)³   m = (L − 0.106·a − 0.064·b)³   s = (L − 0.089·a − 1.291·b)³
//! ```
//!
//! In Oklab equal steps of lightness look equal, so that a picture shows equal steps of dB as equal.
//!
//! Source: B. Ottosson, *A perceptual color space for image processing*, 2020.

use std::f32::consts::{PI, TAU};

/// An entry of the palette.
pub(crate) type Colour = u8;

/// How many entries, from 0 on, are the map: steps of about 1 dB, which are not seen and pack well.
const MAP_LEN: u8 = 72;

pub(crate) const PAPER: Colour = MAP_LEN;
pub(crate) const GRID: Colour = MAP_LEN + 1;
pub(crate) const FAINT: Colour = MAP_LEN + 2;
pub(crate) const INK: Colour = MAP_LEN + 3;
pub(crate) const GOLD: Colour = MAP_LEN + 4;
pub(crate) const ROSE: Colour = MAP_LEN + 5;
pub(crate) const TEAL: Colour = MAP_LEN + 6;

/// The place in the map for 0 (quiet) to 1 (loud); clamps.
pub(crate) fn of_share(share: f32) -> Colour {
    (share.clamp(0.0, 1.0) * f32::from(MAP_LEN - 1)).round() as Colour
}

/// Red, green and blue of every entry.
pub(crate) fn palette() -> Vec<u8> {
    let map = (0..MAP_LEN).map(|entry| mapped(f32::from(entry) / f32::from(MAP_LEN - 1)));
    let around = [
        lch(0.17, 0.018, 0.78),
        lch(0.32, 0.02, 0.78),
        lch(0.66, 0.02, 0.78),
        lch(0.92, 0.01, 0.78),
        lch(0.80, 0.13, 0.23),
        lch(0.68, 0.15, 0.03),
        lch(0.72, 0.09, 0.53),
    ];
    map.chain(around).flatten().collect()
}

fn mapped(share: f32) -> [u8; 3] {
    // Colour is strongest in the middle: near black and near white there is little to be had.
    let chroma = 0.03 + 0.155 * (PI * share.powf(0.9)).sin();
    lch(0.13 + 0.83 * share, chroma, 0.76 + 0.52 * share)
}

/// A colour by lightness of 0..1, chroma from 0, and hue in turns.
fn lch(lightness: f32, chroma: f32, hue: f32) -> [u8; 3] {
    let (a, b) = (chroma * (TAU * hue).cos(), chroma * (TAU * hue).sin());
    let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_4 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ]
    .map(srgb)
}

/// Linear light as sRGB has it: IEC 61966-2-1.
fn srgb(linear: f32) -> u8 {
    let encoded =
        if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
    (encoded.clamp(0.0, 1.0) * 255.0).round() as u8
}
