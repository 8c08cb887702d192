//! What DRIFT plays: scenes, chords, keys, loops, bell phrases and a pulse.
//!
//! ```text
//! scene (70–130 s) ─► mood: how much of each layer      every second scene or so: a new key
//! chord (16–34 s)  ─► drone, and which degrees the pads choose from
//! 8 loops (15.1–31.1 s, one pad each) · bell phrases · pulse
//! ```

use perpetuo_dsp::{Chance, State, math};
use perpetuo_station::BLOCK_LEN;

use super::{Param, bells::Stroke, pads::PadNote, synth::Synth};
use crate::theory::{Register, SCALES, Scale};

/// Streams of draws; 40 to 49 are the synthesiser's.
mod stream {
    pub(super) const SCENE: u32 = 1;
    pub(super) const SCENE_LEN: u32 = 2;
    pub(super) const KEY: u32 = 3;
    pub(super) const CHORD: u32 = 4;
    pub(super) const CHORD_LEN: u32 = 5;
    pub(super) const BELL: u32 = 6;
    pub(super) const MOTIF: u32 = 8;
    pub(super) const PULSE: u32 = 9;
    pub(super) const TIMBRE: u32 = 10;
    /// And seven more, one a loop.
    pub(super) const LOOP: u32 = 16;
}

/// How much of each layer there is, 0..1; `light` and `lift` in octaves, `blend` see `Quartet`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub pads: f32,
    pub bells: f32,
    pub breath: f32,
    pub pulse: f32,
    pub drone: f32,
    pub light: f32,
    pub blend: f32,
    lift: i32,
}

impl Scene {
    /// Where the slow values begin.
    pub(super) const START: Self = SCENES[0];
}

#[rustfmt::skip]
const SCENES: [Scene; 8] = [
    // Bloom, chimes, pulse, still, deep, air, strings, glimmer.
    Scene { pads: 1.0, bells: 0.5, breath: 0.3, pulse: 0.0, drone: 0.8, light: 0.5, blend: 1.0, lift: 0 },
    Scene { pads: 0.6, bells: 1.0, breath: 0.25, pulse: 0.0, drone: 0.7, light: 0.2, blend: 0.7, lift: 0 },
    Scene { pads: 0.75, bells: 0.3, breath: 0.2, pulse: 1.0, drone: 0.8, light: 0.2, blend: 0.4, lift: 0 },
    Scene { pads: 0.55, bells: 0.4, breath: 0.7, pulse: 0.0, drone: 1.0, light: -0.1, blend: 1.0, lift: 0 },
    Scene { pads: 0.85, bells: 0.2, breath: 0.5, pulse: 0.3, drone: 1.0, light: -0.4, blend: 0.2, lift: -5 },
    Scene { pads: 0.8, bells: 0.5, breath: 0.9, pulse: 0.0, drone: 0.5, light: 0.4, blend: 0.8, lift: 5 },
    Scene { pads: 1.0, bells: 0.15, breath: 0.15, pulse: 0.0, drone: 0.8, light: 0.3, blend: -0.8, lift: 0 },
    Scene { pads: 0.65, bells: 0.7, breath: 0.4, pulse: 0.8, drone: 0.6, light: 0.5, blend: -0.4, lift: 3 },
];

/// Where a loop's pads lie and which degrees above the chord's they choose from.
struct LoopPlan {
    seconds: f32,
    lowest: i32,
    degrees: [i32; 3],
    place: f32,
    gain: f32,
}

#[rustfmt::skip]
const LOOPS: [LoopPlan; 8] = [
    LoopPlan { seconds: 15.1, lowest: 38, degrees: [0, 4, 0], place: -0.1, gain: 0.85 },
    LoopPlan { seconds: 17.9, lowest: 43, degrees: [4, 2, 0], place: 0.4, gain: 0.9 },
    LoopPlan { seconds: 19.3, lowest: 46, degrees: [2, 4, 6], place: -0.5, gain: 1.0 },
    LoopPlan { seconds: 21.7, lowest: 50, degrees: [6, 2, 1], place: 0.7, gain: 0.9 },
    LoopPlan { seconds: 23.9, lowest: 53, degrees: [4, 1, 2], place: -0.8, gain: 0.8 },
    LoopPlan { seconds: 26.3, lowest: 57, degrees: [2, 6, 0], place: 0.85, gain: 0.65 },
    LoopPlan { seconds: 29.3, lowest: 62, degrees: [1, 4, 2], place: -0.9, gain: 0.5 },
    LoopPlan { seconds: 31.1, lowest: 48, degrees: [0, 2, 4], place: 0.2, gain: 0.9 },
];

