//! Half the sample rate and back, for rooms and repeats: half the work and half the memory, and above
//! 10 kHz neither a hall nor a tape has much to say.
//!
//! ```text
//! down: y[m]  = x[2m]/2 + Σ aₖ (x[2m−k] + x[2m+k])       k = 1, 3, 5
//! up:   y[2m] = x[m]       y[2m+1] = 2 Σ aₖ (x[m−(k−1)/2] + x[m+(k+1)/2])
//! ```
//!
//! A half-band filter of 11 taps, equiripple: -0.6 dB at 8 kHz, -3.3 dB at 10 kHz, -40 dB from 15 kHz on
//! (at 44.1 kHz); computed.

use crate::{
    CONTROL_LEN,
    line::in_steps,
    simd::{LANES, Lanes, eight, eight_mut},
};

/// Samples of a control step at half the rate.
pub(crate) const HALF_LEN: usize = CONTROL_LEN / 2;

/// By how many full-rate samples [`Halver`] and [`Doubler`] together delay.
pub(crate) const HALF_DELAY: usize = 10;

const TAPS: [f32; 3] = [0.305_059, -0.075_721, 0.020_662];

/// From [`CONTROL_LEN`] samples to half as many.
///
/// In two strokes, so that what the first wrote has reached memory when the second reads across it: a load
/// that spans two stores still under way waits for both.
#[derive(Clone, Debug)]
pub(crate) struct Halver {
    /// Samples at even and at odd places: the last eight of before, then those of this step.
    even: [f32; LANES + HALF_LEN],
    odd: [f32; LANES + HALF_LEN],
}

impl Halver {
    pub(crate) fn new() -> Self {
        Self { even: [0.0; LANES + HALF_LEN], odd: [0.0; LANES + HALF_LEN] }
    }

    /// Takes the eight samples of the half rate from `at` on, given as sixteen of the whole.
    #[inline(always)]
    pub(crate) fn take<V: Lanes>(&mut self, at: usize, first: V, second: V) {
        let (even, odd) = first.split_pairs(second);
        even.store(eight_mut(&mut self.even, LANES + at));
        odd.store(eight_mut(&mut self.odd, LANES + at));
    }

    /// Takes all of a control step, in the steps of a [`crate::line::Line`].
    #[inline(always)]
    pub(crate) fn take_all<V: Lanes>(&mut self, input: &[f32; CONTROL_LEN]) {
        for row in 0..HALF_LEN / LANES {
            let at = row * LANES;
            let first = in_steps::<V>(V::load(eight(input, 2 * at)));
            self.take(at, first, in_steps(V::load(eight(input, 2 * at + LANES))));
        }
    }

    /// Eight samples of the half rate, from `at` on.
    #[inline(always)]
    pub(crate) fn give<V: Lanes>(&self, at: usize) -> V {
        let middle = V::load(eight(&self.even, at + LANES - 2)).mul(V::splat(0.5));
        middle.add(around::<V>(&self.odd, at + LANES - 2))
    }

    /// All samples of the half rate.
    #[inline(always)]
    pub(crate) fn give_all<V: Lanes>(&self) -> [f32; HALF_LEN] {
        let mut out = [0.0; HALF_LEN];
        for row in 0..HALF_LEN / LANES {
            let at = row * LANES;
            self.give::<V>(at).store(eight_mut(&mut out, at));
        }
        out
    }

    /// The step is over.
    #[inline(always)]
    pub(crate) fn turn<V: Lanes>(&mut self) {
        let (even, odd) =
            (V::load(eight(&self.even, HALF_LEN)), V::load(eight(&self.odd, HALF_LEN)));
        even.store(eight_mut(&mut self.even, 0));
        odd.store(eight_mut(&mut self.odd, 0));
    }
}

/// From half as many samples back to [`CONTROL_LEN`]; in two strokes, as [`Halver`].
#[derive(Clone, Debug)]
pub(crate) struct Doubler {
    /// The last eight of before, then those of this step.
    line: [f32; LANES + HALF_LEN],
}

impl Doubler {
    pub(crate) fn new() -> Self {
        Self { line: [0.0; LANES + HALF_LEN] }
    }

    /// Takes eight samples of the half rate, from `at` on.
    #[inline(always)]
    pub(crate) fn take<V: Lanes>(&mut self, at: usize, samples: V) {
        samples.store(eight_mut(&mut self.line, LANES + at));
    }

    /// Writes the step at the whole rate; it is over. A step is given when the next begins, for the same
    /// reason.
    #[inline(always)]
    pub(crate) fn give<V: Lanes>(&mut self, out: &mut [f32; CONTROL_LEN]) {
        for row in 0..HALF_LEN / LANES {
            let at = row * LANES;
            let even = V::load(eight(&self.line, at + LANES - 3));
            let odd = around::<V>(&self.line, at + LANES - 2).mul(V::splat(2.0));
            let (first, second) = even.join_pairs(odd);
            first.store(eight_mut(out, 2 * at));
            second.store(eight_mut(out, 2 * at + LANES));
        }
        V::load(eight(&self.line, HALF_LEN)).store(eight_mut(&mut self.line, 0));
    }
}

/// `Σ aₖ` of the pairs around the border between `at − 1` and `at`, for the eight borders from there on.
#[inline(always)]
fn around<V: Lanes>(line: &[f32], at: usize) -> V {
    let near = pair::<V>(line, at, 0).mul(V::splat(TAPS[0]));
    let far = pair::<V>(line, at, 1).mul(V::splat(TAPS[1]));
    near.add(far.add_mul(V::splat(TAPS[2]), pair(line, at, 2)))
}

#[inline(always)]
fn pair<V: Lanes>(line: &[f32], at: usize, k: usize) -> V {
    V::load(eight(line, at - 1 - k)).add(V::load(eight(line, at + k)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Portable;

    fn there_and_back(input: &[f32]) -> Vec<f32> {
        let (mut halver, mut doubler) = (Halver::new(), Doubler::new());
        let mut out = Vec::new();
        for block in input.as_chunks::<CONTROL_LEN>().0 {
            for at in (0..HALF_LEN).step_by(LANES) {
                let first = Portable::load(eight(block, 2 * at));
                halver.take(at, first, Portable::load(eight(block, 2 * at + LANES)));
            }
            for at in (0..HALF_LEN).step_by(LANES) {
                doubler.take(at, halver.give::<Portable>(at));
            }
            halver.turn::<Portable>();
            let mut whole = [0.0; CONTROL_LEN];
            doubler.give::<Portable>(&mut whole);
            out.extend(whole);
        }
        out
    }

    #[test]
    fn low_sounds_come_back_as_they_were_and_high_ones_not_at_all() {
        for (hz, expected) in [(200.0, 1.0), (5000.0, 1.0), (16_000.0, 0.0)] {
            let tone = |n: f32| (std::f32::consts::TAU * hz / 44_100.0 * n).sin();
            let input: Vec<f32> = (0..6400).map(|n| tone(n as f32)).collect();
            let out = there_and_back(&input);
            for n in 500..6400 {
                let due = expected * input[n - HALF_DELAY];
                assert!((out[n] - due).abs() < 0.025, "{hz} Hz, sample {n}: {} {due}", out[n]);
            }
        }
    }
}
