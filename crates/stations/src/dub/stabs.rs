//! The chords: two hands of four voices, so that one may ring while the other strikes.
//!
//! ```text
//! 4 × two saws ─► low-pass, 12 dB ─► level ─► places of the voices
//! cutoff = 520 Hz · 2^(light + tone + depth · contour)      contour falls by halves
//! ```

use perpetuo_dsp::{Chance, Octet, Segment, State, Tuning, math, mix};

use super::{
    harmony::VOICES,
    pace::{Pace, SILENCE, Stroke, follow},
};

const HANDS: usize = 2;

/// Where the voices of a chord stand, -1 (left) to 1 (right).
pub(super) const PLACES: [f32; VOICES] = [-0.1, 0.42, -0.5, 0.62];

/// A chord to be struck.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chord {
    pub notes: [f32; VOICES],
    pub gain: f32,
    /// Samples held.
    pub held: f32,
    /// Octaves the filter opens further.
    pub tone: f32,
}

/// What one seed's chords are like.
#[derive(Clone, Copy, Debug)]
struct Timbre {
    /// See [`Octet`]: from pulses (-1) to a chorus of saws (1).
    blend: f32,
    spread: f32,
    damping: f32,
    depth: f32,
}

/// How fast levels and filters go.
struct Paces {
    /// Up and down, of a stab and of a pad.
    stab: [Pace; 2],
    pad: [Pace; 2],
    /// Down from where little is left, of a stab and of a pad.
    ends: [Pace; 2],
    /// Attack and half-life.
    contour: [Pace; 2],
}

/// The chords of one performance.
pub(super) struct Stabs {
    octet: Octet,
    hands: [Hand; HANDS],
    timbre: Timbre,
    paces: Paces,
    gains: [[f32; VOICES]; 2],
    /// What a closed filter takes is given back in part, and the reverse.
    makeup: f32,
    /// Of a hand at rest.
    rest: Tuning,
    sample_rate: f32,
}

#[derive(Clone, Copy, Debug)]
struct Hand {
    chord: Chord,
    level: f32,
    contour: Stroke,
    /// What comes once the sounding chord has been faded out, and the samples left of that.
    waiting: Option<Chord>,
    fade_left: usize,
}

impl Hand {
    fn new() -> Self {
        Self {
            chord: Chord { notes: [48.0; VOICES], gain: 0.0, held: 0.0, tone: 0.0 },
            level: 0.0,
            contour: Stroke::new(SILENCE),
            waiting: None,
            fade_left: 0,
        }
    }

    fn is_silent(&self) -> bool {
        self.level == 0.0 && self.chord.held <= 0.0
    }

    fn is_pad(&self, sample_rate: f32) -> bool {
        self.chord.held > 0.3 * sample_rate
    }
}

impl Stabs {
    /// Samples in which a chord makes way for the next: 1.5 ms.
    const FADE: usize = 64;
    /// Octaves of level for an octave of light, by meter, 2026-11.
    const MAKEUP: f32 = -0.3;
    const SHORTEST: f32 = 0.028;
    /// Of a chord that is let go, -50 dB: under its echoes nobody hears how it ends.
    const END: f32 = 3e-3;

    pub(super) fn new(chance: &Chance, stream: u32, sample_rate_hz: u32) -> Self {
        let draw = |of: u32, low, high| chance.between(stream, of, low, high);
        let blends = [1.0, 0.7, -0.45, -0.8];
        let timbre = Timbre {
            blend: blends[chance.below(stream, 0, 4) as usize],
            spread: draw(1, 0.003, 0.009),
            damping: draw(2, 0.32, 0.95),
            depth: draw(3, 1.4, 2.9),
        };
        let pace = |seconds: f32| Pace::new(seconds * sample_rate_hz as f32);
        let release = draw(4, 0.045, 0.11);
        let places = PLACES.map(mix::pan);
        Self {
            octet: Octet::new(chance.word(stream, 6)),
            hands: [Hand::new(); HANDS],
            timbre,
            paces: Paces {
                stab: [0.001_2, release].map(pace),
                pad: [0.7, 1.1].map(pace),
                ends: [0.012, 0.2].map(pace),
                contour: [0.000_5, draw(5, 0.05, 0.14)].map(pace),
            },
            gains: [0, 1].map(|side| places.map(|place| 0.25 * place[side])),
            makeup: 1.0,
            rest: Tuning::new(0.01, 1.0),
            sample_rate: sample_rate_hz as f32,
        }
    }

    /// Strikes a chord with the hand that has least to lose.
    pub(super) fn strike(&mut self, chord: Chord) {
        let worth = |hand: &Hand| {
            let waits = if hand.waiting.is_some() { 4.0 } else { 0.0 };
            hand.level + waits + if hand.is_pad(self.sample_rate) { 2.0 } else { 0.0 }
        };
        let at = usize::from(worth(&self.hands[1]) < worth(&self.hands[0]));
        if self.hands[at].level < 1e-3 {
            self.begin(at, chord);
        } else {
            let hand = &mut self.hands[at];
            hand.fade_left = if hand.waiting.is_some() { hand.fade_left } else { Self::FADE };
            hand.waiting = Some(chord);
        }
    }

