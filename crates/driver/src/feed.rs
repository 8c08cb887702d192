//! Listeners' sockets: what a stream's listeners are given goes out here, as far as each socket takes it.
//!
//! Sockets never block. One that takes no more is left alone until the system says that it takes again;
//! what was begun of a chunk is kept, so that whole frames are sent whatever happens meanwhile.

use std::{
    io,
    os::fd::{AsRawFd, OwnedFd},
    time::Instant,
};

use mio::{Interest, Registry, Token, unix::SourceFd};
use perpetuo_engine::{ListenerId, Stream, Taken};
use perpetuo_station::Title;
use rustix::{
    io::Errno,
    net::{RecvFlags, SendFlags, recv, send},
};
use slab::Slab;

use crate::{Metrics, StreamKey};

/// Puts something between the bytes of one listener, such as titles.
pub trait Interleave: Send {
    /// Appends `audio` to `out`, with what is due between its bytes; `title` is what the station is doing.
    fn interleave(&mut self, audio: &[u8], title: Title, out: &mut Vec<u8>);
}

/// One listener's socket.
pub(crate) struct Feed {
    pub(crate) key: StreamKey,
    /// `None` once its stream has ended: what is left of it is still sent.
    pub(crate) listener: Option<ListenerId>,
    socket: OwnedFd,
    between: Option<Box<dyn Interleave>>,
    /// What the socket has not taken yet of what its listener was given.
    rest: Vec<u8>,
    pub(crate) is_blocked: bool,
}

/// How far a listener could be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// It has all there is.
    All,
    /// Its socket takes no more for now.
    Blocked,
    /// Its connection is over.
    Gone,
}

/// Names a feed of one render thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FeedId(usize);

/// All sockets of one render thread.
pub(crate) struct Feeds {
    all: Slab<Feed>,
    registry: Registry,
    /// Bytes on their way, with what was put between them.
    dressed: Vec<u8>,
}

impl Feeds {
    pub(crate) fn new(registry: Registry) -> Self {
        Self { all: Slab::new(), registry, dressed: Vec::new() }
    }

    /// Takes a socket over; `preamble` is sent first.
    pub(crate) fn insert(
        &mut self,
        key: StreamKey,
        listener: ListenerId,
        socket: OwnedFd,
        between: Option<Box<dyn Interleave>>,
        preamble: Vec<u8>,
    ) -> io::Result<FeedId> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        let entry = self.all.vacant_entry();
        let id = FeedId(entry.key());
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.registry.register(&mut SourceFd(&socket.as_raw_fd()), id.token(), interest)?;
        let rest = preamble;
        let listener = Some(listener);
        entry.insert(Feed { key, listener, socket, between, rest, is_blocked: false });
        Ok(id)
    }

    /// Closes a socket: what it has taken still arrives.
    pub(crate) fn remove(&mut self, id: FeedId, metrics: &Metrics) {
        if let Some(feed) = self.all.try_remove(id.0)
            && feed.is_blocked
        {
            metrics.listeners_stalled.dec();
        }
    }

    pub(crate) fn find(&self, token: Token) -> Option<(FeedId, &Feed)> {
        self.all.get(token.0).map(|feed| (FeedId(token.0), feed))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Gives a listener what there is for it, unless its socket is known to take nothing.
    pub(crate) fn serve(
        &mut self,
        id: FeedId,
        stream: &mut Stream,
        metrics: &Metrics,
        now: Instant,
    ) -> Served {
        match self.all.get_mut(id.0) {
            Some(feed) if feed.is_blocked => Served::Blocked,
            Some(feed) => feed.serve(Some(stream), &mut self.dressed, metrics, now),
            None => Served::Gone,
        }
    }

    /// Goes on with a socket that takes again.
    pub(crate) fn resume(
        &mut self,
        id: FeedId,
        stream: Option<&mut Stream>,
        metrics: &Metrics,
        now: Instant,
    ) -> Served {
        let Some(feed) = self.all.get_mut(id.0) else { return Served::Gone };
        if std::mem::take(&mut feed.is_blocked) {
            metrics.listeners_stalled.dec();
        }
        feed.serve(stream, &mut self.dressed, metrics, now)
    }

    /// Parts a listener from its stream: it is sent what there is for it, and then its end.
    pub(crate) fn end(&mut self, id: FeedId, stream: &mut Stream, metrics: &Metrics, now: Instant) {
        let Some(feed) = self.all.get_mut(id.0) else { return };
        if let Some(listener) = feed.listener.take() {
            let title = stream.title();
            while let Some(bytes) = take(stream, listener, metrics, now) {
                match &mut feed.between {
                    Some(between) => between.interleave(bytes, title, &mut feed.rest),
                    None => feed.rest.extend_from_slice(bytes),
                }
            }
        }
        if !feed.is_blocked && feed.serve(None, &mut self.dressed, metrics, now) != Served::Blocked
        {
            self.remove(id, metrics);
        }
    }

    /// Reads away some of what a client says while it listens, for its end to be that of its connection, and
    /// no more than some: it must not keep anyone waiting.
    pub(crate) fn disregard(&self, id: FeedId) {
        if let Some(feed) = self.all.get(id.0) {
            let _ = recv(&feed.socket, &mut [0; 4096], RecvFlags::DONTWAIT);
        }
    }
}

impl FeedId {
    fn token(self) -> Token {
        Token(self.0)
    }
}

impl Feed {
    /// Sends until there is nothing more, or the socket takes no more. Without a stream, what is left.
    fn serve(
        &mut self,
        mut stream: Option<&mut Stream>,
        dressed: &mut Vec<u8>,
        metrics: &Metrics,
        now: Instant,
    ) -> Served {
        loop {
            if !self.rest.is_empty() {
                match self.send_rest(metrics) {
                    Ok(()) => {}
                    Err(served) => return served,
                }
            }
            let (Some(stream), Some(listener)) = (&mut stream, self.listener) else {
                return Served::All;
            };
            let title = stream.title();
            let Some(bytes) = take(stream, listener, metrics, now) else { return Served::All };
            let bytes = match &mut self.between {
                Some(between) => {
                    dressed.clear();
                    between.interleave(bytes, title, dressed);
                    dressed.as_slice()
                }
                None => bytes,
            };
            match send_some(&self.socket, bytes) {
                Ok(sent) => {
                    metrics.sent_bytes.inc_by(sent as u64);
                    self.rest.extend_from_slice(&bytes[sent..]);
                }
                Err(_) => return Served::Gone,
            }
        }
    }

    fn send_rest(&mut self, metrics: &Metrics) -> Result<(), Served> {
        let sent = send_some(&self.socket, &self.rest).map_err(|_| Served::Gone)?;
        metrics.sent_bytes.inc_by(sent as u64);
        if sent < self.rest.len() {
            self.rest.drain(..sent);
            self.is_blocked = true;
            metrics.listeners_stalled.inc();
            return Err(Served::Blocked);
        }
        // Few sockets ever keep something waiting, and those seldom.
        self.rest = Vec::new();
        Ok(())
    }
}

/// What comes next for a listener; a jump is counted.
fn take<'a>(
    stream: &'a mut Stream,
    listener: ListenerId,
    metrics: &Metrics,
    now: Instant,
) -> Option<&'a [u8]> {
    let Taken { bytes, has_jumped, .. } = stream.take(listener, now)?;
    metrics.jumps.inc_by(has_jumped.into());
    Some(bytes)
}

/// How many bytes a socket takes at once; none when it is full.
fn send_some(socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    loop {
        match send(socket, bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(0),
            sent => return sent,
        }
    }
}
