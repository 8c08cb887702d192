//! The bass: a sine that bends itself a little, and is bent a little more by the valve behind it.
//!
//! ```text
//! sin(x + index · sin x) ─► level ─► saturate ─► (low-pass, in the synth's bank)
//! index falls from pluck to body by halves of 90 ms
//! ```
//!
//! Harmonics two and three are what a small loudspeaker has of a note at 45 Hz.

use perpetuo_dsp::{Chance, FmPair, Segment, State, math, mix};

use super::pace::{Pace, SILENCE, Stroke, follow};

/// The bass of one performance: one voice.
pub(super) struct Bass {
    pair: FmPair,
    level: f32,
    pluck: Stroke,
    note: f32,
    /// Where the pitch is on its way to `note`.
    pitch: f32,
    gain: f32,
    /// Samples left to hold.
    held: f32,
    /// Index of the body and of the pluck above it, in radians.
    index: [f32; 2],
    drive: f32,
    paces: Paces,
    sample_rate: f32,
}

struct Paces {
    attack: Pace,
    release: Pace,
    glide: Pace,
    /// Attack and half-life of the pluck.
    pluck: [Pace; 2],
}

impl Bass {
    pub(super) fn new(chance: &Chance, stream: u32, sample_rate_hz: u32) -> Self {
        let draw = |of: u32, low, high| chance.between(stream, of, low, high);
        let sample_rate = sample_rate_hz as f32;
        let pace = |seconds: f32| Pace::new(seconds * sample_rate);
        Self {
            pair: FmPair::new(),
            level: 0.0,
            pluck: Stroke::new(SILENCE),
            note: 21.0,
            pitch: 21.0,
            gain: 0.0,
            held: 0.0,
            index: [draw(0, 0.25, 0.6), draw(1, 0.2, 1.1)],
            drive: draw(2, 1.3, 2.2),
            paces: Paces {
                attack: pace(0.004),
                release: pace(draw(3, 0.02, 0.05)),
                glide: pace(0.012),
                pluck: [0.002, 0.09].map(pace),
            },
            sample_rate,
        }
    }

    /// Plays a note for so many samples; one that follows closely is slid to.
    pub(super) fn play(&mut self, note: f32, gain: f32, held: f32) {
        if self.level < 1e-3 {
            self.pair.restart();
            self.pitch = note;
            self.tune();
        }
        (self.note, self.gain, self.held) = (note, gain, held);
        self.pluck.strike(1.0);
    }

    /// Writes the bass over silence, a multiple of 8 samples; whether there is any.
    pub(super) fn render(&mut self, out: &mut [f32]) -> bool {
        if self.held <= 0.0 && self.level == 0.0 {
            return false;
        }
        let (len, paces) = (out.len(), &self.paces);
        let goal = if self.held > 0.0 { self.gain } else { 0.0 };
        let pace = if goal > self.level { &paces.attack } else { &paces.release };
        self.held -= len as f32;
        let level = follow(&mut self.level, len, goal, pace);
        let pluck = self.pluck.advance(len, &paces.pluck[0], &paces.pluck[1]);
        if self.pitch != self.note {
            let rest = (self.pitch - self.note) * paces.glide.rest(len);
            self.pitch = if rest * rest < 1e-6 { self.note } else { self.note + rest };
            self.tune();
        }
        let [body, above] = self.index;
        let index = Segment { from: body + above * pluck.from, step: above * pluck.step };
        self.pair.render(out, level, index);
        mix::saturate(out, Segment::flat(self.drive));
        true
    }

    fn tune(&mut self) {
        let step = math::hz_from_note(self.pitch) / self.sample_rate;
        self.pair.set(step, step);
    }
}

impl State for Bass {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.pair.visit(word);
        self.level.visit(word);
        self.level = math::clamp(self.level, 0.0, 1.0);
        for note in [&mut self.note, &mut self.pitch] {
            note.visit(word);
            *note = math::clamp(*note, 8.0, 48.0);
        }
        self.gain.visit(word);
        self.gain = math::clamp(self.gain, 0.0, 1.0);
        self.held.visit(word);
        self.tune();
    }
}
