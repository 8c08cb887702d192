//! A station at work: its values, the events that led to them, and how it comes back after a rest.
//!
//! Every two seconds it takes a checkpoint. From one that lies [`StationSpec::refill`] before a position,
//! a station comes to that position as it was, its tails included, by rendering unheard what lies
//! between, events and all. So a performance can rest ([`Performer::rest`]) at the cost of about 1 KiB
//! instead of a station's delay lines, and its recent past can be rendered again
//! ([`Performer::recall`]).
//!
//! The values kept here are those headed for. How far a ramp has come is known to the station alone, and
//! is part of its snapshot; so events are kept no longer because they have ramps.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use perpetuo_station::{
    BLOCK_LEN, Note, Performance, Setting, Station, StationSpec, Title, Values,
};

use crate::{Checkpoint, Event, FRAME_LEN, Passage, Position, position::whole_frames};

/// How often a checkpoint is taken.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(2);

/// How much of a performance is kept in one passage, to be heard again.
const PASSAGE_LEN: Duration = Duration::from_secs(60);

/// A passage with more events than this is kept earlier.
const PASSAGE_EVENTS: usize = 1000;

/// One performance of a station: samples out in order, settings in at any time between two renders.
pub struct Performer {
    spec: Arc<StationSpec>,
    seed: u64,
    sample_rate_hz: u32,
    /// In force, or headed for, at `position`.
    values: Values,
    position: Position,
    /// Since the oldest checkpoint, or since the open passage began.
    events: VecDeque<Event>,
    /// Never empty; the first is old enough for all of [`Performer::RECALL`].
    checkpoints: VecDeque<Checkpoint>,
    /// Where the passage began that is still open.
    open: Checkpoint,
    /// The one before, until it is taken.
    closed: Option<Box<Passage>>,
    station: Option<Box<dyn Station>>,
    title: Title,
}

/// A performance at rest: all it takes to go on, in one piece but for events.
pub(crate) struct Rest {
    spec: Arc<StationSpec>,
    seed: u64,
    passage: Passage,
    title: Title,
}

impl Performer {
    /// How much of the past can be rendered again, at least, while a performance plays.
    pub const RECALL: Duration = Duration::from_secs(3);

    /// A performance at its beginning; the station itself is made with the first render.
    pub fn new(spec: Arc<StationSpec>, seed: u64, values: Values, sample_rate_hz: u32) -> Self {
        Self::resume(spec, seed, Passage::beginning(values), sample_rate_hz)
    }

    /// A performance that goes on from the end of a passage.
    pub fn resume(
        spec: Arc<StationSpec>,
        seed: u64,
        passage: Passage,
        sample_rate_hz: u32,
    ) -> Self {
        Self {
            spec,
            seed,
            sample_rate_hz,
            values: passage.values(),
            position: passage.to,
            events: passage.events.into(),
            open: passage.from.clone(),
            checkpoints: VecDeque::from([passage.from]),
            closed: None,
            station: None,
            title: Title::default(),
        }
    }

    /// Applies a setting from the current position on, which it returns.
    pub fn set(&mut self, setting: Setting) -> Position {
        self.values.apply(setting);
        let event = Event { position: self.position, setting };
        self.events.retain(|earlier| !event.supersedes(earlier));
        self.events.push_back(event);
        if let Some(station) = &mut self.station {
            station.set(setting);
        }
        self.position
    }

    /// Renders the next samples; both slices are of one length, a multiple of a block's.
    pub fn render(&mut self, out: [&mut [f32]; 2]) {
        self.render_by(out, |station, out| station.render(out));
    }

    /// Renders the same samples, and tells each note that begins in them, and where.
    pub fn render_telling(&mut self, out: [&mut [f32]; 2], tell: &mut dyn FnMut(Position, Note)) {
        let first = self.position;
        let mut tell = |note: Note| tell(first + u64::from(note.at), note);
        self.render_by(out, |station, out| station.render_telling(out, &mut tell));
    }

    fn render_by(
        &mut self,
        mut out: [&mut [f32]; 2],
        render: impl FnOnce(&mut dyn Station, &mut [&mut [f32]; 2]),
    ) {
        let mut station = match self.station.take() {
            Some(station) => station,
            None => self.station_at(self.position, None),
        };
        render(station.as_mut(), &mut out);
        self.title = station.title();
        self.position += out[0].len() as u64;
        if self.is_checkpoint_due() {
            self.take_checkpoint(station.as_mut());
        }
        self.station = Some(station);
    }

