//! One performance and everyone who listens to it: what is rendered when, and for whom.
//!
//! ```text
//!               join, take                   nobody takes             60 s, nobody there
//!   Frozen ──────────────────► Playing ──────────────────► Frozen ──────────────────────► Resting
//!                                 ▲                                                         │
//!                                 └────────────────────── join ◄────────────────────────────┘
//! ```
//!
//! Playing, it renders in real time. Frozen, it costs no CPU and keeps its backlogs, and for the first
//! seconds its station and encoders, delay lines and all. Resting, it keeps a snapshot only, until its
//! time to live is over.

mod listener;
mod rendition;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use perpetuo_station::{Note, Setting, StationSpec, Title, Values};

use crate::{
    Encoding, EncodingError, FRAME_LEN, Keep, MAX_CHUNK_FRAMES, MIN_CHUNK_FRAMES, Passage,
    Performer, Position, Taken,
    backlog::{Backlog, Cursor, Frames},
    pace::Pace,
    performer::Rest,
    position::{duration_of, whole_frames},
};
use listener::Listeners;
pub use listener::{Lead, LeadError, ListenerId};
use rendition::Rendition;

/// A stream that rests, in as little memory as it takes to go on: some 1.5 KiB.
pub struct Resting {
    performer: Rest,
    stagger: f32,
    since: Instant,
    listeners_ever: u64,
}

/// What is the same for all streams of one program.
#[derive(Clone, Copy, Debug)]
pub struct StreamConfig {
    /// Samples a second, a channel; 32 000, 44 100 or 48 000.
    pub sample_rate_hz: u32,
    /// How long a stream that nobody listens to keeps its backlogs.
    pub frozen_for: Duration,
    /// How long after its last use a stream is forgotten.
    pub time_to_live: Duration,
}

/// One performance, rendered on demand.
pub struct Stream {
    performer: Performer,
    config: StreamConfig,
    /// Up to where a store was last told of it.
    kept: Position,
    /// Whether it will end soon, and a store is told of every chunk.
    is_leaving: bool,
    /// Where in its first chunk's length the stream begins its rhythm, 0..1.
    stagger: f32,
    phase: Phase,
    listeners: Listeners,
    renditions: Vec<Rendition>,
}

#[derive(Clone, Copy)]
enum Phase {
    Playing { pace: Pace, step: Step },
    Frozen { since: Instant },
    Resting { since: Instant },
}

/// How far a stream that began to play has come towards its steady rhythm.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    /// Someone waits for the first byte.
    First,
    /// The lead is being filled.
    Filling,
    /// Chunk by chunk in real time.
    Steady,
}

/// What a stream wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// To render its next chunk, not before `at`; later than `deadline` a listener underruns.
    Render {
        /// When it is due.
        at: Instant,
        /// When it is too late.
        deadline: Instant,
    },
    /// To be polled again then, unless something is asked of it before.
    Wait(Instant),
    /// To be forgotten: unused for its time to live.
    Expired,
}

/// Room for the samples of one chunk, shared by all streams of a thread.
pub struct Scratch {
    left: Vec<f32>,
    right: Vec<f32>,
    frames: usize,
    /// Those of one encoding, on their way into its backlog.
    encoded: Frames,
}

/// What was rendered, and how well in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Samples a channel in the chunk.
    pub samples: usize,
    /// How much later than due.
    pub late: Duration,
    /// The smallest lead among its listeners.
    pub lead: Duration,
    /// Whether the station was made for it, and its tails rendered again.
    pub has_woken: bool,
    /// Listeners for whom real time has passed what was sent.
    pub underruns: usize,
}

/// When a setting will be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Where it applies.
    pub position: Position,
    /// Until the listener with the largest lead hears it, what its player holds apart; `None` while
    /// nothing plays.
    pub audible_in: Option<Duration>,
}

/// What a stream is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Samples rendered.
    pub position: Position,
    /// The values in force, or headed for.
    pub values: Values,
    /// What the station was doing in the latest chunk; empty before the first.
    pub title: Title,
    /// Listeners, stalled ones too.
    pub listeners: usize,
    /// Whether it is being rendered.
    pub is_playing: bool,
}

impl Stream {
    /// Lateness beyond which real time is given up and begins anew: a machine that slept must not
    /// render its night.
    const MAX_CATCH_UP: Duration = Duration::from_secs(2);

