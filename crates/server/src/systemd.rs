//! What systemd hands over and is told, or whoever else does as it does: `sd_listen_fds(3)`, `sd_notify(3)`.
//! Where nobody does, nothing is handed over, and nobody told.

use std::{
    net::TcpListener,
    os::fd::{FromRawFd, OwnedFd},
    time::Duration,
};

use anyhow::{Context, ensure};
use rustix::net::sockopt;
use sd_notify::NotifyState;
use tracing::warn;

/// The socket to listen on, if one was handed over; to be called once, before any other is opened.
///
/// # Errors
///
/// More than one socket, or one that is no TCP socket that listens.
pub(crate) fn inherited_listener() -> anyhow::Result<Option<TcpListener>> {
    let mut fds = sd_notify::listen_fds().context("LISTEN_FDS: cannot take what is handed over")?;
    ensure!(fds.len() <= 1, "LISTEN_FDS: {} sockets are handed over; allowed: one", fds.len());
    let Some(fd) = fds.next() else { return Ok(None) };
    // SAFETY: it is open, and was handed over to this process: nobody else in it knows of it.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let listens = sockopt::socket_acceptconn(&socket).unwrap_or(false);
    let listener = TcpListener::from(socket);
    ensure!(
        listens && listener.local_addr().is_ok(),
        "LISTEN_FDS: what is handed over is no socket to listen on; allowed: one of TCP, ListenStream=ADDR:PORT"
    );
    Ok(Some(listener))
}

/// It serves, or has taken the settings again.
pub(crate) fn tell_ready() {
    tell(&[NotifyState::Ready]);
}

/// It takes the settings again.
pub(crate) fn tell_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => warn!(%error, "cannot tell systemd of the reload"),
    }
}

/// It ends, and may take so long.
pub(crate) fn tell_stopping(within: Duration) {
    let micros = u32::try_from(within.as_micros()).unwrap_or(u32::MAX);
    tell(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(micros)]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "cannot tell systemd");
    }
}
