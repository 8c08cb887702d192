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
    Block, CONTROL_LEN, Segment, State, math,
    simd::{LANES, Lanes, eight, eight_mut},
};

/// A look-ahead limiter for two channels.
#[derive(Clone, Debug)]
pub(crate) struct Limiter {
    /// What leaves and gives way to what comes, then what is held. Before each channel stand the last
    /// samples of the one before.
    blocks: [[[f32; BEFORE + LEN]; 2]; 2],
    /// Which of the two leaves.
    leaving: usize,
    /// Limits of what is held, then of what comes.
    limits: [f32; 2 * PARTS],
    gain: f32,
    release: f32,
}

/// Samples that stand before a block, so that what lies between it and the one before can be weighed: three
/// would do.
const BEFORE: usize = LANES;
/// Samples that are weighed together.
const LEN: usize = CONTROL_LEN;
/// Samples of one limit.
const PART_LEN: usize = 16;
const PARTS: usize = LEN / PART_LEN;

impl Limiter {
    /// How much later samples leave.
    pub(crate) const DELAY: usize = 2 * LEN;

    /// -2.6 dBFS: 1.6 dB below what is promised. The halfway points do not show everything between
    /// samples: up to 1.3 dB more was measured (bright hats and clap, 4 times oversampled, 2026-11).
    const CEILING: f32 = 0.74;

    /// Where no sample is above this, no point between two is above the ceiling: (9 + 9 + 1 + 1) / 16, and a
    /// little for rounding.
    const QUIET: f32 = 0.999 * 0.8 * Self::CEILING;

    /// Open, with a release that follows the sample rate.
    pub(crate) fn new(sample_rate_hz: u32) -> Self {
        Self::with_release(PART_LEN as f32 / (0.12 * sample_rate_hz as f32))
    }

    /// Open and empty.
    pub(crate) fn reset(&mut self) {
        *self = Self::with_release(self.release);
    }

    /// Takes a step, multiplied by `gain`, and gives that of [`Self::DELAY`] before, multiplied by `level`.
    #[inline(always)]
    pub(crate) fn exchange<V: Lanes>(&mut self, io: &mut Block, gain: Segment, level: Segment) {
        let mut highest = V::splat(0.0);
        let [step, level_step] =
            [V::splat(LANES as f32 * gain.step), V::splat(LANES as f32 * level.step)];
        for (io, cells) in io.iter_mut().zip(&mut self.blocks[self.leaving]) {
            let (mut gains, mut levels) = (V::along(gain, 0), V::along(level, 0));
            highest = highest.max(V::load(eight(cells, 0)).abs());
            for row in 0..LEN / LANES {
                let (cells, io) =
                    (eight_mut(cells, BEFORE + row * LANES), eight_mut(io, row * LANES));
                let comes = V::load(io).mul(gains);
                V::load(cells).mul(levels).store(io);
                comes.store(cells);
                highest = highest.max(comes.abs());
                (gains, levels) = (gains.add(step), levels.add(level_step));
            }
        }
        self.limits.copy_within(PARTS.., 0);
        self.weigh::<V>(highest);
        self.leaving = 1 - self.leaving;
        self.turn_down();
    }

    fn with_release(release: f32) -> Self {
        Self {
            blocks: [[[0.0; BEFORE + LEN]; 2]; 2],
            leaving: 0,
            limits: [1.0; 2 * PARTS],
            gain: 1.0,
            release,
        }
    }

    /// Finds the limits of what has come, whose samples are at most `highest`.
    #[inline(always)]
    fn weigh<V: Lanes>(&mut self, highest: V) {
        let (a, b) = self.blocks.split_at_mut(1);
        let (now, next) = if self.leaving == 0 { (&a[0], &mut b[0]) } else { (&b[0], &mut a[0]) };
        for (now, next) in now.iter().zip(next) {
            V::load(eight(now, LEN)).store(eight_mut(next, 0));
        }
        let limits = &mut self.limits[PARTS..];
        if highest_of(highest) <= Self::QUIET {
            limits.fill(1.0);
            return;
        }
        for (limit, peak) in limits.iter_mut().zip(peaks::<V>(now)) {
            *limit = if peak > Self::CEILING { Self::CEILING / peak } else { 1.0 };
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
            for block in &mut self.blocks[self.leaving] {
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

/// The highest of each part of both lines, and of the points halfway before its samples; two samples
/// late, which is within the reach of a node.
#[inline(always)]
fn peaks<V: Lanes>(lines: &[[f32; BEFORE + LEN]; 2]) -> [f32; PARTS] {
    let mut peaks = [0.0; PARTS];
    for (part, peak) in peaks.iter_mut().enumerate() {
        let mut highest = V::splat(0.0);
        for line in lines {
            for row in 0..PART_LEN / LANES {
                let at = BEFORE + part * PART_LEN + row * LANES;
                let (a, b) = (V::load(eight(line, at - 3)), V::load(eight(line, at - 2)));
                let (c, d) = (V::load(eight(line, at - 1)), V::load(eight(line, at)));
                let half = V::splat(9.0).mul(b.add(c)).sub(a.add(d)).mul(V::splat(1.0 / 16.0));
                highest = highest.max(d.abs()).max(half.abs());
            }
        }
        *peak = highest_of(highest);
    }
    peaks
}

#[inline(always)]
fn highest_of<V: Lanes>(highest: V) -> f32 {
    let mut all = [0.0; LANES];
    highest.store(&mut all);
    let [a, b, c, d, e, f, g, h] = all;
    let (a, b, c, d) = (larger(a, e), larger(b, f), larger(c, g), larger(d, h));
    larger(larger(a, c), larger(b, d))
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
    use crate::simd::Portable;

    fn limited(samples: impl Iterator<Item = f32>) -> Vec<f32> {
        let samples: Vec<f32> = samples.collect();
        let mut limiter = Limiter::new(44_100);
        let one = Segment::flat(1.0);
        let mut out = Vec::new();
        for block in samples.as_chunks::<LEN>().0 {
            let mut io = [*block; 2];
            limiter.exchange::<Portable>(&mut io, one, one);
            out.extend(io[0]);
        }
        out
    }

    #[test]
    fn no_sample_leaves_above_the_ceiling() {
        let noise = |n: u32| (n.wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0;
        let loud = |n: u32| if n % 3000 < 40 { 8.0 } else { 0.9 } * noise(n);
        let out = limited((0..51_200).map(loud));
        assert!(out.iter().all(|x| x.abs() <= 1.001 * Limiter::CEILING));
    }

    #[test]
    fn below_the_ceiling_it_only_delays() {
        let tone = |n: usize| 0.73 * (n as f32 * 0.1).sin();
        let out = limited((0..5120).map(tone));
        let same = |n: usize| out[n] == tone(n - Limiter::DELAY);
        assert!((Limiter::DELAY..5120).all(same));
    }

    #[test]
    fn where_no_sample_is_above_quiet_no_point_between_two_is_above_the_ceiling() {
        // The worst: four samples in a row whose weights add up.
        let worst = |n: usize| if matches!(n % 4, 1 | 2) { 1.0 } else { -1.0 };
        let lines = [std::array::from_fn(|n| Limiter::QUIET * worst(n)); 2];
        let peaks = peaks::<Portable>(&lines);
        assert!(peaks.iter().all(|peak| *peak > 0.99 * Limiter::CEILING));
        assert!(peaks.iter().all(|peak| *peak <= Limiter::CEILING));
    }
}
