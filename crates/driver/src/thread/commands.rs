//! What a render thread is asked, and how it answers.

use std::{
    os::fd::OwnedFd,
    sync::Arc,
    time::{Duration, Instant},
};

use perpetuo_engine::{Encoding, Lead, ListenerId, Passage, Position, State, Stream};
use perpetuo_station::{Setting, Title};
use tokio::sync::oneshot;
use tracing::warn;

use super::RenderThread;
use crate::{
    DriverError, Follower, Interleave, Mark, Origin, Seat, StreamKey, Write, Written,
    handle::{Command, Denied, Recalled, Receipt, Visit},
    stage::{Hands, Stage},
    stages::Known,
};

/// The fraction by which successive streams are shifted: the golden ratio's, which spreads any number
/// of them evenly.
const GOLDEN: f32 = 0.618_034;

/// How long commands are obeyed before streams have their turn. Most take some microseconds, a listener in
/// a new encoding some milliseconds.
const COMMANDS_AT_ONCE: Duration = Duration::from_millis(1);

impl RenderThread {
    /// Obeys what has come in, and tells whether there may be more.
    pub(super) fn obey_all(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < COMMANDS_AT_ONCE {
            match self.commands.try_recv() {
                Ok(command) => self.obey(command),
                Err(_) => return false,
            }
        }
        true
    }

    fn obey(&mut self, command: Command) {
        let now = Instant::now();
        // Whoever asked may have gone; then nobody needs the answer.
        match command {
            Command::Listen { visit, encoding, lead, answer } => {
                let _ = answer.send(self.listen(&visit, encoding, lead, now));
            }
            Command::Serve { key, listener, socket, preamble, between } => {
                self.serve((key, listener), socket, preamble, between, now);
            }
            Command::Set { visit, settings, is_waited_for, answer } => {
                let _ = answer.send(self.set(&visit, settings, is_waited_for, now));
            }
            Command::Apply { key, settings } => {
                if self.stages.known(key) == Known::Well {
                    let settings = settings();
                    if !settings.is_empty() {
                        // A stream that fails says so itself.
                        let _ = self.on_stage(key, now, |stage, _| stage.set(&settings, now));
                    }
                }
            }
            Command::Describe { visit, answer } => {
                let _ = answer.send(self.describe(&visit, now));
            }
            Command::OpenPassage { visit, answer } => {
                let _ = answer.send(self.open_passage(visit, now));
            }
            Command::Follow { visit, mark, answer } => {
                let _ = answer.send(self.follow(&visit, mark, now));
            }
            Command::Leave { key, listener } => {
                self.guarded(key, now, |stage, hands| stage.leave(listener, hands));
                self.arrange(key, now);
            }
            Command::Limit(ceilings) => self.config.ceilings = ceilings,
            Command::Drain { within, done } => self.begin_to_drain(within, done, now),
            Command::Stop => self.is_stopping = true,
        }
    }