    /// Makes the station again that [`Self::rest`] let go of, and renders the last frames before the
    /// position, up to `frames`, once more: an encoder can begin where it left off.
    pub fn wake(&mut self, frames: u64, frame: &mut dyn FnMut([&[f32]; 2])) {
        if self.station.is_some() {
            return;
        }
        let past = frames * FRAME_LEN as u64;
        let from = Position::new(self.position.samples().saturating_sub(past));
        let from = from.max(self.checkpoints[0].position);
        // The next to wake it, should it be here for a moment only, has less to render.
        let mut passed = Vec::new();
        self.station = Some(self.replay(from, Some(&mut passed), frame));
        self.checkpoints.extend(passed);
    }

    /// Lets time pass up to `to`, a frame border, as fast as the station composes. What is rendered from
    /// there on is the performance again after [`StationSpec::refill`] or more.
    pub fn skip_to(&mut self, to: Position) {
        let samples = to.since(self.position);
        if samples == 0 {
            return;
        }
        let mut station = match self.station.take() {
            Some(station) => station,
            None => self.station_at(self.position, None),
        };
        self.position += station.skip(samples);
        // From before it, this position could be reached by rendering only.
        self.checkpoints.clear();
        self.take_checkpoint(station.as_mut());
        self.open = self.checkpoints[0].clone();
        self.closed = None;
        self.station = Some(station);
    }

    /// Renders again what was rendered from `from` on, at most [`Self::RECALL`] ago, frame by frame.
    ///
    /// Against what was heard the difference is that of a resumed station.
    pub fn recall(&self, from: Position, frame: &mut dyn FnMut([&[f32]; 2])) {
        self.replay(from, None, frame);
    }

    /// Lets go of the station and of all but one checkpoint; the next render picks up from there.
    pub fn rest(&mut self) {
        let kept = self.checkpoint_before(self.position);
        // One that began later lies within the passage that goes on from there, and need not be closed.
        if self.station.take().is_some() && self.open.position < self.checkpoints[kept].position {
            self.close_passage();
        }
        self.checkpoints.drain(..kept);
        self.checkpoints.truncate(1);
        // What is heard after a rest was rendered from there.
        self.open = self.checkpoints[0].clone();
        self.forget_events();
    }

    /// Leaves what [`Self::rest`] leaves.
    pub(crate) fn into_rest(mut self) -> Rest {
        self.rest();
        let passage = self.passage();
        Rest { spec: self.spec, seed: self.seed, passage, title: self.title }
    }

    /// Goes on where it rested.
    pub(crate) fn from_rest(rest: Rest, sample_rate_hz: u32) -> Self {
        let Rest { spec, seed, passage, title } = rest;
        Self { title, ..Self::resume(spec, seed, passage, sample_rate_hz) }
    }

    /// What it takes to go on from the current position, elsewhere or later, with all tails.
    pub fn passage(&self) -> Passage {
        self.passage_from(&self.checkpoints[self.checkpoint_before(self.position)])
    }

    /// The passage that is still open: up to the current position, from where the last one was closed.
    pub fn open_passage(&self) -> Passage {
        self.passage_from(&self.open)
    }

    /// The latest passage that has been closed, once: every minute one, and one when it rests.
    pub fn take_passage(&mut self) -> Option<Box<Passage>> {
        self.closed.take()
    }

    /// Whether it has a station, which can be rendered and recalled; if not, the next render makes one.
    pub fn is_awake(&self) -> bool {
        self.station.is_some()
    }

    /// The position of the next sample.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The values in force, or headed for.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// What it was doing when it was last rendered; empty before.
    pub fn title(&self) -> Title {
        self.title
    }

    /// What is performed.
    pub fn spec(&self) -> &Arc<StationSpec> {
        &self.spec
    }

