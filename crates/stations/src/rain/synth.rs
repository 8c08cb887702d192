//! How RAIN sounds: wash, drops, bells and crickets, and the air between them.

use perpetuo_dsp::{Chance, Leveler, Reverb, Segment, State, math, mix};
use perpetuo_station::BLOCK_LEN;

use super::{
    Note, Param,
    chimes::{Chimes, Stroke},
    crickets::Crickets,
    drops::{Drip, Drops, Shower},
    wash::{Mood, Wash},
    weather::{Layer, SURFACES, Sky},
};
use crate::{
    knob::Knob,
    master::Master,
    performer::{self, Block},
    teller::{Teller, note_from_hz},
};

/// The synthesiser of one performance.
pub(super) struct Synth {
    sky: SlowSky,
    /// Blocks since the beginning.
    block: u32,
    intensity: Knob,
    distance: Knob,
    wind: Knob,
    brightness: Knob,
    space: Knob,
    wash: Wash,
    drops: Drops,
    chimes: Chimes,
    crickets: Crickets,
    reverb: Reverb,
    /// Gains of drops and bells into mix and reverb, and of what comes back, at the end of the last block.
    gains: [f32; 5],
    master: Master,
}

impl Synth {
    /// Mean square a channel the mix is held near: -17 LUFS, by meter, 2026-11.
    const GOAL: f32 = 0.0095;

    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let knob = |param| Knob::new(at(param));
        let mut synth = Self {
            sky: SlowSky::new(sample_rate_hz),
            block: 0,
            intensity: knob(Param::Intensity),
            distance: knob(Param::Distance),
            wind: knob(Param::Wind),
            brightness: knob(Param::Brightness),
            space: knob(Param::Space),
            wash: Wash::new(&chance, sample_rate_hz),
            drops: Drops::new(&chance, sample_rate_hz),
            chimes: Chimes::new(sample_rate_hz),
            crickets: Crickets::new(&chance, sample_rate_hz),
            reverb: Reverb::new(sample_rate_hz),
            gains: [0.0; 5],
            // A slow hand: weather may be loud and soft, settings are evened.
            master: Master::new(
                38.0,
                Leveler::new(Self::GOAL, 2.2, 38.0, 1.15, sample_rate_hz),
                at(Param::Level),
                sample_rate_hz,
            ),
        };
        synth.gains = synth.mix_gains();
        synth
    }

    /// How much louder the reverb is run, so that the steps of its 16 bits stay below a fog.
    const HOT: f32 = 3.0;

    /// Gains of: drops dry, bells dry, drops into the reverb, bells into it, the reverb.
    fn mix_gains(&self) -> [f32; 5] {
        let (far, space) = (self.far(), self.space.value());
        // A longer tail is louder by √(1 / (1 − feedback²)); this takes that back.
        let feedback = Self::feedback(space);
        let even = (4.0 * (1.0 - feedback * feedback)).sqrt();
        let near = 1.0 - far;
        [
            1.25 * (0.08 + 0.92 * near * near) * (1.0 - 0.25 * space),
            0.1 * (0.7 - 0.55 * space),
            Self::HOT * (0.1 + 0.25 * far) * (0.3 + 0.7 * space),
            Self::HOT * 0.08 * (0.4 + 0.6 * space),
            even * (0.35 + 0.65 * space) * (1.0 / Self::HOT),
        ]
    }

    /// Of the reverb: 2.1 to 4.7 s to -60 dB.
    fn feedback(space: f32) -> f32 {
        0.89 + 0.06 * space
    }

    /// How far away it is, 0..1: as asked for, and as the weather is heard.
    fn far(&self) -> f32 {
        math::clamp(self.distance.value() + 0.6 * self.sky.now[Layer::Far as usize] - 0.3, 0.0, 1.0)
    }

    fn mood(&self) -> Mood {
        let layer = |layer: Layer| self.sky.now[layer as usize];
        let wind = self.wind.value();
        Mood {
            rain: layer(Layer::Rain) * (0.3 + 1.4 * self.intensity.value()),
            // Below the default the knob is a gain; above it the weather itself is windier.
            wind: layer(Layer::Wind) * math::clamp(2.5 * wind, 0.0, 1.0),
            whistle: layer(Layer::Whistle),
            rumble: layer(Layer::Rumble),
            note: 128.0 * layer(Layer::Pitch),
            distance: self.far(),
            // The weather moves it by up to 1 either way; it never hisses.
            tilt: math::clamp(
                2.0 * (self.brightness.value() + layer(Layer::Tilt)) - 2.0,
                -1.5,
                1.0,
            ),
            surfaces: self.sky.surfaces(),
        }
    }

    /// Gain of the nearest cricket.
    fn insects(&self) -> f32 {
        0.035 * self.sky.now[Layer::Insects as usize]
    }

    fn shower(&self, mood: &Mood) -> Shower {
        let layer = |layer: Layer| self.sky.now[layer as usize];
        let intensity = self.intensity.value();
        Shower {
            block: self.block,
            // From afar most of them are part of the wash.
            drops: layer(Layer::Drops) * (0.2 + 1.2 * intensity) * (1.0 - 0.6 * mood.distance),
            brook: layer(Layer::Gutter) * (0.45 + 0.7 * intensity),
            surfaces: mood.surfaces,
            shift: 0.45 * mood.tilt - 0.35 * mood.distance,
        }
    }

    /// Adds drops and bells, near by themselves and far through the reverb.
    fn air(&mut self, out: &mut Block, mood: &Mood) {
        let goals = self.mix_gains();
        let [drops_dry, bells_dry, drops_sent, bells_sent, wet]: [Segment; 5] =
            std::array::from_fn(|at| Segment::between(self.gains[at], goals[at], BLOCK_LEN));
        self.gains = goals;
        let mut drops = [[0.0; BLOCK_LEN]; 2];
        self.drops.render(&mut drops, &self.shower(mood));
        let mut bells = None;
        if self.chimes.are_sounding() {
            let bells = bells.insert([[0.0; BLOCK_LEN]; 2]);
            self.chimes.render(bells, mood.tilt);
        }
        let bells = bells.as_ref();
        let mut room = [[0.0; BLOCK_LEN]; 2];
        for side in 0..2 {
            let bells = |gain: Segment| bells.map(|bells| (&bells[side], gain));
            let drops = |gain: Segment| Some((&drops[side], gain));
            mix::add_all(&mut out[side], &[drops(drops_dry), bells(bells_dry)]);
            mix::add_all(&mut room[side], &[drops(drops_sent), bells(bells_sent)]);
        }
        self.reverb.set(Self::feedback(self.space.value()), 0.5 - 0.25 * mood.tilt);
        self.reverb.process(&mut room);
        for (out, room) in out.iter_mut().zip(&room) {
            mix::add(out, room, wet);
        }
    }
}

