//! How DRONE sounds: tones, throat and strings, a room, and what holds the mix together.

use std::ops::Range;

use perpetuo_dsp::{Chance, Leveler, Reverb, Segment, State, wide};
use perpetuo_station::BLOCK_LEN;

use super::{
    Param,
    beats::Beats,
    harmony::hz_of,
    layers::{Layers, MIDDLE},
    note::Note,
    strings::Strings,
    throat::{Mood, Throat},
    tones::Tones,
};
use crate::{
    knob::Knob,
    master::Master,
    performer::{self, Block},
    teller::{Teller, note_from_hz},
};

/// The synthesiser of one performance.
pub(super) struct Synth {
    tones: Tones,
    throat: Throat,
    strings: Strings,
    layers: Layers,
    /// Samples of the block that are rendered.
    done: usize,
    brightness: Knob,
    /// Its way over the block that is rendered.
    light: Segment,
    /// How much brighter this performance is than another.
    colour: f32,
    space: Knob,
    reverb: Reverb,
    master: Master,
    sample_rate: f32,
}

impl Synth {
    /// Mean square a channel the mix is held at: -17 LUFS, by meter, 2026-11.
    const GOAL: f32 = 0.0128;

    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        Self {
            tones: Tones::new(Beats::new(&chance, sample_rate_hz), sample_rate_hz),
            throat: Throat::new(&chance, sample_rate_hz),
            strings: Strings::new(&chance, sample_rate_hz),
            layers: Layers::silent(),
            done: 0,
            brightness: Knob::new(at(Param::Brightness)),
            light: Segment::flat(at(Param::Brightness)),
            colour: chance.between(90, 0, -0.12, 0.12),
            space: Knob::new(at(Param::Space)),
            reverb: Reverb::new(sample_rate_hz),
            // So low that the blocker's corners, one a block, drown: the sub is strong, and has no offset.
            master: Master::new(
                4.0,
                Leveler::new(Self::GOAL, 3.0, 42.0, 1.25, sample_rate_hz),
                at(Param::Level),
                sample_rate_hz,
            ),
            sample_rate: sample_rate_hz as f32,
        }
    }

    /// Renders the layers up to a sample of the block.
    fn render_to(&mut self, end: usize) {
        if end <= self.done {
            return;
        }
        // At a block's start, so that between blocks it is the value last used.
        if self.done == 0 {
            self.light = self.brightness.advance();
        }
        let run: Range<usize> = self.done..end;
        let brightness = self.shine();
        let mood = Mood { clock: self.tones.clock(), brightness };
        self.tones.set_brightness(brightness);
        self.tones.render(&mut self.layers, run.len());
        self.strings.render(&mut self.layers, run.len(), brightness);
        self.throat.render(&mut self.layers, run.clone(), mood);
        self.layers.settle(run);
        self.done = end;
    }

    fn shine(&self) -> f32 {
        self.brightness.value() + self.colour
    }

    /// Cross-fades between near and far; what is low stays near.
    fn mix(&mut self, out: &mut Block) {
        let (space, light) = (self.space.advance(), self.light);
        let from = near_and_far(space.from, light.from);
        let is_still = space.step == 0.0 && light.step == 0.0;
        let to =
            if is_still { from } else { near_and_far(space.at(BLOCK_LEN), light.at(BLOCK_LEN)) };
        let gains = [
            Segment::between(from[0], to[0], BLOCK_LEN),
            Segment::between(from[1], to[1], BLOCK_LEN),
        ];
        self.reverb.set(feedback(space.from), 0.42 - 0.3 * self.shine());
        let mut room = [self.layers.sums[0], self.layers.sums[1]];
        self.reverb.process(&mut room);
        blend(out, &self.layers.sums, &room, gains);
    }
}

/// A longer tail is louder by √(1 / (1 − feedback²)); the wet gain takes that back.
fn feedback(space: f32) -> f32 {
    0.86 + 0.085 * space
}

/// Gains of dry and wet, both 0..1.
fn near_and_far(space: f32, light: f32) -> [f32; 2] {
    let even = (4.0 * (1.0 - feedback(space) * feedback(space))).sqrt();
    // Evens what brightness adds, by meter, 2026-11.
    let even_light = 1.24 - 0.48 * light;
    [even_light * (0.95 - 0.6 * space), even_light * even * (0.05 + 0.42 * space)]
}

/// How much of a side is heard on the other: pairs stay 7 dB narrower than they are.
const BLEED: f32 = 0.26;

wide! {
    /// Writes the mix.
    fn blend = blend_plain(
        out: &mut Block,
        sums: &[[f32; BLOCK_LEN]; 3],
        room: &Block,
        gains: [Segment; 2],
    );
}

#[inline(always)]
fn blend_plain(
    [left, right]: &mut Block,
    sums: &[[f32; BLOCK_LEN]; 3],
    room: &Block,
    [dry, wet]: [Segment; 2],
) {
    for i in 0..BLOCK_LEN {
        let (dry, wet) = (dry.at(i), wet.at(i));
        let middle = sums[MIDDLE][i];
        let a = dry * sums[0][i] + wet * room[0][i];
        let b = dry * sums[1][i] + wet * room[1][i];
        left[i] = middle + (a + BLEED * b);
        right[i] = middle + (b + BLEED * a);
    }
}

impl performer::Synth for Synth {
    type Note = Note;

    fn set(&mut self, index: usize, value: f32) {
        match Param::ALL.get(index) {
            Some(Param::Level) => self.master.set_level(value),
            Some(Param::Brightness) => self.brightness.set(value),
            Some(Param::Space) => self.space.set(value),
            _ => {}
        }
    }

    fn play(&mut self, note: Note, at: usize) {
        self.render_to(at);
        match note {
            Note::Tone(tone) => self.tones.head_for(tone),
            Note::Air(air) => {
                self.tones.set_beats(air.beats, air.beating);
                self.throat.head_for(&air);
            }
            Note::Pluck(pluck) => self.strings.pluck(pluck),
        }
    }

    fn render(&mut self, out: &mut Block) {
        self.render_to(BLOCK_LEN);
        self.mix(out);
        self.master.process(out);
        self.done = 0;
    }

    fn tell(&self, note: &Note, teller: &mut Teller<'_>) {
        let pitch = |step: u32| note_from_hz(hz_of(step, self.sample_rate));
        match note {
            Note::Tone(tone) => {
                if let Some((part, gain, place)) = self.tones.entering(tone) {
                    teller.tone(part, pitch(tone.step), gain, place);
                }
            }
            Note::Pluck(pluck) => teller.tone("strings", pitch(pluck.step), pluck.gain, 0.0),
            Note::Air(_) => {}
        }
    }

    fn resumed(&mut self) {
        self.tones.set_brightness(self.shine());
        self.strings.settle(self.shine());
    }

    fn skip(&mut self, blocks: u32) {
        let len = u64::from(blocks) * BLOCK_LEN as u64;
        self.tones.skip(len as u32);
        self.throat.skip(len);
        self.strings.skip(len);
        for _ in 0..blocks.min(400) {
            self.brightness.advance();
            self.space.advance();
        }
    }
}

impl State for Synth {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.brightness.visit(word);
        self.space.visit(word);
        self.tones.visit(word);
        self.strings.visit(word);
        self.throat.visit(word);
        self.reverb.visit(word);
        self.master.visit(word);
    }
}
