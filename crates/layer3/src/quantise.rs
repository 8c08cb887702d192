//! Quantisation: from lines and a step a band to magnitudes, and to where Huffman regions part.
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
    context::Context,
    huffman::{MAX_MAGNITUDE, Regions, class},
    layout::{Layout, PerBand},
    mdct::{BlockType, LINES, Spectrum},
    simd::{LANES, Lanes, eight, eight_mut, kernel},
    unit::{MIN_GAIN, Unit},
};

/// What is added before the fraction is cut off.
pub(crate) const ROUND: f32 = 0.4054;

/// Exponents of steps there is a factor for: from gain 0 lowered as far as it goes, up to gain 255.
const MIN_EXPONENT: i32 = MIN_GAIN - 4 * 15 - 8 * 7;
/// See [`MIN_EXPONENT`].
const EXPONENTS: usize = 256 + 4 * 15 + 8 * 7;

/// `2^(−3e/16)` for exponents of steps.
pub(crate) struct Steps([f32; EXPONENTS]);

impl Steps {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|n| {
            2_f64.powf(-3.0 / 16.0 * f64::from(n as i32 + MIN_EXPONENT)) as f32
        }))
    }

    /// What the 3/4th power of lines is multiplied by, at a step of 2^(exponent/4).
    #[inline(always)]
    fn factor(&self, exponent: i32) -> f32 {
        self.0[(exponent - MIN_EXPONENT).clamp(0, EXPONENTS as i32 - 1) as usize]
    }

    /// Whether there is a code for a line with this 3/4th power at a step of 2^(exponent/4).
    pub(crate) fn is_coded(&self, power: f32, exponent: i32) -> bool {
        exponent > MIN_EXPONENT && power * self.factor(exponent) < f32::from(MAX_MAGNITUDE)
    }
}

/// What is known of a spectrum before it is quantised.
#[derive(Clone)]
pub(crate) struct Powers {
    /// The 3/4th power of each magnitude.
    pub(crate) lines: Spectrum,
    /// The greatest of each band.
    pub(crate) greatest: PerBand<f32>,
    /// The mean square root of the magnitudes of each band.
    pub(crate) mean_root: PerBand<f32>,
}

impl Powers {
    pub(crate) const fn new() -> Self {
        Self { lines: [0.0; _], greatest: [0.0; _], mean_root: [0.0; _] }
    }
}

kernel! {
    /// Raises the lines of a unit to the power of 3/4.
    pub(crate) fn raise = raise_lanes(context: &Context, unit: &mut Unit);
}

#[inline(always)]
fn raise_lanes<V: Lanes>(context: &Context, unit: &mut Unit) {
    let layout = context.layout(unit.block_type);
    let powers = &mut unit.powers;
    let bands = context.bands(unit.block_type);
    for n in 0..bands {
        let band = layout.band(n);
        let (mut roots, mut greatest) = (V::zero(), V::zero());
        let mut at = band.start;
        while at < band.end {
            let x = V::load(eight(&unit.spectrum, at)).abs();
            // Lines of the next band are written again with it.
            let x = if at + LANES > band.end { x.keep_first(band.end - at) } else { x };
            let root = x.sqrt();
            let power = root.mul(root.sqrt());
            power.store(eight_mut(&mut powers.lines, at));
            roots = roots.add(root);
            greatest = greatest.max(power);
            at += LANES;
        }
        powers.greatest[n] = greatest.greatest();
        powers.mean_root[n] = roots.sum() / layout.lines[n];
    }
    powers.greatest[bands..].fill(0.0);
    powers.mean_root[bands..].fill(0.0);
}

kernel! {
    /// Quantises a unit so that its coarsest step is `2^(gain/4)`, and chooses its regions and tables.
    ///
    /// No magnitude may pass [`MAX_MAGNITUDE`]: see [`least_gain`].
    pub(crate) fn quantise = quantise_lanes(context: &Context, unit: &mut Unit, gain: i32);
}

#[inline(always)]
fn quantise_lanes<V: Lanes>(context: &Context, unit: &mut Unit, gain: i32) {
    let layout = context.layout(unit.block_type);
    let Unit { powers, allocation, quantised, .. } = unit;
    let bands = context.bands(unit.block_type);
    let mut factors: PerBand<f32> = [0.0; _];
    for (factor, &raised) in factors[..bands].iter_mut().zip(&allocation.raised) {
        *factor = context.tables.steps.factor(gain - i32::from(raised));
    }
    let mut greatest: PerBand<u16> = [0; _];
    for at in (0..bands).step_by(LANES) {
        let x = V::load(eight(&powers.greatest, at));
        let factors = V::load(eight(&factors, at));
        V::splat(ROUND).add_mul(x, factors).store_u16(eight_mut(&mut greatest, at));
    }
    let is_some = |&greatest: &u16| greatest > 0;
    let nonzero_bands = greatest[..bands].iter().rposition(is_some).map_or(0, |n| n + 1);
    let lines = &mut quantised.lines;
    for n in 0..nonzero_bands {
        let band = layout.band(n);
        let factor = V::splat(factors[n]);
        let mut at = band.start;
        while at < band.end {
            // Lines of the next band are written again with it.
            let x = V::load(eight(&powers.lines, at));
            V::splat(ROUND).add_mul(x, factor).store_u16(eight_mut(lines, at));
            at += LANES;
        }
    }
    // A quadruple may reach beyond the last band, and pairs are made of sixteen lines at a time.
    let end = layout.starts[nonzero_bands].into();
    lines[end..][..2 * LANES].copy_from_slice(&[0; 2 * LANES]);
    quantised.pair::<V>(end);
    let nonzero_end = quantised.end_of(end, 0xFF);
    // Those with a magnitude above 1.
    let big_end = quantised.end_of(nonzero_end, 0xEE);
    let regions = match unit.block_type {
        BlockType::Normal => {
            // Borders move little from try to try.
            if unit.borders == [0, 0] {
                unit.borders = split(layout, &greatest, big_end);
            }
            let [first, second] = unit.borders.map(usize::from);
            regions(layout, &greatest, first, second)
        }
        // Two regions (2.4.2.7): the first has eight bands, or three of each short block.
        BlockType::Short => regions(layout, &greatest, 9, layout.len),
        _ => regions(layout, &greatest, 8, layout.len),
    };
    unit.coding = context.tables.huffman.choose(quantised, nonzero_end, big_end, &regions);
    unit.gain = gain;
}

