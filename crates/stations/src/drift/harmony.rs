//! The harmony: a key that moves with the scenes, chords that move within it, the drone's note.
//!
//! ```text
//! root + key ─► scale ─► degree, every 16–34 s ─► chord of five notes, the drone on its root
//! ```

use perpetuo_dsp::{Chance, State};

use super::character::Character;
use crate::theory::{ChordKind, SCALES, Scale};

/// Streams of draws.
mod stream {
    pub(super) const LEN: u32 = 8;
    pub(super) const DEGREE: u32 = 9;
    pub(super) const KIND: u32 = 10;
}

/// The lowest note of the drone: B1, 62 Hz.
const GROUND: i32 = 23;

/// Where the harmony is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Harmony {
    /// The root and the scale asked for.
    root: u32,
    scale: u32,
    /// Semitones above the root that the piece has moved to, 0..12.
    key: i32,
    /// The degree of the scale that the chord stands on.
    degree: i32,
    chord: u32,
    /// Samples until the chord changes.
    left: u32,
}

/// A chord: notes in any octave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chord {
    /// Its root's degree in the scale.
    pub degree: i32,
    /// Root, third or what stands for it, fifth, and two more.
    pub notes: [i32; 5],
}

impl Harmony {
    pub(super) fn new(root: u32, scale: u32, chance: &Chance, sample_rate: f32) -> Self {
        let mut harmony = Self { root, scale, key: 0, degree: 0, chord: 0, left: 0 };
        harmony.left = harmony.len(chance, sample_rate);
        harmony
    }

    /// Takes a root, and comes home to it; tells whether it is another.
    pub(super) fn set_root(&mut self, root: u32) -> bool {
        let is_new = self.root != root;
        if is_new {
            (self.root, self.key, self.degree) = (root, 0, 0);
        }
        is_new
    }

    /// Takes a scale; tells whether it is another.
    pub(super) fn set_scale(&mut self, scale: u32) -> bool {
        let is_new = self.scale != scale;
        if is_new {
            (self.scale, self.degree) = (scale, 0);
        }
        is_new
    }

    /// Moves the key by semitones, and the harmony to its first degree.
    pub(super) fn move_key(&mut self, semitones: i32) {
        self.key = (self.key + semitones).rem_euclid(12);
        self.degree = 0;
    }

    /// Lets time pass.
    pub(super) fn pass(
        &mut self,
        samples: u32,
        chance: &Chance,
        character: &Character,
        sample_rate: f32,
    ) {
        self.left = self.left.saturating_sub(samples);
        if self.left == 0 {
            self.chord = self.chord.wrapping_add(1);
            self.left = self.len(chance, sample_rate);
            self.degree = self.next_degree(chance, character);
        }
    }

    /// Samples until the chord changes.
    pub(super) fn until(&self) -> u32 {
        self.left
    }

    /// How many chords there have been.
    pub(super) fn count(&self) -> u32 {
        self.chord
    }

    /// The scale as it is now.
    pub(super) fn scale(&self) -> Scale {
        self.scale_moved(0)
    }

    /// The scale once the key will have moved by so many semitones.
    pub(super) fn scale_moved(&self, semitones: i32) -> Scale {
        Scale::of(self.scale, self.tonic() + semitones)
    }

    /// Places of the tonic in `ROOTS` and of the scale in `SCALES`.
    pub(super) fn labels(&self) -> [usize; 2] {
        [self.tonic().rem_euclid(12) as usize, self.scale as usize % SCALES.len()]
    }

    /// The chord as it is now.
    pub(super) fn chord(&self, chance: &Chance) -> Chord {
        const KINDS: [ChordKind; 8] = [
            ChordKind::Ninth,
            ChordKind::Seventh,
            ChordKind::Ninth,
            ChordKind::Sus2,
            ChordKind::Quartal,
            ChordKind::Seventh,
            ChordKind::Ninth,
            ChordKind::Triad,
        ];
        let kind = KINDS[chance.below(stream::KIND, self.chord, 8) as usize % 8];
        Chord { degree: self.degree, notes: kind.notes(&self.scale(), self.degree) }
    }

    /// The drone's note.
    pub(super) fn ground(&self) -> i32 {
        self.scale().note_from(self.degree, GROUND)
    }

    fn tonic(&self) -> i32 {
        self.root as i32 + self.key
    }

    /// Home every few chords; otherwise on by one of the character's moves, to a degree that has a pure
    /// fifth if there is one.
    fn next_degree(&self, chance: &Chance, character: &Character) -> i32 {
        if self.chord.is_multiple_of(character.home) && self.degree != 0 {
            return 0;
        }
        let scale = self.scale();
        let first = chance.below(stream::DEGREE, self.chord, 6);
        let ways = (first..first + 6).map(|pick| {
            let steps = character.chord_moves[pick as usize % 6];
            scale.above(self.degree, steps).rem_euclid(scale.len())
        });
        let is_firm =
            |degree: &i32| *degree != self.degree && scale.has((scale.note(*degree) + 7) as f32);
        ways.clone().find(is_firm).unwrap_or(self.degree + 1).rem_euclid(scale.len())
    }

    fn len(&self, chance: &Chance, sample_rate: f32) -> u32 {
        (chance.between(stream::LEN, self.chord, 16.0, 34.0) * sample_rate) as u32
    }
}

impl State for Harmony {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        // Root, scale, key and degree in one word.
        let packed = [self.root, self.scale, self.key as u32, self.degree as u32];
        let mut packed = u32::from_le_bytes(packed.map(|part| part as u8));
        packed.visit(word);
        let [root, scale, key, degree] = packed.to_le_bytes();
        self.root = u32::from(root) % 12;
        self.scale = u32::from(scale).min(SCALES.len() as u32 - 1);
        (self.key, self.degree) = (i32::from(key) % 12, i32::from(degree) % 12);
        self.chord.visit(word);
        self.left.visit(word);
        self.left = self.left.min(1 << 22);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_move_come_home_and_stand_on_pure_fifths_where_the_scale_has_them() {
        for seed in 0..12 {
            let chance = Chance::new(seed);
            let character = Character::new(&chance);
            for scale in 0..SCALES.len() as u32 {
                let mut harmony = Harmony::new(2, scale, &chance, 44_100.0);
                let mut homes = 0;
                for _ in 0..60 {
                    let before = harmony.degree;
                    harmony.pass(harmony.until(), &chance, &character, 44_100.0);
                    assert_ne!(harmony.degree, before);
                    homes += u32::from(harmony.degree == 0);
                    let (notes, scale) = (harmony.chord(&chance).notes, harmony.scale());
                    assert!(notes.iter().all(|note| scale.has(*note as f32)));
                    assert!(scale.len() < 7 || scale.has((scale.note(harmony.degree) + 7) as f32));
                    assert!((23..35).contains(&harmony.ground()));
                }
                assert!((12..40).contains(&homes), "{homes} of scale {scale}");
            }
        }
    }
}
