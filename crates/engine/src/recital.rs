//! A performance heard again, from what was kept of it.
//!
//! ```text
//!   kept     ├── Passage ──┼── Passage ──┤   lost   ├── Passage ──
//!   voices    ─────── one, events of both ──────────────╳─────────
//!                                                    ├ refill ┤
//! ```
//!
//! As long as one passage goes on where the one before ended, one voice plays them all, as it was heard. Where
//! something was lost between two, the second one's voice plays along unheard until its tails are back, and
//! takes over.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use perpetuo_station::{StationSpec, Values};

use crate::{Event, FRAME_LEN, Passage, Performer, Position, position::whole_frames};

/// A performance heard again, frame by frame.
pub struct Recital {
    spec: Arc<StationSpec>,
    seed: u64,
    sample_rate_hz: u32,
    voice: Voice,
    /// Plays along, until it takes over.
    next: Option<(Voice, Position)>,
    /// What does not go on where the one before ended.
    later: VecDeque<Passage>,
}

/// One frame of samples.
pub type Pcm = [[f32; FRAME_LEN]; 2];

struct Voice {
    performer: Performer,
    events: VecDeque<Event>,
}

impl Recital {
    /// How much is rendered at least before what is to be heard, where there is as much. A station that is resumed
    /// comes closer to what was heard the longer it plays: after 30 s the difference is 41 dB below the sound and
    /// more in every second, after 60 s 47 dB, after 10 s 38 dB (six stations, knobs turned, 2026-12).
    pub const LEAD_IN: Duration = Duration::from_secs(30);

    /// Begins with the last of the passages that begins [`Self::LEAD_IN`] before `from` or earlier, or else with the
    /// first. They are in the order of their beginnings, and each holds until the next one begins. `None` without any.
    pub fn new(
        spec: Arc<StationSpec>,
        seed: u64,
        mut passages: Vec<Passage>,
        from: Position,
        sample_rate_hz: u32,
    ) -> Option<Self> {
        let lead_in = whole_frames(Self::LEAD_IN, sample_rate_hz);
        let is_before = |passage: &Passage| from.since(passage.from.position) >= lead_in;
        passages.drain(..passages.iter().rposition(is_before).unwrap_or(0));
        let mut later = joined(passages);
        let voice = Voice::new(Arc::clone(&spec), seed, later.pop_front()?, sample_rate_hz);
        Some(Self { spec, seed, sample_rate_hz, voice, next: None, later })
    }

    /// Lets time pass up to a frame border, composed only: see [`Performer::skip_to`].
    pub fn skip_to(&mut self, to: Position) {
        self.voice.skip_to(to);
    }

    /// The position of the next frame.
    pub fn position(&self) -> Position {
        self.voice.performer.position()
    }

    /// Renders the next frame.
    pub fn render(&mut self) -> Pcm {
        let here = self.position();
        self.prepare(here);
        let mut pcm = self.voice.render();
        if let Some((next, takes_over)) = &mut self.next {
            let its = next.render();
            if here >= *takes_over {
                fade(&mut pcm, &its);
                self.hand_over();
            }
        }
        pcm
    }

    /// Lets the voice of the next passage begin, if it is time to.
    fn prepare(&mut self, here: Position) {
        let begins = |passage: &Passage| passage.from.position <= here;
        if self.next.is_some() || !self.later.front().is_some_and(begins) {
            return;
        }
        if let Some(passage) = self.later.pop_front() {
            let takes_over = here + whole_frames(self.spec.refill, self.sample_rate_hz);
            self.voice.events.extend(&passage.events);
            let mut next =
                Voice::new(Arc::clone(&self.spec), self.seed, passage, self.sample_rate_hz);
            next.skip_to(here);
            self.next = Some((next, takes_over));
        }
    }

    fn hand_over(&mut self) {
        if let Some((next, _)) = self.next.take() {
            self.voice = next;
        }
    }
}

impl Voice {
    fn new(spec: Arc<StationSpec>, seed: u64, passage: Passage, sample_rate_hz: u32) -> Self {
        let start = Passage { events: Vec::new(), to: passage.from.position, from: passage.from };
        let performer = Performer::resume(spec, seed, start, sample_rate_hz);
        Self { performer, events: passage.events.into() }
    }

    /// Lets time pass up to a frame border, composed only, and is turned on the way.
    fn skip_to(&mut self, to: Position) {
        while let Some(event) = self.events.pop_front_if(|event| event.position <= to) {
            self.performer.skip_to(event.position);
            self.performer.set(event.setting);
        }
        self.performer.skip_to(to);
    }

    fn render(&mut self) -> Pcm {
        let here = self.performer.position();
        while let Some(event) = self.events.pop_front_if(|event| event.position <= here) {
            self.performer.set(event.setting);
        }
        let (mut left, mut right) = ([0.0; FRAME_LEN], [0.0; FRAME_LEN]);
        self.performer.render([&mut left, &mut right]);
        [left, right]
    }
}

/// The passages, those in one that go on where the one before ended.
fn joined(passages: Vec<Passage>) -> VecDeque<Passage> {
    let mut all: VecDeque<Passage> = VecDeque::new();
    for passage in passages {
        match all.back_mut() {
            // What was played on from within it, and lost by a crash, was not gone on with.
            Some(last) if passage.to <= last.to => {}
            Some(last) if goes_on(last, &passage) => {
                last.events.retain(|event| event.position < passage.from.position);
                last.events.extend(passage.events);
                last.to = passage.to;
            }
            _ => all.push_back(passage),
        }
    }
    all
}

/// Whether nothing was lost between the two.
fn goes_on(last: &Passage, next: &Passage) -> bool {
    let at = next.from.position;
    at <= last.to && values_before(last, at) == next.from.values
}

fn values_before(passage: &Passage, position: Position) -> Values {
    let mut values = passage.from.values.clone();
    let before = passage.events.iter().filter(|event| event.position < position);
    before.for_each(|event| values.apply(event.setting));
    values
}

/// Fades from one to the other.
fn fade(pcm: &mut Pcm, to: &Pcm) {
    for (from, to) in pcm.iter_mut().zip(to) {
        for (n, (from, to)) in from.iter_mut().zip(to).enumerate() {
            *from += (to - *from) * (n as f32 / FRAME_LEN as f32);
        }
    }
}
