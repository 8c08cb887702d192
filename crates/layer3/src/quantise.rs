//! Quantisation: from lines and a step a band to magnitudes.
//!
//! ```text
//! q = ⌊(|x| / step)^0.75 + 0.4054⌋        step = 2^(e/4)
//! ```
//!
//! A decoder makes `q^(4/3) · step` of it again. 0.4054 instead of one half, because values lie more
//! often near the lower edge of the wide intervals that the power makes.
//!
//! Source: ISO/IEC 11172-3, C.1.5.4.4.1; 2.4.3.4.7.1 for the decoder.

use crate::{
    huffman::{Coding, Huffman, MAX_MAGNITUDE, Quantised, class},
    layout::{Layout, PerBand},
    mdct::{BlockType, LINES, Spectrum},
    simd::{LANES, Lanes, eight, eight_mut, kernel},
};

/// What is added before the fraction is cut off.
const ROUND: f32 = 0.4054;

/// The least exponent of a step that can come about: gain 0, and all that can lower it.
const MIN_EXPONENT: i32 = -400;

/// Exponents of steps there is a factor for.
const EXPONENTS: usize = 500;

/// `2^(−3e/16)` for exponents of steps.
pub(crate) struct Steps([f32; EXPONENTS]);

impl Steps {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|n| {
            2_f64.powf(-3.0 / 16.0 * (n as i32 + MIN_EXPONENT) as f64) as f32
        }))
    }

    /// What the 3/4th power of lines is multiplied by, at a step of 2^(exponent/4).
    #[inline(always)]
    fn factor(&self, exponent: i32) -> f32 {
        self.0[(exponent - MIN_EXPONENT).clamp(0, EXPONENTS as i32 - 1) as usize]
    }
}

/// What is known of a granule and channel before it is quantised.
pub(crate) struct Powers {
    /// The 3/4th power of each magnitude.
    pub(crate) lines: Spectrum,
    /// The greatest of each band.
    pub(crate) greatest: PerBand<f32>,
    /// The mean square root of the magnitudes of each band.
    pub(crate) mean_root: PerBand<f32>,
    /// The mean energy of each band.
    pub(crate) energy: PerBand<f32>,
}

kernel! {
    /// Raises lines to the power of 3/4.
    pub(crate) fn raise = raise_lanes(layout: &Layout, lines: &Spectrum, powers: &mut Powers);
}

#[inline(always)]
fn raise_lanes<V: Lanes>(layout: &Layout, lines: &Spectrum, powers: &mut Powers) {
    for n in 0..layout.len {
        let band = layout.band(n);
        let (mut roots, mut greatest, mut energy) = (V::zero(), V::zero(), V::zero());
        let mut at = band.start;
        while at < band.end {
            let x = V::load(eight(lines, at)).abs();
            // Lines of the next band are written again with it.
            let x = if at + LANES > band.end { x.keep_first(band.end - at) } else { x };
            let root = x.sqrt();
            let power = root.mul(root.sqrt());
            power.store(eight_mut(&mut powers.lines, at));
            roots = roots.add(root);
            greatest = greatest.max(power);
            energy = energy.add_mul(x, x);
            at += LANES;
        }
        let scale = 1.0 / band.len() as f32;
        powers.greatest[n] = greatest.greatest();
        powers.mean_root[n] = roots.sum() * scale;
        powers.energy[n] = energy.sum() * scale;
    }
}

/// A granule of a channel, quantised and counted.
pub(crate) struct Quantisation {
    pub(crate) lines: Quantised,
    pub(crate) coding: Coding,
    /// Bits of the Huffman codes.
    pub(crate) bits: u32,
    pub(crate) region0_count: u8,
    pub(crate) region1_count: u8,
}

kernel! {
    /// Quantises each band with a step of `2^((gain − raised[band])/4)`, and chooses regions and tables.
    ///
    /// The greatest magnitude must not pass [`MAX_MAGNITUDE`]: see [`least_gain`].
    pub(crate) fn quantise = quantise_lanes(
        steps: &Steps,
        huffman: &Huffman,
        layout: &Layout,
        block_type: BlockType,
        powers: &Powers,
        gain: i32,
        raised: &PerBand<u8>,
        disputed: usize,
        out: &mut Quantisation,
    );
}

