//! Where a stream is: samples rendered since it began.

use std::{
    ops::{Add, AddAssign},
    time::Duration,
};

use crate::FRAME_LEN;

/// Samples a channel since the stream began; in 64 bits it lasts 13 million years at 44.1 kHz.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(u64);

impl Position {
    /// Where every stream begins.
    pub const START: Self = Self(0);

    /// The position `samples` after the start.
    pub const fn new(samples: u64) -> Self {
        Self(samples)
    }

    /// Samples since the start.
    pub const fn samples(self) -> u64 {
        self.0
    }

    /// Seconds since the start.
    pub fn seconds(self, sample_rate_hz: u32) -> f64 {
        self.0 as f64 / f64::from(sample_rate_hz)
    }

    /// Samples from an earlier position to this one; 0 when `earlier` is later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for Position {
    type Output = Self;

    fn add(self, samples: u64) -> Self {
        Self(self.0 + samples)
    }
}

impl AddAssign<u64> for Position {
    fn add_assign(&mut self, samples: u64) {
        self.0 += samples;
    }
}

/// How long `samples` last, to the nanosecond below.
pub(crate) fn duration_of(samples: u64, sample_rate_hz: u32) -> Duration {
    let rate = u64::from(sample_rate_hz);
    let rest_ns = samples % rate * 1_000_000_000 / rate;
    Duration::new(samples / rate, rest_ns as u32)
}

/// How many samples a time lasts, rounded up to whole frames.
pub(crate) fn whole_frames(time: Duration, sample_rate_hz: u32) -> u64 {
    let samples = (time.as_nanos() * u128::from(sample_rate_hz)).div_ceil(1_000_000_000);
    (samples as u64).next_multiple_of(FRAME_LEN as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_of_samples_is_a_year_to_the_nanosecond() {
        let year = Duration::from_secs(365 * 24 * 3600);
        let samples = 44_100 * year.as_secs();
        assert_eq!(duration_of(samples, 44_100), year);
        assert_eq!(duration_of(samples + 441, 44_100), year + Duration::from_millis(10));
    }

    #[test]
    fn a_time_is_covered_by_whole_frames() {
        assert_eq!(whole_frames(Duration::ZERO, 44_100), 0);
        assert_eq!(whole_frames(Duration::from_nanos(1), 44_100), 1152);
        assert_eq!(whole_frames(Duration::from_millis(1250), 44_100), 48 * 1152);
    }
}
