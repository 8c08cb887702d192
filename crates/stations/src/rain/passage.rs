//! How weather passes: visits, gusts, sheets of rain, rolls of thunder, surfaces, keys.
//!
//! ```text
//! visit (70–180 s) ─► kind of weather, faded to over 20–60 s ─┐
//! gusts, sheets of rain, rolls of thunder ────────────────────┴─► sky, 4 times a second
//! ```
//!
//! The sky is a function of the time since the visit began, so that it can be taken up anywhere.

use perpetuo_dsp::{Chance, State, math};

use super::{
    phrases::note_near,
    sway,
    weather::{KIND_COUNT, KINDS, Kind, Layer, OPENINGS, SURFACES, Sky, Wish, next_kind},
};
use crate::theory::{Scale, smooth};

/// Streams of draws.
mod stream {
    pub(super) const OPENING: u32 = 1;
    pub(super) const NEXT: u32 = 2;
    pub(super) const LEN: u32 = 3;
    pub(super) const FADE: u32 = 4;
    pub(super) const NAME: u32 = 5;
    pub(super) const KEY: u32 = 6;
    pub(super) const SURFACE: u32 = 7;
    pub(super) const GUST: u32 = 8;
    pub(super) const FLUTTER: u32 = 9;
    pub(super) const SHEET: u32 = 10;
    pub(super) const WIRE: u32 = 11;
    pub(super) const ROLL: u32 = 12;
    pub(super) const LOBE: u32 = 13;
    pub(super) const PACE: u32 = 15;
    pub(super) const CLIMATE: u32 = 29;
    /// And nine more, one a layer.
    pub(super) const VARY: u32 = 16;
}

/// Beats, at which the sky is told, in a second.
pub(super) const BEATS: u32 = 4;

/// The weather of one performance.
pub(super) struct Passage {
    chance: Chance,
    pub wish: Wish,
    /// Asked for: 0 lets the surface wander, others are counted from 1.
    pub surface: u32,
    /// Semitones the piece has moved away from the root.
    pub key: u32,
    /// Beats since the beginning.
    pub clock: u32,
    /// How many kinds of weather there have been, the latest two of them, and beats into the latest.
    pub visit: u32,
    kinds: [u32; 2],
    age: u32,
    surfaces: [f32; SURFACES],
    wandered: u32,
    /// Beats into a roll of thunder and its length; without one the length is 0.
    roll: [u32; 2],
}

impl Passage {
    pub(super) fn new(chance: &Chance, wish: Wish, surface: u32) -> Self {
        let opening = OPENINGS[chance.below(stream::OPENING, 0, OPENINGS.len() as u32) as usize];
        let mut passage = Self {
            chance: *chance,
            wish,
            surface,
            key: 0,
            clock: 0,
            visit: 0,
            kinds: [opening; 2],
            age: 0,
            surfaces: [0.0; SURFACES],
            wandered: chance.below(stream::SURFACE, 0, SURFACES as u32),
            roll: [0; 2],
        };
        passage.surfaces = passage.surfaces_now();
        passage
    }

    /// Passes a beat; tells whether the piece has moved to another key.
    pub(super) fn pass_beat(&mut self) -> bool {
        self.clock = self.clock.wrapping_add(1);
        self.age += 1;
        let key = self.key;
        if self.age >= self.visit_len() {
            self.change_weather();
        }
        self.pass_roll();
        self.pass_surfaces();
        key != self.key
    }

    fn change_weather(&mut self) {
        self.visit = self.visit.wrapping_add(1);
        self.age = 0;
        let wish = Wish {
            intensity: self.wish.intensity + self.climate(0, 0.15),
            wind: self.wish.wind + self.climate(1, 0.3),
            thunder: self.wish.thunder + self.climate(2, 0.3),
        };
        let next = next_kind(&self.chance, stream::NEXT, self.visit, self.kinds[1], wish);
        self.kinds = [self.kinds[1], next];
        if self.chance.happens(stream::SURFACE, self.visit, 0.6) {
            let step = 1 + self.chance.below(stream::SURFACE, !self.visit, SURFACES as u32 - 1);
            self.wandered = (self.wandered + step) % SURFACES as u32;
        }
        if self.chance.happens(stream::KEY, self.visit, 0.45) {
            // A fourth or a fifth either way, or a whole tone.
            let steps = [5, 7, 5, 7, 2, 10];
            let step = steps[self.chance.below(stream::KEY, !self.visit, 6) as usize];
            self.key = (self.key + step) % 12;
        }
    }

