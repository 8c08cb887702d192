//! A parameter as a synthesiser sees it: a target, and a value that follows it without a click.

use perpetuo_dsp::{Segment, State, math};
use perpetuo_station::BLOCK_LEN;

/// A smoothed parameter in 0..1: 90 % of the way in 30 ms at 44.1 kHz.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    value: f32,
    target: f32,
}

impl Knob {
    /// What is left of the way after a block: 0.1^(64 / (0.03 · 44100)), rounded.
    const REST: f32 = 0.9;

    /// Stands at a value.
    pub fn new(value: f32) -> Self {
        Self { value, target: value }
    }

    /// Heads for a value.
    pub fn set(&mut self, target: f32) {
        self.target = target;
    }

    /// Passes one block.
    pub fn advance(&mut self) -> Segment {
        let from = self.value;
        let value = self.target + (from - self.target) * Self::REST;
        let rest = value - self.target;
        self.value = if rest * rest < 1e-10 { self.target } else { value };
        Segment::between(from, self.value, BLOCK_LEN)
    }

    /// Where it is now.
    pub fn value(&self) -> f32 {
        self.value
    }
}

impl State for Knob {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for value in [&mut self.value, &mut self.target] {
            value.visit(word);
            *value = math::clamp(*value, 0.0, 1.0);
        }
    }
}
