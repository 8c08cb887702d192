//! Four voices of two sawtooths each, every voice through a low-pass of its own, then panned.
//!
//! ```text
//! saw(f·(1+d)) ──────────┐
//!                        (+)──► low-pass ──► gain ──► left, right
//! saw(f·(1−d)) ─► blend ─┘
//! ```
//!
//! Blend +1 is a chorus of two; -1 is a pulse whose width wanders, for a saw less a shifted saw is a
//! pulse. Four voices cost little more than one.

use crate::{CONTROL_LEN, Lanes, Segment, State, SvfLanes, Tuning, saw, saw_sharpness};

/// Four voices; each is at rest until it has a gain.
#[derive(Clone, Copy, Debug)]
pub struct Quartet {
    turns: [[u32; 4]; 2],
    steps: [[u32; 4]; 2],
    filter: SvfLanes,
}

impl Quartet {
    /// At rest, the phases spread by `salt` so that no two quartets begin alike.
    pub fn new(salt: u32) -> Self {
        let turn = |i: usize| (i as u32 + 1).wrapping_add(salt).wrapping_mul(0x9E37_79B9);
        Self {
            turns: [[0, 1, 2, 3], [4, 5, 6, 7]].map(|side| side.map(turn)),
            steps: [[0; 4]; 2],
            filter: SvfLanes::new(Tuning::new(0.01, 1.0)),
        }
    }

    /// Puts a voice at rest before it begins anew, its filter at `tuning`.
    pub fn clear(&mut self, voice: usize, tuning: Tuning) {
        self.filter.clear(voice, tuning);
    }

    /// Gives a voice its frequency in cycles per sample, 0..=0.25, and how far its two saws are apart as
    /// a share of it, 0..=0.1.
    pub fn set_pitch(&mut self, voice: usize, phase_step: f32, spread: f32) {
        let [a, b] = &mut self.steps;
        let step = crate::math::clamp(phase_step, 0.0, 0.25);
        let spread = crate::math::clamp(spread, 0.0, 0.1);
        a[voice % 4] = crate::phase::step_from(step * (1.0 + 0.5 * spread));
        b[voice % 4] = crate::phase::step_from(step * (1.0 - 0.5 * spread));
    }

    /// Adds the voices to `left` and `right`, at most [`CONTROL_LEN`] samples: each with its gains on
    /// the two sides, its filter heading for its tuning, `blend` -1..=1.
    ///
    /// # Panics
    ///
    /// When the lengths differ.
    pub fn render(
        &mut self,
        out: &mut [&mut [f32]; 2],
        gains: &[[Segment; 4]; 2],
        tunings: [Tuning; 4],
        blend: f32,
    ) {
        self.filter.set(tunings);
        let [left, right] = out;
        let len = left.len();
        let mut start = 0;
        for quarter in 0..4 {
            // The last quarter takes what does not divide by 4.
            let end = if quarter == 3 { len } else { (quarter + 1) * (len / 4) };
            let mut voices = [[0.0; 4]; CONTROL_LEN];
            let voices = &mut voices[..end - start];
            self.sing(voices, quarter, blend);
            let samples = left[start..end].iter_mut().zip(&mut right[start..end]);
            for (i, ((left, right), voice)) in samples.zip(voices).enumerate() {
                let along = (start + i) as i32 as f32;
                let share = |side: usize, k: usize| {
                    (gains[side][k].from + gains[side][k].step * along) * voice[k]
                };
                *left += (share(0, 0) + share(0, 2)) + (share(0, 1) + share(0, 3));
                *right += (share(1, 0) + share(1, 2)) + (share(1, 1) + share(1, 3));
            }
            start = end;
        }
        self.filter.settle();
    }

    fn sing(&mut self, out: &mut [[f32; 4]], quarter: usize, blend: f32) {
        let [sharp_a, sharp_b] = self.steps.map(|steps| Lanes(steps.map(saw_sharpness)));
        let blend = Lanes::splat(crate::math::clamp(blend, -1.0, 1.0));
        let factors = self.filter.quarter(quarter);
        let ([mut a, mut b], [step_a, step_b]) = (self.turns, self.steps);
        let mut filter = self.filter;
        for voices in out {
            let raw = saw(a, sharp_a) + blend * saw(b, sharp_b);
            *voices = filter.tick(raw, &factors).0;
            (a, b) = (advance(a, step_a), advance(b, step_b));
        }
        (self.turns, self.filter) = ([a, b], filter);
    }
}

#[inline(always)]
fn advance(turns: [u32; 4], steps: [u32; 4]) -> [u32; 4] {
    let [a, b, c, d] = turns;
    [
        a.wrapping_add(steps[0]),
        b.wrapping_add(steps[1]),
        c.wrapping_add(steps[2]),
        d.wrapping_add(steps[3]),
    ]
}

/// Pitches are not visited: they are set anew at every control step.
impl State for Quartet {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.turns.visit(word);
        self.filter.visit(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_voices_with_a_gain_are_heard_and_on_their_side() {
        let mut quartet = Quartet::new(1);
        (0..4).for_each(|voice| quartet.set_pitch(voice, 0.01, 0.004));
        let (mut left, mut right) = ([0.0; 64], [0.0; 64]);
        let mut gains = [[Segment::flat(0.0); 4]; 2];
        gains[0][2] = Segment::flat(0.5);
        let tunings = [Tuning::new(0.1, 1.0); 4];
        quartet.render(&mut [&mut left, &mut right], &gains, tunings, 1.0);
        assert!(left.iter().any(|x| x.abs() > 0.1) && right.iter().all(|x| *x == 0.0));
    }
}
