//! The past of a signal, in 16 bits: half the memory, and caches are what many streams run out of.
//!
//! ```text
//! q = x·2^14, its fraction cut off      range ±2, one step −84 dBFS
//! ```
//!
//! Cutting goes towards zero, so a loop through a line loses energy at every pass and its tail ends in
//! exact silence: no limit cycles, no denormals.

use crate::simd::{Lanes, fetch};

/// A delay line that is written in runs of `RUN` samples.
#[derive(Clone, Debug)]
pub(crate) struct Line<const RUN: usize> {
    /// `capacity` samples, a whole number of runs, then the first of them again so that no read wraps.
    cells: Box<[i16]>,
    capacity: usize,
    at: usize,
}

/// Steps from 0 to full scale.
pub(crate) const STEPS: f32 = 16_384.0;

impl<const RUN: usize> Line<RUN> {
    const GUARD: usize = 2 * RUN;

    /// Silence, for delays of up to `longest` samples.
    pub(crate) fn new(longest: usize) -> Self {
        let capacity = (longest + 2).next_multiple_of(RUN).max(Self::GUARD);
        Self { cells: vec![0; capacity + Self::GUARD].into(), capacity, at: 0 }
    }

    /// Silence again.
    pub(crate) fn reset(&mut self) {
        self.cells.fill(0);
        self.at = 0;
    }

    /// Appends cells, in steps of 1 / [`STEPS`].
    #[inline(always)]
    pub(crate) fn push(&mut self, run: &[i16; RUN]) {
        let at = self.at;
        self.cells[at..at + RUN].copy_from_slice(run);
        if at < Self::GUARD {
            self.cells[self.capacity + at..self.capacity + at + RUN].copy_from_slice(run);
        }
        self.at = if at + RUN == self.capacity { 0 } else { at + RUN };
        fetch(self.cells.get(self.at));
    }

    /// `N` cells, at most `RUN` + 4, of which the first was written `delay` samples before what will be written
    /// next; `delay` at least their number and at most `longest` + 2.
    ///
    /// # Panics
    ///
    /// When `delay` or the number of cells is beyond.
    #[inline(always)]
    pub(crate) fn array<const N: usize>(&self, delay: usize) -> &[i16; N] {
        let start =
            if self.at >= delay { self.at - delay } else { self.at + self.capacity - delay };
        fetch(self.cells.get(start + N + RUN));
        self.cells[start..start + N].first_chunk().unwrap_or_else(|| unreachable!())
    }
}

/// Samples in the steps of a [`Line`], as its kernels compute with them: what is absurd is cut off.
#[inline(always)]
pub(crate) fn in_steps<V: Lanes>(samples: V) -> V {
    samples.mul(V::splat(STEPS)).clamp(-4e6, 4e6)
}

/// The reverse of [`in_steps`].
#[inline(always)]
pub(crate) fn from_steps<V: Lanes>(samples: V) -> V {
    samples.mul(V::splat(1.0 / STEPS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{LANES, Portable};

    #[test]
    fn what_was_written_is_read_after_the_delay_across_the_seam() {
        for longest in [62, 300, 317, 350] {
            let mut line = Line::<32>::new(longest);
            for run in 0..400_i32 {
                for delay in [36, longest / 2 + 20, longest, longest + 2] {
                    let read: &[i16; 36] = line.array(delay);
                    for (n, cell) in (0..).zip(read) {
                        let written = 32 * run + n - delay as i32;
                        assert_eq!(i32::from(*cell), written.max(0), "{longest} {delay} {run}");
                    }
                }
                line.push(&std::array::from_fn(|n| (32 * run) as i16 + n as i16));
            }
        }
    }

    #[test]
    fn rounding_never_makes_louder() {
        for n in -40_000..40_000 {
            let sample = n as f32 / 16_000.0;
            let mut cells = [0; LANES];
            in_steps(Portable::splat(sample)).store_i16(&mut cells);
            assert!((f32::from(cells[0]) / STEPS).abs() <= sample.abs() + 1e-6);
        }
    }
}
