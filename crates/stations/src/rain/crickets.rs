//! Crickets in a lull: three tones far apart, each in chirps of a few syllables.
//!
//! ```text
//! chirp ─► 3 or 4 syllables ─► (1 − (2y − 1)²)² over each, y its phase
//! ```
//!
//! Everything is a function of the sample counter. Rates as of field crickets at 15 to 20 °C: a carrier
//! of 4 to 5 kHz, syllables at some 30 Hz, a chirp or two a second (F. Huber, T. Moore, W. Loher,
//! *Cricket Behavior and Neurobiology*, 1989).

use perpetuo_dsp::{Chance, Phase, Segment, math, mix};
use perpetuo_station::BLOCK_LEN;

use super::sway;
use crate::performer::Block;

/// Streams of draws.
const CRICKET: u32 = 80;

/// Three crickets.
pub(super) struct Crickets {
    chance: Chance,
    sample_rate: f32,
    crickets: [Cricket; 3],
}

#[derive(Clone, Copy, Debug)]
struct Cricket {
    carrier: Phase,
    /// 2^-32 chirps a sample.
    chirp: u32,
    syllables: f32,
    /// Share of the time from chirp to chirp that a syllable takes.
    syllable: f32,
    place: f32,
    gains: [f32; 2],
}

/// A chirp as it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chirp {
    pub hz: f32,
    /// 0..1, the nearest at its loudest being 1.
    pub gain: f32,
    /// Place, -1 (left) to 1 (right).
    pub place: f32,
}

impl Crickets {
    pub(super) fn new(chance: &Chance, sample_rate_hz: u32) -> Self {
        let cricket = |index: u32| {
            let draw = |which, low, high| chance.between(CRICKET + which, index, low, high);
            let mut carrier = Phase::new();
            carrier.set_phase_step(draw(0, 4050.0, 4900.0) / sample_rate_hz as f32);
            let chirps_hz = draw(1, 0.8, 1.7);
            let place = [-0.75, 0.7, 0.1][index as usize % 3] + draw(2, -0.2, 0.2);
            Cricket {
                carrier,
                chirp: (chirps_hz / sample_rate_hz as f32 * 4_294_967_296.0) as u32,
                syllables: if draw(3, 0.0, 1.0) < 0.5 { 3.0 } else { 4.0 },
                syllable: chirps_hz / draw(4, 27.0, 33.0),
                place,
                gains: mix::pan(place),
            }
        };
        Self {
            chance: *chance,
            sample_rate: sample_rate_hz as f32,
            crickets: std::array::from_fn(|index| cricket(index as u32)),
        }
    }

    /// The chirps that begin in a block; `gain` as in [`Self::render`].
    pub(super) fn chirps(&self, block: u32, gain: f32) -> [Option<Chirp>; 3] {
        let now = block.wrapping_mul(BLOCK_LEN as u32);
        std::array::from_fn(|index| {
            let cricket = &self.crickets[index];
            let [from, to] = [now, now.wrapping_add(BLOCK_LEN as u32)]
                .map(|sample| cricket.chirp.wrapping_mul(sample));
            let gain = (1.0 / 0.035) * gain * awake(&self.chance, index, block);
            let hz = cricket.carrier.step as f32 * (1.0 / 4_294_967_296.0) * self.sample_rate;
            (to < from && gain > 0.03).then_some(Chirp { hz, gain, place: cricket.place })
        })
    }

    /// Adds one block; `gain` is that of the nearest.
    pub(super) fn render(&mut self, out: &mut Block, block: u32, gain: f32) {
        if gain < 1e-4 {
            return;
        }
        let now = block.wrapping_mul(BLOCK_LEN as u32);
        for (index, cricket) in self.crickets.iter_mut().enumerate() {
            let [from, to] = [0, BLOCK_LEN as u32].map(|n| cricket.level(now.wrapping_add(n)));
            if from + to == 0.0 {
                continue;
            }
            let gain = gain * awake(&self.chance, index, block);
            let mut mono = [0.0; BLOCK_LEN];
            cricket.carrier.turn = cricket.carrier.step.wrapping_mul(now);
            cricket.carrier.render_sine(&mut mono, Segment::between(from, to, BLOCK_LEN));
            let [left, right] = out;
            let gains = cricket.gains.map(|side| Segment::flat(side * gain));
            mix::add_panned(&mut [left, right], &mono, gains);
        }
    }
}

/// How far a cricket is awake, 0..1: each falls silent now and then, a wandering of some 20 s.
fn awake(chance: &Chance, index: usize, block: u32) -> f32 {
    let wakes = sway(chance, CRICKET + 10 + index as u32, block, 14_000);
    math::clamp(2.5 * wakes - 0.5, 0.0, 1.0)
}

impl Cricket {
    /// The level at a sample, 0..1.
    fn level(&self, now: u32) -> f32 {
        let turn = self.chirp.wrapping_mul(now) as f32 * (1.0 / 4_294_967_296.0);
        let at = turn / self.syllable;
        if at >= self.syllables {
            return 0.0;
        }
        let y = 2.0 * (at - at as i32 as f32) - 1.0;
        let rest = 1.0 - y * y;
        rest * rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_chirp_and_pause_and_chirp_alike_from_anywhere() {
        let chance = Chance::new(3);
        let render = |crickets: &mut Crickets, block| {
            let mut out = [[0.0; BLOCK_LEN]; 2];
            crickets.render(&mut out, block, 0.1);
            out
        };
        let mut whole = Crickets::new(&chance, 44_100);
        let blocks: Vec<Block> = (0..3000).map(|block| render(&mut whole, block)).collect();
        let silent = blocks.iter().filter(|block| block[0].iter().all(|x| *x == 0.0)).count();
        assert!((600..2900).contains(&silent), "{silent}");
        assert!(render(&mut Crickets::new(&chance, 44_100), 2000) == blocks[2000]);
    }
}
