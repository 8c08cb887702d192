//! `perpetuo serve`: from settings to a running server, and to its end.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context;
use perpetuo_driver::{Config, Driver, Handle};
use perpetuo_engine::StreamConfig;
use perpetuo_http::{App, Ids, Limits, Phase, Quotas, osc, router};
use perpetuo_station::Catalogue;
use prometheus_client::registry::Registry;
use tokio::{
    net::{TcpListener, UdpSocket},
    sync::watch,
};
use tracing::{debug, info, warn};

use crate::{
    cli::ServeArgs,
    log::Log,
    memory, output,
    reload::Reloader,
    settings::Settings,
    signals::{Signals, Wanted},
    store, systemd,
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
pub(crate) fn run(mut args: ServeArgs, catalogue: Catalogue) -> anyhow::Result<()> {
    let inherited = systemd::inherited_listener()?;
    if let Some(listener) = &inherited {
        args.listen = Some(listener.local_addr().context("cannot tell where it listens")?);
    }
    let descriptors = raise_descriptor_limit();
    let settings = Settings::gather(args.clone(), descriptors)?;
    let log = Log::to_stderr(settings.log_level);
    if inherited.is_some() {
        info!(
            "listening on the socket that was handed over, {}; --listen is not used",
            settings.listen
        );
    }
    if descriptors < FEW_DESCRIPTORS {
        warn!(descriptors, listeners = ?settings.ceilings.listeners, "few open files are allowed; see `ulimit -n`");
    }
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(serve(Start { args, descriptors, settings, inherited, log }, catalogue))
}

/// What there is before the async runtime is.
struct Start {
    args: ServeArgs,
    descriptors: u64,
    settings: Settings,
    inherited: Option<std::net::TcpListener>,
    log: Log,
}

async fn serve(start: Start, catalogue: Catalogue) -> anyhow::Result<()> {
    let Start { args, descriptors, mut settings, inherited, log } = start;
    let listener = match inherited {
        Some(listener) => adopt(listener).context("cannot listen on what was handed over")?,
        None => listen(settings.listen)?,
    };
    let address = listener.local_addr().context("cannot tell where it listens")?;
    let mut registry = Registry::with_prefix("perpetuo");
    let (store, key) = store::open(&settings, &catalogue, &mut registry).await?;
    let driver = Driver::start(driver_config(&settings), Arc::clone(&store))
        .context("cannot start render threads")?;
    driver.handle().metrics().register(&mut registry);
    let quotas = Arc::new(Quotas::new(settings.rates, Instant::now));
    quotas.register(&mut registry);
    let heard = osc::Metrics::default();
    heard.register(&mut registry);
    let (phase, is_in) = watch::channel(Phase::Serving);
    let app = App {
        driver: driver.handle(),
        catalogue,
        ids: Ids::new(key, settings.time_to_live),
        registry: Arc::new(registry),
        clock: SystemTime::now,
        quotas: Arc::clone(&quotas),
        phase: is_in.clone(),
    };
    if let Some(address) = settings.osc {
        let socket = listen_for_osc(address).await?;
        tokio::spawn(osc::serve(socket, app.clone(), heard));
    }
    let router = router(app, &settings.origins);
    let server = tokio::spawn(perpetuo_http::serve(listener, router, Limits::default(), is_in));
    tokio::spawn(keep_memory_small(driver.handle()));
    let mut signals = Signals::catch()?;
    output::print(&format!("Perpetuo plays at http://{address}/\n"))?;
    debug!(threads = settings.threads, data_dir = %settings.data_dir.display(), "started");

    systemd::tell_ready();
    let has_file = args.config.is_some();
    let reloader = Reloader { args, descriptors, log, driver: driver.handle(), quotas };
    // Without a file there is nothing to read again: SIGHUP says that the terminal is gone.
    while signals.next().await == Wanted::Reload && has_file {
        reloader.reload(&mut settings);
    }
    signals.make_the_next_the_last();

    info!(within = settings.drain.as_secs(), "draining");
    systemd::tell_stopping(settings.drain + 2 * Limits::default().grace);
    phase.send_replace(Phase::Draining { until: SystemTime::now() + settings.drain });
    driver.drain(settings.drain).await;
    info!("shutting down");
    phase.send_replace(Phase::Ending);
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

fn adopt(listener: std::net::TcpListener) -> std::io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
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
