//! A chorus: the signal again on each side, a little late, by a time that sways.
//!
//! ```text
//! left, right = x[n − t(1 + d·sin φ)], x[n − t(1 + d·cos φ)]      t = 9 ms, d = 0.65 depth
//! ```
//!
//! Source: J. Dattorro, *Effect Design, Part 2*, 1997.

use crate::{
    Block, CONTROL_LEN, Phase, Segment, State,
    line::{Line, from_steps, in_steps},
    math,
    reverb::damping_weights,
    simd::{LANES, Lanes, eight, eight_mut, kernel},
    tape::between_cells,
};

/// A stereo chorus: one channel in, two out, wet only, in whole control steps.
#[derive(Clone, Debug)]
pub struct Chorus {
    line: Line<CONTROL_LEN>,
    /// What leaves during the next step.
    next: Block,
    sway: Phase,
    depth: f32,
    /// Where the two heads were at the end of the last control step, in samples.
    heads: [f32; 2],
    sample_rate: f32,
}

impl Chorus {
    const SECONDS: f32 = 0.009;
    const DEPTH: f32 = 0.65;

    /// Silent, swaying at 0.4 Hz by a quarter of the time.
    pub fn new(sample_rate_hz: u32) -> Self {
        let sample_rate = sample_rate_hz as f32;
        let mut chorus = Self {
            line: Line::new((2.2 * Self::SECONDS * sample_rate) as usize),
            next: [[0.0; CONTROL_LEN]; 2],
            sway: Phase::new(),
            depth: 0.25,
            heads: [0.0; 2],
            sample_rate,
        };
        chorus.set(0.4, 0.25);
        chorus.heads = chorus.heads_now();
        chorus
    }

    /// Silent again, settings as they were.
    pub fn reset(&mut self) {
        self.line.reset();
        self.next = [[0.0; CONTROL_LEN]; 2];
        self.sway.turn = 0;
        self.heads = self.heads_now();
    }

    /// Takes a rate in Hz, 0.01..=6, and a depth, 0..=1; deep and fast bend the pitch.
    pub fn set(&mut self, rate_hz: f32, depth: f32) {
        let rate = math::clamp(rate_hz, 0.01, 6.0);
        self.sway.set_phase_step(rate * CONTROL_LEN as f32 / self.sample_rate);
        self.depth = math::clamp(depth, 0.0, 1.0);
    }

    /// Takes a step, and writes what is heard during it on both sides.
    pub fn render(
        &mut self,
        input: &[f32; CONTROL_LEN],
        [left, right]: [&mut [f32; CONTROL_LEN]; 2],
    ) {
        (*left, *right) = (self.next[0], self.next[1]);
        self.sway.skip(1);
        let from = self.heads;
        let goals = self.heads_now();
        for (head, now) in self.heads.iter_mut().zip(goals) {
            // A jump of depth, too, is no more than a bend.
            let most = 0.08 * CONTROL_LEN as f32;
            *head += math::clamp(now - *head, -most, most);
        }
        let ways = [0, 1].map(|i| Segment::between(from[i], self.heads[i], CONTROL_LEN));
        sway(self, input, ways);
    }

    /// Lets control steps pass unheard.
    pub fn skip(&mut self, steps: u32) {
        self.sway.turn = self.sway.turn.wrapping_add(self.sway.step.wrapping_mul(steps));
        self.heads = self.heads_now();
    }

    fn heads_now(&self) -> [f32; 2] {
        // Never nearer than a control step, which the part is late by anyhow.
        let middle = Self::SECONDS * self.sample_rate;
        [0, 1_u32].map(|side| {
            let swung = crate::phase::sine(self.sway.turn.wrapping_add(side << 30));
            let head = middle * (1.0 + Self::DEPTH * self.depth * swung) - CONTROL_LEN as f32;
            math::clamp(head, (CONTROL_LEN + 4) as f32, 2.1 * middle)
        })
    }
}

impl State for Chorus {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.sway.turn.visit(word);
        self.heads = self.heads_now();
    }
}

kernel! {
    fn sway = sway_generic(chorus: &mut Chorus, input: &[f32; CONTROL_LEN], ways: [Segment; 2]);
}

#[inline(always)]
fn sway_generic<V: Lanes>(chorus: &mut Chorus, input: &[f32; CONTROL_LEN], ways: [Segment; 2]) {
    let mut cells = [0_i16; CONTROL_LEN];
    let weights = damping_weights(0.0);
    let [left, right] = &mut chorus.next;
    for row in 0..CONTROL_LEN / LANES {
        let at = row * LANES;
        in_steps::<V>(V::load(eight(input, at))).store_i16(eight_mut(&mut cells, at));
        let heard = between_cells::<V, CONTROL_LEN>(&chorus.line, ways[0], at, 0, weights);
        from_steps(heard).store(eight_mut(left, at));
        let heard = between_cells::<V, CONTROL_LEN>(&chorus.line, ways[1], at, 0, weights);
        from_steps(heard).store(eight_mut(right, at));
    }
    chorus.line.push(&cells);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_the_signal_a_little_later_and_not_the_same() {
        let mut chorus = Chorus::new(44_100);
        chorus.set(0.5, 0.5);
        let input: Vec<f32> = (0..44_096).map(|n| 0.5 * (n as f32 * 0.03).sin()).collect();
        let (mut left, mut right) = (vec![0.0; 44_096], vec![0.0; 44_096]);
        let outs = left.as_chunks_mut().0.iter_mut().zip(right.as_chunks_mut().0);
        for (input, (left, right)) in input.as_chunks().0.iter().zip(outs) {
            chorus.render(input, [left, right]);
        }
        let power = |line: &[f32]| line[2000..].iter().map(|x| x * x).sum::<f32>() / 42_100.0;
        assert!((power(&left) - 0.125).abs() < 0.005 && (power(&right) - 0.125).abs() < 0.005);
        let apart: Vec<f32> = left.iter().zip(&right).map(|(a, b)| a - b).collect();
        assert!(power(&apart) > 0.05);
        let steepest = left.windows(2).map(|x| (x[1] - x[0]).abs()).fold(0.0, f32::max);
        assert!(steepest < 0.017, "{steepest}");
    }
}
