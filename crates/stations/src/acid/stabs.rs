//! Stabs: chords of four notes, each of two voices apart, short or held, through filters that close as
//! they fade.

use perpetuo_dsp::{Decay, Octet, Segment, State, Tuning, math};

/// One octet, struck as a whole.
pub(super) struct Stabs {
    octet: Octet,
    chord: [f32; 4],
    decay: Decay,
    held: f32,
    sample_rate: f32,
}

impl Stabs {
    /// Places of the eight voices from left to right, -1..1, two a note.
    const PLACES: [f32; 8] = [-0.5, 0.9, -0.9, 0.6, 0.5, -0.8, 0.8, -0.6];

    pub(super) fn new(salt: u32, sample_rate_hz: u32) -> Self {
        Self {
            octet: Octet::new(salt),
            chord: [48.0; 4],
            decay: Decay::new(),
            held: 0.0,
            sample_rate: sample_rate_hz as f32,
        }
    }

    /// Strikes a chord; `held` 0 (short) to 1 (long).
    pub(super) fn strike(&mut self, chord: [f32; 4], gain: f32, held: f32) {
        (self.chord, self.held) = (chord, held);
        self.decay.strike(gain);
    }

    /// Adds samples, at most a block; `light` in octaves.
    pub(super) fn render(&mut self, out: &mut [&mut [f32]; 2], light: f32) {
        let (len, rate) = (out[0].len(), self.sample_rate);
        // Between two chords the phases stand still, so that a snapshot needs no pitch.
        if len == 0 || !self.decay.is_sounding() {
            return;
        }
        let seconds = 0.05 + 0.75 * self.held * self.held;
        let level = self.decay.advance(len, (0.001 + 0.03 * self.held) * rate, seconds * rate);
        let octaves = light + 2.2 * level.at(len);
        let cutoff = 650.0 * math::exp2(octaves) / rate;
        for (index, note) in self.chord.into_iter().enumerate() {
            // Two voices a note, 9 cents apart.
            let step = math::hz_from_note(note) / rate;
            self.octet.set_pitch(index, 0.997_4 * step, 0.005);
            self.octet.set_pitch(index + 4, 1.002_6 * step, 0.005);
        }
        let level = level.times(0.72);
        let side = |sign: f32| -> [Segment; 8] {
            Self::PLACES.map(|place| level.times(math::clamp(1.0 + sign * place, 0.1, 1.0)))
        };
        let gains = [side(-1.0), side(1.0)];
        self.octet.render(out, &gains, [Tuning::new(cutoff, 0.75); 8], 0.8);
    }
}

impl State for Stabs {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.octet.visit(word);
        self.chord.visit(word);
        self.chord = self.chord.map(|note| math::clamp(note, 0.0, 127.0));
        self.decay.visit(word);
        self.held.visit(word);
        self.held = math::clamp(self.held, 0.0, 1.0);
    }
}
