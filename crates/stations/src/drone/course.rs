//! The course of the piece: which scene, which of its chords, over which key, and for how long.
//!
//! ```text
//! scene (80–165 s) ─► chord (22–44 s at the middle of motion) ─► degrees over a shifted root
//!      │  └─► the last 13–26 s of some: one pure interval alone
//!      └─► key: out by a just ratio, and home again
//! ```

use perpetuo_dsp::{Chance, State};

use super::{
    composer::BEATS,
    form::{self, Chord, Scene},
    harmony::{Degree, Ground, KEYS, Key},
};

/// Streams of draws.
mod stream {
    pub(super) const ORDER: u32 = 1;
    pub(super) const SCENE_LEN: u32 = 2;
    pub(super) const KEY: u32 = 3;
    pub(super) const HOME: u32 = 4;
    pub(super) const CHORD_LEN: u32 = 5;
    pub(super) const CLEARING: u32 = 6;
    pub(super) const CLEARING_LEN: u32 = 7;
    pub(super) const OUT: u32 = 8;
}

/// Where the piece is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    chance: Chance,
    scene: u32,
    /// Beats left.
    scene_left: u32,
    chord: u32,
    chord_left: u32,
    /// A place in [`KEYS`].
    key: u32,
}

/// What a beat has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Nothing,
    Chord,
    /// All but one interval falls away.
    Clearing,
    Scene,
    /// A scene after a clearing.
    Bloom,
}

impl Course {
    /// Begins with the first scene, in a key of the seed's own.
    pub(super) fn new(chance: &Chance, pace: f32) -> Self {
        let mut course =
            Self { chance: *chance, scene: 0, scene_left: 0, chord: 0, chord_left: 0, key: 0 };
        course.scene_left = course.scene_len();
        course.chord_left = course.chord_len(pace);
        if chance.happens(stream::HOME, 0, 0.6) {
            course.key = course.way_out();
        }
        course
    }

    /// Passes a beat; `pace` divides the length of chords.
    pub(super) fn pass_beat(&mut self, pace: f32) -> Change {
        let was_clear = self.is_clear();
        self.scene_left = self.scene_left.saturating_sub(1);
        self.chord_left = self.chord_left.saturating_sub(1);
        if self.scene_left == 0 {
            self.next_scene(pace);
            return if was_clear { Change::Bloom } else { Change::Scene };
        }
        if self.chord_left == 0 {
            self.chord = self.chord.wrapping_add(1);
            self.chord_left = self.chord_len(pace);
            return Change::Chord;
        }
        if self.is_clear() != was_clear { Change::Clearing } else { Change::Nothing }
    }

