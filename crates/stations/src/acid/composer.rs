//! What ACID plays, sixteenth by sixteenth.

use perpetuo_dsp::{Chance, State, math};
use perpetuo_station::Title;

use super::{Param, form::Place};
use crate::{
    performer::Composer as Composes,
    theory::{
        Border, ChordKind, Clock, Drum, DrumMap, Metre, ROOTS, Register, SCALES, Scale, Tick,
        euclid, lead,
    },
};

/// Streams of draws; 40 and up are the synthesiser's, 50 and up the form's.
mod stream {
    pub(super) const PITCH: u32 = 2;
    pub(super) const GATE: u32 = 4;
    pub(super) const ACCENT: u32 = 6;
    pub(super) const CHORD: u32 = 8;
    pub(super) const SECTION: u32 = 10;
    pub(super) const STEP: u32 = 20;
    pub(super) const MAP: u32 = 26;
    pub(super) const FILL: u32 = 30;
    pub(super) const SET: u32 = 60;
    pub(super) const NIGHT: u32 = 80;
}

/// A note of the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineNote {
    /// Semitones above C0.
    pub note: f32,
    pub is_accented: bool,
    pub slides: bool,
}

/// What sounds on one sixteenth; gains are 0..1, and 0 is nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step {
    pub line: Option<LineNote>,
    /// Whether the line falls silent, when no note begins.
    pub rests: bool,
    pub kick: f32,
    pub hat: f32,
    pub open: f32,
    pub clap: f32,
    pub crash: f32,
    pub blip: f32,
    pub blip_note: f32,
    pub stab: f32,
    pub chord: [f32; 4],
    pub held: f32,
    /// From a pulse (-1) to a saw with its octave (0.4).
    pub blend: f32,
    /// Cutoff added to the line, in octaves.
    pub light: f32,
    /// Where the riser stands, 0..1.
    pub riser: f32,
    /// Samples of an even sixteenth.
    pub len: f32,
}

/// The composer of one performance.
pub(super) struct Composer {
    chance: Chance,
    density: f32,
    mutate: f32,
    root: u32,
    scale: u32,
    /// In force, then asked for.
    energy: [f32; 2],
    clock: Clock,
    place: Place,
    pitch: Register<16>,
    gate: Register<16>,
    accent: Register<16>,
    chord: [i32; 4],
    has_sung: bool,
}

