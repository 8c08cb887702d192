//! Levels that rise and fall as [`perpetuo_dsp::Decay`] and [`perpetuo_dsp::Swell`] do, at paces known
//! beforehand: what a block leaves of a way is looked up, not computed.
//!
//! ```text
//! rest = 2^(−n/half)      n = 8, 16 … 64 samples
//! ```

use perpetuo_dsp::{Segment, State, math};
use perpetuo_station::BLOCK_LEN;

use crate::performer::GRID;

/// -74 dB: what is softer is silent.
pub(super) const SILENCE: f32 = 2e-4;

/// A half-life.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    rests: [f32; BLOCK_LEN / GRID],
}

impl Pace {
    /// Of a half-life in samples, above 0.
    pub(super) fn new(half: f32) -> Self {
        Self {
            rests: std::array::from_fn(|grids| {
                math::exp2(-((grids + 1) as f32 * GRID as f32) / half)
            }),
        }
    }

    /// What `len` samples leave of a way: a multiple of [`GRID`] from there to [`BLOCK_LEN`].
    #[inline]
    pub(super) fn rest(&self, len: usize) -> f32 {
        self.rests[(len / GRID).wrapping_sub(1) % (BLOCK_LEN / GRID)]
    }
}

/// A struck thing: up in a moment, then down by halves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    body: f32,
    level: f32,
    silence: f32,
}

impl Stroke {
    /// Silent; below `silence` it goes down to nothing in one step and stays there.
    pub(super) fn new(silence: f32) -> Self {
        Self { body: 0.0, level: 0.0, silence }
    }

    /// Silent at once.
    pub(super) fn reset(&mut self) {
        (self.body, self.level) = (0.0, 0.0);
    }

    /// Heads for `peak` and falls from there.
    pub(super) fn strike(&mut self, peak: f32) {
        self.body = peak;
    }

    /// Passes `len` samples, see [`Pace::rest`].
    #[inline]
    pub(super) fn advance(&mut self, len: usize, attack: &Pace, half: &Pace) -> Segment {
        let from = self.level;
        if self.is_sounding() {
            self.body *= half.rest(len);
            self.level = self.body + (from - self.body) * attack.rest(len);
        } else {
            self.reset();
        }
        Segment::between(from, self.level, len)
    }

    /// Whether there is anything to hear.
    pub(super) fn is_sounding(&self) -> bool {
        self.body > self.silence || self.level > self.silence
    }

    /// The level now.
    pub(super) fn level(&self) -> f32 {
        self.level
    }
}

impl State for Stroke {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for level in [&mut self.body, &mut self.level] {
            level.visit(word);
            *level = math::clamp(*level, 0.0, 1.0);
        }
    }
}

/// The way of `level` towards `goal` over `len` samples; where it goes to 0, what is below
/// [`SILENCE`] is over.
#[inline]
pub(super) fn follow(level: &mut f32, len: usize, goal: f32, pace: &Pace) -> Segment {
    let from = *level;
    let to = goal + (from - goal) * pace.rest(len);
    *level = if goal == 0.0 && to < SILENCE { 0.0 } else { to };
    Segment::between(from, *level, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_halves_in_its_half_life_however_it_is_stepped() {
        let (attack, half) = (Pace::new(4.0), Pace::new(1024.0));
        for len in [8, 16, 64] {
            let mut stroke = Stroke::new(SILENCE);
            stroke.strike(1.0);
            stroke.advance(64, &attack, &half);
            let start = stroke.body;
            (0..1024 / len).for_each(|_| _ = stroke.advance(len, &attack, &half));
            assert!((stroke.body / start - 0.5).abs() < 1e-3, "{len}");
        }
    }

    #[test]
    fn what_falls_ends_in_exact_silence() {
        let (attack, half) = (Pace::new(10.0), Pace::new(50.0));
        let mut stroke = Stroke::new(SILENCE);
        stroke.strike(1.0);
        let mut level = 1.0;
        for _ in 0..100 {
            stroke.advance(64, &attack, &half);
            follow(&mut level, 64, 0.0, &half);
        }
        assert_eq!((stroke.level(), level), (0.0, 0.0));
        assert!(!stroke.is_sounding());
    }
}
