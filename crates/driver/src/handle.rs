//! What the rest of the program asks of the render threads.

use std::{
    fmt,
    ops::RangeInclusive,
    os::fd::OwnedFd,
    sync::{Arc, mpsc},
    time::Duration,
};

use perpetuo_engine::{
    Applied, Encoding, Lead, ListenerId, Load, Overload, Passage, Position, State,
};
use perpetuo_station::{Setting, StationSpec, Values};
use tokio::sync::oneshot;

use crate::{
    Ceilings, Follower, Interleave, Mark, Metrics, Store, StoreAway, dial::Dial, recording::Turns,
};

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
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DriverError {
    /// The stream is not known any more and may not begin again.
    Expired,
    /// The stream was ended because its station failed.
    Failed,
    /// The encoder could not be made.
    NoEncoder,
    /// There is no room for more.
    Full(Full),
    /// As many recordings are rendered as may be, and that took too long.
    NoTurn,
    /// What may be kept of the stream cannot be reached, and without it the stream may not begin.
    StoreAway,
    /// The render threads are ending.
    ShuttingDown,
}

/// What there is no room for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Full {
    /// Another stream to play, or another listener: the processor is busy.
    Processor(Overload),
    /// Another stream to be known: so many are.
    Streams(usize),
    /// Another listener or follower: so many there are.
    Listeners(usize),
    /// Another listener of this stream: so many listen to it.
    ListenersOfStream(usize),
}

/// The way to the render threads; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    threads: Arc<[Post]>,
    metrics: Arc<Metrics>,
    store: Arc<dyn Store>,
    pub(crate) turns: Turns,
    sample_rate_hz: u32,
}

/// Settings that have been applied, and who is told when they are kept.
pub(crate) struct Receipt {
    pub(crate) applied: Applied,
    /// Told by the store, if somebody waits for it.
    pub(crate) committed: Option<oneshot::Receiver<()>>,
}

/// Where one render thread is reached, and how full it is.
pub(crate) struct Post {
    pub(crate) inbox: Inbox,
    pub(crate) dial: Arc<Dial>,
}

/// The way into one render thread.
#[derive(Clone)]
pub(crate) struct Inbox {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) waker: Arc<mio::Waker>,
}

/// A place among a stream's listeners, taken but not yet served; dropping it is leaving.
pub struct Seat {
    start: Position,
    key: StreamKey,
    /// `None` once it is served.
    listener: Option<ListenerId>,
    inbox: Inbox,
}

pub(crate) type Answer<T> = oneshot::Sender<Result<T, Denied>>;

/// Why a render thread does not do what it was asked.
#[derive(Debug)]
pub(crate) enum Denied {
    /// The store may know more of the stream: it is to be asked first.
    Unread,
    /// For good.
    For(DriverError),
}

/// A stream that something is asked of, and what the store knows of it.
pub(crate) struct Visit {
    pub(crate) origin: Origin,
    pub(crate) recalled: Recalled,
}

/// What the store knows of a stream.
#[derive(Clone)]
pub(crate) enum Recalled {
    /// It has not been asked.
    Unread,
    /// It did not answer.
    Away,
    Nothing,
    Passage(Box<Passage>),
}

/// What a render thread can be asked.
pub(crate) enum Command {
    Listen {
        visit: Visit,
        encoding: Encoding,
        lead: Lead,
        answer: Answer<Seat>,
    },
    Serve {
        key: StreamKey,
        listener: ListenerId,
        socket: OwnedFd,
        preamble: Vec<u8>,
        between: Option<Box<dyn Interleave>>,
    },
    Set {
        visit: Visit,
        settings: Vec<Setting>,
        is_waited_for: bool,
        answer: Answer<Receipt>,
    },
    Apply {
        key: StreamKey,
        settings: Box<dyn FnOnce() -> Vec<Setting> + Send>,
    },
    OpenPassage {
        visit: Visit,
        answer: Answer<Passage>,
    },
    Describe {
        visit: Visit,
        answer: Answer<State>,
    },
    Follow {
        visit: Visit,
        mark: Option<Mark>,
        answer: Answer<Follower>,
    },
    Leave {
        key: StreamKey,
        listener: ListenerId,
    },
    Limit(Ceilings),
    Drain {
        within: Duration,
        done: oneshot::Sender<()>,
    },
    Stop,
}

