//! Connections: how they are accepted, how patient we are with them, how they end.

use std::{
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    time::Duration,
};

use axum::{Extension, Router};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::task::TaskTracker;
use tower::{Layer, ServiceExt};
use tracing::{debug, warn};

use crate::{Phase, quota::Peer, takeover::Takeover};

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

/// Serves until [`Phase::Ending`], then stops accepting and waits for the connections, at most
/// [`Limits::grace`]. From [`Phase::Draining`] on a connection is closed after the answer it has coming. Those of listeners are not among them: their streams' render threads have them.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut phase: watch::Receiver<Phase>,
) {
    let connections = TaskTracker::new();
    let is_in = phase.clone();
    let mut ending = pin!(phase.wait_for(|phase| *phase == Phase::Ending));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut ending => break,
        };
        match accepted {
            Ok((socket, peer)) => {
                let (router, phase) = (router.clone(), is_in.clone());
                connections.spawn(async move {
                    if let Err(error) = converse((socket, peer), router, limits, phase).await {
                        debug!(%peer, %error, "connection ended");
                    }
                });
            }
            Err(error) => refuse(&error).await,
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.grace, connections.wait()).await.is_err() {
        debug!("connections cut off at the end of the grace period");
    }
}

/// Answers the requests of one connection, until it ends or its socket leaves to listen to a stream.
pub(crate) async fn converse(
    (socket, peer): (TcpStream, SocketAddr),
    router: Router,
    limits: Limits,
    mut phase: watch::Receiver<Phase>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    prepare(&socket, limits)?;
    let takeover = Takeover::default();
    let router = Extension(takeover.clone()).layer(Extension(Peer(peer)).layer(router));
    // Shut down before its first request, one that comes late would get no answer: it is told to close instead.
    let is_late = matches!(*phase.borrow(), Phase::Draining { .. });
    let ends = |phase| match phase {
        Phase::Serving => false,
        Phase::Draining { .. } => !is_late,
        Phase::Ending => true,
    };
    let mut connection = http1::Builder::new()
        .keep_alive(!is_late)
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .serve_connection(
            TokioIo::new(socket),
            service_fn(move |request| Box::pin(router.clone().oneshot(request))),
        );
    let is_over = tokio::select! {
        over = poll_fn(|cx| connection.poll_without_shutdown(cx)) => Some(over),
        _ = phase.wait_for(|phase| ends(*phase)) => None,
    };
    match is_over {
        Some(over) => over?,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|cx| connection.poll_without_shutdown(cx)).await?;
        }
    }
    let mut socket = connection.into_parts().io.into_inner();
    match takeover.take() {
        Some(departure) => departure.by(socket.into_std()?.into()),
        None => socket.shutdown().await?,
    }
    Ok(())
}

/// Small packets at once, little in the kernel that the client has not taken, and an end to a client who
/// takes nothing, or is not there any more.
fn prepare(socket: &TcpStream, limits: Limits) -> io::Result<()> {
    socket.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        let socket = SockRef::from(socket);
        socket.set_tcp_notsent_lowat(NOT_SENT_LOWAT)?;
        socket.set_tcp_user_timeout(Some(limits.write_timeout))?;
    }
    Ok(())
}

/// Accepting fails when descriptors run out; to try again at once would only burn CPU.
async fn refuse(error: &io::Error) {
    warn!(%error, "connection not accepted");
    tokio::time::sleep(Duration::from_millis(50)).await;
}
