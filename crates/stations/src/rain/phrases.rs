//! What the bells play: single strokes of a temple bell or a bowl, chimes in the wind, a far piano.
//!
//! ```text
//! phrase: style ─► strokes: degree of the scale, gain, place, time to the next ─► rest of 5–40 s
//! ```
//!
//! Each seed has a favourite and a second; the others are guests.

use perpetuo_dsp::{Chance, State, math};

use super::chimes::Stroke;
use crate::theory::Scale;

/// Streams of draws of this part.
mod stream {
    pub(super) const FAVOURITE: u32 = 30;
    pub(super) const STYLE: u32 = 31;
    pub(super) const COUNT: u32 = 32;
    pub(super) const REST: u32 = 33;
    pub(super) const DEGREE: u32 = 34;
    pub(super) const TIME: u32 = 35;
    pub(super) const GAIN: u32 = 36;
    pub(super) const PLACE: u32 = 37;
    pub(super) const TUBES: u32 = 38;
    pub(super) const PLAYS: u32 = 39;
}

/// How a phrase goes.
struct Style {
    /// Strokes of a phrase, fewest and most.
    strokes: [u32; 2],
    /// Seconds between two strokes, least and most.
    gap: [f32; 2],
    /// The octave of the notes begins here, in semitones above C0.
    lowest: i32,
    /// How far a stroke may step from the one before, in degrees.
    step: u32,
    /// Degrees above `lowest` the phrase stays within.
    span: i32,
    /// Peak gain of the loudest stroke.
    gain: f32,
    /// How far to the sides strokes are spread.
    spread: f32,
    /// Rest after a phrase against that of the others.
    rest: f32,
}

/// Temple bell, wind chimes, far piano, bowl: in the order of the timbres of the voices. By meter, 2026-11.
#[rustfmt::skip]
const STYLES: [Style; 4] = [
    Style { strokes: [1, 3], gap: [4.0, 6.5], lowest: 43, step: 0, span: 5, gain: 1.0, spread: 0.15, rest: 1.3 },
    Style { strokes: [3, 9], gap: [0.09, 1.0], lowest: 67, step: 3, span: 7, gain: 0.42, spread: 0.8, rest: 0.9 },
    Style { strokes: [3, 7], gap: [0.9, 2.6], lowest: 52, step: 2, span: 9, gain: 0.75, spread: 0.35, rest: 1.0 },
    Style { strokes: [1, 2], gap: [5.0, 8.0], lowest: 45, step: 2, span: 6, gain: 0.8, spread: 0.3, rest: 1.2 },
];

/// Where the phrases are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Phrases {
    phrase: u32,
    stroke: u32,
    /// Strokes left in the phrase.
    left: u32,
    degree: i32,
}

/// What the phrases depend on, beside chance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub scale: Scale,
    /// How many bells are asked for, 0..1.
    pub bells: f32,
    /// How much the weather lets them through, 0..1.
    pub hush: f32,
    /// Which visit of weather this is.
    pub visit: u32,
}

impl Phrases {
    /// The next stroke, if one falls now, and the seconds until it wants to be asked again.
    pub(super) fn next(&mut self, chance: &Chance, setting: Setting) -> (Option<Stroke>, f32) {
        if self.left == 0 {
            self.begin(chance, setting);
            let often = 0.3 + 0.7 * setting.hush;
            let plays = chance.happens(stream::PLAYS, self.phrase, often) || self.phrase == 1;
            if setting.bells < 0.01 || !plays {
                self.left = 0;
                return (None, self.rest(chance, setting));
            }
        }
        let (index, style) = self.style(chance, setting.visit);
        let stroke = self.strike(chance, setting, index, style);
        self.left -= 1;
        if self.left == 0 {
            return (Some(stroke), style.rest * self.rest(chance, setting));
        }
        // Small gaps are likelier: a chime is moved by a breath of air and then left alone.
        let share = chance.unit(stream::TIME, self.stroke);
        (Some(stroke), style.gap[0] + (style.gap[1] - style.gap[0]) * share * share)
    }

    /// Ends the phrase, so that the next begins with what is asked for now.
    pub(super) fn end(&mut self) {
        self.left = 0;
    }

