//! What stores count.

use prometheus_client::{
    metrics::{
        counter::Counter,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// Of one store; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    pub(crate) writes: Counter,
    pub(crate) lost: Counter,
    pub(crate) failures: Counter,
    pub(crate) waiting: Gauge,
    pub(crate) away: Gauge,
    pub(crate) commits: Histogram,
    pub(crate) reads: Histogram,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        // From 0.1 ms to 0.8 s.
        let times = || Histogram::new(exponential_buckets(0.0001, 2.0, 14));
        Self {
            writes: Counter::default(),
            lost: Counter::default(),
            failures: Counter::default(),
            waiting: Gauge::default(),
            away: Gauge::default(),
            commits: times(),
            reads: times(),
        }
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        let store = registry.sub_registry_with_prefix("store");
        store.register("writes", "Passages and changes that were kept", self.writes.clone());
        store.register("lost", "Passages and changes that could not be", self.lost.clone());
        store.register(
            "failures",
            "Times that the store failed or was late",
            self.failures.clone(),
        );
        store.register(
            "waiting",
            "Passages and changes that wait to be kept",
            self.waiting.clone(),
        );
        store.register("away", "1 while the store cannot be reached", self.away.clone());
        let (seconds, commits) = (Unit::Seconds, self.commits.clone());
        store.register_with_unit("commit", "Time to keep what came together", seconds, commits);
        let (seconds, reads) = (Unit::Seconds, self.reads.clone());
        store.register_with_unit("read", "Time to look up a stream", seconds, reads);
    }
}
