//! A modal bank: partials that are struck together and die away, each by itself.
//!
//! ```text
//! y[n] = Σ level · 2^(−n/half) · sin(2π · phase_step · n)      over the partials
//! ```
//!
//! Every 64 samples since the stroke the first sixteen are computed, and the others follow from
//!
//! ```text
//! y[n+8] = 2ρ cos(2π · 8 phase_step) · y[n] − ρ² y[n−8]      ρ = 2^(−8/half)
//! ```
//!
//! A new stroke fades what still sounds out over
//! [`CONTROL_LEN`] samples, so nothing is cut.
//!
//! Source of the idea: J.-M. Adrien, *The Missing Link: Modal Synthesis*, 1991.

use crate::{
    CONTROL_LEN, Segment, State, math,
    phase::step_from,
    simd::{LANES, Lanes, Words, kernel},
};

/// One partial of a struck thing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Partial {
    /// Frequency in cycles per sample, 0..0.5; from 0.45 on it is not heard.
    pub phase_step: f32,
    /// Level at the stroke, 0..4.
    pub level: f32,
    /// Half-life in samples, at least 16.
    pub half: f32,
}

/// `N` partials of one struck thing.
#[derive(Clone, Debug)]
pub struct ModalBank<const N: usize> {
    modes: [Mode; N],
    /// Samples of the fade-in, and how many have passed.
    attack: u32,
    age: u32,
    /// What sounded before the latest stroke, fading out, and how much of it is over.
    tail: [f32; CONTROL_LEN],
    tail_at: usize,
    /// Samples since the partials were computed afresh, 0..64.
    since_seed: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mode {
    turn: u32,
    step: u32,
    level: f32,
    /// What is left of the level after eight samples.
    rest: f32,
    /// Factors of the latest eight samples and of those before in the next.
    factors: [f32; 2],
    /// The eight samples that were heard last, and those after them.
    now: [f32; LANES],
    next: [f32; LANES],
}

impl Mode {
    /// Below this, -80 dB, a partial is at rest.
    const SILENCE: f32 = 1e-4;

    fn tune(&mut self, step: u32, rest: f32) {
        (self.step, self.rest) = (step, rest);
        let cos = math::fine_cos(step.wrapping_mul(LANES as u32)) as f32;
        self.factors = [2.0 * rest * cos, rest * rest];
    }
}

impl<const N: usize> ModalBank<N> {
    /// At rest.
    pub fn new() -> Self {
        Self {
            modes: [Mode::default(); N],
            attack: 0,
            age: 0,
            tail: [0.0; CONTROL_LEN],
            tail_at: CONTROL_LEN,
            since_seed: 0,
        }
    }

    /// At rest at once.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// Strikes all partials from the start of their cycles, faded in over `attack` samples, 0..=512.
    pub fn strike(&mut self, partials: &[Partial; N], attack: u32) {
        if self.is_sounding() {
            let mut tail = [0.0; CONTROL_LEN];
            self.render(&mut tail);
            crate::mix::scale(&mut tail, Segment::between(1.0, 0.0, CONTROL_LEN));
            (self.tail, self.tail_at) = (tail, 0);
        }
        (self.attack, self.age) = (attack.min(512), 0);
        for (mode, partial) in self.modes.iter_mut().zip(partials) {
            let is_heard = partial.phase_step < 0.45;
            mode.turn = 0;
            mode.level = if is_heard { math::clamp(partial.level, 0.0, 4.0) } else { 0.0 };
            mode.tune(step_from(partial.phase_step), rest_of(partial.half));
        }
        self.since_seed = 0;
    }

    /// Gives the sounding partials their pitches and half-lives, levels and phases as they are: after a
    /// snapshot, or for a pitch that bends.
    pub fn retune(&mut self, partials: &[Partial; N]) {
        for (mode, partial) in self.modes.iter_mut().zip(partials) {
            mode.tune(step_from(partial.phase_step), rest_of(partial.half));
        }
        self.since_seed = 0;
    }

    /// From now on every partial dies at least as fast as `half` samples say.
    pub fn damp(&mut self, half: f32) {
        let rest = rest_of(half);
        for mode in &mut self.modes {
            mode.tune(mode.step, if mode.rest > rest { rest } else { mode.rest });
        }
        self.since_seed = 0;
    }

