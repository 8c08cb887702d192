//! How much noise the ear lets pass in each band.
//!
//! The energies of the lines are summed in partitions, weighted by the transmission of outer and middle
//! ear, and spread over the basilar membrane, upwards less steeply the louder they are. What a partition
//! then holds masks noise some decibels below.
//!
//! ```text
//! e[p]  = w[p] · Σ_k (x[k]² + (x[k+1] − x[k−1])²) / 3 + i[p]      excitation a quarter Bark, with internal noise
//! s[p]  = 24 + 230 Hz/f − 0.2 · 10 lg e[p]                      slope upwards, dB a Bark; 27 downwards
//! m[p]  = (Σ_q (e[q] spread to p)^0.4)^2.5 · g[p]               mask; g is −3 dB up to 12 Bark, then −z/4
//! ```
//!
//! The bracket is the pseudo-spectrum of L. Daudet and M. Sandler, *MDCT analysis of sinusoids*, 2004: unlike
//! the square of a line it does not depend on the phase of a tone. The rest is of ITU-R BS.1387, 2.1
//! (basic version), on the lines of the encoder's own transform.

use std::f32::consts::LOG2_10;

use crate::{
    layout::{LONG_BANDS, Layout, PerBand, SHORT_BANDS},
    mdct::{LINES, Spectrum},
    simd::{LANES, Lanes, eight, eight_mut, kernel},
    tables::bands::ShortBands,
    unit::Unit,
};

/// Most partitions: two for each band of a long block.
const PARTITIONS: usize = 2 * LONG_BANDS;

/// A value for each partition, and some to make whole vectors.
type PerPartition = [f32; PARTITIONS + 4];

/// The level of a full-scale sine, dB SPL, as BS.1387 assumes it.
const FULL_SCALE_DB: f64 = 92.0;

/// What is fixed of the ear for one sample rate and one kind of block.
pub(crate) struct Ear {
    /// Where partitions begin, in lines, and where the last ends.
    starts: [u16; PARTITIONS + 1],
    len: usize,
    /// From energy of lines to excitation.
    weight: PerPartition,
    /// Internal noise.
    noise: PerPartition,
    /// The exponent of two by which excitation to the power of 0.4 falls on the way to the next
    /// partition above, for silence, and by how much less for each doubling of energy.
    slope: PerPartition,
    /// The partition's width in quarters of a Bark.
    quarters: PerPartition,
    /// What is left on the way to the next partition below.
    fall: PerPartition,
    /// The logarithm of what mask divided by noise energy of one line is to be multiplied by.
    density: PerPartition,
}

/// Where on the basilar membrane a frequency is, in Bark (BS.1387, 2.1.5).
fn bark(hz: f64) -> f64 {
    7.0 * (hz / 650.0).asinh()
}

/// What outer and middle ear let through, in dB (BS.1387, 2.1.4).
fn transmission_db(hz: f64) -> f64 {
    let khz = hz.max(20.0) / 1000.0;
    -0.6 * 3.64 * khz.powf(-0.8) + 6.5 * (-0.6 * (khz - 3.3).powi(2)).exp() - 1e-3 * khz.powf(3.6)
}

impl Ear {
    /// The ear for long blocks, two partitions a band.
    pub(crate) fn long(layout: &Layout, sample_rate_hz: u32) -> Self {
        let line_hz = f64::from(sample_rate_hz) / 2.0 / LINES as f64;
        let mut starts = [LINES as u16; PARTITIONS + 1];
        for n in 0..LONG_BANDS {
            starts[2 * n] = layout.starts[n];
            starts[2 * n + 1] = layout.starts[n].midpoint(layout.starts[n + 1]);
        }
        Self::new(starts, PARTITIONS, line_hz)
    }

    /// The ear for one short block, a partition a band.
    pub(crate) fn short(bands: &ShortBands, sample_rate_hz: u32) -> Self {
        let line_hz = f64::from(sample_rate_hz) / 2.0 / 192.0;
        let mut starts = [192; PARTITIONS + 1];
        starts[..bands.len()].copy_from_slice(bands);
        Self::new(starts, bands.len() - 1, line_hz)
    }

