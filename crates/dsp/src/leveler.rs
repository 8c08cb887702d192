//! Holds a slowly changing mix at one loudness, as a patient hand at a fader would.
//!
//! ```text
//! p ← p + (x² − p)·n/τ      gain = clamp(√(goal / p), 1/most..most)
//! ```
//!
//! So slow (τ of several seconds) that phrases keep their shape, and only settings and scenes are evened.

use crate::{CONTROL_LEN, Segment, State, math};

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

    /// Hears the sums of squares of one control step and tells the gain to apply along it.
    #[inline(always)]
    pub(crate) fn advance(&mut self, [left, right]: [f32; 2]) -> Segment {
        const LEN: f32 = CONTROL_LEN as f32;
        let mean = 0.5 * (left + right) / LEN;
        let share = LEN / (self.seconds * self.sample_rate);
        self.power += (mean - self.power) * math::clamp(share, 0.0, 1.0);
        let wanted = (self.goal / (self.power + 1e-9)).sqrt();
        let from = self.gain;
        self.gain = math::clamp(wanted, 1.0 / self.most, self.most);
        Segment::between(from, self.gain, CONTROL_LEN)
    }
}

impl State for Leveler {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.power.visit(word);
        self.gain.visit(word);
        self.power = math::clamp(self.power, 0.0, 1e4);
        self.gain = math::clamp(self.gain, 1.0 / self.most, self.most);
    }
}
