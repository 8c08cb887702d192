//! Connections: how they are accepted, how patient we are with them, how they end.

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_io_timeout::TimeoutStream;
use tower::Layer;
use tracing::{debug, warn};

use crate::quota::Peer;

/// How patient the server is.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a request's head may take to arrive, from the connection or the last answer on.
    pub head_timeout: Duration,
    /// How long a client may take nothing of what it is sent.
    pub write_timeout: Duration,
    /// How long connections have to end by themselves when the server shuts down.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            grace: Duration::from_secs(2),
        }
    }
}

/// Unsent bytes a socket may hold, so that a client that stops reading is noticed: a second at
/// 128 kbit/s, and no less than a chunk at any bit rate.
const NOT_SENT_LOWAT: u32 = 16 * 1024;

/// Serves until `is_ending` turns true, then stops accepting and waits for the connections, at most
/// [`Limits::grace`].
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut is_ending: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let mut ending = pin!(is_ending.wait_for(|is_ending| *is_ending));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut ending => break,
        };
        match accepted {
            Ok((socket, peer)) => connect(socket, peer, router.clone(), limits, &graceful),
            Err(error) => refuse(&error).await,
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.grace, graceful.shutdown()).await.is_err() {
        debug!("connections cut off at the end of the grace period");
    }
}

/// Serves one connection on a task of its own.
fn connect(
    socket: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    graceful: &GracefulShutdown,
) {
    if let Err(error) = prepare(&socket) {
        debug!(%peer, %error, "connection lost at once");
        return;
    }
    let router = Extension(Peer(peer)).layer(router);
    let mut socket = TimeoutStream::new(socket);
    socket.set_write_timeout(Some(limits.write_timeout));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .serve_connection(TokioIo::new(Box::pin(socket)), TowerToHyperService::new(router));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            debug!(%peer, %error, "connection ended");
        }
    });
}

/// Small packets at once, and little in the kernel that the client has not taken.
fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    SockRef::from(socket).set_tcp_notsent_lowat(NOT_SENT_LOWAT)?;
    Ok(())
}

/// Accepting fails when descriptors run out; to try again at once would only burn CPU.
async fn refuse(error: &io::Error) {
    warn!(%error, "connection not accepted");
    tokio::time::sleep(Duration::from_millis(50)).await;
}
