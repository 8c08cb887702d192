//! One performance and everyone who listens to it: what is rendered when, and for whom.
//!
//! ```text
//!             join, on_taken                 nobody takes             60 s, nobody there
//!   Frozen ──────────────────► Playing ──────────────────► Frozen ──────────────────────► Resting
//!                                 ▲                                                         │
//!                                 └────────────────────── join ◄────────────────────────────┘
//! ```
//!
//! Playing, it renders in real time. Frozen, it costs no CPU and keeps backlog and encoders. Resting,
//! it keeps a snapshot only, until its time to live is over.

mod listener;
mod rendition;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use perpetuo_station::{Setting, StationSpec, Title, Values};

use crate::{
    Chunk, Cursor, Encoding, EncodingError, FRAME_LEN, MAX_CHUNK_FRAMES, MIN_CHUNK_FRAMES,
    Performer, Position,
    pace::Pace,
    position::{duration_of, whole_frames},
};
use listener::Listeners;
pub use listener::{Lead, LeadError, ListenerId};
use rendition::Rendition;

/// What is the same for all streams of one program.
#[derive(Clone, Copy, Debug)]
pub struct StreamConfig {
    /// Samples a second, a channel; 32 000, 44 100 or 48 000.
    pub sample_rate_hz: u32,
    /// How long a stream that nobody listens to keeps its backlog and its encoders.
    pub frozen_for: Duration,
    /// How long after its last use a stream is forgotten.
    pub time_to_live: Duration,
}

/// One performance, rendered on demand.
pub struct Stream {
    performer: Performer,
    config: StreamConfig,
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
    first: Position,
    frames: usize,
    /// Frames on their way into a chunk, whose memory is as large as they are.
    bytes: Vec<u8>,
}

