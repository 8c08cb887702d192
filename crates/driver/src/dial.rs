//! How full each render thread is, for everyone to read.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use perpetuo_engine::Level;

/// One thread's level, written by it alone.
#[derive(Debug)]
pub(crate) struct Dial {
    /// In thousandths.
    utilisation: AtomicU32,
    /// In thousandths.
    availability: AtomicU32,
    lag_ms: AtomicU32,
    /// Ids made of streams that would live here.
    promised: AtomicU64,
}

impl Dial {
    pub(crate) fn show(&self, level: Level) {
        self.utilisation.store((1000.0 * level.utilisation) as u32, Relaxed);
        self.availability.store((1000.0 * level.availability).max(1.0) as u32, Relaxed);
        self.lag_ms.store(level.lag.as_millis() as u32, Relaxed);
    }

    pub(crate) fn level(&self) -> Level {
        Level {
            utilisation: f64::from(self.utilisation.load(Relaxed)) / 1000.0,
            availability: f64::from(self.availability.load(Relaxed)) / 1000.0,
            lag: Duration::from_millis(self.lag_ms.load(Relaxed).into()),
        }
    }

    /// How full it is, coarsely, and then how many were promised a place here: less is better.
    pub(crate) fn rank(&self) -> (u32, u64) {
        (self.utilisation.load(Relaxed) / 50, self.promised.load(Relaxed))
    }

    pub(crate) fn promise(&self) {
        self.promised.fetch_add(1, Relaxed);
    }
}

/// Of a thread that has done nothing yet.
impl Default for Dial {
    fn default() -> Self {
        let dial = Self {
            utilisation: AtomicU32::new(0),
            availability: AtomicU32::new(0),
            lag_ms: AtomicU32::new(0),
            promised: AtomicU64::new(0),
        };
        dial.show(Level::EMPTY);
        dial
    }
}
