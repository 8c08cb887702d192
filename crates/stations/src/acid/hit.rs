//! The level of a struck thing: up in a moment, down by halves, and silent in good time.
//!
//! ```text
//! body ← (body + rest)·2^(−n/fall) − rest, at least 0      level ← body + (level − body)·2^(−n/rise)
//! ```
//!
//! It is [`perpetuo_dsp::Decay`] with two differences. The factors of a whole block are kept, for two exp2
//! a block and voice are what a soft partial costs. And it heads for a little below silence, so that it
//! ends where others cover it, without a corner: from 1 after log₂(1 + 1/rest) half-lives.

use perpetuo_dsp::{Segment, State, math};
use perpetuo_station::BLOCK_LEN;

/// A level that is struck.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    body: f32,
    level: f32,
    /// How far below silence it heads.
    rest: f32,
    /// Half-lives of rise and fall in samples, and what is left of either way after a block.
    halves: [f32; 2],
    factors: [f32; 2],
}

impl Hit {
    /// -54 dB: over in 9 half-lives.
    pub(super) const REST: f32 = 2e-3;

    /// Below this, -74 dB, the last of the rise is not waited for.
    const SILENCE: f32 = 2e-4;

    /// Silent; half-lives of rise and fall are in samples, above 0.
    pub(super) fn new(rise: f32, fall: f32, rest: f32) -> Self {
        let mut hit = Self { body: 0.0, level: 0.0, rest, halves: [0.0; 2], factors: [0.0; 2] };
        hit.set_halves(rise, fall);
        hit
    }

    /// Takes half-lives of rise and fall.
    pub(super) fn set_halves(&mut self, rise: f32, fall: f32) {
        self.halves = [rise, fall];
        self.factors = self.factors_of(BLOCK_LEN);
    }

    /// Heads for `peak`, 0..=1, and falls from there; never jumps, also when struck again.
    pub(super) fn strike(&mut self, peak: f32) {
        self.body = peak;
    }

    /// Passes `len` samples.
    pub(super) fn advance(&mut self, len: usize) -> Segment {
        let from = self.level;
        if !self.is_sounding() {
            return Segment::flat(0.0);
        }
        let ([rise, fall], share) = if len == BLOCK_LEN {
            (self.factors, 1.0 / BLOCK_LEN as f32)
        } else {
            (self.factors_of(len), 1.0 / len.max(1) as f32)
        };
        let body = (self.body + self.rest) * fall - self.rest;
        self.body = if body > 0.0 { body } else { 0.0 };
        let level = self.body + (from - self.body) * rise;
        let is_over = self.body == 0.0 && level < Self::SILENCE;
        self.level = if is_over { 0.0 } else { level };
        Segment { from, step: (self.level - from) * share }
    }

    /// Whether there is anything to hear.
    pub(super) fn is_sounding(&self) -> bool {
        self.body > 0.0 || self.level > 0.0
    }

    /// The level now.
    pub(super) fn level(&self) -> f32 {
        self.level
    }

    fn factors_of(&self, len: usize) -> [f32; 2] {
        let [rise, fall] = self.halves;
        [math::exp2(-(len as f32) / rise), math::exp2(-(len as f32) / fall)]
    }
}

/// Half-lives are their owner's to set again.
impl State for Hit {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for value in [&mut self.body, &mut self.level] {
            value.visit(word);
            *value = math::clamp(*value, 0.0, 2.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_in_its_half_life_however_it_is_stepped() {
        for len in [8, 32, 64] {
            let mut hit = Hit::new(4.0, 1024.0, Hit::REST);
            hit.strike(1.0);
            hit.advance(64);
            let start = hit.level();
            (0..1024 / len).for_each(|_| _ = hit.advance(len));
            assert!((hit.level() / start - 0.5).abs() < 0.01);
        }
    }

    #[test]
    fn it_ends_in_exact_silence_after_the_half_lives_it_says() {
        let mut hit = Hit::new(4.0, 640.0, Hit::REST);
        hit.strike(1.0);
        let blocks = (0..200).take_while(|_| {
            hit.advance(64);
            hit.is_sounding()
        });
        assert!((88..92).contains(&blocks.count()));
        assert_eq!((hit.level(), hit.advance(64)), (0.0, Segment::flat(0.0)));
    }
}
