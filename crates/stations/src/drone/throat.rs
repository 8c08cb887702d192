//! What gives the drone a voice: a reed's body, two overtones that sing in it, and breath.
//!
//! ```text
//! reed (saws) ─┬─ mid ──► low-pass ──────────► body      side ─► wide band ─► its breadth
//!              ├─► narrow band, low overtone ──► song     left and right; all of it in one bank of eight
//!              └─► narrow band, high overtone ─► song
//! noise ─────────► band on the harmony ────────► breath   left and right
//! ```

use std::ops::Range;

use perpetuo_dsp::{Chance, Noise, Response, Segment, State, SvfBank, Tuning, math, mix};
use perpetuo_station::BLOCK_LEN;

use super::{
    note::Air,
    tones::{Layers, MIDDLE},
};

/// What the throat needs to know of the whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mood {
    /// Samples since the performance began, at the start of the run.
    pub clock: u32,
    /// 0..1, or a little beyond.
    pub brightness: f32,
}

/// Tunings are found anew once in so many samples, 5.8 ms: mouths move slowly.
const TUNED_EVERY: u32 = 256;

/// What goes through the bank.
type Lanes = [[f32; BLOCK_LEN]; 8];

/// Reed, overtones and breath.
pub(super) struct Throat {
    bank: SvfBank,
    /// What goes through it: all of it is written before it is read.
    lanes: Lanes,
    /// The reed's last sample on either side.
    last: [f32; 2],
    noise: Noise,
    /// Sung and breathed: as they are, and where they will be a beat after it was asked for.
    levels: [f32; 2],
    goals: [f32; 2],
    /// Samples until then.
    left: u32,
    /// Overtones in octaves above 1 Hz: as they are, and where they head for.
    formants: [f32; 2],
    aims: [f32; 2],
    bands: [f32; 2],
    sample_rate: f32,
    beat_len: u32,
}

impl Throat {
    /// How narrow: a single overtone of a reed at 110 Hz stands out by 12 dB. By meter, 2026-11.
    const DAMPING: [f32; 2] = [0.045, 0.03];

    pub(super) fn new(chance: &Chance, sample_rate_hz: u32) -> Self {
        let [low, band] = [Response::Low, Response::Band];
        let responses = [low, band, band, band, band, band, band, band];
        let formants = [9.5, 11.0];
        Self {
            bank: SvfBank::new([Tuning::new(0.01, 1.0); 8], responses),
            lanes: [[0.0; BLOCK_LEN]; 8],
            last: [0.0; 2],
            noise: Noise::new(chance.word(42, 0)),
            levels: [0.0; 2],
            goals: [0.0; 2],
            left: 0,
            formants,
            aims: formants,
            bands: [9.0, 10.0],
            sample_rate: sample_rate_hz as f32,
            beat_len: sample_rate_hz / 4,
        }
    }

    /// Heads for what the composer wants.
    pub(super) fn head_for(&mut self, air: &Air) {
        self.goals = [air.sing, air.breath];
        self.left = self.beat_len;
        self.aims = air.formants;
        self.bands = air.bands;
    }

    /// Lets samples pass unheard; all arrives.
    pub(super) fn skip(&mut self, len: u64) {
        self.noise.skip(len as usize);
        (self.levels, self.formants, self.left) = (self.goals, self.aims, 0);
    }

    /// Adds the samples `run` of a block.
    pub(super) fn render(&mut self, layers: &mut Layers, run: Range<usize>, mood: Mood) {
        let brightness = mood.brightness;
        let len = run.len();
        let [sing, breath] = self.advance(len);
        if mood.clock.is_multiple_of(TUNED_EVERY) {
            self.bank.set(self.tunings(brightness, sing.from));
        }
        self.excite(&layers.reed, run.clone());
        let io = &mut self.lanes;
        let [.., left, right] = io;
        self.noise.render_pair(&mut left[..len], &mut right[..len]);
        self.bank.process(io, len);
        let light = 0.35 + 1.3 * brightness;
        // The body is low, so it stays in the middle, where no room blurs it.
        mix::add(&mut layers.sums[MIDDLE][run.clone()], &io[0][..len], Segment::flat(0.06));
        for (side, sign) in layers.sums[..2].iter_mut().zip([0.1, -0.1]) {
            mix::add(&mut side[run.clone()], &io[1][..len], Segment::flat(sign));
        }
        let gains = [sing.times(17.0 * light), sing.times(11.0 * light), breath.times(0.6 * light)];
        for (pair, gain) in io[2..].chunks_exact(2).zip(gains) {
            if gain.from + gain.at(len) < 1e-4 {
                continue;
            }
            for (side, io) in layers.sums[..2].iter_mut().zip(pair) {
                mix::add(&mut side[run.clone()], &io[..len], gain);
            }
        }
    }

    /// The reed's mid and side, and twice its pulses: the slope of a saw, in which all overtones are
    /// equal, so that the song's bands do not let the ground through on their skirts.
    fn excite(&mut self, reed: &[[f32; BLOCK_LEN]; 2], run: Range<usize>) {
        let io = &mut self.lanes;
        let ([left, right], len) = (reed, run.len());
        for (i, (left, right)) in left[run.clone()].iter().zip(&right[run.clone()]).enumerate() {
            (io[0][i], io[1][i]) = (left + right, left - right);
        }
        for side in 0..2 {
            let reed = &reed[side][run.clone()];
            io[side + 2][0] = reed[0] - self.last[side];
            for (out, pair) in io[side + 2][1..len].iter_mut().zip(reed.windows(2)) {
                *out = pair[1] - pair[0];
            }
            self.last[side] = reed[len - 1];
            io[side + 4] = io[side + 2];
        }
    }

    fn advance(&mut self, len: usize) -> [Segment; 2] {
        let share = if self.left > len as u32 { len as f32 / self.left as f32 } else { 1.0 };
        self.left = self.left.saturating_sub(len as u32);
        // The mouth moves to another overtone with a half-life of 0.16 s.
        let rest = math::exp2(-(len as f32) / (0.16 * self.sample_rate));
        for (formant, aim) in self.formants.iter_mut().zip(self.aims) {
            *formant = aim + (*formant - aim) * rest;
        }
        std::array::from_fn(|index| {
            let from = self.levels[index];
            let to = from + (self.goals[index] - from) * share;
            self.levels[index] = to;
            Segment::between(from, to, len)
        })
    }

    fn tunings(&self, brightness: f32, sing: f32) -> [Tuning; 8] {
        let at = |octaves: f32, damping: f32| {
            Tuning::new(math::exp2(octaves) / self.sample_rate, damping)
        };
        // The body opens as it sings: from 170 Hz to 1.5 kHz.
        let body = at(7.6 + 2.4 * brightness + 0.8 * sing, 1.1);
        let breadth = at(9.6 + brightness, 0.8);
        let [low, high] = [0, 1].map(|index| at(self.formants[index], Self::DAMPING[index]));
        let [left, right] = self.bands.map(|band| at(band, 0.06));
        [body, breadth, low, low, high, high, left, right]
    }
}

/// The filters are not visited: they forget within a tenth of a second.
impl State for Throat {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.noise.visit(word);
        for level in self.levels.iter_mut().chain(&mut self.goals) {
            level.visit(word);
            *level = math::clamp(*level, 0.0, 1.0);
        }
        self.left.visit(word);
        self.left = self.left.min(self.beat_len);
        for part in [&mut self.formants, &mut self.aims, &mut self.bands] {
            part.visit(word);
            *part = part.map(|octaves| math::clamp(octaves, 6.0, 13.0));
        }
    }
}
