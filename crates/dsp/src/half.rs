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
    simd::{LANES, Lanes, eight, eight_mut},
};

/// Samples of a control step at half the rate.
pub(crate) const HALF_LEN: usize = CONTROL_LEN / 2;

/// By how many full-rate samples [`Halver`] and [`Doubler`] together delay.
pub(crate) const HALF_DELAY: usize = 10;

const TAPS: [f32; 3] = [0.305_059, -0.075_721, 0.020_662];

/// From [`CONTROL_LEN`] samples to half as many.
#[derive(Clone, Debug)]
pub(crate) struct Halver {
    /// The last eight samples at even and at odd places.
    before: [[f32; LANES]; 2],
}

impl Halver {
    pub(crate) fn new() -> Self {
        Self { before: [[0.0; LANES]; 2] }
    }

    #[inline(always)]
    pub(crate) fn run<V: Lanes>(&mut self, input: &[f32; CONTROL_LEN]) -> [f32; HALF_LEN] {
        let mut even = [0.0; LANES + HALF_LEN];
        let mut odd = [0.0; LANES + HALF_LEN];
        V::load(&self.before[0]).store(eight_mut(&mut even, 0));
        V::load(&self.before[1]).store(eight_mut(&mut odd, 0));
        let mut at = 0;
        while at < HALF_LEN {
            let first = V::load(eight(input, 2 * at));
            let (e, o) = first.split_pairs(V::load(eight(input, 2 * at + LANES)));
            e.store(eight_mut(&mut even, LANES + at));
            o.store(eight_mut(&mut odd, LANES + at));
            at += LANES;
        }
        let mut out = [0.0; HALF_LEN];
        let mut at = 0;
        while at < HALF_LEN {
            let middle = V::load(eight(&even, at + LANES - 2)).mul(V::splat(0.5));
            let pairs = around::<V>(&odd, at + LANES - 2);
            middle.add(pairs).store(eight_mut(&mut out, at));
            at += LANES;
        }
        V::load(eight(&even, HALF_LEN)).store(&mut self.before[0]);
        V::load(eight(&odd, HALF_LEN)).store(&mut self.before[1]);
        out
    }
}

/// From half as many samples back to [`CONTROL_LEN`].
#[derive(Clone, Debug)]
pub(crate) struct Doubler {
    before: [f32; LANES],
}

impl Doubler {
    pub(crate) fn new() -> Self {
        Self { before: [0.0; LANES] }
    }

    #[inline(always)]
    pub(crate) fn run<V: Lanes>(&mut self, input: &[f32; HALF_LEN], out: &mut [f32; CONTROL_LEN]) {
        let mut line = [0.0; LANES + HALF_LEN];
        V::load(&self.before).store(eight_mut(&mut line, 0));
        line[LANES..].copy_from_slice(input);
        let mut at = 0;
        while at < HALF_LEN {
            let even = V::load(eight(&line, at + LANES - 3));
            let odd = around::<V>(&line, at + LANES - 2).mul(V::splat(2.0));
            let (first, second) = even.join_pairs(odd);
            first.store(eight_mut(out, 2 * at));
            second.store(eight_mut(out, 2 * at + LANES));
            at += LANES;
        }
        V::load(eight(&line, HALF_LEN)).store(&mut self.before);
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

/// Runs of any length, gathered into whole control steps: what comes in leaves one step later.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    pub(crate) coming: [[f32; CONTROL_LEN]; 2],
    pub(crate) leaving: [[f32; CONTROL_LEN]; 2],
    at: usize,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { coming: [[0.0; CONTROL_LEN]; 2], leaving: [[0.0; CONTROL_LEN]; 2], at: 0 }
    }

    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }

    /// How many of `len` samples fit into the step.
    pub(crate) fn room(&self, len: usize) -> usize {
        len.min(CONTROL_LEN - self.at)
    }

    /// Takes as many samples of one channel as there are.
    pub(crate) fn take(&mut self, channel: usize, input: &[f32]) {
        self.coming[channel][self.at..self.at + input.len()].copy_from_slice(input);
    }

    /// What leaves meanwhile.
    pub(crate) fn leaving(&self, channel: usize, len: usize) -> &[f32] {
        &self.leaving[channel][self.at..self.at + len]
    }

    /// Time goes on; tells whether a step is complete: then it is to be worked on.
    pub(crate) fn advance(&mut self, len: usize) -> bool {
        self.at += len;
        if self.at == CONTROL_LEN {
            self.at = 0;
        }
        self.at == 0 && len > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Portable;

    fn there_and_back(input: &[f32]) -> Vec<f32> {
        let (mut halver, mut doubler) = (Halver::new(), Doubler::new());
        let mut out = Vec::new();
        for block in input.as_chunks::<CONTROL_LEN>().0 {
            let mut whole = [0.0; CONTROL_LEN];
            doubler.run::<Portable>(&halver.run::<Portable>(block), &mut whole);
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
