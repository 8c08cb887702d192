//! Stabs: chords of four notes, each of three saws, short or held, through filters that close as
//! they fade.
//!
//! ```text
//! note: three saws, one in the middle and one 9 cents away on either side
//! saw:  (s²[n] − s²[n−1]) / 4f, s = −1..1     left, right: mid ± side, each to a filter of the bank
//! ```
//!
//! Twelve sawtooths cost little so: what is weighted and summed are parabolas, and the difference is
//! taken once of the sum. Folded partials are as soft as those of [`perpetuo_dsp::Saw`].
//!
//! Source: V. Välimäki, *Discrete-Time Synthesis of the Sawtooth Waveform With Reduced Aliasing*, 2005.

use perpetuo_dsp::{Segment, State, Tuning, math, step_from, wide};
use perpetuo_station::BLOCK_LEN;

use super::hit::Hit;

/// Four notes, struck as a whole.
pub(super) struct Stabs {
    notes: [Note; 4],
    chord: [f32; 4],
    /// The sums of the latest sample.
    before: [f32; 2],
    hit: Hit,
    held: f32,
    tuning: Tuning,
    sample_rate: f32,
}

/// Three saws: of the sides, and of the middle.
#[derive(Clone, Copy, Debug, Default)]
struct Note {
    turns: [u32; 3],
    steps: [u32; 3],
    /// What a parabola of 2^62 counts: the outer ones in mid and side, the middle one.
    weights: [f32; 3],
}

/// The sum of all parabolas in mid and side, from the sample before the run on, which is the last of a
/// vector so that the others are whole ones.
type Sums = [[f32; BEFORE + 1 + BLOCK_LEN]; 2];

const BEFORE: usize = 3;

impl Stabs {
    /// How loud each note's outer saws are on the far side; its sign is the side of the first.
    const FAR: [f32; 4] = [-0.4, 0.1, -0.1, 0.3];

    /// Frequencies of a note's saws: ±8.8 cents.
    const SPREAD: [f32; 3] = [0.994_9, 1.005_1, 1.0];

    /// -44 dB, for what follows covers their end: over in 7 half-lives.
    const REST: f32 = 0.006;

    /// Of an outer saw on its side, and of the middle one on both.
    const GAINS: [f32; 2] = [0.157, 0.15];

    pub(super) fn new(salt: u32, sample_rate_hz: u32) -> Self {
        let mut stabs = Self {
            notes: [Note::default(); 4],
            chord: [48.0; 4],
            before: [0.0; 2],
            hit: Hit::new(1.0, 1.0, Self::REST),
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
        let mut sums: Sums = [[0.0; BEFORE + 1 + BLOCK_LEN]; 2];
        (sums[0][BEFORE], sums[1][BEFORE]) = (self.before[0], self.before[1]);
        write_saws(&self.notes, &mut sums, left, right, level);
        self.before = sums.map(|sums| sums[BEFORE + len]);
        self.notes.iter_mut().for_each(|note| note.pass(len));
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
        // Sums of other weights are no part of a difference.
        self.before = [0.0; 2];
        for note in &self.notes {
            let [mid, side] = note.parabolas(note.turns);
            self.before = [self.before[0] + mid, self.before[1] + side];
        }
        let rise = 0.001 + 0.03 * self.held;
        let fall = 0.05 + 0.75 * self.held * self.held;
        self.hit.set_halves(rise * rate, fall * rate);
    }
}

impl Note {
    /// A parabola counts in 2^62, and four times its frequency is what its slope is: 2^-64.
    const UNIT: f32 = 1.0 / 18_446_744_073_709_551_616.0;

    fn set(&mut self, phase_step: f32, far: f32) {
        for (step, spread) in self.steps.iter_mut().zip(Stabs::SPREAD) {
            *step = step_from(spread * phase_step);
        }
        let [outer, middle] = Stabs::GAINS.map(|gain| gain * Self::UNIT / phase_step);
        let (sign, far) = if far < 0.0 { (1.0, -far) } else { (-1.0, far) };
        self.weights = [0.5 * (1.0 + far) * outer, sign * 0.5 * (1.0 - far) * outer, middle];
    }

    /// In mid and side.
    #[inline(always)]
    fn parabolas(&self, [a, b, c]: [u32; 3]) -> [f32; 2] {
        let [mid, side, middle] = self.weights;
        let parabola = |turn: u32| (turn as i32 as f32) * (turn as i32 as f32);
        let (first, second) = (parabola(a), parabola(b));
        [mid * (first + second) + middle * parabola(c), side * (first - second)]
    }

    fn pass(&mut self, len: usize) {
        for (turn, step) in self.turns.iter_mut().zip(self.steps) {
            *turn = turn.wrapping_add(step.wrapping_mul(len as u32));
        }
    }
}

wide! {
    /// Sums up the parabolas of as many samples as there are places, and writes their differences.
    fn write_saws = write_saws_plain(
        notes: &[Note; 4],
        sums: &mut Sums,
        left: &mut [f32],
        right: &mut [f32],
        level: Segment,
    );
}

#[inline(always)]
fn write_saws_plain(
    notes: &[Note; 4],
    [mids, sides]: &mut Sums,
    left: &mut [f32],
    right: &mut [f32],
    level: Segment,
) {
    let len = left.len().min(right.len()).min(BLOCK_LEN);
    for note in notes {
        let ([a, b, c], [step_a, step_b, step_c]) = (note.turns, note.steps);
        for (n, (mid, side)) in
            (1_u32..).zip(mids[BEFORE + 1..][..len].iter_mut().zip(&mut sides[BEFORE + 1..][..len]))
        {
            let [to_mid, to_side] = note.parabolas([
                a.wrapping_add(step_a.wrapping_mul(n)),
                b.wrapping_add(step_b.wrapping_mul(n)),
                c.wrapping_add(step_c.wrapping_mul(n)),
            ]);
            *mid += to_mid;
            *side += to_side;
        }
    }
    for n in 0..len {
        let level = level.from + level.step * n as i32 as f32;
        let mid = mids[BEFORE + 1 + n] - mids[BEFORE + n];
        let side = sides[BEFORE + 1 + n] - sides[BEFORE + n];
        left[n] = level * (mid + side);
        right[n] = level * (mid - side);
    }
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
