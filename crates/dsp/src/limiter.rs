//! Keeps peaks below a ceiling, also between samples, by turning down shortly before they come.
//!
//! ```text
//! peak of 16 samples = max |x|, |m|      m = (9(x₀ + x₁) − (x₋₁ + x₂)) / 16, halfway between two samples
//! limit = min(1, ceiling / peak)         node = min of the limits on both sides of it
//! next gain = min over the nodes ahead of the straight line that just meets each;
//!             otherwise up to 1, by a release of 120 ms
//! ```
//!
//! What comes in leaves [`Limiter::DELAY`] samples later. Below the ceiling nothing is changed.

use crate::{
    Segment, State, math,
    simd::{LANES, Lanes, eight, kernel},
};

/// A look-ahead limiter for two channels.
#[derive(Clone, Debug)]
pub struct Limiter {
    /// What has come, and where it has not come yet, what leaves; then what is held. The first three
    /// samples of each channel are the last of the one before.
    blocks: [[[f32; BEFORE + LEN]; 2]; 2],
    /// Which of the two is being filled.
    filling: usize,
    /// Limits of what is held, then of what comes.
    limits: [f32; 2 * PARTS],
    gain: f32,
    release: f32,
    at: usize,
}

/// Samples that stand before a block, so that what lies between it and the one before can be weighed.
const BEFORE: usize = 3;
/// Samples that are weighed together.
const LEN: usize = 64;
/// Samples of one limit.
const PART_LEN: usize = 16;
const PARTS: usize = LEN / PART_LEN;

impl Limiter {
    /// How much later samples leave.
    pub const DELAY: usize = 2 * LEN;

    /// -2.6 dBFS: 1.6 dB below what is promised. The halfway points do not show everything between
    /// samples: up to 1.3 dB more was measured (bright hats and clap, 4 times oversampled, 2026-11).
    pub const CEILING: f32 = 0.74;

    /// Open, with a release that follows the sample rate.
    pub fn new(sample_rate_hz: u32) -> Self {
        Self::with_release(PART_LEN as f32 / (0.12 * sample_rate_hz as f32))
    }

    /// Open and empty.
    pub fn reset(&mut self) {
        *self = Self::with_release(self.release);
    }

    /// Takes samples and gives those of [`Self::DELAY`] before; both channels of one length.
    ///
    /// # Panics
    ///
    /// When the lengths differ.
    pub fn process(&mut self, io: &mut [&mut [f32]; 2]) {
        let len = io[0].len();
        assert_eq!(len, io[1].len(), "both channels are of one length");
        let mut start = 0;
        while start < len {
            let run = (len - start).min(LEN - self.at);
            let from = BEFORE + self.at;
            for (io, block) in io.iter_mut().zip(&mut self.blocks[self.filling]) {
                let cells = &mut block[from..from + run];
                let io = &mut io[start..start + run];
                io.iter_mut().zip(cells).for_each(|(io, cell)| std::mem::swap(io, cell));
            }
            self.at += run;
            start += run;
            if self.at == LEN {
                self.at = 0;
                self.weigh();
                self.filling = 1 - self.filling;
                self.turn_down();
            }
        }
    }

    fn with_release(release: f32) -> Self {
        Self {
            blocks: [[[0.0; BEFORE + LEN]; 2]; 2],
            filling: 0,
            limits: [1.0; 2 * PARTS],
            gain: 1.0,
            release,
            at: 0,
        }
    }

    /// Finds the limits of what has come.
    fn weigh(&mut self) {
        self.limits.copy_within(PARTS.., 0);
        let peaks = peaks(&self.blocks[self.filling]);
        for (limit, peak) in self.limits[PARTS..].iter_mut().zip(peaks) {
            *limit = if peak > Self::CEILING { Self::CEILING / peak } else { 1.0 };
        }
        let (a, b) = self.blocks.split_at_mut(1);
        let (now, next) = if self.filling == 0 { (&a[0], &mut b[0]) } else { (&b[0], &mut a[0]) };
        for (now, next) in now.iter().zip(next) {
            next[..BEFORE].copy_from_slice(&now[LEN..]);
        }
    }

    /// Turns down what was held and leaves now, along straight lines between the nodes.
    fn turn_down(&mut self) {
        let limits = &self.limits;
        if self.gain == 1.0 && limits.iter().all(|limit| *limit == 1.0) {
            return;
        }
        for part in 0..PARTS {
            let from = self.gain;
            let mut to = from + (1.0 - from) * self.release;
            for node in part + 1..2 * PARTS {
                let limit = smaller(limits[node - 1], limits[node]);
                let met = from + (limit - from) / (node - part) as f32;
                to = smaller(to, met);
            }
            self.gain = if to > 0.999_9 { 1.0 } else { to };
            let step = (self.gain - from) * (1.0 / PART_LEN as f32);
            let first = BEFORE + part * PART_LEN;
            for block in &mut self.blocks[self.filling] {
                crate::mix::scale(&mut block[first..first + PART_LEN], Segment { from, step });
            }
        }
    }
}

impl State for Limiter {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.gain.visit(word);
        self.gain = math::clamp(self.gain, 0.0, 1.0);
    }
}

kernel! {
    fn peaks = peaks_generic(lines: &[[f32; BEFORE + LEN]; 2]) -> [f32; PARTS];
}

/// The highest of each part of both lines, and of the points halfway before its samples; two samples
/// late, which is within the reach of a node.
#[inline(always)]
fn peaks_generic<V: Lanes>(lines: &[[f32; BEFORE + LEN]; 2]) -> [f32; PARTS] {
    let mut peaks = [0.0; PARTS];
    for (part, peak) in peaks.iter_mut().enumerate() {
        let mut highest = V::splat(0.0);
        for line in lines {
            for row in 0..PART_LEN / LANES {
                let at = part * PART_LEN + row * LANES;
                let (a, b) = (V::load(eight(line, at)), V::load(eight(line, at + 1)));
                let (c, d) = (V::load(eight(line, at + 2)), V::load(eight(line, at + 3)));
                let half = V::splat(9.0).mul(b.add(c)).sub(a.add(d)).mul(V::splat(1.0 / 16.0));
                highest = highest.max(d.abs()).max(half.abs());
            }
        }
        let mut all = [0.0; LANES];
        highest.store(&mut all);
        let [a, b, c, d, e, f, g, h] = all;
        let (a, b, c, d) = (larger(a, e), larger(b, f), larger(c, g), larger(d, h));
        *peak = larger(larger(a, c), larger(b, d));
    }
    peaks
}

#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline(always)]
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(samples: impl Iterator<Item = f32>) -> Vec<f32> {
        let mut left: Vec<f32> = samples.collect();
        let mut right = left.clone();
        Limiter::new(44_100).process(&mut [&mut left, &mut right]);
        left
    }

    #[test]
    fn no_sample_leaves_above_the_ceiling() {
        let noise = |n: u32| (n.wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0;
        let loud = |n: u32| if n % 3000 < 40 { 8.0 } else { 0.9 } * noise(n);
        let out = limited((0..50_000).map(loud));
        assert!(out.iter().all(|x| x.abs() <= 1.001 * Limiter::CEILING));
    }

    #[test]
    fn below_the_ceiling_it_only_delays() {
        let tone = |n: usize| 0.73 * (n as f32 * 0.1).sin();
        let out = limited((0..5000).map(tone));
        let same = |n: usize| out[n] == tone(n - Limiter::DELAY);
        assert!((Limiter::DELAY..5000).all(same));
    }
}
