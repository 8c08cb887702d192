//! `perpetuo bench`: what streams cost on this machine, all in: stations, encoders, sockets, requests.

mod caller;
mod crowd;
mod report;

use std::{
    fs,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, bail};
use perpetuo_driver::{Ceilings, Config, Driver, Handle, Nowhere, Spent};
use perpetuo_engine::{BitrateKbps, Encoding, Lead, StreamConfig};
use perpetuo_http::{App, Ids, Key, Limits, Origins, Phase, Quotas, Rates, router};
use perpetuo_station::Catalogue;
use prometheus_client::registry::Registry;
use tokio::{runtime::Runtime, sync::watch, task::JoinHandle};

use crate::{
    cli::BenchArgs,
    output,
    serve::{SAMPLE_RATE_HZ, listen, raise_descriptor_limit},
    settings::cores,
};
use caller::Caller;
use crowd::Crowd;
use report::{Report, Split};

/// How long streams run before anything is measured: bursts are over then.
const WARM_UP: Duration = Duration::from_secs(5);

/// So many refusals, of new streams one after another or of listeners, say that it is full.
const ENOUGH_REFUSALS: u64 = 20;

/// A whole server, and the listeners it serves.
struct Bench {
    driver: Driver,
    address: SocketAddr,
    crowd: Crowd,
    end: watch::Sender<Phase>,
    server: JoinHandle<()>,
    runtime: Runtime,
}

/// What has been used so far.
struct Used {
    at: Instant,
    cpu: Duration,
    reader: Duration,
    spent: Spent,
    underruns: (u64, u64),
    rss_kib: u64,
}

/// Plays streams in real time to listeners at the other end of sockets, and prints what they took.
pub(crate) fn run(args: &BenchArgs, catalogue: &Catalogue) -> anyhow::Result<()> {
    Lead::from_seconds(args.lead).context("--lead")?;
    let bitrate = BitrateKbps::new(args.bitrate).context("--bitrate")?;
    let stations = stations(args, catalogue)?;
    let descriptors = raise_descriptor_limit();
    let most = descriptors.saturating_sub(100) / 2;
    if !args.find_max && u64::from(args.streams) > most {
        bail!("{descriptors} descriptors are enough for {most} streams; raise `ulimit -n`");
    }
    let kbps = Encoding::Mp3(bitrate).kbps(SAMPLE_RATE_HZ);
    let threads = args.threads.map_or_else(cores, usize::from);
    let bench = Bench::start(catalogue, threads, f64::from(kbps) * 125.0)?;
    let handle = bench.driver.handle();
    let before = Used::now(&handle, &bench.crowd)?;
    let (asked, refused, slowest_ms) = bench.fill(args, &stations, most)?;
    thread::sleep(WARM_UP);
    handle.metrics().take_lateness();
    let warm = Used::now(&handle, &bench.crowd)?;
    thread::sleep(Duration::from_secs(args.seconds.into()));
    let after = Used::now(&handle, &bench.crowd)?;

    let tally = &bench.crowd.tally;
    let us = |count: &std::sync::atomic::AtomicU64| count.load(Relaxed) as f64 / 1e3;
    let playing = tally.listening.load(Relaxed);
    let streams = (playing as f64).max(1.0);
    let wall = after.at.duration_since(warm.at).as_secs_f64();
    let reader = after.reader.saturating_sub(warm.reader).as_secs_f64();
    let cpu = after.cpu.saturating_sub(warm.cpu).as_secs_f64() - reader;
    let spent = after.spent.since(&warm.spent);
    let split = Split::new(cpu, spent, wall);
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        cpu: processor(),
        cores: cores(),
        render_threads: threads,
        stations: stations.join(", "),
        bitrate_kbps: args.bitrate,
        lead: args.lead,
        measured: wall,
        asked,
        playing,
        refused: refused + tally.refused.load(Relaxed),
        shed: handle.metrics().shed(),
        slowest_refusal_ms: slowest_ms.max(us(&tally.slowest_refusal_us)),
        slowest_first_byte_ms: us(&tally.slowest_first_byte_us),
        cpu_percent: split,
        cpu_percent_a_stream: split.over(streams),
        reader_cpu_percent: 100.0 * reader / wall,
        streams_a_core: 85.0 / split.over(streams).all.max(1e-9),
        times_real_time: spent.audio / wall / streams,
        utilisation: handle.utilisation().collect(),
        late_ms: handle.metrics().take_lateness().into(),
        underruns_sent: after.underruns.0,
        underruns_heard: after.underruns.1,
        kib_a_stream: after.rss_kib.saturating_sub(before.rss_kib) as f64 / streams,
        base_mib: before.rss_kib as f64 / 1024.0,
    };
    bench.end();
    match args.json {
        true => output::print(&format!("{}\n", serde_json::to_string_pretty(&report)?)),
        false => output::print(&report.to_text()),
    }
}

