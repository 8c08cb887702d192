//! A stroke in one word, so that what waits and what sounds cost a snapshot little; and those that wait.
//!
//! ```text
//! bits 0-6 note · 7-14 gain, in quarters of a dB below full · 15-20 place · 21-23 timbre
//!      24-26 temperament · 27-30 semitones above the root · 31 always set
//! ```

use perpetuo_dsp::{State, math};

use crate::theory::Temperament;

/// One tine plucked, or one piece of wood struck. Any word is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stroke(u32);

impl Stroke {
    /// No stroke.
    pub(super) const NONE: Self = Self(0);

    /// The note in semitones above C0, held within 0..=127; the gain 0..1, never quite 0; the place
    /// from -1 (left) to 1 (right); the timbre's number below 8.
    /// It is tuned in equal steps.
    pub(super) fn new(timbre: u32, note: i32, gain: f32, place: f32) -> Self {
        // 24 quarters of a dB are a factor of 2.
        let below = (math::clamp(-24.0 * math::log2(gain), 0.0, 255.0) + 0.5) as u32;
        let place = (math::clamp(place, -1.0, 1.0) * 31.0 + 32.0) as u32;
        let note = note.clamp(0, 127) as u32;
        Self(1 << 31 | (timbre & 7) << 21 | place.min(63) << 15 | below.min(255) << 7 | note)
    }

    /// The same stroke on a tine that is tuned to a root, by the number of a [`Temperament`].
    pub(super) fn tuned(self, temperament: u32, root: u32) -> Self {
        let degree = (self.note() + 12 - root % 12) % 12;
        Self(self.0 & 0x80ff_ffff | (temperament & 7) << 24 | degree << 27)
    }

    /// A word as a stroke, whatever the word.
    pub(super) fn from_word(word: u32) -> Self {
        Self(word)
    }

    /// The stroke as a word.
    pub(super) fn word(self) -> u32 {
        self.0
    }

    /// Semitones above C0.
    pub(super) fn note(self) -> u32 {
        self.0 & 127
    }

    /// Its pitch.
    pub(super) fn hz(self) -> f32 {
        let note = self.note() as i32;
        let root = note - (self.0 >> 27 & 15) as i32;
        Temperament::of(self.0 >> 24 & 7).hz(note, root)
    }

    /// Peak gain, above 0 and at most 1.
    pub(super) fn gain(self) -> f32 {
        math::exp2((self.0 >> 7 & 255) as f32 * (-1.0 / 24.0))
    }

    /// From -1 (left) to 1 (right).
    pub(super) fn place(self) -> f32 {
        ((self.0 >> 15 & 63) as f32 - 32.0) * (1.0 / 31.0)
    }

    /// A number below 8.
    pub(super) fn timbre(self) -> u32 {
        self.0 >> 21 & 7
    }

    /// Whether it is one at all.
    pub(super) fn is_some(self) -> bool {
        self.0 >> 31 == 1
    }
}

impl State for Stroke {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.0.visit(word);
    }
}

/// Strokes that are to come, each in so many samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    strokes: [Stroke; Self::LEN],
    left: [u32; Self::LEN],
}

impl Queue {
    /// More than this never wait; what comes on top is left out.
    const LEN: usize = 12;

    /// Beyond this nothing waits, in samples: what a damaged snapshot may claim.
    const LONGEST: u32 = 1 << 20;

    pub(super) fn new() -> Self {
        Self { strokes: [Stroke::NONE; Self::LEN], left: [0; Self::LEN] }
    }

    /// Keeps a stroke for `left` samples from now.
    pub(super) fn push(&mut self, left: u32, stroke: Stroke) {
        let free = self.strokes.iter().position(|stroke| !stroke.is_some());
        if let Some(free) = free {
            (self.strokes[free], self.left[free]) = (stroke, left.min(Self::LONGEST));
        }
    }

    /// Lets samples pass; nothing is played.
    pub(super) fn pass(&mut self, samples: u32) {
        self.left.iter_mut().for_each(|left| *left = left.saturating_sub(samples));
    }

    /// Gives away what is due.
    pub(super) fn release(&mut self, play: &mut dyn FnMut(Stroke)) {
        for (stroke, left) in self.strokes.iter_mut().zip(&self.left) {
            if stroke.is_some() && *left == 0 {
                play(*stroke);
                *stroke = Stroke::NONE;
            }
        }
    }

    /// Samples until the next is due, if any waits.
    pub(super) fn next(&self) -> Option<u32> {
        let waiting = self.strokes.iter().zip(&self.left).filter(|(stroke, _)| stroke.is_some());
        waiting.map(|(_, left)| *left).min()
    }
}

impl State for Queue {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.strokes.visit(word);
        self.left.visit(word);
        self.left = self.left.map(|left| left.min(Self::LONGEST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::TEMPERAMENTS;

    #[test]
    fn a_stroke_comes_out_of_its_word_as_it_went_in() {
        let stroke = Stroke::new(6, 71, 0.4, -0.5);
        assert_eq!((stroke.timbre(), stroke.note()), (6, 71));
        assert!((stroke.gain() - 0.4).abs() < 0.01 && (stroke.place() + 0.5).abs() < 0.04);
        assert!(stroke.is_some() && !Stroke::NONE.is_some());
        assert_eq!(Stroke::from_word(stroke.word()), stroke);
        let wild = Stroke::new(99, 999, f32::NAN, f32::NAN);
        assert!(wild.note() < 128 && wild.gain() > 0.0 && wild.place().abs() <= 1.04);
    }

    #[test]
    fn a_tine_is_tuned_to_its_root_and_is_otherwise_the_same() {
        let stroke = Stroke::new(2, 66, 0.4, -0.5);
        for root in 0..24 {
            for (number, label) in TEMPERAMENTS.iter().enumerate() {
                let tuned = stroke.tuned(3, 5).tuned(number as u32, root);
                let hz = Temperament::of(number as u32).hz(66, root as i32);
                assert!((tuned.hz() / hz - 1.0).abs() < 1e-5, "{label} {root}");
                assert_eq!(tuned.tuned(0, 66), stroke);
            }
        }
        assert_eq!(stroke.hz(), math::hz_from_note(66.0));
    }

    #[test]
    fn what_waits_comes_when_it_is_due_and_once() {
        let mut queue = Queue::new();
        queue.push(100, Stroke::new(0, 60, 0.5, 0.0));
        queue.push(30, Stroke::new(0, 62, 0.5, 0.0));
        let mut played = Vec::new();
        for _ in 0..200 {
            queue.release(&mut |stroke| played.push(stroke.note()));
            queue.pass(1);
        }
        assert_eq!((played, queue.next()), (vec![62, 60], None));
        (0..50).for_each(|note| queue.push(5, Stroke::new(0, note, 0.5, 0.0)));
        assert_eq!(queue.next(), Some(5));
    }
}
