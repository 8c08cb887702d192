//! What ACID plays, sixteenth by sixteenth.

use perpetuo_dsp::{Chance, State, math};
use perpetuo_station::BLOCK_LEN;

use super::{Param, form::Place};
use crate::theory::{Register, SCALES, Scale, euclid};

/// Streams of draws; 40 and up are the synthesiser's.
mod stream {
    pub(super) const PITCH: u32 = 2;
    pub(super) const GATE: u32 = 4;
    pub(super) const ACCENT: u32 = 6;
    pub(super) const CHORD: u32 = 8;
    pub(super) const SECTION: u32 = 10;
    pub(super) const STEP: u32 = 20;
    pub(super) const FILL: u32 = 30;
}

/// A note of the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineNote {
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
    /// Cutoff added to the line, in octaves.
    pub light: f32,
    /// Where the riser stands, 0..1.
    pub riser: f32,
    /// Samples of a sixteenth.
    pub len: f32,
}

/// The composer of one performance.
pub(super) struct Composer {
    chance: Chance,
    sample_rate: f32,
    density: f32,
    mutate: f32,
    root: u32,
    scale: u32,
    /// In force, then asked for.
    tempo: [f32; 2],
    energy: [f32; 2],
    swing: [f32; 2],
    place: Place,
    step: u32,
    steps: u32,
    /// Until the next sixteenth, in 1/256 sample.
    until: u32,
    pitch: Register<16>,
    gate: Register<16>,
    accent: Register<16>,
    has_sung: bool,
}