    pub(super) fn scene(&self) -> &'static Scene {
        form::scene(&self.chance, stream::ORDER, self.scene)
    }

    pub(super) fn key(&self) -> Key {
        KEYS[self.key as usize % KEYS.len()]
    }

    pub(super) fn chord(&self) -> &'static Chord {
        let chords = self.scene().chords;
        &chords[self.chord as usize % chords.len()]
    }

    /// Whether all but one pure interval has fallen away.
    pub(super) fn is_clear(&self) -> bool {
        let seconds = self.chance.between(stream::CLEARING_LEN, self.scene, 13.0, 26.0);
        self.scene_left <= (seconds * BEATS) as u32
            && self.chance.happens(stream::CLEARING, self.scene, 0.36)
    }

    /// How many degrees the harmony has, at least 1.
    pub(super) fn degree_count(&self) -> u32 {
        if self.is_clear() { 2 } else { self.chord().degrees.len() as u32 }
    }

    /// One of them, round and round.
    pub(super) fn degree(&self, index: u32) -> Degree {
        let pure = [Degree::One, self.scene().pure];
        let degrees = if self.is_clear() { &pure[..] } else { self.chord().degrees };
        degrees[index as usize % degrees.len()]
    }

    /// Where that one lies over a key's ground, at octave 0.
    pub(super) fn tone(&self, ground: Ground, limit: u32, index: u32) -> Ground {
        let shift = if self.is_clear() { Degree::One } else { self.chord().shift };
        ground.moved(shift.ratio(limit)).moved(self.degree(index).ratio(limit))
    }

    /// Whether that one is clear even in the lowest octaves.
    pub(super) fn fuses(&self, index: u32) -> bool {
        self.degree(index).fuses() && (self.is_clear() || self.chord().shift.fuses())
    }

    fn next_scene(&mut self, pace: f32) {
        self.scene = self.scene.wrapping_add(1);
        self.scene_left = self.scene_len();
        self.chord = 0;
        self.chord_left = self.chord_len(pace);
        // Out from home by a just ratio, and home again: every other scene or so.
        if self.chance.happens(stream::KEY, self.scene, 0.45) {
            let goes_home = self.key != 0 && self.chance.happens(stream::HOME, self.scene, 0.7);
            self.key = if goes_home { 0 } else { self.way_out() };
        }
    }

    fn way_out(&self) -> u32 {
        1 + self.chance.below(stream::OUT, self.scene, KEYS.len() as u32 - 1)
    }

    fn scene_len(&self) -> u32 {
        (self.chance.between(stream::SCENE_LEN, self.scene, 80.0, 165.0) * BEATS) as u32
    }

    fn chord_len(&self, pace: f32) -> u32 {
        let draw = self.scene.wrapping_mul(64).wrapping_add(self.chord);
        (self.chance.between(stream::CHORD_LEN, draw, 22.0, 44.0) / pace * BEATS) as u32
    }
}

impl State for Course {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for part in [&mut self.scene, &mut self.scene_left, &mut self.chord, &mut self.chord_left] {
            part.visit(word);
        }
        self.key.visit(word);
        self.scene_left = self.scene_left.min(1000);
        self.chord_left = self.chord_left.min(1000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(seed: u64) -> Vec<(Change, Course)> {
        let mut course = Course::new(&Chance::new(seed), 1.0);
        (0..14_400).map(|_| (course.pass_beat(1.0), course)).collect()
    }

    #[test]
    fn an_hour_has_many_scenes_some_keys_and_comes_home() {
        for seed in 0..20 {
            let hour = hour(seed);
            let is_new = |change: &Change| matches!(change, Change::Scene | Change::Bloom);
            let scenes = hour.iter().filter(|(change, _)| is_new(change)).count();
            assert!((20..45).contains(&scenes), "{scenes} scenes");
            let moves = hour.windows(2).filter(|pair| pair[0].1.key != pair[1].1.key).count();
            let at_home = hour.iter().filter(|(_, course)| course.key == 0).count();
            assert!((4..25).contains(&moves), "{moves} moves");
            assert!((1500..13_500).contains(&at_home), "{at_home} beats at home");
        }
    }

    #[test]
    fn a_clearing_is_the_end_of_a_scene_and_a_bloom_comes_after_it() {
        let hour = hour(3);
        let clear = hour.iter().filter(|(change, _)| *change == Change::Clearing).count();
        let blooms = hour.iter().filter(|(change, _)| *change == Change::Bloom).count();
        assert!(clear > 3 && blooms.abs_diff(clear) <= 1, "{clear} clearings, {blooms} blooms");
        assert!(
            hour.iter()
                .filter(|(_, course)| course.is_clear())
                .all(|(_, course)| { course.degree_count() == 2 && course.scene_left <= 104 })
        );
    }

    #[test]
    fn two_seeds_go_two_ways() {
        let names = |seed| hour(seed).iter().map(|(_, course)| course.scene().name(3)).collect();
        let (one, other): (Vec<_>, Vec<_>) = (names(1), names(2));
        assert!(one.iter().zip(&other).filter(|(one, other)| one == other).count() < 7000);
    }
}
