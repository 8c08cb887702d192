//! The loop of one render thread: commands first, then whose turn it is, then sleep.

use std::{
    any::Any,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    time::Instant,
};

use perpetuo_engine::{Next, Position, Scratch, State, Stream, StreamConfig};
use perpetuo_station::Title;
use tracing::error;

use crate::{
    DriverError, Metrics, Origin, StreamKey,
    agenda::Agenda,
    handle::Command,
    stage::{Door, Stage},
};

/// The fraction by which successive streams are shifted: the golden ratio's, which spreads any number
/// of them evenly.
const GOLDEN: f32 = 0.618_034;

/// The streams of one thread and the order in which they are rendered.
pub(crate) struct RenderThread {
    config: StreamConfig,
    inbox: mpsc::Sender<Command>,
    commands: mpsc::Receiver<Command>,
    metrics: Arc<Metrics>,
    /// `None` stands for a stream that failed; it stays ended for a stream's time to live.
    stages: HashMap<StreamKey, Option<Stage>>,
    agenda: Agenda<StreamKey>,
    scratch: Scratch,
    stagger: f32,
}

impl RenderThread {
    pub(crate) fn new(
        config: StreamConfig,
        inbox: mpsc::Sender<Command>,
        commands: mpsc::Receiver<Command>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            config,
            inbox,
            commands,
            metrics,
            stages: HashMap::new(),
            agenda: Agenda::new(),
            scratch: Scratch::new(),
            stagger: 0.0,
        }
    }

    /// Works until it is told to stop.
    pub(crate) fn run(mut self) {
        while let Some(command) = self.next_command() {
            self.obey(command);
        }
        for stage in self.stages.values_mut().flatten() {
            stage.end();
        }
    }

    /// Renders what is due until there is a command; `None` to stop.
    fn next_command(&mut self) -> Option<Command> {
        loop {
            if let Ok(command) = self.commands.try_recv() {
                return command.unless_stop();
            }
            let now = Instant::now();
            if let Some(key) = self.agenda.pop(now) {
                self.take_turn(key, now);
                continue;
            }
            let command = match self.agenda.next_at() {
                Some(at) => self.commands.recv_timeout(at.saturating_duration_since(now)).ok(),
                None => self.commands.recv().ok(),
            };
            if let Some(command) = command {
                return command.unless_stop();
            }
        }
    }

    fn obey(&mut self, command: Command) {
        let now = Instant::now();
        // Whoever asked may have gone; then nobody needs the answer.
        match command {
            Command::Listen { origin, encoding, lead, answer } => {
                let (inbox, metrics) = (self.inbox.clone(), Arc::clone(&self.metrics));
                let sample_rate_hz = self.config.sample_rate_hz;
                let door =
                    Door { key: origin.key, inbox: &inbox, metrics: &metrics, sample_rate_hz };
                let listener = self
                    .on_stage(&origin, now, |stage, _| stage.listen(encoding, lead, &door, now));
                let _ = answer.send(listener.and_then(|listener| listener));
            }
            Command::Set { origin, settings, answer } => {
                let applied = self.on_stage(&origin, now, |stage, _| stage.set(&settings, now));
                let _ = answer.send(applied);
            }
            Command::Describe { origin, answer } => {
                let _ = answer.send(self.describe(&origin));
            }
            Command::Drained { key } => self.arrange(key, now),
            Command::Leave { key, listener } => {
                if let Some(Some(stage)) = self.stages.get_mut(&key) {
                    stage.leave(listener, &self.metrics, now);
                    self.arrange(key, now);
                }
            }
            Command::Stop => {}
        }
    }

    /// Does something with a stream, which begins if it must and may; a panic ends that stream.
    fn on_stage<T>(
        &mut self,
        origin: &Origin,
        now: Instant,
        work: impl FnOnce(&mut Stage, &mut Scratch) -> T,
    ) -> Result<T, DriverError> {
        if !self.stages.contains_key(&origin.key) {
            if !origin.may_begin {
                return Err(DriverError::Expired);
            }
            let stage = self.begin(origin, now);
            self.stages.insert(origin.key, Some(stage));
        }
        let done = self.guarded(origin.key, now, work).ok_or(DriverError::Failed)?;
        self.arrange(origin.key, now);
        Ok(done)
    }

    fn begin(&mut self, origin: &Origin, now: Instant) -> Stage {
        self.stagger = (self.stagger + GOLDEN).fract();
        Stage::new(Stream::new(
            Arc::clone(&origin.spec),
            origin.seed,
            origin.values.clone(),
            self.stagger,
            self.config,
            now,
        ))
    }

    fn describe(&self, origin: &Origin) -> Result<State, DriverError> {
        match self.stages.get(&origin.key) {
            Some(Some(stage)) => Ok(stage.stream.state()),
            Some(None) => Err(DriverError::Failed),
            None if origin.may_begin => Ok(State {
                position: Position::START,
                values: origin.values.clone(),
                title: Title::default(),
                listeners: 0,
                is_playing: false,
            }),
            None => Err(DriverError::Expired),
        }
    }

    /// Renders a stream's chunk if it is due, or lets it rest or go.
    fn take_turn(&mut self, key: StreamKey, now: Instant) {
        if let Some(None) = self.stages.get(&key) {
            self.stages.remove(&key);
            return;
        }
        let next = self.guarded(key, now, |stage, _| stage.poll(now));
        if let Some(Next::Render { at, .. }) = next
            && at <= now
        {
            self.render(key, now);
        }
        self.arrange(key, now);
    }

    fn render(&mut self, key: StreamKey, now: Instant) {
        let metrics = Arc::clone(&self.metrics);
        let rendered =
            self.guarded(key, now, |stage, scratch| stage.render(scratch, &metrics, now));
        let Some(report) = rendered else { return };
        self.metrics.chunks.inc();
        self.metrics.audio.inc_by(report.samples as f64 / f64::from(self.config.sample_rate_hz));
        self.metrics.lead.observe(report.lead_left.as_secs_f64());
        self.metrics.on_late(report.late);
        self.metrics.underruns.inc_by(report.underruns as u64);
    }

    /// Runs what may call into a station. Should it panic, the stream ends, alone, and stays ended.
    fn guarded<T>(
        &mut self,
        key: StreamKey,
        now: Instant,
        work: impl FnOnce(&mut Stage, &mut Scratch) -> T,
    ) -> Option<T> {
        let slot = self.stages.get_mut(&key)?;
        let stage = slot.as_mut()?;
        match catch_unwind(AssertUnwindSafe(|| work(stage, &mut self.scratch))) {
            Ok(done) => Some(done),
            Err(panic) => {
                let station = stage.stream.spec().name;
                error!(stream = %key, station, panic = %message(&*panic), "station panicked, stream ended");
                self.metrics.panics.inc();
                stage.count(None, &self.metrics);
                stage.end();
                discard(slot.take());
                let until = now + self.config.time_to_live;
                self.agenda.set(key, until, until);
                None
            }
        }
    }

    /// Puts a stream down for what it wants next.
    fn arrange(&mut self, key: StreamKey, now: Instant) {
        let metrics = Arc::clone(&self.metrics);
        let next = self.guarded(key, now, |stage, _| {
            let next = stage.poll(now);
            let is_known = next != Next::Expired;
            stage.count(is_known.then(|| stage.stream.is_playing()), &metrics);
            next
        });
        match next {
            Some(Next::Render { at, deadline }) => self.agenda.set(key, at, deadline),
            Some(Next::Wait(until)) => self.agenda.set(key, until, until),
            Some(Next::Expired) => {
                discard(self.stages.remove(&key).flatten());
                self.agenda.remove(key);
            }
            None => {}
        }
    }
}

/// Lets go of a stream whose station may panic even now.
fn discard(stage: Option<Stage>) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(stage)));
}

impl Command {
    fn unless_stop(self) -> Option<Self> {
        match self {
            Self::Stop => None,
            command => Some(command),
        }
    }
}

/// What a panic said, if it said it in words.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
