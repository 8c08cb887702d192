//! Takes out what is below hearing, so that no constant offset eats headroom.
//!
//! ```text
//! y[n] = x[n] − m[n]      m goes in straight lines of 64 samples: after each one
//! m' ← m' + 64·c·(mean of the line's x − m')      c = 2π·cutoff
//! ```
//!
//! A one-pole high-pass whose pole moves once per line, so that a sample costs a subtraction. The samples
//! themselves are [`crate::Finish`]'s.
//!
//! Source: J. O. Smith, *Introduction to Digital Filters*, "DC Blocker", in its low-pass-subtracting form.

use crate::{CONTROL_LEN, Segment, State, math};

/// The mean of one channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DcBlocker {
    share: f32,
    /// The mean at the beginning and at the end of the line.
    from: f32,
    to: f32,
}

impl DcBlocker {
    /// Takes out what is below `cutoff` cycles per sample, 0.00001..=0.002.
    pub(crate) fn new(cutoff: f32) -> Self {
        let share = math::clamp(cutoff, 1e-5, 0.002) * std::f32::consts::TAU * CONTROL_LEN as f32;
        Self { share, from: 0.0, to: 0.0 }
    }

    /// Forgets the mean.
    pub(crate) fn reset(&mut self) {
        (self.from, self.to) = (0.0, 0.0);
    }

    /// What to take from the samples of the step.
    #[inline(always)]
    pub(crate) fn line(&self) -> Segment {
        Segment { from: self.from, step: (self.to - self.from) * (1.0 / CONTROL_LEN as f32) }
    }

    /// The step is over; `sums` are those of its samples at 0, 4, 8..., at 1, 5, 9... and so on.
    #[inline(always)]
    pub(crate) fn turn(&mut self, [a, b, c, d]: [f32; 4]) {
        let sum = (a + c) + (b + d);
        let next = self.to + self.share * (sum * (1.0 / CONTROL_LEN as f32) - self.to);
        self.from = self.to;
        self.to = if next * next > 1e-24 { next } else { 0.0 };
    }
}

impl State for DcBlocker {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for mean in [&mut self.from, &mut self.to] {
            mean.visit(word);
            *mean = math::clamp(*mean, -64.0, 64.0);
        }
    }
}
