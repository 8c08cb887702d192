//! The frame's share: by how much all its noise lies above or below what is allowed, so that it is just
//! full.
//!
//! One number for all units of a frame, in quarters of the exponents of their steps: all bands of both
//! granules and channels then have about the same ratio of noise to mask. The least that fits is found in
//! a few secant steps, from that of the frame before.

use crate::{
    allocation::{Allocation, refine, unshare},
    context::Context,
    huffman::MAX_PART2_3_LENGTH,
    quantise::{least_gain, quantise},
    unit::{MAX_GAIN, Unit},
};

/// The units of a frame, and what each can do.
pub(crate) struct Fitting<'a> {
    context: &'a Context,
    units: &'a mut [Unit],
    /// The least gain of each.
    least: [i32; MAX_UNITS],
}

/// Two granules of two channels.
const MAX_UNITS: usize = 4;

/// What a share is changed by at least: a quarter of a gain, for the gains of four units round at four
/// places.
const MIN_CHANGE: f32 = 0.25;

/// What a share is changed by at most, where bits bend too much for secants.
const MAX_CHANGE: f32 = 24.0;

/// Shares beyond which nothing is to be gained: all noise 270 dB away from the mask.
const MAX_SHARE: f32 = 240.0;

/// What a share is raised by when the search has found none that fits: an octave of steps.
const STRIDE: f32 = 4.0;

/// How much steeper, and how much flatter, a secant may be than [`Fitting::slope`] says.
const SECANT_RANGE: std::ops::RangeInclusive<f32> = 0.5..=3.0;

/// Tries after which the best is taken. Three or four are usual.
const MAX_TRIES: usize = 12;

/// What part of the bits may be left over.
const TOLERANCE: u32 = 128;

/// A part that is not empty begins so many bits before the end of its frame, or more.
const LATEST_PART_BITS: u32 = 24;

/// The most bits that scalefactors of a long block take: 11 of 4 and 10 of 3.
const MAX_PART2_LENGTH: u32 = 11 * 4 + 10 * 3;

/// Bits a line and quarter of an exponent; in theory 3/16 for lines that are not zero.
const BITS_PER_LINE: f32 = 0.16;

impl<'a> Fitting<'a> {
    /// Begins with units that have their scalefactors; at most four.
    pub(crate) fn new(context: &'a Context, units: &'a mut [Unit]) -> Self {
        let mut least = [0; MAX_UNITS];
        for (least, unit) in least.iter_mut().zip(&*units) {
            *least = least_gain(context.level, context, unit);
        }
        Self { context, units, least }
    }

    /// Quantises all units with a share, and says how many bits they take.
    pub(crate) fn bits_with(&mut self, share: f32) -> u32 {
        let mut bits = 0;
        for (unit, least) in self.units.iter_mut().zip(self.least) {
            if unit.is_silent {
                continue;
            }
            // What is half way between two rounds up.
            let gain = (unit.allocation.base + share + 0.5).floor() as i32;
            let gain = gain.max(least).min(MAX_GAIN);
            if gain != unit.gain || !unit.is_quantised {
                unit.is_quantised = true;
                quantise(self.context.level, self.context, unit, gain);
                while unit.part2_3_length() > MAX_PART2_3_LENGTH && unit.gain < MAX_GAIN {
                    let coarser = unit.gain + 1;
                    quantise(self.context.level, self.context, unit, coarser);
                }
            }
            bits += unit.part2_3_length();
        }
        bits
    }

    /// By how many bits less the units take for each quarter more, about; greater than 0.
    pub(crate) fn slope(&self) -> f32 {
        // Where nothing is coded yet, still something.
        const LEAST: f32 = 4.0;
        let coded = self.units.iter().filter(|unit| !unit.is_silent);
        let lines: u32 = coded.map(|unit| u32::from(unit.coding.count1_end)).sum();
        BITS_PER_LINE * lines as f32 + LEAST
    }

