//! How KALIMBA sounds: voices rendered up to each stroke, then noises, echo, hall and the mix.

use perpetuo_dsp::{Chance, Echo, Leveler, Reverb, Segment, State, Swell, math, wide};
use perpetuo_station::BLOCK_LEN;

use super::{
    Param,
    composer::Note,
    ground::{Ground, follow},
    noises::{Envelopes, Noises, Tone},
    timbre::{Timbre, name},
    tines::{Struck, Tines},
};
use crate::{
    knob::Knob,
    master::Master,
    performer,
    performer::Block,
    teller::{Teller, note_from_hz},
};

/// The synthesiser of one performance.
pub(super) struct Synth {
    tines: Tines,
    noises: Noises,
    ground: Ground,
    brightness: Knob,
    space: Knob,
    buzz: Knob,
    /// The scene's factor of the buzz and its share of room, and where they head.
    scene: [Swell; 2],
    goals: [f32; 2],
    /// What is left of their way after a block.
    rest: f32,
    struck: Struck,
    envelopes: Envelopes,
    /// How much of the block is rendered.
    at: usize,
    echo: Echo,
    reverb: Reverb,
    master: Master,
    sample_rate: f32,
}

impl Synth {
    /// Mean square a channel the mix is held at: -17 LUFS, tuned by meter, 2026-11.
    const GOAL: f32 = 0.0108;
    const LONGEST_ECHO_SECONDS: f32 = 0.55;
    /// Half-life of the way from scene to scene.
    const SCENE_SECONDS: f32 = 1.5;

    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let sample_rate = sample_rate_hz as f32;
        let mut synth = Self {
            tines: Tines::new(chance.word(40, 1), sample_rate_hz),
            noises: Noises::new(chance.word(40, 2), sample_rate_hz),
            ground: Ground::new(sample_rate_hz),
            brightness: Knob::new(at(Param::Brightness)),
            space: Knob::new(at(Param::Space)),
            buzz: Knob::new(at(Param::Buzz)),
            scene: [Swell::new(1.0), Swell::new(0.0)],
            goals: [1.0, 0.0],
            rest: math::exp2(-(BLOCK_LEN as f32) / (Self::SCENE_SECONDS * sample_rate)),
            struck: Struck::SILENCE,
            envelopes: Envelopes::SILENCE,
            at: 0,
            echo: Echo::new((Self::LONGEST_ECHO_SECONDS * sample_rate) as u32 + 1),
            reverb: Reverb::new(sample_rate_hz),
            master: Master::new(
                24.0,
                Leveler::new(Self::GOAL, 2.4, 80.0, 1.1, sample_rate_hz),
                at(Param::Level),
                sample_rate_hz,
            ),
            sample_rate,
        };
        synth.echo.start_at(synth.echo_len(15.0 * sample_rate / at(Param::Tempo)));
        synth.echo.set_feedback(0.4, 0.45);
        synth.echo.reset();
        synth
    }

    /// The longest of a dotted eighth, an eighth and a sixteenth that there is room for.
    fn echo_len(&self, step_len: f32) -> u32 {
        let longest = Self::LONGEST_ECHO_SECONDS * self.sample_rate;
        let times = [3.0, 2.0, 1.0].map(|steps| steps * step_len);
        times.into_iter().find(|time| *time <= longest).unwrap_or(longest) as u32
    }

    fn render_until(&mut self, end: usize) {
        let samples = self.at..end.clamp(self.at, BLOCK_LEN);
        self.at = samples.end;
        if !samples.is_empty() {
            self.tines.render(&mut self.struck, samples.clone());
            self.noises.follow(&mut self.envelopes, samples);
        }
    }

    /// From near to far: what is dry falls as echo and hall rise.
    fn mix(&mut self, out: &mut Block, space: Segment) {
        let sides = &self.struck.sides;
        let mut into_echo = [0.0; BLOCK_LEN];
        write_mid(&mut into_echo, sides);
        let mut repeats = [[0.0; BLOCK_LEN]; 2];
        let brightness = self.brightness.value();
        self.echo.set_feedback(0.2 + 0.32 * space.from, 0.55 - 0.35 * brightness);
        self.echo.render(&into_echo, repeats.each_mut());
        // A longer tail is louder by √(1 / (1 − feedback²)); the wet gain takes that back.
        let feedback = |space: f32| 0.74 + 0.18 * space;
        let even = |space: f32| (3.2 * (1.0 - feedback(space) * feedback(space))).sqrt();
        let along = |of: &dyn Fn(f32) -> f32| {
            Segment::between(of(space.from), of(space.at(BLOCK_LEN)), BLOCK_LEN)
        };
        let dry = along(&|space| 1.0 - 0.3 * space);
        let echoed = along(&|space| 0.08 + 0.3 * space);
        let wet = along(&|space| even(space) * (0.16 + 0.42 * space));
        let mut hall = [[0.0; BLOCK_LEN]; 2];
        send(&mut hall, sides, &repeats);
        self.reverb.set(feedback(space.from), 0.5 - 0.28 * brightness);
        self.reverb.process(&mut hall);
        gather(out, &self.struck, &repeats, &hall, [dry, echoed, wet]);
    }
}

wide! {
    /// Writes the mean of both sides.
    fn write_mid = write_mid_plain(out: &mut [f32; BLOCK_LEN], sides: &Block);
}