impl Composer {
    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let (tempo, swing) = (at(Param::Tempo), at(Param::Swing));
        Self {
            chance,
            density: at(Param::Density),
            mutate: at(Param::Mutate),
            root: at(Param::Root) as u32,
            scale: at(Param::Scale) as u32,
            energy: [at(Param::Energy); 2],
            clock: Clock::new(sample_rate_hz, Border::Bar, tempo, swing, Metre::COMMON),
            place: Place::start(&chance),
            pitch: Register::new(&chance, stream::PITCH),
            gate: Register::new(&chance, stream::GATE),
            accent: Register::new(&chance, stream::ACCENT),
            chord: [48, 52, 55, 59],
            has_sung: false,
        }
    }

    fn step(&mut self, tick: Tick) -> Step {
        let section = self.place.section();
        let tide = self.place.tide(&self.chance);
        let share = self.place.share(tick.step);
        let held = section.held;
        let mut step = Step { len: self.clock.step_len(), held, ..Step::default() };
        step.light = section.light[0]
            + (section.light[1] - section.light[0]) * share
            + 0.45 * tide
            + 1.7 * (self.mood(0) - 0.5);
        step.riser = section.riser * math::clamp(2.0 * share - 1.0, 0.0, 1.0);
        step.blend = [-1.0, 0.0, 0.35, -0.55][self.of_set(0, 4) as usize];
        self.compose_line(tick.step, &mut step);
        if self.place.is_breath() && tick.step >= 8 {
            return Step { rests: true, line: None, ..step };
        }
        self.compose_drums(tick, &mut step);
        self.compose_fill(tick, &mut step);
        self.compose_stab(tick, &mut step);
        self.compose_blip(tick, &mut step);
        step
    }

    fn compose_line(&mut self, now: u32, step: &mut Step) {
        let section = self.place.section();
        // In the last bar of four the line forgets more: a phrase that turns at its end.
        let turn = if self.place.bar % 4 == 3 && now >= 8 { 2.0 } else { 0.6 };
        let forget = math::clamp(self.mutate * self.mutate * 0.8 * turn, 0.0, 1.0);
        let pitch = self.pitch.pass(&self.chance, now, forget);
        let gate = self.gate.pass(&self.chance, now, 0.6 * forget);
        let accent = self.accent.pass(&self.chance, now, forget);
        let weight = [0.3, -0.12, 0.1, -0.05][now as usize % 4];
        let busy = 0.7 + 0.6 * self.mood(1);
        let wanted = busy * (0.18 + 0.66 * self.density + weight) * (0.35 + 0.65 * section.line);
        if gate > wanted {
            step.rests = true;
            return;
        }
        let scale = self.scale();
        // What lies around the root differs from set to set: fifths, sevenths or the second degree.
        let [near, far] = [[4, 2], [4, 6], [2, 1], [6, 3]][self.of_set(1, 4) as usize];
        let degree = match (pitch * 20.0) as u32 {
            0..=6 => 0,
            7..=9 => scale.len(),
            10..=11 => scale.len() - 1,
            12..=13 => near.min(scale.len() - 1),
            14..=15 => far.min(scale.len() - 1),
            16 => 1,
            17 => scale.len() + 2,
            18 => -1,
            _ => 3,
        };
        // The root lies between E1 and D#2, or from G1 on, as the seed will have it.
        let lowest = 16 + 3 * self.chance.below(stream::NIGHT + 11, 0, 2) as i32;
        let note = scale.note_from(0, lowest) + scale.note(degree) - scale.note(0);
        step.line = Some(LineNote {
            note: note as f32,
            is_accented: accent < 0.34 || now == 0 && accent < 0.7,
            slides: self.has_sung && (accent * 8.0) % 1.0 < 0.3,
        });
        self.has_sung = true;
    }

    fn compose_drums(&self, tick: Tick, step: &mut Step) {
        let (section, now) = (self.place.section(), tick.step);
        let energy = self.energy();
        let rolls = |of: u32| self.chance.unit(stream::STEP + of, tick.count);
        let holds = |of: u32| self.chance.unit(stream::SECTION + of, self.place.count);
        // Without energy there is no kick at all.
        let kick = section.kick * if energy < 0.15 { 0.0 } else { 1.0 };
        let busy = section.hats * (0.25 + 0.75 * self.density) * (0.5 + 0.5 * energy);
        let busy = busy * (0.55 + 0.75 * self.mood(2));
        // Where on the map of patterns a set is, is its own; how far a bar strays, the knob's.
        let map = DrumMap {
            x: 0.2 + 0.8 * self.mood(4),
            y: 0.2 + 0.8 * self.density,
            density: [0.4 + 0.3 * energy, 0.25 + 0.35 * energy, math::clamp(1.3 * busy, 0.0, 1.0)],
            wander: self.mutate,
        };
        let bar = self.place.count.wrapping_mul(Place::BARS).wrapping_add(self.place.bar);
        let strikes = |drum| map.strike(&self.chance, stream::MAP, bar, now, drum);
        let off_beat = [10, 14, 7, 10][self.of_set(2, 4) as usize];
        let is_kick = match self.place.is_broken() {
            true => now == 0 || strikes(Drum::Kick) > 0.0,
            false => now.is_multiple_of(4),
        };
        if is_kick {
            step.kick = kick;
        } else if now == off_beat && holds(0) < 0.45 * energy && self.place.bar % 2 == 1 {
            step.kick = 0.7 * kick;
        }
        let accent = [0.45, 0.3, 1.0, 0.4][now as usize % 4];
        if now % 2 == 0 && busy > 0.2 || strikes(Drum::Hat) > 0.0 {
            step.hat = accent * (0.75 + 0.25 * rolls(1)) * (0.4 + 0.6 * section.hats);
        }
        if now % 4 == 2 && section.open * (0.3 + energy) > 0.45 {
            (step.open, step.hat) = (0.8 * section.open, 0.0);
        }
        if self.place.is_broken() {
            step.clap = section.clap * strikes(Drum::Snare);
        } else if now % 8 == 4 && energy > 0.25 {
            step.clap = section.clap;
        } else if now == 15 && holds(1) < 0.4 && self.place.bar % 4 == 1 {
            step.clap = 0.35 * section.clap * energy;
        }
        let opens = self.place.bar == 0 && now == 0 && self.place.count > 0 && section.kick > 0.0;
        step.crash = if opens { 0.4 + 0.6 * energy } else { 0.0 };
    }

    /// The last bar of four ends in a small fill, that of eight in a larger one.
    fn compose_fill(&self, tick: Tick, step: &mut Step) {
        let from = match self.place.bar {
            7 => 8 + 2 * self.chance.below(stream::FILL, self.place.count, 3),
            3 => 13,
            _ => return,
        };
        if tick.step < from || self.place.section().kick == 0.0 {
            return;
        }
        let roll = self.chance.word(stream::FILL + 1, tick.count);
        match self.chance.below(stream::FILL + 2, self.place.count, 4) {
            // The kick stops, so that its return is felt.
            0 => step.kick = 0.0,
            // A roll of claps that grows.
            1 => step.clap = 0.25 + 0.6 * (tick.step - from) as f32 / (16 - from) as f32,
            // Kicks off the beat.
            2 if roll.is_multiple_of(3) && step.kick == 0.0 => {
                step.kick = 0.75 * self.place.section().kick;
            }
            // Hats run.
            _ => step.hat = 0.4 + 0.5 * (roll >> 16) as f32 / 65_536.0,
        }
    }

    fn compose_stab(&mut self, tick: Tick, step: &mut Step) {
        let section = self.place.section();
        let holds = |of: u32| self.chance.word(stream::SECTION + of, self.place.count);
        let is_onset = if section.held > 0.8 {
            tick.step == 0 || tick.step == 10 && self.place.bar % 2 == 1
        } else {
            let onsets = 2 + (self.density * 2.6) as u32 + holds(2) % 2;
            euclid(tick.step, onsets, 16, holds(3) % 16)
        };
        let stabs = math::clamp(section.stabs * (0.5 + 0.9 * self.mood(3)), 0.0, 1.0);
        if !is_onset || stabs * (0.4 + self.energy()) < 0.3 {
            return;
        }
        let is_off = self.chance.unit(stream::CHORD, tick.count) < 0.12;
        step.stab = stabs * if is_off { 0.0 } else { 0.75 + 0.25 * section.held };
        // A chord lasts two bars; four of them make a section, the first at home.
        let chord = self.place.bar / 2;
        let scale = self.scale();
        let home = if chord == 0 { 0 } else { holds(4 + chord) as i32 % scale.len() };
        let kinds = [ChordKind::Seventh, ChordKind::Quartal, ChordKind::Ninth, ChordKind::Seventh];
        let kind = kinds[self.of_set(3, 4) as usize];
        let register = 38 + 3 * self.chance.below(stream::NIGHT + 10, 0, 4) as i32;
        self.chord = lead(self.chord, &kind.notes::<4>(&scale, home), register..=register + 24);
        step.chord = self.chord.map(|note| note as f32);
    }

    fn compose_blip(&self, tick: Tick, step: &mut Step) {
        let section = self.place.section();
        let holds = |of: u32| self.chance.word(stream::SECTION + of, self.place.count);
        let onsets = 3 + (self.density * 4.0) as u32;
        let is_onset = euclid(tick.step + 16 * self.place.bar, onsets, 13, holds(9) % 13);
        if is_onset && section.blip > 0.2 && self.energy() + section.blip > 0.6 {
            let scale = self.scale();
            let degree = [0, 4, 2, 6, 1][(tick.step * 3 + holds(10) % 16) as usize % 5];
            step.blip = section.blip * (0.5 + 0.5 * self.chance.unit(stream::STEP + 5, tick.count));
            step.blip_note = scale.note_from(degree, 58) as f32;
        }
    }

    /// The energy asked for, and what the tide makes of it.
    fn energy(&self) -> f32 {
        let energy = self.energy[0];
        // At either end of the knob the tide is not felt.
        let reach = 4.0 * energy * (1.0 - energy);
        math::clamp(energy + 0.22 * reach * self.place.tide(&self.chance), 0.0, 1.0)
    }

    /// A choice of the set's, below `count`.
    fn of_set(&self, what: u32, count: u32) -> u32 {
        self.chance.below(stream::SET + what, self.place.set, count)
    }

    /// What this set is like in one respect, 0..1: half the night's, half its own.
    fn mood(&self, what: u32) -> f32 {
        let night = self.chance.unit(stream::NIGHT + what, 0);
        0.4 * night + 0.6 * self.chance.unit(stream::SET + 10 + what, self.place.set)
    }

    fn root(&self) -> i32 {
        (self.root as i32 + self.place.key).rem_euclid(12)
    }

    fn scale(&self) -> Scale {
        Scale::of(self.scale, self.root())
    }
}

