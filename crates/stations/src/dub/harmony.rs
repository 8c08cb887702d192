//! Harmony: a few chords, a chain that goes from one to the next, and voices that move little.
//!
//! ```text
//! P(next = j | now = i) ∝ wᵢⱼ      w drawn for each side; home is likelier, staying is not
//! ```

use std::ops::RangeInclusive;

use perpetuo_dsp::{Chance, State};

use crate::theory::{ChordKind, Scale, lead};

/// Voices of a chord.
pub(super) const VOICES: usize = 4;

mod stream {
    pub(super) const DEGREES: u32 = 20;
    pub(super) const KIND: u32 = 21;
    pub(super) const CHAIN: u32 = 22;
    pub(super) const NEXT: u32 = 23;
    pub(super) const PLACE: u32 = 24;
}

/// Where the harmony is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Harmony {
    chance: Chance,
    /// Which of the side's chords it is on, how many came before, and its voices, low to high.
    now: u32,
    count: u32,
    voices: [i32; VOICES],
}

/// Degrees a side may have besides its home: III, iv, v, VI, VII, in some orders, the usual ones first.
const DEGREES: [[i32; 5]; 6] = [
    [6, 3, 5, 2, 4],
    [3, 6, 4, 5, 2],
    [5, 6, 3, 4, 2],
    [6, 5, 2, 3, 4],
    [3, 4, 6, 2, 5],
    [4, 3, 6, 5, 2],
];

impl Harmony {
    /// Chords of a side: home and so many more.
    const MOST: u32 = 6;

    pub(super) fn new(seed: &Chance) -> Self {
        let lift = seed.below(stream::PLACE, 0, 8) as i32 - 3;
        let voices = [45, 50, 55, 60].map(|note| note + lift);
        Self { chance: *seed, now: 0, count: 0, voices }
    }

    /// Goes on along the chain of a side, and voices the chord it comes to.
    pub(super) fn go_on(&mut self, side: u32, scale: &Scale) {
        let chords = self.chords(side);
        let weight = |to: u32| {
            let cell = (side.wrapping_mul(64)).wrapping_add(self.now * 8 + to);
            let drawn = self.chance.between(stream::CHAIN, cell, 0.1, 1.0);
            drawn * if to == 0 { 1.8 } else { 1.0 } * if to == self.now { 0.15 } else { 1.0 }
        };
        let total: f32 = (0..chords).map(weight).sum();
        let mut left = total * self.chance.unit(stream::NEXT, self.count);
        let mut next = 0;
        for to in 0..chords {
            left -= weight(to);
            if left < 0.0 {
                next = to;
                break;
            }
        }
        self.count = self.count.wrapping_add(1);
        self.now = next;
        self.voice(side, scale);
    }

    /// Comes home, and voices the chord.
    pub(super) fn come_home(&mut self, side: u32, scale: &Scale) {
        self.now = 0;
        self.voice(side, scale);
    }

    /// The degree the chord stands on.
    pub(super) fn degree(&self, side: u32, scale: &Scale) -> i32 {
        self.chord(side, scale).0
    }

    /// The chord's notes, low to high.
    pub(super) fn voices(&self) -> [i32; VOICES] {
        self.voices
    }

    fn voice(&mut self, side: u32, scale: &Scale) {
        let (degree, kind) = self.chord(side, scale);
        let tones: [i32; VOICES] = kind.notes(scale, degree);
        // Around the middle this seed has, so that voices never wander off.
        let low = 41 + self.chance.below(stream::PLACE, 0, 8) as i32;
        let led = lead(self.voices, &tones, low..=low + 24);
        self.voices = open(led, &tones, low - 5..=low + 27);
    }

    /// Four to six chords, home among them.
    fn chords(&self, side: u32) -> u32 {
        4 + self.chance.below(stream::DEGREES, side, Self::MOST - 3)
    }

    fn chord(&self, side: u32, scale: &Scale) -> (i32, ChordKind) {
        let row = DEGREES[self.chance.below(stream::DEGREES + 100, side, 6) as usize];
        let degree = self.now.checked_sub(1).map_or(0, |other| row[other as usize % row.len()]);
        // A diminished fifth is none: home instead, with another colour.
        let fifth = scale.note(scale.above(degree, 4)) - scale.note(degree);
        let degree = if fifth == 7 { degree % scale.len() } else { 0 };
        let draw = side.wrapping_mul(8).wrapping_add(self.now);
        (degree, sweet(scale, degree, self.chance.below(stream::KIND, draw, 12)))
    }
}

