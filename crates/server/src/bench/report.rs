//! What a bench has found, as text and as JSON.

use perpetuo_driver::{Lateness, Spent};
use serde::Serialize;

/// One run; times in seconds and CPU time in percent of a core unless the name says otherwise.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) version: &'static str,
    pub(super) cpu: String,
    pub(super) cores: usize,
    pub(super) render_threads: usize,
    pub(super) stations: String,
    pub(super) bitrate_kbps: u16,
    pub(super) lead: f64,
    pub(super) measured: f64,
    pub(super) asked: u64,
    pub(super) playing: u64,
    pub(super) refused: u64,
    pub(super) shed: u64,
    pub(super) slowest_refusal_ms: f64,
    pub(super) slowest_first_byte_ms: f64,
    pub(super) cpu_percent: Split,
    pub(super) cpu_percent_a_stream: Split,
    /// CPU time of the listeners, who share the machine; it is in nothing else.
    pub(super) reader_cpu_percent: f64,
    /// As many as fit one core if it is used to 85 %.
    pub(super) streams_a_core: f64,
    pub(super) times_real_time: f64,
    pub(super) utilisation: Vec<f64>,
    pub(super) late_ms: Late,
    /// Since the first stream began, as the server and as the listeners count them.
    pub(super) underruns_sent: u64,
    pub(super) underruns_heard: u64,
    pub(super) kib_a_stream: f64,
    pub(super) base_mib: f64,
}

/// CPU time by what it was for.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Split {
    pub(super) all: f64,
    pub(super) render: f64,
    pub(super) encode: f64,
    pub(super) deliver: f64,
    /// Requests, waiting, counting.
    pub(super) rest: f64,
}

/// Lateness, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Late {
    median: f64,
    p99: f64,
    worst: f64,
}

impl Split {
    /// Of `cpu` seconds in all, in percent of `wall` seconds.
    pub(super) fn new(cpu: f64, spent: Spent, wall: f64) -> Self {
        let percent = |seconds: f64| 100.0 * seconds / wall;
        let [render, encode, deliver] = [spent.render, spent.encode, spent.deliver].map(percent);
        let all = percent(cpu);
        Self { all, render, encode, deliver, rest: (all - render - encode - deliver).max(0.0) }
    }

    pub(super) fn over(self, streams: f64) -> Self {
        Self {
            all: self.all / streams,
            render: self.render / streams,
            encode: self.encode / streams,
            deliver: self.deliver / streams,
            rest: self.rest / streams,
        }
    }
}

impl From<Lateness> for Late {
    fn from(late: Lateness) -> Self {
        let [median, p99, worst] =
            [late.median, late.p99, late.worst].map(|time| time.as_secs_f64() * 1e3);
        Self { median, p99, worst }
    }
}

impl Report {
    /// For people.
    pub(super) fn to_text(&self) -> String {
        let Split { all, render, encode, deliver, rest } = self.cpu_percent_a_stream;
        let utilisation: Vec<_> =
            self.utilisation.iter().map(|used| format!("{:.0}", 100.0 * used)).collect();
        format!(
            "perpetuo {} on {} cores of {}\n\
             {} streams of {}, MP3 at {} kbit/s, lead {} s, {} render threads, {:.0} s\n\
             \n\
             streams a core    {:.0}, were it used to 85 %\n\
             refused           {} of {}, the slowest after {:.1} ms; {} let in and then shed\n\
             first byte        after {:.1} ms at most\n\
             CPU a stream      {all:.4} % of a core: render {render:.4}, encode {encode:.4}, deliver {deliver:.4}, rest {rest:.4}\n\
             CPU in all        {:.1} % of a core, and the listeners' {:.1} %; render threads used to {} %\n\
             delivered         {:.4} of real time\n\
             lateness          median {:.2} ms, p99 {:.1} ms, worst {:.1} ms\n\
             underruns         {} sent, {} heard, since the first stream began\n\
             memory a stream   {:.0} KiB; the program without streams {:.1} MiB\n",
            self.version,
            self.cores,
            self.cpu,
            self.playing,
            self.stations,
            self.bitrate_kbps,
            self.lead,
            self.render_threads,
            self.measured,
            self.streams_a_core,
            self.refused,
            self.asked,
            self.slowest_refusal_ms,
            self.shed,
            self.slowest_first_byte_ms,
            self.cpu_percent.all,
            self.reader_cpu_percent,
            utilisation.join(", "),
            self.times_real_time,
            self.late_ms.median,
            self.late_ms.p99,
            self.late_ms.worst,
            self.underruns_sent,
            self.underruns_heard,
            self.kib_a_stream,
            self.base_mib,
        )
    }
}