    fn begin(&mut self, at: usize, chord: Chord) {
        let hand = &mut self.hands[at];
        // A chop is held for as long as its attack takes.
        let shortest = Self::SHORTEST * self.sample_rate;
        let held = if chord.held > shortest { chord.held } else { shortest };
        (hand.chord, hand.waiting) = (Chord { held, ..chord }, None);
        hand.level = 0.0;
        hand.contour.reset();
        hand.contour.strike(1.0);
        for (voice, note) in chord.notes.iter().enumerate() {
            let lane = at * VOICES + voice;
            let turn = (*note as u32).wrapping_mul(0x9E37_79B9);
            // A third of a turn apart, so that a pulse begins as a pulse.
            self.octet.set_turns(lane, [turn, turn.wrapping_add(0x5555_5555)]);
            self.octet.clear(lane, self.rest);
        }
        self.tune(at);
    }

    fn tune(&mut self, at: usize) {
        for (voice, note) in self.hands[at].chord.notes.iter().enumerate() {
            let step = math::hz_from_note(*note) / self.sample_rate;
            self.octet.set_pitch(at * VOICES + voice, step, self.timbre.spread);
        }
    }

    /// Whether there is anything to render.
    pub(super) fn is_sounding(&self) -> bool {
        !self.hands.iter().all(Hand::is_silent)
    }

    /// Adds the chords, a multiple of 8 samples; `light` in octaves.
    pub(super) fn render(&mut self, out: &mut [&mut [f32]; 2], light: f32) {
        let len = out[0].len();
        let makeup = [self.makeup, math::exp2(Self::MAKEUP * math::clamp(light, -4.0, 4.0))];
        self.makeup = makeup[1];
        let mut gains = [[Segment::flat(0.0); 2 * VOICES]; 2];
        let mut tunings = [self.rest; 2 * VOICES];
        for at in 0..HANDS {
            if self.hands[at].is_silent() {
                continue;
            }
            let (level, tuning) = self.pass(at, len, light);
            let ends = [level.from * makeup[0], level.at(len) * makeup[1]];
            let level = Segment::between(ends[0], ends[1], len);
            for voice in 0..VOICES {
                let lane = at * VOICES + voice;
                tunings[lane] = tuning;
                for (gains, shares) in gains.iter_mut().zip(&self.gains) {
                    gains[lane] = level.times(shares[voice]);
                }
            }
        }
        self.octet.render(out, &gains, tunings, self.timbre.blend);
        for at in 0..HANDS {
            let is_over = self.hands[at].fade_left == 0;
            if let Some(chord) = self.hands[at].waiting.filter(|_| is_over) {
                self.begin(at, chord);
            }
        }
    }

    /// Passes time for one hand: the way of its level, and where its filters go.
    fn pass(&mut self, at: usize, len: usize, light: f32) -> (Segment, Tuning) {
        let (timbre, paces, rate) = (self.timbre, &self.paces, self.sample_rate);
        let hand = &mut self.hands[at];
        let is_pad = hand.chord.held > 0.3 * rate || hand.chord.tone < -0.5;
        let contour = hand.contour.advance(len, &paces.contour[0], &paces.contour[1]);
        let depth = if is_pad { 0.0 } else { timbre.depth };
        let octaves = light + hand.chord.tone + depth * contour.at(len);
        let tuning = Tuning::new(520.0 * math::exp2(octaves) / rate, timbre.damping);
        if hand.waiting.is_some() {
            let from = hand.level;
            let left = hand.fade_left.saturating_sub(len);
            let to = from * left as f32 / hand.fade_left.max(1) as f32;
            hand.fade_left = left;
            hand.level = to;
            return (Segment::between(from, to, len), tuning);
        }
        let goal = if hand.chord.held > 0.0 { hand.chord.gain } else { 0.0 };
        hand.chord.held -= len as f32;
        let [up, down] = if is_pad { &paces.pad } else { &paces.stab };
        let pace = match hand.level {
            level if goal > level => up,
            level if goal == 0.0 && level < Self::END => &paces.ends[usize::from(is_pad)],
            _ => down,
        };
        (follow(&mut hand.level, len, goal, pace), tuning)
    }
}

/// A chord that waits is not visited: it comes within a block.
impl State for Stabs {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.octet.visit(word);
        for hand in &mut self.hands {
            let Chord { notes, gain, held, tone } = &mut hand.chord;
            for note in notes.iter_mut() {
                note.visit(word);
                *note = math::clamp(*note, 12.0, 96.0);
            }
            for value in [&mut *gain, &mut *held, &mut *tone] {
                value.visit(word);
            }
            *gain = math::clamp(*gain, 0.0, 1.0);
            *tone = math::clamp(*tone, -1.0, 1.0);
            hand.level.visit(word);
            hand.level = math::clamp(hand.level, 0.0, 1.0);
            hand.contour.visit(word);
        }
        (0..HANDS).for_each(|at| self.tune(at));
    }
}
