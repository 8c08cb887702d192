//! How DUB sounds: voices rendered up to each note, then tape, hall and the mix at the block's end.

mod mix;

use perpetuo_dsp::{Chance, Leveler, Phase, Response, Reverb, State, SvfBank, Tape, Tuning, math};
use perpetuo_station::BLOCK_LEN;

use super::{
    Param,
    bass::Bass,
    desk::{Desk, Fader, Mix},
    drums::Drums,
    dust::Dust,
    note::Note,
    reed::Reed,
    stabs::{Chord, PLACES, Stabs},
};
use crate::{
    knob::Knob,
    master::Master,
    performer::{self, Block},
    teller::Teller,
};

/// Streams of draws; the composer's are below 900.
mod stream {
    pub(super) const STABS: u32 = 900;
    pub(super) const BASS: u32 = 920;
    pub(super) const DRUMS: u32 = 930;
    pub(super) const DUST: u32 = 940;
    pub(super) const SWEEP: u32 = 950;
}

/// Lanes of the bank of filters: brush, hiss and echoes have two sides, bass and reed one.
const BRUSH: usize = 0;
const HISS: usize = 2;
const ECHOES: usize = 4;
const BASS: usize = 6;
const REED: usize = 7;

/// The synthesiser of one performance.
pub(super) struct Synth {
    stabs: Stabs,
    bass: Bass,
    drums: Drums,
    reed: Reed,
    dust: Dust,
    desk: Desk,
    brightness: Knob,
    space: Knob,
    echo: Knob,
    wow: Knob,
    dustiness: Knob,
    /// Two slow turns that open and close the chords' filter, over minutes.
    sweeps: [Phase; 2],
    bank: SvfBank,
    /// The brightness and the ride that the bank is tuned to, in 1/1024.
    tuned: [i32; 2],
    tape: Tape,
    /// Gain of the echoes, by which a tape that goes round for longer is no louder.
    repeats: f32,
    /// Gain of the hall, and the space it is for.
    wet: [f32; 2],
    /// What all but drums and bass are turned down to by the kick.
    duck: f32,
    hall: Reverb,
    master: Master,
    voices: Voices,
    /// How much of the block is rendered.
    at: usize,
    sample_rate: f32,
}

/// One block of every voice.
struct Voices {
    lanes: [[f32; BLOCK_LEN]; 8],
    chords: Block,
    kick: [f32; BLOCK_LEN],
    rim: [f32; BLOCK_LEN],
    /// Rim and reed on their way to the tape.
    sent: [f32; BLOCK_LEN],
    heard: Heard,
    /// What was heard in the block before: filters ring a little longer.
    before: Heard,
}

/// Which voices sound in the block: the others need not be mixed.
#[derive(Clone, Copy, Debug)]
struct Heard {
    chords: bool,
    bass: bool,
    kick: bool,
    rim: bool,
    brush: bool,
    reed: bool,
}

impl Voices {
    const SILENCE: Self = Self {
        lanes: [[0.0; BLOCK_LEN]; 8],
        chords: [[0.0; BLOCK_LEN]; 2],
        kick: [0.0; BLOCK_LEN],
        rim: [0.0; BLOCK_LEN],
        sent: [0.0; BLOCK_LEN],
        heard: Heard::NOTHING,
        before: Heard::NOTHING,
    };

    /// Silence before the next block: what is added to, and what a filter has left in its lane.
    fn clear(&mut self) {
        let silence = [0.0; BLOCK_LEN];
        for lane in [BRUSH, BRUSH + 1, BASS, REED] {
            self.lanes[lane] = silence;
        }
        if self.heard.chords {
            self.chords = [silence; 2];
        }
        if self.heard.kick {
            self.kick = silence;
        }
        if self.heard.rim || self.heard.reed {
            (self.rim, self.sent) = (silence, silence);
        }
        (self.before, self.heard) = (self.heard, Heard::NOTHING);
    }
}

impl Heard {
    const NOTHING: Self =
        Self { chords: false, bass: false, kick: false, rim: false, brush: false, reed: false };
}