impl Composes for Composer {
    type Note = Step;

    /// Tempo and energy wait for the bar, swing for the beat.
    fn set(&mut self, index: usize, value: f32) {
        match Param::ALL.get(index) {
            Some(Param::Density) => self.density = value,
            Some(Param::Mutate) => self.mutate = value,
            Some(Param::Root) => self.root = value as u32,
            Some(Param::Scale) => self.scale = value as u32,
            Some(Param::Tempo) => self.clock.set_tempo(value),
            Some(Param::Energy) => self.energy[1] = value,
            Some(Param::Swing) => self.clock.set_swing(value),
            _ => {}
        }
    }

    fn compose(&mut self, play: &mut dyn FnMut(Step)) -> u32 {
        let tick = self.clock.step();
        if tick.step == 0 {
            if tick.count > 0 {
                self.place.advance(&self.chance);
            }
            self.energy[0] = self.energy[1];
        }
        play(self.step(tick));
        tick.len
    }

    fn title(&self) -> Title {
        let root = ROOTS[self.root() as usize % ROOTS.len()];
        let scale = SCALES[self.scale as usize % SCALES.len()];
        Title { scene: self.place.section().title, key: Some((root, scale)) }
    }
}

impl State for Composer {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for share in [&mut self.density, &mut self.mutate] {
            share.visit(word);
            *share = math::clamp(*share, 0.0, 1.0);
        }
        self.root.visit(word);
        self.scale.visit(word);
        self.root %= ROOTS.len() as u32;
        self.scale = self.scale.min(SCALES.len() as u32 - 1);
        self.energy.visit(word);
        self.energy = self.energy.map(|energy| math::clamp(energy, 0.0, 1.0));
        self.clock.visit(word);
        self.place.visit(word);
        self.pitch.visit(word);
        self.gate.visit(word);
        self.accent.visit(word);
        self.chord.visit(word);
        self.chord = self.chord.map(|note| note.clamp(0, 127));
        self.has_sung.visit(word);
    }
}