impl Handle {
    /// How long the store may take to answer.
    pub const STORE_PATIENCE: Duration = Duration::from_millis(250);

    pub(crate) fn new(
        threads: Arc<[Post]>,
        metrics: Arc<Metrics>,
        store: Arc<dyn Store>,
        sample_rate_hz: u32,
    ) -> Self {
        let turns = Turns::new(threads.len());
        let handle = Self { threads, metrics, store, turns, sample_rate_hz };
        handle.store.attach(handle.clone());
        handle
    }

    /// Takes a place among a stream's listeners: the stream plays, from the beginning if it was not known.
    ///
    /// # Errors
    ///
    /// Each of [`DriverError`].
    pub async fn listen(
        &self,
        origin: Origin,
        encoding: Encoding,
        lead: Lead,
    ) -> Result<Seat, DriverError> {
        self.ask(origin, |visit, answer| Command::Listen { visit, encoding, lead, answer }).await
    }

    /// Applies settings together at the stream's next chunk border; answers when they will be heard. The
    /// store is told, but not waited for.
    ///
    /// # Errors
    ///
    /// Each of [`DriverError`] but [`DriverError::NoEncoder`].
    pub async fn set(
        &self,
        origin: Origin,
        settings: Vec<Setting>,
    ) -> Result<Applied, DriverError> {
        Ok(self.have_set(origin, settings, false).await?.applied)
    }

    /// Does the same, and waits until the settings outlive a crash, at most [`Self::STORE_PATIENCE`]; tells
    /// whether they are known to.
    ///
    /// # Errors
    ///
    /// As [`Self::set`].
    pub async fn set_durably(
        &self,
        origin: Origin,
        settings: Vec<Setting>,
    ) -> Result<(Applied, bool), DriverError> {
        let Receipt { applied, committed } = self.have_set(origin, settings, true).await?;
        let Some(committed) = committed else { return Ok((applied, false)) };
        let told = tokio::time::timeout(Self::STORE_PATIENCE, committed).await;
        Ok((applied, matches!(told, Ok(Ok(())))))
    }

    async fn have_set(
        &self,
        origin: Origin,
        settings: Vec<Setting>,
        is_waited_for: bool,
    ) -> Result<Receipt, DriverError> {
        let set = |visit, answer| {
            let settings = settings.clone();
            Command::Set { visit, settings, is_waited_for, answer }
        };
        self.ask(origin, set).await
    }

    /// Applies settings that were made elsewhere and are in the store, if the stream is known here; if not, it
    /// will be told of them when it is asked for. They are asked for on the stream's thread, where it is certain
    /// what has been set and kept before.
    pub fn apply(&self, key: StreamKey, settings: impl FnOnce() -> Vec<Setting> + Send + 'static) {
        // A thread that has ended plays nothing that they could be applied to.
        let _ = self.home(key).inbox.send(Command::Apply { key, settings: Box::new(settings) });
    }

    /// What was heard of a stream and is kept, from the last passage that begins before the span on, in order:
    /// each holds until the next one begins. The last is open and ends where the stream is now.
    ///
    /// # Errors
    ///
    /// Each of [`DriverError`] but [`DriverError::NoEncoder`] and [`DriverError::Full`].
    pub async fn passages(
        &self,
        origin: Origin,
        span: impl FnOnce(Position) -> RangeInclusive<Position>,
    ) -> Result<Vec<Passage>, DriverError> {
        let open = |visit, answer| Command::OpenPassage { visit, answer };
        let open = self.ask(origin.clone(), open).await?;
        let past = self.patiently(self.store.passages(&origin, span(open.to))).await;
        let mut passages = past.map_err(|StoreAway| DriverError::StoreAway)?;
        passages.retain(|passage| passage.from.position < open.from.position);
        passages.push(open);
        Ok(passages)
    }

