//! How DRIFT sounds: layers, rooms, and what holds the mix together.

use perpetuo_dsp::{Chance, Echo, Leveler, Reverb, State, Swell, math};
use perpetuo_station::BLOCK_LEN;

use super::{
    Param,
    bells::Bells,
    composer::Scene,
    ground::{Breath, Drone},
    pads::Pads,
};
use crate::{blockwise::Block, knob::Knob, master::Master};

/// What the layers need to know of scene and knobs, once per block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mood {
    /// How far filters are open, in octaves from the middle.
    pub light: f32,
    /// How much everything sways, 0..1.
    pub motion: f32,
    /// From pulses (-1) to a chorus of saws (1).
    pub blend: f32,
}

/// The synthesiser of one performance.
pub(super) struct Synth {
    pub(super) pads: Pads,
    pub(super) bells: Bells,
    pub(super) drone: Drone,
    breath: Breath,
    scene: Scene,
    /// Breath, drone, light and blend on their slow way to the scene's.
    slow: [Swell; 4],
    brightness: Knob,
    space: Knob,
    motion: Knob,
    echo: Echo,
    reverb: Reverb,
    master: Master,
    sample_rate: f32,
}

impl Synth {
    /// Time between two repeats; bells and pulse are played in steps of it.
    pub(super) const ECHO_SECONDS: f32 = 0.4;

    /// Mean square a channel the mix is held at: -17 LUFS, tuned by meter, 2026-11.
    const GOAL: f32 = 0.0112;

    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let sample_rate = sample_rate_hz as f32;
        let mut echo = Echo::new((Self::ECHO_SECONDS * sample_rate) as u32);
        echo.set_feedback(0.5, 0.35);
        echo.reset();
        Self {
            pads: Pads::new(&chance, sample_rate_hz),
            bells: Bells::new(sample_rate_hz),
            drone: Drone::new(sample_rate_hz),
            breath: Breath::new(&chance, sample_rate_hz),
            scene: Scene::START,
            slow: [0.3, 0.8, 0.2, 0.5].map(Swell::new),
            brightness: Knob::new(at(Param::Brightness)),
            space: Knob::new(at(Param::Space)),
            motion: Knob::new(at(Param::Motion)),
            echo,
            reverb: Reverb::new(sample_rate_hz),
            master: Master::new(
                25.0,
                Leveler::new(Self::GOAL, 3.0, 22.0, 0.5, sample_rate_hz),
                at(Param::Level),
                sample_rate_hz,
            ),
            sample_rate,
        }
    }

    pub(super) fn set(&mut self, param: Param, value: f32) {
        match param {
            Param::Level => self.master.set_level(value),
            Param::Brightness => self.brightness.set(value),
            Param::Space => self.space.set(value),
            Param::Motion => self.motion.set(value),
            Param::Density | Param::Root | Param::Scale | Param::Bells => {}
        }
    }

    /// Heads for a scene, over some ten seconds.
    pub(super) fn set_scene(&mut self, scene: Scene) {
        self.scene = scene;
    }

    /// Renders one block.
    pub(super) fn render(&mut self, out: &mut Block) {
        let half = 3.0 * self.sample_rate;
        let goals = [self.scene.breath, self.scene.drone, self.scene.light, self.scene.blend];
        for (slow, goal) in self.slow.iter_mut().zip(goals) {
            slow.advance(BLOCK_LEN, goal, half, half);
        }
        let [breath, drone, light, blend] = self.slow.map(|slow| slow.level());
        self.brightness.advance();
        self.motion.advance();
        let brightness = self.brightness.value();
        let mood =
            Mood { light: 4.4 * (brightness - 0.5) + light, motion: self.motion.value(), blend };
        *out = [[0.0; BLOCK_LEN]; 2];
        let [left, right] = out;
        self.pads.render(&mut [left, right], &mood);
        self.breath.render(&mut [left, right], 0.26 * breath * (0.3 + brightness), mood.light);
        let mut struck = [[0.0; BLOCK_LEN]; 2];
        let [struck_left, struck_right] = &mut struck;
        self.bells.render(&mut [struck_left, struck_right], brightness);
        self.mix(out, &struck, 0.34 * drone, brightness);
        self.master.process(out);
    }

    /// Sends to the rooms and cross-fades between near and far; the drone stays dry.
    fn mix(&mut self, out: &mut Block, struck: &Block, drone: f32, brightness: f32) {
        let space = self.space.advance();
        // A longer tail is louder by √(1 / (1 − feedback²)); the wet gain takes that back.
        let feedback = |space: f32| 0.82 + 0.135 * space;
        let even = |space: f32| (4.7 * (1.0 - feedback(space) * feedback(space))).sqrt();
        let ends = [space.from, space.at(BLOCK_LEN)];
        let wet = ends.map(|space| even(space) * (0.06 + 0.5 * space));
        let dry = ends.map(|space| 0.85 - 0.45 * space);
        let step = 1.0 / BLOCK_LEN as f32;
        let mut into_echo = [0.0; BLOCK_LEN];
        for (into, (left, right)) in into_echo.iter_mut().zip(struck[0].iter().zip(&struck[1])) {
            *into = 0.25 * (left + right);
        }
        let mut repeats = [[0.0; BLOCK_LEN]; 2];
        let [repeats_left, repeats_right] = &mut repeats;
        self.echo.set_feedback(0.3 + 0.35 * space.from, 0.3);
        self.echo.render(&into_echo, &mut [repeats_left, repeats_right]);
        self.reverb.set(feedback(space.from), 0.42 - 0.3 * brightness);
        let mut room = [[0.0; BLOCK_LEN]; 2];
        for channel in 0..2 {
            for i in 0..BLOCK_LEN {
                let bells = 0.34 * struck[channel][i] + 0.3 * repeats[channel][i];
                room[channel][i] = 0.2 * out[channel][i] + 0.3 * bells;
                out[channel][i] = 0.32 * out[channel][i] + bells;
            }
        }
        let [room_left, room_right] = &mut room;
        self.reverb.process(&mut [room_left, room_right]);
        for side in 0..2 {
            for i in 0..BLOCK_LEN {
                let along = step * i as i32 as f32;
                let dry = dry[0] + (dry[1] - dry[0]) * along;
                let wet = wet[0] + (wet[1] - wet[0]) * along;
                // A quarter of each side on the other: wide, and still there in mono.
                let room = 0.9 * room[side][i] + 0.25 * room[1 - side][i];
                out[side][i] = dry * out[side][i] + wet * room;
            }
        }
        let [left, right] = out;
        self.drone.render(&mut [left, right], drone, brightness);
    }
}

impl State for Synth {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.pads.visit(word);
        self.bells.visit(word);
        self.drone.visit(word);
        self.breath.visit(word);
        self.slow.visit(word);
        for slow in &mut self.slow {
            slow.reset(math::clamp(slow.level(), -2.0, 2.0));
        }
        for knob in [&mut self.brightness, &mut self.space, &mut self.motion] {
            knob.visit(word);
        }
        self.echo.visit(word);
        self.reverb.visit(word);
        self.master.visit(word);
    }
}
