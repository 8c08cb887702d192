//! Scalefactors: a step for each band, so that noise lies under the mask alike everywhere.
//!
//! The noise that quantisation adds to a line x is the square of the interval between neighbours over 12,
//! about `(4/27) · step^1.5 · √|x|`. So the noise that is allowed gives each band its step without a search:
//!
//! ```text
//! step^1.5 = (27/4) · allowed / mean √|x|
//! ```
//!
//! Scalefactors can say steps only so far apart, and cost bits. Of all ways to pack them the one is taken
//! that costs least together with the bits of bands which get a finer step than they want.

use crate::{
    context::Context,
    forecast::Expected,
    layout::{Layout, PerBand},
    mdct::BlockType,
    quantise::ROUND,
    scalefactors::{MAX_FIRST, MAX_REST, MAX_SCALEFACTORS, Packing, Scalefactors, pack},
    side_info::Version,
    simd::{LANES, Lanes, eight, eight_mut, kernel},
    tables::bands::{PRETAB, SLEN},
    unit::Unit,
};

/// The steps of a granule and channel relative to its coarsest.
#[derive(Clone, Copy)]
pub(crate) struct Allocation {
    pub(crate) scalefactors: Scalefactors,
    pub(crate) packing: Packing,
    pub(crate) scalefac_scale: bool,
    pub(crate) subblock_gain: [u8; 3],
    /// The groups of bands whose scalefactors are those of the granule before (`scfsi`).
    pub(crate) shared: [bool; 4],
    /// Whether the next granule shares these.
    pub(crate) is_for_two: bool,
    /// Bits of the scalefactors.
    pub(crate) part2_length: u32,
    /// By how many quarters the exponent of each band's step is lower than the coarsest.
    pub(crate) raised: PerBand<u8>,
    /// The exponent of the coarsest step, in quarters, before the frame's share is added.
    pub(crate) base: f32,
}

impl Allocation {
    /// One step for all bands, which costs nothing to say.
    pub(crate) const fn new() -> Self {
        Self {
            scalefactors: [0; _],
            packing: Packing::new(),
            scalefac_scale: false,
            subblock_gain: [0; _],
            shared: [false; _],
            is_for_two: false,
            part2_length: 0,
            raised: [0; _],
            base: 0.0,
        }
    }
}

/// What a step finer than wanted costs, in bits a line and quarter of its exponent. In theory 3/16 of
/// a line that is not zero, but the finer step is of use as well; on ten items at four rates, 2026-11.
const FINER_COST_BITS: f32 = 0.06;

/// What the doubled grid of `scalefac_scale` costs by its coarseness. As above.
const SCALE_COST_BITS: f32 = 8.0;

/// Two granules share scalefactors when what they want differs by no more, in quarters, root mean
/// square over lines. As above: from 3 to 6 the same.
const SHARING_DISTANCE: f32 = 5.0;

/// Exponents lower than this are those of bands without a line that is not zero.
const EMPTY: f32 = -400.0;

kernel! {
    /// Finds the steps that the allowed noise asks for, and whether there is anything to send.
    ///
    /// `share` is the frame's share that is expected: bands that would be silent with it anyway need no
    /// finer step than makes them so.
    pub(crate) fn want = want_lanes(context: &Context, unit: &mut Unit, share: f32);
}

#[inline(always)]
fn want_lanes<V: Lanes>(context: &Context, unit: &mut Unit, share: f32) {
    let layout = context.layout(unit.block_type);
    // log2 (27/4)
    let constant = V::splat(2.754_887_5);
    // The greatest 3/4th power of a line, in steps, that rounds to zero.
    let zero = V::splat(1.0 - ROUND);
    let one = V::splat(1.0);
    let (mut greatest, mut bits, mut slope) = (V::zero(), V::zero(), V::zero());
    for at in (0..layout.len).step_by(LANES) {
        let power = V::load(eight(&unit.powers.greatest, at));
        let root = V::load(eight(&unit.powers.mean_root, at)).max(V::splat(f32::MIN_POSITIVE));
        let allowed = V::load(eight(&unit.allowed, at));
        let root = root.log2();
        let wanted = allowed.sub(root).add(constant).mul(V::splat(8.0 / 3.0));
        let silent = power.div(zero).max(V::splat(f32::MIN_POSITIVE)).log2();
        let silent = silent.mul(V::splat(16.0 / 3.0)).sub(V::splat(share));
        let wanted = wanted.min(silent);
        wanted.store(eight_mut(&mut unit.wanted, at));
        greatest = greatest.max(power);
        // The mean 3/4th power in steps, about.
        let steps = wanted.add(V::splat(share)).mul(V::splat(3.0 / 16.0));
        let mean = root.mul(V::splat(1.5)).sub(steps).exp2();
        let lines = V::load(eight(&layout.lines, at));
        bits = bits.add_mul(lines, one.add(mean).log2());
        slope = slope.add_mul(lines, mean.div(one.add(mean)));
    }
    unit.expected = Expected { bits: bits.sum(), slope: 3.0 / 16.0 * slope.sum() };
    unit.wanted[layout.len..].fill(f32::MIN);
    unit.is_silent = greatest.greatest() == 0.0;
    if let Some(n) = layout.disputed.filter(|_| unit.block_type != BlockType::Short) {
        // The scalefactor of both is that of the finer.
        let finer = match (unit.wanted[n - 1], unit.wanted[n]) {
            (below, here) if below < EMPTY => here,
            (below, here) if here < EMPTY => below,
            (below, here) => below.min(here),
        };
        unit.wanted[n - 1] = finer;
        unit.wanted[n] = finer;
    }
}

