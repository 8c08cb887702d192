//! Phrases of bells that recall one another, and a pulse of soft mallets.
//!
//! ```text
//! phrases  a a b a' …: 3 to 7 strokes, walked through the scale from a note of the chord to another
//! pulse    a figure through the chord in even steps, waxing and waning in waves of 41
//! ```
//!
//! Both fall on halves of the echo, so that repeats and strokes interlock.

use perpetuo_dsp::{Chance, State, math};

use super::{
    character::Character,
    harmony::Chord,
    note::{Stroke, byte, side},
};
use crate::theory::{Scale, phrase};

/// Streams of draws.
mod stream {
    pub(super) const PLAN: u32 = 30;
    pub(super) const REST: u32 = 31;
    pub(super) const LEN: u32 = 32;
    pub(super) const STEP: u32 = 33;
    pub(super) const RHYTHM: u32 = 34;
    pub(super) const TOUCH: u32 = 35;
    pub(super) const PLACE: u32 = 36;
    pub(super) const FIRST: u32 = 37;
    pub(super) const FIGURE: u32 = 38;
    pub(super) const PACE: u32 = 39;
    pub(super) const PULSE: u32 = 40;
}

/// What strokes depend on.
pub(super) struct Ringing<'a> {
    pub chance: &'a Chance,
    pub character: &'a Character,
    pub scale: Scale,
    pub chord: Chord,
    /// Scenes and chords so far.
    pub scene: u32,
    pub chord_count: u32,
    /// How many bells, 0..2, and how often the pulse strikes, 0..1.
    pub bells: f32,
    pub pulse: f32,
    /// Whether the key is about to move.
    pub is_turning: bool,
    pub sample_rate: f32,
}

/// The bells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phrases {
    /// Samples until the next stroke, or until a phrase begins.
    left: u32,
    count: u32,
    /// Strokes of the phrase so far.
    place: u32,
}

impl Phrases {
    /// Fewer bells than this are none.
    const NONE: f32 = 0.02;

    pub(super) fn new(sample_rate: f32) -> Self {
        Self { left: (0.25 * sample_rate) as u32, count: 0, place: 0 }
    }

    pub(super) fn pass(&mut self, samples: u32) {
        self.left = self.left.saturating_sub(samples);
    }

    pub(super) fn until(&self) -> u32 {
        self.left
    }

    /// Plays the stroke that falls on this moment.
    pub(super) fn play(&mut self, ringing: &Ringing<'_>, play: &mut dyn FnMut(Stroke)) {
        if self.left > 0 {
            return;
        }
        let half = 0.5 * ringing.character.echo_seconds;
        if ringing.bells < Self::NONE || ringing.is_turning && self.place == 0 {
            self.left = (2.0 * half * ringing.sample_rate) as u32;
            self.place = 0;
            return;
        }
        let (chance, count, place) = (ringing.chance, self.count, self.place);
        let plan = phrase(chance, stream::PLAN, count);
        let len = 3 + chance.below(stream::LEN, plan.material, 5);
        if !ringing.is_turning {
            play(self.stroke(ringing, plan.material, plan.is_varied, len));
        }
        // In halves of the echo; the ear forgives 12 ms, and hears a hand.
        let halves = [1, 2, 2, 1, 3, 2, 4, 1];
        let pick = chance.below(stream::RHYTHM, key_of(plan.material, place), 8) as usize;
        let mut seconds = half * halves[pick % 8] as f32;
        seconds += 0.024 * (chance.unit(stream::TOUCH, key_of(count, place)) - 0.5);
        self.place += 1;
        if self.place >= len {
            (self.count, self.place) = (count.wrapping_add(1), 0);
            let rest = chance.between(stream::REST, count, 1.5, 7.5) / (0.16 + 1.3 * ringing.bells);
            seconds += half * (rest / half).floor();
        }
        self.left = (seconds * ringing.sample_rate) as u32;
    }

