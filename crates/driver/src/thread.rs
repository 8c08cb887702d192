//! The loop of one render thread: what has come in first, then whose turn it is, then sleep.

mod commands;
mod drain;
mod room;
mod sockets;

use std::{
    any::Any,
    collections::BTreeMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use perpetuo_engine::{Load, Next, Scratch, Verdict, Watch};
use tracing::error;

use crate::{
    Config, DriverError, Metrics, Store, StreamKey, Write, Written,
    agenda::Agenda,
    cpu::CpuLaps,
    dial::Dial,
    feed::{Feeds, Served},
    handle::{Command, Inbox},
    stage::{Hands, Stage},
    stages::{Known, Stages},
};
use drain::Drain;
use sockets::Ready;
pub(crate) use sockets::Sockets;

/// How many chunks one after another a station may take too long for: 2.6 to 10 s.
const MAX_OVERRUNS: u32 = 50;

/// How often the load is shown in the metrics.
const SHOWN_EVERY: Duration = Duration::from_secs(1);

/// The streams of one thread, their listeners' sockets, and the order in which they have their turns.
pub(crate) struct RenderThread {
    index: usize,
    config: Config,
    inbox: Inbox,
    commands: mpsc::Receiver<Command>,
    sockets: Sockets,
    feeds: Feeds,
    dial: Arc<Dial>,
    metrics: Arc<Metrics>,
    store: Arc<dyn Store>,
    stages: Stages,
    agenda: Agenda<StreamKey>,
    scratch: Scratch,
    stagger: f32,
    load: Load,
    /// Those that play, in the order in which they were let in.
    playing: BTreeMap<u64, StreamKey>,
    admitted: u64,
    watch: Watch,
    shown: Option<Instant>,
    drain: Option<Drain>,
    is_stopping: bool,
}

impl RenderThread {
    pub(crate) fn new(
        index: usize,
        config: Config,
        sockets: Sockets,
        (inbox, commands): (Inbox, mpsc::Receiver<Command>),
        dial: Arc<Dial>,
        (metrics, store): (Arc<Metrics>, Arc<dyn Store>),
    ) -> io::Result<Self> {
        Ok(Self {
            index,
            config,
            inbox,
            commands,
            feeds: Feeds::new(sockets.registry()?),
            sockets,
            dial,
            metrics,
            store,
            stages: Stages::new(config.stream),
            agenda: Agenda::new(),
            scratch: Scratch::new(),
            stagger: 0.0,
            load: Load::new(),
            playing: BTreeMap::new(),
            admitted: 0,
            watch: Watch::default(),
            shown: None,
            drain: None,
            is_stopping: false,
        })
    }

    /// Works until it is told to stop, then until listeners have what is left for them.
    pub(crate) fn run(mut self) {
        let mut has_more = false;
        while !self.is_stopping {
            let patience = self.patience(Instant::now());
            self.attend(if has_more { Some(Duration::ZERO) } else { patience });
            has_more = self.obey_all();
            let now = Instant::now();
            self.go_on_draining(now);
            match self.agenda.pop(now) {
                Some(key) => self.take_turn(key, now),
                None => self.load.on_lag(Duration::ZERO),
            }
            self.show(now);
        }
        self.end();
    }

    /// How long there is nothing to do but for sockets and commands; `None` is endless.
    fn patience(&self, now: Instant) -> Option<Duration> {
        let drain = self.drain.as_ref().and_then(|drain| drain.patience(now));
        [self.agenda.patience(now), drain].into_iter().flatten().min()
    }

    /// Waits for sockets and commands, and serves the sockets.
    fn attend(&mut self, patience: Option<Duration>) {
        self.sockets.wait(patience);
        let now = Instant::now();
        while let Some(ready) = self.sockets.next_ready() {
            self.on_ready(ready, now);
        }
    }

    fn on_ready(&mut self, ready: Ready, now: Instant) {
        let Some((id, feed)) = self.feeds.find(ready.token) else { return };
        let (key, listener, is_blocked) = (feed.key, feed.listener, feed.is_blocked);
        if ready.is_readable && !ready.has_ended {
            self.feeds.disregard(id);
        }
        let Some(listener) = listener else {
            let is_over = ready.has_ended
                || (ready.is_writable
                    && self.feeds.resume(id, None, &self.metrics, now) != Served::Blocked);
            if is_over {
                self.feeds.remove(id, &self.metrics);
            }
            return;
        };
        if ready.has_ended {
            self.guarded(key, now, |stage, hands| stage.leave(listener, hands));
        } else if ready.is_writable && is_blocked {
            self.guarded(key, now, |stage, hands| stage.resume(listener, id, hands));
        } else {
            return;
        }
        self.arrange(key, now);
    }

    /// Does something with a stream that is known; a panic ends that stream.
    fn on_stage<T>(
        &mut self,
        key: StreamKey,
        now: Instant,
        work: impl FnOnce(&mut Stage, &mut Hands<'_>) -> T,
    ) -> Result<T, DriverError> {
        let done = self.guarded(key, now, work).ok_or(DriverError::Failed)?;
        self.arrange(key, now);
        Ok(done)
    }

    /// Renders a stream's chunk if it is due and serves its listeners, or lets it rest or go.
    fn take_turn(&mut self, key: StreamKey, now: Instant) {
        if self.stages.known(key) == Known::Failed {
            self.stages.remove(key);
            return;
        }
        let mut laps = CpuLaps::start();
        let is_due = self.guarded(key, now, |stage, _| {
            !stage.is_serving() && matches!(stage.poll(now), Next::Render { at, .. } if at <= now)
        });
        if is_due == Some(true) {
            self.render(key, now);
        }
        self.guarded(key, now, Stage::serve);
        self.arrange(key, now);
        self.load.on_turn(laps.lap(), now.elapsed());
    }

    fn render(&mut self, key: StreamKey, now: Instant) {
        let Some(report) = self.guarded(key, now, Stage::render) else {
            return;
        };
        let rate = f64::from(self.config.stream.sample_rate_hz);
        let audio = Duration::from_secs_f64(report.samples as f64 / rate);
        self.metrics.chunks.inc();
        self.metrics.audio.inc_by(audio.as_secs_f64());
        self.metrics.lead.observe(report.lead.saturating_sub(report.late).as_secs_f64());
        self.metrics.on_late(report.late);
        self.metrics.underruns.inc_by(report.underruns as u64);
        self.load.on_lag(report.late);
        if let Some(stage) = self.stages.wake(key) {
            stage.reckon(&mut self.load, audio, report.has_woken);
            let overruns = stage.overruns();
            self.metrics.overruns.inc_by(u64::from(overruns > 0));
            if overruns >= MAX_OVERRUNS {
                self.fail(key, Failure::TooSlow, "it takes a quarter of a core or more", now);
            }
        }
        match self.watch.look(report.late, report.lead, now) {
            Verdict::PlayOn => {}
            Verdict::ShedExcess => self.make_room(0, report.late, now),
            Verdict::ShedOne => self.make_room(1, report.late, now),
        }
    }

    /// Runs what may call into a station. Should it panic, the stream ends, alone, and stays ended.
    fn guarded<T>(
        &mut self,
        key: StreamKey,
        now: Instant,
        work: impl FnOnce(&mut Stage, &mut Hands<'_>) -> T,
    ) -> Option<T> {
        let stage = self.stages.wake(key)?;
        let mut hands = Hands {
            scratch: &mut self.scratch,
            feeds: &mut self.feeds,
            metrics: &self.metrics,
            now,
        };
        match catch_unwind(AssertUnwindSafe(|| work(stage, &mut hands))) {
            Ok(done) => Some(done),
            Err(panic) => {
                self.fail(key, Failure::Panic, message(&*panic), now);
                None
            }
        }
    }

    /// Ends a stream whose station failed; it stays ended for a stream's time to live.
    fn fail(&mut self, key: StreamKey, failure: Failure, reason: &str, now: Instant) {
        let Some(mut stage) = self.stages.fail(key) else { return };
        let station = stage.stream.spec().name;
        error!(stream = %key, station, failure = failure.name(), reason, "station failed, stream ended");
        self.metrics.on_failure(failure);
        let mut hands = Hands {
            scratch: &mut self.scratch,
            feeds: &mut self.feeds,
            metrics: &self.metrics,
            now,
        };
        stage.end(&mut hands);
        stage.count(None, &self.metrics);
        if let Some(number) = stage.dismiss(&mut self.load) {
            self.playing.remove(&number);
        }
        discard(stage);
        let until = now + self.config.stream.time_to_live;
        self.agenda.set(key, until, until);
    }

    /// Puts a stream down for what it wants next, and sets aside what it costs for as long as it plays.
    fn arrange(&mut self, key: StreamKey, now: Instant) {
        let next = self.guarded(key, now, |stage, hands| {
            let next = stage.poll(now);
            stage.tell(now);
            let is_known = next != Next::Expired;
            stage.count(is_known.then(|| stage.stream.is_playing()), hands.metrics);
            next
        });
        self.keep(key);
        let Some(stage) = self.stages.wake(key) else { return };
        match (stage.stream.is_playing(), stage.is_admitted()) {
            (true, false) => {
                self.admitted += 1;
                stage.admit(self.admitted, self.load.reserve(stage.stream.spec().name));
                self.playing.insert(self.admitted, key);
                self.metrics.on_admitted();
            }
            (false, true) => {
                // Shown at once: the thread may be about to sleep.
                self.shown = None;
                if let Some(number) = stage.dismiss(&mut self.load) {
                    self.playing.remove(&number);
                }
            }
            _ => {}
        }
        match next {
            Some(Next::Render { at, deadline }) => self.agenda.set(key, at, deadline),
            Some(Next::Wait(until)) => self.agenda.set(key, until, until),
            Some(Next::Expired) => {
                let spec = Arc::clone(stage.stream.spec());
                self.store.keep(Write { key, spec, what: Written::Forgotten });
                if let Some(stage) = self.stages.remove(key) {
                    discard(stage);
                }
                self.agenda.remove(key);
            }
            None => {}
        }
        self.stages.let_rest(key, now);
    }

    /// Tells the store what it should keep of a stream by now.
    fn keep(&mut self, key: StreamKey) {
        let Some(stage) = self.stages.wake(key).filter(|stage| !stage.is_unread()) else { return };
        while let Some(keep) = stage.stream.poll_keep() {
            let spec = Arc::clone(stage.stream.spec());
            self.store.keep(Write { key, spec, what: Written::Passage(keep) });
        }
    }

    fn show(&mut self, now: Instant) {
        self.dial.show(self.load.level());
        if self.shown.is_none_or(|shown| now >= shown + SHOWN_EVERY) {
            self.shown = Some(now);
            self.metrics.show(self.index, &self.load);
        }
    }

    /// Ends all streams, and gives listeners a while to take what is left for them.
    fn end(&mut self) {
        let now = Instant::now();
        for key in self.stages.all_awake() {
            self.guarded(key, now, |stage, hands| {
                stage.end(hands);
                stage.close();
                stage.stream.handle_end();
            });
            self.keep(key);
        }
        let until = now + self.config.grace;
        while !self.feeds.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.attend(Some(left));
        }
    }
}

/// How a station can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Panic,
    TooSlow,
}

impl Failure {
    pub(crate) const ALL: [Self; 2] = [Self::Panic, Self::TooSlow];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::TooSlow => "too_slow",
        }
    }
}

/// Lets go of a stream whose station may panic even now.
fn discard(stage: Box<Stage>) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(stage)));
}

/// What a panic said, if it said it in words.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