    /// Adds the next samples to `out`: a multiple of 8, at most [`CONTROL_LEN`].
    ///
    /// # Panics
    ///
    /// When there are more.
    pub fn render(&mut self, out: &mut [f32]) {
        if self.tail_at < CONTROL_LEN {
            let len = out.len().min(CONTROL_LEN - self.tail_at);
            crate::mix::add(out, &self.tail[self.tail_at..][..len], Segment::flat(1.0));
            self.tail_at += len;
        }
        if self.age < self.attack {
            let mut risen = [0.0; CONTROL_LEN];
            let risen = &mut risen[..out.len()];
            self.add(risen);
            let share = |age: u32| {
                let share = age as f32 / self.attack as f32;
                if share < 1.0 { share } else { 1.0 }
            };
            // The line is straight to the end of the fade, or of the run if that comes first.
            let rise = (self.attack - self.age).min(risen.len() as u32) as usize;
            let gain = Segment::between(share(self.age), share(self.age + rise as u32), rise);
            crate::mix::scale(&mut risen[..rise], gain);
            self.age += risen.len() as u32;
            crate::mix::add(out, risen, Segment::flat(1.0));
        } else {
            self.add(out);
        }
    }

    fn add(&mut self, out: &mut [f32]) {
        add_modes(&mut self.modes, out, self.since_seed);
        self.since_seed = (self.since_seed + out.len()) % CONTROL_LEN;
    }

    /// Whether anything is heard.
    pub fn is_sounding(&self) -> bool {
        self.tail_at < CONTROL_LEN || self.modes.iter().any(|mode| mode.level > Mode::SILENCE)
    }

    /// The sum of the levels: what to compare when a voice must be taken from one to another.
    pub fn loudness(&self) -> f32 {
        self.modes.iter().map(|mode| mode.level).sum()
    }
}

impl<const N: usize> Default for ModalBank<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Two words a partial and the age; pitches and half-lives are the owner's, see [`ModalBank::retune`].
impl<const N: usize> State for ModalBank<N> {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for mode in &mut self.modes {
            mode.turn.visit(word);
            mode.level.visit(word);
            mode.level = math::clamp(mode.level, 0.0, 4.0);
        }
        // What is being computed is not visited: after a snapshot it is back with the next seed, which
        // comes as soon as it would have. A tail that fades is over by then.
        let mut fade =
            (self.since_seed as u32 / 8) << 28 | self.attack << 16 | self.age.min(0xffff);
        fade.visit(word);
        (self.attack, self.age) = ((fade >> 16 & 0xfff).min(512), fade & 0xffff);
        self.since_seed = (fade >> 28) as usize % 8 * 8;
    }
}

/// What is left after eight samples.
fn rest_of(half: f32) -> f32 {
    math::exp2(-8.0 / if half > 16.0 { half } else { 16.0 })
}

kernel! {
    fn add_modes = add_modes_generic(modes: &mut [Mode], out: &mut [f32], since_seed: usize);
}

#[inline(always)]
fn add_modes_generic<V: Lanes>(modes: &mut [Mode], out: &mut [f32], since_seed: usize) {
    assert!(out.len() <= CONTROL_LEN && out.len().is_multiple_of(LANES), "a run is whole eights");
    let seeded_at = ((CONTROL_LEN - since_seed) % CONTROL_LEN).min(out.len());
    for mode in modes {
        if mode.level > Mode::SILENCE {
            let mut ringing = Ringing::<V>::of(mode);
            let (first, second) = out.split_at_mut(seeded_at);
            ringing.go_on(first);
            if let Some((out, rest)) = second.split_first_chunk_mut() {
                (ringing.now, ringing.next) = seed(mode, seeded_at as u32, ringing.level);
                ringing.add(out);
                ringing.go_on(rest);
            }
            ringing.now.store(&mut mode.now);
            ringing.next.store(&mut mode.next);
            mode.level = if ringing.level > Mode::SILENCE { ringing.level } else { 0.0 };
        }
        mode.turn = mode.turn.wrapping_add(mode.step.wrapping_mul(out.len() as u32));
    }
}

