//! The slow turning against each other of the two sides of every pair.
//!
//! ```text
//! side A at step + m·rate      side B at step − m·rate      so they beat at 2 m·rate: m, 1 to 6, grows with pitch
//! ```
//!
//! Four turns are shared by all pairs, so that a pair needs no state of its own and beats never jump.

use perpetuo_dsp::{Chance, State, math};

/// Four turns, and how fast they go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beats {
    turns: [u32; 4],
    /// What each sample adds at a rate of 1, in 2^-32 turns.
    steps: [f32; 4],
    rate: f32,
    /// What each sample adds at that rate.
    by: [u32; 4],
}

impl Beats {
    /// Hz at a rate of 1; no two in a simple ratio, so that the whole never comes round.
    const HZ: [f32; 4] = [0.019, 0.0307, 0.0433, 0.0617];

    /// At rest, with paces a little of the seed's own.
    pub(super) fn new(chance: &Chance, sample_rate_hz: u32) -> Self {
        let per_sample = 4_294_967_296.0 / sample_rate_hz as f32;
        let own = |index: usize| chance.between(40, index as u32, 0.8, 1.25);
        Self {
            turns: [0; 4],
            steps: std::array::from_fn(|index| Self::HZ[index] * own(index) * per_sample),
            rate: 0.0,
            by: [0; 4],
        }
    }

    /// Takes the parameter, 0..1, and the scene's factor. By meter, 2026-11: pairs at 300 Hz beat every
    /// 6 s at 0.4 and once a second at 1.
    pub(super) fn set_rate(&mut self, beating: f32, factor: f32) {
        self.rate = 9.0 * beating * beating * (0.5 + 0.5 * factor);
        self.find_steps();
    }

    /// Goes on from turns and a rate that another has told.
    pub(super) fn follow(&mut self, turns: [u32; 4], rate: f32) {
        (self.turns, self.rate) = (turns, rate);
        self.find_steps();
    }

    /// Passes `len` samples.
    pub(super) fn pass(&mut self, len: u32) {
        for (turn, by) in self.turns.iter_mut().zip(self.by) {
            *turn = turn.wrapping_add(by.wrapping_mul(len));
        }
    }

    pub(super) fn turns(&self) -> [u32; 4] {
        self.turns
    }

    pub(super) fn rate(&self) -> f32 {
        self.rate
    }

    /// Turn and step of the beat that slot and multiplier stand for, for side A; B goes the other way.
    pub(super) fn of(&self, slot: usize, times: u32) -> (u32, u32) {
        let index = slot % 4;
        (self.turns[index].wrapping_mul(times), self.by[index].wrapping_mul(times))
    }

    fn find_steps(&mut self) {
        for (by, step) in self.by.iter_mut().zip(self.steps) {
            *by = (step * self.rate) as u32;
        }
    }
}

impl State for Beats {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.turns.visit(word);
        self.rate.visit(word);
        self.rate = math::clamp(self.rate, 0.0, 40.0);
        self.find_steps();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_run_and_many_short_ones_end_at_the_same_turn() {
        let mut long = Beats::new(&Chance::new(1), 44_100);
        long.set_rate(0.7, 1.3);
        let mut short = long;
        long.pass(11_025);
        (0..1575).for_each(|_| short.pass(7));
        assert_eq!(long.turns, short.turns);
        assert!(long.turns[0] > 0);
    }
}
