//! Single drops: grains of sine, each a function of the samples since it began.
//!
//! ```text
//! y[n] = gain · min(n/attack, 1) · (1 − n/len)³ · sin 2π(step·n + glide·n(n−1)/2)      0 <= n < len
//! ```
//!
//! Where drops fall is drawn from seed and block alone, so that they fall alike after any pause. Grains
//! are not visited: the longest is over after 0.3 s.

use perpetuo_dsp::{Chance, Grain, GrainSpec, add_grains, math, mix};
use perpetuo_station::BLOCK_LEN;

use super::materials::{BROOK, MATERIALS, Material, bubble_seconds};
use crate::performer::Block;

/// Streams of draws: five for each of the [`SLOTS`], then those of the brook and the drips.
const DROP: u32 = 40;

/// A drop from an edge into water: an impact, then a bubble.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drip {
    /// Sample within the block.
    pub at: usize,
    /// Where the bubble's pitch begins.
    pub hz: f32,
    /// Peak gain, 0..1.
    pub gain: f32,
    /// Place, -1 (left) to 1 (right).
    pub place: f32,
}

/// How it drops now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shower {
    /// Which block it is, counted from the beginning.
    pub block: u32,
    /// How many drops fall, and how much water runs, as shares of the most there can be.
    pub drops: f32,
    pub brook: f32,
    /// Shares of the surfaces.
    pub surfaces: [f32; MATERIALS.len()],
    /// Octaves by which everything is brighter.
    pub shift: f32,
}

/// Most drops that begin in one block, 1.45 ms at 44.1 kHz.
const SLOTS: u32 = 3;

/// Grains that may sound at once; beyond, a drop is not heard.
const GRAINS: usize = 40;

/// All drops that sound.
pub(super) struct Drops {
    chance: Chance,
    sample_rate: f32,
    grains: [Grain; GRAINS],
    /// How many of them sound.
    count: usize,
    /// Gain and place of the largest drop that fell in the block rendered last; 0 if none did.
    largest: [f32; 2],
    /// Share of the panel's pitch, a seed's own, and where the brook runs.
    panel: f32,
    brook_place: f32,
}

/// What makes a grain.
struct Ping {
    delay: i32,
    hz: f32,
    seconds: f32,
    glide: f32,
    gain: f32,
    place: f32,
}

impl Drops {
    pub(super) fn new(chance: &Chance, sample_rate_hz: u32) -> Self {
        Self {
            chance: *chance,
            sample_rate: sample_rate_hz as f32,
            grains: [Grain::default(); GRAINS],
            count: 0,
            largest: [0.0; 2],
            panel: chance.between(DROP - 1, 0, 0.84, 1.19),
            brook_place: chance.between(DROP - 1, 1, -0.5, 0.5),
        }
    }

    /// Lets a drip fall.
    pub(super) fn drip(&mut self, drip: Drip) {
        let at = drip.at as i32;
        // What it is tells which it is: no two are of one gain.
        let which = drip.gain.to_bits();
        let wait = self.chance.between(DROP + 30, which, 0.012, 0.034);
        let tick = self.chance.between(DROP + 31, which, 2300.0, 3900.0);
        let (gain, place) = (drip.gain, drip.place);
        let impact =
            Ping { delay: at, hz: tick, seconds: 0.006, glide: -0.4, gain: 0.15 * gain, place };
        let bubble = Ping {
            delay: at + (wait * self.sample_rate) as i32,
            hz: drip.hz,
            seconds: 1.5 * bubble_seconds(drip.hz),
            glide: 0.3,
            gain: 0.32 * gain,
            place,
        };
        self.begin(&impact);
        self.begin(&bubble);
    }

    /// Gain, 0..1, and place of the largest drop that fell in the block rendered last.
    pub(super) fn largest(&self) -> Option<[f32; 2]> {
        (self.largest[0] > 0.0).then_some(self.largest)
    }

