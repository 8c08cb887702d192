//! The bass: a sine that bends itself a little, and is bent a little more by the valve behind it.
//!
//! ```text
//! sin(x + index · sin x) ─► level ─► saturate ─► (low-pass, in the synth's bank)
//! index falls from pluck to body by halves of 90 ms
//! ```
//!
//! Harmonics two and three are what a small loudspeaker has of a note at 45 Hz.

use perpetuo_dsp::{Chance, Decay, FmPair, Segment, State, Swell, math, mix};

/// The bass of one performance: one voice.
pub(super) struct Bass {
    pair: FmPair,
    level: Swell,
    pluck: Decay,
    note: f32,
    /// Where the pitch is on its way to `note`.
    pitch: f32,
    gain: f32,
    /// Samples left to hold.
    held: f32,
    /// Index of the body and of the pluck above it, in radians.
    index: [f32; 2],
    drive: f32,
    release: f32,
    sample_rate: f32,
}

impl Bass {
    pub(super) fn new(chance: &Chance, stream: u32, sample_rate_hz: u32) -> Self {
        let draw = |of: u32, low, high| chance.between(stream, of, low, high);
        Self {
            pair: FmPair::new(),
            level: Swell::new(0.0),
            pluck: Decay::new(),
            note: 21.0,
            pitch: 21.0,
            gain: 0.0,
            held: 0.0,
            index: [draw(0, 0.25, 0.6), draw(1, 0.2, 1.1)],
            drive: draw(2, 1.3, 2.2),
            release: draw(3, 0.02, 0.05),
            sample_rate: sample_rate_hz as f32,
        }
    }

    /// Plays a note for so many samples; one that follows closely is slid to.
    pub(super) fn play(&mut self, note: f32, gain: f32, held: f32) {
        if self.level.level() < 1e-3 {
            self.pair.restart();
            self.pitch = note;
        }
        (self.note, self.gain, self.held) = (note, gain, held);
        self.pluck.strike(1.0);
    }

    /// Writes the bass, a multiple of 8 samples, at least 8.
    pub(super) fn render(&mut self, out: &mut [f32]) {
        out.fill(0.0);
        let (len, rate) = (out.len(), self.sample_rate);
        if self.held <= 0.0 && self.level.level() == 0.0 {
            return;
        }
        let goal = if self.held > 0.0 { self.gain } else { 0.0 };
        self.held -= len as f32;
        let level = self.level.advance(len, goal, 0.004 * rate, self.release * rate);
        if goal == 0.0 && self.level.level() < 1e-4 {
            self.level.reset(0.0);
        }
        self.pitch =
            self.note + (self.pitch - self.note) * math::exp2(-(len as f32) / (0.012 * rate));
        let step = math::hz_from_note(self.pitch) / rate;
        self.pair.set(step, step);
        let pluck = self.pluck.advance(len, 0.002 * rate, 0.09 * rate);
        let [body, above] = self.index;
        let index = Segment { from: body + above * pluck.from, step: above * pluck.step };
        self.pair.render(out, level, index);
        mix::saturate(out, Segment::flat(self.drive));
    }
}

impl State for Bass {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.pair.visit(word);
        self.level.visit(word);
        self.level.reset(math::clamp(self.level.level(), 0.0, 1.0));
        for note in [&mut self.note, &mut self.pitch] {
            note.visit(word);
            *note = math::clamp(*note, 8.0, 48.0);
        }
        self.gain.visit(word);
        self.gain = math::clamp(self.gain, 0.0, 1.0);
        self.held.visit(word);
    }
}
