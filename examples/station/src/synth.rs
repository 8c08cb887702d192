//! How WEAVE sounds: wooden bars of four modes in a room.
//!
//! ```text
//! 16 voices ─► a line a part ─► places ─┬─────────► master
//!                                       └─► room ──►┘
//! ```
//!
//! Ratios of a bar tuned as a marimba's (1, 3.93, 9.2): N. Fletcher, T. Rossing, *The Physics of Musical
//! Instruments*, ch. 19.

use perpetuo_dsp::{Leveler, ModalBank, Partial, Reverb, Segment, State, math, mix};
use perpetuo_station::BLOCK_LEN;
use perpetuo_stations::{Block, Knob, Master, Teller};

use super::{Param, composer::Note};

/// What a part plays on.
struct Instrument {
    name: &'static str,
    /// -1 (left) to 1 (right).
    place: f32,
    /// Multiples of the note, levels, and half-lives in seconds at A3.
    modes: [(f32, f32, f32); MODES],
    /// Fade-in, in samples: a soft mallet is slow.
    attack: u32,
}

const MODES: usize = 4;

/// The order is that of [`super::composer::Part`]. By meter, 2026-11.
#[rustfmt::skip]
const INSTRUMENTS: [Instrument; 4] = [
    Instrument { name: "first", place: -0.55, attack: 64,
        modes: [(1.0, 0.3, 0.2), (2.0, 0.02, 0.12), (3.93, 0.13, 0.07), (9.2, 0.04, 0.02)] },
    Instrument { name: "second", place: 0.55, attack: 64,
        modes: [(1.0, 0.28, 0.24), (3.0, 0.08, 0.13), (5.4, 0.09, 0.06), (9.6, 0.03, 0.02)] },
    Instrument { name: "deep", place: 0.0, attack: 256,
        modes: [(1.0, 0.22, 0.5), (2.0, 0.14, 0.45), (3.0, 0.05, 0.3), (3.93, 0.03, 0.1)] },
    Instrument { name: "bell", place: 0.1, attack: 128,
        modes: [(1.0, 0.12, 0.9), (1.003, 0.08, 0.8), (2.76, 0.05, 0.5), (5.4, 0.02, 0.2)] },
];

/// The synthesiser of one performance.
pub(crate) struct Synth {
    voices: [Voice; 16],
    /// The block as far as it is rendered, a line a part.
    lines: [[f32; BLOCK_LEN]; INSTRUMENTS.len()],
    at: usize,
    brightness: Knob,
    space: Knob,
    room: Reverb,
    master: Master,
    sample_rate: f32,
}

#[derive(Default)]
struct Voice {
    bank: ModalBank<MODES>,
    /// A place in [`INSTRUMENTS`].
    part: usize,
}

impl Synth {
    pub(crate) fn new(sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        // A mean square of 0.0115 is some -17 LUFS here; a hand of 40 s evens what knobs do.
        let leveler = Leveler::new(0.0115, 2.5, 40.0, 0.74, sample_rate_hz);
        Self {
            voices: Default::default(),
            lines: [[0.0; BLOCK_LEN]; INSTRUMENTS.len()],
            at: 0,
            brightness: Knob::new(at(Param::Brightness)),
            space: Knob::new(at(Param::Space)),
            room: Reverb::new(sample_rate_hz),
            master: Master::new(20.0, leveler, at(Param::Level), sample_rate_hz),
            sample_rate: sample_rate_hz as f32,
        }
    }

    fn render_until(&mut self, end: usize) {
        for voice in self.voices.iter_mut().filter(|voice| voice.bank.is_sounding()) {
            voice.bank.render(&mut self.lines[voice.part][self.at..end]);
        }
        self.at = end;
    }

    /// What a stroke sets ringing: a bright one the upper modes, a low one for longer.
    fn partials(&self, note: &Note) -> [Partial; MODES] {
        let step = math::hz_from_note(note.note) / self.sample_rate;
        let longer = math::exp2((45.0 - note.note) * (1.0 / 24.0));
        let tilt = 1.6 * (self.brightness.value() - 0.5);
        INSTRUMENTS[note.part as usize].modes.map(|(ratio, level, half)| Partial {
            phase_step: step * ratio,
            level: note.gain * level * math::exp2(tilt * math::log2(ratio)),
            half: half * longer * self.sample_rate,
        })
    }
}

impl perpetuo_stations::Synth for Synth {
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
        self.render_until(at);
        let partials = self.partials(&note);
        let mut softest = 0;
        for index in 1..self.voices.len() {
            if self.voices[index].bank.loudness() < self.voices[softest].bank.loudness() {
                softest = index;
            }
        }
        let voice = &mut self.voices[softest];
        voice.part = note.part as usize;
        voice.bank.strike(&partials, INSTRUMENTS[voice.part].attack);
    }

    fn render(&mut self, out: &mut Block) {
        self.render_until(BLOCK_LEN);
        self.at = 0;
        self.brightness.advance();
        let space = self.space.advance();
        *out = [[0.0; BLOCK_LEN]; 2];
        let [left, right] = out;
        for (line, instrument) in self.lines.iter_mut().zip(&INSTRUMENTS) {
            let gains = mix::pan(instrument.place).map(Segment::flat);
            mix::add_panned(&mut [left, right], line, gains);
            *line = [0.0; BLOCK_LEN];
        }
        let mut room = *out;
        self.room.set(0.8 + 0.13 * space.from, 0.35);
        self.room.process(&mut room);
        let wet = |space: f32| 0.05 + 0.5 * space * (1.0 - 0.4 * space);
        let wet = Segment::between(wet(space.from), wet(space.at(BLOCK_LEN)), BLOCK_LEN);
        for (out, room) in out.iter_mut().zip(&room) {
            mix::add(out, room, wet);
        }
        self.master.process(out);
    }

    fn tell(&self, note: &Note, teller: &mut Teller<'_>) {
        let instrument = &INSTRUMENTS[note.part as usize];
        teller.tone(instrument.name, note.note, note.gain, instrument.place);
    }

    fn skip(&mut self, blocks: u32) {
        self.voices.iter_mut().for_each(|voice| voice.bank.reset());
        self.room.skip(blocks);
        // Longer than any way they go.
        for _ in 0..blocks.min(400) {
            self.brightness.advance();
            self.space.advance();
        }
    }
}

/// Voices are not visited: the longest has died away before the refill is over.
impl State for Synth {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.brightness.visit(word);
        self.space.visit(word);
        self.room.visit(word);
        self.master.visit(word);
    }
}
