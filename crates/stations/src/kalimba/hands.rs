//! What the two hands pluck on one step.
//!
//! ```text
//! plucks  ⇔  gate < busy · (0.13 + 1.07 density) · shape(weight) · arc
//! shape    = (1 − density) weight² + density (0.35 + 0.65 weight)
//! note     = nearest allowed to  centre + span · pitch       gate, pitch: loops that remember
//! ```
//!
//! On strong steps chord tones are allowed, on weak ones the soft notes of the harmony.

use perpetuo_dsp::{Chance, State, math};

use super::{form::Way, harmony::snap, moment::Moment, stroke::Queue, trail::Trail};
use crate::theory::{DejaVu, unit};

/// Streams of draws, 16 a hand.
pub(super) mod stream {
    pub(in super::super) const HAND: u32 = 100;
    pub(in super::super) const EACH: u32 = 16;
    pub(in super::super) const PITCH: u32 = 0;
    pub(in super::super) const GATE: u32 = 13;
    pub(in super::super) const FORCE: u32 = 4;
    pub(in super::super) const DELAY: u32 = 5;
    pub(in super::super) const DOUBLE: u32 = 7;
    pub(in super::super) const RUN: u32 = 8;
    pub(in super::super) const COLOUR: u32 = 10;
}

/// Both hands, and what they remember.
pub(super) struct Hands {
    pitch: [DejaVu<4>; 2],
    gate: [DejaVu<6>; 2],
    /// The first hand's notes.
    pub(super) trail: Trail,
    pub(super) last: [i32; 2],
    /// Notes plucked in this section.
    pub(super) notes: [u32; 2],
    /// Steps since the first hand plucked anything.
    since: u32,
}

impl Hands {
    /// The loops of a section; an earlier section's number brings its loops back.
    pub(super) fn new(chance: &Chance, turn: u32) -> Self {
        let stream = Self::stream;
        Self {
            pitch: [0, 1].map(|hand| DejaVu::new(chance, stream(hand, stream::PITCH), turn)),
            gate: [0, 1].map(|hand| DejaVu::new(chance, stream(hand, stream::GATE), turn)),
            trail: Trail::new(),
            last: [0; 2],
            notes: [0; 2],
            since: 0,
        }
    }

    /// A step begins, whether anything is plucked on it or not.
    pub(super) fn begin_step(&mut self, at: &Moment) {
        self.trail.write(at.count, 0);
        self.since = self.since.saturating_add(1);
    }

    /// Plucks what falls on this step.
    pub(super) fn play(&mut self, at: &Moment, out: &mut Queue) {
        let mut has_first = false;
        let (slot, slots) = (at.step + 4 * at.letter(), at.metre.len());
        let deja_vu = at.urged(at.deja_vu, 1.0);
        let gates = self.gate.each_mut().map(|gate| gate.pass(&at.chance, slot, slots, deja_vu));
        for hand in 0..2 {
            if at.takes_part[hand] && self.wants(at, hand, gates, has_first) {
                has_first |= hand == 0;
                self.pluck(at, hand, out);
            }
        }
    }

    /// Whether the first hand has been silent for so long that it must play on this beat.
    pub(super) fn is_missed(&self, at: &Moment) -> bool {
        let seconds = 3.0 + 2.0 * (1.0 - at.density);
        let silent = self.since as f32 * at.step_len;
        silent > seconds * at.sample_rate && at.metre.beat(at.step).1 == 0
    }

    /// Comes to rest on the home chord, from low to high.
    pub(super) fn close(&mut self, at: &Moment, out: &mut Queue) {
        let plan = at.scene.hands[0];
        let low = plan.centre + at.character.shift - plan.span;
        self.roll(at, 0, low, 4, 0.07, out);
    }

