//! The port that whatever remembers streams plugs into.
//!
//! ```text
//!   render thread ── Write ──► keep: never waits          recall, passages ◄── async side, when a stream
//!                                 │ batches                    ▲               is asked for that is not here
//!                                 └────────► disk, network ────┘
//! ```
//!
//! A store is told of streams as they play. It is asked when one is wanted that the render threads do not
//! know. Audio never waits for it: without an answer streams go on from what is here.

use std::{fmt, ops::RangeInclusive, pin::Pin, sync::Arc};

use perpetuo_engine::{Keep, Passage, Position};
use perpetuo_station::{Setting, StationSpec};
use tokio::sync::oneshot;

use crate::{Handle, Origin, StreamKey};

/// Something that remembers streams.
pub trait Store: Send + Sync + 'static {
    /// Gives it the driver it was given to, once, before anything else: a store that others write to tells it what
    /// they set.
    fn attach(&self, _driver: Handle) {}

    /// Takes what is to be kept. It never waits and calls nobody back on this thread: what cannot be taken
    /// is lost, and counted. Of one stream everything is kept in the order in which it came.
    fn keep(&self, write: Write);

    /// What the stream goes on from: the latest passage kept to go on from and all settings since. `None`
    /// if nothing is kept of it.
    fn recall<'a>(&'a self, origin: &'a Origin) -> Reading<'a, Option<Passage>>;

    /// The passages that were closed, as far as they are kept, in the order of their beginnings: those that
    /// begin within the span, and the last one before it.
    fn passages<'a>(
        &'a self,
        origin: &'a Origin,
        span: RangeInclusive<Position>,
    ) -> Reading<'a, Vec<Passage>>;

    /// Waits until all that it was given to keep before is kept.
    fn flush(&self) -> Reading<'_, ()>;

    /// Whether others write to it too, so that it may know more of a stream that is not played here than
    /// the render threads do.
    fn is_shared(&self) -> bool;

    /// Why it cannot be reached at the moment, in a few words; `None` if it can.
    fn away(&self) -> Option<String>;
}

/// What a store was asked for, at latest after its time limit.
pub type Reading<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreAway>> + Send + 'a>>;

/// Something to be kept of one stream.
#[derive(Debug)]
pub struct Write {
    /// The stream's name.
    pub key: StreamKey,
    /// What it performs.
    pub spec: Arc<StationSpec>,
    /// What is to be kept.
    pub what: Written,
}

/// What is to be kept.
#[derive(Debug)]
pub enum Written {
    /// A passage; one to go on from takes the place of the one before and of all settings before it.
    Passage(Keep),
    /// Settings that apply together.
    Set {
        /// Where they apply.
        position: Position,
        /// Not empty.
        settings: Vec<Setting>,
        /// Whoever waits until they outlive a crash; dropped if that is not known.
        committed: Option<oneshot::Sender<()>>,
    },
    /// Nothing of it is needed here any more.
    Forgotten,
}

/// A store that keeps nothing.
#[derive(Clone, Copy, Debug)]
pub struct Nowhere;

impl Store for Nowhere {
    fn keep(&self, _: Write) {}

    fn recall<'a>(&'a self, _: &'a Origin) -> Reading<'a, Option<Passage>> {
        Box::pin(async { Ok(None) })
    }

    fn passages<'a>(
        &'a self,
        _: &'a Origin,
        _: RangeInclusive<Position>,
    ) -> Reading<'a, Vec<Passage>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn flush(&self) -> Reading<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn away(&self) -> Option<String> {
        None
    }
}

/// The store did not answer in time, or could not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreAway;

impl fmt::Display for StoreAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store is away")
    }
}

impl std::error::Error for StoreAway {}
