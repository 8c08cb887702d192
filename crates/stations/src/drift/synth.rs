//! How DRIFT sounds: layers, rooms, and what holds the mix together.
//!
//! ```text
//! pads, halo ──┬───────────────────────────► near ─┐
//! bells ─┬─────┼───────────────────────────────────┤
//!        └─► echo ────────────────────────────────►┤─► DC ─► leveler ─► limiter ─► level
//!              └─► high-pass ─► reverb ─► far ─────┤
//! breath, wind, drone ─────────────────────────────┘
//! ```

use perpetuo_dsp::{Chance, Echo, Leveler, Reverb, Segment, State, math, mix};
use perpetuo_station::BLOCK_LEN;

use super::{
    Param,
    air::Air,
    bells::Bells,
    character::Character,
    drone::Drone,
    halo::Halo,
    note::{Mood, Note, share, way},
    pads::{Pads, Tone},
};
use crate::{
    knob::Knob,
    master::Master,
    performer::{self, Block},
    teller::Teller,
};

/// Levels of the layers in the mix, by meter, 2026-11.
mod mixed {
    pub(super) const PADS: f32 = 0.32;
    pub(super) const BELLS: f32 = 0.3;
    pub(super) const REPEATS: f32 = 0.3;
    pub(super) const AIR: f32 = 0.1;
    pub(super) const HALO: f32 = 0.035;
    /// Of all but air and drone, back from the hall.
    pub(super) const HALL: f32 = 0.6;
    pub(super) const DRONE: f32 = 0.26;
}

/// The synthesiser of one performance.
pub(super) struct Synth {
    pads: Pads,
    bells: Bells,
    drone: Drone,
    halo: Halo,
    air: Air,
    mood: Mood,
    /// Drone, breath, halo, light and blend on their way to the mood's.
    slow: [f32; 5],
    /// What is left of that way after a block.
    rest: f32,
    brightness: Knob,
    space: Knob,
    motion: Knob,
    echo: Echo,
    reverb: Reverb,
    master: Master,
    /// Blocks since the beginning.
    time: u32,
}

impl Synth {
    /// Mean square a channel the mix is held at: -17 LUFS, by meter, 2026-11.
    const GOAL: f32 = 0.0112;

    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let character = Character::new(&chance);
        let sample_rate = sample_rate_hz as f32;
        let mut echo = Echo::new((character.echo_seconds * sample_rate) as u32);
        echo.set_feedback(0.3 + 0.35 * at(Param::Space), 0.3);
        echo.reset();
        let mood = Mood {
            drone: 0.0,
            breath: 0.0,
            halo: 0.0,
            light: character.light,
            blend: character.blend,
            ground: 0,
            tones: [0; 4],
        };
        Self {
            pads: Pads::new(&chance, &character, sample_rate_hz),
            bells: Bells::new(sample_rate_hz),
            drone: Drone::new(&character, sample_rate_hz),
            halo: Halo::new(&chance, sample_rate_hz),
            air: Air::new(&chance, sample_rate_hz),
            mood,
            slow: [0.3, 0.2, 0.0, 0.3, 0.5],
            // A half-life of 0.15 s: the composer moves slowly, in steps of a quarter of a second.
            rest: math::exp2(-(BLOCK_LEN as f32) / (0.15 * sample_rate)),
            brightness: Knob::new(at(Param::Brightness)),
            space: Knob::new(at(Param::Space)),
            motion: Knob::new(at(Param::Motion)),
            echo,
            reverb: Reverb::new(sample_rate_hz),
            master: Master::new(
                25.0,
                Leveler::new(Self::GOAL, 3.0, 24.0, 0.6, sample_rate_hz),
                at(Param::Level),
                sample_rate_hz,
            ),
            time: 0,
        }
    }

    fn approach(&mut self) {
        let Mood { drone, breath, halo, light, blend, .. } = self.mood;
        for (slow, goal) in self.slow.iter_mut().zip([drone, breath, halo, light, blend]) {
            *slow = goal + (*slow - goal) * self.rest;
            let is_nothing = *slow * *slow < 1e-10;
            *slow = if is_nothing { 0.0 } else { *slow };
        }
    }

    /// Adds the bells and their repeats to what is near.
    fn ring(&mut self, near: &mut Block, dry: Segment, space: f32) {
        self.bells.render();
        let mut into = [0.0; BLOCK_LEN];
        mix::add_all(&mut into, &self.bells.sent());
        let mut repeats = [[0.0; BLOCK_LEN]; 2];
        self.echo.set_feedback(0.3 + 0.35 * space, 0.3);
        self.echo.render(&into, repeats.each_mut());
        for (side, near) in near.iter_mut().enumerate() {
            let [left, middle, right] = self.bells.heard(side, dry.times(mixed::BELLS));
            let repeats = Some((&repeats[side], dry.times(mixed::REPEATS)));
            mix::add_all(near, &[left, middle, right, repeats]);
        }
        self.bells.clear();
    }

    /// Adds air, and what the hall makes of what is near, at a level of `wet`.
    fn surround(&mut self, near: &mut Block, wet: Segment, space: f32, air: f32, light: f32) {
        let mut far = [[0.0; BLOCK_LEN]; 2];
        self.air.render(near, &mut far, self.mood.tones, air, light, self.time);
        self.reverb.set(feedback(space), 0.42 - 0.3 * self.brightness.value());
        self.reverb.process(&mut far);
        for side in 0..2 {
            // A quarter of each side on the other: wide, and still there in mono.
            let [same, other] = [(&far[side], wet.times(0.9)), (&far[1 - side], wet.times(0.25))];
            mix::add_all(&mut near[side], &[Some(same), Some(other)]);
        }
    }
}

