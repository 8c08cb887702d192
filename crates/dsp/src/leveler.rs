//! Holds a slowly changing mix at one loudness, as a patient hand at a fader would.
//!
//! ```text
//! p ← p + (x² − p)·n/τ      gain = clamp(√(goal / p), 1/most..most)
//! ```
//!
//! So slow (τ of several seconds) that phrases keep their shape, and only settings and scenes are evened.

use crate::{
    Segment, State, math,
    simd::{LANES, Lanes, kernel},
};

/// A slow automatic gain for a stereo signal.
#[derive(Clone, Copy, Debug)]
pub struct Leveler {
    goal: f32,
    most: f32,
    seconds: f32,
    first: f32,
    sample_rate: f32,
    power: f32,
    gain: f32,
}

impl Leveler {
    /// Heads for a mean square of `goal` a channel, changing by a factor of at most `most`, with a time
    /// constant of `seconds`; begins at `gain`, which is held within `1/most..=most`.
    pub fn new(goal: f32, most: f32, seconds: f32, gain: f32, sample_rate_hz: u32) -> Self {
        let sample_rate = sample_rate_hz as f32;
        let first = math::clamp(gain, 1.0 / most, most);
        Self { goal, most, seconds, first, sample_rate, power: goal / (first * first), gain: first }
    }

    /// As new.
    pub fn reset(&mut self) {
        (self.power, self.gain) = (self.goal / (self.first * self.first), self.first);
    }

    /// Hears one control step and tells the gain to apply along it.
    pub fn advance(&mut self, left: &[f32], right: &[f32]) -> Segment {
        let mean = 0.5 * (power(left) + power(right)) / left.len().max(1) as f32;
        let share = left.len() as f32 / (self.seconds * self.sample_rate);
        self.power += (mean - self.power) * math::clamp(share, 0.0, 1.0);
        let wanted = (self.goal / (self.power + 1e-9)).sqrt();
        let from = self.gain;
        self.gain = math::clamp(wanted, 1.0 / self.most, self.most);
        Segment::between(from, self.gain, left.len())
    }
}

kernel! {
    fn power = power_generic(x: &[f32]) -> f32;
}

/// The sum of squares, lane by lane, then lanes 0 and 4, 1 and 5, 2 and 6, 3 and 7, then those.
#[inline(always)]
fn power_generic<V: Lanes>(x: &[f32]) -> f32 {
    let mut sums = V::splat(0.0);
    for x in x.chunks(LANES) {
        let x = V::load_some(x);
        sums = sums.add_mul(x, x);
    }
    let mut all = [0.0; LANES];
    sums.store(&mut all);
    let [a, b, c, d, e, f, g, h] = all;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

impl State for Leveler {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.power.visit(word);
        self.gain.visit(word);
        self.power = math::clamp(self.power, 0.0, 1e4);
        self.gain = math::clamp(self.gain, 1.0 / self.most, self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loud_and_soft_end_at_the_goal() {
        for level in [0.1_f32, 0.4] {
            let mut leveler = Leveler::new(0.04, 4.0, 1.0, 1.0, 44_100);
            let block = [level; 64];
            (0..5000).for_each(|_| _ = leveler.advance(&block, &block));
            assert!((leveler.gain * level - 0.2).abs() < 0.005);
        }
    }
}