    /// Begins a roll now and then, but never while one goes on nor within its length after it.
    fn pass_roll(&mut self) {
        let [age, len] = &mut self.roll;
        if *len > 0 {
            *age += 1;
            if *age > *len * 2 {
                self.roll = [0; 2];
            }
            return;
        }
        // One in 70 s where it thunders most, one in 20 minutes where it hardly does.
        let thunder = self.wish.thunder;
        let often = thunder * (0.05 + 0.3 * thunder + 0.65 * self.layer(|kind| kind.thunder, 6));
        let odds = often * (1.0 / (70 * BEATS) as f32);
        if self.chance.happens(stream::ROLL, self.clock, odds) {
            self.begin_roll();
        }
    }

    /// Begins a roll of 8 to 16 s, unless one goes on.
    pub(super) fn ask_for_roll(&mut self) {
        if self.roll[1] == 0 {
            self.begin_roll();
        }
    }

    fn begin_roll(&mut self) {
        let beats = 8 * BEATS + self.chance.below(stream::ROLL, !self.clock, 8 * BEATS);
        self.roll = [0, beats];
    }

    /// Moves a little towards the surfaces of the time: half the way in 0.4 s if one was asked for, in 7 s
    /// if they wandered. The shares stay together 1.
    fn pass_surfaces(&mut self) {
        // 1 - 2^(-1 / (half-life in beats))
        let share = if self.surface == 0 { 0.024_5 } else { 0.352 };
        let goals = self.surfaces_now();
        for (now, goal) in self.surfaces.iter_mut().zip(goals) {
            *now += share * (goal - *now);
        }
    }

    /// The one asked for, or two: a garden is never of leaves alone.
    fn surfaces_now(&self) -> [f32; SURFACES] {
        let mut shares = [0.0; SURFACES];
        if self.surface > 0 {
            shares[(self.surface as usize - 1) % SURFACES] = 1.0;
            return shares;
        }
        let other = 1 + self.chance.below(stream::SURFACE, self.wandered, SURFACES as u32 - 1);
        shares[self.wandered as usize % SURFACES] = 0.7;
        shares[(self.wandered + other) as usize % SURFACES] = 0.3;
        shares
    }

    /// Beats a visit takes; a seed has a pace of its own.
    fn visit_len(&self) -> u32 {
        let pace = self.chance.between(stream::PACE, 0, 0.85, 1.15);
        (pace * self.chance.between(stream::LEN, self.visit, 80.0, 160.0)) as u32 * BEATS
    }

    /// How far the weather has come from the last kind to this one.
    fn share(&self) -> f32 {
        let beats = self.chance.between(stream::FADE, self.visit, 20.0, 60.0) * BEATS as f32;
        if self.visit == 0 { 1.0 } else { smooth(self.age as f32 / beats) }
    }

    /// A layer now; no two visits of a kind are quite alike.
    pub(super) fn layer(&self, of: impl Fn(&Kind) -> f32, salt: u32) -> f32 {
        let level = |which: usize, visit: u32| {
            let vary = self.chance.between(stream::VARY + salt, visit, 0.82, 1.18);
            of(&KINDS[self.kinds[which] as usize % KIND_COUNT]) * vary
        };
        let (from, to) = (level(0, self.visit.wrapping_sub(1)), level(1, self.visit));
        math::clamp(from + (to - from) * self.share(), 0.0, 1.0)
    }

    /// What makes a seed's weather its own, -`most` to `most`.
    fn climate(&self, which: u32, most: f32) -> f32 {
        self.chance.between(stream::CLIMATE, which, -most, most)
    }

    /// Where the weather is heard from: now from the door, now from within.
    fn stand(&self, of: impl Fn(&Kind) -> f32, salt: u32) -> f32 {
        let at = |which: usize, visit: u32| {
            let step = self.chance.between(stream::VARY + salt, visit, -0.2, 0.2);
            of(&KINDS[self.kinds[which] as usize % KIND_COUNT]) + step + self.climate(salt, 0.1)
        };
        let (from, to) = (at(0, self.visit.wrapping_sub(1)), at(1, self.visit));
        from + (to - from) * self.share()
    }

