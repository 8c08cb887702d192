//! Bits: which step each band gets, so that noise lies under the mask alike everywhere and the frame is
//! just full.
//!
//! The noise that quantisation adds to a line is about `(4/27) · step^1.5 · √|x|`: the square of the
//! interval between neighbours at x over 12. So the allowed noise gives each band its step without a
//! search. One number is left, the same for the whole frame: by how much all noise is above or below what
//! is allowed. A few secant steps find the least of it that fits.

use crate::{
    ear::sum_of,
    huffman::{Coding, Huffman, MAX_PART2_3_LENGTH},
    layout::{Layout, PerBand},
    mdct::{BlockType, LINES, Spectrum},
    quantise::{Powers, Quantisation, Steps, least_gain, quantise},
    scalefactors::{Limits, MAX_SCALEFACTORS, Packing, Scalefactors, pack},
    side_info::Version,
    simd::{LANES, Level},
    tables::bands::{PRETAB, SLEN},
};

/// One channel of one granule on its way into the bitstream.
pub(crate) struct Unit {
    pub(crate) block_type: BlockType,
    pub(crate) spectrum: Spectrum,
    pub(crate) powers: Powers,
    /// The logarithm of the noise each band may have.
    pub(crate) allowed: PerBand<f32>,
    /// Exponents of the steps these ask for, in quarters.
    pub(crate) wanted: PerBand<f32>,
    pub(crate) scalefactors: Scalefactors,
    pub(crate) packing: Packing,
    pub(crate) scalefac_scale: bool,
    pub(crate) subblock_gain: [u8; 3],
    pub(crate) shared: [bool; 4],
    pub(crate) part2_length: u32,
    /// By how many quarters the scalefactors lower the exponent of each band.
    raised: PerBand<u8>,
    /// The exponent of the coarsest step before the frame's share is added.
    pub(crate) base: f32,
    least: i32,
    /// The exponent of the coarsest step: `global_gain` is 210 more.
    pub(crate) gain: i32,
    pub(crate) quantisation: Quantisation,
    pub(crate) is_silent: bool,
    pub(crate) is_shared: bool,
}

impl Default for Unit {
    fn default() -> Self {
        Self {
            block_type: BlockType::Normal,
            spectrum: [0.0; _],
            powers: Powers {
                lines: [0.0; LINES + 2 * LANES],
                greatest: [0.0; _],
                mean_root: [0.0; _],
                energy: [0.0; _],
            },
            allowed: [0.0; _],
            wanted: [0.0; _],
            scalefactors: [0; MAX_SCALEFACTORS],
            packing: Packing::default(),
            scalefac_scale: false,
            subblock_gain: [0; 3],
            shared: [false; 4],
            part2_length: 0,
            raised: [0; _],
            base: 0.0,
            least: MIN_GAIN,
            gain: UNKNOWN,
            quantisation: Quantisation {
                lines: [0; LINES + 2 * LANES],
                coding: Coding::default(),
                bits: 0,
                region0_count: 0,
                region1_count: 0,
            },
            is_silent: false,
            is_shared: false,
        }
    }
}

/// The gain of a granule that was not quantised yet.
const UNKNOWN: i32 = i32::MIN;

/// Exponents that `global_gain` can say: 0 to 255 less 210.
const MIN_GAIN: i32 = -210;
const MAX_GAIN: i32 = 45;

impl Unit {
    /// Bits of scalefactors and Huffman codes.
    pub(crate) fn part2_3_length(&self) -> u32 {
        if self.is_silent { 0 } else { self.part2_length + self.quantisation.bits }
    }

    /// Finds the steps that the allowed noise asks for.
    ///
    /// `expected` is the frame's share that is expected: bands that would be silent with it need no
    /// fine step.
    pub(crate) fn want(&mut self, layout: &Layout, expected: f32) {
        self.is_silent = self.powers.greatest[..layout.len].iter().all(|&greatest| greatest == 0.0);
        if self.is_silent {
            return;
        }
        for n in 0..layout.len {
            let greatest = self.powers.greatest[n];
            if greatest == 0.0 {
                self.wanted[n] = f32::INFINITY;
                continue;
            }
            let root = self.powers.mean_root[n].max(f32::MIN_POSITIVE).log2();
            // log2 (27/4)
            let step = 8.0 / 3.0 * (self.allowed[n] - root + 2.754_887_5);
            // At this step and coarser ones nothing is left of the band.
            let silent = 16.0 / 3.0 * (greatest / 0.5946).max(f32::MIN_POSITIVE).log2();
            self.wanted[n] = step.min(silent - expected);
        }
    }

