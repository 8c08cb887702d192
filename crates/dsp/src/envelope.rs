//! Levels that rise and fall: control values, once per step, with straight lines between.
//!
//! ```text
//! Decay:  body ← body · 2^(−n/half)      level ← body + (level − body) · 2^(−n/attack)
//! Swell:  level ← goal + (level − goal) · 2^(−n/half)      half differs up and down
//! ```
//!
//! `n` is the length of a step in samples, so that a step may end where a note begins.

use crate::{State, math::exp2};

/// A straight line over a few samples: `from`, `from + step`, `from + 2 step`...
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Segment {
    /// The value at the first sample.
    pub from: f32,
    /// What each sample adds.
    pub step: f32,
}

impl Segment {
    /// One value all along.
    #[inline]
    pub fn flat(value: f32) -> Self {
        Self { from: value, step: 0.0 }
    }

    /// From one value to another, reached `len` samples later; `len` 0 counts as 1.
    #[inline]
    pub fn between(from: f32, to: f32, len: usize) -> Self {
        Self { from, step: (to - from) / (if len > 0 { len } else { 1 }) as f32 }
    }

    /// The same line, multiplied.
    #[inline]
    pub fn times(self, factor: f32) -> Self {
        Self { from: self.from * factor, step: self.step * factor }
    }

    /// The value `len` samples on.
    #[inline(always)]
    pub fn at(self, len: usize) -> f32 {
        self.from + self.step * len as i32 as f32
    }
}

/// A struck thing: up in a moment, then down by halves. Never jumps, also when struck again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decay {
    body: f32,
    level: f32,
}

impl Decay {
    /// Below this, -74 dB, it goes down to silence in one step and stays there.
    pub const SILENCE: f32 = 2e-4;

    /// Silent.
    pub fn new() -> Self {
        Self::default()
    }

    /// Silent at once.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Strikes it: heads for `peak` and falls from there.
    pub fn strike(&mut self, peak: f32) {
        self.body = peak;
    }

    /// Passes `len` samples. `attack` and `half` are half-lives in samples, above 0.
    pub fn advance(&mut self, len: usize, attack: f32, half: f32) -> Segment {
        let from = self.level;
        if !self.is_sounding() {
            *self = Self::default();
            return Segment::between(from, 0.0, len);
        }
        let passed = len as f32;
        self.body *= exp2(-passed / half);
        self.level = self.body + (self.level - self.body) * exp2(-passed / attack);
        Segment::between(from, self.level, len)
    }

    /// Whether there is anything to hear.
    pub fn is_sounding(&self) -> bool {
        self.body > Self::SILENCE || self.level > Self::SILENCE
    }

    /// The level now.
    pub fn level(&self) -> f32 {
        self.level
    }
}

impl State for Decay {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.body.visit(word);
        self.level.visit(word);
    }
}

/// A level that follows a goal, at one pace up and another down.
#[derive(Clone, Copy, Debug, Default)]
pub struct Swell {
    level: f32,
}

impl Swell {
    /// Rests at `level`.
    pub fn new(level: f32) -> Self {
        Self { level }
    }

    /// Rests at `level` at once.
    pub fn reset(&mut self, level: f32) {
        self.level = level;
    }

    /// Passes `len` samples towards `goal`; `up` and `down` are half-lives in samples, above 0.
    pub fn advance(&mut self, len: usize, goal: f32, up: f32, down: f32) -> Segment {
        let from = self.level;
        if from == goal {
            return Segment::flat(from);
        }
        let half = if goal > from { up } else { down };
        let level = goal + (from - goal) * exp2(-(len as f32) / half);
        // Nothing below -120 dB lingers, so no denormal number ever does.
        self.level = if level * level > 1e-12 { level } else { 0.0 };
        Segment::between(from, self.level, len)
    }

    /// The level now.
    pub fn level(&self) -> f32 {
        self.level
    }
}

impl State for Swell {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.level.visit(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decay_halves_in_its_half_life_however_it_is_stepped() {
        for len in [1, 16, 64] {
            let mut decay = Decay::new();
            decay.strike(1.0);
            decay.advance(64, 4.0, 1000.0);
            let start = decay.body;
            (0..1024 / len).for_each(|_| _ = decay.advance(len, 4.0, 1024.0));
            assert!((decay.level() / start - 0.5).abs() < 0.01);
        }
    }

    #[test]
    fn a_decay_ends_in_exact_silence() {
        let mut decay = Decay::new();
        decay.strike(1.0);
        (0..100).for_each(|_| _ = decay.advance(64, 10.0, 50.0));
        assert_eq!((decay.level(), decay.is_sounding()), (0.0, false));
    }

    #[test]
    fn a_swell_falls_to_exact_zero() {
        let mut swell = Swell::new(1.0);
        (0..1000).for_each(|_| _ = swell.advance(64, 0.0, 10.0, 100.0));
        assert_eq!(swell.level(), 0.0);
    }
}
