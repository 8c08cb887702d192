//! Who is let in, and who must go for the others to play on.

use std::time::{Duration, Instant};

use perpetuo_engine::{Encoding, Load};
use tracing::warn;

use super::RenderThread;
use crate::{
    DriverError, Full, Origin, StreamKey,
    handle::{Denied, Recalled, Visit},
    stage::Stage,
    stages::Known,
};

impl RenderThread {
    /// Whether a stream is known, or may become so.
    pub(super) fn may_enter(&self, visit: &Visit) -> Result<(), Denied> {
        self.may_know(visit)?;
        if self.stages.known(visit.origin.key) == Known::Well {
            return Ok(());
        }
        let known = self.metrics.population().0;
        match self.config.ceilings.streams {
            Some(most) if known >= most => Err(self.refuse(Full::Streams(known)).into()),
            _ => Ok(()),
        }
    }

    /// Whether there is such a stream, here or in the store, or may be.
    pub(super) fn may_know(&self, visit: &Visit) -> Result<(), Denied> {
        let Visit { origin, recalled } = visit;
        match (self.stages.known(origin.key), recalled) {
            (Known::Failed, _) => Err(DriverError::Failed.into()),
            // Where there are several nodes, the others go on with it.
            (Known::Not, _) if self.drain.is_some() => Err(DriverError::ShuttingDown.into()),
            (Known::Well, Recalled::Unread) if !self.is_up_to_date(origin.key) => {
                Err(Denied::Unread)
            }
            (Known::Not, Recalled::Unread) => Err(Denied::Unread),
            (Known::Not, Recalled::Nothing) if !origin.may_begin => {
                Err(DriverError::Expired.into())
            }
            (Known::Not, Recalled::Away) if !origin.may_begin => Err(DriverError::StoreAway.into()),
            _ => Ok(()),
        }
    }

    /// Whether nobody can know more of a stream that is known here.
    fn is_up_to_date(&self, key: StreamKey) -> bool {
        let stage = self.stages.awake(key);
        let is_unread = stage.is_some_and(Stage::is_unread);
        let is_playing = stage.is_some_and(|stage| stage.stream.is_playing());
        is_playing || !(is_unread || self.store.is_shared())
    }

    pub(super) fn room_to_listen(&self, origin: &Origin, encoding: Encoding) -> Result<(), Full> {
        self.room_for_connection()?;
        let stage = self.stages.awake(origin.key);
        let here = stage.map_or(0, Stage::listeners);
        if self.config.ceilings.listeners_per_stream.is_some_and(|most| here >= most) {
            return Err(Full::ListenersOfStream(here));
        }
        let is_one_more =
            |stage: &Stage| stage.is_admitted() && stage.stream.has_rendition(encoding);
        let admitted = match stage.is_some_and(is_one_more) {
            true => self.load.admit_listener(),
            false => self.load.admit(origin.spec.name),
        };
        admitted.map_err(Full::Processor)
    }

    /// Whether one more may listen, or follow.
    pub(super) fn room_for_connection(&self) -> Result<(), Full> {
        let all = self.metrics.population().1 + self.metrics.followers();
        match self.config.ceilings.listeners {
            Some(most) if all >= most => Err(Full::Listeners(all)),
            _ => Ok(()),
        }
    }

    pub(super) fn refuse(&self, full: Full) -> DriverError {
        self.metrics.on_refused(&full);
        DriverError::Full(full)
    }

    /// Ends the newest streams so that those before them play on: as many as are too many for what the
    /// thread gets, and so many at least; the last one never.
    pub(super) fn make_room(&mut self, at_least: u64, late: Duration, now: Instant) {
        let used = self.load.utilisation();
        let mut shed = 0;
        while (shed < at_least || self.load.utilisation() > Load::LIMIT) && self.playing.len() > 1 {
            let Some((_, key)) = self.playing.pop_last() else { break };
            self.guarded(key, now, Stage::end);
            self.arrange(key, now);
            shed += 1;
        }
        if shed > 0 {
            self.metrics.shed.inc_by(shed);
            let (percent, late_ms) = ((100.0 * used) as u32, late.as_millis());
            warn!(
                shed,
                percent, late_ms, "overload: newest streams ended for the others to play on"
            );
        }
    }
}
