//! How the streams of a thread are ended one after the other, before the thread is.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::RenderThread;
use crate::{StreamKey, stage::Stage};

/// How long before its end a store is told of a stream: whoever listens may be on another node within a
/// millisecond of it, and is to find there how far it came.
const TOLD_BEFORE: Duration = Duration::from_millis(100);

/// Streams that are to be ended, at an even pace.
pub(super) struct Drain {
    left: VecDeque<StreamKey>,
    /// How many of them, from the first on, the store is told of by now.
    told: usize,
    /// When the next is.
    next: Instant,
    pace: Duration,
    /// For whoever waits until it is the last one's turn.
    done: Option<oneshot::Sender<()>>,
}

impl Drain {
    /// How long until the next is told of or ended; `None` when there is none but the last.
    pub(super) fn patience(&self, now: Instant) -> Option<Duration> {
        let next = if self.told < self.left.len() { self.next_told() } else { self.next };
        self.done.as_ref().map(|_| next.min(self.next).saturating_duration_since(now))
    }

    fn next_told(&self) -> Instant {
        self.next + self.pace * u32::try_from(self.told).unwrap_or(u32::MAX) - TOLD_BEFORE
    }

    /// The next that the store is to be told of by now.
    fn tell_next(&mut self, now: Instant) -> Option<StreamKey> {
        let key = *self.left.get(self.told).filter(|_| self.next_told() <= now)?;
        self.told += 1;
        Some(key)
    }

    fn pop_if(&mut self, is_it: impl FnOnce(StreamKey) -> bool) -> Option<StreamKey> {
        let popped = self.left.pop_front_if(|key| is_it(*key))?;
        self.told = self.told.saturating_sub(1);
        Some(popped)
    }
}

impl RenderThread {
    /// Tells those who follow, and begins to end what is listened to: at once the first, and the newest last, for
    /// it may have come from another node that was drained just now.
    pub(super) fn begin_to_drain(
        &mut self,
        within: Duration,
        done: oneshot::Sender<()>,
        now: Instant,
    ) {
        let awake = self.stages.all_awake();
        for &key in &awake {
            // If its station fails now, it has ended.
            let _ = self.on_stage(key, now, |stage, _| stage.announce_end(within));
        }
        let is_stalled = |stage: &Stage| !stage.is_admitted() && stage.listeners() > 0;
        let stalled =
            awake.into_iter().filter(|key| self.stages.awake(*key).is_some_and(is_stalled));
        let left: VecDeque<_> = stalled.chain(self.playing.values().copied()).collect();
        let pauses = u32::try_from(left.len()).unwrap_or(u32::MAX).saturating_sub(1);
        let pace = within / pauses.max(1);
        let next = now + TOLD_BEFORE;
        self.drain = Some(Drain { left, told: 0, next, pace, done: Some(done) });
    }

    /// Ends the streams whose time has come. Those that nobody listens to any more take none.
    pub(super) fn go_on_draining(&mut self, now: Instant) {
        while let Some(drain) = &mut self.drain {
            let is_heard = |key| self.stages.awake(key).is_some_and(|stage| stage.listeners() > 0);
            while drain.pop_if(|key| !is_heard(key)).is_some() {}
            if let Some(key) = drain.tell_next(now) {
                self.guarded(key, now, |stage, _| stage.stream.handle_end_to_come());
                self.keep(key);
                continue;
            }
            if drain.next > now && !drain.left.is_empty() {
                return;
            }
            // The last is ended with the thread, when no connection is accepted any more: who comes back at once
            // comes to the next process, and not to this one to be refused.
            if drain.left.len() <= 1 {
                // Whoever waited may have gone.
                drain.done.take().map(|done| done.send(()));
                return;
            }
            let Some(key) = drain.pop_if(|_| true) else { return };
            drain.next += drain.pace;
            self.guarded(key, now, Stage::end);
            self.arrange(key, now);
        }
    }
}
