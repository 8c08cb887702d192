//! The frame's share: by how much all its noise lies above or below what is allowed, so that it is just
//! full.
//!
//! One number for all units of a frame, in quarters of the exponents of their steps: all bands of both
//! granules and channels then have about the same ratio of noise to mask. The least that fits is found in
//! a few secant steps; what is then left is spent where a gain one lower fits.

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
    /// What each took with the gains that were tried of late, by the last bits of these.
    tried: [[Tried; TRIED]; MAX_UNITS],
}

/// What a unit took when it was quantised with a gain.
#[derive(Clone, Copy)]
struct Tried {
    gain: i32,
    bits: u32,
    /// Lines that are coded.
    lines: u32,
}

/// What a search has found.
struct Found {
    gains: [i32; MAX_UNITS],
    /// The share that they are, in the mean.
    share: f32,
}

/// Gains that lie so close together as those of one search are all remembered.
const TRIED: usize = 8;

/// Two granules of two channels.
const MAX_UNITS: usize = 4;

/// What a share is changed by at least: the gains of a frame's four units round at four places.
const MIN_CHANGE: f32 = 0.25;

/// What a share is changed by at most, where bits bend too much for secants.
const MAX_CHANGE: f32 = 24.0;

/// Shares beyond which nothing is to be gained: all noise 270 dB away from the mask.
const MAX_SHARE: f32 = 240.0;

/// What a share is raised by when the search has found none that fits: an octave of steps.
const STRIDE: f32 = 4.0;

/// How much steeper, and how much flatter, a secant may be than [`Fitting::slope`] says.
const SECANT_RANGE: std::ops::RangeInclusive<f32> = 0.5..=3.0;

/// Tries after which the best is taken. Two or three are usual.
const MAX_TRIES: usize = 12;

/// What part of the bits may be left over without another try. 0.02 dB of noise to mask worse than a third of
/// it; nine items, 2026-11.
const TOLERANCE: u32 = 40;

/// A part that is not empty begins so many bits before the end of its frame, or more.
const LATEST_PART_BITS: u32 = 24;

/// The most bits that scalefactors of a long block take: 11 of 4 and 10 of 3.
const MAX_PART2_LENGTH: u32 = 11 * 4 + 10 * 3;

/// Bits a line and quarter of an exponent; in theory 3/16 for lines that are not zero.
const BITS_PER_LINE: f32 = 0.16;

/// By how many bits less so many coded lines take for each quarter more.
fn slope(lines: u32) -> f32 {
    // Where nothing is coded yet, still something.
    const LEAST: f32 = 4.0;
    BITS_PER_LINE * lines as f32 + LEAST
}

impl<'a> Fitting<'a> {
    /// Begins with units that have their scalefactors; at most four.
    pub(crate) fn new(context: &'a Context, units: &'a mut [Unit]) -> Self {
        let mut least = [0; MAX_UNITS];
        for (least, unit) in least.iter_mut().zip(&*units) {
            *least = least_gain(context.level, context, unit);
        }
        let never = Tried { gain: i32::MIN, bits: 0, lines: 0 };
        Self { context, units, least, tried: [[never; TRIED]; MAX_UNITS] }
    }

    /// Quantises all units with a share, and says how many bits they take.
    pub(crate) fn bits_with(&mut self, share: f32) -> u32 {
        for n in 0..self.units.len() {
            if !self.units[n].is_silent {
                self.quantise(n, self.gain(n, share));
            }
        }
        self.units.iter().map(Unit::part2_3_length).sum()
    }

    /// The gain of a unit with a share.
    fn gain(&self, n: usize, share: f32) -> i32 {
        // What is half way between two rounds up.
        let gain = (self.units[n].allocation.base + share + 0.5).floor() as i32;
        gain.max(self.least[n]).min(MAX_GAIN)
    }

    /// Quantises a unit, unless it is, so that it takes no more bits than can be said.
    fn quantise(&mut self, n: usize, gain: i32) {
        if gain == self.units[n].gain && self.units[n].is_quantised {
            return;
        }
        // So like the granule before that they share scalefactors: then regions may part where its do.
        if self.units[n].borders == [0, 0] && self.units[n].allocation.shared != [false; 4] {
            self.units[n].borders = self.units[n - self.units.len() / 2].borders;
        }
        let unit = &mut self.units[n];
        unit.is_quantised = true;
        quantise(self.context.level, self.context, unit, gain);
        while unit.part2_3_length() > MAX_PART2_3_LENGTH && unit.gain < MAX_GAIN {
            let coarser = unit.gain + 1;
            quantise(self.context.level, self.context, unit, coarser);
        }
    }

