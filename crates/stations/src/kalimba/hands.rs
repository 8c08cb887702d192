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

use super::{
    form::{Character, Hand, Scene, Way},
    harmony::{Classes, Harmony, above, below, snap},
    memory::{Memory, Pass},
    stroke::{Queue, Stroke},
};
use crate::theory::Metre;

/// Where the music stands at one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub chance: Chance,
    pub scene: &'static Scene,
    pub character: Character,
    pub harmony: Harmony,
    pub metre: Metre,
    /// Step of the bar, bar of the section, section, and steps since the beginning.
    pub step: u32,
    pub bar: u32,
    pub section: u32,
    pub count: u32,
    pub density: f32,
    pub deja_vu: f32,
    /// How much is going on, about 1.
    pub arc: f32,
    /// How much likelier loops change here.
    pub urge: f32,
    /// Which part of a phrase this bar is, see `form::letter`.
    pub letter: u32,
    /// Whether a chord begins with this bar.
    pub is_new_chord: bool,
    /// Timbres of the two hands, and whether they take part.
    pub timbres: [u32; 2],
    pub takes_part: [bool; 2],
    /// Samples of a step and of a second.
    pub step_len: f32,
    pub sample_rate: f32,
}

impl Moment {
    /// How strong the step is, 0..1.
    pub(super) fn weight(&self) -> f32 {
        self.metre.weight(self.step)
    }

    /// A draw in 0..1 of one kind for this step.
    pub(super) fn unit(&self, stream: u32) -> f32 {
        self.chance.unit(stream, self.count)
    }

    /// Samples from the step until a stroke on it: later or earlier by chance, never before the step.
    pub(super) fn delay(&self, stream: u32) -> f32 {
        const LAG_SECONDS: f32 = 0.012;
        let off = self.unit(stream) + self.chance.unit(stream + 1, self.count) - 1.0;
        (LAG_SECONDS + off * self.character.looseness) * self.sample_rate
    }
}

/// Streams of draws, 16 a hand.
mod stream {
    pub(super) const HAND: u32 = 100;
    pub(super) const EACH: u32 = 16;
    pub(super) const PITCH: u32 = 0;
    pub(super) const GATE: u32 = 2;
    pub(super) const FORCE: u32 = 4;
    pub(super) const DELAY: u32 = 5;
    pub(super) const DOUBLE: u32 = 7;
    pub(super) const RUN: u32 = 8;
    pub(super) const COLOUR: u32 = 10;
    pub(super) const FRESH: u32 = 12;
}

/// Both hands, and what they remember.
pub(super) struct Hands {
    pitch: [Memory<4>; 2],
    gate: [Memory<6>; 2],
    /// The first hand's notes of the last 32 steps, 0 where there was none.
    trail: Memory<8>,
    last: [i32; 2],
    /// Notes plucked in this section.
    notes: [u32; 2],
    /// Steps since the first hand plucked anything.
    since: u32,
}