    /// Adds one block.
    pub(super) fn render(&mut self, out: &mut Block, shower: &Shower) {
        self.fall(shower);
        let [left, right] = out;
        add_grains(&mut [left, right], &mut self.grains[..self.count]);
        let mut kept = 0;
        for index in 0..self.count {
            if !self.grains[index].is_over() {
                self.grains[kept] = self.grains[index];
                kept += 1;
            }
        }
        self.count = kept;
    }

    /// Begins what falls in this block: each slot holds a drop or does not, so that the number of drops
    /// is nearly Poisson's.
    fn fall(&mut self, shower: &Shower) {
        self.largest = [0.0; 2];
        let block_seconds = BLOCK_LEN as f32 / self.sample_rate;
        let rates: [f32; MATERIALS.len()] =
            std::array::from_fn(|at| shower.surfaces[at] * MATERIALS[at].rate);
        let rate = rates.iter().sum::<f32>() * shower.drops;
        let odds = rate * block_seconds * (1.0 / SLOTS as f32);
        for slot in 0..SLOTS {
            let roll = self.chance.unit(DROP + 8 * slot, shower.block);
            if roll < odds {
                // What is left of the roll is even again: it picks the surface.
                let mut pick = roll / odds * rates.iter().sum::<f32>();
                let at = rates.iter().position(|rate| {
                    pick -= rate;
                    pick < 0.0
                });
                let place = self.chance.between(DROP + 8 * slot + 5, shower.block, -1.0, 1.0);
                self.drop(&MATERIALS[at.unwrap_or(0)], DROP + 8 * slot, shower, place, 1.0);
            }
        }
        let odds = BROOK.rate * shower.brook * block_seconds;
        if self.chance.happens(DROP + 24, shower.block, odds) {
            let spread = self.chance.between(DROP + 29, shower.block, -0.4, 0.4);
            let gain = shower.brook.sqrt();
            self.drop(&BROOK, DROP + 24, shower, self.brook_place + spread, gain);
        }
    }

    fn drop(&mut self, on: &Material, draws: u32, shower: &Shower, place: f32, gain: f32) {
        let draw = |which: u32| self.chance.unit(draws + which, shower.block);
        let (size, pitch, where_in, body) = (draw(1), draw(2), draw(3), draw(4));
        // Many small ones, few large, and the large ones are lower.
        let loud = 0.14 + 0.86 * size * size * size;
        if gain * loud > self.largest[0] {
            self.largest = [gain * loud, place];
        }
        let high = 0.7 * pitch + 0.3 * (1.0 - size);
        let hz = self.pitch(on, high) * math::exp2(shower.shift);
        let delay = (where_in * BLOCK_LEN as f32) as i32;
        let seconds = on.seconds(hz, high);
        self.begin(&Ping {
            delay,
            hz,
            seconds,
            glide: on.glide,
            gain: gain * on.gain * loud,
            place,
        });
        if body < on.thud.share {
            let share = body / on.thud.share;
            let hz = on.thud.hz[0] + (on.thud.hz[1] - on.thud.hz[0]) * share;
            let gain = gain * on.thud.gain * loud;
            // What is low comes from nearer the middle.
            let place = if hz < 1000.0 { 0.5 * place } else { place };
            self.begin(&Ping { delay, hz, seconds: 0.001 * on.thud.ms, glide: -0.15, gain, place });
        }
    }

    /// The pitch of a drop, `high` 0..1 of the way up; a surface with modes prefers those.
    fn pitch(&self, on: &Material, high: f32) -> f32 {
        let [low, top] = on.hz;
        if on.modes.is_empty() {
            return low * math::exp2(high * math::log2(top / low));
        }
        let count = on.modes.len() as f32;
        let index = (high * count) as usize;
        // A plate is struck where it is struck: each mode within 2.5 %.
        let part = high * count - index as f32;
        low * self.panel * on.modes[index.min(on.modes.len() - 1)] * (0.975 + 0.05 * part)
    }