    /// Says how the stream stands; one that is not known stands at its beginning.
    ///
    /// # Errors
    ///
    /// Each of [`DriverError`] but [`DriverError::NoEncoder`] and [`DriverError::Full`].
    pub async fn describe(&self, origin: Origin) -> Result<State, DriverError> {
        self.ask(origin, |visit, answer| Command::Describe { visit, answer }).await
    }

    /// Follows what happens in a stream, which does not play for that: what came after `mark`, if that is still
    /// known, or how the stream stands; then whatever happens, as it is rendered.
    ///
    /// # Errors
    ///
    /// Each of [`DriverError`] but [`DriverError::NoEncoder`].
    pub async fn follow(
        &self,
        origin: Origin,
        mark: Option<Mark>,
    ) -> Result<Follower, DriverError> {
        self.ask(origin, |visit, answer| Command::Follow { visit, mark, answer }).await
    }

    /// Of several streams that may be made, the one whose thread has the most room, if it has enough for
    /// this station. Room is set aside when the stream begins to play, not now.
    ///
    /// # Errors
    ///
    /// [`Full`] if it has not, or if there is no candidate.
    pub fn place<T>(
        &self,
        station: &'static str,
        candidates: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> StreamKey,
    ) -> Result<T, Full> {
        let home = |candidate: &T| &self.home(key(candidate)).dial;
        let best = candidates.into_iter().min_by_key(|candidate| home(candidate).rank());
        let full = Full::Processor(Overload::Busy(1.0));
        let best = best.ok_or(full)?;
        let cost = self.metrics.station_cost(station);
        let placed = home(&best).level().admit(cost).map_err(Full::Processor);
        placed.inspect_err(|full| self.metrics.on_refused(full))?;
        home(&best).promise();
        Ok(best)
    }

    /// Why the store cannot be reached at the moment, in a few words; `None` if it can.
    pub fn store_away(&self) -> Option<String> {
        self.store.away()
    }

    /// From now on there may be so many. Whoever is there already stays.
    pub fn limit(&self, ceilings: Ceilings) {
        self.broadcast(|| Command::Limit(ceilings));
    }

    /// What the render threads count.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// How far each render thread is used, as a share of what it gets.
    pub fn utilisation(&self) -> impl Iterator<Item = f64> {
        self.threads.iter().map(|thread| thread.dial.level().utilisation)
    }

    /// Samples a second, a channel, of every stream.
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    pub(crate) fn broadcast(&self, command: impl Fn() -> Command) {
        for thread in self.threads.iter() {
            // A thread that has ended needs no more commands.
            let _ = thread.inbox.send(command());
        }
    }

    /// Asks all threads to drain; each answers when it has.
    pub(crate) fn drain(&self, within: Duration) -> impl Iterator<Item = oneshot::Receiver<()>> {
        self.threads.iter().map(move |thread| {
            let (done, is_done) = oneshot::channel();
            // As above.
            let _ = thread.inbox.send(Command::Drain { within, done });
            is_done
        })
    }

    /// Asks a stream's render thread, and before that the store, if it may know more of the stream.
    async fn ask<T>(
        &self,
        origin: Origin,
        command: impl Fn(Visit, Answer<T>) -> Command,
    ) -> Result<T, DriverError> {
        let mut recalled = Recalled::Unread;
        loop {
            let (answer, answered) = oneshot::channel();
            let visit = Visit { origin: origin.clone(), recalled };
            self.home(origin.key).inbox.send(command(visit, answer))?;
            match answered.await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(Denied::For(error))) => return Err(error),
                // Not twice: whatever the store says now, it has been asked.
                Ok(Err(Denied::Unread)) => recalled = self.recall(&origin).await,
                Err(_) => return Err(DriverError::ShuttingDown),
            }
        }
    }

    async fn recall(&self, origin: &Origin) -> Recalled {
        match self.patiently(self.store.recall(origin)).await {
            Ok(Some(passage)) => Recalled::Passage(Box::new(passage)),
            Ok(None) => Recalled::Nothing,
            Err(StoreAway) => Recalled::Away,
        }
    }

    async fn patiently<T>(
        &self,
        reading: impl Future<Output = Result<T, StoreAway>>,
    ) -> Result<T, StoreAway> {
        tokio::time::timeout(Self::STORE_PATIENCE, reading).await.unwrap_or(Err(StoreAway))
    }

    fn home(&self, key: StreamKey) -> &Post {
        &self.threads[key.home(self.threads.len())]
    }
}