    /// A station as it was, or would have been, at a position that has been reached, the settings that
    /// came there applied. It takes checkpoints on the way, if someone wants them.
    ///
    /// A station that refuses its own snapshot begins anew there; that is a fault of the station.
    fn station_at(
        &self,
        position: Position,
        mut passed: Option<&mut Vec<Checkpoint>>,
    ) -> Box<dyn Station> {
        let checkpoint = &self.checkpoints[self.checkpoint_before(position)];
        let mut station = (self.spec.perform)(&Performance {
            seed: self.seed,
            sample_rate_hz: self.sample_rate_hz,
            values: &checkpoint.values,
        });
        if let Some(snapshot) = &checkpoint.snapshot {
            let _ = station.resume(snapshot);
        }
        let interval = whole_frames(CHECKPOINT_INTERVAL, self.sample_rate_hz);
        let (mut at, mut values) = (checkpoint.position, checkpoint.values.clone());
        let mut next = at + interval;
        let mut render_up_to = |to: Position, station: &mut dyn Station, values: &Values| {
            while let Some(passed) = passed.as_deref_mut().filter(|_| next <= to) {
                render_unheard(station, next.since(at));
                let (values, snapshot) = (values.clone(), Some(station.snapshot()));
                passed.push(Checkpoint { position: next, values, snapshot });
                (at, next) = (next, next + interval);
            }
            render_unheard(station, to.since(at));
            at = to;
        };
        let span = checkpoint.position..=position;
        for event in self.events.iter().filter(|event| span.contains(&event.position)) {
            render_up_to(event.position, station.as_mut(), &values);
            station.set(event.setting);
            values.apply(event.setting);
        }
        render_up_to(position, station.as_mut(), &values);
        station
    }

    /// A station that has played from `from` up to the position, frame by frame.
    fn replay(
        &self,
        from: Position,
        passed: Option<&mut Vec<Checkpoint>>,
        frame: &mut dyn FnMut([&[f32]; 2]),
    ) -> Box<dyn Station> {
        let mut station = self.station_at(from, passed);
        let (mut left, mut right) = ([0.0; FRAME_LEN], [0.0; FRAME_LEN]);
        let mut at = from;
        loop {
            // Also those of the position itself, where no frame has begun yet.
            for event in self.events.iter().filter(|event| event.position == at && at > from) {
                station.set(event.setting);
            }
            if at >= self.position {
                return station;
            }
            station.render(&mut [&mut left, &mut right]);
            frame([&left, &right]);
            at += FRAME_LEN as u64;
        }
    }

    /// The latest checkpoint from which tails are back at `position`, or else the oldest.
    fn checkpoint_before(&self, position: Position) -> usize {
        let refill = whole_frames(self.spec.refill, self.sample_rate_hz);
        let is_old = |checkpoint: &Checkpoint| position.since(checkpoint.position) >= refill;
        self.checkpoints.iter().rposition(is_old).unwrap_or(0)
    }

    fn is_checkpoint_due(&self) -> bool {
        let last = self.checkpoints.back().map_or(Position::START, |last| last.position);
        self.position.since(last) >= whole_frames(CHECKPOINT_INTERVAL, self.sample_rate_hz)
    }

    fn take_checkpoint(&mut self, station: &mut dyn Station) {
        self.checkpoints.push_back(Checkpoint {
            position: self.position,
            values: self.values.clone(),
            snapshot: Some(station.snapshot()),
        });
        let is_long = self.position.since(self.open.position)
            >= whole_frames(PASSAGE_LEN, self.sample_rate_hz);
        if is_long || self.events.len() >= PASSAGE_EVENTS {
            self.close_passage();
        }
        let recall = whole_frames(Self::RECALL, self.sample_rate_hz);
        let oldest = Position::new(self.position.samples().saturating_sub(recall));
        let kept = self.checkpoint_before(oldest);
        self.checkpoints.drain(..kept);
        self.forget_events();
    }

    /// Closes the open passage, and opens one at the latest checkpoint.
    fn close_passage(&mut self) {
        self.closed = Some(Box::new(self.open_passage()));
        if let Some(last) = self.checkpoints.back() {
            self.open = last.clone();
        }
    }

    fn passage_from(&self, from: &Checkpoint) -> Passage {
        let since = self.events.iter().filter(|event| event.position >= from.position);
        Passage { from: from.clone(), events: since.copied().collect(), to: self.position }
    }

    fn forget_events(&mut self) {
        let oldest = self.checkpoints[0].position.min(self.open.position);
        while self.events.front().is_some_and(|event| event.position < oldest) {
            self.events.pop_front();
        }
    }
}

fn render_unheard(station: &mut dyn Station, samples: u64) {
    const STEP: usize = 16 * BLOCK_LEN;
    let (mut left, mut right) = ([0.0; STEP], [0.0; STEP]);
    let mut rest = samples as usize;
    while rest > 0 {
        let len = rest.min(STEP);
        station.render(&mut [&mut left[..len], &mut right[..len]]);
        rest -= len;
    }
}