impl Hands {
    /// The loops of a section; an earlier section's number brings its loops back.
    pub(super) fn new(chance: &Chance, turn: u32) -> Self {
        let fresh = |hand: u32, of: u32| stream::HAND + stream::EACH * hand + stream::FRESH + of;
        let mut trail = Memory::new(chance, 0, 0);
        trail.clear();
        Self {
            pitch: [0, 1].map(|hand| Memory::new(chance, fresh(hand, 0), turn)),
            gate: [0, 1].map(|hand| Memory::new(chance, fresh(hand, 1), turn)),
            trail,
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
        for hand in 0..2 {
            let slots = at.metre.len();
            let by = Self::pass(at, hand, stream::GATE);
            let gate = self.gate[hand].pass(at.step + 4 * at.letter, slots, by);
            if at.takes_part[hand] && self.wants(at, hand, gate, has_first) {
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

    fn wants(&self, at: &Moment, hand: usize, gate: u32, has_first: bool) -> bool {
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
                let mine = (self.gate[0].read(at.step) >> 3 & 1) as usize == hand;
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
        opens || (gate as f32) < 255.0 * wanted
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

    /// The next note of a melody.
    fn melody(&mut self, at: &Moment, hand: usize, plan: Hand) -> i32 {
        let by = Self::pass(at, hand, stream::PITCH);
        let slots = at.character.loops[hand];
        let is_counted = matches!(plan.way, Way::Woven | Way::Hocket);
        let place = if is_counted { self.notes[hand] } else { at.step / 2 + at.bar % 2 * 4 };
        let drawn = self.pitch[hand].pass(place + 5 * at.letter, slots, by);
        // The sum of two nibbles: near the middle more often than at the ends.
        let off = ((drawn >> 4) + (drawn & 15)) as f32 * (1.0 / 15.0) - 1.0;
        let lift = 4.0 * (at.arc - 0.9) + [0.0, 2.0, -2.0][at.letter as usize % 3];
        let mut target = plan.centre + at.character.shift + (off * plan.span as f32 + lift) as i32;
        // A leap of more than an octave is a leap into the next one.
        let last = self.last[hand];
        if last > 0 && target - last > 11 {
            target -= 12;
        } else if last > 0 && last - target > 11 {
            target += 12;
        }
        let allowed = self.allowed(at, hand);
        let note = snap(target, allowed, drawn & 1 == 0);
        if note != last || at.weight() > 0.7 || drawn & 6 == 0 {
            return note;
        }
        snap(target + if drawn & 8 == 0 { 2 } else { -2 }, allowed, drawn & 8 == 0)
    }

    /// The next note of a broken chord.
    fn broken(&mut self, at: &Moment, hand: usize, plan: Hand) -> i32 {
        let by = Self::pass(at, hand, stream::PITCH);
        let drawn = self.pitch[hand].pass(self.notes[hand], at.character.loops[hand], by);
        let (low, high) = (plan.centre - plan.span, plan.centre + plan.span);
        let mut tones = [0; 10];
        let mut count = 0;
        for note in low + at.character.shift..=high + at.character.shift {
            if at.harmony.chord >> note.rem_euclid(12) & 1 == 1 && count < tones.len() {
                tones[count] = note;
                count += 1;
            }
        }
        let now = self.notes[hand] as usize;
        let place = match at.character.figure.wrapping_add(at.section) % 5 {
            // Up; down; up and down; thumbs from both ends; by the loop.
            0 => now,
            1 => usize::MAX / 2 - now,
            2 if now / count.max(1) % 2 == 1 => usize::MAX / 2 - now,
            2 => now,
            3 if now % 2 == 1 => count.saturating_sub(1 + now / 2 % count.max(1)),
            3 => now / 2,
            _ => drawn as usize,
        };
        // Now and then a note from between.
        if drawn < 36 {
            return snap(tones[place % count.max(1)] + 2, at.harmony.soft, true);
        }
        tones[place % count.max(1)]
    }

    /// Rolls chord tones upwards from `low`.
    fn roll(&mut self, at: &Moment, hand: usize, low: i32, count: u32, gap: f32, out: &mut Queue) {
        let mut note = low - 1;
        for index in 0..count {
            note = above(note + 2, at.harmony.chord);
            let wait = index as f32 * gap * at.sample_rate * (1.0 + 0.12 * index as f32);
            self.strike(at, hand, note, wait, 0.82 - 0.05 * index as f32, out);
        }
    }

    /// A run that falls and slows down.
    fn run(&mut self, at: &Moment, hand: usize, plan: Hand, out: &mut Queue) {
        let count = 3 + (4.0 * at.unit(Self::stream(hand, stream::RUN))) as u32;
        let top = plan.centre + at.character.shift;
        let height = plan.span as f32 * at.unit(Self::stream(hand, stream::RUN + 1));
        let mut note = snap(top + height as i32, at.harmony.soft, true);
        let mut wait = 0.0;
        for index in 0..count {
            self.strike(at, hand, note, wait, 0.9 - 0.1 * index as f32, out);
            wait += at.step_len * (0.42 + 0.11 * index as f32);
            note = below(note - 1, at.harmony.soft);
        }
    }

    /// One or two more chimes after one.
    fn ring(&mut self, at: &Moment, hand: usize, note: i32, out: &mut Queue) {
        let more = (2.6 * at.unit(Self::stream(hand, stream::RUN))) as i32;
        for index in 0..more {
            let up = if index == 0 { 4 } else { -3 };
            let next = snap(note + up, at.harmony.chord, index == 0);
            let wait = at.step_len * (1 + index) as f32;
            self.strike(at, hand, next, wait, 0.7 - 0.15 * index as f32, out);
        }
    }

    /// Now and then an octave or a third with a note, a moment later.
    fn double(&mut self, at: &Moment, hand: usize, note: i32, out: &mut Queue) {
        let drawn = at.unit(Self::stream(hand, stream::DOUBLE));
        let wanted = at.character.doubling * (0.3 + 0.9 * at.density) * (0.4 + at.weight());
        if drawn >= wanted {
            return;
        }
        let down = [12, 12, 5, 3][(drawn * 9973.0) as usize % 4];
        let other = snap(note - down, at.harmony.chord, false);
        if other != note {
            let wait = (0.008 + 0.02 * drawn) * at.sample_rate;
            self.strike(at, hand, other, wait, 0.66, out);
        }
    }

    fn strike(
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
        out.push(wait as u32, Stroke::new(at.timbres[hand], note, force * level * share, place));
        self.last[hand] = note;
        self.notes[hand] = self.notes[hand].wrapping_add(1);
        if hand == 0 {
            self.trail.write(at.count, note as u32);
            self.since = 0;
        }
    }

    fn allowed(&self, at: &Moment, hand: usize) -> Classes {
        let (weight, drawn) = (at.weight(), at.unit(Self::stream(hand, stream::COLOUR)));
        match weight {
            _ if weight > 0.7 => at.harmony.chord,
            _ if weight > 0.5 && drawn < 0.7 => at.harmony.chord,
            _ if weight < 0.3 && drawn < 0.14 => at.harmony.scale,
            _ => at.harmony.soft,
        }
    }

    /// What the canon answers on this step: a bar later, or in long bars as far back as is known.
    fn answer(&self, at: &Moment) -> i32 {
        let back = at.metre.len().min(31);
        self.trail.read(at.count.wrapping_sub(back)) as i32
    }

    fn pass(at: &Moment, hand: usize, of: u32) -> Pass<'_> {
        Pass {
            chance: &at.chance,
            stream: Self::stream(hand, of),
            counter: at.count,
            deja_vu: at.deja_vu,
            urge: at.urge,
        }
    }

    fn stream(hand: usize, of: u32) -> u32 {
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
