//! The strings of a tanpura: four or five, plucked one after the other, round and round.

use perpetuo_dsp::{Chance, State, math};

use super::{
    harmony::{Degree, Ground},
    note::Pluck,
};

/// Which string is next, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plucking {
    sample_rate: f32,
    pattern: &'static [Stroke],
    /// Seconds from string to string.
    seconds: f32,
    amount: f32,
    /// Strings plucked so far.
    count: u32,
    /// Samples until the next.
    left: u32,
}

/// A string: what it is tuned to, the octave from `lowest_hz` up, and how long it is listened to.
#[derive(Clone, Copy, Debug)]
struct Stroke {
    tuned: Tuned,
    lowest_hz: f32,
    gain: f32,
    wait: f32,
}

#[derive(Clone, Copy, Debug)]
enum Tuned {
    To(Degree),
    /// To the scene's pure interval.
    Pure,
    /// To a degree of the harmony, one after the other.
    Harmony,
}

const fn stroke(tuned: Tuned, lowest_hz: f32, gain: f32, wait: f32) -> Stroke {
    Stroke { tuned, lowest_hz, gain, wait }
}

const ONE: Tuned = Tuned::To(Degree::One);
const FIFTH: Tuned = Tuned::To(Degree::Fifth);

/// A tanpura; the same from below; a slow harp over the harmony; five strings; three far apart.
const PATTERNS: [&[Stroke]; 5] = [
    &[
        stroke(Tuned::Pure, 92.0, 0.9, 1.0),
        stroke(ONE, 140.0, 0.8, 0.85),
        stroke(ONE, 140.0, 0.75, 1.0),
        stroke(ONE, 70.0, 1.0, 1.75),
    ],
    &[
        stroke(ONE, 70.0, 1.0, 1.2),
        stroke(FIFTH, 105.0, 0.8, 1.0),
        stroke(ONE, 140.0, 0.75, 1.0),
        stroke(Tuned::Pure, 160.0, 0.8, 2.1),
    ],
    &[
        stroke(ONE, 70.0, 0.9, 1.1),
        stroke(Tuned::Harmony, 110.0, 0.75, 1.0),
        stroke(Tuned::Harmony, 160.0, 0.7, 1.0),
        stroke(Tuned::Harmony, 220.0, 0.6, 1.4),
        stroke(Tuned::Harmony, 160.0, 0.6, 2.4),
    ],
    &[
        stroke(FIFTH, 92.0, 0.9, 0.9),
        stroke(Tuned::Pure, 140.0, 0.75, 0.9),
        stroke(ONE, 140.0, 0.75, 0.9),
        stroke(ONE, 280.0, 0.55, 0.9),
        stroke(ONE, 70.0, 1.0, 2.0),
    ],
    &[
        stroke(ONE, 70.0, 1.0, 1.9),
        stroke(FIFTH, 105.0, 0.85, 1.6),
        stroke(Tuned::Harmony, 210.0, 0.7, 2.6),
    ],
];

/// Streams of draws.
const CHARACTER: u32 = 70;
const TIME: u32 = 72;
const GAIN: u32 = 73;

impl Plucking {
    pub(super) fn new(chance: &Chance, sample_rate_hz: u32, amount: f32) -> Self {
        Self {
            sample_rate: sample_rate_hz as f32,
            pattern: PATTERNS[chance.below(CHARACTER, 0, PATTERNS.len() as u32) as usize],
            seconds: chance.between(CHARACTER, 1, 1.0, 1.6),
            amount,
            count: 0,
            // Not before the drone is there.
            left: (1.2 * sample_rate_hz as f32) as u32,
        }
    }

    /// Takes the parameter, 0..1.
    pub(super) fn set_amount(&mut self, amount: f32) {
        self.amount = amount;
    }

    pub(super) fn is_due(&self) -> bool {
        self.left == 0
    }

    /// Samples until the next string.
    pub(super) fn left(&self) -> u32 {
        self.left
    }

    pub(super) fn pass(&mut self, samples: u32) {
        self.left = self.left.saturating_sub(samples);
    }

    /// How many strings have been plucked.
    pub(super) fn string(&self) -> u32 {
        self.count
    }

    /// What the string that is due is tuned to over the root; `None` for one of the harmony.
    pub(super) fn degree(&self, pure: Degree) -> Option<Degree> {
        match self.stroke().tuned {
            Tuned::To(degree) => Some(degree),
            Tuned::Pure => Some(pure),
            Tuned::Harmony => None,
        }
    }

    /// Plucks the string that is due, if any are plucked now, and waits for the next; `scene` is how much
    /// of it the scene has, 0..1, and `lift` by how many octaves all lies higher.
    pub(super) fn pluck(
        &mut self,
        chance: &Chance,
        tone: Ground,
        lift: f32,
        scene: f32,
    ) -> Option<Pluck> {
        let stroke = self.stroke();
        let over = if self.amount > 0.5 { 1.4 * (self.amount - 0.5) } else { 0.0 };
        let amount = math::clamp(2.0 * self.amount * scene, 0.0, 1.0);
        let amount = math::clamp(amount + over, 0.0, 1.0);
        self.count = self.count.wrapping_add(1);
        // Hands are not clocks: up to 6 % early or late. Fewer strings, longer rests.
        let hand = chance.between(TIME, self.count, 0.94, 1.06);
        let is_last = (self.count as usize).is_multiple_of(self.pattern.len());
        let rest = if is_last { 3.5 * (1.0 - amount) } else { 0.6 * (1.0 - amount) };
        let seconds = self.seconds * (stroke.wait + rest) * hand;
        self.left = (seconds * self.sample_rate) as u32;
        let touch = chance.between(GAIN, self.count, 0.75, 1.0);
        let gain = stroke.gain * touch * (0.35 + 0.65 * amount);
        let lowest = stroke.lowest_hz * math::exp2(lift) / self.sample_rate * 4_294_967_296.0;
        let is_played = amount > 0.04;
        is_played.then(|| Pluck { step: tone.step_from(lowest as u32), gain })
    }

    fn stroke(&self) -> Stroke {
        self.pattern[self.count as usize % self.pattern.len()]
    }
}

impl State for Plucking {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.amount.visit(word);
        self.amount = math::clamp(self.amount, 0.0, 1.0);
        self.count.visit(word);
        self.left.visit(word);
        self.left = self.left.min(1 << 20);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_at_0_and_in_every_scene_at_1() {
        let chance = Chance::new(3);
        let ground = Ground::new(55.0, 44_100);
        let plucks = |amount, scene| {
            let mut plucking = Plucking::new(&chance, 44_100, amount);
            (0..20).filter(|_| plucking.pluck(&chance, ground, 0.0, scene).is_some()).count()
        };
        assert_eq!((plucks(0.0, 1.0), plucks(0.5, 0.0)), (0, 0));
        assert_eq!((plucks(1.0, 0.0), plucks(0.5, 1.0)), (20, 20));
    }
}
