//! The drone: two sets of four sines, of which one fades out while the other fades in.

use perpetuo_dsp::{Pitch, Segment, Sine, State, add_sines, math, mix, step_from};
use perpetuo_station::BLOCK_LEN;

use super::character::Character;

/// Multiples of the note, and their levels: two for the middle, one for either side, a little apart.
struct Voicing {
    middle: [(f32, f32); 2],
    sides: (f32, f32),
}

/// Octave and twelfth; octaves; twelfth and double octave.
const VOICINGS: [Voicing; 3] = [
    Voicing { middle: [(1.0, 0.66), (3.0, 0.17)], sides: (2.0, 0.42) },
    Voicing { middle: [(1.0, 0.7), (4.0, 0.1)], sides: (2.0, 0.46) },
    Voicing { middle: [(1.0, 0.6), (2.0, 0.42)], sides: (3.0, 0.2) },
];

/// The drone.
pub(super) struct Drone {
    sets: [Set; 2],
    /// Which set is on.
    on: usize,
    voicing: &'static Voicing,
    /// What is left of a way after a block, up and down.
    rests: [f32; 2],
    sample_rate: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Set {
    /// Where the partials are, in 2^-32 turns, and their pitches: low, high, left, right.
    turns: [u32; 4],
    pitches: [Pitch; 4],
    note: u8,
    level: f32,
}

impl Drone {
    /// Half-lives of the cross-fade in seconds.
    const FADE: [f32; 2] = [0.8, 1.1];

    pub(super) fn new(character: &Character, sample_rate_hz: u32) -> Self {
        let sample_rate = sample_rate_hz as f32;
        let rest = |seconds: f32| math::exp2(-(BLOCK_LEN as f32) / (seconds * sample_rate));
        Self {
            sets: [Set::default(); 2],
            on: 0,
            voicing: &VOICINGS[character.drone as usize % VOICINGS.len()],
            rests: Self::FADE.map(rest),
            sample_rate,
        }
    }

    /// Moves to a note, in semitones above C0.
    pub(super) fn move_to(&mut self, note: u8) {
        if self.sets[self.on].note == note {
            return;
        }
        let other = 1 - self.on;
        // A set that still sounds keeps its note until it is over: 6 s at most, and moods come again.
        if self.sets[other].level > 0.0 && self.sets[other].note != note {
            return;
        }
        self.on = other;
        if self.sets[other].level == 0.0 {
            // From the start of a turn, whatever was before; the octaves a quarter apart.
            self.sets[other].turns = [0, 0, 0, 1 << 30];
        }
        self.sets[other].note = note;
        self.tune(other);
    }

    /// Adds one block; `shine` 0..1 raises the upper partial.
    pub(super) fn render(&mut self, out: &mut [&mut [f32]; 2], gain: f32, shine: f32) {
        let voicing = self.voicing;
        let mut both = [0.0; BLOCK_LEN];
        for (index, set) in self.sets.iter_mut().enumerate() {
            // It heads for a little below nothing, so that it ends.
            let goal = if index == self.on { gain } else { -0.008 };
            let from = set.level;
            let level = goal + (from - goal) * self.rests[usize::from(goal < from)];
            set.level = if level > 0.0 { level } else { 0.0 };
            if from == 0.0 && set.level == 0.0 {
                continue;
            }
            let level = Segment::between(from, set.level, BLOCK_LEN);
            let shares = [
                voicing.middle[0].1,
                voicing.middle[1].1 * (0.6 + 0.8 * shine),
                voicing.sides.1,
                voicing.sides.1,
            ];
            let sines: [Sine; 4] = std::array::from_fn(|i| Sine {
                turn: set.turns[i],
                pitch: set.pitches[i],
                level: level.times(shares[i]),
            });
            let [left, right] = out;
            add_sines(&mut both, &sines[..2]);
            add_sines(left, &sines[2..3]);
            add_sines(right, &sines[3..]);
            set.pass(BLOCK_LEN);
        }
        mix::add_panned(out, &both, [Segment::flat(1.0); 2]);
    }

    fn tune(&mut self, index: usize) {
        let set = &mut self.sets[index];
        let step = math::hz_from_note(set.note.into()) / self.sample_rate;
        // The sides beat at 0.4 Hz against each other.
        let beat = 0.2 / self.sample_rate;
        let [(low, _), (high, _)] = self.voicing.middle;
        let side = step * self.voicing.sides.0;
        let steps = [step * low, step * high, side - beat, side + beat];
        for (pitch, step) in set.pitches.iter_mut().zip(steps) {
            pitch.set(step_from(step));
        }
    }
}

impl Set {
    fn pass(&mut self, len: usize) {
        for (turn, pitch) in self.turns.iter_mut().zip(&self.pitches) {
            *turn = turn.wrapping_add(pitch.step().wrapping_mul(len as u32));
        }
    }
}

impl State for Drone {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        let notes = [self.sets[0].note, self.sets[1].note, self.on as u8, 0];
        let mut notes = u32::from_le_bytes(notes);
        notes.visit(word);
        let [first, second, on, _] = notes.to_le_bytes();
        (self.sets[0].note, self.sets[1].note) = (first.min(100), second.min(100));
        self.on = usize::from(on & 1);
        for index in 0..2 {
            let set = &mut self.sets[index];
            set.turns.visit(word);
            set.level.visit(word);
            set.level = math::clamp(set.level, 0.0, 1.0);
            self.tune(index);
        }
    }
}
