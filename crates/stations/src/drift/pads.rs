//! The pads: eight voices in two quartets, each with its own gate, sway and place.

use perpetuo_dsp::{Chance, Quartet, Segment, State, Swell, Tuning, math};
use perpetuo_station::BLOCK_LEN;

use super::synth::Mood;

/// A pad to begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct PadNote {
    /// Semitones above C0.
    pub note: f32,
    /// Peak gain, 0..1.
    pub gain: f32,
    /// How long it is held, in blocks.
    pub blocks: u32,
    /// Half-life of the attack in samples; the release takes 2.2 times as long.
    pub attack: f32,
    /// Place, -1 (left) to 1 (right).
    pub place: f32,
}

/// Eight pad voices.
pub(super) struct Pads {
    quartets: [Quartet; 2],
    voices: [Voice; 8],
    sample_rate: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Voice {
    note: f32,
    gain: f32,
    blocks: u32,
    attack: f32,
    place: f32,
    swell: Swell,
    /// Phase of the slow sway, in 2^-32 turns.
    sway: u32,
}

impl Pads {
    /// -54 dB: a voice softer than that may begin anew.
    const FREE: f32 = 0.002;

    pub(super) fn new(chance: &Chance, sample_rate_hz: u32) -> Self {
        let voice = |index: u32| Voice {
            note: 48.0,
            attack: 1.0,
            sway: chance.word(40, index),
            ..Voice::default()
        };
        Self {
            quartets: [Quartet::new(chance.word(41, 0)), Quartet::new(chance.word(41, 1))],
            voices: std::array::from_fn(|index| voice(index as u32)),
            sample_rate: sample_rate_hz as f32,
        }
    }

    /// Begins a pad on a voice that is free; without one it tells so and plays nothing.
    pub(super) fn begin(&mut self, pad: PadNote) -> bool {
        let is_free = |voice: &Voice| voice.blocks == 0 && voice.swell.level() < Self::FREE;
        let Some(index) = self.voices.iter().position(is_free) else { return false };
        let voice = &mut self.voices[index];
        (voice.note, voice.gain, voice.blocks) = (pad.note, pad.gain, pad.blocks.max(1));
        (voice.attack, voice.place) = (pad.attack, pad.place);
        true
    }

    /// How many pads are held.
    pub(super) fn held(&self) -> usize {
        self.voices.iter().filter(|voice| voice.blocks > 0).count()
    }

    /// Lets go, soon, of every pad whose note is not wanted any more.
    pub(super) fn let_go(&mut self, is_wanted: impl Fn(f32) -> bool) {
        for voice in &mut self.voices {
            if !is_wanted(voice.note) {
                voice.blocks = 0;
                // A release with a half-life of 0.15 s.
                voice.attack = math::clamp(voice.attack, 1.0, 0.07 * self.sample_rate);
            }
        }
    }

    /// Adds one block.
    pub(super) fn render(&mut self, out: &mut [&mut [f32]; 2], mood: &Mood) {
        for (quartet, voices) in self.quartets.iter_mut().zip(self.voices.chunks_mut(4)) {
            let mut gains = [[Segment::flat(0.0); 4]; 2];
            let mut tunings = [Tuning::new(0.01, 1.1); 4];
            let mut is_silent = true;
            for (index, voice) in voices.iter_mut().enumerate() {
                let level = voice.advance();
                if level.from == 0.0 && level.step == 0.0 {
                    // Its phases stand still, so that a snapshot needs no pitch.
                    quartet.set_pitch(index, 0.0, 0.0);
                    continue;
                }
                is_silent = false;
                let (phase_step, tuning) = voice.tune(mood, self.sample_rate, level.at(BLOCK_LEN));
                quartet.set_pitch(index, phase_step, 0.003 + 0.004 * mood.motion);
                tunings[index] = tuning;
                let place = 0.8 * voice.place + 0.5 * mood.motion * voice.swaying(3);
                let place = math::clamp(place, -1.0, 1.0);
                let level = level.times(voice.gain);
                // A straight law, 3 dB down in the middle of the way; the reverb hides it.
                gains[0][index] = level.times(math::clamp(1.0 - place, 0.15, 1.0));
                gains[1][index] = level.times(math::clamp(1.0 + place, 0.15, 1.0));
            }
            if !is_silent {
                quartet.render(out, &gains, tunings, mood.blend);
            }
        }
    }
}

impl Voice {
    fn advance(&mut self) -> Segment {
        // Sways take 13 to 21 s, a little different with each note held.
        self.sway = self.sway.wrapping_add(310_000 + (self.note as u32 % 12) * 17_000);
        // A release heads for a little below nothing, so that it ends, after 6.7 half-lives.
        let goal = if self.blocks > 0 { 1.0 } else { -0.01 };
        self.blocks = self.blocks.saturating_sub(1);
        if self.blocks == 0 && self.swell.level() <= 0.0 {
            return Segment::flat(0.0);
        }
        let level = self.swell.advance(BLOCK_LEN, goal, self.attack, 2.2 * self.attack);
        if self.swell.level() >= 0.0 {
            return level;
        }
        self.swell.reset(0.0);
        Segment::between(level.from, 0.0, BLOCK_LEN)
    }

    fn tune(&self, mood: &Mood, sample_rate: f32, level: f32) -> (f32, Tuning) {
        // Up to 4 cents either way.
        let bend = 1.0 + 0.002_3 * mood.motion * self.swaying(1);
        let hz = math::hz_from_note(self.note) * bend;
        // The filter opens with the level, follows half the pitch, and sways by up to an octave.
        let octaves = mood.light
            + 1.6 * (level - 1.0)
            + (self.note - 48.0) * (0.5 / 12.0)
            + mood.motion * self.swaying(2);
        let cutoff = 880.0 * math::exp2(octaves);
        (hz / sample_rate, Tuning::new(cutoff / sample_rate, 0.9))
    }

    /// The sway, `times` as fast, in -1..1.
    fn swaying(&self, times: u32) -> f32 {
        let turn = self.sway.wrapping_mul(times) as i32;
        math::sin_turns(turn as f32 * (1.0 / 4_294_967_296.0))
    }
}

impl State for Pads {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.quartets.visit(word);
        self.voices.visit(word);
    }
}

impl State for Voice {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for part in [&mut self.note, &mut self.gain, &mut self.attack, &mut self.place] {
            part.visit(word);
        }
        self.note = math::clamp(self.note, 0.0, 127.0);
        self.gain = math::clamp(self.gain, 0.0, 1.0);
        self.attack = math::clamp(self.attack, 1.0, 1e6);
        self.blocks.visit(word);
        self.blocks = self.blocks.min(1 << 20);
        self.swell.visit(word);
        self.swell.reset(math::clamp(self.swell.level(), 0.0, 1.0));
        self.sway.visit(word);
    }
}
