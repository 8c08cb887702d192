//! Loudness and peaks of what is heard.
//!
//! Source: EBU R 128, *Loudness Normalisation and Permitted Maximum Level of Audio Signals*, and EBU
//! Tech 3342 for the range, as the crate `ebur128` computes them.

use ebur128::{EbuR128, Mode};
use perpetuo_station::Station;

use crate::play::{SAMPLE_RATE_HZ, hear};

/// What a stretch of sound measures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Integrated loudness; -inf for silence.
    pub(crate) lufs: f64,
    /// Loudness range in LU.
    pub(crate) range_lu: f64,
    /// The larger true peak of the two channels.
    pub(crate) true_peak_dbtp: f64,
    /// The larger mean of the two channels, relative to full scale.
    pub(crate) mean_db: f64,
}

/// Reads the next `len` samples.
pub(crate) fn read(station: &mut dyn Station, len: usize) -> Reading {
    let modes = Mode::I | Mode::LRA | Mode::TRUE_PEAK;
    read_all(station, len, modes).unwrap_or(Reading {
        lufs: f64::NAN,
        range_lu: f64::NAN,
        true_peak_dbtp: f64::NAN,
        mean_db: f64::NAN,
    })
}

fn read_all(station: &mut dyn Station, len: usize, modes: Mode) -> Result<Reading, ebur128::Error> {
    let mut meter = EbuR128::new(2, SAMPLE_RATE_HZ, modes)?;
    let (mut sums, mut added) = ([0.0; 2], Ok(()));
    hear(station, len, |left, right| {
        for (sum, channel) in sums.iter_mut().zip([left, right]) {
            *sum += channel.iter().copied().map(f64::from).sum::<f64>();
        }
        added = added.and_then(|()| meter.add_frames_planar_f32(&[left, right]));
    });
    added?;
    let mean = sums[0].abs().max(sums[1].abs()) / len as f64;
    Ok(Reading {
        lufs: meter.loudness_global()?,
        range_lu: meter.loudness_range()?,
        true_peak_dbtp: 20.0 * meter.true_peak(0)?.max(meter.true_peak(1)?).log10(),
        mean_db: 20.0 * mean.log10(),
    })
}
