//! How ACID sounds: voices rendered up to each onset, then rooms and the mix.

use perpetuo_dsp::{Chance, Echo, Leveler, Reverb, State, Swell, math};
use perpetuo_station::BLOCK_LEN;

use super::{
    Param,
    composer::Step,
    drums::Drums,
    line::{Line, LineTone},
    stabs::Stabs,
};
use crate::{blockwise::Block, knob::Knob, master::Master};

/// The synthesiser of one performance.
pub(super) struct Synth {
    line: Line,
    stabs: Stabs,
    drums: Drums,
    brightness: Knob,
    resonance: Knob,
    space: Knob,
    /// Cutoff added by the arrangement, in octaves, and where it heads.
    light: Swell,
    light_goal: f32,
    /// Samples of a sixteenth.
    step_len: f32,
    voices: Voices,
    /// How much of the block is rendered.
    at: usize,
    echo: Echo,
    reverb: Reverb,
    /// The line's past, for its width.
    width: perpetuo_dsp::Line,
    master: Master,
    sample_rate: f32,
}

/// One block of every voice.
struct Voices {
    line: [f32; BLOCK_LEN],
    kick: [f32; BLOCK_LEN],
    stabs: Block,
    noises: Block,
    blip: Block,
    duck: [f32; BLOCK_LEN],
}

impl Voices {
    const SILENCE: Self = Self {
        line: [0.0; BLOCK_LEN],
        kick: [0.0; BLOCK_LEN],
        stabs: [[0.0; BLOCK_LEN]; 2],
        noises: [[0.0; BLOCK_LEN]; 2],
        blip: [[0.0; BLOCK_LEN]; 2],
        duck: [1.0; BLOCK_LEN],
    };
}