    fn new(starts: [u16; PARTITIONS + 1], len: usize, line_hz: f64) -> Self {
        let mut ear = Self {
            starts,
            len,
            weight: [1.0; _],
            noise: [1.0; _],
            slope: [0.0; _],
            quarters: [1.0; _],
            fall: [0.0; _],
            density: [0.0; _],
        };
        for p in 0..len {
            let (low, high) = (f64::from(starts[p]) * line_hz, f64::from(starts[p + 1]) * line_hz);
            let hz = (low + high) / 2.0;
            let barks = bark(high) - bark(low);
            let quarters = 4.0 * barks;
            let transmission = 10_f64.powf(transmission_db(hz) / 10.0);
            let level = 10_f64.powf(FULL_SCALE_DB / 10.0);
            ear.weight[p] = (level * transmission / quarters / 3.0) as f32;
            ear.noise[p] = 10_f64.powf(0.4 * 0.364 * (hz / 1000.0).powf(-0.8)) as f32;
            ear.quarters[p] = quarters as f32;
            // From here on in exponents of two of the power of 0.4.
            let exponent = 0.4 / 10.0 * 10_f64.log2();
            ear.slope[p] = (-exponent * barks * (24.0 + 230.0 / hz)) as f32;
            ear.fall[p] = 2_f64.powf(-exponent * barks * 27.0) as f32;
            let offset_db = if bark(hz) <= 12.0 { 3.0 } else { 0.25 * bark(hz) };
            let lines = f64::from(starts[p + 1] - starts[p]) / quarters;
            ear.density[p] = ((10_f64.powf(-offset_db / 10.0) / transmission / level).log2()
                - CROWDING * lines.log2()) as f32;
        }
        // What a flat excitation of one becomes is one.
        let mut flat = [[1.0; PARTITIONS + 4]];
        ear.spread::<crate::simd::Portable, 1>(&mut flat);
        for (density, flat) in ear.density.iter_mut().zip(flat[0]) {
            *density -= 2.5 * flat.log2();
        }
        ear
    }

    /// Of noise with an energy of one a line, how far it is above the mask in each partition, up to one
    /// factor. Several spectra at once take little longer than one: much of it is waiting for a result.
    #[inline(always)]
    fn noise_to_mask<V: Lanes, const N: usize>(
        &self,
        lines: [&[f32]; N],
        end: usize,
    ) -> [PerPartition; N] {
        let mut all = [[1.0; PARTITIONS + 4]; N];
        for (lines, e) in lines.into_iter().zip(&mut all) {
            self.excite::<V>(lines, end, e);
        }
        self.spread::<V, N>(&mut all);
        for e in &mut all {
            for at in (0..self.len).step_by(LANES) {
                let log = V::load(eight(e, at)).log2().mul(V::splat(2.5));
                let inverse = V::zero().sub(log.add(V::load(eight(&self.density, at))));
                inverse.exp2().store(eight_mut(e, at));
            }
        }
        all
    }

    /// The excitation in each partition.
    #[inline(always)]
    fn excite<V: Lanes>(&self, lines: &[f32], end: usize, e: &mut PerPartition) {
        let end = usize::from(self.starts[self.len]).min(end);
        let mut energy: Spectrum = [0.0; _];
        energy[0] = lines[0] * lines[0] + lines[1] * lines[1];
        for k in (1..end).step_by(LANES) {
            let x = V::load(eight(lines, k));
            let y = V::load(eight(lines, k + 1)).sub(V::load(eight(lines, k - 1)));
            x.mul(x).add_mul(y, y).store(eight_mut(&mut energy, k));
        }
        // Behind the last line may be the first of another block.
        let last = usize::from(self.starts[self.len]) - 1;
        energy[last] = lines[last] * lines[last] + lines[last - 1] * lines[last - 1];
        for (p, e) in e[..self.len].iter_mut().enumerate() {
            *e = self.noise[p];
            let (start, stop) = (usize::from(self.starts[p]), usize::from(self.starts[p + 1]));
            if start < end {
                *e += self.weight[p] * sum_of::<V>(&energy, start, stop);
            }
        }
    }