impl performer::Synth for Synth {
    type Note = Note;

    fn set(&mut self, index: usize, value: f32) {
        let Some(param) = Param::ALL.get(index) else { return };
        match param {
            Param::Level => self.master.set_level(value),
            Param::Intensity => self.intensity.set(value),
            Param::Distance => self.distance.set(value),
            Param::Wind => self.wind.set(value),
            Param::Brightness => self.brightness.set(value),
            Param::Space => self.space.set(value),
            Param::Bells | Param::Thunder | Param::Surface | Param::Root | Param::Scale => {}
        }
    }

    fn play(&mut self, note: Note, at: usize) {
        match note {
            Note::Sky(sky) => self.sky.head_for(&sky, self.block == 0),
            Note::Bell(stroke) => self.chimes.strike(Stroke { at, ..stroke }),
            Note::Drip(drip) => self.drops.drip(Drip { at, ..drip }),
        }
    }

    fn render(&mut self, out: &mut Block) {
        self.sky.advance();
        for knob in [
            &mut self.intensity,
            &mut self.distance,
            &mut self.wind,
            &mut self.brightness,
            &mut self.space,
        ] {
            knob.advance();
        }
        let mood = self.mood();
        self.wash.render(out, &mood);
        self.crickets.render(out, self.block, self.insects());
        self.air(out, &mood);
        self.master.process(out);
        self.block = self.block.wrapping_add(1);
    }

