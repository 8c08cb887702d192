//! How late chunks came, as quantiles.
//!
//! ```text
//! class(t) = ⌊8 · log₂(t / 10 µs)⌋ + 1        0 for t < 10 µs
//! ```
//!
//! Classes are an eighth of an octave wide, so what is told is at most 9 % too much.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Up to 42 s.
const CLASSES: usize = 8 * 22 + 1;

const SHORTEST_S: f64 = 10e-6;

/// What has been counted since it was last taken.
#[derive(Debug)]
pub(crate) struct Counts {
    classes: [AtomicU64; CLASSES],
    worst_us: AtomicU64,
}

/// How late chunks were rendered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lateness {
    /// Half of them at most so late.
    pub median: Duration,
    /// All but a hundredth.
    pub p99: Duration,
    /// All of them.
    pub worst: Duration,
}

impl Counts {
    pub(crate) fn add(&self, late: Duration) {
        let class = (late.as_secs_f64() / SHORTEST_S).log2() * 8.0 + 1.0;
        self.classes[(class.max(0.0) as usize).min(CLASSES - 1)].fetch_add(1, Relaxed);
        self.worst_us.fetch_max(late.as_micros() as u64, Relaxed);
    }

    pub(crate) fn take(&self) -> Lateness {
        let counts: Vec<u64> = self.classes.iter().map(|count| count.swap(0, Relaxed)).collect();
        let worst = Duration::from_micros(self.worst_us.swap(0, Relaxed));
        let all: u64 = counts.iter().sum();
        let quantile = |share: f64| {
            let mut left = (all as f64 * share).ceil() as u64;
            let class = counts.iter().position(|&count| {
                left = left.saturating_sub(count);
                left == 0
            });
            let end = SHORTEST_S * (class.unwrap_or_default() as f64 / 8.0).exp2();
            Duration::from_secs_f64(end).min(worst)
        };
        Lateness { median: quantile(0.5), p99: quantile(0.99), worst }
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self { classes: [const { AtomicU64::new(0) }; CLASSES], worst_us: AtomicU64::new(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_tenth_and_are_taken_once() {
        let counts = Counts::default();
        for ms in 1..=1000 {
            counts.add(Duration::from_millis(ms));
        }
        let Lateness { median, p99, worst } = counts.take();
        assert!((500..=550).contains(&median.as_millis()), "{median:?}");
        assert!((990..=1000).contains(&p99.as_millis()), "{p99:?}");
        assert_eq!(worst, Duration::from_secs(1));
        assert_eq!(counts.take(), Lateness::default());
        counts.add(Duration::ZERO);
        counts.add(Duration::from_secs(10_000));
        assert_eq!(counts.take().worst, Duration::from_secs(10_000));
    }
}
