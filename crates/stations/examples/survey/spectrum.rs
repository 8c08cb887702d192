//! The strength of frequencies in a stretch of sound.
//!
//! ```text
//! X[k] = 2/Σw · | Σ w[n]·x[n]·e^(−2πikn/N) |      w[n] = ½ − ½·cos(2πn/N)
//! ```
//!
//! so that a sine of amplitude 1 in the middle of a bin reads 1.

use std::{f32::consts::TAU, sync::Arc};

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex32};

use crate::play::SAMPLE_RATE_HZ;

/// A Hann window of one length and the transform of what is seen through it.
pub(crate) struct Spectrum {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    windowed: Vec<f32>,
    bins: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Spectrum {
    /// Looks at `len` samples at a time; even.
    pub(crate) fn new(len: usize) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(len);
        // 2 / Σw is 4 / len.
        let window = (0..len)
            .map(|n| (0.5 - 0.5 * (TAU * n as f32 / len as f32).cos()) * 4.0 / len as f32)
            .collect();
        Self {
            window,
            windowed: fft.make_input_vec(),
            bins: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
        }
    }

    /// Samples in the window.
    pub(crate) fn window_len(&self) -> usize {
        self.window.len()
    }

    /// The frequency of bin 1, and the distance of bins.
    pub(crate) fn bin_hz(&self) -> f64 {
        f64::from(SAMPLE_RATE_HZ) / self.window.len() as f64
    }

    /// The squares of amplitudes by bin, 0 Hz to half the sample rate; `samples` fill the window, or
    /// what is missing is taken for silence.
    pub(crate) fn powers(&mut self, samples: &[f32]) -> impl ExactSizeIterator<Item = f32> + '_ {
        self.windowed.fill(0.0);
        let windowed = self.windowed.iter_mut().zip(&self.window).zip(samples);
        for ((windowed, weight), sample) in windowed {
            *windowed = weight * sample;
        }
        // It fails for slices of another length only, and these are of its own making.
        let transformed =
            self.fft.process_with_scratch(&mut self.windowed, &mut self.bins, &mut self.scratch);
        debug_assert!(transformed.is_ok());
        self.bins.iter().map(Complex32::norm_sqr)
    }
}
