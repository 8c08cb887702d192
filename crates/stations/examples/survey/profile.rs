//! What a stretch of music is like: its notes, its brightness, its density, its level.
//!
//! ```text
//! spans of mono ─┬─ 16 384 samples: peaks, 55 Hz..2 kHz ─► pitch classes      (chroma)
//!                └─ 2048, hop 1024: centroid ─► histogram over octaves        (brightness)
//!                                   flux ─► peaks above their surroundings    (onsets)
//! ```
//!
//! The distance of two stretches is counted in *passages*: 1 is what this program takes for another
//! passage of music, by chroma alone, by brightness alone, by onsets alone or by level alone.
//!
//! ```text
//! d² = (moved chroma / ¼)² + (moved brightness / ½ octave)² + (onsets, octaves)² + (level / 4 dB)²
//! ```
//!
//! Moved chroma is the share of the histogram that lies in another pitch class: two notes of a scale of
//! seven replaced are about a quarter. Moved brightness is how far the histogram must be moved on
//! average (earth mover's distance). Onsets are octaves of `rate + ½/s`. The units were chosen on
//! 2026-11-25 by reading spectrograms.
//!
//! Source: S. Dixon, *Onset Detection Revisited*, DAFx 2006, for onsets by flux; T. Fujishima, *Realtime
//! Chord Recognition of Musical Sound*, ICMC 1999, for chroma.

use crate::{play::SAMPLE_RATE_HZ, spectrum::Spectrum};

/// What one stretch of music is like.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// Shares of the pitch classes, C first; they add up to 1, or are 0 where nothing has a pitch.
    pub(crate) chroma: [f64; 12],
    /// Shares of time by spectral centroid, each step `1 / STEPS_PER_OCTAVE` above [`LOWEST_HZ`].
    brightness: [f64; STEPS],
    /// Onsets a second.
    pub(crate) onsets_hz: f64,
    /// Mean power relative to full scale.
    pub(crate) level_db: f64,
}

/// The lowest centroid that is told from lower ones.
const LOWEST_HZ: f64 = 80.0;

const STEPS_PER_OCTAVE: usize = 4;

/// Seven octaves: 80 Hz to 10.2 kHz.
const STEPS: usize = 7 * STEPS_PER_OCTAVE + 1;

/// Below this nothing is heard that could have a colour: −70 dB, as a mean square.
const SILENCE: f32 = 1e-7;

impl Profile {
    /// What a stretch that consists of these is like, each as long as its weight says.
    pub(crate) fn mean<'a>(parts: impl Iterator<Item = (&'a Self, f64)>) -> Self {
        let mut mean =
            Self { chroma: [0.0; 12], brightness: [0.0; STEPS], onsets_hz: 0.0, level_db: 0.0 };
        let mut whole = 0.0;
        for (part, weight) in parts {
            whole += weight;
            let share = weight / whole;
            let approach = |mean: &mut f64, value: f64| *mean += share * (value - *mean);
            mean.chroma.iter_mut().zip(part.chroma).for_each(|(mean, x)| approach(mean, x));
            mean.brightness.iter_mut().zip(part.brightness).for_each(|(mean, x)| approach(mean, x));
            approach(&mut mean.onsets_hz, part.onsets_hz);
            approach(&mut mean.level_db, part.level_db);
        }
        mean
    }

    /// How far apart two stretches are, in passages.
    pub(crate) fn distance(&self, other: &Self) -> f64 {
        let onsets = (self.onsets_hz + 0.5).log2() - (other.onsets_hz + 0.5).log2();
        let parts = [
            self.moved_chroma(other) / 0.25,
            self.moved_octaves(other) / 0.5,
            onsets,
            (self.level_db - other.level_db) / 4.0,
        ];
        parts.iter().map(|part| part * part).sum::<f64>().sqrt()
    }

    /// The distance were the other in the key that brings it nearest.
    pub(crate) fn distance_in_one_key(&self, other: &Self) -> f64 {
        let transposed = (0..12).map(|semitones| {
            let mut other = other.clone();
            other.chroma.rotate_left(semitones);
            self.distance(&other)
        });
        transposed.fold(f64::INFINITY, f64::min)
    }

    /// The middle of the brightness histogram.
    pub(crate) fn brightness_hz(&self) -> f64 {
        let sum: f64 = self.brightness.iter().sum();
        let steps = self.brightness.iter().enumerate();
        let mean = steps.map(|(step, share)| step as f64 * share).sum::<f64>() / sum;
        LOWEST_HZ * (mean / STEPS_PER_OCTAVE as f64).exp2()
    }

    fn moved_chroma(&self, other: &Self) -> f64 {
        let classes = self.chroma.iter().zip(&other.chroma);
        classes.map(|(a, b)| (a - b).abs()).sum::<f64>() / 2.0
    }

    fn moved_octaves(&self, other: &Self) -> f64 {
        let mut ahead = 0.0;
        let steps = self.brightness.iter().zip(&other.brightness);
        let moved: f64 = steps
            .map(|(a, b)| {
                ahead += a - b;
                f64::abs(ahead)
            })
            .sum();
        moved / STEPS_PER_OCTAVE as f64
    }
}

