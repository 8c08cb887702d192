//! Where an oscillator is in its cycle, as a 32-bit fraction of a turn: wraps for free, never drifts.
//!
//! ```text
//! p[n+1] = p[n] + step   (mod 2^32)        sine: sin(2π p / 2^32)
//! ```

use crate::{
    Segment, State,
    math::sin_turns,
    simd::{LANES, Lanes, Words, kernel},
};

/// A running phase and its step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Phase {
    /// Where it is, in 2^-32 turns.
    pub turn: u32,
    /// What each sample adds, in 2^-32 turns.
    pub step: u32,
}

impl Phase {
    /// Stands still at the start of a turn.
    pub fn new() -> Self {
        Self::default()
    }

    /// Back to the start, standing still.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes a frequency in cycles per sample, held within 0..=0.5.
    pub fn set_phase_step(&mut self, phase_step: f32) {
        self.step = step_from(phase_step);
    }

    /// Adds a sine to `out`, its level going along `level`.
    pub fn render_sine(&mut self, out: &mut [f32], level: Segment) {
        add_sine(out, self.turn, self.step, level);
        self.skip(out.len());
    }

    /// Adds a sine whose frequency goes in a straight line to that of `end_step`, in 2^-32 turns a sample,
    /// reached at the end of `out`; its level goes along `level`.
    ///
    /// ```text
    /// p[n] = p[0] + n·step + n(n−1)/2·bend      bend = (end_step − step) / length, in whole 2^-32 turns
    /// ```
    pub fn render_sweep(&mut self, out: &mut [f32], level: Segment, end_step: u32) {
        let len = out.len().max(1) as i64;
        let bend = ((i64::from(end_step) - i64::from(self.step)) / len) as i32 as u32;
        add_sweep(out, self.turn, self.step, bend, level);
        let n = out.len() as u32;
        let pairs = n.wrapping_mul(n.wrapping_sub(1)) / 2;
        let passed = self.step.wrapping_mul(n).wrapping_add(bend.wrapping_mul(pairs));
        (self.turn, self.step) = (self.turn.wrapping_add(passed), end_step);
    }

    /// Lets `len` samples pass unheard.
    pub fn skip(&mut self, len: usize) {
        self.turn = self.turn.wrapping_add(self.step.wrapping_mul(len as u32));
    }
}

impl State for Phase {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.turn.visit(word);
        self.step.visit(word);
        self.step = if self.step > 1 << 31 { 0 } else { self.step };
    }
}

kernel! {
    fn add_sine = add_sine_generic(out: &mut [f32], turn: u32, step: u32, level: Segment);
}

#[inline(always)]
fn add_sine_generic<V: Lanes>(out: &mut [f32], turn: u32, step: u32, level: Segment) {
    let mut turns = V::Words::along(turn, step);
    let advance = V::Words::splat(step.wrapping_mul(LANES as u32));
    let mut at = 0;
    for out in out.chunks_mut(LANES) {
        let sine = turns.turns().sin_turns();
        V::load_some(out).add_mul(V::along(level, at), sine).store_some(out);
        turns = turns.add(advance);
        at += LANES;
    }
}

kernel! {
    fn add_sweep = add_sweep_generic(out: &mut [f32], turn: u32, step: u32, bend: u32, level: Segment);
}

#[inline(always)]
fn add_sweep_generic<V: Lanes>(out: &mut [f32], turn: u32, step: u32, bend: u32, level: Segment) {
    const PAIRS: [u32; LANES] = [0, 0, 1, 3, 6, 10, 15, 21];
    let bent = V::Words::load(&PAIRS).mul(V::Words::splat(bend));
    let (mut turn, mut step, mut at) = (turn, step, 0);
    for out in out.chunks_mut(LANES) {
        let sine = V::Words::along(turn, step).add(bent).turns().sin_turns();
        V::load_some(out).add_mul(V::along(level, at), sine).store_some(out);
        // Eight steps on: 8·step + 28·bend, and each step is 8·bend longer.
        turn = turn.wrapping_add(step.wrapping_mul(8)).wrapping_add(bend.wrapping_mul(28));
        step = step.wrapping_add(bend.wrapping_mul(8));
        at += LANES;
    }
}

/// The sine of a phase in 2^-32 turns.
#[inline(always)]
pub(crate) fn sine(turn: u32) -> f32 {
    sin_turns(turn as i32 as f32 * (1.0 / 4_294_967_296.0))
}

/// Cycles per sample as 2^-32 turns per sample; held within 0..=0.5.
pub fn step_from(phase_step: f32) -> u32 {
    // The cast saturates, and NaN gives 0.
    (crate::math::clamp(phase_step, 0.0, 0.5) * 4_294_967_296.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_cycles_end_where_they_began() {
        let mut phase = Phase::new();
        phase.set_phase_step(1.0 / 64.0);
        let mut out = [0.0; 64_000];
        phase.render_sine(&mut out, Segment::flat(1.0));
        assert_eq!(phase.turn, 0);
        assert!((out[16] - 1.0).abs() < 1e-4 && out[16] == out[63_952]);
    }

    #[test]
    fn a_sweep_is_the_sum_of_its_steps() {
        for len in [64, 24, 7] {
            let mut phase = Phase { turn: 5 << 20, step: step_from(0.002) };
            let (end, mut out) = (step_from(0.03), vec![0.0; len]);
            let bend = (end - phase.step) / len as u32;
            let mut expected = phase;
            phase.render_sweep(&mut out, Segment::flat(1.0), end);
            for y in out {
                assert_eq!(y, sine(expected.turn));
                expected.skip(1);
                expected.step += bend;
            }
            assert_eq!((phase.turn, phase.step), (expected.turn, end));
        }
    }
}
