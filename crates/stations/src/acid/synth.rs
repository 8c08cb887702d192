//! How ACID sounds: voices rendered up to each onset, then rooms and the mix.

use perpetuo_dsp::{
    Chance, Echo, Leveler, Response, Reverb, Segment, State, SvfBank, Tuning, math, wide,
};
use perpetuo_station::BLOCK_LEN;

use super::{
    Param,
    composer::Step,
    drums::Drums,
    line::{Line, LineTone},
    stabs::Stabs,
    width::Width,
};
use crate::{
    knob::Knob,
    master::Master,
    performer::{Block, Synth as Synthesizes},
    teller::Teller,
};

/// The synthesiser of one performance.
pub(super) struct Synth {
    line: Line,
    stabs: Stabs,
    drums: Drums,
    /// Lanes 0 and 1 are the line's two stages, 2 to 5 the noises', 6 and 7 the stabs' sides.
    bank: SvfBank,
    brightness: Knob,
    resonance: Knob,
    space: Knob,
    /// Cutoff added by the arrangement, in octaves, and where it heads.
    light: f32,
    light_goal: f32,
    /// What is left of its way after a block.
    light_rest: f32,
    /// Samples of a sixteenth.
    step_len: f32,
    voices: Voices,
    /// Where the bank's filters are to stand at the end of the block.
    tunings: [Tuning; 8],
    /// How much of the block is rendered.
    at: usize,
    echo: Echo,
    reverb: Reverb,
    width: Width,
    /// What came out of echo and room.
    repeats: Block,
    room: Block,
    master: Master,
}

type Lane = [f32; BLOCK_LEN];

/// One block of every voice.
struct Voices {
    /// Lanes of the bank: the line, what its first stage made of the block before, hats of both sides,
    /// claps of both sides, stabs of both sides.
    lanes: [Lane; 8],
    kick: Lane,
    /// Nothing but zeroes unless it is blipping.
    blip: Lane,
    is_blipping: bool,
    duck: Lane,
}

impl Voices {
    const SILENCE: Self = Self {
        lanes: [[0.0; BLOCK_LEN]; 8],
        kick: [0.0; BLOCK_LEN],
        blip: [0.0; BLOCK_LEN],
        is_blipping: false,
        duck: [1.0; BLOCK_LEN],
    };
}

wide! {
    /// Writes a straight line.
    fn write_line = write_line_plain(out: &mut [f32], line: Segment);
}

#[inline(always)]
fn write_line_plain(out: &mut [f32], line: Segment) {
    for (n, out) in (0_i32..).zip(out) {
        *out = line.from + line.step * n as f32;
    }
}

wide! {
    /// Joins the blip, at its place, to the stabs, and writes what goes into the echo.
    fn join = join_plain(voices: &mut Voices, into_echo: &mut Lane, late: &Lane, place: f32);
}

#[inline(always)]
fn join_plain(voices: &mut Voices, into_echo: &mut Lane, late: &Lane, place: f32) {
    let [.., left, right] = &mut voices.lanes;
    for i in 0..BLOCK_LEN {
        into_echo[i] = 0.32 * voices.duck[i] * late[i] + 0.73 * (left[i] + right[i]);
    }
    if std::mem::take(&mut voices.is_blipping) {
        let gains = [0.14 * (1.0 - place), 0.14 * (1.0 + place)];
        for i in 0..BLOCK_LEN {
            let blip = std::mem::take(&mut voices.blip[i]);
            into_echo[i] += 0.35 * blip;
            left[i] += gains[0] * blip;
            right[i] += gains[1] * blip;
        }
    }
}

wide! {
    /// Writes what goes into the room.
    fn send = send_plain(voices: &Voices, room: &mut Block, late: &Lane, repeats: &Block);
}

