//! A forecast of the share of a frame, from what its bands want and what frames took of late.
//!
//! ```text
//! bits ≈ ratio · Σ lines · log2 (1 + (mean √|x|)^1.5 / step^0.75)
//! ```
//!
//! The ratio is learnt, and makes up for what the formula leaves out. A search that begins there, and not at the
//! share of the frame before, has a quarter fewer units to quantise.

use std::{iter::Sum, ops::RangeInclusive};

use crate::unit::Unit;

/// What the lines of a unit are expected to take before any is quantised, but for the ratio.
#[derive(Clone, Copy)]
pub(crate) struct Expected {
    /// Bits with the share that was expected.
    pub(crate) bits: f32,
    /// By how many less for each quarter more.
    pub(crate) slope: f32,
}

/// Foretells the shares of one stream.
#[derive(Clone, Copy)]
pub(crate) struct Forecast {
    /// What lines took of late for each bit that was expected.
    ratio: f32,
}

/// How fast a forecast learns. On eight items, 2026-11: it then errs by 100 bits in the median, and by 230 if
/// every frame is expected to be like the last.
const LEARNING: f32 = 0.3;

/// Ratios to learn from.
const RATIOS: RangeInclusive<f32> = 0.25..=4.0;

/// What a share is changed by at most, in quarters, for bits bend too much.
const MAX_CHANGE: f32 = 24.0;

/// Bits a quarter where there seems to be nothing to save.
const LEAST_SLOPE: f32 = 4.0;

impl Forecast {
    /// One that knows nothing yet.
    pub(crate) const fn new() -> Self {
        Self { ratio: 1.0 }
    }

    /// Learns from units that were quantised with a share `change` greater than expected.
    pub(crate) fn learn(&mut self, units: &[Unit], change: f32) {
        let bits: f32 = sum(units, |unit| unit.expected.bits);
        let slope: f32 = sum(units, |unit| unit.expected.slope);
        let expected = bits - change * slope;
        // Further away bits bend.
        if expected > 0.5 * bits {
            let taken: u32 = sum(units, |unit| unit.coding.bits);
            let ratio = (taken as f32 / expected).clamp(*RATIOS.start(), *RATIOS.end());
            self.ratio += LEARNING * (ratio - self.ratio);
        }
    }

    /// The share with which units are likely to take `budget` bits, if `share` was expected.
    pub(crate) fn share(self, units: &[Unit], budget: u32, share: f32) -> f32 {
        let part2: u32 = sum(units, |unit| unit.allocation.part2_length);
        let bits: f32 = sum(units, |unit| unit.expected.bits);
        let slope: f32 = sum(units, |unit| unit.expected.slope);
        let over = part2 as f32 + self.ratio * bits - budget as f32;
        let change = over / (self.ratio * slope + LEAST_SLOPE);
        share + change.clamp(-MAX_CHANGE, MAX_CHANGE)
    }
}

/// What all units have together that are not silent.
fn sum<T: Sum>(units: &[Unit], of: impl Fn(&Unit) -> T) -> T {
    units.iter().filter(|unit| !unit.is_silent).map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_what_lines_take() {
        let mut unit = Unit::new();
        unit.expected = Expected { bits: 1000.0, slope: 100.0 };
        unit.coding.bits = 1500;
        let units = [unit];
        let mut forecast = Forecast::new();
        // As many bits as are there need no change, before and after.
        assert_eq!(forecast.share(&units, 1000, -8.0), -8.0);
        for _ in 0..30 {
            forecast.learn(&units, 0.0);
        }
        assert!((forecast.share(&units, 1500, -8.0) + 8.0).abs() < 0.01);
        assert!(forecast.share(&units, 1200, -8.0) > -7.0);
    }
}
