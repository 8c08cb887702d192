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
    /// The past, then the first two runs of it again so that no read wraps.
    runs: Box<[[i16; RUN]]>,
    /// Which run is written next.
    at: usize,
}

/// Steps from 0 to full scale.
pub(crate) const STEPS: f32 = 16_384.0;

impl<const RUN: usize> Line<RUN> {
    const GUARD: usize = 2;

    /// Silence, for delays of up to `longest` samples.
    pub(crate) fn new(longest: usize) -> Self {
        let past = (longest + 2).div_ceil(RUN).max(Self::GUARD);
        Self { runs: vec![[0; RUN]; past + Self::GUARD].into(), at: 0 }
    }

    /// Silence again.
    pub(crate) fn reset(&mut self) {
        self.runs.fill([0; RUN]);
        self.at = 0;
    }

    /// Appends cells, in steps of 1 / [`STEPS`].
    #[inline(always)]
    pub(crate) fn push(&mut self, run: &[i16; RUN]) {
        self.runs[self.at] = *run;
        if self.at < Self::GUARD {
            let beyond = self.past() + self.at;
            self.runs[beyond] = *run;
        }
        self.at = if self.at + 1 == self.past() { 0 } else { self.at + 1 };
        // What is written and read a step from now is asked for, as it is far from the processor when many
        // streams take turns.
        fetch(self.runs.as_ptr().wrapping_add(self.at));
    }

    /// `N` cells, at most `RUN` + 4, of which the first was written `delay` samples before what will be written
    /// next; `delay` at least their number and at most `longest` + 2.
    ///
    /// # Panics
    ///
    /// When `delay` or the number of cells is beyond.
    #[inline(always)]
    pub(crate) fn array<const N: usize>(&self, delay: usize) -> &[i16; N] {
        let at = self.at * RUN;
        let start = if at >= delay { at - delay } else { at + self.past() * RUN - delay };
        let cells = self.runs.as_flattened();
        fetch(cells.as_ptr().wrapping_add(start + N + RUN));
        cells[start..start + N].first_chunk().unwrap_or_else(|| unreachable!())
    }

    /// How many runs are kept.
    #[inline(always)]
    fn past(&self) -> usize {
        self.runs.len() - Self::GUARD
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
