//! A state-variable filter, trapezoidal, in state-space form: the next state is one multiply-add deep.
//!
//! ```text
//! g = tan(π·cutoff)   k = 1/Q   a₁ = 1/(1 + g(g+k))   a₂ = g·a₁   a₃ = g·a₂
//! low   = a₂s₁ + a₃x + (1−a₃)s₂        band = a₁s₁ + a₂(x−s₂)       high = x − k·band − low
//! s₁' = (2a₁−1)s₁ + 2a₂(x−s₂)          s₂' = 2a₂s₁ + 2a₃x + (1−2a₃)s₂
//! ```
//!
//! a₁ to a₃ go in straight lines over [`CONTROL_LEN`] samples, or over the step the caller names. For many filters see [`crate::SvfBank`].
//!
//! Source: A. Simper, *Linear Trapezoidal Integrated State Variable Filter*, 2013; V. Zavalishin, *The
//! Art of VA Filter Design*, ch. 4.

use std::ops::RangeInclusive;

use crate::{CONTROL_LEN, State, math};

/// Where a filter stands: `g` and `k` of the equations above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    g: f32,
    k: f32,
}

impl Tuning {
    /// Cutoffs that may be asked for, in cycles per sample.
    pub const CUTOFF: RangeInclusive<f32> = 0.000_2..=0.42;

    /// Dampings 1/Q that may be asked for: 2 is dull, 0.03 rings long.
    pub const DAMPING: RangeInclusive<f32> = 0.03..=2.0;

    /// A cutoff in cycles per sample and a damping 1/Q, each held within its range.
    #[inline]
    pub fn new(cutoff: f32, damping: f32) -> Self {
        let cutoff = math::clamp(cutoff, *Self::CUTOFF.start(), *Self::CUTOFF.end());
        let k = math::clamp(damping, *Self::DAMPING.start(), *Self::DAMPING.end());
        Self { g: math::tan_pi(cutoff), k }
    }

    /// The damping 1/Q.
    #[inline]
    pub(crate) fn damping(self) -> f32 {
        self.k
    }

    #[inline]
    pub(crate) fn factors(self) -> [f32; 3] {
        let a1 = 1.0 / (1.0 + self.g * (self.g + self.k));
        let a2 = self.g * a1;
        [a1, a2, self.g * a2]
    }
}

impl State for Tuning {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.g.visit(word);
        self.k.visit(word);
        // tan(0.42 π) = 3.9
        self.g = math::clamp(self.g, 0.0, 4.0);
        self.k = math::clamp(self.k, *Self::DAMPING.start(), *Self::DAMPING.end());
    }
}

/// One filter.
#[derive(Clone, Copy, Debug)]
pub struct Svf {
    tuning: Tuning,
    now: [f32; 3],
    slope: [f32; 3],
    left: u32,
    /// Samples into the control step, at whose end a state too small to hear is dropped.
    at: usize,
    s1: f32,
    s2: f32,
}

impl Svf {
    /// Stands at a tuning, at rest.
    pub fn new(tuning: Tuning) -> Self {
        let now = tuning.factors();
        Self { tuning, now, slope: [0.0; 3], left: 0, at: 0, s1: 0.0, s2: 0.0 }
    }

    /// Stands at a tuning, at rest, as new.
    pub fn reset(&mut self, tuning: Tuning) {
        *self = Self::new(tuning);
    }

    /// Heads for a tuning, to be reached in [`CONTROL_LEN`] samples.
    pub fn set(&mut self, tuning: Tuning) {
        self.set_within(tuning, CONTROL_LEN);
    }

    /// Heads for a tuning, to be reached in `len` samples, at least 1.
    pub fn set_within(&mut self, tuning: Tuning, len: usize) {
        self.left = if len > 0 { len as u32 } else { 1 };
        let (goal, share) = (tuning.factors(), 1.0 / self.left as f32);
        self.slope = std::array::from_fn(|i| (goal[i] - self.now[i]) * share);
        self.tuning = tuning;
    }

    /// Keeps what is below the cutoff.
    pub fn process_low(&mut self, io: &mut [f32]) {
        self.process(io, |_, low, _, _| low);
    }

