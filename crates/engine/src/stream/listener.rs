//! Listeners as their stream sees them, and what they may ask for.

use std::{
    collections::HashMap,
    fmt,
    time::{Duration, Instant},
};

use crate::{
    Encoding, Position,
    backlog::Cursor,
    position::{duration_of, whole_frames},
};

/// Names one listener of one stream; never used again in that stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// How far what a listener is sent runs ahead of real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lead(Duration);

/// A lead that cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeadError;

/// All who listen to one stream.
#[derive(Default)]
pub(super) struct Listeners {
    all: HashMap<ListenerId, Listener>,
    ever: u64,
    /// The smallest and the largest lead, in samples; 0 where nobody listens.
    leads: (u64, u64),
}

struct Listener {
    encoding: Encoding,
    cursor: Cursor,
    /// When what it has not taken was rendered, or it last took something.
    waiting_since: Instant,
}

impl Lead {
    /// The smallest; in whole frames it is the smallest chunk.
    pub const MIN: Duration = Duration::from_millis(50);

    /// The largest.
    pub const MAX: Duration = Duration::from_secs(10);

    /// Takes a lead of [`Self::MIN`] to [`Self::MAX`].
    ///
    /// # Errors
    ///
    /// [`LeadError`] outside.
    pub const fn new(lead: Duration) -> Result<Self, LeadError> {
        if lead.as_nanos() < Self::MIN.as_nanos() || lead.as_nanos() > Self::MAX.as_nanos() {
            return Err(LeadError);
        }
        Ok(Self(lead))
    }

    /// Takes a lead in seconds.
    ///
    /// # Errors
    ///
    /// [`LeadError`] outside [`Self::MIN`] to [`Self::MAX`], and for what is not a number.
    pub fn from_seconds(seconds: f64) -> Result<Self, LeadError> {
        Duration::try_from_secs_f64(seconds).map_err(|_| LeadError).and_then(Self::new)
    }

    /// The lead in samples a channel, rounded up to whole frames.
    pub fn samples(self, sample_rate_hz: u32) -> u64 {
        whole_frames(self.0, sample_rate_hz)
    }
}

impl fmt::Display for LeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not a lead; allowed: {} to {} seconds",
            Lead::MIN.as_secs_f64(),
            Lead::MAX.as_secs_f64()
        )
    }
}

impl std::error::Error for LeadError {}

impl Listeners {
    /// Where someone who did not yet take a chunk counts as stalled: it has waited for so long.
    const STALLED_AFTER: Duration = Duration::from_millis(500);

    /// Nobody, after so many.
    pub(super) fn after(ever: u64) -> Self {
        Self { ever, ..Self::default() }
    }

    /// How many there have been.
    pub(super) fn ever(&self) -> u64 {
        self.ever
    }

    /// Seats one who will take from the cursor on.
    pub(super) fn insert(
        &mut self,
        encoding: Encoding,
        cursor: Cursor,
        now: Instant,
    ) -> ListenerId {
        self.ever += 1;
        let id = ListenerId(self.ever);
        let lead = cursor.lead();
        let (smallest, largest) = if self.all.is_empty() { (lead, lead) } else { self.leads };
        self.leads = (smallest.min(lead), largest.max(lead));
        self.all.insert(id, Listener { encoding, cursor, waiting_since: now });
        id
    }

    pub(super) fn remove(&mut self, id: ListenerId) {
        let Some(listener) = self.all.remove(&id) else { return };
        let lead = listener.cursor.lead();
        // Of thousands, hardly one is the only one of its lead; then all are asked.
        if lead == self.leads.0 || lead == self.leads.1 {
            let leads = || self.all.values().map(|listener| listener.cursor.lead());
            self.leads = (leads().min().unwrap_or(0), leads().max().unwrap_or(0));
        }
    }

    /// One's encoding and cursor, if it is there.
    pub(super) fn seat(&mut self, id: ListenerId) -> Option<(Encoding, &mut Cursor)> {
        let listener = self.all.get_mut(&id)?;
        Some((listener.encoding, &mut listener.cursor))
    }

    /// Notes that one has taken something.
    pub(super) fn on_taken(&mut self, id: ListenerId, now: Instant) {
        if let Some(listener) = self.all.get_mut(&id) {
            listener.waiting_since = now;
        }
    }

    /// Notes that a chunk comes at `first`: whoever has taken all before it waits from now on.
    pub(super) fn on_chunk(&mut self, first: Position, now: Instant) {
        for listener in self.all.values_mut().filter(|listener| listener.cursor.at() >= first) {
            listener.waiting_since = now;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether one of them wants this encoding.
    pub(super) fn want(&self, encoding: Encoding) -> bool {
        self.all.values().any(|listener| listener.encoding == encoding)
    }

    /// Whether at least one of them takes what it is sent.
    pub(super) fn take(&self, live: Position, now: Instant) -> bool {
        self.all.values().any(|listener| !listener.is_stalled(live, now))
    }

    /// How many of those who take run dry when the chunk at `first` comes so late.
    pub(super) fn starved(
        &self,
        first: Position,
        late: Duration,
        sample_rate_hz: u32,
        now: Instant,
    ) -> usize {
        let is_starved = |listener: &&Listener| {
            late > duration_of(listener.cursor.lead(), sample_rate_hz)
                && !listener.is_stalled(first, now)
        };
        self.all.values().filter(is_starved).count()
    }

    /// In samples; 0 where nobody listens.
    pub(super) fn smallest_lead(&self) -> u64 {
        self.leads.0
    }

    /// In samples; 0 where nobody listens.
    pub(super) fn largest_lead(&self) -> u64 {
        self.leads.1
    }
}

impl Listener {
    /// Whether something has been waiting for it too long.
    fn is_stalled(&self, live: Position, now: Instant) -> bool {
        let waited = now.saturating_duration_since(self.waiting_since);
        self.cursor.at() < live && waited > Listeners::STALLED_AFTER
    }
}
