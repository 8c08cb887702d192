//! What a thread has cost.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Measures the calling thread's CPU time from lap to lap.
pub(crate) struct CpuLaps(Duration);

impl CpuLaps {
    pub(crate) fn start() -> Self {
        Self(thread_time())
    }

    /// CPU time since the last lap, or since the start.
    pub(crate) fn lap(&mut self) -> Duration {
        let last = std::mem::replace(&mut self.0, thread_time());
        self.0.saturating_sub(last)
    }
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