    /// Turns the wanted steps into scalefactors.
    pub(crate) fn scale(&mut self, version: Version, layout: &Layout) {
        if self.is_silent {
            return;
        }
        let is_short = self.block_type == BlockType::Short;
        let finite = |wanted: f32| if wanted < 1e9 { wanted } else { f32::MIN };
        let mut coarsest = f32::MIN;
        let mut coarsest_of = [f32::MIN; 3];
        for n in 0..layout.len {
            let wanted = finite(self.wanted[n]);
            coarsest = coarsest.max(wanted);
            coarsest_of[n % 3] = coarsest_of[n % 3].max(wanted);
        }
        self.subblock_gain = [0; 3];
        if is_short {
            for (gain, of) in self.subblock_gain.iter_mut().zip(coarsest_of) {
                *gain = if of > f32::MIN { (((coarsest - of) / 8.0) as u8).min(7) } else { 0 };
            }
        }
        let (split, count) = if is_short { (18, 36) } else { (11, 21) };
        // What the scalefactors have to make of each band.
        let mut wanted = self.wanted;
        if is_short {
            for (n, wanted) in wanted.iter_mut().enumerate() {
                *wanted += 8.0 * f32::from(self.subblock_gain[n % 3]);
            }
        }
        let least = |of: std::ops::Range<usize>, raised: f32| {
            of.map(|n| wanted[n] + raised * f32::from(if is_short { 0 } else { PRETAB[n] }))
                .fold(f32::INFINITY, f32::min)
        };
        let first = least(0..split, 0.0);
        let mut best = (f32::INFINITY, coarsest, false);
        let can_preflag = !is_short && version == Version::Mpeg1;
        for scale in [false, true] {
            let unit = if scale { 4.0 } else { 2.0 };
            for preflag in [false, true] {
                if preflag && !can_preflag {
                    continue;
                }
                let rest = least(split..count, if preflag { unit } else { 0.0 });
                for (slen1, slen2) in SLEN {
                    let reach = |slen: u8| unit * (f32::from((1_u16 << slen) - 1) + 0.49);
                    let base = coarsest.min(first + reach(slen1)).min(rest + reach(slen2));
                    let mut cost = f32::from(slen1) * split as f32
                        + f32::from(slen2) * (count - split) as f32
                        + if scale { 8.0 } else { 0.0 };
                    let mut excess = 0.0;
                    for n in 0..layout.len {
                        if wanted[n] < 1e9 {
                            excess += layout.band(n).len() as f32 * (wanted[n] - base).max(0.0);
                        }
                    }
                    cost += if self.is_shared { 2.0 } else { 1.0 } * 0.06 * excess;
                    if cost < best.0 {
                        best = (cost, base, scale);
                    }
                }
            }
        }
        self.base = best.1;
        self.scalefac_scale = best.2;
        let unit = if self.scalefac_scale { 4.0 } else { 2.0 };
        let limits = Limits::of(version, self.block_type);
        for n in 0..count {
            let room = limits.at(n) + if can_preflag { PRETAB[n] } else { 0 };
            self.scalefactors[n] = if wanted[n] < 1e9 {
                ((self.base - wanted[n]) / unit + 0.5).clamp(0.0, f32::from(room)) as u8
            } else {
                0
            };
        }
        // Without preflag there is no room for all of it.
        let has_preflag =
            can_preflag && (11..21).all(|n| self.scalefactors[n] >= PRETAB[n]);
        if !has_preflag {
            for n in 0..count {
                self.scalefactors[n] = self.scalefactors[n].min(limits.at(n));
            }
        }
        self.pack(version);
        self.raise(layout);
    }

    /// Gives two long granules of a channel the same scalefactors, if what they want is much alike.
    pub(crate) fn share(&mut self, second: &mut Self, version: Version, layout: &Layout) -> bool {
        let first = self;
        if first.is_silent
            || second.is_silent
            || first.block_type == BlockType::Short
            || second.block_type == BlockType::Short
        {
            return false;
        }
        let (mut weight, mut mean, mut square) = (0.0, 0.0, 0.0);
        for n in 0..layout.len {
            let difference = second.wanted[n] - first.wanted[n];
            if difference.abs() < 1e9 {
                let lines = layout.band(n).len() as f32;
                weight += lines;
                mean += lines * difference;
                square += lines * difference * difference;
            }
        }
        mean /= weight.max(1.0);
        square = square / weight.max(1.0) - mean * mean;
        if square > 5.0 * 5.0 {
            return false;
        }
        for n in 0..layout.len {
            let (a, b) = (first.wanted[n], second.wanted[n] - mean);
            first.wanted[n] = if (a - b).abs() < 1e9 { (a + b) * 0.5 } else { a.min(b) };
        }
        first.is_shared = true;
        first.scale(version, layout);
        second.scalefactors = first.scalefactors;
        second.scalefac_scale = first.scalefac_scale;
        second.packing = first.packing;
        second.part2_length = 0;
        second.shared = [true; 4];
        second.base = first.base + mean;
        second.raise(layout);
        true
    }

    /// Chooses the packing of the scalefactors.
    fn pack(&mut self, version: Version) {
        let (packing, bits) =
            pack(version, self.block_type, &mut self.scalefactors, self.shared);
        self.packing = packing;
        self.part2_length = bits;
    }

