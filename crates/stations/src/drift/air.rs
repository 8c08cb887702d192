//! Air: breath on either side, wind tuned to the chord, and what keeps the hall free of bass.
//!
//! ```text
//! noise ─┬─► wide band, wandering ──────► breath     left and right
//!        └─► narrow bands on the chord ─► wind       left and right
//! sends ───► high-pass at 150 Hz ───────► hall       left and right
//! ```
//!
//! Filters side by side cost as much as one.

use perpetuo_dsp::{Chance, Noise, Response, Segment, State, SvfBank, Tuning, math, mix};
use perpetuo_station::BLOCK_LEN;

use crate::performer::Block;

/// Streams of draws.
const KEY: u32 = 53;

/// Lanes of the filters: two of each, and two of nothing.
const BREATH: usize = 0;
const WIND: usize = 2;
const HALL: usize = 4;

/// Noise and filters.
pub(super) struct Air {
    noise: Noise,
    bank: SvfBank,
    tunings: [Tuning; 8],
    io: [[f32; BLOCK_LEN]; 8],
    /// Of the breath, in 2^-32 turns, at the beginning.
    sway: u32,
    /// Where the winds are, in semitones above C0, and their level and the breath's.
    winds: [f32; 2],
    levels: [f32; 2],
    sample_rate: f32,
}

impl Air {
    /// Cutoff of the hall's high-pass in Hz.
    const LOW_HZ: f32 = 150.0;

    pub(super) fn new(chance: &Chance, sample_rate_hz: u32) -> Self {
        let sample_rate = sample_rate_hz as f32;
        use Response::{Band, High};
        let mut tunings = [Tuning::new(0.05, 1.0); 8];
        tunings[HALL] = Tuning::new(Self::LOW_HZ / sample_rate, 1.2);
        tunings[HALL + 1] = tunings[HALL];
        Self {
            noise: Noise::new(chance.word(KEY, 0)),
            bank: SvfBank::new(tunings, [Band, Band, Band, Band, High, High, High, High]),
            tunings,
            io: [[0.0; BLOCK_LEN]; 8],
            sway: chance.word(KEY, 1),
            winds: [64.0; 2],
            levels: [0.0; 2],
            sample_rate,
        }
    }

    /// Writes what is in `out`, but its bass, into `hall`; then adds one block of air to `out`. `time`
    /// counts blocks, `gain` is reached at the end, `light` is in octaves.
    pub(super) fn render(
        &mut self,
        out: &mut Block,
        hall: &mut Block,
        tones: [u8; 4],
        gain: f32,
        light: f32,
        time: u32,
    ) {
        let from = self.levels;
        self.levels = self.levels_now(gain, time);
        let is_heard = from.iter().chain(&self.levels).any(|level| *level > 1e-4);
        if is_heard {
            let [left, right, wind_left, wind_right, ..] = &mut self.io;
            self.noise.render_pair(left, right);
            (*wind_left, *wind_right) = (*left, *right);
        } else {
            self.noise.skip(BLOCK_LEN);
        }
        // Slow things: every fourth block is often enough.
        if time.is_multiple_of(4) || from == [0.0; 2] {
            self.tune(tones, light, time);
            self.bank.set(self.tunings);
        }
        (self.io[HALL], self.io[HALL + 1]) = (out[0], out[1]);
        self.bank.process(&mut self.io, BLOCK_LEN);
        (hall[0], hall[1]) = (self.io[HALL], self.io[HALL + 1]);
        if is_heard {
            let [breath, wind] =
                [0, 1].map(|of| Segment::between(from[of], self.levels[of], BLOCK_LEN));
            for (side, out) in out.iter_mut().enumerate() {
                let [breath, wind] =
                    [(&self.io[BREATH + side], breath), (&self.io[WIND + side], wind)];
                mix::add_all(out, &[Some(breath), Some(wind)]);
            }
        }
    }

    /// Lets blocks pass unheard.
    pub(super) fn skip(&mut self, blocks: u32) {
        self.noise.skip(blocks as usize * BLOCK_LEN);
    }

    /// A breath takes some 12 s, the wind swells against it in 19 s.
    fn levels_now(&self, gain: f32, time: u32) -> [f32; 2] {
        let [breath, wind] = [5, 3].map(|times| 0.5 + 0.5 * self.swaying(time, times));
        [gain * (0.3 + 0.7 * breath * breath), gain * 3.4 * (0.25 + 0.75 * wind)]
    }

    fn tune(&mut self, tones: [u8; 4], light: f32, time: u32) {
        let wander = self.swaying(time, 2);
        for side in 0..2 {
            let apart = if side == 0 { -0.3 } else { 0.3 };
            let octaves = 0.45 * light + 0.7 * wander + apart;
            let hz = 2700.0 * math::exp2(octaves);
            self.tunings[BREATH + side] = Tuning::new(hz / self.sample_rate, 1.1);
        }
        // One a side, each gliding to a note of the chord in its octave: the fifth, the third.
        const LOWEST: [i32; 2] = [62, 69];
        for (index, wind) in self.winds.iter_mut().enumerate() {
            let goal = LOWEST[index] + (i32::from(tones[2 - index]) - LOWEST[index]).rem_euclid(12);
            *wind += (goal as f32 - *wind) * 0.01;
            let hz = math::hz_from_note(*wind);
            self.tunings[WIND + index] = Tuning::new(hz / self.sample_rate, 0.045);
        }
    }

    /// A sway of 58 s at 44.1 kHz, `times` as fast, in -1..1.
    fn swaying(&self, time: u32, times: u32) -> f32 {
        let turn = self.sway.wrapping_add(time.wrapping_mul(107_000)).wrapping_mul(times) as i32;
        math::sin_turns(turn as f32 * (1.0 / 4_294_967_296.0))
    }
}

/// The noise, and where the winds are; the filters forget within a tenth of a second.
impl State for Air {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.noise.visit(word);
        self.winds.visit(word);
        self.winds = self.winds.map(|wind| math::clamp(wind, 24.0, 100.0));
    }
}
