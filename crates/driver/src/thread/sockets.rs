//! Waiting for sockets and commands.

use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use mio::{Events, Poll, Registry, Token, Waker};
use tracing::error;

/// What wakes a thread that has a command.
const COMMAND: Token = Token(usize::MAX);

/// Events taken from the system at a time.
const EVENTS: usize = 1024;

/// The sockets of one thread, as the system sees them.
pub(crate) struct Sockets {
    poll: Poll,
    events: Events,
    ready: VecDeque<Ready>,
}

/// What a socket is ready for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    pub(super) token: Token,
    pub(super) is_writable: bool,
    /// The other side has said something.
    pub(super) is_readable: bool,
    /// The other side has hung up, or is lost.
    pub(super) has_ended: bool,
}

impl Sockets {
    pub(crate) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        Ok(Self { poll, events: Events::with_capacity(EVENTS), ready: VecDeque::new() })
    }

    /// What ends a wait from elsewhere.
    pub(crate) fn waker(&self) -> io::Result<Arc<Waker>> {
        Waker::new(self.poll.registry(), COMMAND).map(Arc::new)
    }

    /// Where sockets are made known.
    pub(crate) fn registry(&self) -> io::Result<Registry> {
        self.poll.registry().try_clone()
    }

    /// Waits until a socket is ready, someone wakes it, or patience ends; `None` is endless.
    pub(super) fn wait(&mut self, patience: Option<Duration>) {
        if let Err(error) = self.poll.poll(&mut self.events, patience) {
            if error.kind() != io::ErrorKind::Interrupted {
                error!(%error, "cannot wait for sockets");
            }
            return;
        }
        self.ready.extend(self.events.iter().filter(|event| event.token() != COMMAND).map(
            |event| Ready {
                token: event.token(),
                is_writable: event.is_writable(),
                is_readable: event.is_readable(),
                has_ended: event.is_read_closed() || event.is_error(),
            },
        ));
    }

    /// The next socket of those found ready.
    pub(super) fn next_ready(&mut self) -> Option<Ready> {
        self.ready.pop_front()
    }
}