    /// How long a stream that nobody takes keeps its station and encoders: a listener whose connection
    /// broke comes back within seconds, and hears no seam.
    const KEPT_WARM: Duration = Duration::from_secs(5);

    /// How often a stream that plays is kept in a store. With the length of a chunk and the time until it is written, a
    /// crash sets no stream back by more than 10 s.
    const KEPT_EVERY: Duration = Duration::from_secs(9);

    /// How much longer than another a stream that has to wake may take to begin: nobody hears it yet, so
    /// all that play go before it, however many come at once after a restart.
    const WAKES_WITHIN: Duration = Duration::from_secs(30);

    /// Frames rendered again for encoders that begin anew in the middle: the filter bank looks back one,
    /// the model of the ear another.
    const WARM_UP_FRAMES: u64 = 2;

    /// How long an encoding without a listener is kept up while others listen.
    const RENDITION_KEPT: Duration = Duration::from_secs(10);

    /// A stream at its beginning, at rest. `stagger`, 0..1, spreads streams that begin together.
    pub fn new(
        spec: Arc<StationSpec>,
        seed: u64,
        values: Values,
        stagger: f32,
        config: StreamConfig,
        now: Instant,
    ) -> Self {
        Self::resume(spec, seed, Passage::beginning(values), stagger, config, now)
    }

    /// A stream that goes on from the end of a passage, at rest.
    pub fn resume(
        spec: Arc<StationSpec>,
        seed: u64,
        passage: Passage,
        stagger: f32,
        config: StreamConfig,
        now: Instant,
    ) -> Self {
        Self {
            kept: passage.to,
            is_leaving: false,
            performer: Performer::resume(spec, seed, passage, config.sample_rate_hz),
            config,
            stagger,
            phase: Phase::Resting { since: now },
            listeners: Listeners::default(),
            renditions: Vec::new(),
        }
    }

    /// The stream again that rested.
    pub fn from_resting(resting: Resting, config: StreamConfig) -> Self {
        let performer = Performer::from_rest(resting.performer, config.sample_rate_hz);
        Self {
            kept: performer.position(),
            is_leaving: false,
            performer,
            config,
            stagger: resting.stagger,
            phase: Phase::Resting { since: resting.since },
            listeners: Listeners::after(resting.listeners_ever),
            renditions: Vec::new(),
        }
    }

    /// What is left of a stream when it rests; its listeners, if it has any, are let go of.
    pub fn into_resting(self, now: Instant) -> Resting {
        let since = match self.phase {
            Phase::Playing { .. } => now,
            Phase::Frozen { since } | Phase::Resting { since } => since,
        };
        let (performer, listeners_ever) = (self.performer.into_rest(), self.listeners.ever());
        Resting { performer, stagger: self.stagger, since, listeners_ever }
    }

    /// Lets someone in who is sent what is encoded as `encoding`, from its lead before the live edge on,
    /// as far as there is a past: the position says where. For an encoding that is new on a stream that
    /// plays, the recent past is rendered again, as much of it as `lead` and [`Performer::RECALL`] allow.
    ///
    /// # Errors
    ///
    /// [`EncodingError`] when the encoder cannot be made; nothing has changed then.
    pub fn handle_join(
        &mut self,
        encoding: Encoding,
        lead: Lead,
        now: Instant,
    ) -> Result<(ListenerId, Position), EncodingError> {
        let lead = lead.samples(self.config.sample_rate_hz);
        let at = self.backlog(encoding, lead)?.entry(lead);
        let cursor = Cursor::new(at, lead, self.config.sample_rate_hz);
        let id = self.listeners.insert(encoding, cursor, now);
        if !self.is_playing() {
            self.play(at + lead, now);
        }
        Ok((id, at))
    }

    /// Lets someone go.
    pub fn handle_leave(&mut self, id: ListenerId, now: Instant) {
        self.listeners.remove(id);
        if self.listeners.is_empty() && self.is_playing() {
            self.phase = Phase::Frozen { since: now };
        }
    }

    /// Applies a setting at the next chunk border.
    pub fn handle_setting(&mut self, setting: Setting, now: Instant) -> Applied {
        let position = self.performer.set(setting);
        let lead = duration_of(self.listeners.largest_lead(), self.config.sample_rate_hz);
        match &mut self.phase {
            Phase::Playing { pace, .. } => {
                let heard = pace.due(position) + lead;
                Applied { position, audible_in: Some(heard.saturating_duration_since(now)) }
            }
            Phase::Frozen { since } | Phase::Resting { since } => {
                *since = now;
                Applied { position, audible_in: None }
            }
        }
    }