    fn begin(&mut self, ping: &Ping) {
        if self.count == GRAINS {
            return;
        }
        let phase_step = ping.hz / self.sample_rate;
        let [left, right] = mix::pan(0.9 * math::clamp(ping.place, -1.0, 1.0));
        self.grains[self.count] = Grain::new(&GrainSpec {
            delay: ping.delay.max(0) as u32,
            phase_step,
            glide: ping.glide,
            len: ping.seconds * self.sample_rate,
            // 24 samples of rise for the lowest, 6 for the highest: an eighth of a cycle, or nearly.
            rise: math::clamp(0.125 / (phase_step + 1e-4), 6.0, 24.0),
            gains: [left * ping.gain, right * ping.gain],
        });
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWER: Shower = Shower {
        block: 0,
        drops: 1.0,
        brook: 0.0,
        surfaces: [1.0, 0.0, 0.0, 0.0, 0.0],
        shift: 0.0,
    };

    fn rendered(shower: Shower, blocks: u32) -> Vec<f32> {
        let mut drops = Drops::new(&Chance::new(1), 44_100);
        let mut heard = Vec::new();
        for block in 0..blocks {
            let mut out = [[0.0; BLOCK_LEN]; 2];
            drops.render(&mut out, &Shower { block, ..shower });
            heard.extend(out[0]);
        }
        heard
    }

    #[test]
    fn as_many_fall_as_the_material_says() {
        let mut drops = Drops::new(&Chance::new(1), 44_100);
        let (mut count, blocks) = (0, 20_000);
        for block in 0..blocks {
            drops.count = 0;
            drops.fall(&Shower { block, surfaces: [0.0, 0.0, 0.0, 0.0, 1.0], ..SHOWER });
            // The impact of a drop on water counts as its thud.
            count += drops.count;
        }
        let expected = MATERIALS[4].rate * 1.35 * blocks as f32 * 64.0 / 44_100.0;
        assert!((count as f32 / expected - 1.0).abs() < 0.05, "{count} {expected}");
    }

    #[test]
    fn near_drops_are_heard_one_by_one() {
        let heard = rendered(Shower { drops: 0.3, ..SHOWER }, 7000);
        let mean = |power: i32| {
            heard.iter().map(|x| f64::from(*x).powi(power)).sum::<f64>() / heard.len() as f64
        };
        let kurtosis = mean(4) / (mean(2) * mean(2));
        assert!(kurtosis > 12.0, "{kurtosis}: 3 is noise");
    }

    #[test]
    fn what_falls_depends_on_the_block_alone() {
        let mut late = Drops::new(&Chance::new(1), 44_100);
        let (whole, mut out) = (rendered(SHOWER, 400), [[0.0; BLOCK_LEN]; 2]);
        for block in 300..400 {
            out = [[0.0; BLOCK_LEN]; 2];
            late.render(&mut out, &Shower { block, ..SHOWER });
        }
        assert!(whole[399 * 64..] == out[0]);
    }

    #[test]
    fn a_drip_begins_and_ends_without_a_step() {
        let mut drops = Drops::new(&Chance::new(1), 44_100);
        drops.drip(Drip { at: 8, hz: 700.0, gain: 1.0, place: 0.0 });
        let mut heard = Vec::new();
        for block in 0..200 {
            let mut out = [[0.0; BLOCK_LEN]; 2];
            drops.render(&mut out, &Shower { block, drops: 0.0, ..SHOWER });
            heard.extend(out[0]);
        }
        assert!(heard[..9].iter().all(|x| *x == 0.0) && drops.count == 0);
        let steepest = heard.windows(2).map(|x| (x[1] - x[0]).abs()).fold(0.0, f32::max);
        assert!(steepest < 0.12, "{steepest}");
    }
}