impl Synth {
    /// Mean square a channel the mix is held at: -17 LUFS, tuned by meter, 2026-11.
    const GOAL: f32 = 0.0135;
    /// The slowest sixteenths, at 100 bpm, three of them: the longest echo.
    const LONGEST_ECHO_SECONDS: f32 = 0.45;
    /// How far the line's two sides are apart: 9 ms.
    const WIDTH_SECONDS: f32 = 0.009;
    /// What goes to the sides is a difference over 0.45 ms: 100 Hz is 11 dB down, 55 Hz 16 dB.
    const THIN_SECONDS: f32 = 0.000_45;

    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let sample_rate = sample_rate_hz as f32;
        let mut synth = Self {
            line: Line::new(chance.happens(40, 0, 0.4), sample_rate_hz),
            stabs: Stabs::new(chance.word(40, 1), sample_rate_hz),
            drums: Drums::new(chance.word(40, 2), sample_rate_hz),
            brightness: Knob::new(at(Param::Brightness)),
            resonance: Knob::new(at(Param::Resonance)),
            space: Knob::new(at(Param::Space)),
            light: Swell::new(0.0),
            light_goal: 0.0,
            step_len: sample_rate * 15.0 / at(Param::Tempo),
            voices: Voices::SILENCE,
            at: 0,
            echo: Echo::new((Self::LONGEST_ECHO_SECONDS * sample_rate) as u32 + 1),
            reverb: Reverb::new(sample_rate_hz),
            width: perpetuo_dsp::Line::new((0.02 * sample_rate) as usize),
            master: Master::new(
                20.0,
                Leveler::new(Self::GOAL, 2.0, 25.0, 0.75, sample_rate_hz),
                at(Param::Level),
                sample_rate_hz,
            ),
            sample_rate,
        };
        synth.echo.start_at((3.0 * synth.step_len) as u32);
        synth.echo.set_feedback(0.45, 0.4);
        synth.echo.reset();
        synth
    }

    pub(super) fn set(&mut self, param: Param, value: f32) {
        match param {
            Param::Level => self.master.set_level(value),
            Param::Brightness => self.brightness.set(value),
            Param::Resonance => self.resonance.set(value),
            Param::Space => self.space.set(value),
            _ => {}
        }
    }

    /// A block begins.
    pub(super) fn begin_block(&mut self) {
        self.voices = Voices::SILENCE;
        self.at = 0;
        self.brightness.advance();
        self.resonance.advance();
        let half = 0.06 * self.sample_rate;
        self.light.advance(BLOCK_LEN, self.light_goal, half, half);
    }

    /// A sixteenth begins at a sample of the block.
    pub(super) fn play(&mut self, step: &Step, at: usize) {
        self.render_until(at);
        self.light_goal = step.light;
        self.step_len = step.len;
        self.drums.set_riser(step.riser);
        match step.line {
            Some(note) => self.line.play(note),
            None if step.rests => self.line.rest(),
            None => {}
        }
        if step.kick > 0.0 {
            self.drums.kick(step.kick);
        }
        if step.open > 0.0 {
            self.drums.hat(step.open, 0.07);
        } else if step.hat > 0.0 {
            self.drums.hat(step.hat, 0.016);
        }
        if step.clap > 0.0 {
            self.drums.clap(step.clap);
        }
        if step.crash > 0.0 {
            self.drums.crash(step.crash);
        }
        if step.blip > 0.0 {
            self.drums.blip(step.blip, step.blip_note);
        }
        if step.stab > 0.0 {
            self.stabs.strike(step.chord, step.stab, step.held);
        }
    }

    /// Renders what is left of the block and mixes it.
    pub(super) fn render(&mut self, out: &mut Block) {
        self.render_until(BLOCK_LEN);
        self.mix(out);
        self.master.process(out);
    }

    fn render_until(&mut self, end: usize) {
        let samples = self.at..end.clamp(self.at, BLOCK_LEN);
        self.at = samples.end;
        let light = 4.2 * (self.brightness.value() - 0.5);
        let arranged = light + self.light.level();
        let tone = LineTone { light: arranged, resonance: self.resonance.value() };
        let voices = &mut self.voices;
        self.line.render(&mut voices.line[samples.clone()], tone);
        let from = self.drums.kick_level();
        self.drums.render_kick(&mut voices.kick[samples.clone()]);
        let to = self.drums.kick_level();
        let duck = perpetuo_dsp::Segment::between(from, to, samples.len());
        for (i, sample) in voices.duck[samples.clone()].iter_mut().enumerate() {
            *sample = 1.0 - 0.55 * duck.at(i);
        }
        let [left, right] = &mut voices.stabs;
        let mut out = [&mut left[samples.clone()], &mut right[samples.clone()]];
        self.stabs.render(&mut out, 0.7 * light + 0.3 * self.light.level());
        let [left, right] = &mut voices.noises;
        let mut out = [&mut left[samples.clone()], &mut right[samples.clone()]];
        self.drums.render_noises(&mut out, 0.3 * light);
        let [left, right] = &mut voices.blip;
        let mut out = [&mut left[samples.clone()], &mut right[samples.clone()]];
        self.drums.render_blip(&mut out);
    }

    fn mix(&mut self, out: &mut Block) {
        let space = self.space.advance();
        let Voices { line, kick, stabs, noises, blip, duck } = &self.voices;
        let (mut late, mut later) = ([0.0; BLOCK_LEN], [0.0; BLOCK_LEN]);
        let apart = (Self::WIDTH_SECONDS * self.sample_rate) as usize;
        self.width.read(apart, &mut late);
        self.width.read(apart + (Self::THIN_SECONDS * self.sample_rate) as usize, &mut later);
        self.width.write(line);
        late.iter_mut().zip(&later).for_each(|(late, later)| *late -= later);
        let mut into_echo = [0.0; BLOCK_LEN];
        for i in 0..BLOCK_LEN {
            let sides = 0.5 * (stabs[0][i] + stabs[1][i]) + 0.5 * (blip[0][i] + blip[1][i]);
            into_echo[i] = 0.32 * duck[i] * late[i] + 0.35 * sides;
        }
        let mut repeats = [[0.0; BLOCK_LEN]; 2];
        let [repeats_left, repeats_right] = &mut repeats;
        self.echo.set_time((3.0 * self.step_len) as u32);
        self.echo.set_feedback(0.25 + 0.4 * space.from, 0.4);
        self.echo.render(&into_echo, &mut [repeats_left, repeats_right]);
        let mut room = [[0.0; BLOCK_LEN]; 2];
        for side in 0..2 {
            let sign = if side == 0 { 1.0 } else { -1.0 };
            for i in 0..BLOCK_LEN {
                room[side][i] = 0.18 * stabs[side][i]
                    + 0.2 * noises[side][i]
                    + 0.12 * blip[side][i]
                    + 0.09 * late[i]
                    + 0.2 * repeats[side][i];
                let sung = 0.26 * line[i] + sign * 0.15 * late[i];
                let music = sung + 0.24 * stabs[side][i] + 0.14 * blip[side][i];
                out[side][i] = duck[i] * music + 0.36 * kick[i] + 0.9 * noises[side][i];
            }
        }
        self.reverb.set(0.66 + 0.2 * space.from, 0.35);
        let [room_left, room_right] = &mut room;
        self.reverb.process(&mut [room_left, room_right]);
        let step = (space.at(BLOCK_LEN) - space.from) * (1.0 / BLOCK_LEN as f32);
        for side in 0..2 {
            for i in 0..BLOCK_LEN {
                let space = space.from + step * i as i32 as f32;
                let wet = space * (0.52 * repeats[side][i] + 0.38 * room[side][i]);
                out[side][i] = (1.0 - 0.25 * space) * out[side][i] + duck[i] * wet;
            }
        }
    }
}

impl State for Synth {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.line.visit(word);
        self.stabs.visit(word);
        self.drums.visit(word);
        let knobs = [&mut self.brightness, &mut self.resonance, &mut self.space];
        knobs.into_iter().for_each(|knob| knob.visit(word));
        self.light.visit(word);
        self.light_goal.visit(word);
        self.light.reset(math::clamp(self.light.level(), -8.0, 8.0));
        self.light_goal = math::clamp(self.light_goal, -8.0, 8.0);
        self.step_len.visit(word);
        self.step_len = math::clamp(self.step_len, 64.0, 1e5);
        self.echo.visit(word);
        self.reverb.visit(word);
        self.master.visit(word);
    }
}
