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
    /// How much is rendered before what is to be heard, if there is as much: longer than any sound that has
    /// begun before lasts. What lies further back is composed only.
    pub const LEAD_IN: Duration = Duration::from_secs(60);

    /// What one passage tells, from [`Self::LEAD_IN`] before `from` on, a frame border, or from its beginning.
    pub fn new(
        spec: Arc<StationSpec>,
        seed: u64,
        passage: Passage,
        from: Position,
        sample_rate_hz: u32,
    ) -> Self {
        let mut voice = Voice::new(Arc::clone(&spec), seed, passage, sample_rate_hz);
        let lead_in = whole_frames(spec.refill.max(Self::LEAD_IN), sample_rate_hz);
        voice.skip_to(Position::new(from.samples().saturating_sub(lead_in)));
        Self { spec, seed, sample_rate_hz, voice, next: None, later: VecDeque::new() }
    }

    /// The same of several passages, which are in the order of their beginnings; each holds until the next one
    /// begins. `None` if there is none.
    pub fn of_passages(
        spec: Arc<StationSpec>,
        seed: u64,
        passages: Vec<Passage>,
        from: Position,
        sample_rate_hz: u32,
    ) -> Option<Self> {
        let mut later = joined(passages);
        let refill = whole_frames(spec.refill, sample_rate_hz);
        let is_back = |passage: &Passage| from.since(passage.from.position) >= refill;
        let first = later.iter().rposition(is_back).unwrap_or(0);
        later.drain(..first);
        let passage = later.pop_front()?;
        Some(Self { later, ..Self::new(spec, seed, passage, from, sample_rate_hz) })
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