/// The stations to play, by name, all if none is named.
fn stations(args: &BenchArgs, catalogue: &Catalogue) -> anyhow::Result<Vec<&'static str>> {
    let all: Vec<_> = catalogue.iter().map(|spec| spec.name).collect();
    if args.station.is_empty() {
        return Ok(all);
    }
    let find = |name: &String| {
        let found = catalogue.find(name).map(|spec| spec.name);
        found.with_context(|| format!("--station: no '{name}'; there are {}", all.join(", ")))
    };
    args.station.iter().map(find).collect()
}

impl Bench {
    fn start(catalogue: &Catalogue, threads: usize, bytes_a_second: f64) -> anyhow::Result<Self> {
        let stream = StreamConfig {
            sample_rate_hz: SAMPLE_RATE_HZ,
            frozen_for: Duration::from_secs(60),
            time_to_live: Duration::from_secs(24 * 3600),
        };
        let (ceilings, grace) = (Ceilings::default(), Duration::ZERO);
        let driver = Driver::start(Config { threads, stream, ceilings, grace }, Arc::new(Nowhere))
            .context("cannot start render threads")?;
        let runtime = Runtime::new().context("cannot start the async runtime")?;
        let (end, phase) = watch::channel(Phase::Serving);
        let app = App {
            driver: driver.handle(),
            catalogue: catalogue.clone(),
            ids: Ids::new(Key::generate().context("no random numbers")?, stream.time_to_live),
            registry: Arc::new(Registry::default()),
            clock: SystemTime::now,
            quotas: Arc::new(Quotas::new(Rates::default(), Instant::now)),
            phase: phase.clone(),
        };
        let listener = runtime.block_on(async { listen(([127, 0, 0, 1], 0).into()) })?;
        let address = listener.local_addr().context("cannot tell where it listens")?;
        let limits = Limits { grace, ..Limits::default() };
        let router = router(app, &Origins::Any);
        let server = runtime.spawn(perpetuo_http::serve(listener, router, limits, phase));
        let crowd = Crowd::start(address, bytes_a_second)?;
        Ok(Self { driver, address, crowd, end, server, runtime })
    }

    /// Makes streams and lets listeners in, so many a second, until there are enough or it is full. Tells
    /// how many were asked for and refused before they were made, and the slowest refusal in ms.
    fn fill(
        &self,
        args: &BenchArgs,
        stations: &[&str],
        most: u64,
    ) -> anyhow::Result<(u64, u64, f64)> {
        let mut caller = Caller::new(self.address)?;
        let streams = if args.find_max { most } else { args.streams.into() };
        let (mut asked, mut refused, mut in_a_row, mut slowest_ms) = (0, 0, 0, 0.0_f64);
        let begun = Instant::now();
        for station in stations.iter().cycle() {
            let turned_away = self.crowd.tally.refused.load(Relaxed);
            let is_full = args.find_max && in_a_row.max(turned_away) >= ENOUGH_REFUSALS;
            if asked >= streams || is_full {
                break;
            }
            let due = begun + Duration::from_secs_f64(asked as f64 / f64::from(args.ramp));
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let at = Instant::now();
            let (status, id) =
                caller.get(&format!("/create_stream?station={station}&seed={asked}"))?;
            asked += 1;
            match status {
                200 => {
                    let (id, lead, bitrate) = (id.trim_end(), args.lead, args.bitrate);
                    let path = format!("/stream?id={id}&lead={lead}&bitrate={bitrate}");
                    self.crowd.send_to(path)?;
                    in_a_row = 0;
                }
                503 => {
                    refused += 1;
                    in_a_row += 1;
                    slowest_ms = slowest_ms.max(at.elapsed().as_secs_f64() * 1e3);
                }
                _ => bail!("/create_stream answered {status}: {id}"),
            }
        }
        Ok((asked, refused, slowest_ms))
    }

    fn end(self) {
        let _ = self.end.send(Phase::Ending);
        drop(self.crowd);
        self.driver.shutdown();
        let _ = self.runtime.block_on(self.server);
    }
}

impl Used {
    fn now(handle: &Handle, crowd: &Crowd) -> anyhow::Result<Self> {
        Ok(Self {
            at: Instant::now(),
            cpu: process_cpu(),
            reader: crowd.tally.cpu(),
            spent: handle.metrics().spent(),
            underruns: (handle.metrics().underruns(), crowd.tally.underruns.load(Relaxed)),
            rss_kib: resident_kib().context("cannot read /proc/self/status")?,
        })
    }
}

fn process_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// What the machine calls its processor.
fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| "an unknown processor".to_owned(), |(_, name)| name.to_owned())
}