#[inline(always)]
fn send_plain(voices: &Voices, room: &mut Block, late: &Lane, repeats: &Block) {
    let [_, _, hat_left, hat_right, clap_left, clap_right, left, right] = &voices.lanes;
    for i in 0..BLOCK_LEN {
        let late = 0.09 * late[i];
        let noises = [hat_left[i] + clap_left[i], hat_right[i] + clap_right[i]];
        room[0][i] = (0.75 * left[i] + 0.2 * noises[0]) + (late + 0.2 * repeats[0][i]);
        room[1][i] = (0.75 * right[i] + 0.2 * noises[1]) + (late + 0.2 * repeats[1][i]);
    }
}

wide! {
    /// Writes the mix of all, the echo's repeats and the room's answer, while `space` goes its way.
    fn sum = sum_plain(
        voices: &Voices,
        out: &mut Block,
        late: &Lane,
        repeats: &Block,
        room: &Block,
        space: Segment,
    );
}

#[inline(always)]
fn sum_plain(
    voices: &Voices,
    out: &mut Block,
    late: &Lane,
    repeats: &Block,
    room: &Block,
    space: Segment,
) {
    let [_, line, hat_left, hat_right, clap_left, clap_right, left, right] = &voices.lanes;
    for i in 0..BLOCK_LEN {
        let [dry, repeated, roomy] = gains_of(space.from + space.step * i as i32 as f32);
        let duck = voices.duck[i];
        let (line, late, kick) = (0.26 * line[i], 0.15 * late[i], 0.36 * voices.kick[i]);
        let wet = [
            repeated * repeats[0][i] + roomy * room[0][i],
            repeated * repeats[1][i] + roomy * room[1][i],
        ];
        let drums = [
            kick + 0.9 * (hat_left[i] + clap_left[i]),
            kick + 0.9 * (hat_right[i] + clap_right[i]),
        ];
        out[0][i] = dry * drums[0] + duck * (dry * ((line + late) + left[i]) + wet[0]);
        out[1][i] = dry * drums[1] + duck * (dry * ((line - late) + right[i]) + wet[1]);
    }
}

/// What `space` makes of what is dry, of the echo and of the room.
#[inline(always)]
fn gains_of(space: f32) -> [f32; 3] {
    [1.0 - 0.25 * space, 0.52 * space, 0.38 * space]
}

impl Synth {
    /// Mean square a channel the mix is held at: -17 LUFS, tuned by meter, 2026-11.
    const GOAL: f32 = 0.0135;
    /// The slowest sixteenths, at 100 bpm, three of them: the longest echo.
    const LONGEST_ECHO_SECONDS: f32 = 0.45;
    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let sample_rate = sample_rate_hz as f32;
        let mut synth = Self {
            line: Line::new(sample_rate_hz),
            stabs: Stabs::new(chance.word(40, 1), sample_rate_hz),
            drums: Drums::new(&chance, sample_rate_hz),
            bank: SvfBank::new([Tuning::new(0.01, 1.0); 8], [Response::Low; 8]),
            brightness: Knob::new(at(Param::Brightness)),
            resonance: Knob::new(at(Param::Resonance)),
            space: Knob::new(at(Param::Space)),
            light: 0.0,
            light_goal: 0.0,
            light_rest: math::exp2(-(BLOCK_LEN as f32) / (0.06 * sample_rate)),
            step_len: sample_rate * 15.0 / at(Param::Tempo),
            voices: Voices::SILENCE,
            tunings: [Tuning::new(0.01, 1.0); 8],
            at: 0,
            echo: Echo::new((Self::LONGEST_ECHO_SECONDS * sample_rate) as u32 + 1),
            reverb: Reverb::new(sample_rate_hz),
            width: Width::new(sample_rate_hz),
            repeats: [[0.0; BLOCK_LEN]; 2],
            room: [[0.0; BLOCK_LEN]; 2],
            master: Master::new(
                20.0,
                Leveler::new(Self::GOAL, 2.0, 25.0, 0.75, sample_rate_hz),
                at(Param::Level),
                sample_rate_hz,
            ),
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
        let tone = LineTone { light: light + self.light, resonance: self.resonance.value() };
        let Voices { lanes, kick, duck, .. } = &mut self.voices;
        let [line, _, hat_left, hat_right, clap_left, clap_right, left, right] = lanes;
        let [first, second] = self.line.render(&mut line[samples.clone()], tone);
        let noises = [
            &mut hat_left[samples.clone()],
            &mut hat_right[samples.clone()],
            &mut clap_left[samples.clone()],
            &mut clap_right[samples.clone()],
        ];
        let [hats, claps] = self.drums.render_noises(noises, 0.3 * light);
        let stabs = [&mut left[samples.clone()], &mut right[samples.clone()]];
        let stabs = self.stabs.render(stabs, 0.7 * light + 0.3 * self.light);
        self.tunings = [first, second, hats, hats, claps, claps, stabs, stabs];
        let from = self.drums.kick_level();
        self.drums.render_kick(&mut kick[samples.clone()]);
        let to = self.drums.kick_level();
        let ducked = Segment::between(1.0 - 0.55 * from, 1.0 - 0.55 * to, samples.len());
        write_line(&mut duck[samples.clone()], ducked);
        self.voices.is_blipping |= self.drums.render_blip(&mut self.voices.blip[samples]);
    }

