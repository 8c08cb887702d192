//! How ACID sounds: voices rendered up to each onset, then rooms and the mix.

use perpetuo_dsp::{
    Chance, Echo, Leveler, Response, Reverb, Segment, State, SvfBank, Swell, Tuning, math, mix,
};
use perpetuo_station::BLOCK_LEN;

use super::{
    Param,
    composer::Step,
    drums::Drums,
    line::{Line, LineTone},
    stabs::Stabs,
};
use crate::{
    knob::Knob,
    master::Master,
    performer::{Block, Synth as Synthesizes},
};

/// The synthesiser of one performance.
pub(super) struct Synth {
    line: Line,
    stabs: Stabs,
    drums: Drums,
    /// Lanes 0 and 1 are the line's two stages, 2 to 5 the noises'.
    bank: SvfBank,
    brightness: Knob,
    resonance: Knob,
    space: Knob,
    /// Cutoff added by the arrangement, in octaves, and where it heads.
    light: Swell,
    light_goal: f32,
    /// Samples of a sixteenth.
    step_len: f32,
    voices: Voices,
    /// Where the bank's filters are to stand at the end of the block.
    tunings: [Tuning; 8],
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
    /// Lanes of the bank: the line, nothing, hats of both sides, claps of both sides, nothing.
    lanes: [[f32; BLOCK_LEN]; 8],
    kick: [f32; BLOCK_LEN],
    stabs: Block,
    blip: Block,
    duck: [f32; BLOCK_LEN],
}