impl From<DriverError> for Denied {
    fn from(error: DriverError) -> Self {
        Self::For(error)
    }
}

impl Inbox {
    pub(crate) fn send(&self, command: Command) -> Result<(), DriverError> {
        self.commands.send(command).map_err(|_| DriverError::ShuttingDown)?;
        self.waker.wake().map_err(|_| DriverError::ShuttingDown)
    }
}

impl Seat {
    pub(crate) fn new(start: Position, key: StreamKey, listener: ListenerId, inbox: Inbox) -> Self {
        Self { start, key, listener: Some(listener), inbox }
    }

    /// Serves the listener over a connected stream socket, on the stream's render thread, until one of
    /// them ends: `preamble`, then whole frames, with what `between` puts between their bytes. The end of
    /// the stream closes the socket, at a frame border.
    pub fn serve(
        mut self,
        socket: OwnedFd,
        preamble: Vec<u8>,
        between: Option<Box<dyn Interleave>>,
    ) {
        let Some(listener) = self.listener.take() else { return };
        let key = self.key;
        // If the thread has ended, the socket is closed.
        let _ = self.inbox.send(Command::Serve { key, listener, socket, preamble, between });
    }

    /// The position of the first sample that the listener is given.
    pub fn start(&self) -> Position {
        self.start
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.take() {
            let _ = self.inbox.send(Command::Leave { key: self.key, listener });
        }
    }
}

impl StreamKey {
    /// Which of `threads` render threads the stream lives on.
    fn home(self, threads: usize) -> usize {
        let [a, b, c, d, ..] = self.0;
        u32::from_le_bytes([a, b, c, d]) as usize % threads
    }
}

impl Full {
    /// All there are, each in a word.
    pub(crate) const NAMES: [&str; 4] =
        ["processor", "streams", "listeners", "listeners_per_stream"];

    pub(crate) fn name(&self) -> &'static str {
        let [processor, streams, listeners, listeners_per_stream] = Self::NAMES;
        match self {
            Self::Processor(_) => processor,
            Self::Streams(_) => streams,
            Self::Listeners(_) => listeners,
            Self::ListenersOfStream(_) => listeners_per_stream,
        }
    }

    /// How much of it there is and how much there may be: shares of what a thread gets, seconds late, or a
    /// number.
    pub fn load_and_limit(&self) -> (f64, f64) {
        match *self {
            Self::Processor(Overload::Busy(used)) => (used, Load::LIMIT),
            Self::Processor(Overload::Late(lag)) => {
                (lag.as_secs_f64(), Load::MAX_LAG.as_secs_f64())
            }
            Self::Streams(n) | Self::Listeners(n) | Self::ListenersOfStream(n) => {
                (n as f64, n as f64)
            }
        }
    }
}

/// Enough to find a stream in the log, too little to reach it.
impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processor(overload) => write!(f, "{overload}"),
            Self::Streams(n) => write!(f, "{n} streams are known, as many as may be"),
            Self::Listeners(n) => write!(f, "{n} listen or follow, as many as may"),
            Self::ListenersOfStream(n) => write!(f, "{n} listen to this stream, as many as may"),
        }
    }
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("id: expired, and its stream is no longer known"),
            Self::Failed => f.write_str("id: its stream was ended because its station failed"),
            Self::NoEncoder => f.write_str("the encoder could not be made"),
            Self::Full(full) => write!(f, "full: {full}"),
            Self::NoTurn => f.write_str("as many recordings are rendered as can be at once"),
            Self::StoreAway => f.write_str("what is kept of this stream cannot be reached now"),
            Self::ShuttingDown => f.write_str("the server is shutting down"),
        }
    }
}

impl std::error::Error for DriverError {}
