//! The straight way from one value to the next, so that a moved knob makes no click.
//!
//! ```text
//! v[n] = target − slope · left[n]      left counts down to 0, one a sample
//! ```

use crate::{Segment, State};

/// A value on its way to a target.
#[derive(Clone, Copy, Debug)]
pub struct Ramp {
    target: f32,
    slope: f32,
    left: u32,
    len: u32,
}

impl Ramp {
    /// Rests at `value`; every way to a new one takes `len` samples, at least 1.
    pub fn new(value: f32, len: u32) -> Self {
        Self { target: value, slope: 0.0, left: 0, len: if len > 0 { len } else { 1 } }
    }

    /// Rests at `value` at once.
    pub fn reset(&mut self, value: f32) {
        (self.target, self.slope, self.left) = (value, 0.0, 0);
    }

    /// Heads for `target`, from wherever it is.
    pub fn set(&mut self, target: f32) {
        self.slope = (target - self.value()) / self.len as f32;
        (self.target, self.left) = (target, self.len);
    }

    /// Passes `len` samples and tells the straight line between the ends.
    pub fn advance(&mut self, len: usize) -> Segment {
        let from = self.value();
        self.left = self.left.saturating_sub(len as u32);
        Segment::between(from, self.value(), len)
    }

    /// Multiplies `io` by the value, sample by sample.
    pub fn process(&mut self, io: &mut [f32]) {
        for sample in io {
            *sample *= self.value();
            self.left = self.left.saturating_sub(1);
        }
    }

    /// The value now.
    #[inline]
    pub fn value(&self) -> f32 {
        self.target - self.slope * self.left as f32
    }

    /// The value it heads for.
    pub fn target(&self) -> f32 {
        self.target
    }
}

impl State for Ramp {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.target.visit(word);
        self.slope.visit(word);
        self.left.visit(word);
        self.left = if self.left > self.len { 0 } else { self.left };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrives_exactly_and_on_time() {
        let mut ramp = Ramp::new(0.0, 100);
        ramp.set(1.0);
        assert_eq!(ramp.advance(50).from, 0.0);
        assert!((ramp.value() - 0.5).abs() < 1e-6);
        ramp.advance(50);
        assert_eq!(ramp.value(), 1.0);
        ramp.advance(1000);
        assert_eq!(ramp.value(), 1.0);
    }
}