/// What was rendered, and how well in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Samples a channel in the chunk.
    pub samples: usize,
    /// How much later than due.
    pub late: Duration,
    /// How far what was sent still runs ahead for the listener with the smallest lead.
    pub lead_left: Duration,
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
        Self {
            performer: Performer::new(spec, seed, values, config.sample_rate_hz),
            config,
            stagger,
            phase: Phase::Resting { since: now },
            listeners: Listeners::default(),
            renditions: Vec::new(),
        }
    }

    /// Takes an encoding into use, before someone joins who wants it. For one that is new on a stream
    /// that has begun, the recent past is rendered again, as much of it as `lead` and
    /// [`Performer::RECALL`] allow, and published, so that the joiner can be given its lead.
    ///
    /// # Errors
    ///
    /// [`EncodingError`] when the encoder cannot be made; nothing has changed then.
    pub fn handle_encoding(
        &mut self,
        encoding: Encoding,
        lead: Lead,
        publish: &mut dyn FnMut(Encoding, Chunk),
    ) -> Result<(), EncodingError> {
        let live = self.performer.position();
        if let Some(used) = self.renditions.iter_mut().find(|used| used.encoding == encoding) {
            used.heard = live;
            return Ok(());
        }
        let mut rendition = Rendition::new(encoding, self.config.sample_rate_hz, live)?;
        if !self.is_resting() {
            self.recall(&mut rendition, lead, publish);
        }
        self.renditions.push(rendition);
        Ok(())
    }

    /// Lets someone in who will take what is encoded as `encoding`, which is in use, from `at` on: a
    /// frame border at or before the live edge, chosen with `lead` from the backlog.
    pub fn handle_join(
        &mut self,
        encoding: Encoding,
        lead: Lead,
        at: Position,
        now: Instant,
    ) -> ListenerId {
        let lead = lead.samples(self.config.sample_rate_hz);
        let id = self.listeners.insert(encoding, lead, at, now);
        if !self.is_playing() {
            self.play(at + lead, now);
        }
        id
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

    /// Notes how far a listener has taken what it is sent. Someone for whom the stream waited starts
    /// it again.
    pub fn on_taken(&mut self, id: ListenerId, position: Position, now: Instant) {
        if let Some(lead) = self.listeners.on_taken(id, position, now)
            && !self.is_playing()
        {
            self.play(position + lead, now);
        }
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
                Next::Render { at: pace.due(position), deadline }
            }
            // Whoever stalls holds on to a frozen stream; it will be let go of elsewhere.
            Phase::Frozen { .. } if !self.listeners.is_empty() => Next::Wait(now + frozen_for),
            Phase::Frozen { since } | Phase::Resting { since } if now >= ends(since) => {
                Next::Expired
            }
            Phase::Frozen { since } => {
                let until = since + frozen_for;
                if now >= until {
                    self.rest(since);
                }
                Next::Wait(if now < until { until.min(ends(since)) } else { ends(since) })
            }
            Phase::Resting { since } => Next::Wait(ends(since)),
        }
    }

    /// Renders the next chunk into `scratch`, whether it is due or not.
    pub fn render(&mut self, scratch: &mut Scratch, now: Instant) -> Report {
        let first = self.performer.position();
        let frames = self.next_frames(first);
        let late = self.keep_pace(first, now);
        scratch.first = first;
        scratch.frames = frames;
        let samples = frames * FRAME_LEN;
        self.performer.render([&mut scratch.left[..samples], &mut scratch.right[..samples]]);

        self.listeners.on_chunk(first, now);
        let underruns = self.listeners.starved(first, late, self.config.sample_rate_hz, now);
        let lead_left = self.smallest_lead().saturating_sub(late);
        Report { samples, late, lead_left, underruns }
    }

    /// Encodes what [`Self::render`] left in `scratch`, once for each encoding in use.
    pub fn encode(&mut self, scratch: &mut Scratch, publish: &mut dyn FnMut(Encoding, Chunk)) {
        self.drop_unheard_renditions();
        let keep = self.backlog_kept();
        let samples = scratch.frames * FRAME_LEN;
        let pcm = [&scratch.left[..samples], &scratch.right[..samples]];
        for rendition in &mut self.renditions {
            let chunk = rendition.encode(scratch.first, pcm, keep, &mut scratch.bytes);
            publish(rendition.encoding, chunk);
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

    /// Whether it keeps nothing but a snapshot: its backlogs can go.
    pub fn is_resting(&self) -> bool {
        matches!(self.phase, Phase::Resting { .. })
    }

    /// Whether someone listens, or did until just now, to this encoding.
    pub fn has_rendition(&self, encoding: Encoding) -> bool {
        self.renditions.iter().any(|rendition| rendition.encoding == encoding)
    }

    /// The station it performs.
    pub fn spec(&self) -> &Arc<StationSpec> {
        self.performer.spec()
    }

    /// Renders up to `from` at once and on from there in real time.
    fn play(&mut self, from: Position, now: Instant) {
        let from = from.max(self.performer.position());
        let pace = Pace::new(from, self.config.sample_rate_hz, now);
        self.phase = Phase::Playing { pace, step: Step::First };
    }

    /// Keeps nothing but a snapshot.
    fn rest(&mut self, since: Instant) {
        self.performer.rest();
        self.renditions.clear();
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

    /// Encodes the past before the live edge for a rendition that is new.
    fn recall(
        &self,
        rendition: &mut Rendition,
        lead: Lead,
        publish: &mut dyn FnMut(Encoding, Chunk),
    ) {
        let rate = self.config.sample_rate_hz;
        let live = self.performer.position();
        let past = lead.samples(rate).min(whole_frames(Performer::RECALL, rate));
        let from = Position::new(live.samples().saturating_sub(past));
        let keep = self.backlog_kept();
        let (mut at, mut bytes) = (from, Vec::new());
        self.performer.recall(from, &mut |pcm| {
            publish(rendition.encoding, rendition.encode(at, pcm, keep, &mut bytes));
            at += FRAME_LEN as u64;
        });
    }

    /// Samples of the past that a backlog keeps: every lead, and what may lie between it and a jump.
    fn backlog_kept(&self) -> u64 {
        let rate = self.config.sample_rate_hz;
        self.listeners.largest_lead().max(whole_frames(Performer::RECALL, rate))
            + whole_frames(Cursor::SLACK, rate)
            + (MAX_CHUNK_FRAMES * FRAME_LEN) as u64
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

impl Scratch {
    /// Room for the largest chunk.
    #[expect(clippy::new_without_default, reason = "150 KiB are not made by default")]
    pub fn new() -> Self {
        let room = MAX_CHUNK_FRAMES * FRAME_LEN;
        Self {
            left: vec![0.0; room],
            right: vec![0.0; room],
            first: Position::START,
            frames: 0,
            bytes: Vec::new(),
        }
    }
}