/// The first kind, from a draw on, that has no semitone between its tones; a minor ninth chord may.
fn sweet(scale: &Scale, degree: i32, draw: u32) -> ChordKind {
    use ChordKind::{Fifth, Ninth, Quartal, Seventh, Sus2, Sus4, Triad};
    const KINDS: [ChordKind; 12] = [
        Ninth, Seventh, Seventh, Ninth, Triad, Seventh, Ninth, Quartal, Seventh, Sus2, Ninth, Sus4,
    ];
    let is_sweet = |kind: &ChordKind| {
        let tones: [i32; VOICES] = kind.notes(scale, degree);
        let clash = |a: i32, b: i32| matches!((a - b).rem_euclid(12), 1 | 11);
        let minor_ninth = *kind == Ninth && (tones[3] - tones[0]).rem_euclid(12) == 2;
        !(0..VOICES).any(|a| {
            (0..a).any(|b| clash(tones[a], tones[b]) && !(minor_ninth && (a, b) == (3, 1)))
        })
    };
    let kinds = (0..KINDS.len()).map(|i| KINDS[(draw as usize + i) % KINDS.len()]);
    kinds.into_iter().find(is_sweet).unwrap_or(Fifth)
}

/// Moves one of two neighbours that are a semitone apart to where nothing rubs: by octaves if that will
/// do, else to another tone of the chord. A minor ninth chord sung close together rubs otherwise.
fn open(voices: [i32; VOICES], tones: &[i32], range: RangeInclusive<i32>) -> [i32; VOICES] {
    let rubs = |voices: &[i32; VOICES]| voices.windows(2).position(|pair| pair[1] - pair[0] < 2);
    let Some(low) = rubs(&voices) else { return voices };
    let is_tone = |note: i32| tones.iter().any(|tone| (tone - note).rem_euclid(12) == 0);
    let octaves = [12, -12, 24, -24].into_iter();
    for by in octaves.chain((1..=24).flat_map(|by| [by, -by])) {
        for at in [low + 1, low] {
            let mut moved = voices;
            moved[at] += by;
            if range.contains(&moved[at]) && is_tone(moved[at]) {
                moved.sort_unstable();
                if rubs(&moved).is_none() {
                    return moved;
                }
            }
        }
    }
    voices
}

impl State for Harmony {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.now.visit(word);
        self.now = self.now.min(Self::MOST - 1);
        self.count.visit(word);
        for voice in &mut self.voices {
            voice.visit(word);
            *voice = (*voice).clamp(24, 84);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::SCALES;

    #[test]
    fn chords_stay_in_their_scale_and_range_and_nothing_rubs() {
        for index in 0..SCALES.len() as u32 {
            let scale = Scale::of(index, 9);
            for seed in 0..6 {
                let mut harmony = Harmony::new(&Chance::new(seed));
                for chord in 0..300 {
                    harmony.go_on(chord / 60, &scale);
                    let voices = harmony.voices();
                    assert!(voices.is_sorted_by(|a, b| a < b), "{voices:?}");
                    assert!(voices.iter().all(|note| (28..=76).contains(note)), "{voices:?}");
                    assert!(voices.iter().all(|note| scale.has(*note as f32)));
                    assert!(voices.windows(2).all(|pair| pair[1] - pair[0] > 1), "{voices:?}");
                }
            }
        }
    }

    #[test]
    fn a_chain_visits_several_chords_and_comes_home_most() {
        let scale = Scale::of(3, 9);
        let mut harmony = Harmony::new(&Chance::new(2));
        let mut visits = [0; 7];
        for _ in 0..600 {
            harmony.go_on(1, &scale);
            visits[harmony.degree(1, &scale) as usize] += 1;
        }
        assert!(visits.iter().filter(|count| **count > 20).count() >= 3, "{visits:?}");
        assert!(visits.iter().skip(1).all(|count| *count <= visits[0]), "{visits:?}");
    }
}