    /// How many bits all units take with a share, and how many lines are coded. Quantises those that are
    /// not known to.
    fn try_share(&mut self, share: f32) -> (u32, u32) {
        let (mut bits, mut lines) = (0, 0);
        for n in 0..self.units.len() {
            if self.units[n].is_silent {
                continue;
            }
            let gain = self.gain(n, share);
            let tried = self.tried(n, gain).unwrap_or_else(|| {
                self.quantise(n, gain);
                let unit = &self.units[n];
                let tried = Tried { gain, bits: unit.part2_3_length(), lines: unit.coded_lines() };
                self.tried[n][gain.rem_euclid(TRIED as i32) as usize] = tried;
                tried
            });
            bits += tried.bits;
            lines += tried.lines;
        }
        (bits, lines)
    }

    /// By how many bits less the units take for each quarter more, about; greater than 0.
    pub(crate) fn slope(&self) -> f32 {
        let coded = self.units.iter().filter(|unit| !unit.is_silent);
        slope(coded.map(Unit::coded_lines).sum())
    }

    /// Finds the least share with which the units take no more than `budget` bits, beginning at `share`;
    /// quantises with it and gives it.
    pub(crate) fn fit(&mut self, budget: u32, share: f32) -> f32 {
        if self.units.iter().all(|unit| unit.is_silent) {
            return share;
        }
        let fits = match self.search(budget, share) {
            Ok(found) => {
                for (n, gain) in found.gains.into_iter().enumerate().take(self.units.len()) {
                    if !self.units[n].is_silent {
                        self.quantise(n, gain);
                    }
                }
                found.share
            }
            Err(share) => self.settle(budget, share),
        };
        self.refine(budget);
        // A part that begins later is misread by mpg123 (1.31), though it is right.
        let last = self.units.iter().map(Unit::part2_3_length).rfind(|&len| len > 0).unwrap_or(0);
        let left = budget - self.units.iter().map(Unit::part2_3_length).sum::<u32>();
        if last > 0 && last + left < LATEST_PART_BITS {
            return self.settle(budget.saturating_sub(LATEST_PART_BITS), fits);
        }
        fits
    }

    /// Gains that fit, or the best guess at a share that does.
    fn search(&mut self, budget: u32, share: f32) -> Result<Found, f32> {
        let mut share = share;
        let (mut fits, mut exceeds) = (None::<f32>, None::<f32>);
        let mut last = None::<(f32, f32)>;
        for _ in 0..MAX_TRIES {
            let (bits, lines) = self.try_share(share);
            let over = bits as f32 - budget as f32;
            let mut slope = slope(lines);
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
                    return Ok(self.between(budget, share, share));
                }
                share += change.min(-MIN_CHANGE);
            }
            if let (Some(fits), Some(exceeds)) = (fits, exceeds) {
                if fits - exceeds <= 1.0 {
                    break;
                }
                share = share.clamp(exceeds + MIN_CHANGE, fits - MIN_CHANGE);
            }
        }
        let fits = fits.ok_or(share)?;
        Ok(self.between(budget, fits, exceeds.unwrap_or(fits)))
    }

    /// Of the gains with a share that fits and those with one that exceeds, no more than one lower, those
    /// that together spend most.
    fn between(&self, budget: u32, fits: f32, exceeds: f32) -> Found {
        let mut gains = [0; MAX_UNITS];
        // What is left, and what each would take more with its lower gain, where that is known.
        let (mut left, mut more) = (Some(budget), [0; MAX_UNITS]);
        let coded = self.units.iter().filter(|unit| !unit.is_silent).count();
        for n in 0..self.units.len() {
            if self.units[n].is_silent {
                continue;
            }
            gains[n] = self.gain(n, fits);
            let here = self.tried(n, gains[n]).map(|tried| tried.bits);
            left = left.zip(here).and_then(|(left, here)| left.checked_sub(here));
            if self.gain(n, exceeds) == gains[n] - 1
                && let (Some(here), Some(lower)) = (here, self.tried(n, gains[n] - 1))
            {
                more[n] = lower.bits.saturating_sub(here);
            }
        }
        let (mut best, mut most) = (0, 0);
        for lowered in 0..1_u32 << self.units.len() {
            let sum = (0..MAX_UNITS).filter(|n| lowered >> n & 1 == 1).map(|n| more[n]).sum();
            if sum > most && Some(sum) <= left {
                (best, most) = (lowered, sum);
            }
        }
        let mut share = fits;
        for n in (0..MAX_UNITS).filter(|n| best >> n & 1 == 1 && more[*n] > 0) {
            gains[n] -= 1;
            share -= 1.0 / coded as f32;
        }
        Found { gains, share }
    }

    /// What a unit took with a gain, if it was tried.
    fn tried(&self, n: usize, gain: i32) -> Option<Tried> {
        let tried = self.tried[n][gain.rem_euclid(TRIED as i32) as usize];
        (tried.gain == gain).then_some(tried)
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