    /// From excitations to what they have spread to, to the power of 0.4.
    #[inline(always)]
    fn spread<V: Lanes, const N: usize>(&self, all: &mut [PerPartition; N]) {
        // 0.2 dB a dB and Bark, as an exponent of two of the power of 0.4.
        const LESS: f32 = 0.4 * 0.2 / 4.0;
        // What a quarter Bark spreads downwards: the sum of 10^(−0.675 k) for k from 1.
        const LOW: f32 = 0.268;
        let mut up: [PerPartition; N] = [[0.0; _]; N];
        let mut v: [PerPartition; N] = [[0.0; _]; N];
        for ((e, up), v) in all.iter().zip(&mut up).zip(&mut v) {
            for at in (0..self.len).step_by(LANES) {
                let log = V::load(eight(e, at)).log2();
                let quarters = V::load(eight(&self.quarters, at));
                // Never less than half a dB a quarter Bark.
                let steepest = quarters.mul(V::splat(-0.4 * 0.05 * LOG2_10));
                let slope = V::load(eight(&self.slope, at))
                    .add_mul(log, quarters.mul(V::splat(LESS)))
                    .min(steepest);
                slope.exp2().store(eight_mut(up, at));
                // What one quarter Bark spreads to, itself included, sums up to what it was.
                let quarter = slope.div(quarters).mul(V::splat(2.5)).exp2();
                let total = V::splat(1.0).div(V::splat(1.0).sub(quarter)).add(V::splat(LOW));
                log.sub(total.log2()).mul(V::splat(0.4)).exp2().store(eight_mut(v, at));
            }
        }
        // What goes on upwards falls as the loudest of what made it does. Both ways in one loop, for each
        // waits for itself alone.
        let mut below: [PerPartition; N] = [[0.0; _]; N];
        let (mut upwards, mut ratio, mut downwards) = ([0.0; N], [0.0; N], [0.0; N]);
        for p in 0..self.len {
            let q = self.len - 1 - p;
            for n in 0..N {
                upwards[n] *= ratio[n];
                if v[n][p] > upwards[n] {
                    ratio[n] = up[n][p];
                }
                upwards[n] += v[n][p];
                all[n][p] = upwards[n];
                below[n][q] = downwards[n];
                downwards[n] = (downwards[n] + v[n][q]) * self.fall[q];
            }
        }
        for (e, below) in all.iter_mut().zip(&below) {
            for (e, below) in e[..self.len].iter_mut().zip(below) {
                *e += below;
            }
        }
    }
}

/// How far noise is kept out of partitions with many lines a quarter Bark: 0 makes the sum of
/// noise-to-mask ratios least, 1 makes them all alike. By ear model, 2026-11.
const CROWDING: f64 = 0.25;

kernel! {
    /// Finds what noise the long blocks of one granule allow: the logarithms to base 2 of the energy a line
    /// may have in each band, all up to one factor. Lines are zero from `end` on.
    pub(crate) fn masked_noise = masked_noise_lanes(ear: &Ear, end: usize, units: &mut [Unit]);
}

kernel! {
    /// The same for three short blocks, with the ear for these, as [`crate::mdct::transform`] leaves
    /// them, each zero from `end / 3` on; in the order of the bitstream.
    pub(crate) fn masked_noise_short = masked_noise_short_lanes(
        ear: &Ear,
        lines: &Spectrum,
        end: usize,
        noise: &mut PerBand<f32>,
    );
}

#[inline(always)]
fn masked_noise_lanes<V: Lanes>(ear: &Ear, end: usize, units: &mut [Unit]) {
    if let [left, right] = units {
        let [l, r] = ear.noise_to_mask::<V, 2>([&left.spectrum, &right.spectrum], end);
        allow::<V>(&l, &mut left.allowed);
        allow::<V>(&r, &mut right.allowed);
        return;
    }
    for unit in units {
        let [e] = ear.noise_to_mask::<V, 1>([&unit.spectrum], end);
        allow::<V>(&e, &mut unit.allowed);
    }
}

/// From noise over mask in the two partitions of each band to the noise that both allow together.
#[inline(always)]
fn allow<V: Lanes>(e: &PerPartition, noise: &mut PerBand<f32>) {
    let mut mean: PerBand<f32> = [1.0; _];
    for n in 0..LONG_BANDS {
        mean[n] = 0.5 * (e[2 * n] + e[2 * n + 1]);
    }
    for at in (0..24).step_by(LANES) {
        V::zero().sub(V::load(eight(&mean, at)).log2()).store(eight_mut(noise, at));
    }
}

