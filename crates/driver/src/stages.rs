//! All streams of one thread, those that rest in little memory.
//!
//! ```text
//! key ─► Awake: a stage, in a box of its own
//!        Asleep: where in `resting`, which is one piece of memory
//!        Failed
//! ```
//!
//! A stage that something is asked of wakes, and rests again when it wants nothing but to be remembered.

use std::{collections::HashMap, time::Instant};

use perpetuo_engine::{Resting, Stream, StreamConfig};
use slab::Slab;

use crate::{StreamKey, stage::Stage};

/// The streams of a thread, by key.
pub(crate) struct Stages {
    slots: HashMap<StreamKey, Slot>,
    /// In one piece: among what playing streams let go of, each would hold on to a page.
    resting: Slab<Resting>,
    config: StreamConfig,
}

enum Slot {
    Awake(Box<Stage>),
    Asleep(usize),
    /// Ended, for a stream's time to live.
    Failed,
}

/// What there is of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Not,
    Well,
    Failed,
}

impl Stages {
    pub(crate) fn new(config: StreamConfig) -> Self {
        Self { slots: HashMap::new(), resting: Slab::new(), config }
    }

    pub(crate) fn insert(&mut self, key: StreamKey, stage: Stage) {
        self.slots.insert(key, Slot::Awake(Box::new(stage)));
    }

    /// The stage of a stream that is known and well, awake from now on.
    pub(crate) fn wake(&mut self, key: StreamKey) -> Option<&mut Stage> {
        let slot = self.slots.get_mut(&key)?;
        if let Slot::Asleep(at) = *slot {
            let stream = Stream::from_resting(self.resting.remove(at), self.config);
            *slot = Slot::Awake(Box::new(Stage::rested(stream)));
        }
        match slot {
            Slot::Awake(stage) => Some(stage),
            Slot::Asleep(_) | Slot::Failed => None,
        }
    }

    /// Puts a stage to sleep if it wants nothing else.
    pub(crate) fn let_rest(&mut self, key: StreamKey, now: Instant) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        if !matches!(slot, Slot::Awake(stage) if stage.is_at_rest()) {
            return;
        }
        if let Slot::Awake(stage) = std::mem::replace(slot, Slot::Failed) {
            *slot = Slot::Asleep(self.resting.insert(stage.stream.into_resting(now)));
        }
    }

    /// Notes that a stream has failed, and gives out its stage.
    pub(crate) fn fail(&mut self, key: StreamKey) -> Option<Box<Stage>> {
        self.wake(key)?;
        match std::mem::replace(self.slots.get_mut(&key)?, Slot::Failed) {
            Slot::Awake(stage) => Some(stage),
            Slot::Asleep(_) | Slot::Failed => None,
        }
    }

    /// Forgets a stream, and gives out its stage.
    pub(crate) fn remove(&mut self, key: StreamKey) -> Option<Box<Stage>> {
        self.wake(key);
        match self.slots.remove(&key)? {
            Slot::Awake(stage) => Some(stage),
            Slot::Asleep(_) | Slot::Failed => None,
        }
    }

    /// The stage of a stream that is awake: that plays, or did until just now.
    pub(crate) fn awake(&self, key: StreamKey) -> Option<&Stage> {
        match self.slots.get(&key)? {
            Slot::Awake(stage) => Some(stage),
            Slot::Asleep(_) | Slot::Failed => None,
        }
    }

    pub(crate) fn known(&self, key: StreamKey) -> Known {
        match self.slots.get(&key) {
            Some(Slot::Awake(_) | Slot::Asleep(_)) => Known::Well,
            Some(Slot::Failed) => Known::Failed,
            None => Known::Not,
        }
    }

    /// The keys of those that are awake.
    pub(crate) fn all_awake(&self) -> Vec<StreamKey> {
        let is_awake = |slot: &Slot| matches!(slot, Slot::Awake(_));
        self.slots.iter().filter(|(_, slot)| is_awake(slot)).map(|(&key, _)| key).collect()
    }
}