    /// Seats a listener, if there is room for it and, where it is not yet heard, for its stream.
    fn listen(
        &mut self,
        visit: &Visit,
        encoding: Encoding,
        lead: Lead,
        now: Instant,
    ) -> Result<Seat, Denied> {
        if self.drain.is_some() {
            return Err(DriverError::ShuttingDown.into());
        }
        self.may_enter(visit)?;
        self.room_to_listen(&visit.origin, encoding).map_err(|full| self.refuse(full))?;
        self.enter(visit, now);
        let key = visit.origin.key;
        let before = self.stages.awake(key).filter(|stage| stage.is_admitted());
        let is_new = before.map(|stage| !stage.stream.has_rendition(encoding));
        let join = |stage: &mut Stage, hands: &mut Hands<'_>| {
            stage.join(encoding, lead, hands.metrics, now)
        };
        let (listener, start) = self.on_stage(key, now, join)??;
        if let Some(is_new) = is_new
            && let Some(stage) = self.stages.wake(key)
        {
            stage.reserve(is_new, &mut self.load);
        }
        Ok(Seat::new(start, key, listener, self.inbox.clone()))
    }

    /// Applies settings together, and has them kept.
    fn set(
        &mut self,
        visit: &Visit,
        settings: Vec<Setting>,
        is_waited_for: bool,
        now: Instant,
    ) -> Result<Receipt, Denied> {
        self.may_enter(visit)?;
        self.enter(visit, now);
        let key = visit.origin.key;
        let applied = self.on_stage(key, now, |stage, _| stage.set(&settings, now))?;
        let (commit, committed) = is_waited_for.then(oneshot::channel).unzip();
        let what = Written::Set { position: applied.position, settings, committed: commit };
        self.store.keep(Write { key, spec: Arc::clone(&visit.origin.spec), what });
        Ok(Receipt { applied, committed })
    }

    /// Lets someone follow what happens in a stream, which does not play for that.
    fn follow(
        &mut self,
        visit: &Visit,
        mark: Option<Mark>,
        now: Instant,
    ) -> Result<Follower, Denied> {
        self.may_enter(visit)?;
        self.room_for_connection().map_err(|full| self.refuse(full))?;
        self.enter(visit, now);
        let count = self.metrics.followers.clone();
        Ok(self.on_stage(visit.origin.key, now, |stage, _| stage.follow(mark, count, now))?)
    }

    /// Hands a listener's socket to its stream, or closes it if one of the two has gone.
    fn serve(
        &mut self,
        (key, listener): (StreamKey, ListenerId),
        socket: OwnedFd,
        preamble: Vec<u8>,
        between: Option<Box<dyn Interleave>>,
        now: Instant,
    ) {
        if self.stages.awake(key).is_none() {
            return;
        }
        match self.feeds.insert(key, listener, socket, between, preamble) {
            Ok(feed) => {
                self.guarded(key, now, |stage, hands| stage.attach(listener, feed, hands));
            }
            Err(error) => {
                warn!(stream = %key, %error, "listener cannot be served");
                self.guarded(key, now, |stage, hands| stage.leave(listener, hands));
            }
        }
        self.arrange(key, now);
    }

    /// Sees to it that a stream which may enter is known, and as far as it has come anywhere.
    fn enter(&mut self, visit: &Visit, now: Instant) {
        let Visit { origin, recalled } = visit;
        if self.stages.known(origin.key) == Known::Not {
            let stream = self.begin(origin, recalled, now);
            let stage = match recalled {
                Recalled::Away => Stage::unread(stream),
                _ => Stage::new(stream),
            };
            self.stages.insert(origin.key, stage);
            return;
        }
        if self.is_further(visit) {
            let stream = self.begin(origin, recalled, now);
            if let Some(stage) = self.stages.wake(origin.key) {
                stage.adopt(stream);
            }
        }
        if matches!(recalled, Recalled::Nothing | Recalled::Passage(_))
            && let Some(stage) = self.stages.wake(origin.key)
        {
            stage.on_read();
        }
    }

    fn begin(&mut self, origin: &Origin, recalled: &Recalled, now: Instant) -> Stream {
        self.stagger = (self.stagger + GOLDEN).fract();
        let passage = match recalled {
            Recalled::Passage(passage) => (**passage).clone(),
            _ => Passage::beginning(origin.values.clone()),
        };
        let (spec, config) = (Arc::clone(&origin.spec), self.config.stream);
        Stream::resume(spec, origin.seed, passage, self.stagger, config, now)
    }

    /// Whether the store knows of a stream that came further than the one here, which does not play; or of one
    /// where the one here was begun in its place.
    fn is_further(&mut self, visit: &Visit) -> bool {
        let Recalled::Passage(passage) = &visit.recalled else { return false };
        let Some(stage) = self.stages.wake(visit.origin.key) else { return false };
        let is_further = stage.is_unread() || passage.to > stage.stream.position();
        is_further && !stage.stream.is_playing()
    }

    fn describe(&mut self, visit: &Visit, now: Instant) -> Result<State, Denied> {
        self.may_know(visit)?;
        let Visit { origin, recalled } = visit;
        if !self.is_further(visit)
            && let Some(stage) = self.stages.wake(origin.key)
        {
            let state = stage.stream.state();
            self.arrange(origin.key, now);
            return Ok(state);
        }
        let (position, values) = match recalled {
            Recalled::Passage(passage) => (passage.to, passage.values()),
            _ => (Position::START, origin.values.clone()),
        };
        Ok(State { position, values, title: Title::default(), listeners: 0, is_playing: false })
    }

    /// What was heard since the last passage was closed.
    fn open_passage(&mut self, visit: Visit, now: Instant) -> Result<Passage, Denied> {
        self.may_know(&visit)?;
        if !self.is_further(&visit)
            && let Some(stage) = self.stages.wake(visit.origin.key)
        {
            let open = stage.stream.open_passage();
            self.arrange(visit.origin.key, now);
            return Ok(open);
        }
        match visit.recalled {
            Recalled::Passage(passage) => Ok(*passage),
            _ => Ok(Passage::beginning(visit.origin.values)),
        }
    }
}
