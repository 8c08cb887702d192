//! Where a render thread leaves chunks, and listeners take them.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll},
};

use atomic_waker::AtomicWaker;
use bytes::Bytes;
use perpetuo_engine::{Backlog, Chunk, Cursor, ListenerId, Position};

use crate::{Metrics, StreamKey, handle::Command};

/// One encoding of one stream, for all who listen to it.
pub(crate) struct Outlet {
    shelf: Mutex<Shelf>,
    /// Whether the stream waits for its listeners.
    is_frozen: AtomicBool,
}

struct Shelf {
    backlog: Backlog,
    has_ended: bool,
}

/// What the render thread and one listener know of each other.
pub(crate) struct Seat {
    waker: AtomicWaker,
    /// Everything before this position has been taken.
    taken: AtomicU64,
}

/// One listener on the async side: bytes as they come, whole frames, until the stream ends.
///
/// Dropping it is leaving.
pub struct Listener {
    pub(crate) outlet: Arc<Outlet>,
    pub(crate) seat: Arc<Seat>,
    pub(crate) cursor: Cursor,
    pub(crate) start: Position,
    pub(crate) key: StreamKey,
    pub(crate) id: ListenerId,
    pub(crate) inbox: mpsc::Sender<Command>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Outlet {
    pub(crate) fn new(live: Position) -> Self {
        Self {
            shelf: Mutex::new(Shelf { backlog: Backlog::new(live), has_ended: false }),
            is_frozen: AtomicBool::new(false),
        }
    }

    pub(crate) fn push(&self, chunk: Chunk) {
        self.shelf().backlog.push(chunk);
    }

    pub(crate) fn entry(&self, lead: u64) -> Position {
        self.shelf().backlog.entry(lead)
    }

    /// Nothing comes after what is there.
    pub(crate) fn end(&self) {
        self.shelf().has_ended = true;
    }

    pub(crate) fn set_frozen(&self, is_frozen: bool) {
        self.is_frozen.store(is_frozen, SeqCst);
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Nothing that runs under the lock can leave the shelf half done.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    pub(crate) fn new(at: Position) -> Self {
        Self { waker: AtomicWaker::new(), taken: AtomicU64::new(at.samples()) }
    }

    pub(crate) fn wake(&self) {
        self.waker.wake();
    }

    pub(crate) fn taken(&self) -> Position {
        Position::new(self.taken.load(SeqCst))
    }
}

impl Listener {
    /// The next bytes, at most a chunk; `None` when the stream has ended.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.seat.waker.register(cx.waker());
        let jumps = self.cursor.jumps();
        let (next, has_ended) = {
            let shelf = self.outlet.shelf();
            (self.cursor.next(&shelf.backlog), shelf.has_ended)
        };
        self.metrics.jumps.inc_by(self.cursor.jumps() - jumps);
        match next {
            Some(bytes) => {
                self.seat.taken.store(self.cursor.at().samples(), SeqCst);
                // The thread looks at `taken` once more after it has set `is_frozen`, so that one of
                // the two sees the other.
                if self.outlet.is_frozen.load(SeqCst) {
                    let _ = self.inbox.send(Command::Drained { key: self.key });
                }
                Poll::Ready(Some(bytes))
            }
            None if has_ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// The next bytes, as [`Self::poll_next`].
    pub async fn next(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The position of the first sample it was given.
    pub fn start(&self) -> Position {
        self.start
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.inbox.send(Command::Leave { key: self.key, listener: self.id });
    }
}