impl Voices {
    const SILENCE: Self = Self {
        lanes: [[0.0; BLOCK_LEN]; 8],
        kick: [0.0; BLOCK_LEN],
        stabs: [[0.0; BLOCK_LEN]; 2],
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
            line: Line::new(sample_rate_hz),
            stabs: Stabs::new(chance.word(40, 1), sample_rate_hz),
            drums: Drums::new(&chance, sample_rate_hz),
            bank: SvfBank::new([Tuning::new(0.01, 1.0); 8], [Response::Low; 8]).chained(&[1]),
            brightness: Knob::new(at(Param::Brightness)),
            resonance: Knob::new(at(Param::Resonance)),
            space: Knob::new(at(Param::Space)),
            light: Swell::new(0.0),
            light_goal: 0.0,
            step_len: sample_rate * 15.0 / at(Param::Tempo),
            voices: Voices::SILENCE,
            tunings: [Tuning::new(0.01, 1.0); 8],
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

    /// Renders every voice up to a sample of the block; filters are run when it is whole.
    fn render_until(&mut self, end: usize) {
        let samples = self.at..end.clamp(self.at, BLOCK_LEN);
        self.at = samples.end;
        if samples.is_empty() {
            return;
        }
        let light = self.light_of_knob();
        let tone =
            LineTone { light: light + self.light.level(), resonance: self.resonance.value() };
        let Voices { lanes, kick, stabs, blip, duck } = &mut self.voices;
        let [line, _, hat_left, hat_right, clap_left, clap_right, _, _] = lanes;
        let stages = self.line.render(&mut line[samples.clone()], tone);
        let mut noises =
            [hat_left, hat_right, clap_left, clap_right].map(|lane| &mut lane[samples.clone()]);
        let noises = self.drums.render_noises(&mut noises, 0.3 * light);
        let rest = noises[3];
        self.tunings =
            [stages[0], stages[1], noises[0], noises[1], noises[2], noises[3], rest, rest];
        let from = self.drums.kick_level();
        self.drums.render_kick(&mut kick[samples.clone()]);
        let to = self.drums.kick_level();
        let (from, to) = (1.0 - 0.55 * from, 1.0 - 0.55 * to);
        let ducked = &mut duck[samples.clone()];
        ducked.fill(1.0);
        mix::scale(ducked, Segment::between(from, to, samples.len()));
        let [left, right] = stabs;
        let mut out = [&mut left[samples.clone()], &mut right[samples.clone()]];
        self.stabs.render(&mut out, 0.7 * light + 0.3 * self.light.level());
        let [left, right] = blip;
        self.drums.render_blip(&mut [&mut left[samples.clone()], &mut right[samples]]);
    }

    /// What the knob adds to every cutoff, in octaves.
    fn light_of_knob(&self) -> f32 {
        4.2 * (self.brightness.value() - 0.5)
    }

    fn mix(&mut self, out: &mut Block) {
        let space = self.space.advance();
        let Voices { lanes, kick, stabs, blip, duck } = &self.voices;
        let [_, line, hat_left, hat_right, clap_left, clap_right, _, _] = lanes;
        let noises = [[hat_left, clap_left], [hat_right, clap_right]];
        let (mut late, mut later) = ([0.0; BLOCK_LEN], [0.0; BLOCK_LEN]);
        let apart = (Self::WIDTH_SECONDS * self.sample_rate) as usize;
        self.width.read(apart, &mut late);
        self.width.read(apart + (Self::THIN_SECONDS * self.sample_rate) as usize, &mut later);
        self.width.write(line);
        mix::add(&mut late, &later, Segment::flat(-1.0));
        let mut into_echo = [0.0; BLOCK_LEN];
        for i in 0..BLOCK_LEN {
            let sides = (stabs[0][i] + stabs[1][i]) + (blip[0][i] + blip[1][i]);
            into_echo[i] = 0.32 * duck[i] * late[i] + 0.175 * sides;
        }
        let mut repeats = [[0.0; BLOCK_LEN]; 2];
        let [repeats_left, repeats_right] = &mut repeats;
        self.echo.set_time((3.0 * self.step_len) as u32);
        self.echo.set_feedback(0.25 + 0.4 * space.from, 0.4);
        self.echo.render(&into_echo, &mut [repeats_left, repeats_right]);
        let mut room = [[0.0; BLOCK_LEN]; 2];
        for side in 0..2 {
            let sign = if side == 0 { 1.0 } else { -1.0 };
            let [hat, clap] = noises[side];
            for i in 0..BLOCK_LEN {
                let noise = hat[i] + clap[i];
                let music = 0.24 * stabs[side][i] + 0.14 * blip[side][i];
                room[side][i] =
                    0.75 * music + (0.2 * noise + 0.09 * late[i]) + 0.2 * repeats[side][i];
                let sung = 0.26 * line[i] + sign * 0.15 * late[i];
                out[side][i] = duck[i] * (sung + music) + (0.36 * kick[i] + 0.9 * noise);
            }
        }
        self.reverb.set(0.66 + 0.2 * space.from, 0.35);
        let [room_left, room_right] = &mut room;
        self.reverb.process(&mut [room_left, room_right]);
        let step = space.step;
        for side in 0..2 {
            for i in 0..BLOCK_LEN {
                let space = space.from + step * i as i32 as f32;
                let wet = space * (0.52 * repeats[side][i] + 0.38 * room[side][i]);
                out[side][i] = (1.0 - 0.25 * space) * out[side][i] + duck[i] * wet;
            }
        }
    }
}

impl Synthesizes for Synth {
    type Note = Step;

    fn set(&mut self, index: usize, value: f32) {
        match Param::ALL.get(index) {
            Some(Param::Level) => self.master.set_level(value),
            Some(Param::Brightness) => self.brightness.set(value),
            Some(Param::Resonance) => self.resonance.set(value),
            Some(Param::Space) => self.space.set(value),
            _ => {}
        }
    }

    fn play(&mut self, step: Step, at: usize) {
        self.render_until(at);
        self.light_goal = step.light;
        self.step_len = step.len;
        self.drums.set_riser(step.riser);
        match step.line {
            Some(note) => self.line.play(note, step.blend),
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

    fn render(&mut self, out: &mut Block) {
        self.render_until(BLOCK_LEN);
        let resonance = self.resonance.advance();
        self.bank.set(self.tunings);
        self.bank.process(&mut self.voices.lanes, BLOCK_LEN);
        Line::drive(&mut self.voices.lanes[1], resonance);
        self.mix(out);
        self.master.process(out);
        self.voices = Voices::SILENCE;
        self.at = 0;
        self.brightness.advance();
        let half = 0.06 * self.sample_rate;
        self.light.advance(BLOCK_LEN, self.light_goal, half, half);
    }

    fn skip(&mut self, blocks: u32) {
        self.drums.skip(blocks as usize * BLOCK_LEN);
    }
}

impl State for Synth {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.line.visit(word);
        self.stabs.visit(word);
        self.drums.visit(word);
        self.bank.visit(word);
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
