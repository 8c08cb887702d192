//! A pair of sines, one of which bends the phase of the other.
//!
//! ```text
//! y = level · sin(2πc + index · sin 2πm)      c, m: phases of carrier and modulator
//! ```
//!
//! Source: J. Chowning, *The Synthesis of Complex Audio Spectra by Means of Frequency Modulation*, 1973.

use crate::{
    Phase, Segment, State,
    simd::{LANES, Lanes, Words, kernel},
};

/// A carrier and its modulator.
#[derive(Clone, Copy, Debug, Default)]
pub struct FmPair {
    carrier: Phase,
    modulator: Phase,
}

impl FmPair {
    /// Both stand still at the start of their cycles.
    pub fn new() -> Self {
        Self::default()
    }

    /// As new.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Both at the start of their cycles, frequencies as they are: for a note that begins.
    pub fn restart(&mut self) {
        (self.carrier.turn, self.modulator.turn) = (0, 0);
    }

    /// Takes both frequencies in cycles per sample, each held within 0..=0.5.
    pub fn set(&mut self, carrier_step: f32, modulator_step: f32) {
        self.carrier.set_phase_step(carrier_step);
        self.modulator.set_phase_step(modulator_step);
    }

    /// Adds samples to `out`, any number; `index` in radians, -8..=8, is how far the phase is bent.
    pub fn render(&mut self, out: &mut [f32], level: Segment, index: Segment) {
        add_pair(&mut self.carrier, &mut self.modulator, out, level, index);
    }

    /// Lets `len` samples pass unheard.
    pub fn skip(&mut self, len: usize) {
        self.carrier.skip(len);
        self.modulator.skip(len);
    }
}

/// Frequencies are not visited: the owner sets them.
impl State for FmPair {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.carrier.turn.visit(word);
        self.modulator.turn.visit(word);
    }
}

kernel! {
    fn add_pair = add_pair_generic(carrier: &mut Phase, modulator: &mut Phase, out: &mut [f32], level: Segment, index: Segment);
}

#[inline(always)]
fn add_pair_generic<V: Lanes>(
    carrier: &mut Phase,
    modulator: &mut Phase,
    out: &mut [f32],
    level: Segment,
    index: Segment,
) {
    // 1 / 2π: radians as turns.
    const TURNS: f32 = 0.159_154_94;
    let mut at = 0;
    for out in out.chunks_mut(LANES) {
        let bend = V::Words::along(modulator.turn, modulator.step).turns().sin_turns();
        // In turns, brought to -1/2..1/2: what is added to 1.5 · 2^23 loses its fraction.
        let rounder = V::splat(12_582_912.0);
        let turns = V::along(index, at).clamp(-8.0, 8.0).mul(V::splat(TURNS));
        let turns = V::Words::along(carrier.turn, carrier.step).turns().add_mul(turns, bend);
        let whole = turns.add(rounder).sub(rounder);
        let sine = turns.sub(whole).sin_turns();
        V::load_some(out).add_mul(V::along(level, at), sine).store_some(out);
        carrier.skip(out.len());
        modulator.skip(out.len());
        at += LANES;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_equation() {
        let mut pair = FmPair::new();
        pair.set(0.01, 0.0235);
        let mut out = [0.0; 1000];
        pair.render(&mut out, Segment::flat(0.5), Segment::flat(3.0));
        for (n, y) in out.iter().enumerate() {
            let turn = |step: f64| std::f64::consts::TAU * step * n as f64;
            let expected = 0.5 * (turn(0.01) + 3.0 * turn(0.0235).sin()).sin();
            assert!((f64::from(*y) - expected).abs() < 2e-4, "sample {n}");
        }
    }

    #[test]
    fn index_0_is_a_sine() {
        let mut pair = FmPair::new();
        pair.set(0.02, 0.3);
        let (mut bent, mut sine) = ([0.0; 64], [0.0; 64]);
        pair.render(&mut bent, Segment::flat(1.0), Segment::flat(0.0));
        let mut phase = Phase::new();
        phase.set_phase_step(0.02);
        phase.render_sine(&mut sine, Segment::flat(1.0));
        assert!(bent.iter().zip(sine).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
