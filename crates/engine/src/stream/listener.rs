//! Listeners as their stream sees them, and what they may ask for.

use std::{
    collections::HashMap,
    fmt,
    time::{Duration, Instant},
};

use crate::{
    Encoding, Position,
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
}

struct Listener {
    encoding: Encoding,
    /// In samples, whole frames.
    lead: u64,
    /// Everything before it has been taken.
    taken: Position,
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

    /// Seats one whose `lead` is in samples, and who will take from `at` on.
    pub(super) fn insert(
        &mut self,
        encoding: Encoding,
        lead: u64,
        at: Position,
        now: Instant,
    ) -> ListenerId {
        self.ever += 1;
        let id = ListenerId(self.ever);
        self.all.insert(id, Listener { encoding, lead, taken: at, waiting_since: now });
        id
    }

    pub(super) fn remove(&mut self, id: ListenerId) {
        self.all.remove(&id);
    }

    /// Notes how far one has taken; its lead in samples if that is further than before.
    pub(super) fn on_taken(&mut self, id: ListenerId, to: Position, now: Instant) -> Option<u64> {
        let listener = self.all.get_mut(&id).filter(|listener| listener.taken < to)?;
        listener.taken = to;
        listener.waiting_since = now;
        Some(listener.lead)
    }

    /// Notes that a chunk comes at `first`: whoever has taken all before it waits from now on.
    pub(super) fn on_chunk(&mut self, first: Position, now: Instant) {
        for listener in self.all.values_mut().filter(|listener| listener.taken >= first) {
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
            late > duration_of(listener.lead, sample_rate_hz) && !listener.is_stalled(first, now)
        };
        self.all.values().filter(is_starved).count()
    }

    /// In samples; 0 where nobody listens.
    pub(super) fn smallest_lead(&self) -> u64 {
        self.all.values().map(|listener| listener.lead).min().unwrap_or(0)
    }

    /// In samples; 0 where nobody listens.
    pub(super) fn largest_lead(&self) -> u64 {
        self.all.values().map(|listener| listener.lead).max().unwrap_or(0)
    }
}

impl Listener {
    /// Whether something has been waiting for it too long.
    fn is_stalled(&self, live: Position, now: Instant) -> bool {
        let waited = now.saturating_duration_since(self.waiting_since);
        self.taken < live && waited > Listeners::STALLED_AFTER
    }
}
