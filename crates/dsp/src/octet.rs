//! Eight voices of two sawtooths each, every voice through a low-pass of its own, then panned.
//!
//! ```text
//! saw(f·(1+d)) ──────────┐
//!                        (+)──► low-pass ──► gain ──► left, right
//! saw(f·(1−d)) ─► blend ─┘
//! ```
//!
//! Blend +1 is a chorus of two; -1 is a pulse whose width wanders, for a saw less a shifted saw is a
//! pulse. Eight voices cost little more than one.

use crate::{
    CONTROL_LEN, Segment, State, Tuning,
    bank::{Cells, Pairs, low_on_the_way},
    math,
    saw::{saw_sharpness, saws},
    simd::{LANES, Lanes, Words, eight_mut, kernel},
};

/// Eight voices; each is at rest until it has a gain.
#[derive(Clone, Debug)]
pub struct Octet {
    /// Of the two saws, in 2^-32 turns.
    turns: [[u32; LANES]; 2],
    steps: [[u32; LANES]; 2],
    /// What the saws make of the steps.
    sharpness: [[f32; LANES]; 2],
    filter: Cells,
}

impl Octet {
    /// At rest, the phases spread by `salt` so that no two octets begin alike.
    pub fn new(salt: u32) -> Self {
        let turn = |i: usize| (i as u32 + 1).wrapping_add(salt).wrapping_mul(0x9E37_79B9);
        let turns = [0, LANES].map(|first| std::array::from_fn(|voice| turn(first + voice)));
        let sharpness = [[saw_sharpness(0); LANES]; 2];
        Self { turns, steps: [[0; LANES]; 2], sharpness, filter: Cells::new() }
    }

    /// Puts a voice at rest before it begins anew, its filter at `tuning`.
    pub fn clear(&mut self, voice: usize, tuning: Tuning) {
        self.filter.clear(voice % LANES, tuning);
    }

    /// Gives a voice its phases, in 2^-32 turns: for a note that is to sound the same wherever it begins.
    pub fn set_turns(&mut self, voice: usize, turns: [u32; 2]) {
        (self.turns[0][voice % LANES], self.turns[1][voice % LANES]) = (turns[0], turns[1]);
    }

    /// Gives a voice its frequency in cycles per sample, 0..=0.25, and how far its two saws are apart as
    /// a share of it, 0..=0.1.
    pub fn set_pitch(&mut self, voice: usize, phase_step: f32, spread: f32) {
        let step = math::clamp(phase_step, 0.0, 0.25);
        let spread = math::clamp(spread, 0.0, 0.1);
        for (saw, ratio) in [1.0 + 0.5 * spread, 1.0 - 0.5 * spread].into_iter().enumerate() {
            let step = crate::phase::step_from(step * ratio);
            if step != self.steps[saw][voice % LANES] {
                self.steps[saw][voice % LANES] = step;
                self.sharpness[saw][voice % LANES] = saw_sharpness(step);
            }
        }
    }

    /// Adds the voices to both channels: each with its gains on the two sides, its filter on its way to
    /// its tuning, `blend` -1..=1. A multiple of 8 samples, at most [`CONTROL_LEN`].
    ///
    /// # Panics
    ///
    /// When there are more, or the channels differ in length.
    pub fn render(
        &mut self,
        out: &mut [&mut [f32]; 2],
        gains: &[[Segment; LANES]; 2],
        tunings: [Tuning; LANES],
        blend: f32,
    ) {
        let len = out[0].len();
        assert!(len == out[1].len() && len <= CONTROL_LEN && len.is_multiple_of(LANES));
        for (voice, tuning) in tunings.into_iter().enumerate() {
            self.filter.head_for(voice, tuning);
        }
        let mut turned = Gains { from: [[0.0; LANES]; 2], step: [[0.0; LANES]; 2] };
        for (side, gains) in gains.iter().enumerate() {
            for (voice, gain) in gains.iter().enumerate() {
                turned.from[side][voice] = gain.from;
                turned.step[side][voice] = gain.step;
            }
        }
        sing(self, out, &turned, math::clamp(blend, -1.0, 1.0));
    }
}

/// Gains of both sides, voice by voice.
struct Gains {
    from: [[f32; LANES]; 2],
    step: [[f32; LANES]; 2],
}

/// Pitches and tunings are not visited: they are set anew at every control step.
impl State for Octet {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.turns.visit(word);
        self.filter.visit(word);
    }
}