/// What is left near when the hall is `space` large.
fn dry(space: f32) -> f32 {
    0.85 - 0.45 * space
}

/// What comes back of the hall, for what is near at a level of [`dry`] already.
fn wet(space: f32) -> f32 {
    // A longer tail is louder by √(1 / (1 − feedback²)); this takes that back.
    let even = (4.7 * (1.0 - feedback(space) * feedback(space))).sqrt();
    mixed::HALL * even * (0.06 + 0.5 * space) / dry(space)
}

fn feedback(space: f32) -> f32 {
    0.82 + 0.135 * space
}

impl performer::Synth for Synth {
    type Note = Note;

    fn set(&mut self, index: usize, value: f32) {
        match Param::ALL.get(index) {
            Some(Param::Level) => self.master.set_level(value),
            Some(Param::Brightness) => self.brightness.set(value),
            Some(Param::Space) => self.space.set(value),
            Some(Param::Motion) => self.motion.set(value),
            _ => {}
        }
    }

    fn play(&mut self, note: Note, at: usize) {
        match note {
            Note::Mood(mood) => {
                self.mood = mood;
                self.drone.move_to(mood.ground);
            }
            Note::Pad(pad) => self.pads.begin(pad),
            Note::LetGo(let_go) => self.pads.let_go(let_go),
            Note::Stroke(stroke) => self.bells.strike(stroke, at, self.brightness.value()),
        }
    }

    fn render(&mut self, out: &mut Block) {
        self.approach();
        let [drone, breath, halo, light, blend] = self.slow;
        self.brightness.advance();
        self.motion.advance();
        let space = self.space.advance();
        let along = |of: &dyn Fn(f32) -> f32| {
            Segment::between(of(space.from), of(space.at(BLOCK_LEN)), BLOCK_LEN)
        };
        let (dry, wet) = (along(&dry), along(&wet));
        let near = dry.at(BLOCK_LEN);
        let brightness = self.brightness.value();
        let light = 3.8 * (brightness - 0.5) + light;
        let tone = Tone { light, motion: self.motion.value(), blend };
        *out = [[0.0; BLOCK_LEN]; 2];
        let [left, right] = out;
        self.pads.render(&mut [left, right], &tone, mixed::PADS * near, self.time);
        let halo = mixed::HALO * near * halo * (0.4 + 1.2 * brightness);
        self.halo.render(&mut [left, right], self.mood.tones, halo, self.time);
        self.ring(out, dry, space.from);
        let air = mixed::AIR * breath * (0.35 + brightness);
        self.surround(out, wet, space.from, air, light);
        let [left, right] = out;
        self.drone.render(&mut [left, right], mixed::DRONE * drone, brightness);
        self.master.process(out);
        self.time = self.time.wrapping_add(1);
    }

    fn tell(&self, note: &Note, teller: &mut Teller<'_>) {
        match note {
            Note::Mood(mood) => {
                // Below this it is felt rather than heard.
                const HEARD: f32 = 0.05;
                let is_new = mood.ground != self.mood.ground || self.mood.drone <= HEARD;
                if is_new && mood.drone > HEARD {
                    teller.tone("drone", mood.ground.into(), mood.drone, 0.0);
                }
            }
            Note::Pad(pad) => teller.tone("pads", pad.note.into(), share(pad.gain), way(pad.place)),
            Note::Stroke(stroke) => {
                let (gain, place) = (share(stroke.gain), way(stroke.place));
                teller.tone("bells", stroke.note.into(), gain, place);
            }
            Note::LetGo(_) => {}
        }
    }

    fn skip(&mut self, blocks: u32) {
        self.pads.skip(blocks);
        self.bells.skip();
        self.air.skip(blocks);
        self.time = self.time.wrapping_add(blocks);
    }
}

impl State for Synth {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.pads.visit(word);
        self.bells.visit(word);
        self.drone.visit(word);
        self.halo.visit(word);
        self.air.visit(word);
        self.slow.visit(word);
        self.slow = self.slow.map(|slow| math::clamp(slow, -2.0, 2.0));
        let mut tones = u32::from_le_bytes(self.mood.tones);
        tones.visit(word);
        self.mood.tones = tones.to_le_bytes().map(|tone| tone.min(127));
        for knob in [&mut self.brightness, &mut self.space, &mut self.motion] {
            knob.visit(word);
        }
        self.echo.visit(word);
        self.reverb.visit(word);
        self.master.visit(word);
        self.time.visit(word);
    }
}