kernel! {
    /// Gives two granules of a channel the same scalefactors, if what they want is much alike: those of
    /// the second then cost nothing. Says whether it did.
    pub(crate) fn allocate_shared = allocate_shared_lanes(
        context: &Context,
        first: &mut Unit,
        second: &mut Unit,
    ) -> bool;
}

#[inline(always)]
fn allocate_shared_lanes<V: Lanes>(context: &Context, first: &mut Unit, second: &mut Unit) -> bool {
    let is_long = |unit: &Unit| !unit.is_silent && unit.block_type != BlockType::Short;
    if !is_long(first) || !is_long(second) {
        return false;
    }
    let layout = &context.rate.long;
    let (mut lines, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for n in 0..layout.len {
        if first.wanted[n] > EMPTY && second.wanted[n] > EMPTY {
            let difference = second.wanted[n] - first.wanted[n];
            lines += layout.lines[n];
            sum += layout.lines[n] * difference;
            squares += layout.lines[n] * difference * difference;
        }
    }
    if lines == 0.0 {
        return false;
    }
    let mean = sum / lines;
    if squares / lines - mean * mean > SHARING_DISTANCE * SHARING_DISTANCE {
        return false;
    }
    for n in 0..layout.len {
        let (a, b) = (first.wanted[n], second.wanted[n] - mean);
        first.wanted[n] = if a > EMPTY && b > EMPTY { (a + b) * 0.5 } else { a.max(b) };
    }
    allocate_for::<V>(context, first, 2.0);
    first.allocation.is_for_two = true;
    second.allocation = Allocation {
        part2_length: 0,
        shared: [true; 4],
        is_for_two: false,
        base: first.allocation.base + mean,
        ..first.allocation
    };
    second.is_quantised = false;
    true
}

kernel! {
    /// Turns the wanted steps of a granule and channel into scalefactors.
    pub(crate) fn allocate = allocate_lanes(context: &Context, unit: &mut Unit);
}

#[inline(always)]
fn allocate_lanes<V: Lanes>(context: &Context, unit: &mut Unit) {
    if !unit.is_silent {
        allocate_for::<V>(context, unit, 1.0);
    }
}

/// `granules` is how many the scalefactors are for.
#[inline(always)]
fn allocate_for<V: Lanes>(context: &Context, unit: &mut Unit, granules: f32) {
    let layout = context.layout(unit.block_type);
    let bands = Bands::of(context.rate.version, unit.block_type);
    let allocation = &mut unit.allocation;
    let mut wanted = unit.wanted;
    allocation.subblock_gain = [0; 3];
    if bands.is_short {
        subblock_gain(&mut wanted, &mut allocation.subblock_gain);
    }
    let plan = cheapest::<V>(layout, &bands, &wanted, granules);
    allocation.base = plan.base;
    allocation.scalefac_scale = plan.quarters > 2.0;
    let scale = 1.0 / plan.quarters;
    let mut room = [0.0; MAX_SCALEFACTORS];
    for n in 0..bands.len {
        room[n] = f32::from(bands.limit(n) + bands.pretab(n));
    }
    // Over all there could be, so that it is done in vectors.
    for ((scalefactor, wanted), room) in allocation.scalefactors.iter_mut().zip(wanted).zip(room) {
        let steps = ((plan.base - wanted) * scale + 0.5).clamp(0.0, room);
        *scalefactor = if wanted > EMPTY { steps as u8 } else { 0 };
    }
    allocation.pack(context, unit.block_type);
    raise(layout, &bands, allocation);
    unit.is_quantised = false;
}

/// What of the bands matters here.
struct Bands {
    is_short: bool,
    /// Those with a scalefactor.
    len: usize,
    /// The first of those with fewer bits.
    split: usize,
    has_preflag: bool,
}

impl Bands {
    #[inline(always)]
    fn of(version: Version, block_type: BlockType) -> Self {
        let is_short = block_type == BlockType::Short;
        Self {
            is_short,
            len: if is_short { MAX_SCALEFACTORS } else { 21 },
            split: if is_short { 18 } else { 11 },
            has_preflag: !is_short && version == Version::Mpeg1,
        }
    }

    /// The greatest scalefactor of a band, without `preflag`.
    #[inline(always)]
    fn limit(&self, n: usize) -> u8 {
        if n < self.split { MAX_FIRST } else { MAX_REST }
    }

    /// What `preflag` could add.
    #[inline(always)]
    fn pretab(&self, n: usize) -> u8 {
        if self.has_preflag { PRETAB[n] } else { 0 }
    }
}

/// Takes out of the wanted exponents what whole windows have in common, in steps of 8 quarters.
#[inline(always)]
fn subblock_gain(wanted: &mut PerBand<f32>, gains: &mut [u8; 3]) {
    let mut coarsest = [f32::MIN; 3];
    for (n, &wanted) in wanted.iter().enumerate() {
        coarsest[n % 3] = coarsest[n % 3].max(wanted);
    }
    let all = coarsest.into_iter().fold(f32::MIN, f32::max);
    for (gain, of) in gains.iter_mut().zip(coarsest) {
        if of > EMPTY {
            *gain = ((all - of) / 8.0).min(7.0) as u8;
        }
    }
    for (n, wanted) in wanted.iter_mut().enumerate() {
        *wanted += 8.0 * f32::from(gains[n % 3]);
    }
}

/// A way to say steps.
struct Plan {
    base: f32,
    /// By how many quarters a scalefactor lowers the exponent: 2, or 4 with `scalefac_scale`.
    quarters: f32,
}

/// The way that costs least.
#[inline(always)]
fn cheapest<V: Lanes>(
    layout: &Layout,
    bands: &Bands,
    wanted: &PerBand<f32>,
    granules: f32,
) -> Plan {
    // The coarsest step, and the finest of the first bands and, for each way to raise these, the rest.
    let mut coarsest = f32::MIN;
    let mut first = f32::MAX;
    let mut rest = [f32::MAX; 3];
    for (n, &wanted) in wanted.iter().enumerate().take(layout.len) {
        coarsest = coarsest.max(wanted);
        if wanted < EMPTY || n >= bands.len {
            continue;
        }
        if n < bands.split {
            first = first.min(wanted);
        } else {
            let raised = f32::from(bands.pretab(n));
            for (rest, quarters) in rest.iter_mut().zip([0.0, 2.0, 4.0]) {
                *rest = rest.min(wanted + quarters * raised);
            }
        }
    }
    let ways = if bands.has_preflag { 4 } else { 2 };
    let (split, others) = (bands.split as f32, (bands.len - bands.split) as f32);
    let lesser = |a: f32, b: f32| if a < b { a } else { b };
    // The coarsest step each packing allows, its bits, and the fewest bits with which no step is finer.
    let (mut bases, mut bits) = ([[0.0; SLEN.len()]; 4], [[0.0; SLEN.len()]; 4]);
    let mut enough = f32::MAX;
    for way in 0..ways {
        let (quarters, scale_cost) = [(2.0, 0.0), (4.0, SCALE_COST_BITS)][way % 2];
        let rest = if way < 2 { rest[0] } else { rest[way % 2 + 1] };
        for n in 0..SLEN.len() {
            let reach = [quarters * REACH[0][n], quarters * REACH[1][n]];
            let base = lesser(lesser(coarsest, first + reach[0]), rest + reach[1]);
            let cost = WIDTH[0][n] * split + WIDTH[1][n] * others + scale_cost;
            enough = lesser(enough, if base < coarsest { f32::MAX } else { cost });
            bases[way][n] = base;
            bits[way][n] = cost;
        }
    }
    let mut plan = Plan { base: coarsest, quarters: 2.0 };
    let mut least = f32::MAX;
    // What finer steps cost with some base, and so at least with any below.
    let (mut known_base, mut known_cost) = (coarsest, 0.0);
    for (way, (bases, bits)) in bases.iter().zip(&bits).enumerate().take(ways) {
        for (&base, &bits) in bases.iter().zip(bits) {
            let at_least = if base <= known_base { bits + known_cost } else { bits };
            if bits > enough || at_least >= least {
                continue;
            }
            let mut cost = bits;
            if base < coarsest {
                known_base = base;
                known_cost = granules * FINER_COST_BITS * excess::<V>(layout, wanted, base);
                cost += known_cost;
            }
            if cost < least {
                least = cost;
                plan = Plan { base, quarters: [2.0, 4.0][way % 2] };
            }
        }
    }
    plan
}

/// Bits of each scalefactor in the first bands and in the rest, by `scalefac_compress`.
const WIDTH: [[f32; SLEN.len()]; 2] = by_scalefac_compress([0.0, 1.0, 2.0, 3.0, 4.0]);

/// How many steps these reach down. Half a scalefactor rounds down.
const REACH: [[f32; SLEN.len()]; 2] =
    by_scalefac_compress([0.49, 1.0 + 0.49, 3.0 + 0.49, 7.0 + 0.49, 15.0 + 0.49]);

/// What scalefactors of 0 to 4 bits are, for each pair of lengths there is.
const fn by_scalefac_compress(of: [f32; 5]) -> [[f32; SLEN.len()]; 2] {
    let mut all = [[0.0; SLEN.len()]; 2];
    let mut n = 0;
    while n < SLEN.len() {
        let (slen1, slen2) = SLEN[n];
        all[0][n] = of[slen1 as usize];
        all[1][n] = of[slen2 as usize];
        n += 1;
    }
    all
}

/// By how much all lines together get a finer step than wanted, in quarters.
#[inline(always)]
fn excess<V: Lanes>(layout: &Layout, wanted: &PerBand<f32>, base: f32) -> f32 {
    let mut sum = V::zero();
    for at in (0..layout.len).step_by(LANES) {
        let finer = V::load(eight(wanted, at)).sub(V::splat(base)).max(V::zero());
        sum = sum.add_mul(finer, V::load(eight(&layout.lines, at)));
    }
    sum.sum()
}

/// Gives a granule that shares the scalefactors of the one before the same for its own.
pub(crate) fn unshare(context: &Context, unit: &mut Unit) {
    let bands = Bands::of(context.rate.version, unit.block_type);
    unit.allocation.take_back_preflag(&bands);
    unit.allocation.pack(context, unit.block_type);
}

impl Allocation {
    /// Makes scalefactors mean what they would without `preflag`.
    fn take_back_preflag(&mut self, bands: &Bands) {
        if self.packing.preflag {
            for n in 0..bands.len {
                self.scalefactors[n] += bands.pretab(n);
            }
            self.packing.preflag = false;
        }
    }

    /// Finds the packing of scalefactors that are all sent.
    fn pack(&mut self, context: &Context, block_type: BlockType) {
        self.shared = [false; 4];
        self.is_for_two = false;
        (self.packing, self.part2_length) =
            pack(context.rate.version, block_type, &mut self.scalefactors);
    }
}

/// Gives all bands a step finer by one scalefactor, as far as there is room: but not those of which a
/// magnitude would pass what there is a code for at `gain`. Says whether any is finer now.
pub(crate) fn refine(context: &Context, unit: &mut Unit, gain: i32) -> bool {
    let layout = context.layout(unit.block_type);
    let bands = Bands::of(context.rate.version, unit.block_type);
    let allocation = &mut unit.allocation;
    allocation.take_back_preflag(&bands);
    let quarters = if allocation.scalefac_scale { 4 } else { 2 };
    let mut may: [bool; MAX_SCALEFACTORS] = std::array::from_fn(|n| {
        let exponent = gain - i32::from(allocation.raised[n]) - quarters;
        n < bands.len
            && allocation.scalefactors[n] < bands.limit(n)
            && unit.powers.greatest[n] > 0.0
            && context.tables.steps.is_coded(unit.powers.greatest[n], exponent)
    });
    if let Some(n) = layout.disputed.filter(|_| !bands.is_short) {
        // Both or neither: they have one scalefactor.
        let both = may[n - 1] && may[n];
        (may[n - 1], may[n]) = (both, both);
    }
    for (scalefactor, may) in allocation.scalefactors.iter_mut().zip(may) {
        *scalefactor += u8::from(may);
    }
    allocation.pack(context, unit.block_type);
    raise(layout, &bands, allocation);
    unit.is_quantised = false;
    may.contains(&true)
}

/// Notes what the scalefactors make of each band's step.
#[inline(always)]
fn raise(layout: &Layout, bands: &Bands, allocation: &mut Allocation) {
    let quarters = if allocation.scalefac_scale { 4 } else { 2 };
    for n in 0..layout.len {
        let scalefactor = allocation.scalefactors.get(n).map_or(0, |&scalefactor| {
            scalefactor + if allocation.packing.preflag { bands.pretab(n) } else { 0 }
        });
        let gain = if bands.is_short { 8 * allocation.subblock_gain[n % 3] } else { 0 };
        allocation.raised[n] = quarters * scalefactor + gain;
    }
}
