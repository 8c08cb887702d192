//! Plucked strings whose overtones open and fall like a tanpura's: nine sines a string, no memory but an age.
//!
//! ```text
//! level of harmonic k = gain · k^−0.7 · 2^(−t (1 + k/6) / half) · (0.25 + buzz / (1 + ((k − c) / 2)²))
//! c = 2 + reach · 2^(−t / fall)          the buzz wanders down the harmonics after each stroke
//! ```
//!
//! Source of the behaviour: C. V. Raman, *On Some Indian Stringed Instruments*, 1921: the curved bridge
//! feeds energy into the overtones one after the other.

use perpetuo_dsp::{Chance, Pitch, Segment, Sine, State, math};

use super::{
    layers::{Layers, MIDDLE, SIDES},
    note::Pluck,
};

/// Six strings.
pub(super) struct Strings {
    strings: [PluckedString; 6],
    make: Make,
    sample_rate: f32,
}

/// What a seed's instrument is like.
#[derive(Clone, Copy, Debug)]
struct Make {
    /// Seconds in which the fundamental halves.
    half: f32,
    /// The harmonic the buzz begins at, above the second, and the seconds in which it halves.
    reach: f32,
    fall: f32,
}

impl Make {
    /// The age in samples at which the lowest string is below -60 dB.
    fn ends(&self, sample_rate: f32) -> i32 {
        (10.0 * self.half * sample_rate) as i32
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct PluckedString {
    step: u32,
    /// Of the harmonics; follow from the step, kept from run to run.
    pitches: [Pitch; HARMONICS],
    gain: f32,
    /// Samples since it was plucked; below 0 it waits.
    age: i32,
    /// Where the levels stand; follows from the above.
    levels: [f32; HARMONICS],
    /// Where they will be at the age `due`.
    goals: [f32; HARMONICS],
    due: i32,
    /// How many harmonics there are to hear until then.
    count: usize,
    /// What rang on it before, to be faded out in the next run.
    before: Option<(u32, i32, [f32; HARMONICS])>,
}

const HARMONICS: usize = 9;

/// Levels are found once in so many samples, 11.6 ms, with straight lines between; the attack is such a line,
/// and takes half as long.
const STEP: i32 = 512;

/// An age at which nothing is due: goals are found anew.
const NEVER: i32 = i32::MIN;

/// Levels that count as none: 60 dB below full scale, 43 dB below the drone that covers them.
const FAINT: f32 = 1e-3;

/// k^-0.7.
const WEIGHTS: [f32; HARMONICS] = [1.0, 0.616, 0.463, 0.379, 0.324, 0.285, 0.256, 0.233, 0.215];

impl Strings {
    /// Seconds of the attack: a finger's flesh, not a nail.
    const ATTACK: f32 = 0.006;

    pub(super) fn new(chance: &Chance, sample_rate_hz: u32) -> Self {
        let make = Make {
            half: chance.between(80, 0, 1.1, 1.9),
            reach: chance.between(80, 1, 4.0, 9.0),
            fall: chance.between(80, 2, 0.6, 1.6),
        };
        let strings = [PluckedString::default(); 6];
        Self { strings, make, sample_rate: sample_rate_hz as f32 }
    }

    /// Plucks the softest string, a block from now, as that fades first what still rings on it.
    pub(super) fn pluck(&mut self, pluck: Pluck) {
        let loudness = |string: &PluckedString| string.levels[0] + string.levels[1];
        let mut softest = 0;
        for index in 1..self.strings.len() {
            // One that waits is not soft.
            let (one, other) = (&self.strings[index], &self.strings[softest]);
            if other.age < 0 || one.age >= 0 && loudness(one) < loudness(other) {
                softest = index;
            }
        }
        let string = &mut self.strings[softest];
        string.before = Some((string.step, string.age, string.levels));
        (string.step, string.gain) = (pluck.step, pluck.gain);
        string.age = -(perpetuo_station::BLOCK_LEN as i32);
        string.levels = [0.0; HARMONICS];
        string.due = NEVER;
    }

    /// Lets samples pass unheard.
    pub(super) fn skip(&mut self, len: u64) {
        let len = len.min(1 << 24) as i32;
        for string in &mut self.strings {
            string.age = (string.age + len).min(1 << 24);
            string.before = None;
            string.settle(&self.make, 0.5, self.sample_rate);
        }
    }

    /// Finds the levels again, which a snapshot leaves out.
    pub(super) fn settle(&mut self, brightness: f32) {
        for string in &mut self.strings {
            string.settle(&self.make, brightness, self.sample_rate);
        }
    }

    /// Lets the sines wait that sound along the next `len` samples; `brightness` 0..1 is how much the bridge
    /// buzzes.
    pub(super) fn render(&mut self, layers: &mut Layers, len: usize, brightness: f32) {
        for (index, string) in self.strings.iter_mut().enumerate() {
            string.fade_before(index, layers, len);
            string.aim(&self.make, brightness, self.sample_rate);
            string.sound(index, layers, len);
            string.age = (string.age + len as i32).min(1 << 24);
        }
    }
}

impl PluckedString {
    fn fade_before(&mut self, index: usize, layers: &mut Layers, len: usize) {
        if self.before.is_none() {
            return;
        }
        let Some((step, age, levels)) = self.before.take() else { return };
        for (harmonic, from) in levels.into_iter().enumerate() {
            if from > 0.0 {
                let level = Segment::between(from, 0.0, len);
                let pitch = Pitch::new(step.wrapping_mul(harmonic as u32 + 1));
                sing(index, harmonic, (pitch, age), level, layers);
            }
        }
    }

    /// The ages between which levels go in a straight line now.
    fn span(&self) -> [i32; 2] {
        let step = if self.age < STEP { STEP / 2 } else { STEP };
        let from = self.age.div_euclid(step) * step;
        [from, from + step]
    }

    /// Finds the goals, if they are not those of the step that the string is in.
    fn aim(&mut self, make: &Make, brightness: f32, sample_rate: f32) {
        if self.age < self.due {
            return;
        }
        let [_, due] = self.span();
        self.due = due;
        self.goals = self.levels_at(due, make, brightness, sample_rate);
        let is_heard = |harmonic: &usize| self.levels[*harmonic] + self.goals[*harmonic] > 0.0;
        self.count = (0..HARMONICS).rev().find(is_heard).map_or(0, |last| last + 1);
    }

    /// Stands where the age says.
    fn settle(&mut self, make: &Make, brightness: f32, sample_rate: f32) {
        self.due = NEVER;
        let [before, due] = self.span();
        let [from, to] =
            [before, due].map(|age| self.levels_at(age, make, brightness, sample_rate));
        let rest = (due - self.age) as f32 / (due - before) as f32;
        for ((level, from), to) in self.levels.iter_mut().zip(from).zip(to) {
            *level = to + (from - to) * rest;
        }
    }

    /// Lets the harmonics wait that are to be heard, and takes their levels to the end of the run.
    fn sound(&mut self, index: usize, layers: &mut Layers, len: usize) {
        if self.count == 0 {
            return;
        }
        let left = self.due - self.age;
        let arrives = left <= len as i32;
        let each = 1.0 / (if arrives { len as i32 } else { left }) as f32;
        for harmonic in 0..self.count.min(HARMONICS) {
            let (from, goal) = (self.levels[harmonic], self.goals[harmonic]);
            if from + goal > 0.0 {
                let level = Segment { from, step: (goal - from) * each };
                self.levels[harmonic] = if arrives { goal } else { level.at(len) };
                let pitch = &mut self.pitches[harmonic];
                pitch.set(self.step.wrapping_mul(harmonic as u32 + 1));
                sing(index, harmonic, (*pitch, self.age), level, layers);
            }
        }
    }

    fn levels_at(
        &self,
        age: i32,
        make: &Make,
        brightness: f32,
        sample_rate: f32,
    ) -> [f32; HARMONICS] {
        let t = age as f32 / sample_rate;
        if age <= 0 || age > make.ends(sample_rate) {
            return [0.0; HARMONICS];
        }
        // High strings are shorter.
        let hz = self.step as f32 * (1.0 / 4_294_967_296.0) * sample_rate;
        let half = make.half * (200.0 / (hz + 100.0)).sqrt();
        let attack = math::clamp(t / Strings::ATTACK, 0.0, 1.0);
        let each = math::exp2(-t / (6.0 * half));
        // What the fundamental has left; each harmonic has a sixth of its exponent less.
        let mut left = 0.31 * self.gain * attack * math::exp2(-t / half);
        let centre = 2.0 + make.reach * math::exp2(-t / make.fall);
        let buzz = 0.5 + 2.0 * brightness;
        let mut levels = [0.0; HARMONICS];
        for (index, level) in levels.iter_mut().enumerate() {
            left *= each;
            let away = (index as f32 + 1.0 - centre) * 0.5;
            let full = WEIGHTS[index] * left * (0.25 + buzz / (1.0 + away * away));
            *level = if full > FAINT { full } else { 0.0 };
        }
        levels
    }
}

/// A harmonic of a string: the lowest two in the middle if low enough, the others left and right in turn.
fn sing(
    index: usize,
    harmonic: usize,
    (pitch, age): (Pitch, i32),
    level: Segment,
    layers: &mut Layers,
) {
    if pitch.step() >= 1 << 30 {
        return;
    }
    let sine = Sine { turn: (age as u32).wrapping_mul(pitch.step()), pitch, level };
    let place = if harmonic < 1 { MIDDLE } else { SIDES[(index + harmonic) % 2] };
    layers.sing(place, sine);
}

impl State for Strings {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for string in &mut self.strings {
            string.step.visit(word);
            string.gain.visit(word);
            string.age.visit(word);
            string.step = string.step.min(1 << 28);
            string.gain = math::clamp(string.gain, 0.0, 1.0);
            string.age = string.age.clamp(-64, 1 << 24);
        }
    }
}

#[cfg(test)]
mod tests {
    use perpetuo_station::BLOCK_LEN;

