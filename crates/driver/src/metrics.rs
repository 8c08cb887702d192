//! What the driver counts.

use std::{sync::atomic::AtomicU64, time::Duration};

use perpetuo_engine::{Encoding, Load};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use crate::{Full, Lateness, lateness::Counts, thread::Failure};

type Seconds = Counter<f64, AtomicU64>;
type Share = Gauge<f64, AtomicU64>;

/// One label and its value.
type Label<T> = [(&'static str, T); 1];

/// Counters and gauges of all render threads together.
#[derive(Debug)]
pub struct Metrics {
    pub(crate) streams_playing: Gauge,
    pub(crate) streams_idle: Gauge,
    listeners: Gauge,
    listeners_by_format: Family<Label<&'static str>, Gauge>,
    pub(crate) listeners_stalled: Gauge,
    pub(crate) followers: Gauge,
    admitted: Counter,
    refused: Family<Label<&'static str>, Counter>,
    pub(crate) shed: Counter,
    pub(crate) chunks: Counter,
    late_chunks: Counter,
    pub(crate) underruns: Counter,
    pub(crate) jumps: Counter,
    failures: Family<Label<&'static str>, Counter>,
    pub(crate) overruns: Counter,
    pub(crate) sent_bytes: Counter,
    pub(crate) audio: Seconds,
    pub(crate) render: Seconds,
    pub(crate) encode: Seconds,
    pub(crate) deliver: Seconds,
    pub(crate) lead: Histogram,
    lateness: Histogram,
    utilisation: Family<Label<String>, Share>,
    station_cost: Family<Label<&'static str>, Share>,
    late: Counts,
}

/// What was made since the start, and the CPU time it took, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// Audio rendered.
    pub audio: f64,
    /// In stations.
    pub render: f64,
    /// In encoders.
    pub encode: f64,
    /// Giving listeners what is theirs, sockets included.
    pub deliver: f64,
}

impl Spent {
    /// What was made since, and what it took.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            audio: self.audio - earlier.audio,
            render: self.render - earlier.render,
            encode: self.encode - earlier.encode,
            deliver: self.deliver - earlier.deliver,
        }
    }
}

impl Metrics {
    /// A chunk counts as late when it is rendered so much after it was due.
    pub const LATE: Duration = Duration::from_millis(10);