/// Regions of which the first two end at bands.
#[inline(always)]
fn regions(layout: &Layout, greatest: &PerBand<u16>, end0: usize, end1: usize) -> Regions {
    let of = |bands: std::ops::Range<usize>| greatest[bands].iter().copied().max().unwrap_or(0);
    Regions {
        ends: [layout.starts[end0].into(), layout.starts[end1].into()],
        greatest: [of(0..end0), of(end0..end1), of(end1..layout.len)],
        counts: [end0 as u8 - 1, (end1 - end0).clamp(1, 8) as u8 - 1],
    }
}

/// What a line costs in the tables of each class, in an arbitrary unit: so that the borders come out
/// about where trying all of them puts them (0.05 dB of noise to mask short of it; ten items, 2026-11).
const CLASS_COST: [u32; 8] = [0, 2, 4, 6, 7, 9, 12, 16];

/// The bands at which the first two regions best end, by the greatest magnitude in each band: 1 to 16
/// bands in the first, 1 to 8 in the second.
#[inline(always)]
fn split(layout: &Layout, greatest: &PerBand<u16>, big_end: usize) -> [u8; 2] {
    let mut bands = 0;
    while bands < layout.len && usize::from(layout.starts[bands]) < big_end {
        bands += 1;
    }
    let mut cost = [0; 32];
    for (cost, &greatest) in cost.iter_mut().zip(&greatest[..bands]) {
        *cost = CLASS_COST[class(greatest)];
    }
    // The greatest cost from each band to the end.
    let mut rest = [0; 32];
    for n in (0..bands).rev() {
        rest[n] = rest[n + 1].max(cost[n]);
    }
    // For each band at which the second region may end: the line, and what the third then costs.
    let last = bands.max(2);
    let mut ends = [big_end as u32; 32];
    let mut third = [NEVER; 32];
    for n in 0..=last {
        if n < bands {
            ends[n] = layout.starts[n].into();
        }
        if layout.disputed != Some(n) {
            third[n] = (big_end as u32 - ends[n]) * rest[n];
        }
    }
    // Borders between bands of one class are no better than those on both sides, of which the furthest
    // there may be is one.
    let mut third_between = third;
    for n in 1..last {
        if cost[n] == cost[n - 1] {
            third_between[n] = NEVER;
        }
    }
    let mut best = (NEVER, 1, 2);
    let mut first = 0;
    let furthest = bands.clamp(1, 16);
    for end0 in 1..=furthest {
        first = first.max(cost[end0 - 1]);
        let is_between = cost[end0] == cost[end0 - 1] && end0 < furthest;
        if is_between || layout.disputed == Some(end0) {
            continue;
        }
        // Without branches: the total above, the border below.
        let mut least = u32::MAX;
        let mut second = 0;
        for n in 1..=8 {
            let end1 = end0 + n;
            second = second.max(cost[end1 - 1]);
            let third = if n < 8 { third_between[end1] } else { third[end1] };
            let total = (ends[end1] - ends[end0]) * second + third;
            least = least.min(total << 8 | end1 as u32);
        }
        let total = ends[end0] * first + (least >> 8);
        if total < best.0 {
            best = (total, end0 as u8, least as u8);
        }
    }
    [best.1, best.2]
}

/// A cost that none has: 16 a line are the most there are.
const NEVER: u32 = 1 << 20;

kernel! {
    /// The least gain at which no magnitude of a unit passes what there is a code for.
    pub(crate) fn least_gain = least_gain_lanes(context: &Context, unit: &Unit) -> i32;
}

#[inline(always)]
fn least_gain_lanes<V: Lanes>(context: &Context, unit: &Unit) -> i32 {
    let layout = context.layout(unit.block_type);
    let raised: PerBand<f32> = unit.allocation.raised.map(f32::from);
    let mut least = V::splat(MIN_GAIN as f32);
    for at in (0..layout.len).step_by(LANES) {
        let over = V::load(eight(&unit.powers.greatest, at))
            .mul(V::splat(1.0 / MAX_MAGNITUDE as f32))
            .max(V::splat(f32::MIN_POSITIVE));
        least = least.max(over.log2().mul(V::splat(16.0 / 3.0)).add(V::load(eight(&raised, at))));
    }
    least.greatest().ceil() as i32
}

const _: () = assert!(LINES.is_multiple_of(LANES));