    /// The weather now; a wire sings a note of `scale`.
    pub(super) fn sky(&self, scale: &Scale) -> Sky {
        let wander = |stream: u32, beats: u32| sway(&self.chance, stream, self.clock, beats);
        // Gusts of some 3 s in spells of 12 s, and a flutter.
        let gust = 0.5 * wander(stream::GUST, 13) + 0.5 * wander(stream::GUST + 100, 47);
        let flutter = 0.85 + 0.3 * wander(stream::FLUTTER, 3);
        let windy = self.layer(|kind| kind.wind, 0);
        let windy = windy + math::clamp(1.1 * (self.wish.wind - 0.4), 0.0, 1.0) * (1.0 - windy);
        let wind = windy * (0.25 + 1.3 * gust * gust + 0.2 * gust);
        // Rain comes in sheets that the wind carries.
        let sheet = 0.8 + 0.25 * wander(stream::SHEET, 29) + 0.25 * wind * gust;
        let whistle = smooth(2.2 * (wind * (0.7 + 0.5 * self.wish.wind) - 0.42)) * flutter;
        let mut layers = [0.0; Layer::COUNT];
        let mut put = |layer: Layer, level: f32| {
            layers[layer as usize] = math::clamp(level, 0.0, 1.0);
        };
        put(Layer::Rain, self.layer(|kind| kind.rain, 1) * sheet);
        put(Layer::Drops, self.layer(|kind| kind.drops, 2) * sheet);
        put(Layer::Gutter, self.layer(|kind| kind.gutter, 3));
        put(Layer::Wind, wind * flutter);
        put(Layer::Whistle, whistle);
        put(Layer::Pitch, self.wire_note(scale, gust) * (1.0 / 128.0));
        put(Layer::Rumble, self.rumble());
        put(Layer::Insects, self.layer(|kind| kind.insects, 5));
        put(Layer::Tilt, self.stand(|kind| kind.tilt, 8));
        put(Layer::Far, self.stand(|kind| kind.far, 9));
        Sky { layers, surfaces: self.surfaces }
    }

    /// The note a wire sings, a different one every 24 s, pushed up to half a tone by a gust.
    fn wire_note(&self, scale: &Scale, gust: f32) -> f32 {
        let degree = self.chance.below(stream::WIRE, self.clock / (24 * BEATS), 5);
        note_near(scale, degree, 55) + gust
    }

    /// Thunder now: it swells for 2 s, rolls in lobes and dies away; a far storm mutters all the time.
    fn rumble(&self) -> f32 {
        let mutter = 0.22 * self.layer(|kind| kind.thunder, 6);
        let [age, len] = self.roll;
        let lobes = 0.3
            + 0.45 * sway(&self.chance, stream::LOBE, self.clock, 4)
            + 0.25 * sway(&self.chance, stream::LOBE + 100, self.clock, 9);
        if len == 0 || age >= len {
            return self.wish.thunder * mutter * lobes;
        }
        let loud = self.chance.between(stream::LOBE, len ^ self.clock.wrapping_sub(age), 0.55, 1.0);
        let left = 1.0 - age as f32 / len as f32;
        let roll = smooth(age as f32 * (0.5 / BEATS as f32)) * left * (0.4 + 0.6 * left) * loud;
        (0.35 + 0.65 * self.wish.thunder) * (mutter + roll) * lobes
    }

    /// The name of the weather; it changes when the new one has come half the way.
    pub(super) fn name(&self) -> &'static str {
        let has_come = self.share() >= 0.5;
        let visit = if has_come { self.visit } else { self.visit.wrapping_sub(1) };
        let kind = &KINDS[self.kinds[usize::from(has_come)] as usize % KIND_COUNT];
        kind.names[self.chance.below(stream::NAME, visit, 2) as usize]
    }
}

impl State for Passage {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        let wish = &mut self.wish;
        for share in [&mut wish.intensity, &mut wish.wind, &mut wish.thunder] {
            share.visit(word);
            *share = math::clamp(*share, 0.0, 1.0);
        }
        for choice in [&mut self.surface, &mut self.key] {
            choice.visit(word);
            *choice %= 64;
        }
        self.clock.visit(word);
        self.visit.visit(word);
        self.kinds.visit(word);
        self.kinds = self.kinds.map(|kind| kind % KIND_COUNT as u32);
        self.age.visit(word);
        self.age = self.age.min(1 << 16);
        self.surfaces.visit(word);
        self.surfaces = self.surfaces.map(|share| math::clamp(share, 0.0, 1.0));
        self.wandered.visit(word);
        self.wandered %= SURFACES as u32;
        self.roll.visit(word);
        self.roll = self.roll.map(|beats| beats.min(1 << 10));
    }
}
