//! Many sines at once, each of one pitch for the run: a third of the cost of as many [`crate::Phase`]s.
//!
//! ```text
//! y[n] = level[n] · sin(2π · turn[n])      y[n+8] = 2cos(2π · 8 step) · y[n] − y[n−8]
//! ```
//!
//! The first sixteen samples of a run are computed, the others follow. So a run of 64 samples and two of 32
//! are the same to 10^-5 of the level only, not to the bit.
//!
//! Source of the recurrence: P. Chebyshev's, as in J. O. Smith, *Digital Sinusoid Generators*.

use crate::{
    CONTROL_LEN, Segment,
    math::fine_cos,
    simd::{LANES, Lanes, Words, eight_mut, kernel},
};

/// One of the sines of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sine {
    /// Where it begins, in 2^-32 turns.
    pub turn: u32,
    /// Its pitch.
    pub pitch: Pitch,
    /// Its level along the run.
    pub level: Segment,
}

/// A frequency, and what the recurrence makes of it: to be kept from run to run, as it costs as much as
/// a third of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pitch {
    step: u32,
    twice_cos: f32,
}

impl Pitch {
    /// A frequency as what each sample adds, in 2^-32 turns.
    pub fn new(step: u32) -> Self {
        let eight_on = step.wrapping_mul(LANES as u32);
        Self { step, twice_cos: (2.0 * fine_cos(eight_on)) as f32 }
    }

    /// What each sample adds, in 2^-32 turns.
    #[inline]
    pub fn step(self) -> u32 {
        self.step
    }

    /// Takes another frequency; the same again costs nothing.
    #[inline]
    pub fn set(&mut self, step: u32) {
        if step != self.step {
            *self = Self::new(step);
        }
    }
}

impl Default for Pitch {
    /// None at all.
    fn default() -> Self {
        Self::new(0)
    }
}

/// Adds sines to `out`: a multiple of 8 samples, at most [`CONTROL_LEN`].
///
/// # Panics
///
/// When there are more.
pub fn add_sines(out: &mut [f32], sines: &[Sine]) {
    assert!(out.len() <= CONTROL_LEN && out.len().is_multiple_of(LANES), "a run is whole eights");
    sum_up(out, sines);
}

kernel! {
    fn sum_up = sum_up_generic(out: &mut [f32], sines: &[Sine]);
}

#[inline(always)]
fn sum_up_generic<V: Lanes>(out: &mut [f32], sines: &[Sine]) {
    let mut fours = sines.chunks_exact(4);
    for four in &mut fours {
        let (mut a, mut b) = (Wave::<V>::begin(&four[0]), Wave::<V>::begin(&four[1]));
        let (mut c, mut d) = (Wave::<V>::begin(&four[2]), Wave::<V>::begin(&four[3]));
        let mut at = 0;
        while at < out.len() {
            let out = eight_mut(out, at);
            V::load(out).add(a.next()).add(b.next()).add(c.next()).add(d.next()).store(out);
            at += LANES;
        }
    }
    for sine in fours.remainder() {
        let mut wave = Wave::<V>::begin(sine);
        let mut at = 0;
        while at < out.len() {
            let out = eight_mut(out, at);
            V::load(out).add(wave.next()).store(out);
            at += LANES;
        }
    }
}

/// One sine on its way.
struct Wave<V> {
    now: V,
    next: V,
    twice_cos: V,
    gain: V,
    gain_step: V,
}

impl<V: Lanes> Wave<V> {
    #[inline(always)]
    fn begin(sine: &Sine) -> Self {
        let turns = V::Words::along(sine.turn, sine.pitch.step);
        let eight_on = sine.pitch.step.wrapping_mul(LANES as u32);
        Self {
            now: turns.turns().fine_sin_turns(),
            next: turns.add(V::Words::splat(eight_on)).turns().fine_sin_turns(),
            twice_cos: V::splat(sine.pitch.twice_cos),
            gain: V::along(sine.level, 0),
            gain_step: V::splat(sine.level.step * LANES as f32),
        }
    }

    #[inline(always)]
    fn next(&mut self) -> V {
        let heard = self.gain.mul(self.now);
        let later = self.twice_cos.mul(self.next).sub(self.now);
        (self.now, self.next) = (self.next, later);
        self.gain = self.gain.add(self.gain_step);
        heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_sum_of_sines_at_every_pitch() {
        for hz in [17.0_f64, 30.0, 55.0, 440.0, 1378.0, 2756.25, 5512.5, 9000.0, 17_000.0] {
            let step = (hz / 44_100.0 * 4_294_967_296.0) as u32;
            let level = Segment { from: 0.5, step: 0.005 };
            let sine = |turn: u32| Sine { turn, pitch: Pitch::new(step), level };
            let mut out = [0.0; CONTROL_LEN];
            add_sines(&mut out, &[sine(5), sine(1 << 30), sine(3 << 29)]);
            for (n, y) in out.iter().enumerate() {
                let of = |turn: u32| {
                    let turn = turn.wrapping_add(step.wrapping_mul(n as u32));
                    (f64::from(turn) * (std::f64::consts::TAU / 4_294_967_296.0)).sin()
                };
                let due = f64::from(level.at(n)) * (of(5) + of(1 << 30) + of(3 << 29));
                assert!((f64::from(*y) - due).abs() < 6e-5, "{hz} Hz, sample {n}: {y} {due}");
            }
        }
    }
}