    fn tell(&self, note: &Note, teller: &mut Teller<'_>) {
        match note {
            Note::Sky(sky) => {
                // Each lobe of a roll.
                const LOUD: f32 = 0.2;
                let rumble = sky.layers[Layer::Rumble as usize];
                if rumble >= LOUD && self.sky.goal[Layer::Rumble as usize] < LOUD {
                    teller.hit("thunder", 2.0 * rumble, 0.0);
                }
            }
            Note::Bell(stroke) => teller.tone("bells", stroke.note, stroke.gain, stroke.place),
            Note::Drip(drip) => {
                teller.tone("drips", note_from_hz(drip.hz), drip.gain, drip.place);
            }
        }
    }

    /// Drops are many: as many are told as there is time for.
    fn tell_own(&self, teller: &mut Teller<'_>) {
        let block = self.block.wrapping_sub(1);
        for chirp in self.crickets.chirps(block, self.insects()).into_iter().flatten() {
            teller.tone("crickets", note_from_hz(chirp.hz), chirp.gain, chirp.place);
        }
        if let Some([gain, place]) = self.drops.largest() {
            teller.hit("drops", gain, place);
        }
    }

    fn resumed(&mut self) {
        // Until the next sky is heard of, within a beat.
        self.sky.goal = self.sky.now;
    }

    fn skip(&mut self, blocks: u32) {
        self.block = self.block.wrapping_add(blocks);
        self.wash.skip(blocks);
        self.chimes.skip();
    }
}

impl State for Synth {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.sky.visit(word);
        self.block.visit(word);
        for knob in [
            &mut self.intensity,
            &mut self.distance,
            &mut self.wind,
            &mut self.brightness,
            &mut self.space,
        ] {
            knob.visit(word);
        }
        self.wash.visit(word);
        self.chimes.visit(word);
        self.reverb.visit(word);
        self.master.visit(word);
    }
}

/// The sky on its way from one beat to the next.
struct SlowSky {
    now: [f32; SLOW],
    goal: [f32; SLOW],
    /// Share of the way in a block: a half-life of 0.2 s.
    share: f32,
}

/// The layers, then the surfaces.
const SLOW: usize = Layer::COUNT + SURFACES;

impl SlowSky {
    fn new(sample_rate_hz: u32) -> Self {
        let halves = BLOCK_LEN as f32 / (0.2 * sample_rate_hz as f32);
        Self { now: [0.5; SLOW], goal: [0.0; SLOW], share: 1.0 - math::exp2(-halves) }
    }

    /// Heads for a sky, or stands there at once.
    fn head_for(&mut self, sky: &Sky, at_once: bool) {
        self.goal[..Layer::COUNT].copy_from_slice(&sky.layers);
        self.goal[Layer::COUNT..].copy_from_slice(&sky.surfaces);
        if at_once {
            self.now = self.goal;
        }
    }

    fn advance(&mut self) {
        for (now, goal) in self.now.iter_mut().zip(&self.goal) {
            // Added so that nothing ever comes near a denormal number.
            *now += self.share * (*goal - *now + 1e-12);
        }
    }

    fn surfaces(&self) -> [f32; SURFACES] {
        std::array::from_fn(|at| self.now[Layer::COUNT + at])
    }
}

/// The goal is not visited: the next beat tells it again.
impl State for SlowSky {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.now.visit(word);
        self.now = self.now.map(|level| math::clamp(level, 0.0, 1.0));
    }
}