    /// Keeps what is around the cutoff, at unity gain there.
    pub fn process_band(&mut self, io: &mut [f32]) {
        self.process(io, |_, _, band, k| k * band);
    }

    /// Keeps what is above the cutoff.
    pub fn process_high(&mut self, io: &mut [f32]) {
        self.process(io, |x, low, band, k| x - k * band - low);
    }

    #[inline(always)]
    fn process(&mut self, io: &mut [f32], pick: impl Fn(f32, f32, f32, f32) -> f32) {
        let mut rest = io;
        while !rest.is_empty() {
            let step = CONTROL_LEN - self.at;
            let step = if self.left > 0 { step.min(self.left as usize) } else { step };
            let (run, later) = rest.split_at_mut(rest.len().min(step));
            let slope = if self.left > 0 { self.slope } else { [0.0; 3] };
            self.run(run, slope, &pick);
            self.at = (self.at + run.len()) % CONTROL_LEN;
            if self.left > 0 {
                self.left -= run.len() as u32;
                self.now = if self.left == 0 { self.tuning.factors() } else { self.now };
            }
            if self.at == 0 {
                self.settle();
            }
            rest = later;
        }
    }

    #[inline(always)]
    fn run(&mut self, io: &mut [f32], slope: [f32; 3], pick: &impl Fn(f32, f32, f32, f32) -> f32) {
        let ([mut a1, mut a2, mut a3], k) = (self.now, self.tuning.k);
        let (mut s1, mut s2) = (self.s1, self.s2);
        for sample in io {
            let x = *sample;
            (a1, a2, a3) = (a1 + slope[0], a2 + slope[1], a3 + slope[2]);
            let low = a2 * s1 + a3 * x + (1.0 - a3) * s2;
            let band = a1 * s1 + a2 * (x - s2);
            let next = (a1 + a1 - 1.0) * s1 + (a2 + a2) * (x - s2);
            s2 = (a2 + a2) * s1 + (a3 + a3) * x + (1.0 - a3 - a3) * s2;
            s1 = next;
            *sample = pick(x, low, band, k);
        }
        (self.now, self.s1, self.s2) = ([a1, a2, a3], s1, s2);
    }

    /// Drops what is too small to hear before it becomes denormal.
    fn settle(&mut self) {
        if self.s1 * self.s1 + self.s2 * self.s2 < 1e-24 {
            (self.s1, self.s2) = (0.0, 0.0);
        }
    }
}

impl State for Svf {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.s1.visit(word);
        self.s2.visit(word);
        (self.s1, self.s2) = (held(self.s1), held(self.s2));
        self.tuning.visit(word);
        if self.left == 0 {
            self.now = self.tuning.factors();
        }
    }
}

/// No filter in use holds more than this.
pub(crate) fn held(state: f32) -> f32 {
    math::clamp(state, -64.0, 64.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(run: impl Fn(&mut Svf, &mut [f32]), cutoff: f32, tone: f32) -> f32 {
        let mut svf = Svf::new(Tuning::new(cutoff, std::f32::consts::SQRT_2));
        let turn = |n: usize| (n as f32 * tone * std::f32::consts::TAU).sin();
        let mut io: Vec<f32> = (0..40_000).map(turn).collect();
        run(&mut svf, &mut io);
        let late = &io[20_000..];
        (2.0 * late.iter().map(|x| x * x).sum::<f32>() / late.len() as f32).sqrt()
    }

    #[test]
    fn is_3_db_down_at_the_cutoff() {
        for run in [Svf::process_low, Svf::process_high] {
            let level = response(run, 0.05, 0.05);
            assert!((level - 0.707).abs() < 0.005, "{level}");
        }
        assert!((response(Svf::process_band, 0.05, 0.05) - 1.0).abs() < 0.005);
    }

    #[test]
    fn falls_by_12_db_an_octave() {
        let level = response(Svf::process_low, 0.01, 0.04);
        assert!((level - 1.0 / 16.0).abs() < 0.005, "{level}");
    }
}