#[inline(always)]
fn masked_noise_short_lanes<V: Lanes>(
    ear: &Ear,
    lines: &Spectrum,
    end: usize,
    noise: &mut PerBand<f32>,
) {
    let windows = [&lines[..], &lines[192..], &lines[384..]];
    let mut all = ear.noise_to_mask::<V, 3>(windows, end.div_ceil(3));
    for (window, e) in all.iter_mut().enumerate() {
        for at in (0..16).step_by(LANES) {
            V::zero().sub(V::load(eight(e, at)).log2()).store(eight_mut(e, at));
        }
        for band in 0..SHORT_BANDS / 3 {
            noise[3 * band + window] = e[band];
        }
    }
    for windows in noise[..SHORT_BANDS].as_chunks_mut::<3>().0 {
        windows[1] = windows[1].max(windows[0] - FALL_AFTER);
        windows[2] = windows[2].max(windows[1] - FALL_AFTER);
        windows[1] = windows[1].max(windows[2] - FALL_BEFORE);
        windows[0] = windows[0].max(windows[1] - FALL_BEFORE);
    }
}

/// By how much a short block masks less in the one after it, 4 ms later, as a logarithm to base 2.
const FALL_AFTER: f32 = 1.0;

/// By how much it masks less in the one before it. Both by ear model, 2026-11.
const FALL_BEFORE: f32 = 3.0;

/// The sum of `values[start..end]`, eight at a time; there are seven more behind.
#[inline(always)]
pub(crate) fn sum_of<V: Lanes>(values: &Spectrum, start: usize, end: usize) -> f32 {
    let mut sum = V::zero();
    let mut at = start;
    while at + LANES <= end {
        sum = sum.add(V::load(eight(values, at)));
        at += LANES;
    }
    if at < end {
        sum = sum.add(V::load(eight(values, at)).keep_first(end - at));
    }
    sum.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{simd::Level, tables::bands::bands};

    /// What a spectrum allows in each long band at 44.1 kHz, in dB.
    fn allowed_db(lines: &Spectrum) -> Vec<f32> {
        let layout = Layout::long(bands(44_100).0, None);
        let mut unit = [Unit::new()];
        unit[0].spectrum = *lines;
        masked_noise(Level::Portable, &Ear::long(&layout, 44_100), LINES, &mut unit);
        unit[0].allowed[..21].iter().map(|log| log * 3.0103).collect()
    }

    #[test]
    fn silence_allows_what_the_ear_does_not_hear() {
        let db = allowed_db(&[0.0; _]);
        // Most sensitive about 3 kHz, 10 dB less at 10 kHz, 30 dB less at 60 Hz.
        let best = (0..21).min_by(|&a, &b| db[a].total_cmp(&db[b])).unwrap();
        assert!((11..=14).contains(&best), "most sensitive in band {best}");
        assert!(db[0] > db[best] + 15.0 && db[20] > db[best] + 10.0, "{db:?}");
    }

    #[test]
    fn what_is_in_one_short_block_does_not_mask_as_if_it_were_in_another() {
        let short = bands(32_000).1;
        let ear = Ear::short(short, 32_000);
        let mut noise = [[0.0; _]; 2];
        let mut lines: Spectrum = [0.0; _];
        for (noise, bass) in noise.iter_mut().zip([0.0, 1.0]) {
            lines[192] = bass;
            masked_noise_short(Level::Portable, &ear, &lines, LINES, noise);
        }
        let [without, with]: [PerBand<f32>; 2] = noise;
        for first in (0..SHORT_BANDS).step_by(3) {
            // What masks backwards in time may.
            let may = without[first].max(with[first + 1] - FALL_BEFORE);
            assert!(with[first] <= may + 1e-3, "band {}", first / 3);
        }
    }

    #[test]
    fn a_tone_masks_what_is_above_it_more_than_what_is_below() {
        let silence = allowed_db(&[0.0; _]);
        let mut lines: Spectrum = [0.0; _];
        lines[60] = 0.3;
        let tone = allowed_db(&lines);
        let masked = |band: usize| tone[band] - silence[band];
        // Line 60 is in band 10, 52 to 61.
        assert!(masked(10) > masked(13) && masked(13) > 10.0 && masked(13) > masked(7) + 10.0);
        let loud = allowed_db(&lines.map(|x| 3.0 * x));
        // Louder, it reaches further up: by more than its own 9.5 dB.
        assert!(loud[14] - tone[14] > 11.0, "{} dB", loud[14] - tone[14]);
    }
}
