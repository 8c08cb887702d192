//! What WEAVE plays: the same twelve steps twice, a ground below, a bell where both meet.
//!
//! ```text
//! a step is 48 ticks ─► first: every 48 ticks      second: every 48, or every 47 while it gains
//! ```
//!
//! After 48 short steps the second is one step ahead, to the tick, and both are together again.

use perpetuo_dsp::{Chance, State, math};
use perpetuo_station::Title;
use perpetuo_stations::ROOTS;

use super::Param;

/// Ticks of a step, and steps of the pattern.
const TICKS: u32 = 48;
const STEPS: u32 = 12;

/// Minor pentatonic, which sounds over each of the grounds; both in semitones.
const SCALE: [u32; 5] = [0, 3, 5, 7, 10];
const GROUNDS: [u32; 5] = [0, 8, 5, 3, 10];

/// Streams of draws.
mod stream {
    pub(super) const NOTE: u32 = 1;
    pub(super) const GATE: u32 = 2;
    pub(super) const GROUND: u32 = 3;
    pub(super) const GAIN: u32 = 4;
    pub(super) const DRIFT: u32 = 5;
}

/// A stroke.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    pub part: Part,
    /// Semitones above C0.
    pub note: f32,
    /// 0..1.
    pub gain: f32,
}

/// Who strikes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    First,
    Second,
    Deep,
    Bell,
}

/// The composer of one performance.
pub(crate) struct Composer {
    chance: Chance,
    sample_rate: f32,
    tempo: f32,
    drift: f32,
    density: f32,
    root: u32,
    /// Ticks until each player's next step, and the steps each has played.
    until: [u32; 2],
    steps: [u32; 2],
    /// How many short steps the second has before it.
    short: u32,
    /// What whole samples leave over.
    rest: f32,
}

impl Composer {
    pub(crate) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        Self {
            chance: Chance::new(seed),
            sample_rate: sample_rate_hz as f32,
            tempo: at(Param::Tempo),
            drift: at(Param::Drift),
            density: at(Param::Density),
            root: at(Param::Root) as u32,
            until: [0; 2],
            steps: [0; 2],
            short: 0,
            rest: 0.0,
        }
    }

    /// The note of a step, if it has one.
    fn note(&self, step: u32) -> Option<u32> {
        let slot = step % STEPS;
        // The rests stay; of the notes another one changes every 48 steps, each after its eleven neighbours.
        let turn = (step / 48 + 5 * slot) / STEPS;
        let has_note = self.chance.happens(stream::GATE, slot, 0.3 + 0.7 * self.density);
        let degree = self.chance.below(stream::NOTE, slot + STEPS * turn, 8);
        let lowest = 40 + (self.root + 8) % 12;
        let note = lowest + 12 * (degree / 5) + SCALE[degree as usize % 5];
        (slot == 0 || has_note).then_some(note)
    }

    /// The lowest note, which moves every 96 steps.
    fn ground(&self) -> u32 {
        let section = self.steps[0] / 96;
        let ground = if section == 0 { 0 } else { self.chance.below(stream::GROUND, section, 5) };
        21 + (self.root + GROUNDS[ground as usize] + 3) % 12
    }

    /// Steps by which the second is ahead, less than a pattern's.
    fn ahead(&self) -> u32 {
        self.steps[1].wrapping_sub(self.steps[0]) % STEPS
    }

    /// Takes a player's step, and tells what it struck.
    fn step(&mut self, player: usize, play: &mut dyn FnMut(Note)) -> Option<u32> {
        let step = self.steps[player];
        self.steps[player] = step.wrapping_add(1);
        self.until[player] = TICKS;
        if player == 1 {
            let begins = self.short == 0 && step.is_multiple_of(STEPS);
            if begins && self.chance.happens(stream::DRIFT, step, self.drift * self.drift) {
                self.short = TICKS;
            }
            if self.short > 0 {
                self.short -= 1;
                self.until[1] -= 1;
            }
        }
        let note = self.note(step)?;
        let accent = if step.is_multiple_of(3) { 0.8 } else { 0.55 };
        let gain = accent + self.chance.between(stream::GAIN, step, -0.15, 0.15);
        play(Note { part: [Part::First, Part::Second][player], note: note as f32, gain });
        Some(note)
    }
}

impl perpetuo_stations::Composer for Composer {
    type Note = Note;

    fn set(&mut self, index: usize, value: f32) {
        match Param::ALL.get(index) {
            Some(Param::Tempo) => self.tempo = value,
            Some(Param::Drift) => self.drift = value,
            Some(Param::Density) => self.density = value,
            Some(Param::Root) => self.root = value as u32,
            _ => {}
        }
    }

    fn compose(&mut self, play: &mut dyn FnMut(Note)) -> u32 {
        if self.until[0] == 0 && self.steps[0].is_multiple_of(24) {
            play(Note { part: Part::Deep, note: self.ground() as f32, gain: 0.8 });
        }
        let struck = [0, 1].map(|player| match self.until[player] {
            0 => self.step(player, play),
            _ => None,
        });
        if let [Some(note), Some(other)] = struck
            && note == other
            && self.ahead() != 0
        {
            play(Note { part: Part::Bell, note: note as f32 + 12.0, gain: 0.5 });
        }
        let ticks = self.until[0].min(self.until[1]);
        self.until = self.until.map(|until| until - ticks);
        let tick_len = self.sample_rate * 20.0 / (self.tempo * TICKS as f32);
        let samples = ticks as f32 * tick_len + self.rest;
        self.rest = samples.fract();
        samples as u32
    }

    fn title(&self) -> Title {
        let scene = match self.ahead() {
            _ if self.short > 0 => "Gaining",
            0 => "As One",
            _ => "In Canon",
        };
        let root = ROOTS[self.root as usize % ROOTS.len()];
        Title { scene, key: Some((root, "minor_pentatonic")) }
    }
}

impl State for Composer {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for value in [&mut self.tempo, &mut self.drift, &mut self.density, &mut self.rest] {
            value.visit(word);
        }
        self.tempo = math::clamp(self.tempo, 60.0, 160.0);
        self.rest = math::clamp(self.rest, 0.0, 1.0);
        self.root.visit(word);
        self.root %= 12;
        self.until.visit(word);
        self.until = self.until.map(|until| until.min(TICKS));
        self.steps.visit(word);
        self.short.visit(word);
        self.short = self.short.min(TICKS);
    }
}
