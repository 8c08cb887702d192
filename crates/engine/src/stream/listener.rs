//! One listener as its stream sees it, and what it may ask for.

use std::{
    fmt,
    time::{Duration, Instant},
};

use crate::{Encoding, Position, position::whole_frames};

/// Names one listener of one stream; never used again in that stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// How far what a listener is sent runs ahead of real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lead(Duration);

/// A lead that cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeadError;

/// One listener.
pub(super) struct Listener {
    pub(super) encoding: Encoding,
    /// In samples, whole frames.
    pub(super) lead: u64,
    /// Everything before it has been taken.
    pub(super) taken: Position,
    /// When what it has not taken was rendered, or it last took something.
    pub(super) waiting_since: Instant,
}

impl ListenerId {
    pub(super) fn new(id: u64) -> Self {
        Self(id)
    }
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

impl Listener {
    /// Whether something has been waiting for it longer than `patience`.
    pub(super) fn is_stalled(&self, live: Position, now: Instant, patience: Duration) -> bool {
        self.taken < live && now.saturating_duration_since(self.waiting_since) > patience
    }
}
