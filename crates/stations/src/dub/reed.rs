//! The melodica: a reed that is blown into.
//!
//! ```text
//! sin(x + index · sin x)      index follows the breath; vibrato of 5.1 Hz comes after a while
//! ```

use perpetuo_dsp::{FmPair, Phase, Segment, math, mix};

use super::pace::{Pace, follow};

/// The melodica: one voice. It is over within a second or two, so no snapshot needs it.
pub(super) struct Reed {
    pair: FmPair,
    level: f32,
    vibrato: Phase,
    /// How deep the vibrato has become.
    depth: f32,
    note: f32,
    pitch: f32,
    gain: f32,
    held: f32,
    send: f32,
    paces: Paces,
    sample_rate: f32,
}

struct Paces {
    attack: Pace,
    release: Pace,
    depth: Pace,
    glide: Pace,
}

impl Reed {
    /// How deep the vibrato becomes, in semitones.
    const DEPTH: f32 = 0.16;

    pub(super) fn new(sample_rate_hz: u32) -> Self {
        let pace = |seconds: f32| Pace::new(seconds * sample_rate_hz as f32);
        Self {
            pair: FmPair::new(),
            level: 0.0,
            vibrato: Phase::new(),
            depth: 0.0,
            note: 60.0,
            pitch: 60.0,
            gain: 0.0,
            held: 0.0,
            send: 0.0,
            paces: Paces {
                attack: pace(0.018),
                release: pace(0.045),
                depth: pace(0.35),
                glide: pace(0.01),
            },
            sample_rate: sample_rate_hz as f32,
        }
    }

    /// Plays a note for so many samples, and how much of it goes to the tape.
    pub(super) fn play(&mut self, note: f32, gain: f32, held: f32, send: f32) {
        if self.level < 1e-3 {
            self.pair.restart();
            self.vibrato.turn = 0;
            self.pitch = note - 0.4;
        }
        self.depth = 0.0;
        (self.note, self.gain, self.held, self.send) = (note, gain, held, send);
    }

    /// Writes the reed over silence, and adds what of it goes to the tape; a multiple of 8 samples. Whether there
    /// is any.
    pub(super) fn render(&mut self, out: &mut [f32], send: &mut [f32]) -> bool {
        let (len, rate) = (out.len(), self.sample_rate);
        if self.held <= 0.0 && self.level == 0.0 {
            return false;
        }
        let goal = if self.held > 0.0 { self.gain } else { 0.0 };
        let paces = &self.paces;
        let pace = if goal > self.level { &paces.attack } else { &paces.release };
        self.held -= len as f32;
        let level = follow(&mut self.level, len, goal, pace);
        follow(&mut self.depth, len, Self::DEPTH, &paces.depth);
        self.pitch = self.note + (self.pitch - self.note) * paces.glide.rest(len);
        self.vibrato.set_phase_step(5.1 * len as f32 / rate);
        self.vibrato.skip(1);
        let turn = self.vibrato.turn as i32 as f32 * (1.0 / 4_294_967_296.0);
        let note = self.pitch + self.depth * math::sin_turns(turn);
        let step = math::hz_from_note(note) / rate;
        self.pair.set(step, step);
        // Brighter when blown harder, and in the beat of the vibrato.
        let index = Segment { from: 0.7 + 1.5 * level.from, step: 1.5 * level.step };
        self.pair.render(out, level, index);
        mix::add(send, out, Segment::flat(self.send));
        true
    }
}