    /// Finds the least share with which the units take no more than `budget` bits, beginning at `share`;
    /// quantises with it and gives it.
    pub(crate) fn fit(&mut self, budget: u32, share: f32) -> f32 {
        if self.units.iter().all(|unit| unit.is_silent) {
            return share;
        }
        let found = self.search(budget, share);
        let fits = self.settle(budget, found);
        self.refine(budget);
        // A part that begins later is misread by mpg123 (1.31), though it is right.
        let last = self.units.iter().map(Unit::part2_3_length).rfind(|&len| len > 0).unwrap_or(0);
        let left = budget - self.units.iter().map(Unit::part2_3_length).sum::<u32>();
        if last > 0 && last + left < LATEST_PART_BITS {
            return self.settle(budget.saturating_sub(LATEST_PART_BITS), fits);
        }
        fits
    }

    /// The least share found that fits, or the best guess.
    fn search(&mut self, budget: u32, share: f32) -> f32 {
        let mut share = share;
        let (mut fits, mut exceeds) = (None::<f32>, None::<f32>);
        let mut last = None::<(f32, f32)>;
        for _ in 0..MAX_TRIES {
            let bits = self.bits_with(share);
            let over = bits as f32 - budget as f32;
            let mut slope = self.slope();
            if let Some((at, then)) = last {
                let [least, most] = [SECANT_RANGE.start(), SECANT_RANGE.end()].map(|of| slope * of);
                slope = ((then - over) / (share - at)).clamp(least, most);
            }
            last = Some((share, over));
            let change = (over / slope).clamp(-MAX_CHANGE, MAX_CHANGE);
            if bits > budget {
                exceeds = Some(share);
                share += change.max(MIN_CHANGE);
            } else {
                fits = Some(share);
                if budget - bits <= budget / TOLERANCE || share < -MAX_SHARE {
                    break;
                }
                share += change.min(-MIN_CHANGE);
            }
            if let (Some(fits), Some(exceeds)) = (fits, exceeds) {
                if fits - exceeds <= MIN_CHANGE {
                    break;
                }
                share = share.clamp(exceeds + MIN_CHANGE / 2.0, fits - MIN_CHANGE / 2.0);
            }
        }
        fits.unwrap_or(share)
    }

    /// Quantises with a share, or with the next greater one that fits.
    fn settle(&mut self, budget: u32, share: f32) -> f32 {
        let mut share = share;
        while self.bits_with(share) > budget {
            share += STRIDE;
            if share > MAX_SHARE {
                // Even zeros cost too much: scalefactors do.
                for unit in self.units.iter_mut() {
                    unit.is_silent = true;
                    unit.allocation = Allocation::new();
                }
            }
        }
        share
    }

    /// Where a unit can have no lower gain, because its greatest line has no longer code, spends what is
    /// left on its other bands.
    fn refine(&mut self, budget: u32) {
        for n in 0..self.units.len() {
            while self.units[n].gain == self.least[n] && !self.units[n].is_silent {
                let bits: u32 = self.units.iter().map(Unit::part2_3_length).sum();
                if budget - bits < (budget / 4).max(MAX_PART2_LENGTH) {
                    return;
                }
                if self.units[n].allocation.is_for_two {
                    let second = n + self.units.len() / 2;
                    let length = self.units[second].part2_3_length();
                    if length + MAX_PART2_LENGTH > MAX_PART2_3_LENGTH {
                        break;
                    }
                    unshare(self.context, &mut self.units[second]);
                    self.units[n].allocation.is_for_two = false;
                    // The second now has scalefactors of its own to pay for.
                    continue;
                }
                let before = self.units[n].clone();
                let is_finer = refine(self.context, &mut self.units[n], before.gain);
                quantise(self.context.level, self.context, &mut self.units[n], before.gain);
                let now = self.units[n].part2_3_length();
                let is_too_long = now > MAX_PART2_3_LENGTH;
                if !is_finer || is_too_long || bits + now - before.part2_3_length() > budget {
                    self.units[n] = before;
                    break;
                }
            }
        }
    }
}
