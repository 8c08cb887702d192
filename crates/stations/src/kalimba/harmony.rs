//! Keys, the chords of a section, and which notes may be plucked over them.
//!
//! ```text
//! chord ⊂ soft ⊂ scale        soft = scale − { n : n is no chord tone, n − 1 is one }
//! ```
//!
//! Tines ring on into each other, so what lies a semitone above a chord tone is left out of the long notes
//! (the "avoid notes" of M. Levine, *The Jazz Theory Book*, ch. 3). Near a change of key only notes that
//! both keys have are plucked: the pivot of common practice, for melodies.

use perpetuo_dsp::{Chance, State};

use crate::theory::{ChordKind, ROOTS, SCALES, Scale, choose};

/// Pitch classes, a bit each, C the lowest.
pub(super) type Classes = u32;

/// A root and a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// Below 12.
    pub root: u32,
    /// A place in [`SCALES`].
    pub scale: u32,
}

/// Scales that are near each scale of [`SCALES`]: where a section may go from there.
#[rustfmt::skip]
const NEAR: [[u32; 4]; SCALES.len()] = [
    [0, 2, 3, 7], [1, 8, 4, 3], [2, 0, 7, 3], [3, 0, 2, 6], [4, 1, 8, 2], [5, 3, 10, 6],
    [6, 3, 10, 5], [7, 1, 2, 0], [8, 1, 4, 3], [9, 3, 6, 5], [10, 6, 5, 3], [11, 4, 4, 1],
];

impl Key {
    /// The scale itself.
    pub(super) fn scale(self) -> Scale {
        Scale::of(self.scale, self.root as i32)
    }

    /// The notes it has.
    pub(super) fn classes(self) -> Classes {
        let scale = self.scale();
        (0..scale.len()).fold(0, |classes, degree| classes | class(scale.note(degree)))
    }

    /// The labels of root and scale.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        (ROOTS[self.root as usize % ROOTS.len()], SCALES[self.scale as usize % SCALES.len()])
    }

    /// Where section `count` goes to from here: home every fifth time, else to a key on another root that
    /// has all notes but one or two in common.
    pub(super) fn next(self, home: Self, chance: &Chance, stream: u32, count: u32) -> Self {
        if count.is_multiple_of(5) && self != home {
            return home;
        }
        // Fifths first, then seconds and thirds.
        const MOVES: [u32; 8] = [7, 5, 2, 10, 9, 3, 8, 4];
        const WEIGHTS: [u8; 8] = [5, 5, 3, 3, 3, 3, 1, 1];
        let mine = self.classes();
        for attempt in 0..8 {
            let counter = count.wrapping_mul(8).wrapping_add(attempt);
            let step = choose(chance, stream, counter, &WEIGHTS).unwrap_or(0);
            let near = NEAR[(home.scale as usize).min(NEAR.len() - 1)];
            // Home's own scale in two of five.
            let place = chance.below(stream + 1, counter, 5).saturating_sub(1) as usize;
            let key = Self { root: (self.root + MOVES[step]) % 12, scale: near[place.min(3)] };
            let fewer = mine.count_ones().min(key.classes().count_ones());
            let kept = (mine & key.classes()).count_ones();
            if kept + 1 + attempt / 4 >= fewer && key.root != home.root {
                return key;
            }
        }
        let kept = |key: &Self| (mine & key.classes()).count_ones();
        let moved = MOVES.map(|step| Self { root: (self.root + step) % 12, scale: self.scale });
        moved.into_iter().max_by_key(kept).unwrap_or(home)
    }
}

impl State for Key {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.root.visit(word);
        self.scale.visit(word);
        self.root %= ROOTS.len() as u32;
        self.scale = self.scale.min(SCALES.len() as u32 - 1);
    }
}

/// What may be plucked over one chord.
#[derive(Clone, Copy, Debug)]
pub(super) struct Harmony {
    pub chord: Classes,
    pub soft: Classes,
    pub scale: Classes,
    /// The class of the chord's root, below 12, and of its fifth.
    pub root: i32,
    pub fifth: i32,
}

impl Harmony {
    /// The harmony of a degree; notes outside of `common` are left out where others remain.
    pub(super) fn of(key: Key, degree: i32, kind: ChordKind, common: Classes) -> Self {
        let notes: [i32; 4] = kind.notes(&key.scale(), degree);
        let whole = notes.iter().fold(0, |classes, note| classes | class(*note));
        let above = (whole << 1 | whole >> 11) & 0xfff & !whole;
        let keep =
            |classes: Classes| if classes & common == 0 { classes } else { classes & common };
        let root = notes[0].rem_euclid(12);
        let is_perfect = key.classes() & class(root + 7) != 0;
        Self {
            chord: keep(whole),
            soft: keep(key.classes() & !above | whole),
            scale: keep(key.classes()),
            root,
            fifth: if is_perfect { (root + 7) % 12 } else { root },
        }
    }
}