    /// What the knob adds to every cutoff, in octaves.
    fn light_of_knob(&self) -> f32 {
        4.2 * (self.brightness.value() - 0.5)
    }

    fn mix(&mut self, out: &mut Block) {
        let space = self.space.advance();
        let late = self.width.spread(&self.voices.lanes[1]);
        let mut into_echo = [0.0; BLOCK_LEN];
        join(&mut self.voices, &mut into_echo, late, self.drums.blip_place());
        let Self { repeats, room, .. } = self;
        self.echo.set_time((3.0 * self.step_len) as u32);
        self.echo.set_feedback(0.25 + 0.4 * space.from, 0.4);
        self.echo.render(&into_echo, repeats.each_mut());
        send(&self.voices, room, late, repeats);
        self.reverb.set(0.66 + 0.2 * space.from, 0.35);
        self.reverb.process(room);
        sum(&self.voices, out, late, repeats, room, space);
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
        // A block behind, so that the two stages are filters side by side and need not wait for each other.
        let [first, second, ..] = &mut self.voices.lanes;
        second.copy_from_slice(first);
        self.at = 0;
        self.brightness.advance();
        let way = (self.light - self.light_goal) * self.light_rest;
        self.light = self.light_goal + if way * way < 1e-8 { 0.0 } else { way };
    }

    /// What must not be missed comes first: a busy bar has more than is told.
    fn tell(&self, step: &Step, teller: &mut Teller<'_>) {
        if step.kick > 0.0 {
            teller.hit("kick", step.kick, 0.0);
        }
        if let Some(line) = step.line {
            teller.tone("line", line.note, if line.is_accented { 1.0 } else { 0.5 }, 0.0);
        }
        if step.stab > 0.0 {
            step.chord.iter().for_each(|note| teller.tone("stabs", *note, step.stab, 0.0));
        }
        if step.clap > 0.0 {
            teller.hit("clap", step.clap, 0.0);
        }
        if step.crash > 0.0 {
            teller.hit("crash", step.crash, 0.0);
        }
        // Both change sides with every stroke.
        if step.blip > 0.0 {
            teller.tone("blips", step.blip_note, step.blip, -self.drums.blip_place());
        }
        let hat = if step.open > 0.0 { step.open } else { step.hat };
        if hat > 0.0 {
            teller.hit("hats", hat, -self.drums.hat_place());
        }
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
        self.light = math::clamp(self.light, -8.0, 8.0);
        self.light_goal = math::clamp(self.light_goal, -8.0, 8.0);
        self.step_len.visit(word);
        self.step_len = math::clamp(self.step_len, 64.0, 1e5);
        self.echo.visit(word);
        self.reverb.visit(word);
        self.master.visit(word);
    }
}
