//! How full each render thread is, for everyone to read.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use perpetuo_engine::{Load, Overload};

/// One thread's load, written by it alone.
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
    pub(crate) fn show(&self, load: &Load) {
        self.utilisation.store((1000.0 * load.utilisation()) as u32, Relaxed);
        self.availability.store((1000.0 * load.availability()) as u32, Relaxed);
        self.lag_ms.store(load.lag().as_millis() as u32, Relaxed);
    }

    pub(crate) fn utilisation(&self) -> f64 {
        f64::from(self.utilisation.load(Relaxed)) / 1000.0
    }

    /// Whether a stream of such a cost would be let in.
    pub(crate) fn admit(&self, cost: f64) -> Result<(), Overload> {
        let lag = Duration::from_millis(self.lag_ms.load(Relaxed).into());
        if lag > Load::MAX_LAG {
            return Err(Overload::Late(lag));
        }
        let used = self.utilisation();
        let availability = f64::from(self.availability.load(Relaxed).max(1)) / 1000.0;
        if used + cost / availability > Load::LIMIT { Err(Overload::Busy(used)) } else { Ok(()) }
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
        Self {
            utilisation: AtomicU32::new(0),
            availability: AtomicU32::new(1000),
            lag_ms: AtomicU32::new(0),
            promised: AtomicU64::new(0),
        }
    }
}