    fn wants(&self, at: &Moment, hand: usize, gates: [u32; 2], has_first: bool) -> bool {
        let plan = &at.scene.hands[hand];
        let (weight, is_even) = (at.weight(), at.step.is_multiple_of(2));
        let reach = |weight: f32| {
            let shape = (1.0 - at.density) * weight * weight + at.density * (0.35 + 0.65 * weight);
            plan.busy * (0.13 + 1.07 * at.density) * shape * at.arc
        };
        let opens = hand == 0 && (at.bar == 0 && at.step == 0 || self.is_missed(at));
        let wanted = match plan.way {
            Way::Line | Way::Broken => reach(weight),
            Way::OffBeat => {
                let off = if weight > 0.5 { 0.35 } else { 0.45 + weight };
                reach(off) * if has_first { 0.35 } else { 1.0 }
            }
            Way::Woven if is_even == (hand == 0) => plan.busy * (0.25 + 0.85 * at.density) * at.arc,
            Way::Hocket if is_even || at.density > 0.7 => {
                let mine = (gates[0] & 1) as usize == hand;
                if mine { plan.busy * (0.25 + 0.95 * at.density) * at.arc } else { 0.0 }
            }
            Way::Chimes => plan.busy * (0.14 + 0.42 * at.density) * (0.35 + 0.65 * weight) * at.arc,
            Way::Drops if weight > 0.5 => plan.busy * (0.25 + 0.5 * at.density) * at.arc,
            Way::Rolled if at.step == 0 => {
                if at.is_new_chord {
                    1.0
                } else {
                    0.2 * at.density
                }
            }
            Way::Rolled if weight > 0.5 => 0.4 * at.density * at.density,
            Way::Canon => return self.answer(at) > 0,
            Way::Woven | Way::Hocket | Way::Drops | Way::Rolled => 0.0,
        };
        opens || unit(gates[hand]) < wanted
    }

    fn pluck(&mut self, at: &Moment, hand: usize, out: &mut Queue) {
        let plan = at.scene.hands[hand];
        match plan.way {
            Way::Rolled => {
                let low = plan.centre + at.character.shift - plan.span;
                let count = 3 + (2.0 * at.unit(Self::stream(hand, stream::RUN))) as u32;
                self.roll(at, hand, low, count, 0.05, out);
            }
            Way::Drops => self.run(at, hand, plan, out),
            Way::Chimes => {
                let note = self.melody(at, hand, plan);
                self.strike(at, hand, note, 0.0, 1.0, out);
                self.ring(at, hand, note, out);
            }
            Way::Canon => {
                let heard = self.answer(at);
                let target = heard - if at.section.is_multiple_of(2) { 12 } else { 7 };
                let note = snap(target, at.harmony.soft, true);
                self.strike(at, hand, note, 0.0, 0.85, out);
            }
            Way::Broken => {
                let note = self.broken(at, hand, plan);
                self.strike(at, hand, note, 0.0, 0.9, out);
            }
            Way::Line | Way::OffBeat | Way::Woven | Way::Hocket => {
                let note = self.melody(at, hand, plan);
                self.strike(at, hand, note, 0.0, 1.0, out);
                self.double(at, hand, note, out);
            }
        }
    }

    pub(super) fn strike(
        &mut self,
        at: &Moment,
        hand: usize,
        note: i32,
        wait: f32,
        share: f32,
        out: &mut Queue,
    ) {
        // Below this the bass has its place, and above that tines are only noise.
        let note = match note {
            ..43 => note + 12,
            89.. => note - 12,
            _ => note,
        };
        let drawn = at.unit(Self::stream(hand, stream::FORCE));
        let force = 0.5 + 0.34 * at.weight() + 0.3 * (drawn - 0.5);
        // Twice as many notes are 3 dB softer each, and the arc is heard as well.
        let level = 0.62 * (1.22 - 0.5 * at.density) * (0.5 + 0.5 * at.arc);
        let wait = wait + at.delay(Self::stream(hand, stream::DELAY));
        let side = if hand == 0 { at.character.side } else { -at.character.side };
        // Tines lie left and right in turn; what is low lies nearer to the middle.
        let turn = if note % 2 == 0 { 0.22 } else { -0.22 };
        let width = math::clamp((note - 38) as f32 * (1.0 / 14.0), 0.2, 1.0);
        let place = width * (0.43 * side + turn);
        out.push(wait as u32, at.pluck(at.timbres[hand], note, force * level * share, place));
        self.last[hand] = note;
        self.notes[hand] = self.notes[hand].wrapping_add(1);
        if hand == 0 {
            self.trail.write(at.count, note);
            self.since = 0;
        }
    }

    /// The word of a hand's loop of pitches at a place.
    pub(super) fn pitch(&mut self, at: &Moment, hand: usize, place: u32) -> u32 {
        let (slots, deja_vu) = (at.character.loops[hand], at.urged(at.deja_vu, 1.0));
        self.pitch[hand].pass(&at.chance, place, slots, deja_vu)
    }

    pub(super) fn stream(hand: usize, of: u32) -> u32 {
        stream::HAND + stream::EACH * hand as u32 + of
    }
}

impl State for Hands {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.pitch.visit(word);
        self.gate.visit(word);
        self.trail.visit(word);
        self.last.visit(word);
        self.last = self.last.map(|note| note.clamp(0, 127));
        self.notes.visit(word);
        self.notes = self.notes.map(|notes| notes & 0x00ff_ffff);
        self.since.visit(word);
        self.since = self.since.min(1 << 16);
    }
}
