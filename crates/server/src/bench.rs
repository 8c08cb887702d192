//! `perpetuo bench`: what streams cost on this machine.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use perpetuo_driver::{Config, Driver, Handle, Origin, StreamKey};
use perpetuo_engine::{BitrateKbps, Encoding, Lead, StreamConfig};
use perpetuo_station::Catalogue;

use crate::{cli::BenchArgs, output, serve::SAMPLE_RATE_HZ, settings::cores};

/// How long streams run before anything is measured: bursts are over then.
const WARM_UP: Duration = Duration::from_secs(3);

/// What has been used so far.
struct Used {
    at: Instant,
    cpu: Duration,
    rss_kib: u64,
    underruns: u64,
    /// Audio, rendering and encoding, in seconds.
    cost: (f64, f64, f64),
    /// The most that any chunk was late since the last look.
    worst_late: Duration,
}

/// Plays streams in real time, nobody's ears on them, and prints what they took.
pub(crate) fn run(args: &BenchArgs, catalogue: &Catalogue) -> anyhow::Result<()> {
    let lead = Lead::from_seconds(args.lead).context("--lead")?;
    let encoding = Encoding::Mp3(BitrateKbps::new(args.bitrate).context("--bitrate")?);
    let threads = args.threads.map_or_else(cores, usize::from);
    let stream = StreamConfig {
        sample_rate_hz: SAMPLE_RATE_HZ,
        frozen_for: Duration::from_secs(60),
        time_to_live: Duration::from_secs(24 * 3600),
    };
    let driver =
        Driver::start(Config { threads, stream }).context("cannot start render threads")?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    let handle = driver.handle();
    let before = Used::now(&handle)?;
    runtime.block_on(async {
        listen_to_all(&handle, catalogue, args.streams, encoding, lead).await?;
        tokio::time::sleep(WARM_UP).await;
        let warm = Used::now(&handle)?;
        tokio::time::sleep(Duration::from_secs(args.seconds.into())).await;
        let after = Used::now(&handle)?;
        output::print(&report(args, threads, &before, &warm, &after))
    })?;
    driver.shutdown();
    Ok(())
}

/// Starts a task for each stream that takes whatever it is given.
async fn listen_to_all(
    handle: &Handle,
    catalogue: &Catalogue,
    streams: u32,
    encoding: Encoding,
    lead: Lead,
) -> anyhow::Result<()> {
    for (spec, n) in catalogue.iter().cycle().zip(0..streams) {
        let mut key = [0; 16];
        key[..4].copy_from_slice(&n.to_le_bytes());
        let origin = Origin {
            key: StreamKey(key),
            spec: Arc::clone(spec),
            seed: n.into(),
            values: spec.defaults(),
            may_begin: true,
        };
        let mut listener = handle.listen(origin, encoding, lead).await?;
        tokio::spawn(async move { while listener.next().await.is_some() {} });
    }
    Ok(())
}

fn report(args: &BenchArgs, threads: usize, before: &Used, warm: &Used, after: &Used) -> String {
    let streams = f64::from(args.streams);
    let wall = after.at.duration_since(warm.at).as_secs_f64();
    let percent = |seconds: f64| 100.0 * seconds / wall / streams;
    let cpu = percent(after.cpu.saturating_sub(warm.cpu).as_secs_f64());
    let render = percent(after.cost.1 - warm.cost.1);
    let encode = percent(after.cost.2 - warm.cost.2);
    let delivered = (after.cost.0 - warm.cost.0) / wall / streams;
    let rss = after.rss_kib.saturating_sub(before.rss_kib) as f64 / streams;
    format!(
        "{streams} streams of MP3 at {} kbit/s, lead {} s, {threads} render threads, {wall:.1} s\n\
         \n\
         CPU a stream      {cpu:.3} % of a core: render {render:.3}, encode {encode:.3}, rest {:.3}\n\
         streams a core    {:.0}, were a core used to 85 %\n\
         delivered         {delivered:.4} of real time\n\
         worst lateness    {:.1} ms; while all of them started {:.1} ms\n\
         underruns         {}\n\
         memory a stream   {rss:.0} KiB; the program without streams {:.1} MiB\n",
        args.bitrate,
        args.lead,
        (cpu - render - encode).max(0.0),
        85.0 / cpu.max(1e-9),
        after.worst_late.as_secs_f64() * 1e3,
        warm.worst_late.as_secs_f64() * 1e3,
        after.underruns - warm.underruns,
        before.rss_kib as f64 / 1024.0,
    )
}

impl Used {
    fn now(handle: &Handle) -> anyhow::Result<Self> {
        Ok(Self {
            at: Instant::now(),
            cpu: process_cpu(),
            rss_kib: resident_kib().context("cannot read /proc/self/status")?,
            underruns: handle.metrics().underruns(),
            cost: handle.metrics().cost(),
            worst_late: handle.metrics().take_worst_late(),
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
