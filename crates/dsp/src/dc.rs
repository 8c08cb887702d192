//! Takes out what is below hearing, so that no constant offset eats headroom.
//!
//! ```text
//! y[n] = x[n] − m[n]      m goes in straight lines of 64 samples: after each one
//! m' ← m' + 64·c·(mean of the line's x − m')      c = 2π·cutoff
//! ```
//!
//! A one-pole high-pass whose pole moves once per line, so that a sample costs a subtraction.
//!
//! Source: J. O. Smith, *Introduction to Digital Filters*, "DC Blocker", in its low-pass-subtracting form.

use crate::{CONTROL_LEN, State, math};

/// A one-pole high-pass for one channel.
#[derive(Clone, Copy, Debug)]
pub struct DcBlocker {
    share: f32,
    /// The mean at the beginning and at the end of the line.
    from: f32,
    to: f32,
    sums: [f32; 4],
    at: usize,
}

impl DcBlocker {
    /// Takes out what is below `cutoff` cycles per sample, 0.00001..=0.002.
    pub fn new(cutoff: f32) -> Self {
        let share = math::clamp(cutoff, 1e-5, 0.002) * std::f32::consts::TAU * CONTROL_LEN as f32;
        Self { share, from: 0.0, to: 0.0, sums: [0.0; 4], at: 0 }
    }

    /// Forgets the mean.
    pub fn reset(&mut self) {
        *self = Self { share: self.share, from: 0.0, to: 0.0, sums: [0.0; 4], at: 0 };
    }

    /// Filters `io` in place.
    pub fn process(&mut self, io: &mut [f32]) {
        let mut rest = io;
        while !rest.is_empty() {
            let (run, later) = rest.split_at_mut(rest.len().min(CONTROL_LEN - self.at));
            if run.len() == CONTROL_LEN {
                self.process_run(&mut run[..CONTROL_LEN]);
            } else {
                self.process_run(run);
            }
            self.at += run.len();
            if self.at == CONTROL_LEN {
                self.turn();
            }
            rest = later;
        }
    }

    #[inline(always)]
    fn process_run(&mut self, run: &mut [f32]) {
        let step = (self.to - self.from) * (1.0 / CONTROL_LEN as f32);
        let at = self.at;
        if at.is_multiple_of(4) {
            for quad in run.chunks_exact(4) {
                for (sum, sample) in self.sums.iter_mut().zip(quad) {
                    *sum += sample;
                }
            }
            let whole = run.len() / 4 * 4;
            for (sum, sample) in self.sums.iter_mut().zip(&run[whole..]) {
                *sum += sample;
            }
        } else {
            for (i, sample) in run.iter().enumerate() {
                self.sums[(at + i) % 4] += sample;
            }
        }
        for (i, sample) in run.iter_mut().enumerate() {
            *sample -= self.from + step * (at as i32 + i as i32) as f32;
        }
    }

    fn turn(&mut self) {
        let sum = (self.sums[0] + self.sums[2]) + (self.sums[1] + self.sums[3]);
        let next = self.to + self.share * (sum * (1.0 / CONTROL_LEN as f32) - self.to);
        self.from = self.to;
        self.to = if next * next > 1e-24 { next } else { 0.0 };
        (self.sums, self.at) = ([0.0; 4], 0);
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
        dc.process(&mut io);
        assert_eq!((io[19_999], dc.to), (0.0, 0.0));
    }
}