    use super::*;

    #[test]
    fn its_overtones_open_from_above_and_all_dies_away() {
        let mut strings = Strings::new(&Chance::new(1), 44_100);
        strings.pluck(Pluck { step: 10_700_000, gain: 1.0 });
        let mut loudest = |seconds: f32| {
            for _ in 0..(seconds * 44_100.0 / 64.0) as u32 {
                let mut layers = Layers::silent();
                strings.render(&mut layers, BLOCK_LEN, 0.5);
            }
            strings.strings[0].levels
        };
        let [early, late] = [loudest(0.1), loudest(1.5)];
        assert!(early[7] / early[1] > 3.0 * late[7] / late[1], "{early:?} {late:?}");
        assert!(loudest(30.0).iter().all(|level| *level == 0.0));
    }

    #[test]
    fn levels_found_again_are_those_it_had() {
        let mut strings = Strings::new(&Chance::new(1), 44_100);
        strings.pluck(Pluck { step: 10_700_000, gain: 1.0 });
        for len in [64, 64, 64, 40, 24, 8, 56, 64, 64, 48, 64, 64, 64, 64, 64, 64, 64, 64, 64] {
            strings.render(&mut Layers::silent(), len, 0.5);
            let before = strings.strings[0].levels;
            strings.settle(0.5);
            for (level, before) in strings.strings[0].levels.iter().zip(before) {
                // A run across the end of a line arrives late, by no more than this.
                assert!((level - before).abs() < 1e-3, "{level} {before}");
            }
        }
    }
}