    /// Keeps it chunk by chunk from now on: it will soon be ended here, and then gone on with elsewhere.
    pub fn handle_end_to_come(&mut self) {
        self.is_leaving = true;
    }

    /// Closes what was heard, all listeners having gone, so that it is kept to the end.
    pub fn handle_end(&mut self) {
        self.cool_down();
    }

    /// Gives a listener what comes next for it, at most a chunk; `None` when it has all there is. Someone
    /// for whom the stream waited starts it again.
    pub fn take(&mut self, id: ListenerId, now: Instant) -> Option<Taken<'_>> {
        let (encoding, cursor) = self.listeners.seat(id)?;
        let rendition = self.renditions.iter().find(|rendition| rendition.encoding == encoding)?;
        let taken = cursor.next(&rendition.backlog)?;
        let from = cursor.at() + cursor.lead();
        self.listeners.on_taken(id, now);
        if let Phase::Frozen { .. } = self.phase {
            let from = from.max(self.performer.position());
            self.phase = Phase::playing(from, self.config.sample_rate_hz, now);
        }
        Some(taken)
    }

    /// Says what to do next, and goes to rest when it is time to.
    pub fn poll(&mut self, now: Instant) -> Next {
        if self.is_playing() && !self.listeners.take(self.performer.position(), now) {
            self.phase = Phase::Frozen { since: now };
        }
        let StreamConfig { frozen_for, time_to_live, .. } = self.config;
        let ends = |since| since + time_to_live;
        match self.phase {
            Phase::Playing { pace, .. } => {
                let position = self.performer.position();
                let deadline = pace.deadline(position, self.smallest_lead());
                let patience = if self.must_wake() { Self::WAKES_WITHIN } else { Duration::ZERO };
                Next::Render { at: pace.due(position), deadline: deadline + patience }
            }
            Phase::Frozen { since } | Phase::Resting { since }
                if now >= ends(since) && self.listeners.is_empty() =>
            {
                Next::Expired
            }
            Phase::Frozen { since } => {
                let (cools, rests) = (since + Self::KEPT_WARM, since + frozen_for);
                if now < cools {
                    return Next::Wait(cools.min(rests).min(ends(since)));
                }
                self.cool_down();
                // Whoever stalls holds on to the backlogs; it will be let go of elsewhere.
                if !self.listeners.is_empty() {
                    return Next::Wait(now + frozen_for);
                }
                if now < rests {
                    return Next::Wait(rests.min(ends(since)));
                }
                self.rest(since);
                Next::Wait(ends(since))
            }
            Phase::Resting { since } => Next::Wait(ends(since)),
        }
    }

    /// What a store should keep of it by now: every nine seconds, and when it ceases to play, a passage to
    /// go on from; of what was heard, passages as they close. To be asked until there is no more.
    pub fn poll_keep(&mut self) -> Option<Keep> {
        if let Some(past) = self.performer.take_passage() {
            return Some(Keep::Past(past));
        }
        let ahead = self.position().since(self.kept);
        let may_wait = match self.is_playing() && !self.is_leaving {
            true => Self::KEPT_EVERY,
            false => Duration::ZERO,
        };
        let is_due = ahead > 0 && ahead >= whole_frames(may_wait, self.config.sample_rate_hz);
        is_due.then(|| {
            self.kept = self.position();
            Keep::Here(Box::new(self.performer.passage()))
        })
    }

    /// The passage that is still open, up to the position.
    pub fn open_passage(&self) -> Passage {
        self.performer.open_passage()
    }

    /// Renders the next chunk into `scratch`, whether it is due or not.
    pub fn render(&mut self, scratch: &mut Scratch, now: Instant) -> Report {
        self.render_by(scratch, Performer::render, now)
    }

    /// Renders the same chunk, and tells each note that begins in it, and where.
    pub fn render_telling(
        &mut self,
        scratch: &mut Scratch,
        tell: &mut dyn FnMut(Position, Note),
        now: Instant,
    ) -> Report {
        self.render_by(scratch, |performer, out| performer.render_telling(out, tell), now)
    }

    fn render_by(
        &mut self,
        scratch: &mut Scratch,
        render: impl FnOnce(&mut Performer, [&mut [f32]; 2]),
        now: Instant,
    ) -> Report {
        let first = self.performer.position();
        if self.must_wake()
            && let Phase::Playing { pace, .. } = &mut self.phase
        {
            *pace = pace.begin_again(now);
            // It is kept at once: what it woke from may have become long.
            self.kept = Position::START;
        }
        let frames = self.next_frames(first);
        let late = self.keep_pace(first, now);
        scratch.frames = frames;
        let samples = frames * FRAME_LEN;
        let has_woken = !self.performer.is_awake();
        self.warm_up();
        let out = [&mut scratch.left[..samples], &mut scratch.right[..samples]];
        render(&mut self.performer, out);

        self.listeners.on_chunk(first, now);
        let underruns = self.listeners.starved(first, late, self.config.sample_rate_hz, now);
        Report { samples, late, lead: self.smallest_lead(), has_woken, underruns }
    }

    /// Encodes what [`Self::render`] left in `scratch`, once for each encoding in use.
    pub fn encode(&mut self, scratch: &mut Scratch) {
        self.drop_unheard_renditions();
        let keep = self.backlog_kept();
        let samples = scratch.frames * FRAME_LEN;
        let pcm = [&scratch.left[..samples], &scratch.right[..samples]];
        for rendition in &mut self.renditions {
            rendition.encode(pcm, keep, &mut scratch.encoded);
        }
    }

    /// What it is doing.
    pub fn state(&self) -> State {
        State {
            position: self.performer.position(),
            values: self.performer.values().clone(),
            title: self.performer.title(),
            listeners: self.listeners.len(),
            is_playing: self.is_playing(),
        }
    }

    /// Whether it is being rendered.
    pub fn is_playing(&self) -> bool {
        matches!(self.phase, Phase::Playing { .. })
    }

    /// Whether it keeps nothing but a snapshot.
    pub fn is_resting(&self) -> bool {
        matches!(self.phase, Phase::Resting { .. })
    }

    /// Whether this encoding is in use: someone listens to it, or did until just now.
    pub fn has_rendition(&self, encoding: Encoding) -> bool {
        self.renditions.iter().any(|rendition| rendition.encoding == encoding)
    }

    /// What the station was doing in the latest chunk; empty before the first.
    pub fn title(&self) -> Title {
        self.performer.title()
    }

    /// The position of the next sample to be rendered.
    pub fn position(&self) -> Position {
        self.performer.position()
    }

    /// Listeners, stalled ones too.
    pub fn listeners(&self) -> usize {
        self.listeners.len()
    }

    /// The station it performs.
    pub fn spec(&self) -> &Arc<StationSpec> {
        self.performer.spec()
    }

    /// Whether the next chunk takes as long as dozens do, since the past before it must be rendered first.
    fn must_wake(&self) -> bool {
        !self.performer.is_awake() && self.position() > Position::START
    }

    /// Renders up to `from` at once and on from there in real time.
    fn play(&mut self, from: Position, now: Instant) {
        let from = from.max(self.performer.position());
        self.phase = Phase::playing(from, self.config.sample_rate_hz, now);
    }

    /// Lets go of the station, its delay lines and the encoders' memory.
    fn cool_down(&mut self) {
        self.performer.rest();
        self.renditions.iter_mut().for_each(Rendition::cool_down);
    }

    /// Brings back what [`Self::cool_down`] let go of.
    fn warm_up(&mut self) {
        let past = Self::WARM_UP_FRAMES * FRAME_LEN as u64;
        let at = Position::new(self.position().samples().saturating_sub(past));
        let (renditions, rate) = (&mut self.renditions, self.config.sample_rate_hz);
        self.performer.wake(Self::WARM_UP_FRAMES, &mut |pcm| {
            renditions.iter_mut().for_each(|rendition| rendition.warm_up(pcm, at, rate));
        });
    }

    /// Keeps nothing but a snapshot.
    fn rest(&mut self, since: Instant) {
        self.cool_down();
        self.renditions = Vec::new();
        self.phase = Phase::Resting { since };
    }

    /// How many frames to render next. Until real time begins, as many as are missing, the first of
    /// them quickly; then, once, a length that staggers the stream; then what the leads allow.
    fn next_frames(&mut self, position: Position) -> usize {
        let frame = FRAME_LEN as u64;
        let lead = self.listeners.smallest_lead();
        let paced = ((lead / 4 / frame) as usize).clamp(MIN_CHUNK_FRAMES, MAX_CHUNK_FRAMES);
        let Phase::Playing { pace, step } = &mut self.phase else { return paced };
        let missing = (pace.ahead(position) / frame) as usize;
        match *step {
            Step::First => {
                *step = Step::Filling;
                MIN_CHUNK_FRAMES
            }
            Step::Filling if missing > 0 => missing.clamp(MIN_CHUNK_FRAMES, MAX_CHUNK_FRAMES),
            Step::Filling => {
                *step = Step::Steady;
                let lengths = (paced - MIN_CHUNK_FRAMES + 1).max(2);
                MIN_CHUNK_FRAMES + (self.stagger * lengths as f32) as usize
            }
            Step::Steady => paced,
        }
    }

    /// How late the chunk at `position` is: after it was due or, while the lead is being filled, after a
    /// listener came to it. Beyond all catching up, real time and leads begin anew there.
    fn keep_pace(&mut self, position: Position, now: Instant) -> Duration {
        let Phase::Playing { pace, .. } = self.phase else { return Duration::ZERO };
        let needed = match pace.ahead(position) {
            0 => pace.due(position),
            _ => pace.deadline(position, self.smallest_lead()),
        };
        let late = now.saturating_duration_since(needed);
        if late > Self::MAX_CATCH_UP {
            self.play(position + self.listeners.largest_lead(), now);
        }
        late
    }

    /// What is kept of an encoding, which is taken into use if it is not yet. Then it is given a past of
    /// `lead` samples.
    fn backlog(&mut self, encoding: Encoding, lead: u64) -> Result<&Backlog, EncodingError> {
        let live = self.performer.position();
        let used = self.renditions.iter().position(|rendition| rendition.encoding == encoding);
        let index = match used {
            Some(index) => index,
            None => {
                let new = self.new_rendition(encoding, lead)?;
                self.renditions.push(new);
                self.renditions.len() - 1
            }
        };
        let rendition = &mut self.renditions[index];
        rendition.heard = live;
        Ok(&rendition.backlog)
    }

    /// Begins an encoding; while the station is there, with the past before the live edge.
    fn new_rendition(&self, encoding: Encoding, lead: u64) -> Result<Rendition, EncodingError> {
        let rate = self.config.sample_rate_hz;
        let live = self.performer.position();
        if !self.performer.is_awake() {
            return Rendition::new(encoding, rate, live);
        }
        let past = lead.min(whole_frames(Performer::RECALL, rate));
        let from = Position::new(live.samples().saturating_sub(past));
        let mut rendition = Rendition::new(encoding, rate, from)?;
        rendition.heard = live;
        let (keep, mut frames) = (self.backlog_kept(), Frames::default());
        self.performer.recall(from, &mut |pcm| rendition.encode(pcm, keep, &mut frames));
        Ok(rendition)
    }

    /// Samples of the past that a backlog keeps: every lead and what may lie between it and a jump, and
    /// never less than a recall.
    fn backlog_kept(&self) -> u64 {
        let rate = self.config.sample_rate_hz;
        let slack = whole_frames(Cursor::SLACK, rate) + (MAX_CHUNK_FRAMES * FRAME_LEN) as u64;
        (self.listeners.largest_lead() + slack).max(whole_frames(Performer::RECALL, rate))
    }

    fn smallest_lead(&self) -> Duration {
        duration_of(self.listeners.smallest_lead(), self.config.sample_rate_hz)
    }

    fn drop_unheard_renditions(&mut self) {
        let live = self.performer.position();
        let kept = whole_frames(Self::RENDITION_KEPT, self.config.sample_rate_hz);
        let listeners = &self.listeners;
        self.renditions.retain_mut(|rendition| {
            if listeners.want(rendition.encoding) {
                rendition.heard = live;
            }
            live.since(rendition.heard) <= kept
        });
    }
}

impl Phase {
    /// Renders up to `from` at once and on from there in real time.
    fn playing(from: Position, sample_rate_hz: u32, now: Instant) -> Self {
        Self::Playing { pace: Pace::new(from, sample_rate_hz, now), step: Step::First }
    }
}

impl Scratch {
    /// Room for the largest chunk.
    #[expect(clippy::new_without_default, reason = "150 KiB are not made by default")]
    pub fn new() -> Self {
        let room = MAX_CHUNK_FRAMES * FRAME_LEN;
        let (left, right) = (vec![0.0; room], vec![0.0; room]);
        Self { left, right, frames: 0, encoded: Frames::default() }
    }
}
