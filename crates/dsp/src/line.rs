//! The past of a signal, in 16 bits: half the memory, and caches are what many streams run out of.
//!
//! ```text
//! q = x·2^14, its fraction cut off      range ±2, one step −84 dBFS
//! ```
//!
//! Cutting goes towards zero, so a loop through a line loses energy at every pass and its tail ends in
//! exact silence: no limit cycles, no denormals.

use crate::simd::Lanes;

/// A delay line that is written and read in runs of at most [`Line::RUN`] samples.
#[derive(Clone, Debug)]
pub struct Line {
    /// `capacity` samples, then the first [`Self::GUARD`] again so that no read wraps.
    cells: Box<[i16]>,
    capacity: usize,
    at: usize,
}

impl Line {
    /// The most samples that are written at once.
    pub const RUN: usize = 64;

    const GUARD: usize = Self::RUN + 4;
    /// Steps from 0 to full scale.
    pub(crate) const STEPS: f32 = 16_384.0;

    /// Silence, for delays of up to `longest` samples.
    pub fn new(longest: usize) -> Self {
        let capacity = longest + Self::GUARD;
        Self { cells: vec![0; capacity + Self::GUARD].into(), capacity, at: 0 }
    }

    /// Silence again.
    pub fn reset(&mut self) {
        self.cells.fill(0);
        self.at = 0;
    }

    /// Appends samples, at most [`Self::RUN`]; they are held within ±2.
    ///
    /// # Panics
    ///
    /// When there are more.
    #[inline(always)]
    pub fn write(&mut self, samples: &[f32]) {
        let mut words = [0_i16; Self::RUN];
        let words = &mut words[..samples.len()];
        for (word, sample) in words.iter_mut().zip(samples) {
            *word = quantise(*sample);
        }
        self.push(words);
    }

    /// Appends cells, at most [`Self::RUN`]; an array of known length is copied without a call.
    #[inline(always)]
    pub(crate) fn push_all<const N: usize>(&mut self, words: &[i16; N]) {
        let end = self.at + N;
        if self.at >= Self::GUARD && end < self.capacity {
            self.cells[self.at..end].copy_from_slice(words);
            self.at = end;
        } else {
            self.push(words);
        }
    }

    /// Appends cells, at most [`Self::RUN`].
    fn push(&mut self, words: &[i16]) {
        let end = self.at + words.len();
        if self.at >= Self::GUARD && end <= self.capacity {
            self.cells[self.at..end].copy_from_slice(words);
        } else {
            self.write_at_the_seam(words);
        }
        self.at = if end >= self.capacity { end - self.capacity } else { end };
    }

    #[cold]
    fn write_at_the_seam(&mut self, words: &[i16]) {
        let first = words.len().min(self.capacity - self.at);
        let (before, after) = words.split_at(first);
        self.cells[self.at..self.at + first].copy_from_slice(before);
        self.cells[..after.len()].copy_from_slice(after);
        let (guarded, guard) = self.cells.split_at_mut(self.capacity);
        guard.copy_from_slice(&guarded[..Self::GUARD]);
    }

    /// Reads `out.len()` samples, of which the first was written `delay` samples before what will be
    /// written next. At most [`Self::RUN`] + 2 samples; `delay` at least their number and at most
    /// `longest` + 2.
    ///
    /// # Panics
    ///
    /// When `delay` or the number of samples is beyond.
    #[inline(always)]
    pub fn read(&self, delay: usize, out: &mut [f32]) {
        let start =
            if self.at >= delay { self.at - delay } else { self.at + self.capacity - delay };
        let words = &self.cells[start..start + out.len()];
        for (sample, word) in out.iter_mut().zip(words) {
            *sample = f32::from(*word) * (1.0 / 16_384.0);
        }
    }

    /// `len` cells in steps of 1 / [`Self::STEPS`], of which the first was written `delay` samples before what
    /// will be written next; at most [`Self::RUN`] + 4.
    #[inline(always)]
    pub(crate) fn words(&self, delay: usize, len: usize) -> &[i16] {
        let start =
            if self.at >= delay { self.at - delay } else { self.at + self.capacity - delay };
        &self.cells[start..start + len]
    }

    /// `N` cells as [`Self::words`], their number known to the compiler.
    #[inline(always)]
    pub(crate) fn array<const N: usize>(&self, delay: usize) -> &[i16; N] {
        self.words(delay, N).first_chunk().unwrap_or_else(|| unreachable!())
    }
}

/// Samples in the steps of a [`Line`], as its kernels compute with them: what is absurd is cut off.
#[inline(always)]
pub(crate) fn in_steps<V: Lanes>(samples: V) -> V {
    samples.mul(V::splat(Line::STEPS)).clamp(-4e6, 4e6)
}

/// The reverse of [`in_steps`].
#[inline(always)]
pub(crate) fn from_steps<V: Lanes>(samples: V) -> V {
    samples.mul(V::splat(1.0 / Line::STEPS))
}

#[inline(always)]
fn quantise(sample: f32) -> i16 {
    // The cast saturates, and NaN gives 0.
    (sample * Line::STEPS) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_after_the_delay_across_the_seam() {
        let mut line = Line::new(300);
        let sample = |n: usize| (n % 1000) as f32 / 1000.0;
        let mut written = 0;
        for run in [64, 1, 37, 64, 5].into_iter().cycle().take(400) {
            let mut out = [0.0; 64];
            line.read(300, &mut out[..run]);
            for (n, value) in out[..run].iter().enumerate() {
                let expected = (written + n).checked_sub(300).map_or(0.0, sample);
                assert!((value - expected).abs() < 1.3e-4, "{value} {expected}");
            }
            let samples: Vec<f32> = (written..written + run).map(sample).collect();
            line.write(&samples);
            written += run;
        }
    }

    #[test]
    fn rounding_never_makes_louder() {
        for n in -40_000..40_000 {
            let sample = n as f32 / 16_000.0;
            assert!((f32::from(quantise(sample)) / 16_384.0).abs() <= sample.abs() + 1e-6);
        }
        assert_eq!(quantise(f32::NAN), 0);
    }
}