kernel! {
    fn sing = sing_generic(octet: &mut Octet, out: &mut [&mut [f32]; 2], gains: &Gains, blend: f32);
}

#[inline(always)]
fn sing_generic<V: Lanes>(octet: &mut Octet, out: &mut [&mut [f32]; 2], gains: &Gains, blend: f32) {
    let [left, right] = out;
    let len = left.len();
    let [mut a, mut b] = [V::Words::load(&octet.turns[0]), V::Words::load(&octet.turns[1])];
    let [step_a, step_b] = [V::Words::load(&octet.steps[0]), V::Words::load(&octet.steps[1])];
    let [sharp_a, sharp_b] = [V::load(&octet.sharpness[0]), V::load(&octet.sharpness[1])];
    let blend = V::splat(blend);
    let (mut s1, mut s2) = (V::load(&octet.filter.s1), V::load(&octet.filter.s2));
    let [mut gain_left, mut gain_right] = [V::load(&gains.from[0]), V::load(&gains.from[1])];
    let [step_left, step_right] = [V::load(&gains.step[0]), V::load(&gains.step[1])];
    let (mut factors, by) = low_on_the_way::<V>(&octet.filter, len.max(1));
    let mut at = 0;
    while at < len {
        let mut rows = [V::splat(0.0); LANES];
        for row in &mut rows {
            *row = saws(a, sharp_a).add_mul(blend, saws(b, sharp_b));
            (a, b) = (a.add(step_a), b.add(step_b));
        }
        let pairs = Pairs::new(&factors);
        let [x0, x1, x2, x3, x4, x5, x6, x7] = rows;
        let (x0, x1) = pairs.tick(x0, x1, &mut s1, &mut s2);
        let (x2, x3) = pairs.tick(x2, x3, &mut s1, &mut s2);
        let (x4, x5) = pairs.tick(x4, x5, &mut s1, &mut s2);
        let (x6, x7) = pairs.tick(x6, x7, &mut s1, &mut s2);
        let rows = [x0, x1, x2, x3, x4, x5, x6, x7];
        let (mut to_left, mut to_right) = (rows, rows);
        for (row, (to_left, to_right)) in
            rows.iter().zip(to_left.iter_mut().zip(to_right.iter_mut()))
        {
            *to_left = gain_left.mul(*row);
            *to_right = gain_right.mul(*row);
            gain_left = gain_left.add(step_left);
            gain_right = gain_right.add(step_right);
        }
        let (left, right) = (eight_mut(left, at), eight_mut(right, at));
        V::load(left).add(V::sums(to_left)).store(left);
        V::load(right).add(V::sums(to_right)).store(right);
        factors.move_by(&by);
        at += LANES;
    }
    a.store(&mut octet.turns[0]);
    b.store(&mut octet.turns[1]);
    octet.filter.leave(s1, s2);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_voices_with_a_gain_are_heard_and_on_their_side() {
        let mut octet = Octet::new(1);
        (0..8).for_each(|voice| octet.set_pitch(voice, 0.01, 0.004));
        let (mut left, mut right) = ([0.0; 64], [0.0; 64]);
        let mut gains = [[Segment::flat(0.0); 8]; 2];
        gains[0][5] = Segment::flat(0.5);
        let tunings = [Tuning::new(0.1, 1.0); 8];
        for _ in 0..4 {
            (left, right) = ([0.0; 64], [0.0; 64]);
            octet.render(&mut [&mut left, &mut right], &gains, tunings, 1.0);
        }
        assert!(left.iter().any(|x| x.abs() > 0.1) && right.iter().all(|x| *x == 0.0));
    }

    #[test]
    fn a_wide_open_voice_is_its_saw() {
        let mut octet = Octet::new(7);
        octet.set_pitch(2, 0.01, 0.0);
        octet.set_turns(2, [0, 0]);
        let mut gains = [[Segment::flat(0.0); 8]; 2];
        gains[0][2] = Segment::flat(1.0);
        let mut power = 0.0;
        for _ in 0..100 {
            let (mut left, mut right) = ([0.0; 64], [0.0; 64]);
            octet.render(&mut [&mut left, &mut right], &gains, [Tuning::new(0.42, 1.4); 8], 0.0);
            power += left.iter().map(|x| x * x).sum::<f32>() / 6400.0;
        }
        assert!((power - 1.0 / 3.0).abs() < 0.02, "{power}");
    }
}