    /// Makes everything visible in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        self.register_population(registry);
        self.register_audio(registry);
        self.register_load(registry);
    }

    fn register_population(&self, registry: &mut Registry) {
        // What has not happened yet is shown as none.
        for format in Encoding::FORMATS {
            self.listeners_by_format.get_or_create(&[("format", format)]).set(0);
        }
        for full in Full::NAMES {
            self.refused.get_or_create(&[("full", full)]).inc_by(0);
        }
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
        registry.register(
            "listeners",
            "Responses being fed, by format",
            self.listeners_by_format.clone(),
        );
        registry.register(
            "listeners_stalled",
            "Listeners whose connection takes nothing at the moment",
            self.listeners_stalled.clone(),
        );
        registry.register(
            "followers",
            "Connections that are told what happens in a stream",
            self.followers.clone(),
        );
        registry.register(
            "streams_admitted",
            "Times that a stream was let in to play",
            self.admitted.clone(),
        );
        registry.register(
            "refused",
            "Requests answered 503, by what was full",
            self.refused.clone(),
        );
        registry.register(
            "streams_shed",
            "Streams that played and were ended for the others to play on",
            self.shed.clone(),
        );
    }

    fn register_audio(&self, registry: &mut Registry) {
        for failure in Failure::ALL {
            self.failures.get_or_create(&[("why", failure.name())]).inc_by(0);
        }
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
            "station_failures",
            "Streams ended because their station panicked, or took too long for too long",
            self.failures.clone(),
        );
        registry.register(
            "station_overruns",
            "Chunks that took their station a quarter of their time or more",
            self.overruns.clone(),
        );
        registry.register_with_unit(
            "sent",
            "Audio given to listeners' sockets",
            Unit::Bytes,
            self.sent_bytes.clone(),
        );
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

    fn register_load(&self, registry: &mut Registry) {
        let mut seconds = |name, help, counter: &Seconds| {
            registry.register_with_unit(name, help, Unit::Seconds, counter.clone());
        };
        seconds("audio", "Audio rendered", &self.audio);
        seconds("render_cpu", "CPU time spent in stations", &self.render);
        seconds("encode_cpu", "CPU time spent encoding", &self.encode);
        seconds("deliver_cpu", "CPU time spent sending to listeners", &self.deliver);
        registry.register(
            "utilisation",
            "What the streams of a render thread cost over what it gets; new ones are refused from 0.85",
            self.utilisation.clone(),
        );
        registry.register(
            "station_cost",
            "What a stream of a station costs without its listeners, as a share of a core",
            self.station_cost.clone(),
        );
    }

    /// How late chunks were since this was last asked.
    pub fn take_lateness(&self) -> Lateness {
        self.late.take()
    }

    /// What has been made, and what it has taken.
    pub fn spent(&self) -> Spent {
        Spent {
            audio: self.audio.get(),
            render: self.render.get(),
            encode: self.encode.get(),
            deliver: self.deliver.get(),
        }
    }

    /// Underruns since the start.
    pub fn underruns(&self) -> u64 {
        self.underruns.get()
    }

    /// How often a stream has stopped playing since the start.
    pub fn stopped(&self) -> u64 {
        self.admitted.get().saturating_sub(self.streams_playing.get().max(0) as u64)
    }

    /// Streams ended since the start for the others to play on.
    pub fn shed(&self) -> u64 {
        self.shed.get()
    }

    /// Streams known, played or not, and listeners.
    pub fn population(&self) -> (usize, usize) {
        let streams = self.streams_playing.get() + self.streams_idle.get();
        (streams.max(0) as usize, self.listeners.get().max(0) as usize)
    }

    /// Those who are told what happens in a stream.
    pub(crate) fn followers(&self) -> usize {
        self.followers.get().max(0) as usize
    }

    pub(crate) fn on_join(&self, encoding: Encoding) {
        self.listeners.inc();
        self.listeners_by_format.get_or_create(&[("format", encoding.format())]).inc();
    }

    pub(crate) fn on_leave(&self, encoding: Encoding) {
        self.listeners.dec();
        self.listeners_by_format.get_or_create(&[("format", encoding.format())]).dec();
    }

    pub(crate) fn on_admitted(&self) {
        self.admitted.inc();
    }

    pub(crate) fn on_refused(&self, full: &Full) {
        self.refused.get_or_create(&[("full", full.name())]).inc();
    }

    pub(crate) fn on_failure(&self, failure: Failure) {
        self.failures.get_or_create(&[("why", failure.name())]).inc();
    }

    pub(crate) fn on_late(&self, late: Duration) {
        self.lateness.observe(late.as_secs_f64());
        self.late.add(late);
        if late > Self::LATE {
            self.late_chunks.inc();
        }
    }

    /// Shows a thread's load, and what it has measured.
    pub(crate) fn show(&self, thread: usize, load: &Load) {
        let thread = [("thread", thread.to_string())];
        self.utilisation.get_or_create(&thread).set(load.utilisation());
        for (station, cost) in load.stations() {
            self.station_cost.get_or_create(&[("station", station)]).set(cost);
        }
    }

    /// What a stream of a station was last seen to cost, as a share of a core.
    pub(crate) fn station_cost(&self, station: &'static str) -> f64 {
        self.station_cost
            .get(&[("station", station)])
            .map_or(Load::UNKNOWN_STATION, |cost| cost.get())
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            streams_playing: Gauge::default(),
            streams_idle: Gauge::default(),
            listeners: Gauge::default(),
            listeners_by_format: Family::default(),
            listeners_stalled: Gauge::default(),
            followers: Gauge::default(),
            admitted: Counter::default(),
            refused: Family::default(),
            shed: Counter::default(),
            chunks: Counter::default(),
            late_chunks: Counter::default(),
            underruns: Counter::default(),
            jumps: Counter::default(),
            failures: Family::default(),
            overruns: Counter::default(),
            sent_bytes: Counter::default(),
            audio: Seconds::default(),
            render: Seconds::default(),
            encode: Seconds::default(),
            deliver: Seconds::default(),
            lead: Histogram::new([0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 1.25, 2.5, 5.0, 10.0]),
            lateness: Histogram::new([0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5]),
            utilisation: Family::default(),
            station_cost: Family::default(),
            late: Counts::default(),
        }
    }
}
