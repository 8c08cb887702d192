//! A sawtooth whose jump is rounded over two samples, so that little of it folds back.
//!
//! ```text
//! s = phase, −1..1      k = 1 / (2 phase_step)      u = max(0, 1 − (1 − |s|)k)      y = s (1 − u²)
//! ```
//!
//! Source: V. Välimäki, A. Huovilainen, *Antialiasing Oscillators in Subtractive Synthesis*, 2007
//! (polynomial band-limited step, second order); `s u²` stands for `±u²`, the same where u is not small.

use crate::{
    State,
    phase::step_from,
    simd::{LANES, Lanes, Words, kernel},
};

/// One sawtooth, from -1 up to 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Saw {
    turn: u32,
}

impl Saw {
    /// Starts in the middle of the ramp, at 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Back to the middle of the ramp.
    pub fn reset(&mut self) {
        self.turn = 0;
    }

    /// Goes on from a phase in 2^-32 turns; half a turn is the jump.
    pub fn start_at(&mut self, turn: u32) {
        self.turn = turn;
    }

    /// Writes a sawtooth of `phase_step` cycles per sample, 0.00001..=0.25.
    pub fn render(&mut self, out: &mut [f32], phase_step: f32) {
        let phase_step = crate::math::clamp(phase_step, 1e-5, 0.25);
        let step = step_from(phase_step);
        write_saw(out, self.turn, step, 0.5 / phase_step);
        self.turn = self.turn.wrapping_add(step.wrapping_mul(out.len() as u32));
    }
}

kernel! {
    fn write_saw = write_saw_generic(out: &mut [f32], turn: u32, step: u32, sharpness: f32);
}

#[inline(always)]
fn write_saw_generic<V: Lanes>(out: &mut [f32], turn: u32, step: u32, sharpness: f32) {
    let mut turns = V::Words::along(turn, step);
    let advance = V::Words::splat(step.wrapping_mul(LANES as u32));
    for out in out.chunks_mut(LANES) {
        saws(turns, V::splat(sharpness)).store_some(out);
        turns = turns.add(advance);
    }
}

impl State for Saw {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.turn.visit(word);
    }
}

/// Eight sawtooths at phases in 2^-32 turns, each with its [`saw_sharpness`].
#[inline(always)]
pub(crate) fn saws<V: Lanes>(turns: V::Words, sharpness: V) -> V {
    let s = turns.signed().mul(V::splat(1.0 / 2_147_483_648.0));
    let one = V::splat(1.0);
    let u = one.sub(sharpness).add_mul(s.abs(), sharpness).max(V::splat(0.0));
    s.mul(one.sub(u.mul(u)))
}

/// What [`saws`] wants for a phase step in 2^-32 turns; steps below 2^16 count as 2^16.
#[inline]
pub(crate) fn saw_sharpness(step: u32) -> f32 {
    2_147_483_648.0 / (if step > 1 << 16 { step } else { 1 << 16 }) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_partials_stay_below_40_db() {
        // At step 0.0437 partial 20 folds from 0.874 to 0.126, between partials 2 and 3.
        let mut out = vec![0.0; 10_000];
        Saw::new().render(&mut out, 0.0437);
        let energy_at = |f: f64| {
            let turn = |n: usize| std::f64::consts::TAU * f * n as f64;
            let sum = |part: fn(f64) -> f64| -> f64 {
                out.iter().enumerate().map(|(n, x)| f64::from(*x) * part(turn(n))).sum()
            };
            sum(f64::sin).powi(2) + sum(f64::cos).powi(2)
        };
        assert!(energy_at(0.126) < 1e-4 * energy_at(0.0437));
    }
}
