//! Stabs: chords of four notes, each of two voices apart, short or held, through filters that close as
//! they fade.
//!
//! ```text
//! voice: two saws, 9 cents apart               a note: two voices, 9 cents apart, on either side
//! saw:   (s²[n] − s²[n−1]) / 4f, s = −1..1     left, right: mid ± side, each to a filter of the bank
//! ```
//!
//! Sixteen sawtooths cost little so: what is weighted and summed are parabolas, and the difference is
//! taken once of the sum. Folded partials are as soft as those of [`perpetuo_dsp::Saw`].
//!
//! Source: V. Välimäki, *Discrete-Time Synthesis of the Sawtooth Waveform With Reduced Aliasing*, 2005.

use perpetuo_dsp::{State, Tuning, math, step_from};
use perpetuo_station::BLOCK_LEN;

use super::hit::Hit;

/// Four notes, struck as a whole.
pub(super) struct Stabs {
    notes: [Note; 4],
    chord: [f32; 4],
    hit: Hit,
    held: f32,
    tuning: Tuning,
    sample_rate: f32,
}

/// Four saws, two a side.
#[derive(Clone, Copy, Debug, Default)]
struct Note {
    turns: [u32; 4],
    steps: [u32; 4],
    /// What a parabola of 2^62 counts in mid and side.
    weights: [f32; 2],
}

/// The sum of all parabolas in mid and side, from the sample before the run on.
type Sums = [[f32; SUMS_LEN]; 2];

/// One more than a block, in whole vectors.
const SUMS_LEN: usize = BLOCK_LEN + 4;

impl Stabs {
    /// How loud each note's two voices are on the far side; its sign is the side of the first.
    const FAR: [f32; 4] = [-0.5, 0.15, -0.15, 0.4];

    /// Frequencies of a note's four saws: voices ±4.5 cents, in each of them saws ±4.3 cents.
    const SPREAD: [f32; 4] = [0.994_9, 0.999_9, 1.000_1, 1.005_1];

    /// Of each saw.
    const GAIN: f32 = 0.157;

    pub(super) fn new(salt: u32, sample_rate_hz: u32) -> Self {
        let mut stabs = Self {
            notes: [Note::default(); 4],
            chord: [48.0; 4],
            hit: Hit::new(1.0, 1.0, 0.004),
            held: 0.0,
            tuning: Tuning::new(0.01, 0.75),
            sample_rate: sample_rate_hz as f32,
        };
        // Spread, so that no two performances begin alike.
        for (index, turn) in (1..).zip(stabs.notes.iter_mut().flat_map(|note| &mut note.turns)) {
            *turn = salt.wrapping_add(index).wrapping_mul(0x9E37_79B9);
        }
        stabs.prepare();
        stabs
    }

    /// Strikes a chord; `held` 0 (short) to 1 (long).
    pub(super) fn strike(&mut self, chord: [f32; 4], gain: f32, held: f32) {
        (self.chord, self.held) = (chord, held);
        self.hit.strike(gain);
        self.prepare();
    }

    /// Writes both sides, at most a block, and tells how their filters are to stand; `light` in octaves.
    pub(super) fn render(&mut self, [left, right]: [&mut [f32]; 2], light: f32) -> Tuning {
        let len = left.len();
        // Between two chords the phases stand still, so that a snapshot needs no pitch.
        if !self.hit.is_sounding() {
            left.fill(0.0);
            right.fill(0.0);
            return self.tuning;
        }
        let level = self.hit.advance(len);
        let mut sums: Sums = [[0.0; SUMS_LEN]; 2];
        for note in &mut self.notes {
            note.add_parabolas(&mut sums, len);
        }
        let [mids, sides] = &sums;
        let out = left.iter_mut().zip(right.iter_mut());
        let mids = mids[1..].iter().zip(mids);
        let sides = sides[1..].iter().zip(sides);
        for (n, (((left, right), mid), side)) in (0_i32..).zip(out.zip(mids).zip(sides)) {
            let level = level.from + level.step * n as f32;
            let (mid, side) = (mid.0 - mid.1, side.0 - side.1);
            *left = level * (mid + side);
            *right = level * (mid - side);
        }
        let octaves = light + 2.2 * self.hit.level();
        self.tuning = Tuning::new(650.0 * math::exp2(octaves) / self.sample_rate, 0.75);
        self.tuning
    }

    /// Pitches and paces from chord and length.
    fn prepare(&mut self) {
        let rate = self.sample_rate;
        for ((note, pitch), far) in self.notes.iter_mut().zip(self.chord).zip(Self::FAR) {
            note.set(math::hz_from_note(pitch) / rate, far);
        }
        let rise = 0.001 + 0.03 * self.held;
        let fall = 0.05 + 0.75 * self.held * self.held;
        self.hit.set_halves(rise * rate, fall * rate);
    }
}

impl Note {
    fn set(&mut self, phase_step: f32, far: f32) {
        for (step, spread) in self.steps.iter_mut().zip(Stabs::SPREAD) {
            *step = step_from(spread * phase_step);
        }
        // 2^-62 / 4f
        let weight = Stabs::GAIN * 5.421_010_9e-20 / phase_step;
        let (sign, far) = if far < 0.0 { (1.0, -far) } else { (-1.0, far) };
        self.weights = [0.5 * (1.0 + far) * weight, sign * 0.5 * (1.0 - far) * weight];
    }

    fn add_parabolas(&mut self, sums: &mut Sums, len: usize) {
        let ([a, b, c, d], steps) = (self.turns, self.steps);
        let first = parabolas([a, b], [steps[0], steps[1]]);
        let second = parabolas([c, d], [steps[2], steps[3]]);
        let [mid_weight, side_weight] = self.weights;
        let [mids, sides] = sums;
        for n in 0..SUMS_LEN {
            mids[n] += mid_weight * (first[n] + second[n]);
            sides[n] += side_weight * (first[n] - second[n]);
        }
        // The last sample of this run is the one before the next.
        for (turn, step) in self.turns.iter_mut().zip(steps) {
            *turn = turn.wrapping_add(step.wrapping_mul(len as u32));
        }
    }
}

/// Two parabolas, added.
#[inline(never)]
fn parabolas([mut a, mut b]: [u32; 2], [step_a, step_b]: [u32; 2]) -> [f32; SUMS_LEN] {
    let parabola = |turn: u32| (turn as i32 as f32) * (turn as i32 as f32);
    let mut out = [0.0; SUMS_LEN];
    for out in &mut out {
        *out = parabola(a) + parabola(b);
        (a, b) = (a.wrapping_add(step_a), b.wrapping_add(step_b));
    }
    out
}

impl State for Stabs {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.notes.iter_mut().for_each(|note| note.turns.visit(word));
        self.chord.visit(word);
        self.chord = self.chord.map(|note| math::clamp(note, 0.0, 127.0));
        self.hit.visit(word);
        self.held.visit(word);
        self.held = math::clamp(self.held, 0.0, 1.0);
        self.prepare();
    }
}