impl Composer {
    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        Self {
            chance,
            sample_rate: sample_rate_hz as f32,
            density: at(Param::Density),
            mutate: at(Param::Mutate),
            root: at(Param::Root) as u32,
            scale: at(Param::Scale) as u32,
            tempo: [at(Param::Tempo); 2],
            energy: [at(Param::Energy); 2],
            swing: [at(Param::Swing); 2],
            place: Place::start(),
            step: 0,
            steps: 0,
            until: 0,
            pitch: Register::new(&chance, stream::PITCH),
            gate: Register::new(&chance, stream::GATE),
            accent: Register::new(&chance, stream::ACCENT),
            has_sung: false,
        }
    }

    /// Takes a parameter; tempo and energy wait for the bar, swing for the beat.
    pub(super) fn set(&mut self, param: Param, value: f32) {
        match param {
            Param::Density => self.density = value,
            Param::Mutate => self.mutate = value,
            Param::Root => self.root = value as u32,
            Param::Scale => self.scale = value as u32,
            Param::Tempo => self.tempo[1] = value,
            Param::Energy => self.energy[1] = value,
            Param::Swing => self.swing[1] = value,
            Param::Level | Param::Brightness | Param::Resonance | Param::Space => {}
        }
    }

    /// The next sixteenth within the block and the sample it falls on; after the last one `None`,
    /// which ends the block.
    pub(super) fn next_step(&mut self) -> Option<(Step, usize)> {
        let block = BLOCK_LEN as u32 * 256;
        if self.until >= block {
            self.until -= block;
            return None;
        }
        let at = self.until / 256;
        self.wait_over();
        let len = self.sample_rate * 60.0 / (4.0 * self.tempo[0]);
        let step = self.compose(len);
        let share = if self.step.is_multiple_of(2) { self.swing[0] } else { 100.0 - self.swing[0] };
        self.until += (len * share * (256.0 / 50.0)) as u32;
        self.step += 1;
        self.steps = self.steps.wrapping_add(1);
        if self.step >= 16 {
            self.step = 0;
            self.place.advance(&self.chance);
        }
        Some((step, at as usize))
    }

    /// What has waited for a beat or a bar is in force from here on.
    fn wait_over(&mut self) {
        if self.step.is_multiple_of(4) {
            self.swing[0] = self.swing[1];
        }
        if self.step == 0 {
            (self.tempo[0], self.energy[0]) = (self.tempo[1], self.energy[1]);
        }
    }

    fn compose(&mut self, len: f32) -> Step {
        let section = self.place.section();
        let mut step = Step { len, held: section.held, ..Step::default() };
        let share = self.place.share(self.step);
        step.light = section.light[0] + (section.light[1] - section.light[0]) * share;
        step.riser = section.riser * math::clamp(2.0 * share - 1.0, 0.0, 1.0);
        self.compose_line(&mut step);
        self.compose_drums(&mut step);
        self.compose_fill(&mut step);
        self.compose_stab(&mut step);
        self.compose_blip(&mut step);
        step
    }

    fn compose_line(&mut self, step: &mut Step) {
        let section = self.place.section();
        // In the last bar of four the line forgets more: a phrase that turns at its end.
        let turn = if self.place.bar % 4 == 3 && self.step >= 8 { 2.0 } else { 0.6 };
        let forget = math::clamp(self.mutate * self.mutate * 0.8 * turn, 0.0, 1.0);
        let pitch = self.pitch.pass(&self.chance, self.step, forget);
        let gate = self.gate.pass(&self.chance, self.step, 0.6 * forget);
        let accent = self.accent.pass(&self.chance, self.step, forget);
        let weight = [0.3, -0.12, 0.1, -0.05][self.step as usize % 4];
        let wanted = (0.18 + 0.66 * self.density + weight) * (0.35 + 0.65 * section.line);
        if gate > wanted {
            step.rests = true;
            return;
        }
        let scale = self.scale();
        let degree = match (pitch * 20.0) as u32 {
            0..=6 => 0,
            7..=9 => scale.len(),
            10..=11 => scale.len() - 1,
            12..=13 => 4.min(scale.len() - 1),
            14..=15 => 2,
            16 => 1,
            17 => scale.len() + 2,
            18 => -1,
            _ => 3,
        };
        // The root lies between E1 and D#2.
        let root = scale.note_from(0, 16);
        let note = root + scale.note(degree) - scale.note(0);
        let is_accented = accent < 0.34 || self.step == 0 && accent < 0.7;
        step.line = Some(LineNote {
            note: note as f32,
            is_accented,
            slides: self.has_sung && (accent * 8.0) % 1.0 < 0.3,
        });
        self.has_sung = true;
    }

    fn compose_drums(&self, step: &mut Step) {
        let (section, now) = (self.place.section(), self.step);
        let energy = self.energy[0];
        let rolls = |of: u32| self.chance.unit(stream::STEP + of, self.steps);
        let holds = |of: u32| self.chance.unit(stream::SECTION + of, self.place.count);
        // Without energy there is no kick at all.
        let kick = section.kick * if energy < 0.15 { 0.0 } else { 1.0 };
        if now % 4 == 0 {
            step.kick = kick;
        } else if now == 10 && holds(0) < 0.35 * energy && self.place.bar % 2 == 1 {
            step.kick = 0.7 * kick;
        }
        let busy = section.hats * (0.25 + 0.75 * self.density) * (0.5 + 0.5 * energy);
        let accent = [0.45, 0.3, 1.0, 0.4][now as usize % 4];
        if now % 2 == 0 && busy > 0.2 || rolls(0) < 1.3 * busy - 0.25 {
            step.hat = accent * (0.75 + 0.25 * rolls(1)) * (0.4 + 0.6 * section.hats);
        }
        if now % 4 == 2 && section.open * (0.3 + energy) > 0.45 {
            (step.open, step.hat) = (0.8 * section.open, 0.0);
        }
        if now % 8 == 4 && energy > 0.25 {
            step.clap = section.clap;
        } else if now == 15 && holds(1) < 0.4 && self.place.bar % 4 == 1 {
            step.clap = 0.35 * section.clap * energy;
        }
        let opens = self.place.bar == 0 && now == 0 && self.place.count > 0;
        step.crash = if opens { 0.4 + 0.6 * energy } else { 0.0 };
    }

    /// The last bar of four ends in a small fill, that of eight in a larger one.
    fn compose_fill(&self, step: &mut Step) {
        let from = match self.place.bar {
            7 => 8 + 2 * self.chance.below(stream::FILL, self.place.count, 3),
            3 => 13,
            _ => return,
        };
        if self.step < from {
            return;
        }
        let roll = self.chance.word(stream::FILL + 1, self.steps);
        match self.chance.below(stream::FILL + 2, self.place.count, 4) {
            // The kick stops, so that its return is felt.
            0 => step.kick = 0.0,
            // A roll of claps that grows.
            1 => step.clap = 0.25 + 0.6 * (self.step - from) as f32 / (16 - from) as f32,
            // Kicks off the beat.
            2 if roll.is_multiple_of(3) && step.kick == 0.0 => {
                step.kick = 0.75 * self.place.section().kick;
            }
            // Hats run.
            _ => step.hat = 0.4 + 0.5 * (roll >> 16) as f32 / 65_536.0,
        }
    }

    fn compose_stab(&self, step: &mut Step) {
        let section = self.place.section();
        let holds = |of: u32| self.chance.word(stream::SECTION + of, self.place.count);
        let is_onset = if section.held > 0.8 {
            self.step == 0 || self.step == 10 && self.place.bar % 2 == 1
        } else {
            let onsets = 2 + (self.density * 2.6) as u32 + holds(2) % 2;
            euclid(self.step, onsets, 16, holds(3) % 16)
        };
        if !is_onset || section.stabs * (0.4 + self.energy[0]) < 0.3 {
            return;
        }
        // A chord lasts two bars; four of them make a section, the first at home.
        let chord = self.place.bar / 2;
        let scale = self.scale();
        let home = if chord == 0 { 0 } else { holds(4 + chord) as i32 % scale.len() };
        let is_off = self.chance.unit(stream::CHORD, self.steps) < 0.12;
        step.stab = section.stabs * if is_off { 0.0 } else { 0.75 + 0.25 * section.held };
        step.chord = [0, 2, 4, 6].map(|up| scale.note_from(home + up, 40 + up) as f32);
    }

    fn compose_blip(&self, step: &mut Step) {
        let section = self.place.section();
        let holds = |of: u32| self.chance.word(stream::SECTION + of, self.place.count);
        let onsets = 3 + (self.density * 4.0) as u32;
        let is_onset = euclid(self.step + 16 * self.place.bar, onsets, 13, holds(9) % 13);
        if is_onset && section.blip > 0.2 && self.energy[0] + section.blip > 0.6 {
            let scale = self.scale();
            let degree = [0, 4, 2, 6, 1][(self.step * 3 + holds(10)) as usize % 5];
            step.blip = section.blip * (0.5 + 0.5 * self.chance.unit(stream::STEP + 5, self.steps));
            step.blip_note = scale.note_from(degree, 58) as f32;
        }
    }

    fn scale(&self) -> Scale {
        Scale::of(self.scale, self.root as i32)
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
        self.root %= 12;
        self.scale = self.scale.min(SCALES.len() as u32 - 1);
        let waits = [(&mut self.tempo, 60.0, 200.0), (&mut self.energy, 0.0, 1.0)];
        for (pair, low, high) in waits.into_iter().chain([(&mut self.swing, 50.0, 75.0)]) {
            pair.visit(word);
            *pair = pair.map(|value| math::clamp(value, low, high));
        }
        let place = &mut self.place;
        for counter in [&mut place.kind, &mut place.count, &mut place.bar, &mut self.step] {
            counter.visit(word);
        }
        (self.place.bar, self.step) = (self.place.bar % Place::BARS, self.step % 16);
        self.steps.visit(word);
        self.until.visit(word);
        self.until = self.until.min(1 << 24);
        self.pitch.visit(word);
        self.gate.visit(word);
        self.accent.visit(word);
        self.has_sung.visit(word);
    }
}