    /// Notes what the scalefactors make of each band's step.
    fn raise(&mut self, layout: &Layout) {
        let is_short = self.block_type == BlockType::Short;
        let unit = if self.scalefac_scale { 4 } else { 2 };
        for n in 0..layout.len {
            let scalefactor = match (is_short, n) {
                (true, 36..) | (false, 21..) => 0,
                (true, _) => self.scalefactors[n],
                (false, _) => {
                    self.scalefactors[n] + if self.packing.preflag { PRETAB[n] } else { 0 }
                }
            };
            let gain = if is_short { 8 * self.subblock_gain[n % 3] } else { 0 };
            self.raised[n] = unit * scalefactor + gain;
        }
        self.least = least_gain(&self.powers, &self.raised, layout.len).max(MIN_GAIN);
        self.gain = UNKNOWN;
    }
}

/// Quantises with one instruction set and one set of tables.
pub(crate) struct Quantiser<'a> {
    pub(crate) level: Level,
    pub(crate) steps: &'a Steps,
    pub(crate) huffman: &'a Huffman,
    pub(crate) layouts: [&'a Layout; 2],
    /// A band with which no region may begin, or none.
    pub(crate) disputed: usize,
}

impl Quantiser<'_> {
    pub(crate) fn layout(&self, block_type: BlockType) -> &Layout {
        self.layouts[usize::from(block_type == BlockType::Short)]
    }

    fn quantise(&self, unit: &mut Unit, gain: i32) {
        unit.gain = gain;
        quantise(
            self.level,
            self.steps,
            self.huffman,
            self.layout(unit.block_type),
            unit.block_type,
            &unit.powers,
            gain,
            &unit.raised,
            self.disputed,
            &mut unit.quantisation,
        );
    }

    /// Quantises all units with a share, and says how many bits they take.
    fn try_share(&self, units: &mut [&mut Unit], share: f32) -> u32 {
        let mut bits = 0;
        for unit in units.iter_mut().filter(|unit| !unit.is_silent) {
            let gain = ((unit.base + share).round_ties_even() as i32).clamp(unit.least, MAX_GAIN);
            if gain != unit.gain {
                self.quantise(unit, gain);
                while unit.part2_3_length() > MAX_PART2_3_LENGTH && unit.gain < MAX_GAIN {
                    self.quantise(unit, unit.gain + 1);
                }
            }
            bits += unit.part2_3_length();
        }
        bits
    }

    /// Finds the least share with which the units take no more than `budget` bits, beginning at
    /// `share`; quantises with it and gives it.
    pub(crate) fn fit(&self, units: &mut [&mut Unit], budget: u32, share: f32) -> f32 {
        /// What a share is changed by at least: the gains of four units round at four places.
        const STEP: f32 = 0.25;
        let mut share = share;
        let (mut fits, mut exceeds) = (None::<f32>, None::<f32>);
        let mut last = None::<(f32, u32)>;
        for _ in 0..MAX_TRIES {
            let bits = self.try_share(units, share);
            let coded: u32 =
                units.iter().map(|unit| u32::from(unit.quantisation.coding.count1_end)).sum();
            let mut slope = 0.16 * coded as f32 + 4.0;
            if let Some((at, then)) = last
                && at != share
            {
                let measured = (then as f32 - bits as f32) / (share - at);
                slope = measured.clamp(slope * 0.5, slope * 3.0);
            }
            last = Some((share, bits));
            let distance = ((bits as f32 - budget as f32) / slope).clamp(-24.0, 24.0);
            TRIES.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if bits > budget {
                exceeds = Some(share);
                share += distance.max(STEP);
            } else {
                fits = Some(share);
                if budget - bits <= budget / TOLERANCE || share < -200.0 {
                    break;
                }
                share += distance.min(-STEP);
            }
            if let (Some(fits), Some(exceeds)) = (fits, exceeds) {
                if fits - exceeds <= STEP {
                    break;
                }
                share = share.clamp(exceeds + STEP * 0.5, fits - STEP * 0.5);
            }
        }
        let mut share = fits.unwrap_or(share);
        while self.try_share(units, share) > budget {
            // All lines zero takes no bits but those of scalefactors; then these must go.
            share += 4.0;
            if share > 400.0 {
                for unit in units.iter_mut() {
                    unit.is_silent = true;
                }
            }
        }
        share
    }
}

/// Tries after which a frame is taken as it is, if it fits.
const MAX_TRIES: usize = 12;
pub static TRIES: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// What part of the budget may be left.
const TOLERANCE: u32 = 128;

/// Bits by which a spectrum exceeds noise, to compare two ways to code it.
pub(crate) fn perceptual_entropy(energy: f32, noise: f32, lines: usize) -> f32 {
    lines as f32 * 0.5 * (1.0 + energy / noise).log2()
}

#[allow(unused)]
fn unused() {
    let _ = sum_of::<crate::simd::Portable>;
}
