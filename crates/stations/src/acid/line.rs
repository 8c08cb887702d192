//! The line: a saw or a pulse into 24 dB of resonant low-pass, with accent and slide, then a drive.
//!
//! The filter is two lanes of the bank that all of ACID's filters share, the second a block behind the first.

use perpetuo_dsp::{Saw, Segment, State, Swell, Tuning, math, mix};
use perpetuo_station::BLOCK_LEN;

use super::{composer::LineNote, hit::Hit};

/// One monophonic voice.
pub(super) struct Line {
    saws: [Saw; 2],
    /// Opens the filter.
    sweep: Hit,
    gate: Swell,
    /// The note it slides to, and where it is, in semitones above C0.
    goal: f32,
    note: f32,
    /// Cycles per sample of `note`.
    phase_step: f32,
    is_open: bool,
    is_accented: bool,
    /// -1 for a pulse, up to 0.4 for a saw with its octave.
    blend: f32,
    /// Where its filter's stages stand; while it is silent they stay.
    tunings: [Tuning; 2],
    sample_rate: f32,
}

/// Where filter and drive stand, once per block.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineTone {
    /// Cutoff in octaves from the middle.
    pub light: f32,
    /// 0..1.
    pub resonance: f32,
}

impl Line {
    pub(super) fn new(sample_rate_hz: u32) -> Self {
        let mut line = Self {
            saws: [Saw::new(); 2],
            sweep: Hit::new(1.0, 1.0, Hit::REST),
            gate: Swell::new(0.0),
            goal: 21.0,
            note: 21.0,
            phase_step: 0.0,
            is_open: false,
            is_accented: false,
            blend: 0.0,
            tunings: [Tuning::new(0.01, 1.4); 2],
            sample_rate: sample_rate_hz as f32,
        };
        line.prepare();
        line
    }

    /// Begins a note, or slides to it. A new blend is taken with a note that begins.
    pub(super) fn play(&mut self, line: LineNote, blend: f32) {
        self.goal = line.note;
        if line.slides && self.is_open {
            return;
        }
        if !self.is_open && self.gate.level() < 0.01 {
            self.blend = blend;
            // From the same phases every time, so that a passage sounds alike whenever it is begun; a
            // third of a turn apart, as saws that fell together would cancel to nothing as a pulse.
            self.saws[0].start_at(0);
            self.saws[1].start_at(1 << 30);
        }
        self.note = line.note;
        (self.is_open, self.is_accented) = (true, line.is_accented);
        self.sweep.strike(if line.is_accented { 1.0 } else { 0.62 });
        self.prepare();
    }

    /// Ends the note.
    pub(super) fn rest(&mut self) {
        self.is_open = false;
    }

    /// Writes what goes into the filter, at most a block, and tells how its two stages are to stand.
    pub(super) fn render(&mut self, out: &mut [f32], tone: LineTone) -> [Tuning; 2] {
        let (len, rate) = (out.len(), self.sample_rate);
        self.slide(len);
        let sweep = self.sweep.advance(len);
        let goal = if self.is_open { if self.is_accented { 1.0 } else { 0.72 } } else { 0.0 };
        let gate = self.gate.advance(len, goal, 0.001 * rate, 0.006 * rate);
        if gate == Segment::flat(0.0) {
            out.fill(0.0);
            return self.tunings;
        }
        self.oscillate(out, gate);
        let octaves = tone.light + (1.9 + 1.9 * tone.resonance) * sweep.at(len);
        let cutoff = 300.0 * math::exp2(octaves + (self.note - 21.0) * (0.4 / 12.0)) / rate;
        // Two stages, only the second one rings: 1/Q from 1.3 down to 0.07.
        let k = 1.3 - 1.23 * (1.0 - (1.0 - tone.resonance) * (1.0 - tone.resonance));
        self.tunings = [Tuning::new(cutoff, 1.4), Tuning::new(cutoff, k)];
        self.tunings
    }

    /// Drives what comes out of the filter.
    pub(super) fn drive(io: &mut [f32], resonance: Segment) {
        // What resonance takes from the lows and adds at the peak is evened before the drive.
        let drive = |resonance: f32| 2.6 - 1.1 * resonance;
        let len = io.len();
        let drives = Segment::between(drive(resonance.from), drive(resonance.at(len)), len);
        mix::saturate(io, drives);
    }

    /// Pitch and pace from note and accent.
    fn prepare(&mut self) {
        self.phase_step = math::hz_from_note(self.note) / self.sample_rate;
        let seconds = if self.is_accented { 0.075 } else { 0.13 };
        self.sweep.set_halves(0.001 * self.sample_rate, seconds * self.sample_rate);
    }

    /// A slide is half done in 22 ms, and over when a hundredth of a semitone is left.
    fn slide(&mut self, len: usize) {
        let way = self.note - self.goal;
        if way == 0.0 {
            return;
        }
        let way = way * math::exp2(-(len as f32) / (0.022 * self.sample_rate));
        self.note = if way * way < 1e-4 { self.goal } else { self.goal + way };
        self.phase_step = math::hz_from_note(self.note) / self.sample_rate;
    }

    fn oscillate(&mut self, out: &mut [f32], gate: Segment) {
        self.saws[0].render(out, self.phase_step);
        if self.blend != 0.0 {
            let mut second = [0.0; BLOCK_LEN];
            let second = &mut second[..out.len()];
            // A saw less its shifted self is a pulse; 0.7 % apart its width wanders.
            let ratio = if self.blend < 0.0 { 1.007 } else { 2.0 };
            self.saws[1].render(second, ratio * self.phase_step);
            mix::add(out, second, Segment::flat(self.blend));
        }
        mix::scale(out, gate);
    }
}

impl State for Line {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.saws.visit(word);
        self.sweep.visit(word);
        self.gate.visit(word);
        for note in [&mut self.goal, &mut self.note] {
            note.visit(word);
            *note = math::clamp(*note, 0.0, 127.0);
        }
        self.is_open.visit(word);
        self.is_accented.visit(word);
        self.blend.visit(word);
        self.blend = math::clamp(self.blend, -1.0, 1.0);
        self.prepare();
    }
}