/// When each loop begins, in seconds: a chord at once, the rest within 5 s.
const OPENING: [f32; 8] = [0.0, 0.02, 0.04, 0.6, 1.3, 2.4, 3.6, 4.8];

#[derive(Clone, Copy, Debug, Default)]
struct Loop {
    /// Blocks until the next pass.
    left: u32,
    pass: u32,
    /// Whether the next pass plays for certain.
    comes: bool,
}

/// The composer of one performance.
pub(super) struct Composer {
    chance: Chance,
    sample_rate: f32,
    density: f32,
    bells: f32,
    root: u32,
    scale: u32,
    scene: u32,
    scene_left: u32,
    chord: u32,
    chord_left: u32,
    degree: i32,
    /// Semitones above the root that the harmony has moved to.
    key: i32,
    loops: [Loop; 8],
    /// Blocks until a gap may be filled.
    gap: u32,
    motif: Register<8>,
    bell: u32,
    /// Samples until the next bell.
    bell_left: u32,
    /// Bells left in the phrase.
    phrase_left: u32,
    pulse: u32,
    /// Samples until the next stroke of the pulse.
    pulse_left: u32,
}

impl Composer {
    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let sample_rate = sample_rate_hz as f32;
        let blocks = |seconds: f32| (seconds * sample_rate) as u32 / BLOCK_LEN as u32;
        let mut composer = Self {
            chance,
            sample_rate,
            density: at(Param::Density),
            bells: at(Param::Bells),
            root: at(Param::Root) as u32,
            scale: at(Param::Scale) as u32,
            scene: 0,
            scene_left: 0,
            chord: 0,
            chord_left: 0,
            degree: 0,
            key: 0,
            loops: OPENING.map(|seconds| Loop { left: blocks(seconds), pass: 0, comes: false }),
            gap: 0,
            motif: Register::new(&chance, stream::MOTIF),
            bell: 0,
            bell_left: (0.25 * sample_rate) as u32,
            phrase_left: 4,
            pulse: 0,
            pulse_left: (1.5 * sample_rate) as u32,
        };
        composer.scene_left = composer.blocks(composer.scene_seconds());
        composer.chord_left = composer.blocks(composer.chord_seconds());
        composer
    }

    /// Takes a parameter; a new root or scale is heard with the next notes, which come soon.
    pub(super) fn set(&mut self, param: Param, value: f32, synth: &mut Synth) {
        match param {
            Param::Density => self.density = value,
            Param::Bells => self.bells = value,
            Param::Root if self.root != value as u32 => {
                (self.root, self.key) = (value as u32, 0);
                self.change_key(synth);
            }
            Param::Scale if self.scale != value as u32 => {
                self.scale = value as u32;
                self.change_key(synth);
            }
            _ => {}
        }
    }

    /// Plays what falls into the next block.
    pub(super) fn play(&mut self, synth: &mut Synth) {
        self.pass_time(synth);
        synth.set_scene(self.scene_now());
        self.fill_gap(synth.pads.held());
        for index in 0..self.loops.len() {
            self.play_loop(index, synth);
        }
        self.play_bell(synth);
        self.play_pulse(synth);
    }

    fn pass_time(&mut self, synth: &mut Synth) {
        if self.scene_left == 0 {
            self.scene = self.scene.wrapping_add(1);
            self.scene_left = self.blocks(self.scene_seconds());
            if self.chance.happens(stream::KEY, self.scene, 0.6) {
                let moves = [5, -5, 7, -7, 2, -2, 3, -3];
                let pick = self.chance.below(stream::KEY + 100, self.scene, 8) as usize;
                self.key = (self.key + moves[pick]).rem_euclid(12);
                self.change_key(synth);
            }
        }
        if self.chord_left == 0 {
            self.chord = self.chord.wrapping_add(1);
            self.chord_left = self.blocks(self.chord_seconds());
            self.degree = self.next_degree();
        }
        self.scene_left = self.scene_left.saturating_sub(1);
        self.chord_left = self.chord_left.saturating_sub(1);
        synth.drone.move_to(self.scale().note_from(self.degree, 23) as f32);
    }

    /// The old key is let go of, and the loops come round again soon, one after the other.
    fn change_key(&mut self, synth: &mut Synth) {
        let scale = self.scale();
        self.degree = 0;
        synth.pads.let_go(|note| scale.has(note));
        for (index, state) in self.loops.iter_mut().enumerate() {
            let soon = (OPENING[index] * self.sample_rate) as u32 / BLOCK_LEN as u32;
            state.left = state.left.min(soon + 1);
        }
    }

    /// Never the drone alone: with too few pads held, the loop that is next comes now, and another
    /// 1.5 s later if need be.
    fn fill_gap(&mut self, held: usize) {
        self.gap = self.gap.saturating_sub(1);
        if self.gap > 0 || held as f32 >= 1.5 + 2.5 * self.density {
            return;
        }
        self.gap = self.blocks(1.5);
        if let Some(next) = self.loops.iter_mut().min_by_key(|state| state.left) {
            (next.left, next.comes) = (0, true);
        }
    }

    fn play_loop(&mut self, index: usize, synth: &mut Synth) {
        let (plan, state) = (&LOOPS[index], self.loops[index]);
        if state.left > 0 {
            self.loops[index].left -= 1;
            return;
        }
        let draws = stream::LOOP + 8 * index as u32;
        let is_first = state.pass == 0;
        let scene = self.scene_now();
        let probability = (0.12 + 0.95 * self.density) * scene.pads;
        let opens = is_first && (index as f32) < 2.5 + 6.0 * self.density;
        let plays = opens || state.comes || self.chance.happens(draws, state.pass, probability);
        if plays {
            let lowest = plan.lowest + scene.lift;
            let pick = self.chance.below(draws + 1, state.pass, 3) as usize;
            let degree = self.degree + plan.degrees[pick];
            let held = self.chance.between(draws + 2, state.pass, 5.0, 8.0 + 4.0 * self.density);
            let attack = self.chance.between(draws + 3, state.pass, 0.35, 1.0);
            let attack = if is_first && index < 4 { 0.09 } else { attack };
            let pad = PadNote {
                note: self.scale().note_from(degree, lowest) as f32,
                gain: plan.gain * self.chance.between(draws + 4, state.pass, 0.7, 1.0),
                blocks: self.blocks(held),
                attack: attack * self.sample_rate,
                place: plan.place,
            };
            if !synth.pads.begin(pad) {
                // Every voice is still sounding: again in a quarter of a second.
                self.loops[index].left = self.blocks(0.25);
                self.loops[index].comes = false;
                return;
            }
        }
        // Dense settings come round sooner, and no two passes take quite as long.
        let hurry =
            (1.25 - 0.5 * self.density) * self.chance.between(draws + 5, state.pass, 0.9, 1.1);
        self.loops[index] = Loop {
            left: self.blocks(plan.seconds * hurry),
            pass: state.pass.wrapping_add(1),
            comes: false,
        };
    }

    fn play_bell(&mut self, synth: &mut Synth) {
        if self.bell_left >= BLOCK_LEN as u32 {
            self.bell_left -= BLOCK_LEN as u32;
            return;
        }
        let at = self.bell_left as usize;
        let (bell, scene) = (self.bell, self.scene_now());
        let draw = |of: u32| self.chance.unit(stream::BELL + 200 * (of + 1), bell);
        let amount = self.bells * (0.35 + 1.3 * scene.bells);
        if draw(0) < 2.2 * amount {
            let memory = 0.12 + 0.3 * draw(1);
            let height = self.motif.pass(&self.chance, bell, memory);
            let degree = self.degree + (height * 9.9) as i32;
            let low = self.scale().note_from(self.degree, 57);
            let up = self.scale().note(degree) - self.scale().note(self.degree);
            synth.bells.strike(Stroke {
                at,
                note: (low + up) as f32,
                gain: (0.5 + 0.5 * draw(2))
                    * if self.phrase_left.is_multiple_of(2) { 1.0 } else { 0.8 },
                timbre: [0, 1, 0, 3][self.chance.below(stream::TIMBRE, self.scene, 4) as usize],
                place: 1.5 * draw(3) - 0.75,
            });
        }
        // On a grid of one echo, half of it or one and a half, give or take 12 ms.
        let grid = [0.5, 1.0, 1.0, 1.5, 2.0][(draw(4) * 5.0) as usize % 5] * Synth::ECHO_SECONDS;
        let mut seconds = grid + 0.024 * (draw(5) - 0.5);
        if self.phrase_left == 0 {
            self.phrase_left = 2 + (draw(6) * 5.0) as u32;
            seconds += (2.0 + 6.0 * draw(7)) / (0.35 + 1.3 * amount);
        }
        self.phrase_left = self.phrase_left.saturating_sub(1);
        self.bell = bell.wrapping_add(1);
        let samples = (seconds * self.sample_rate) as u32;
        self.bell_left = (samples + at as u32).saturating_sub(BLOCK_LEN as u32);
    }

    /// A soft mallet in even steps that rises and falls as a wave through the chord.
    fn play_pulse(&mut self, synth: &mut Synth) {
        if self.pulse_left >= BLOCK_LEN as u32 {
            self.pulse_left -= BLOCK_LEN as u32;
            return;
        }
        let at = self.pulse_left as usize;
        let (pulse, scene) = (self.pulse, self.scene_now());
        let shape = self.chance.word(stream::PULSE, self.scene);
        let len = [6, 8, 10, 7][shape as usize % 4];
        let step = pulse % len;
        let height = [0, 2, 4, 6, 7, 4, 2, 1, 4, 0][(step + (shape >> 4) % 3) as usize % 10];
        let draw = |of: u32| self.chance.unit(stream::PULSE + 200 * (of + 1), pulse);
        let probability = (0.35 + 0.6 * self.density) * scene.pulse;
        if draw(0) < probability {
            let note = self.scale().note_from(self.degree + height, 50 + 12 * (height / 6));
            // A wave of 41 strokes, so that it comes and goes.
            let wave = math::cos_turns((pulse % 41) as f32 / 41.0 - 0.5);
            let accent = if step == 0 { 0.15 } else { 0.0 };
            synth.bells.strike(Stroke {
                at,
                note: note as f32,
                gain: 0.3 + 0.16 * wave + accent + 0.1 * draw(1),
                timbre: 2,
                place: if pulse % 2 == 0 { -0.5 } else { 0.5 },
            });
        }
        let seconds = [0.75, 0.5, 1.0, 0.75][(shape >> 8) as usize % 4] * Synth::ECHO_SECONDS;
        self.pulse = pulse.wrapping_add(1);
        let samples = (seconds * self.sample_rate) as u32;
        self.pulse_left = (samples + at as u32).saturating_sub(BLOCK_LEN as u32);
    }

    fn scene_now(&self) -> Scene {
        // A cycle of eight scenes, each once, and another order in every cycle: odd steps in a ring.
        let (cycle, place) = (self.scene / 8, self.scene % 8);
        let first = self.chance.below(stream::SCENE, cycle.wrapping_mul(2), 8);
        let step = 1 + 2 * self.chance.below(stream::SCENE, cycle.wrapping_mul(2) + 1, 4);
        SCENES[((first + place * step) % 8) as usize]
    }

    fn next_degree(&self) -> i32 {
        let len = self.scale().len();
        let homes = self.chord.is_multiple_of(3);
        if homes && self.degree != 0 {
            return 0;
        }
        let step = 1 + self.chance.below(stream::CHORD, self.chord, len as u32 - 1) as i32;
        (self.degree + step).rem_euclid(len)
    }

    fn scale(&self) -> Scale {
        Scale::of(self.scale, self.root as i32 + self.key)
    }

    fn scene_seconds(&self) -> f32 {
        self.chance.between(stream::SCENE_LEN, self.scene, 70.0, 130.0)
    }

    fn chord_seconds(&self) -> f32 {
        self.chance.between(stream::CHORD_LEN, self.chord, 16.0, 34.0)
    }

    /// A time in blocks, at least one.
    fn blocks(&self, seconds: f32) -> u32 {
        ((seconds * self.sample_rate) as u32 / BLOCK_LEN as u32).max(1)
    }
}

