//! Slow walks and swells: smooth noise that is a function of time, so that it has no state but the time.
//!
//! ```text
//! points of noise, hashed; between two of them  from + (to − from) · s²(3 − 2s)
//! ```

use perpetuo_dsp::{Chance, State, math};

use super::composer::BEATS;

/// Streams of draws.
mod stream {
    pub(super) const TIDE: u32 = 20;
    pub(super) const BELLOWS: u32 = 21;
    pub(super) const SONG: u32 = 22;
    /// One a register, six of them.
    pub(super) const SWELL: u32 = 30;
    /// One a slot.
    pub(super) const WALK: u32 = 100;
}

/// Where time is for all that wanders.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wander {
    chance: Chance,
    /// In parts of a 128th of a beat at a pace of 1.
    time: u32,
    /// In beats, whatever the pace.
    beats: u32,
}

impl Wander {
    pub(super) fn new(chance: &Chance) -> Self {
        Self { chance: *chance, time: 0, beats: 0 }
    }

    pub(super) fn pass_beat(&mut self, pace: f32) {
        self.time = self.time.wrapping_add((128.0 * pace) as u32);
        self.beats = self.beats.wrapping_add(1);
    }

    /// Beats passed: a counter for draws.
    pub(super) fn beats(&self) -> u32 {
        self.beats
    }

    /// A slot's own walk, as a gain: from -10 dB to 0, a point every 8 to 14 s.
    pub(super) fn walk(&self, slot: usize) -> f32 {
        let seconds = 8.0 + (slot % 7) as f32;
        math::exp2(-1.6 * (1.0 - self.at(stream::WALK + slot as u32, seconds)))
    }

    /// The swells of the octave that `hz` lies in, as a gain: from -7 dB to 0, 10 to 40 s long.
    pub(super) fn swell(&self, hz: f32) -> f32 {
        let octave = math::clamp(math::log2(hz + 1.0) - 6.0, 0.0, 5.0) as u32;
        math::exp2(-1.1 * (1.0 - self.at(stream::SWELL + octave, 11.0 - octave as f32)))
    }

    /// The reed's bellows: from 0.3 to 1 and back, half a minute long.
    pub(super) fn bellows(&self) -> f32 {
        0.3 + 0.7 * self.at(stream::BELLOWS, 13.0)
    }

    /// How much is sung: from 0.35 to 1.
    pub(super) fn song(&self) -> f32 {
        0.35 + 0.65 * self.at(stream::SONG, 9.0)
    }

    /// The tide of the whole: 0..1, some 12 minutes from high to high, whatever the pace.
    pub(super) fn tide(&self) -> f32 {
        noise(&self.chance, stream::TIDE, u64::from(self.beats) * 45)
    }

    /// Noise with a point every so many seconds, at a pace of 1.
    fn at(&self, stream: u32, seconds: f32) -> f32 {
        let times = (65_536.0 / (128.0 * BEATS * seconds)) as u64;
        noise(&self.chance, stream, u64::from(self.time) * times)
    }
}

impl State for Wander {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.time.visit(word);
        self.beats.visit(word);
    }
}

/// Smooth noise in 0..1 over time in 2^-16 of a point.
fn noise(chance: &Chance, stream: u32, time: u64) -> f32 {
    let (point, part) = ((time >> 16) as u32, (time & 0xffff) as f32 * (1.0 / 65_536.0));
    let [from, to] = [point, point.wrapping_add(1)].map(|point| chance.unit(stream, point));
    from + (to - from) * part * part * (3.0 - 2.0 * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_stay_in_range_and_never_move_by_more_than_1_db_a_beat() {
        let mut wander = Wander::new(&Chance::new(9));
        let gains = |wander: &Wander| [wander.walk(3), wander.swell(300.0), wander.bellows()];
        let (mut last, mut lowest) = (gains(&wander), 1.0_f32);
        for _ in 0..20_000 {
            wander.pass_beat(1.0);
            for (gain, last) in gains(&wander).iter().zip(last) {
                assert!((0.3..=1.0).contains(gain));
                assert!((gain / last).log2().abs() < 1.0 / 6.0, "{gain} after {last}");
                lowest = lowest.min(*gain);
            }
            last = gains(&wander);
        }
        assert!(lowest < 0.35);
    }
}
