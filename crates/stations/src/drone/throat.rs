//! What gives the drone a voice: a reed's body, two overtones that sing in it, and breath.
//!
//! ```text
//! reed (saws) ─┬─ mid ──► low-pass ──────────► body      side ─► wide band ─► its breadth
//!              ├─► narrow band, low overtone ──► song     left and right; all of it in one bank of eight
//!              └─► narrow band, high overtone ─► song
//! noise ─────────► band on the harmony ────────► breath   left and right
//! ```

use std::ops::Range;

use perpetuo_dsp::{Chance, Noise, Response, Segment, State, SvfBank, Tuning, math, wide};
use perpetuo_station::BLOCK_LEN;

use super::{
    layers::{Layers, MIDDLE},
    note::Air,
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
    /// What is left of the mouth's way after [`TUNED_EVERY`] samples.
    rest: f32,
    /// The four bands as they were tuned last.
    tuned: [Tuned; 4],
    sample_rate: f32,
    beat_len: u32,
}

impl Throat {
    /// How narrow, the songs and the breath: a single overtone of a reed at 110 Hz stands out by 12 dB. By
    /// meter, 2026-11.
    const DAMPINGS: [f32; 4] = [0.045, 0.03, 0.06, 0.06];

    pub(super) fn new(chance: &Chance, sample_rate_hz: u32) -> Self {
        let [low, band] = [Response::Low, Response::Band];
        let responses = [low, band, band, band, band, band, band, band];
        let formants = [9.5, 11.0];
        Self {
            bank: SvfBank::new([Tuning::new(0.01, 1.0); 8], responses),
            lanes: [[0.0; BLOCK_LEN]; 8],
            noise: Noise::new(chance.word(42, 0)),
            levels: [0.0; 2],
            goals: [0.0; 2],
            left: 0,
            formants,
            aims: formants,
            bands: [9.0, 10.0],
            // The mouth moves to another overtone with a half-life of 0.16 s.
            rest: math::exp2(-(TUNED_EVERY as f32) / (0.16 * sample_rate_hz as f32)),
            tuned: [Tuned { octaves: 0.0, tuning: Tuning::new(0.01, 1.0) }; 4],
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

    /// Writes the samples `run` of all sums.
    pub(super) fn render(&mut self, layers: &mut Layers, run: Range<usize>, mood: Mood) {
        let brightness = mood.brightness;
        let len = run.len();
        let [sing, breath] = self.advance(len);
        if mood.clock.is_multiple_of(TUNED_EVERY) {
            self.move_mouth();
            let tunings = self.tunings(brightness, sing.from);
            self.bank.set(tunings);
        }
        let light = 0.35 + 1.3 * brightness;
        let songs = [sing.times(17.0 * light), sing.times(11.0 * light)];
        // Noise first: the reed has just been written, and is read across what was stored.
        let [.., left, right] = &mut self.lanes;
        self.noise.render_pair(&mut left[..len], &mut right[..len]);
        self.excite(layers, songs, len);
        self.bank.process(&mut self.lanes, len);
        let [body, breadth, low_left, low_right, high_left, high_right, left, right] = &self.lanes;
        let breath = breath.times(0.6 * light);
        // The body is low, so it stays in the middle, where no room blurs it.
        layers.sums[MIDDLE][run.clone()].copy_from_slice(&body[..len]);
        let [out_left, out_right, _] = &mut layers.sums;
        let songs = [low_left, high_left];
        write_side(&mut out_left[run.clone()], breadth, 1.0, songs, left, breath);
        let songs = [low_right, high_right];
        write_side(&mut out_right[run], breadth, -1.0, songs, right, breath);
    }

    /// The reed's mid and side, and twice its pulses: the slope of a saw, in which all overtones are
    /// equal, so that the song's bands do not let the ground through on their skirts. Levels are taken
    /// here, where there is less to multiply than behind the bank.
    fn excite(&mut self, layers: &Layers, songs: [Segment; 2], len: usize) {
        let [mid, side, low_left, low_right, high_left, high_right, ..] = &mut self.lanes;
        let [left, right] = [&layers.reed[0][..=len], &layers.reed[1][..=len]];
        let level = layers.reed_level;
        let sides = [level.times(0.06), level.times(0.1)];
        write_mid_and_side(mid, side, [&left[1..], &right[1..]], sides);
        // Their product, at either end.
        let times = |song: Segment| {
            Segment::between(level.from * song.from, level.at(len) * song.at(len), len)
        };
        let gains = [times(songs[0]), times(songs[1])];
        write_slopes(low_left, high_left, left, gains);
        write_slopes(low_right, high_right, right, gains);
    }

    fn advance(&mut self, len: usize) -> [Segment; 2] {
        let share = if self.left > len as u32 { len as f32 / self.left as f32 } else { 1.0 };
        self.left = self.left.saturating_sub(len as u32);
        let mut ways = [Segment::flat(0.0); 2];
        for ((way, level), goal) in ways.iter_mut().zip(&mut self.levels).zip(self.goals) {
            let from = *level;
            *level = from + (goal - from) * share;
            *way = Segment::between(from, *level, len);
        }
        ways
    }

    fn move_mouth(&mut self) {
        for (formant, aim) in self.formants.iter_mut().zip(self.aims) {
            let way = (*formant - aim) * self.rest;
            // A cent from there it has arrived.
            *formant = if way * way > 1e-6 { aim + way } else { aim };
        }
    }

    fn tunings(&mut self, brightness: f32, sing: f32) -> [Tuning; 8] {
        let octaves = [self.formants[0], self.formants[1], self.bands[0], self.bands[1]];
        for ((tuned, octaves), damping) in self.tuned.iter_mut().zip(octaves).zip(Self::DAMPINGS) {
            if octaves != tuned.octaves {
                *tuned = Tuned { octaves, tuning: tuning(octaves, damping, self.sample_rate) };
            }
        }
        let [low, high, left, right] = &self.tuned;
        let (low, high) = (low.tuning, high.tuning);
        // The body opens as it sings: from 170 Hz to 1.5 kHz.
        let body = tuning(7.6 + 2.4 * brightness + 0.8 * sing, 1.1, self.sample_rate);
        let breadth = tuning(9.6 + brightness, 0.8, self.sample_rate);
        [body, breadth, low, low, high, high, left.tuning, right.tuning]
    }
}

/// A band's centre in octaves above 1 Hz, and what it comes to.
#[derive(Clone, Copy, Debug)]
struct Tuned {
    octaves: f32,
    tuning: Tuning,
}

fn tuning(octaves: f32, damping: f32, sample_rate: f32) -> Tuning {
    Tuning::new(math::exp2(octaves) / sample_rate, damping)
}

type Lane = [f32; BLOCK_LEN];

wide! {
    /// What a reed of two sides is in their middle, and how far they are apart.
    fn write_mid_and_side = write_mid_and_side_plain(
        mid: &mut Lane,
        side: &mut Lane,
        reeds: [&[f32]; 2],
        gains: [Segment; 2],
    );
}

#[inline(always)]
fn write_mid_and_side_plain(
    mid: &mut Lane,
    side: &mut Lane,
    [left, right]: [&[f32]; 2],
    gains: [Segment; 2],
) {
    let len = left.len().min(right.len()).min(BLOCK_LEN);
    for i in 0..len {
        mid[i] = gains[0].at(i) * (left[i] + right[i]);
        side[i] = gains[1].at(i) * (left[i] - right[i]);
    }
}

wide! {
    /// How far each sample is above the one before, twice; `reed` begins one sample earlier.
    fn write_slopes = write_slopes_plain(
        low: &mut Lane,
        high: &mut Lane,
        reed: &[f32],
        gains: [Segment; 2],
    );
}

#[inline(always)]
fn write_slopes_plain(low: &mut Lane, high: &mut Lane, reed: &[f32], gains: [Segment; 2]) {
    let len = reed.len().saturating_sub(1).min(BLOCK_LEN);
    for i in 0..len {
        let slope = reed[i + 1] - reed[i];
        low[i] = gains[0].at(i) * slope;
        high[i] = gains[1].at(i) * slope;
    }
}

wide! {
    /// One side of the breadth, both songs, and the breath.
    fn write_side = write_side_plain(
        out: &mut [f32],
        breadth: &Lane,
        sign: f32,
        songs: [&Lane; 2],
        breath: &Lane,
        gain: Segment,
    );
}

#[inline(always)]
fn write_side_plain(
    out: &mut [f32],
    breadth: &Lane,
    sign: f32,
    [low, high]: [&Lane; 2],
    breath: &Lane,
    gain: Segment,
) {
    for i in 0..out.len().min(BLOCK_LEN) {
        out[i] = sign * breadth[i] + (low[i] + high[i]) + gain.at(i) * breath[i];
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
