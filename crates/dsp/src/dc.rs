//! Takes out what is below hearing, so that no constant offset eats headroom.
//!
//! ```text
//! y[n] = x[n] − m[n]      m[n+1] = m[n] + c·y[n]      c = 2π·cutoff
//! ```
//!
//! Source: J. O. Smith, *Introduction to Digital Filters*, "DC Blocker", in its low-pass-subtracting form.

use crate::{CONTROL_LEN, State, math};

/// A one-pole high-pass for one channel.
#[derive(Clone, Copy, Debug)]
pub struct DcBlocker {
    share: f32,
    mean: f32,
    /// Samples into the control step, at whose end a mean too small to hear is dropped.
    at: usize,
}

impl DcBlocker {
    /// Takes out what is below `cutoff` cycles per sample, 0.00001..=0.01.
    pub fn new(cutoff: f32) -> Self {
        Self { share: math::clamp(cutoff, 1e-5, 0.01) * std::f32::consts::TAU, mean: 0.0, at: 0 }
    }

    /// Forgets the mean.
    pub fn reset(&mut self) {
        (self.mean, self.at) = (0.0, 0);
    }

    /// Filters `io` in place.
    pub fn process(&mut self, io: &mut [f32]) {
        let mut rest = io;
        while !rest.is_empty() {
            let (run, later) = rest.split_at_mut(rest.len().min(CONTROL_LEN - self.at));
            for sample in &mut *run {
                let y = *sample - self.mean;
                self.mean += self.share * y;
                *sample = y;
            }
            self.at = (self.at + run.len()) % CONTROL_LEN;
            if self.at == 0 && self.mean * self.mean < 1e-24 {
                self.mean = 0.0;
            }
            rest = later;
        }
    }
}

impl State for DcBlocker {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.mean.visit(word);
        self.mean = math::clamp(self.mean, -64.0, 64.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_fades_to_exact_nothing() {
        let mut dc = DcBlocker::new(0.001);
        let mut io = vec![1.0; 20_000];
        dc.process(&mut io);
        assert!(io[0] == 1.0 && io[19_999].abs() < 1e-4);
        io.fill(0.0);
        dc.process(&mut io);
        dc.process(&mut io);
        assert_eq!((io[19_999], dc.mean), (0.0, 0.0));
    }
}