impl State for Composer {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for knob in [&mut self.density, &mut self.bells] {
            knob.visit(word);
            *knob = math::clamp(*knob, 0.0, 1.0);
        }
        self.root.visit(word);
        self.scale.visit(word);
        self.root %= 12;
        self.scale = self.scale.min(SCALES.len() as u32 - 1);
        for counter in [&mut self.scene, &mut self.chord, &mut self.bell, &mut self.pulse] {
            counter.visit(word);
        }
        for left in [&mut self.scene_left, &mut self.chord_left] {
            left.visit(word);
            *left = (*left).clamp(0, 1 << 18);
        }
        self.degree.visit(word);
        self.key.visit(word);
        (self.degree, self.key) = (self.degree.rem_euclid(12), self.key.rem_euclid(12));
        for state in &mut self.loops {
            state.left.visit(word);
            state.pass.visit(word);
            state.left = state.left.min(1 << 18);
            // Not visited: what comes for certain comes within the block.
            state.comes = false;
        }
        self.gap.visit(word);
        self.gap = self.gap.min(1 << 12);
        self.motif.visit(word);
        for left in [&mut self.bell_left, &mut self.pulse_left] {
            left.visit(word);
            *left = (*left).min(1 << 22);
        }
        self.phrase_left.visit(word);
        self.phrase_left = self.phrase_left.min(16);
    }
}