/// Makes profiles of stretches of sound.
pub(crate) struct Profiler {
    long: Spectrum,
    short: Spectrum,
}

impl Profiler {
    pub(crate) fn new() -> Self {
        Self { long: Spectrum::new(16_384), short: Spectrum::new(2048) }
    }

    /// What these samples are like; half a second of them or more.
    pub(crate) fn profile(&mut self, mono: &[f32]) -> Profile {
        let mut brightness = Histogram([0.0; STEPS]);
        let mut flux = Vec::new();
        let mut before = vec![0.0; self.short.window_len() / 2 + 1];
        let hop = self.short.window_len() / 2;
        for samples in mono.windows(2 * hop).step_by(hop) {
            let amplitudes: Vec<f32> = self.short.powers(samples).map(f32::sqrt).collect();
            if mean_square(samples) > SILENCE {
                brightness.add(centroid_hz(&amplitudes, self.short.bin_hz()));
            }
            let loud: Vec<f32> = amplitudes.iter().map(|x| (1.0 + 1000.0 * x).log10()).collect();
            let risen = loud.iter().zip(&before).map(|(now, before)| (now - before).max(0.0));
            flux.push(risen.sum::<f32>() / loud.len() as f32);
            before = loud;
        }
        let hops_hz = f64::from(SAMPLE_RATE_HZ) / hop as f64;
        Profile {
            chroma: self.chroma(mono),
            brightness: shares(brightness.0),
            onsets_hz: onsets(&flux) as f64 * hops_hz / flux.len() as f64,
            level_db: 10.0 * f64::from(mean_square(mono).max(1e-10)).log10(),
        }
    }

    fn chroma(&mut self, mono: &[f32]) -> [f64; 12] {
        let bin_hz = self.long.bin_hz();
        let bins = (55.0 / bin_hz) as usize..(2000.0 / bin_hz) as usize;
        let mut chroma = [0.0; 12];
        for samples in mono.chunks(self.long.window_len()) {
            let amplitudes: Vec<f32> = self.long.powers(samples).map(f32::sqrt).collect();
            for bin in bins.clone() {
                let [a, b, c] = [amplitudes[bin - 1], amplitudes[bin], amplitudes[bin + 1]];
                if b > a && b >= c && b * b > SILENCE {
                    // The top of the parabola through the three: J. O. Smith, *Spectral Audio Signal
                    // Processing*, "Quadratic interpolation of spectral peaks".
                    let offset = 0.5 * f64::from(a - c) / f64::from(a - 2.0 * b + c);
                    let hz = (bin as f64 + offset) * bin_hz;
                    let pitch = (69.0 + 12.0 * (hz / 440.0).log2()).round() as usize;
                    chroma[pitch % 12] += f64::from(b);
                }
            }
        }
        shares(chroma)
    }
}

/// Onsets in a row of fluxes, 23 ms apart: maxima of their surroundings of ±46 ms that stand out of the
/// mean of ±230 ms.
fn onsets(flux: &[f32]) -> usize {
    const NEAR: usize = 2;
    const FAR: usize = 10;
    // By how much flux stands out, tuned on struck and on swelling sounds.
    const LEAST: f32 = 0.03;
    (FAR..flux.len().saturating_sub(FAR))
        .filter(|&n| {
            let far = &flux[n - FAR..=n + FAR];
            let mean = far.iter().sum::<f32>() / far.len() as f32;
            let near = &flux[n - NEAR..=n + NEAR];
            flux[n] > 1.5 * mean + LEAST && near.iter().all(|other| *other <= flux[n])
        })
        .count()
}

/// The centre of amplitudes between 50 Hz and 12 kHz.
fn centroid_hz(amplitudes: &[f32], bin_hz: f64) -> f64 {
    let first = (50.0 / bin_hz) as usize;
    let heard = &amplitudes[first..(12_000.0 / bin_hz) as usize];
    let (mut weighted, mut sum) = (0.0, 1e-12);
    for (amplitude, bin) in heard.iter().zip(first..) {
        weighted += f64::from(*amplitude) * bin as f64 * bin_hz;
        sum += f64::from(*amplitude);
    }
    weighted / sum
}

/// A histogram over octaves; a value between two steps counts for both.
struct Histogram([f64; STEPS]);

impl Histogram {
    fn add(&mut self, hz: f64) {
        let place = (hz / LOWEST_HZ).log2() * STEPS_PER_OCTAVE as f64;
        let place = place.clamp(0.0, (STEPS - 1) as f64);
        let step = (place as usize).min(STEPS - 2);
        let above = place - step as f64;
        self.0[step] += 1.0 - above;
        self.0[step + 1] += above;
    }
}

fn shares<const N: usize>(counts: [f64; N]) -> [f64; N] {
    let sum: f64 = counts.iter().sum();
    if sum > 0.0 { counts.map(|count| count / sum) } else { counts }
}

fn mean_square(samples: &[f32]) -> f32 {
    samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32
}
