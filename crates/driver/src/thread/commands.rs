//! What a render thread is asked, and how it answers.

use std::{
    os::fd::OwnedFd,
    sync::Arc,
    time::{Duration, Instant},
};

use perpetuo_engine::{Encoding, Lead, ListenerId, Position, State, Stream};
use perpetuo_station::Title;
use tracing::warn;

use super::RenderThread;
use crate::{
    DriverError, Follower, Interleave, Mark, Origin, Seat, StreamKey,
    handle::Command,
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
            Command::Listen { origin, encoding, lead, answer } => {
                let _ = answer.send(self.listen(&origin, encoding, lead, now));
            }
            Command::Serve { key, listener, socket, preamble, between } => {
                self.serve((key, listener), socket, preamble, between, now);
            }
            Command::Set { origin, settings, answer } => {
                let set = |stage: &mut Stage, _: &mut Hands<'_>| stage.set(&settings, now);
                let applied = self.may_enter(&origin).and_then(|()| {
                    self.enter(&origin, now);
                    self.on_stage(origin.key, now, set)
                });
                let _ = answer.send(applied);
            }
            Command::Describe { origin, answer } => {
                let _ = answer.send(self.describe(&origin, now));
            }
            Command::Follow { origin, mark, answer } => {
                let _ = answer.send(self.follow(&origin, mark, now));
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
        origin: &Origin,
        encoding: Encoding,
        lead: Lead,
        now: Instant,
    ) -> Result<Seat, DriverError> {
        if self.drain.is_some() {
            return Err(DriverError::ShuttingDown);
        }
        self.may_enter(origin)?;
        self.room_to_listen(origin, encoding).map_err(|full| self.refuse(full))?;
        self.enter(origin, now);
        let key = origin.key;
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

    /// Lets someone follow what happens in a stream, which does not play for that.
    fn follow(
        &mut self,
        origin: &Origin,
        mark: Option<Mark>,
        now: Instant,
    ) -> Result<Follower, DriverError> {
        self.may_enter(origin)?;
        self.room_for_connection().map_err(|full| self.refuse(full))?;
        self.enter(origin, now);
        let count = self.metrics.followers.clone();
        self.on_stage(origin.key, now, |stage, _| stage.follow(mark, count, now))
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

    /// Sees to it that a stream which may enter is known.
    fn enter(&mut self, origin: &Origin, now: Instant) {
        if self.stages.known(origin.key) == Known::Not {
            let stage = self.begin(origin, now);
            self.stages.insert(origin.key, stage);
        }
    }

    fn begin(&mut self, origin: &Origin, now: Instant) -> Stage {
        self.stagger = (self.stagger + GOLDEN).fract();
        Stage::new(Stream::new(
            Arc::clone(&origin.spec),
            origin.seed,
            origin.values.clone(),
            self.stagger,
            self.config.stream,
            now,
        ))
    }

    fn describe(&mut self, origin: &Origin, now: Instant) -> Result<State, DriverError> {
        if let Some(stage) = self.stages.wake(origin.key) {
            let state = stage.stream.state();
            self.arrange(origin.key, now);
            return Ok(state);
        }
        match self.stages.known(origin.key) {
            Known::Not if self.drain.is_some() => Err(DriverError::ShuttingDown),
            Known::Not if origin.may_begin => Ok(State {
                position: Position::START,
                values: origin.values.clone(),
                title: Title::default(),
                listeners: 0,
                is_playing: false,
            }),
            Known::Not => Err(DriverError::Expired),
            Known::Well | Known::Failed => Err(DriverError::Failed),
        }
    }
}
