//! What the driver counts.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

type Seconds = Counter<f64, AtomicU64>;

/// Counters and gauges of all render threads together.
#[derive(Debug)]
pub struct Metrics {
    pub(crate) streams_playing: Gauge,
    pub(crate) streams_idle: Gauge,
    pub(crate) listeners: Gauge,
    pub(crate) chunks: Counter,
    pub(crate) late_chunks: Counter,
    pub(crate) underruns: Counter,
    pub(crate) jumps: Counter,
    pub(crate) panics: Counter,
    pub(crate) audio: Seconds,
    pub(crate) render: Seconds,
    pub(crate) encode: Seconds,
    pub(crate) lead: Histogram,
    pub(crate) lateness: Histogram,
    worst_late_us: AtomicU64,
}

impl Metrics {
    /// A chunk counts as late when it is rendered so much after it was due.
    pub const LATE: Duration = Duration::from_millis(10);

    /// Makes everything visible in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "streams_playing",
            "Streams being rendered",
            self.streams_playing.clone(),
        );
        registry.register(
            "streams_idle",
            "Streams known but not rendered: nobody listens, or nobody takes what is sent",
            self.streams_idle.clone(),
        );
        registry.register("listeners", "Responses being fed", self.listeners.clone());
        registry.register("chunks", "Chunks rendered", self.chunks.clone());
        registry.register(
            "late_chunks",
            "Chunks rendered more than 10 ms after they were due",
            self.late_chunks.clone(),
        );
        registry.register(
            "underruns",
            "Times that real time passed what a listener had been sent",
            self.underruns.clone(),
        );
        registry.register(
            "jumps_to_live",
            "Times that a listener who had stopped taking went on at the live edge",
            self.jumps.clone(),
        );
        registry.register(
            "station_panics",
            "Streams ended because their station panicked",
            self.panics.clone(),
        );
        let mut seconds = |name, help, counter: &Seconds| {
            registry.register_with_unit(name, help, Unit::Seconds, counter.clone());
        };
        seconds("audio", "Audio rendered", &self.audio);
        seconds("render_cpu", "CPU time spent in stations", &self.render);
        seconds("encode_cpu", "CPU time spent encoding and handing over", &self.encode);
        registry.register_with_unit(
            "lead",
            "How far what was sent ran ahead of real time for a stream's tightest listener, a chunk",
            Unit::Seconds,
            self.lead.clone(),
        );
        registry.register_with_unit(
            "lateness",
            "How long after it was due a chunk was rendered",
            Unit::Seconds,
            self.lateness.clone(),
        );
    }

    /// The most that any chunk was late since this was last asked.
    pub fn take_worst_late(&self) -> Duration {
        Duration::from_micros(self.worst_late_us.swap(0, Relaxed))
    }

    /// Audio rendered, CPU time of stations and of encoding, each in seconds, all since the start.
    pub fn cost(&self) -> (f64, f64, f64) {
        (self.audio.get(), self.render.get(), self.encode.get())
    }

    /// Underruns since the start.
    pub fn underruns(&self) -> u64 {
        self.underruns.get()
    }

    /// Streams known, played or not, and listeners.
    pub fn population(&self) -> (i64, i64) {
        (self.streams_playing.get() + self.streams_idle.get(), self.listeners.get())
    }

    pub(crate) fn on_late(&self, late: Duration) {
        self.lateness.observe(late.as_secs_f64());
        self.worst_late_us.fetch_max(late.as_micros() as u64, Relaxed);
        if late > Self::LATE {
            self.late_chunks.inc();
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            streams_playing: Gauge::default(),
            streams_idle: Gauge::default(),
            listeners: Gauge::default(),
            chunks: Counter::default(),
            late_chunks: Counter::default(),
            underruns: Counter::default(),
            jumps: Counter::default(),
            panics: Counter::default(),
            audio: Seconds::default(),
            render: Seconds::default(),
            encode: Seconds::default(),
            lead: Histogram::new([0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 1.25, 2.5, 5.0, 10.0]),
            lateness: Histogram::new([0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5]),
            worst_late_us: AtomicU64::new(0),
        }
    }
}