    fn begin(&mut self, chance: &Chance, setting: Setting) {
        self.phrase = self.phrase.wrapping_add(1);
        let (_, style) = self.style(chance, setting.visit);
        let [fewest, most] = style.strokes;
        self.left = fewest + chance.below(stream::COUNT, self.phrase, most - fewest + 1);
        let start = [0, 4, 2, 0][chance.below(stream::DEGREE, !self.phrase, 4) as usize];
        self.degree = if start < style.span { start } else { 0 };
    }

    /// Seconds of rest: 4 to 45.
    fn rest(&self, chance: &Chance, setting: Setting) -> f32 {
        let drawn = chance.between(stream::REST, self.phrase, 4.0, 20.0);
        drawn * (1.65 - 1.25 * setting.bells) * (1.4 - 0.5 * setting.hush)
    }

    fn style(&self, chance: &Chance, visit: u32) -> (u32, &'static Style) {
        let count = STYLES.len() as u32;
        let first = chance.below(stream::FAVOURITE, 0, count);
        let second = (first + 1 + chance.below(stream::FAVOURITE, 1, count - 1)) % count;
        let favourite = if chance.happens(stream::FAVOURITE, visit.wrapping_add(2), 0.6) {
            first
        } else {
            second
        };
        let guest = chance.below(stream::STYLE, !self.phrase, count);
        let is_guest = self.phrase > 1 && chance.happens(stream::STYLE, self.phrase, 0.2);
        let index = if is_guest { guest } else { favourite };
        (index, &STYLES[index as usize % STYLES.len()])
    }

    fn strike(&mut self, chance: &Chance, setting: Setting, timbre: u32, style: &Style) -> Stroke {
        self.stroke = self.stroke.wrapping_add(1);
        let reach = 2 * style.step + 1;
        let step = chance.below(stream::DEGREE, self.stroke, reach) as i32 - style.step as i32;
        // Reflected at both ends of the span.
        let degree = self.degree + step;
        let degree = if degree < 0 || degree >= style.span { self.degree - step } else { degree };
        self.degree = degree.clamp(0, style.span - 1);
        let low = setting.scale.note_from(0, style.lowest);
        let note = low + setting.scale.note(self.degree) - setting.scale.note(0);
        let place = style.spread * chance.between(stream::PLACE, self.stroke, -1.0, 1.0);
        let home = 0.35 * chance.between(stream::TUBES, timbre, -1.0, 1.0);
        let loud = 0.55 + 0.45 * chance.unit(stream::GAIN, self.stroke);
        let near = (0.25 + 0.75 * setting.bells) * (0.5 + 0.7 * setting.hush);
        Stroke {
            at: 0,
            note: note as f32,
            gain: style.gain * loud * near,
            timbre,
            place: home + place,
        }
    }
}

impl State for Phrases {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.phrase.visit(word);
        self.stroke.visit(word);
        self.left.visit(word);
        self.left = self.left.min(16);
        self.degree.visit(word);
        self.degree = self.degree.clamp(0, 16);
    }
}

/// The pitch of something that sings by itself, such as a wire in the wind: a note of the scale.
pub(super) fn note_near(scale: &Scale, degree: u32, lowest: i32) -> f32 {
    math::clamp(scale.note_from(degree as i32, lowest) as f32, 0.0, 127.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(bells: f32) -> Setting {
        Setting { scale: Scale::of(4, 2), bells, hush: 0.7, visit: 0 }
    }

    fn play(seed: u64, bells: f32, seconds: f32) -> Vec<Stroke> {
        let (chance, mut phrases) = (Chance::new(seed), Phrases::default());
        let (mut now, mut strokes) = (0.0, Vec::new());
        while now < seconds {
            let (stroke, wait) = phrases.next(&chance, setting(bells));
            assert!(wait > 0.05 && wait < 60.0, "{wait}");
            strokes.extend(stroke);
            now += wait;
        }
        strokes
    }

    #[test]
    fn every_stroke_is_a_note_of_the_scale_in_reach_of_the_voices() {
        for seed in 0..20 {
            for stroke in play(seed, 0.6, 1200.0) {
                assert!(setting(0.0).scale.has(stroke.note));
                assert!((30.0..100.0).contains(&stroke.note) && stroke.gain <= 1.0);
            }
        }
    }

    #[test]
    fn more_are_asked_for_and_more_are_played_and_none_at_0() {
        let count = |bells| (0..8).map(|seed| play(seed, bells, 600.0).len()).sum::<usize>();
        let (none, few, many) = (count(0.0), count(0.2), count(1.0));
        assert!(none == 0 && few > 100 && many > few * 3 / 2, "{few} {many}");
    }
}
