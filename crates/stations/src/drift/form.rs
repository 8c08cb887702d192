//! The form: scenes, each with an arc; a hush after every eighth; and a tide of twenty minutes and more.
//!
//! ```text
//! scene (80–140 s) ─ arc ─► turn (2 s, if the key changes) ─► next scene … eighth ─► hush (10–15 s) ─► …
//! amount = scene before ─► scene now, over 12 s          tide 20–38 min: more and fewer notes
//! ```
//!
//! All of it is a function of a few counters, so that it can be taken up anywhere.

use perpetuo_dsp::{Chance, State, math};

use super::character::Character;
use crate::theory::{Swell, scene};

/// Streams of draws.
mod stream {
    pub(super) const SCENE: u32 = 1;
    pub(super) const LEN: u32 = 2;
    pub(super) const KEY: u32 = 3;
    pub(super) const KEY_MOVE: u32 = 4;
    pub(super) const ARC: u32 = 5;
    pub(super) const HUSH: u32 = 6;
}

/// How much of each layer there is, 0..1; `light` in octaves, `blend` see `Octet`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layers {
    pub pads: f32,
    pub bells: f32,
    pub breath: f32,
    pub halo: f32,
    pub pulse: f32,
    pub drone: f32,
    pub light: f32,
    pub blend: f32,
}

/// A scene.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub title: &'static str,
    layers: Layers,
    /// Semitones that pads lie higher.
    pub lift: i32,
    /// Pads are held longer by this factor.
    pub hold: f32,
}

#[rustfmt::skip]
const SCENES: [Scene; COUNT] = [
    Scene { title: "Bloom", lift: 0, hold: 1.0, layers: Layers {
        pads: 1.0, bells: 0.35, breath: 0.3, halo: 0.5, pulse: 0.0, drone: 0.8, light: 0.5, blend: 0.9 } },
    Scene { title: "Chimes", lift: 0, hold: 1.0, layers: Layers {
        pads: 0.5, bells: 1.0, breath: 0.25, halo: 0.3, pulse: 0.0, drone: 0.7, light: 0.1, blend: 0.6 } },
    Scene { title: "Pulse", lift: 0, hold: 0.8, layers: Layers {
        pads: 0.7, bells: 0.25, breath: 0.15, halo: 0.2, pulse: 1.0, drone: 0.8, light: 0.2, blend: 0.3 } },
    Scene { title: "Still", lift: 0, hold: 1.6, layers: Layers {
        pads: 0.45, bells: 0.3, breath: 0.7, halo: 0.25, pulse: 0.0, drone: 1.0, light: -0.2, blend: 1.0 } },
    Scene { title: "Deep", lift: -5, hold: 1.25, layers: Layers {
        pads: 0.85, bells: 0.12, breath: 0.5, halo: 0.0, pulse: 0.3, drone: 1.0, light: -0.5, blend: 0.1 } },
    Scene { title: "Air", lift: 5, hold: 1.1, layers: Layers {
        pads: 0.75, bells: 0.4, breath: 1.0, halo: 0.7, pulse: 0.0, drone: 0.4, light: 0.3, blend: 0.8 } },
    Scene { title: "Strings", lift: 0, hold: 0.9, layers: Layers {
        pads: 1.0, bells: 0.1, breath: 0.12, halo: 0.15, pulse: 0.0, drone: 0.8, light: 0.45, blend: -0.7 } },
    Scene { title: "Glimmer", lift: 3, hold: 1.0, layers: Layers {
        pads: 0.6, bells: 0.7, breath: 0.35, halo: 1.0, pulse: 0.75, drone: 0.55, light: 0.5, blend: -0.3 } },
];

/// Scenes of a cycle.
const COUNT: usize = 8;

/// What is left between two cycles.
const HUSH: Layers = Layers {
    pads: 0.0,
    bells: 0.22,
    breath: 0.35,
    halo: 0.0,
    pulse: 0.0,
    drone: 0.16,
    light: -0.3,
    blend: 0.8,
};

/// What has happened when time passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// A scene nears its end, and the key will move by so many semitones.
    KeyWillMove(i32),
    /// A cycle has ended: all falls silent.
    Hush,
    /// A scene begins, the key having moved by so many semitones.
    Begins(i32),
}

/// Where in the form the piece is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// Scenes since the beginning.
    count: u32,
    /// Whether the scene is over and the turn to the next is on.
    is_turning: bool,
    /// Samples until this changes.
    left: u32,
    /// Sixteenths of a second since the beginning, for the tide.
    clock: u32,
    /// Samples not yet counted in `clock`.
    rest: u32,
}

impl Form {
    pub(super) fn new(chance: &Chance, character: &Character, sample_rate: f32) -> Self {
        let mut form = Self { count: 0, is_turning: false, left: 0, clock: 0, rest: 0 };
        form.left = (form.seconds(chance, character) * sample_rate) as u32;
        form
    }

    /// Lets time pass and tells what comes of it.
    pub(super) fn pass(
        &mut self,
        samples: u32,
        chance: &Chance,
        character: &Character,
        sample_rate: f32,
    ) -> Option<Turn> {
        let tick = (sample_rate as u32 / CLOCK_HZ).max(1);
        self.clock = self.clock.wrapping_add((self.rest + samples) / tick);
        self.rest = (self.rest + samples) % tick;
        self.left = self.left.saturating_sub(samples);
        if self.left > 0 {
            return None;
        }
        let turns = !self.is_turning && self.turn_seconds(chance) > 0.0;
        if turns {
            self.is_turning = true;
        } else {
            (self.count, self.is_turning) = (self.count.wrapping_add(1), false);
        }
        self.left = (self.seconds(chance, character) * sample_rate).max(1.0) as u32;
        Some(if !turns {
            Turn::Begins(self.key_move(self.count, chance, character))
        } else if self.is_hush() {
            Turn::Hush
        } else {
            Turn::KeyWillMove(self.key_move(self.count.wrapping_add(1), chance, character))
        })
    }

