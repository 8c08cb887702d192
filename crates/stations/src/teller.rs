//! What is told of notes to whoever watches, and how much of it at most.
//!
//! ```text
//! budget ← min(budget + 20 · block, 8)      a note costs 1, and is left out where there is less
//!                                           one of a crowd costs 2, and is left out where there is less than 7
//! velocity = √gain                          so that soft and loud lie apart as the ear has them
//! ```
//!
//! So no station tells more than 8 notes at once nor, for long, more than 20 a second, whatever its knobs.
//! What comes first in a block is told first: composers say the weightier things first.

use perpetuo_dsp::math;
use perpetuo_station::{BLOCK_LEN, Note};

/// How many notes may be told now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    left: f32,
    /// What a block adds.
    a_block: f32,
}

impl Budget {
    /// Nobody can follow more with the eye, nor should a network carry it.
    const A_SECOND: f32 = 20.0;
    /// A chord over bass and drums.
    const AT_ONCE: f32 = 8.0;

    pub(crate) fn new(sample_rate_hz: u32) -> Self {
        let a_block = Self::A_SECOND * BLOCK_LEN as f32 / sample_rate_hz as f32;
        Self { left: Self::AT_ONCE, a_block }
    }
}

/// Takes the notes of one block.
pub struct Teller<'a> {
    /// The block's first sample, and where in it the next note falls.
    start: u32,
    at: u32,
    budget: &'a mut Budget,
    /// What a note costs, and what of the budget must be left before it.
    cost: f32,
    least: f32,
    tell: &'a mut dyn FnMut(Note),
}

impl<'a> Teller<'a> {
    /// Begins a block, whose budget it adds.
    pub(crate) fn new(start: u32, budget: &'a mut Budget, tell: &'a mut dyn FnMut(Note)) -> Self {
        budget.left = (budget.left + budget.a_block).min(Budget::AT_ONCE);
        Self { start, at: 0, budget, cost: 1.0, least: 1.0, tell }
    }

    /// What is told from here on falls on sample `at` of the block.
    pub(crate) fn move_to(&mut self, at: usize) {
        self.at = at as u32;
    }

    /// What is told from here on is one of a crowd: it has half the budget, and leaves room for the rest.
    pub(crate) fn enter_crowd(&mut self) {
        (self.cost, self.least) = (2.0, Budget::AT_ONCE - 1.0);
    }

    /// Tells a tone: who plays it, its note in semitones above C0 with what lies between, its gain as a
    /// share of the loudest that this part plays, 0..=1, and its place from -1 (left) to 1 (right).
    pub fn tone(&mut self, part: &'static str, note: f32, gain: f32, place: f32) {
        // MIDI counts from the octave below.
        self.tell(part, Some(math::clamp(note + 12.0, 0.0, 160.0)), gain, place);
    }

    /// Tells what has no pitch, such as a drum; the others are as in [`Self::tone`].
    pub fn hit(&mut self, part: &'static str, gain: f32, place: f32) {
        self.tell(part, None, gain, place);
    }

    fn tell(&mut self, part: &'static str, pitch: Option<f32>, gain: f32, place: f32) {
        if self.budget.left < self.least {
            return;
        }
        self.budget.left -= self.cost;
        let velocity = math::clamp(gain, 0.0, 1.0).sqrt();
        let pan = math::clamp(place, -1.0, 1.0);
        (self.tell)(Note { at: self.start + self.at, part, pitch, velocity, pan });
    }
}

/// The note of a frequency in Hz, in semitones above C0: what [`math::hz_from_note`] undoes.
pub(crate) fn note_from_hz(hz: f32) -> f32 {
    57.0 + 12.0 * math::log2(hz * (1.0 / 440.0))
}
