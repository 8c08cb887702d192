//! What the rest of the program asks of the render threads.

use std::{
    fmt,
    sync::{Arc, mpsc},
};

use perpetuo_engine::{Applied, Encoding, Lead, ListenerId, State};
use perpetuo_station::{Setting, StationSpec, Values};
use tokio::sync::oneshot;

use crate::{Listener, Metrics};

/// Names one stream, the same on every node: made from its id, from which it cannot be told back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey(pub [u8; 16]);

/// How a stream began: enough to begin it, where it is not yet known.
///
/// Creating a stream is making one of these; nothing is kept of it until someone listens or sets.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The stream's name.
    pub key: StreamKey,
    /// What it performs.
    pub spec: Arc<StationSpec>,
    /// Where its chance is drawn from.
    pub seed: u64,
    /// The values it begins with.
    pub values: Values,
    /// Whether it may begin now. If not, only a stream that is still known can be reached.
    pub may_begin: bool,
}

/// Why nothing came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriverError {
    /// The stream is not known any more and may not begin again.
    Expired,
    /// The stream was ended because its station failed.
    Failed,
    /// The encoder could not be made.
    NoEncoder,
    /// The render threads are ending.
    ShuttingDown,
}

/// The way to the render threads; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    inboxes: Arc<[mpsc::Sender<Command>]>,
    metrics: Arc<Metrics>,
    sample_rate_hz: u32,
}

type Answer<T> = oneshot::Sender<Result<T, DriverError>>;

/// What a render thread can be asked.
pub(crate) enum Command {
    Listen {
        origin: Origin,
        encoding: Encoding,
        lead: Lead,
        answer: Answer<Listener>,
    },
    Set {
        origin: Origin,
        settings: Vec<Setting>,
        answer: Answer<Applied>,
    },
    Describe {
        origin: Origin,
        answer: Answer<State>,
    },
    /// A listener for whom the stream had stopped takes again.
    Drained {
        key: StreamKey,
    },
    Leave {
        key: StreamKey,
        listener: ListenerId,
    },
    Stop,
}

impl Handle {
    pub(crate) fn new(
        inboxes: Arc<[mpsc::Sender<Command>]>,
        metrics: Arc<Metrics>,
        sample_rate_hz: u32,
    ) -> Self {
        Self { inboxes, metrics, sample_rate_hz }
    }

    /// Begins to listen: the stream plays, from the beginning if it was not known.
    ///
    /// # Errors
    ///
    /// Each of [`DriverError`].
    pub async fn listen(
        &self,
        origin: Origin,
        encoding: Encoding,
        lead: Lead,
    ) -> Result<Listener, DriverError> {
        self.ask(origin.key, |answer| Command::Listen { origin, encoding, lead, answer }).await
    }

    /// Applies settings together at the stream's next chunk border; answers when they will be heard.
    ///
    /// # Errors
    ///
    /// Each of [`DriverError`] but [`DriverError::NoEncoder`].
    pub async fn set(
        &self,
        origin: Origin,
        settings: Vec<Setting>,
    ) -> Result<Applied, DriverError> {
        self.ask(origin.key, |answer| Command::Set { origin, settings, answer }).await
    }

    /// Says how the stream stands; one that is not known stands at its beginning.
    ///
    /// # Errors
    ///
    /// Each of [`DriverError`] but [`DriverError::NoEncoder`].
    pub async fn describe(&self, origin: Origin) -> Result<State, DriverError> {
        self.ask(origin.key, |answer| Command::Describe { origin, answer }).await
    }

    /// What the render threads count.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Samples a second, a channel, of every stream.
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    pub(crate) fn broadcast(&self, command: impl Fn() -> Command) {
        for inbox in self.inboxes.iter() {
            // A thread that has ended needs no more commands.
            let _ = inbox.send(command());
        }
    }

    async fn ask<T>(
        &self,
        key: StreamKey,
        command: impl FnOnce(Answer<T>) -> Command,
    ) -> Result<T, DriverError> {
        let (answer, answered) = oneshot::channel();
        let inbox = &self.inboxes[key.home(self.inboxes.len())];
        inbox.send(command(answer)).map_err(|_| DriverError::ShuttingDown)?;
        answered.await.unwrap_or(Err(DriverError::ShuttingDown))
    }
}

impl StreamKey {
    /// Which of `threads` render threads the stream lives on.
    fn home(self, threads: usize) -> usize {
        let [a, b, c, d, ..] = self.0;
        u32::from_le_bytes([a, b, c, d]) as usize % threads
    }
}

/// Enough to find a stream in the log, too little to reach it.
impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "id: expired, and its stream is no longer known",
            Self::Failed => "id: its stream was ended because its station failed",
            Self::NoEncoder => "the encoder could not be made",
            Self::ShuttingDown => "the server is shutting down",
        })
    }
}

impl std::error::Error for DriverError {}