    /// Samples until something changes.
    pub(super) fn until(&self) -> u32 {
        self.left
    }

    /// How many scenes there have been.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Whether the key is about to move: no time to begin something.
    pub(super) fn is_turning(&self) -> bool {
        self.is_turning
    }

    /// Whether this is the silence between two cycles.
    pub(super) fn is_hush(&self) -> bool {
        self.is_turning && begins_cycle(self.count.wrapping_add(1))
    }

    /// The scene that is on, or was on last.
    pub(super) fn scene(&self, chance: &Chance) -> &'static Scene {
        scene_at(self.count, chance)
    }

    /// How much of each layer there is now.
    pub(super) fn layers(
        &self,
        chance: &Chance,
        character: &Character,
        sample_rate: f32,
    ) -> Layers {
        let seconds = self.seconds(chance, character);
        let age = seconds - self.left as f32 / sample_rate;
        let at_end = |count: u32| layers_at(count, 1.0, chance);
        if self.is_hush() {
            return between(&at_end(self.count), &HUSH, age / 4.0);
        }
        if self.is_turning {
            return at_end(self.count);
        }
        let now = layers_at(self.count, age / seconds, chance);
        match self.count {
            0 => now,
            count if begins_cycle(count) => between(&HUSH, &now, age / 8.0),
            count => between(&at_end(count - 1), &now, age / 12.0),
        }
    }

    /// The tide, 0 (few notes) to 1 (many).
    pub(super) fn tide(&self, character: &Character) -> f32 {
        let [seconds, first] = character.tide;
        let turns = self.clock as f32 / (CLOCK_HZ as f32 * seconds) + first;
        0.5 - 0.5 * math::cos_turns(turns - (turns + 0.5).floor())
    }

    /// How long scene or turn takes.
    fn seconds(&self, chance: &Chance, character: &Character) -> f32 {
        if self.is_turning {
            return self.turn_seconds(chance);
        }
        character.pace * chance.between(stream::LEN, self.count, 80.0, 140.0)
    }

    fn turn_seconds(&self, chance: &Chance) -> f32 {
        if begins_cycle(self.count.wrapping_add(1)) {
            chance.between(stream::HUSH, self.count, 10.0, 15.0)
        } else if self.key_moves(self.count.wrapping_add(1), chance) {
            2.0
        } else {
            0.0
        }
    }

    /// Whether a scene begins in a new key: after a hush always.
    fn key_moves(&self, count: u32, chance: &Chance) -> bool {
        begins_cycle(count) || chance.happens(stream::KEY, count, 0.6)
    }

    fn key_move(&self, count: u32, chance: &Chance, character: &Character) -> i32 {
        let pick = chance.below(stream::KEY_MOVE, count, 6) as usize;
        if self.key_moves(count, chance) { character.key_moves[pick] } else { 0 }
    }
}

/// Ticks of [`Form::clock`] in a second: as f32 they are exact for 12 days, and wrap after 8 years.
const CLOCK_HZ: u32 = 16;

fn begins_cycle(count: u32) -> bool {
    (count as usize).is_multiple_of(COUNT)
}

fn scene_at(count: u32, chance: &Chance) -> &'static Scene {
    &SCENES[scene::<COUNT>(chance, stream::SCENE, count) % COUNT]
}

/// The layers of a scene of which a share is over: each has a shape of its own, grows, wanes, or both.
fn layers_at(count: u32, share: f32, chance: &Chance) -> Layers {
    const ARCS: [Swell; 4] = [Swell::Rise, Swell::Arch, Swell::Plateau, Swell::Fall];
    let layers = &scene_at(count, chance).layers;
    // The first opens at once.
    let arc = if count == 0 { 3 } else { chance.below(stream::ARC, count, 4) };
    let level = ARCS[arc as usize % 4].at(share);
    Layers {
        pads: layers.pads * (0.72 + 0.4 * level),
        bells: layers.bells * (0.75 + 0.4 * level),
        halo: layers.halo * (0.5 + 0.6 * level),
        pulse: layers.pulse * (0.6 + 0.4 * level),
        light: layers.light + 0.7 * (level - 0.5),
        ..*layers
    }
}

fn between(from: &Layers, to: &Layers, share: f32) -> Layers {
    let share = Swell::Rise.at(share);
    let on = |from: f32, to: f32| from + (to - from) * share;
    Layers {
        pads: on(from.pads, to.pads),
        bells: on(from.bells, to.bells),
        breath: on(from.breath, to.breath),
        halo: on(from.halo, to.halo),
        pulse: on(from.pulse, to.pulse),
        drone: on(from.drone, to.drone),
        light: on(from.light, to.light),
        blend: on(from.blend, to.blend),
    }
}

impl State for Form {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.count.visit(word);
        self.is_turning.visit(word);
        self.left.visit(word);
        self.left = self.left.min(1 << 24);
        self.clock.visit(word);
        self.rest.visit(word);
        self.rest = self.rest.min(1 << 16);
    }
}