/// The chord of place `place`, 0..4, in a section's row of four: the first at home, no two alike side by
/// side, none with a diminished fifth.
pub(super) fn degree(key: Key, chance: &Chance, stream: u32, section: u32, place: u32) -> i32 {
    let scale = key.scale();
    let draw = |place: u32, attempt: u32| {
        let counter = section.wrapping_mul(32).wrapping_add(place * 8 + attempt);
        // The fourth, fifth and sixth degrees more often than the others.
        let pick = chance.below(stream, counter, 10) as usize;
        [3, 3, 3, 4, 4, 5, 5, 1, 2, 6][pick] % scale.len()
    };
    let is_sound = |degree: i32| {
        let root = scale.note(degree);
        scale.len() < 7 || key.classes() & class(root + 7) != 0
    };
    let mut before = 0;
    for now in 1..=place.min(3) {
        let fits = |degree: &i32| *degree != before && *degree != 0 && is_sound(*degree);
        // Two in five rows stay at home in their second place.
        let stays = now == 1 && chance.happens(stream + 1, section, 0.4);
        let found = (0..8).map(|attempt| draw(now, attempt)).find(fits);
        before = if stays { 0 } else { found.unwrap_or(3 % scale.len()) };
    }
    before
}

/// The note nearest to `target` that is one of `classes`; of two as near the upper if `up`.
pub(super) fn snap(target: i32, classes: Classes, up: bool) -> i32 {
    for distance in 0..12 {
        let pair = if up { [distance, -distance] } else { [-distance, distance] };
        for off in pair {
            if classes & class(target + off) != 0 {
                return target + off;
            }
        }
    }
    target
}

/// The first note from `from` upwards that is one of `classes`.
pub(super) fn above(from: i32, classes: Classes) -> i32 {
    (from..from + 12).find(|note| classes & class(*note) != 0).unwrap_or(from)
}

/// The first note from `from` downwards that is one of `classes`.
pub(super) fn below(from: i32, classes: Classes) -> i32 {
    (from - 11..=from).rev().find(|note| classes & class(*note) != 0).unwrap_or(from)
}

/// The bit of a note's class.
pub(super) fn class(note: i32) -> Classes {
    1 << note.rem_euclid(12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_key_keeps_notes_in_common_and_comes_home() {
        for scale in 0..SCALES.len() as u32 {
            let home = Key { root: 3, scale };
            let (mut key, mut homes) = (home, 0);
            for count in 1..400 {
                let next = key.next(home, &Chance::new(scale.into()), 1, count);
                assert!((next.classes() & key.classes()).count_ones() >= 2 || next == home);
                homes += u32::from(next == home);
                key = next;
            }
            assert!(homes >= 75, "{homes}");
        }
    }

    #[test]
    fn chords_lie_in_the_soft_notes_and_these_in_the_scale() {
        for scale in 0..SCALES.len() as u32 {
            let key = Key { root: 5, scale };
            for section in 0..50 {
                let row = [0, 1, 2, 3].map(|at| degree(key, &Chance::new(1), 3, section, at));
                assert!(row[0] == 0 && row[3] != 0 && row[2] != row[3], "{row:?}");
                for degree in row {
                    let harmony = Harmony::of(key, degree, ChordKind::Triad, 0xfff);
                    assert_eq!(harmony.chord & harmony.soft, harmony.chord);
                    assert_eq!(harmony.soft & harmony.scale, harmony.soft);
                    assert!(harmony.chord != 0 && harmony.chord & class(harmony.root) != 0);
                }
            }
        }
    }

    #[test]
    fn the_fourth_above_a_major_chord_is_avoided() {
        let harmony = Harmony::of(Key { root: 0, scale: 8 }, 0, ChordKind::Triad, 0xfff);
        assert_eq!(harmony.soft & class(5), 0);
        assert_ne!(harmony.scale & class(5), 0);
    }

    #[test]
    fn a_note_goes_to_the_nearest_that_is_allowed() {
        assert_eq!(snap(61, class(0) | class(7), true), 60);
        assert_eq!(
            [snap(61, class(0) | class(2), true), snap(61, class(0) | class(2), false)],
            [62, 60]
        );
        assert_eq!(snap(61, 0, true), 61);
        assert_eq!((above(61, class(0)), below(59, class(0))), (72, 48));
    }
}