#[inline(always)]
fn write_mid_plain(out: &mut [f32; BLOCK_LEN], [left, right]: &Block) {
    for i in 0..BLOCK_LEN {
        out[i] = 0.5 * (left[i] + right[i]);
    }
}

wide! {
    /// Writes what goes into the hall.
    fn send = send_plain(hall: &mut Block, near: &Block, far: &Block);
}

#[inline(always)]
fn send_plain(hall: &mut Block, near: &Block, far: &Block) {
    for side in 0..2 {
        for i in 0..BLOCK_LEN {
            hall[side][i] = 0.42 * near[side][i] + 0.25 * far[side][i];
        }
    }
}

wide! {
    /// Writes the mix; sides, repeats and hall have their gains.
    fn gather = gather_plain(
        out: &mut Block,
        struck: &Struck,
        repeats: &Block,
        hall: &Block,
        gains: [Segment; 3],
    );
}

#[inline(always)]
fn gather_plain(
    out: &mut Block,
    Struck { sides, middle }: &Struck,
    repeats: &Block,
    hall: &Block,
    [dry, echoed, wet]: [Segment; 3],
) {
    for side in 0..2 {
        for i in 0..BLOCK_LEN {
            let near = dry.at(i) * sides[side][i] + 0.85 * middle[i];
            out[side][i] = near + echoed.at(i) * repeats[side][i] + wet.at(i) * hall[side][i];
        }
    }
}

impl performer::Synth for Synth {
    type Note = Note;

    fn set(&mut self, index: usize, value: f32) {
        match Param::of(index) {
            Some(Param::Level) => self.master.set_level(value),
            Some(Param::Brightness) => self.brightness.set(value),
            Some(Param::Space) => self.space.set(value),
            Some(Param::Buzz) => self.buzz.set(value),
            _ => {}
        }
    }

    fn play(&mut self, note: Note, at: usize) {
        match note {
            Note::Strike(stroke) => {
                self.render_until(at);
                if stroke.timbre() == name::SHAKER {
                    self.noises.shake(stroke.gain());
                    return;
                }
                self.tines.strike(stroke, self.brightness.value());
                let click = Timbre::of(stroke.timbre()).click;
                self.noises.click(click * stroke.gain(), stroke.place());
            }
            Note::Drone { note, level } => self.ground.head_for(note, level),
            Note::Scene { rattle, room } => self.goals = [rattle, room],
            Note::Beat(step_len) => self.echo.set_time(self.echo_len(step_len)),
        }
    }

    fn render(&mut self, out: &mut Block) {
        self.render_until(BLOCK_LEN);
        self.brightness.advance();
        for (swell, goal) in self.scene.iter_mut().zip(self.goals) {
            follow(swell, goal, [self.rest; 2]);
        }
        let [rattle, room] = [self.scene[0].level(), self.scene[1].level()];
        let buzz = self.buzz.advance();
        let tone = Tone { brightness: self.brightness.value(), buzz: buzz.times(2.6 * rattle) };
        self.noises.render(&mut self.struck, &self.envelopes, tone);
        self.ground.render(&mut self.struck.middle);
        let space = self.space.advance();
        let roomy = |space: f32| math::clamp(space + room, 0.0, 1.0);
        let ends = [space.from, space.at(BLOCK_LEN)].map(roomy);
        self.mix(out, Segment::between(ends[0], ends[1], BLOCK_LEN));
        self.master.process(out);
        self.struck.clear();
        self.envelopes.clear();
        self.at = 0;
    }

    fn tell(&self, note: &Note, teller: &mut Teller<'_>) {
        match note {
            Note::Strike(stroke) => {
                // The loudest tine has a gain of a half, all else of a quarter.
                let (gain, place) = (2.0 * stroke.gain(), stroke.place());
                match stroke.timbre() {
                    name::SHAKER => teller.hit("shaker", 2.0 * gain, 0.0),
                    name::WOOD => teller.hit("wood", 2.0 * gain, place),
                    name::BASS => teller.tone("bass", note_from_hz(stroke.hz()), 2.0 * gain, 0.0),
                    _ => teller.tone("tines", note_from_hz(stroke.hz()), gain, place),
                }
            }
            Note::Drone { note, level } if *level > 0.0 && self.ground.would_begin(*note) => {
                teller.tone("drone", *note as f32, 2.0 * *level, 0.0);
            }
            Note::Drone { .. } | Note::Scene { .. } | Note::Beat(_) => {}
        }
    }

    fn skip(&mut self, blocks: u32) {
        let samples = blocks.wrapping_mul(BLOCK_LEN as u32);
        self.tines.skip(samples);
        self.noises.skip(blocks);
        self.ground.skip(samples);
        let half = Self::SCENE_SECONDS * self.sample_rate;
        for (swell, goal) in self.scene.iter_mut().zip(self.goals) {
            swell.advance(samples as usize, goal, half, half);
        }
    }
}

impl State for Synth {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.tines.visit(word);
        self.noises.visit(word);
        self.ground.visit(word);
        for knob in [&mut self.brightness, &mut self.space, &mut self.buzz] {
            knob.visit(word);
        }
        self.scene.visit(word);
        self.goals.visit(word);
        for (swell, goal) in self.scene.iter_mut().zip(&mut self.goals) {
            swell.reset(math::clamp(swell.level(), -1.0, 4.0));
            *goal = math::clamp(*goal, -1.0, 4.0);
        }
        self.echo.visit(word);
        self.reverb.visit(word);
        self.master.visit(word);
    }
}