    fn stroke(&self, ringing: &Ringing<'_>, material: u32, is_varied: bool, len: u32) -> Stroke {
        let (chance, place) = (ringing.chance, self.place);
        let is_last = place + 1 == len;
        // The end of a varied phrase is drawn anew.
        let material_at = |at: u32| {
            if is_varied && at + 2 >= len { self.count | 1 << 30 } else { material }
        };
        const STEPS: [i32; 8] = [1, 2, -1, -2, 1, 3, -1, 2];
        let mut height = chance.below(stream::FIRST, material, 4) as i32;
        for at in 1..=place {
            let key = key_of(material_at(at), at);
            height += STEPS[chance.below(stream::STEP, key, 8) as usize % 8];
            // Back down before it leaves two octaves.
            height = if height > 11 { height - 5 } else { height };
        }
        let scale = &ringing.scale;
        let low = scale.note_from(ringing.chord.degree, ringing.character.bells_from);
        let walked = scale.note(scale.nearest(low) + height);
        let note = if place == 0 || is_last { nearest_of(&ringing.chord, walked) } else { walked };
        let key = key_of(self.count, place);
        let touch = chance.unit(stream::TOUCH, !key);
        let accent = if place == 0 || is_last { 0.15 } else { 0.0 };
        Stroke {
            note: note.clamp(36, 100) as u8,
            gain: byte(0.45 + accent + 0.4 * touch),
            place: side(1.5 * chance.unit(stream::PLACE, key) - 0.75),
            timbre: ringing.character.timbres[ringing.scene as usize % 3],
        }
    }
}

/// The counter of a stroke's chance.
fn key_of(phrase: u32, place: u32) -> u32 {
    phrase.wrapping_mul(8).wrapping_add(place)
}

/// The note of the chord nearest to a note.
fn nearest_of(chord: &Chord, note: i32) -> i32 {
    let near = chord.notes.iter().map(|tone| note - 6 + (tone - note + 6).rem_euclid(12));
    near.min_by_key(|near| (near - note).abs()).unwrap_or(note)
}

impl State for Phrases {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.left.visit(word);
        self.left = self.left.min(1 << 23);
        self.count.visit(word);
        self.place.visit(word);
        self.place = self.place.min(7);
    }
}

/// The pulse.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pulse {
    left: u32,
    count: u32,
}

impl Pulse {
    pub(super) fn new(sample_rate: f32) -> Self {
        Self { left: (1.5 * sample_rate) as u32, count: 0 }
    }

    pub(super) fn pass(&mut self, samples: u32) {
        self.left = self.left.saturating_sub(samples);
    }

    pub(super) fn until(&self) -> u32 {
        self.left
    }

    /// Plays the stroke that falls on this moment: a wave up and down the chord.
    pub(super) fn play(&mut self, ringing: &Ringing<'_>, play: &mut dyn FnMut(Stroke)) {
        if self.left > 0 {
            return;
        }
        let (chance, count) = (ringing.chance, self.count);
        let pace = chance.word(stream::PACE, ringing.scene);
        let len = [6, 8, 10, 7][pace as usize % 4];
        let step = count % len;
        let draw = |of: u32| chance.unit(stream::PULSE + of, count);
        if !ringing.is_turning && draw(0) < ringing.pulse {
            // Which figure: another with every chord.
            let figure = chance.below(stream::FIGURE, ringing.chord_count, 3) as usize;
            const FIGURES: [[i32; 10]; 3] = [
                [0, 1, 2, 3, 4, 2, 1, 3, 2, 1],
                [0, 2, 1, 4, 2, 3, 1, 2, 5, 3],
                [0, 2, 4, 3, 1, 2, 0, 4, 5, 2],
            ];
            let height = FIGURES[figure % 3][step as usize % 10];
            let tone = ringing.chord.notes[height as usize % 3];
            let lowest = 50 + ringing.character.register + 12 * (height / 3);
            let note = lowest + (tone - lowest).rem_euclid(12);
            // A wave of 41 strokes, so that it comes and goes.
            let wave = math::cos_turns((count % 41) as f32 / 41.0 - 0.5);
            let accent = if step == 0 { 0.15 } else { 0.0 };
            play(Stroke {
                note: note.clamp(36, 100) as u8,
                gain: byte(0.34 + 0.14 * wave + accent + 0.1 * draw(1)),
                place: side(if count.is_multiple_of(2) { -0.5 } else { 0.5 }),
                timbre: ringing.character.timbres[3],
            });
        }
        let seconds =
            [0.75, 0.5, 1.0, 0.75][(pace >> 8) as usize % 4] * ringing.character.echo_seconds;
        self.count = count.wrapping_add(1);
        self.left = (seconds * ringing.sample_rate) as u32;
    }
}

impl State for Pulse {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.left.visit(word);
        self.left = self.left.min(1 << 22);
        self.count.visit(word);
    }
}