impl Synth {
    /// Mean square a channel the mix is held at: -17 LUFS, by meter, 2026-11.
    const GOAL: f32 = 0.0125;
    /// Three sixteenths at 60 bpm.
    const LONGEST_TAPE_SECONDS: f32 = 0.376;

    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let sample_rate = sample_rate_hz as f32;
        let periods = [[61.0, 97.0], [140.0, 230.0]];
        let sweeps = [0, 1].map(|i| {
            let [low, high] = periods[i as usize];
            let mut sweep = Phase::new();
            let seconds = chance.between(stream::SWEEP, i, low, high);
            sweep.set_phase_step(BLOCK_LEN as f32 / (seconds * sample_rate));
            sweep.turn = chance.word(stream::SWEEP, 2 + i);
            sweep
        });
        let mut tape = Tape::new((Self::LONGEST_TAPE_SECONDS * sample_rate) as u32, sample_rate_hz);
        // Three sixteenths of which eight are a beat.
        tape.start_at(22.5 * sample_rate / at(Param::Tempo));
        let lane = Tuning::new(0.1, 1.0);
        use Response::{Band, High, Low};
        Self {
            stabs: Stabs::new(&chance, stream::STABS, sample_rate_hz),
            bass: Bass::new(&chance, stream::BASS, sample_rate_hz),
            drums: Drums::new(&chance, stream::DRUMS, sample_rate_hz),
            reed: Reed::new(sample_rate_hz),
            dust: Dust::new(&chance, stream::DUST, sample_rate_hz),
            desk: Desk::new(Mix::CUT, sample_rate_hz),
            brightness: Knob::new(at(Param::Brightness)),
            space: Knob::new(at(Param::Space)),
            echo: Knob::new(at(Param::Echo)),
            wow: Knob::new(at(Param::Wow)),
            dustiness: Knob::new(at(Param::Dust)),
            sweeps,
            bank: SvfBank::new([lane; 8], [Band, Band, Low, Low, High, High, Low, Low]),
            tuned: [-1; 2],
            tape,
            repeats: 0.5,
            wet: [Self::wet(at(Param::Space)), at(Param::Space)],
            duck: 1.0,
            hall: Reverb::new(sample_rate_hz),
            master: Master::new(
                22.0,
                Leveler::new(Self::GOAL, 2.5, 45.0, 0.9, sample_rate_hz),
                at(Param::Level),
                sample_rate_hz,
            ),
            voices: Voices::SILENCE,
            at: 0,
            sample_rate,
        }
    }

    fn render_until(&mut self, end: usize) {
        let samples = self.at..end.clamp(self.at, BLOCK_LEN);
        self.at = samples.end;
        if samples.is_empty() {
            return;
        }
        if self.stabs.is_sounding() {
            let light = self.light();
            let [left, right] = &mut self.voices.chords;
            let mut chords = [&mut left[samples.clone()], &mut right[samples.clone()]];
            self.stabs.render(&mut chords, light);
            self.voices.heard.chords = true;
        }
        let voices = &mut self.voices;
        voices.heard.bass |= self.bass.render(&mut voices.lanes[BASS][samples.clone()]);
        voices.heard.kick |= self.drums.render_kick(&mut voices.kick[samples.clone()]);
        let sent = &mut voices.sent[samples.clone()];
        voices.heard.rim |= self.drums.render_rim(&mut voices.rim[samples.clone()], sent);
        voices.heard.reed |= self.reed.render(&mut voices.lanes[REED][samples.clone()], sent);
        let [left, right, ..] = &mut voices.lanes;
        voices.heard.brush |=
            self.drums.render_brush([&mut left[samples.clone()], &mut right[samples]]);
    }

    /// How far the chords' filter is open, in octaves from the middle.
    fn light(&self) -> f32 {
        let turn = |sweep: &Phase| sweep.turn as i32 as f32 * (1.0 / 4_294_967_296.0);
        let [fast, slow] = [0, 1].map(|i| math::sin_turns(turn(&self.sweeps[i])));
        let fader = self.desk.level(Fader::Light);
        4.0 * (self.brightness.value() - 0.5) + 2.8 * (fader - 0.5) + 0.45 * fast + 0.55 * slow
    }
}

impl performer::Synth for Synth {
    type Note = Note;

    fn set(&mut self, index: usize, value: f32) {
        match Param::ALL.get(index) {
            Some(Param::Level) => self.master.set_level(value),
            Some(Param::Brightness) => self.brightness.set(value),
            Some(Param::Space) => self.space.set(value),
            Some(Param::Echo) => self.echo.set(value),
            Some(Param::Wow) => self.wow.set(value),
            Some(Param::Dust) => self.dustiness.set(value),
            _ => {}
        }
    }

    fn play(&mut self, note: Note, at: usize) {
        self.render_until(at);
        match note {
            Note::Desk(mix) => self.desk.set(mix),
            Note::Tape(time) => self.tape.set_time(time),
            Note::Chord { notes, gain, held, tone } => {
                self.stabs.strike(Chord { notes, gain, held, tone });
            }
            Note::Bass { note, gain, held } => self.bass.play(note, gain, held),
            Note::Kick(gain) => self.drums.strike_kick(gain),
            Note::Rim { gain, send } => self.drums.strike_rim(gain, send),
            Note::Brush { gain, open, place } => self.drums.stroke_brush(gain, open, place),
            Note::Reed { note, gain, held, send } => self.reed.play(note, gain, held, send),
        }
    }

    fn render(&mut self, out: &mut Block) {
        self.render_until(BLOCK_LEN);
        self.mix(out);
        self.master.process(out);
        self.at = 0;
        self.voices.clear();
    }

    fn tell(&self, note: &Note, teller: &mut Teller<'_>) {
        match note {
            Note::Chord { notes, gain, .. } => {
                for (note, place) in notes.iter().zip(PLACES) {
                    teller.tone("chords", *note, *gain, place);
                }
            }
            Note::Bass { note, gain, .. } => teller.tone("bass", *note, *gain, 0.0),
            Note::Kick(gain) => teller.hit("kick", *gain, 0.0),
            Note::Rim { gain, .. } => teller.hit("rim", *gain, 0.0),
            Note::Brush { gain, place, .. } => teller.hit("brush", *gain, *place),
            Note::Reed { note, gain, .. } => teller.tone("reed", *note, *gain, 0.0),
            Note::Desk(_) | Note::Tape(_) => {}
        }
    }

    fn skip(&mut self, blocks: u32) {
        for sweep in &mut self.sweeps {
            sweep.turn = sweep.turn.wrapping_add(sweep.step.wrapping_mul(blocks));
        }
        self.desk.skip(blocks);
        self.drums.skip(blocks);
        self.dust.skip(blocks);
        self.tape.skip(blocks);
    }
}

impl State for Synth {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.stabs.visit(word);
        self.bass.visit(word);
        self.drums.visit(word);
        self.dust.visit(word);
        self.desk.visit(word);
        let knobs = [
            &mut self.brightness,
            &mut self.space,
            &mut self.echo,
            &mut self.wow,
            &mut self.dustiness,
        ];
        knobs.into_iter().for_each(|knob| knob.visit(word));
        self.sweeps.iter_mut().for_each(|sweep| sweep.turn.visit(word));
        self.tape.visit(word);
        self.hall.visit(word);
        self.master.visit(word);
    }
}
