//! What a hand does when it plucks: a melody, a broken or rolled chord, a run, a chime, an answer.

use super::{
    form::{Hand, Way},
    hands::{Hands, stream},
    harmony::{Classes, above, below, snap},
    moment::Moment,
    stroke::Queue,
};
use crate::theory::{Spread, unit};

impl Hands {
    /// The next note of a melody.
    pub(super) fn melody(&mut self, at: &Moment, hand: usize, plan: Hand) -> i32 {
        let is_counted = matches!(plan.way, Way::Woven | Way::Hocket);
        let place = if is_counted { self.notes[hand] } else { at.step / 2 + at.bar % 2 * 4 };
        let letter = at.letter();
        let drawn = self.pitch(at, hand, place + 5 * letter);
        // Near the middle more often than at the ends; the middle lies higher where more is going on.
        let span = plan.span as f32;
        let lift = 4.0 * (at.arc - 0.9) + [0.0, 2.0, -2.0][letter as usize % 3];
        let around = Spread { spread: 0.75, bias: 0.5 + 0.5 * lift / span };
        let off = 2.0 * around.of(drawn) - 1.0;
        let mut target = plan.centre + at.character.shift + (off * span) as i32;
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
    pub(super) fn broken(&mut self, at: &Moment, hand: usize, plan: Hand) -> i32 {
        let drawn = self.pitch(at, hand, self.notes[hand]);
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
            _ => (drawn >> 8) as usize,
        };
        // Now and then a note from between.
        if unit(drawn) < 0.14 {
            return snap(tones[place % count.max(1)] + 2, at.harmony.soft, true);
        }
        tones[place % count.max(1)]
    }

    /// Rolls chord tones upwards from `low`.
    pub(super) fn roll(
        &mut self,
        at: &Moment,
        hand: usize,
        low: i32,
        count: u32,
        gap: f32,
        out: &mut Queue,
    ) {
        let mut note = low - 1;
        for index in 0..count {
            note = above(note + 2, at.harmony.chord);
            let wait = index as f32 * gap * at.sample_rate * (1.0 + 0.12 * index as f32);
            self.strike(at, hand, note, wait, 0.82 - 0.05 * index as f32, out);
        }
    }

    /// A run that falls and slows down.
    pub(super) fn run(&mut self, at: &Moment, hand: usize, plan: Hand, out: &mut Queue) {
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
    pub(super) fn ring(&mut self, at: &Moment, hand: usize, note: i32, out: &mut Queue) {
        let more = (2.6 * at.unit(Self::stream(hand, stream::RUN))) as i32;
        for index in 0..more {
            let up = if index == 0 { 4 } else { -3 };
            let next = snap(note + up, at.harmony.chord, index == 0);
            let wait = at.step_len * (1 + index) as f32;
            self.strike(at, hand, next, wait, 0.7 - 0.15 * index as f32, out);
        }
    }

    /// Now and then an octave or a third with a note, a moment later.
    pub(super) fn double(&mut self, at: &Moment, hand: usize, note: i32, out: &mut Queue) {
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
    pub(super) fn answer(&self, at: &Moment) -> i32 {
        let back = at.metre.len().min(31);
        self.trail.read(at.count.wrapping_sub(back))
    }
}
