//! `perpetuo serve`: from settings to a running server, and to its end.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context;
use perpetuo_driver::{Config, Driver, Handle};
use perpetuo_engine::StreamConfig;
use perpetuo_http::{App, Ids, Limits, Quotas, osc, router};
use perpetuo_station::Catalogue;
use prometheus_client::registry::Registry;
use tokio::{
    net::{TcpListener, UdpSocket},
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};
use tracing::{debug, info, level_filters::LevelFilter, warn};

use crate::{
    cli::{LogLevel, ServeArgs},
    memory, output,
    settings::Settings,
    store,
};

/// Samples a second of every stream.
pub(crate) const SAMPLE_RATE_HZ: u32 = 44_100;

/// How long a stream that nobody listens to keeps its backlog.
const FROZEN_FOR: Duration = Duration::from_secs(60);

/// How often memory is given back.
const TIDY_EVERY: Duration = Duration::from_secs(10);

/// How long the store may take to keep what it was given last.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);

/// Fewer are said to be few: each listener is one.
const FEW_DESCRIPTORS: u64 = 4096;

/// Connections that may wait to be accepted.
const ACCEPT_QUEUE: u32 = 4096;

/// Serves until it is told to stop.
pub(crate) fn run(args: ServeArgs, catalogue: Catalogue) -> anyhow::Result<()> {
    let descriptors = raise_descriptor_limit();
    let settings = Settings::gather(args, descriptors)?;
    log_to_stderr(settings.log_level);
    if descriptors < FEW_DESCRIPTORS {
        warn!(descriptors, listeners = ?settings.ceilings.listeners, "few open files are allowed; see `ulimit -n`");
    }
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(serve(settings, catalogue))
}

async fn serve(settings: Settings, catalogue: Catalogue) -> anyhow::Result<()> {
    let listener = listen(settings.listen)?;
    let address = listener.local_addr().context("cannot tell where it listens")?;
    let mut registry = Registry::with_prefix("perpetuo");
    let (store, key) = store::open(&settings, &catalogue, &mut registry).await?;
    let driver = Driver::start(driver_config(&settings), Arc::clone(&store))
        .context("cannot start render threads")?;
    driver.handle().metrics().register(&mut registry);
    let quotas = Quotas::new(settings.rates, Instant::now);
    quotas.register(&mut registry);
    let heard = osc::Metrics::default();
    heard.register(&mut registry);
    let (end, is_ending) = watch::channel(false);
    let app = App {
        driver: driver.handle(),
        catalogue,
        ids: Ids::new(key, settings.time_to_live),
        registry: Arc::new(registry),
        clock: SystemTime::now,
        quotas: Arc::new(quotas),
        is_ending: is_ending.clone(),
    };
    if let Some(address) = settings.osc {
        let socket = listen_for_osc(address).await?;
        tokio::spawn(osc::serve(socket, app.clone(), heard));
    }
    let router = router(app, &settings.origins);
    let server = tokio::spawn(perpetuo_http::serve(listener, router, Limits::default(), is_ending));
    tokio::spawn(keep_memory_small(driver.handle()));
    let stop = StopSignals::catch()?;
    output::print(&format!("Perpetuo plays at http://{address}/\n"))?;
    debug!(threads = settings.threads, data_dir = %settings.data_dir.display(), "started");

    stop.wait().await;
    info!("shutting down");
    // Whoever waits for this has gone when nothing serves any more.
    let _ = end.send(true);
    tokio::task::spawn_blocking(|| driver.shutdown()).await.context("render threads")?;
    let flush = tokio::time::timeout(FLUSH_PATIENCE, store.flush()).await;
    if flush.ok().and_then(Result::ok).is_none() {
        warn!("the store has not kept all that it was given");
    }
    server.await.context("server")?;
    info!("bye");
    Ok(())
}

/// Gives memory back to the system while streams come to rest, which they do within [`FROZEN_FOR`] of the
/// last listener's leaving.
async fn keep_memory_small(driver: Handle) {
    let rounds = FROZEN_FOR.as_secs() / TIDY_EVERY.as_secs() + 1;
    let (mut stopped, mut left) = (0, 0);
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        let before = std::mem::replace(&mut stopped, driver.metrics().stopped());
        left = if stopped > before { rounds } else { left };
        if left > 0 {
            left -= 1;
            // It is not waited for: there is nothing to be told.
            drop(tokio::task::spawn_blocking(memory::give_back));
        }
    }
}

fn driver_config(settings: &Settings) -> Config {
    Config {
        threads: settings.threads,
        stream: StreamConfig {
            sample_rate_hz: SAMPLE_RATE_HZ,
            frozen_for: FROZEN_FOR,
            time_to_live: settings.time_to_live,
        },
        ceilings: settings.ceilings,
        grace: Limits::default().grace,
    }
}

pub(crate) fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let open = || {
        let socket = match address {
            SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
            SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(ACCEPT_QUEUE)
    };
    open().with_context(|| format!("cannot listen on {address}; choose another with --listen"))
}

/// The port may have been chosen by the system: the log says which.
async fn listen_for_osc(address: SocketAddr) -> anyhow::Result<UdpSocket> {
    let socket = UdpSocket::bind(address).await;
    let socket = socket.with_context(|| {
        format!("cannot take Open Sound Control on {address}; choose another with --osc")
    })?;
    let address = socket.local_addr().context("cannot tell where it takes Open Sound Control")?;
    info!("Open Sound Control is taken at udp://{address}");
    Ok(socket)
}

/// SIGTERM and SIGINT, caught from now on.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn catch() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("cannot catch SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("cannot catch SIGINT")?,
        })
    }

    /// Returns on the first. A second one ends the process at once.
    async fn wait(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(130);
        });
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn log_to_stderr(level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal)
        .init();
}

/// A listener is a descriptor: as many as the system grants, which it tells.
pub(crate) fn raise_descriptor_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let granted = match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    granted.unwrap_or(u64::MAX)
}