/// A mode on its way: the eight samples that were heard last, and those after them.
struct Ringing<V> {
    now: V,
    next: V,
    factors: [V; 2],
    level: f32,
    rest: f32,
}

impl<V: Lanes> Ringing<V> {
    #[inline(always)]
    fn of(mode: &Mode) -> Self {
        Self {
            now: V::load(&mode.now),
            next: V::load(&mode.next),
            factors: [V::splat(mode.factors[0]), V::splat(mode.factors[1])],
            level: mode.level,
            rest: mode.rest,
        }
    }

    #[inline(always)]
    fn go_on(&mut self, out: &mut [f32]) {
        for out in out.as_chunks_mut().0 {
            let later = self.factors[0].mul(self.next).sub(self.factors[1].mul(self.now));
            (self.now, self.next) = (self.next, later);
            self.add(out);
        }
    }

    #[inline(always)]
    fn add(&mut self, out: &mut [f32; LANES]) {
        V::load(out).add(self.now).store(out);
        self.level *= self.rest;
    }
}

/// The eight samples `at` samples on, at `level`, and the eight after them.
#[inline(always)]
fn seed<V: Lanes>(mode: &Mode, at: u32, level: f32) -> (V, V) {
    let turn = mode.turn.wrapping_add(mode.step.wrapping_mul(at));
    let turns = V::Words::along(turn, mode.step);
    let later = turns.add(V::Words::splat(mode.step.wrapping_mul(LANES as u32)));
    // A straight line over the eight, the same in all that follow.
    let gain = V::along(Segment { from: level, step: level * (mode.rest - 1.0) * 0.125 }, 0);
    let now = gain.mul(turns.turns().fine_sin_turns());
    let next = gain.mul(V::splat(mode.rest)).mul(later.turns().fine_sin_turns());
    (now, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bank(half: f32) -> ModalBank<3> {
        let mut bank = ModalBank::new();
        let partial = |ratio: f32, level| Partial { phase_step: 0.01 * ratio, level, half };
        bank.strike(&[partial(1.0, 0.5), partial(2.76, 0.3), partial(5.4, 0.2)], 0);
        bank
    }

    fn rendered(bank: &mut ModalBank<3>, blocks: usize) -> Vec<f32> {
        let mut out = vec![0.0; blocks * CONTROL_LEN];
        out.chunks_mut(CONTROL_LEN).for_each(|block| bank.render(block));
        out
    }

    #[test]
    fn it_is_the_sum_of_decaying_sines() {
        let out = rendered(&mut bank(3000.0), 100);
        for (n, y) in out.iter().enumerate() {
            let turn = |ratio: f64| (std::f64::consts::TAU * 0.01 * ratio * n as f64).sin();
            let sum = 0.5 * turn(1.0) + 0.3 * turn(2.76) + 0.2 * turn(5.4);
            let expected = sum * (-(n as f64) / 3000.0).exp2();
            assert!((f64::from(*y) - expected).abs() < 2e-4, "sample {n}: {y} {expected}");
        }
    }

    #[test]
    fn it_ends_in_exact_silence() {
        let mut bank = bank(500.0);
        rendered(&mut bank, 200);
        assert!(!bank.is_sounding());
        assert!(rendered(&mut bank, 1).iter().all(|y| *y == 0.0));
    }

    #[test]
    fn a_stroke_upon_a_stroke_does_not_click() {
        let mut bank = bank(20_000.0);
        let mut out = rendered(&mut bank, 10);
        bank.strike(&[Partial { phase_step: 0.013, level: 0.1, half: 900.0 }; 3], 64);
        out.extend(rendered(&mut bank, 3));
        let steepest =
            |samples: &[f32]| samples.windows(2).map(|x| (x[1] - x[0]).abs()).fold(0.0, f32::max);
        assert!(steepest(&out[600..]) < 1.1 * steepest(&out[..600]));
    }

    #[test]
    fn damping_shortens_and_never_lengthens() {
        let (mut free, mut damped) = (bank(10_000.0), bank(10_000.0));
        damped.damp(500.0);
        damped.damp(50_000.0);
        rendered(&mut free, 50);
        rendered(&mut damped, 50);
        assert!(damped.loudness() < 0.05 * free.loudness());
    }
}