#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "a kernel takes what it works on, not a struct of it")]
fn quantise_lanes<V: Lanes>(
    steps: &Steps,
    huffman: &Huffman,
    layout: &Layout,
    block_type: BlockType,
    powers: &Powers,
    gain: i32,
    raised: &PerBand<u8>,
    disputed: usize,
    out: &mut Quantisation,
) {
    let mut greatest: PerBand<u16> = [0; _];
    // Bands up to the last with a magnitude above 0, and above 1.
    let (mut nonzero_bands, mut big_bands) = (0, 0);
    for n in 0..layout.len {
        let factor = steps.factor(gain - i32::from(raised[n]));
        greatest[n] = (powers.greatest[n] * factor + ROUND) as u16;
        if greatest[n] > 0 {
            nonzero_bands = n + 1;
            if greatest[n] > 1 {
                big_bands = n + 1;
            }
        }
    }
    let lines = &mut out.lines;
    for n in 0..nonzero_bands {
        let band = layout.band(n);
        let factor = V::splat(steps.factor(gain - i32::from(raised[n])));
        let mut at = band.start;
        while at < band.end {
            // Lines of the next band are written again with it.
            let x = V::load(eight(&powers.lines, at));
            V::splat(ROUND).add_mul(x, factor).store_u16(eight_mut(lines, at));
            at += LANES;
        }
    }
    lines[layout.starts[nonzero_bands].into()..].fill(0);
    let end_of = |bands: usize, above: u16| {
        let mut end = usize::from(layout.starts[bands]);
        while end > 0 && lines[end - 2] <= above && lines[end - 1] <= above {
            end -= 2;
        }
        end
    };
    let nonzero_end = end_of(nonzero_bands, 0);
    let big_end = end_of(big_bands, 1).min(nonzero_end);
    let (region0, region1) = if block_type == BlockType::Normal {
        split(layout, &greatest, big_end, disputed)
    } else {
        // Two regions, of which the first has eight bands, or three of each short block.
        (if block_type == BlockType::Short { 9 } else { 8 }, 36)
    };
    let end0 = region0.min(layout.len);
    let end1 = (region0 + region1).min(layout.len);
    let max = |bands: &[u16]| bands.iter().copied().max().unwrap_or(0);
    let maxima = [
        max(&greatest[..end0]),
        max(&greatest[end0..end1]),
        max(&greatest[end1..layout.len]),
    ];
    let ends = [layout.starts[end0].into(), layout.starts[end1].into()];
    let (coding, bits) = huffman.choose(lines, nonzero_end, big_end, ends, maxima);
    out.coding = coding;
    out.bits = bits;
    out.region0_count = region0 as u8 - 1;
    out.region1_count = if block_type == BlockType::Normal { region1 as u8 - 1 } else { 0 };
}

/// Where regions best part: the numbers of bands in the first (1 to 16) and in the second (1 to 8).
#[inline(always)]
fn split(
    layout: &Layout,
    greatest: &PerBand<u16>,
    big_end: usize,
    disputed: usize,
) -> (usize, usize) {
    // What a pair costs more or less in the tables of each class; by measurement of what is best.
    const COST: [u32; 8] = [0, 2, 4, 6, 7, 9, 12, 16];
    let mut bands = 0;
    while bands < layout.len && usize::from(layout.starts[bands]) < big_end {
        bands += 1;
    }
    let cost = |n: usize| COST[class(greatest[n])];
    // The greatest cost from each band to the end.
    let mut rest = [0; 24];
    for n in (0..bands).rev() {
        rest[n] = rest[n + 1].max(cost(n));
    }
    let end = |n: usize| if n >= bands { big_end as u32 } else { layout.starts[n].into() };
    let mut best = (1, 1, u32::MAX);
    let mut first = 0;
    for region0 in 1..=bands.clamp(1, 16) {
        first = first.max(cost(region0 - 1));
        if region0 == disputed {
            continue;
        }
        let mut second = 0;
        for region1 in 1..=8 {
            let border = region0 + region1;
            if border > bands.max(2) {
                break;
            }
            second = second.max(cost(border - 1));
            if border == disputed {
                continue;
            }
            let total = end(region0) * first
                + (end(border) - end(region0)) * second
                + (big_end as u32 - end(border)) * rest[border];
            if total < best.2 {
                best = (region0, region1, total);
            }
        }
    }
    (best.0, best.1)
}

/// The least gain at which no magnitude passes what there is a code for.
pub(crate) fn least_gain(powers: &Powers, raised: &PerBand<u8>, bands: usize) -> i32 {
    let mut least = -210;
    for n in 0..bands {
        if powers.greatest[n] > 0.0 {
            let exponent = 16.0 / 3.0 * (powers.greatest[n] / f32::from(MAX_MAGNITUDE)).log2();
            least = least.max(exponent.ceil() as i32 + i32::from(raised[n]));
        }
    }
    least
}

const _: () = assert!(LINES.is_multiple_of(LANES));
