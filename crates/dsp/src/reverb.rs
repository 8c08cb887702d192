//! A hall: eight delay lines that feed each other through a Hadamard matrix, at half the sample rate.
//!
//! ```text
//! mid ─► all-pass ─► all-pass ─┬─► + side ─► lines 0 2 4 6 ─┐
//!                              └─► − side ─► lines 1 3 5 7 ─┤
//!            ▲                                              ▼
//!            └─── feedback ◄── H₈/√8 ◄── damp ◄─────────────┤
//! left = t₀ + t₂ + t₄ − t₆      right = t₁ + t₃ − t₅ + t₇  ◄┘
//! ```
//!
//! The time to -60 dB is `3 · mean length / −log₁₀(feedback)`: 0.75, 1.4, 1.9 and 5.4 s at feedbacks of
//! 0.72, 0.84, 0.88 and 0.955. Lines 0 and 1 sway by ±4 samples at 0.31 Hz, a quarter turn apart. What
//! comes in is first heard after 25 ms, and nothing above some 10 kHz is.
//!
//! Source: J.-M. Jot, A. Chaigne, *Digital Delay Networks for Designing Artificial Reverberators*, 1991;
//! lengths are primes near a geometric row.

use crate::{
    Block, CONTROL_LEN, Phase, State,
    half::{Doubler, HALF_LEN, Halver},
    line::{Line, from_steps, in_steps},
    math,
    simd::{LANES, Lanes, eight, eight_mut, kernel},
};

/// A stereo reverb: two channels in, two out, wet only, in whole control steps.
#[derive(Clone, Debug)]
pub struct Reverb {
    halvers: [Halver; 2],
    doublers: [Doubler; 2],
    lines: [Line<HALF_LEN>; 8],
    /// What goes into the lines when the next step begins.
    cells: [[i16; HALF_LEN]; 8],
    lengths: [usize; 8],
    diffusers: [AllPass; 2],
    sway: Phase,
    /// How much longer the swaying lines are now.
    depths: [f32; 2],
    feedback: f32,
    damping: f32,
}

impl Reverb {
    /// Lengths of the eight lines at a sample rate of 22.05 kHz, in samples; they follow the sample rate.
    pub const LENGTHS: [usize; 8] = [521, 587, 661, 733, 811, 907, 1009, 1103];
    const ALL_PASSES: [usize; 2] = [127, 211];
    const SWAY_SAMPLES: f32 = 4.0;
    const SWAY_HZ: f32 = 0.31;

    /// Silent, with a feedback of 0.84 and a damping of 0.3, for 32 to 48 kHz.
    pub fn new(sample_rate_hz: u32) -> Self {
        let scaled = |len: usize| (len * sample_rate_hz as usize).div_ceil(44_100);
        let lengths = Self::LENGTHS.map(scaled);
        let mut sway = Phase::new();
        sway.set_phase_step(Self::SWAY_HZ * CONTROL_LEN as f32 / sample_rate_hz as f32);
        Self {
            halvers: [Halver::new(), Halver::new()],
            doublers: [Doubler::new(), Doubler::new()],
            lines: lengths.map(|len| Line::new(len + 2 * Self::SWAY_SAMPLES as usize + 2)),
            cells: [[0; HALF_LEN]; 8],
            lengths,
            diffusers: Self::ALL_PASSES.map(|len| AllPass::new(scaled(len))),
            sway,
            depths: [depth_of(0, 0), depth_of(1, 0)],
            feedback: 0.84,
            damping: 0.3,
        }
    }

    /// Silent again, settings as they were.
    pub fn reset(&mut self) {
        self.halvers = [Halver::new(), Halver::new()];
        self.doublers = [Doubler::new(), Doubler::new()];
        self.lines.iter_mut().for_each(Line::reset);
        self.cells = [[0; HALF_LEN]; 8];
        self.diffusers.iter_mut().for_each(AllPass::reset);
        self.sway.turn = 0;
        self.find_depths();
    }

    /// Takes a feedback, 0..=0.96, and a damping, 0 (bright) to 0.9 (dull), at the next control step.
    pub fn set(&mut self, feedback: f32, damping: f32) {
        self.feedback = math::clamp(feedback, 0.0, 0.96);
        self.damping = math::clamp(damping, 0.0, 0.9);
    }

    /// Replaces what is sent by the hall's answer to what was sent a step before.
    pub fn process(&mut self, io: &mut Block) {
        self.sway.skip(1);
        let from = self.depths;
        self.find_depths();
        let sways = [Way::new(from[0], self.depths[0]), Way::new(from[1], self.depths[1])];
        answer(self, io, &sways);
    }

    /// Lets control steps pass unheard.
    pub fn skip(&mut self, steps: u32) {
        self.sway.turn = self.sway.turn.wrapping_add(self.sway.step.wrapping_mul(steps));
        self.find_depths();
    }

    fn find_depths(&mut self) {
        self.depths = [depth_of(0, self.sway.turn), depth_of(1, self.sway.turn)];
    }
}

/// How much longer a swaying line is when its sway is at `turn`: never shorter than its length.
fn depth_of(index: u32, turn: u32) -> f32 {
    let swung = crate::phase::sine(turn.wrapping_add(index << 30));
    math::clamp(Reverb::SWAY_SAMPLES * (1.0 + swung), 0.0, 2.0 * Reverb::SWAY_SAMPLES)
}

/// `whole + part + step · n` samples; `part` stays within 0..=1 all the way.
#[derive(Clone, Copy, Debug)]
struct Way {
    whole: usize,
    part: f32,
    step: f32,
}

impl Way {
    fn new(from: f32, to: f32) -> Self {
        let whole = if from < to { from as usize } else { to as usize };
        Self { whole, part: from - whole as f32, step: (to - from) * (1.0 / HALF_LEN as f32) }
    }
}

impl State for Reverb {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.sway.turn.visit(word);
        self.find_depths();
    }
}

kernel! {
    fn answer = answer_generic(reverb: &mut Reverb, io: &mut Block, sways: &[Way; 2]);
}

#[inline(always)]
fn answer_generic<V: Lanes>(reverb: &mut Reverb, io: &mut Block, sways: &[Way; 2]) {
    let (feedback, damping) = (reverb.feedback, reverb.damping);
    let Reverb { lines, cells, lengths, halvers, doublers, diffusers, .. } = reverb;
    exchange::<V>(io, halvers, doublers);
    for (line, cells) in lines.iter_mut().zip(&*cells) {
        line.push(cells);
    }
    let mut mid = halvers[0].give_all::<V>();
    diffusers[0].run::<V>(&mut mid);
    diffusers[1].run::<V>(&mut mid);
    let [len0, len1, len2, len3, len4, len5, len6, len7] = *lengths;
    let words: [&[i16; HALF_LEN + 2]; 8] = [
        lines[0].array(len0 + 1 + sways[0].whole),
        lines[1].array(len1 + 1 + sways[1].whole),
        lines[2].array(len2 + 1),
        lines[3].array(len3 + 1),
        lines[4].array(len4 + 1),
        lines[5].array(len5 + 1),
        lines[6].array(len6 + 1),
        lines[7].array(len7 + 1),
    ];
    // 1/√8
    let gain = V::splat(feedback * 0.353_553_4);
    let weights = damping_weights(damping);
    for row in 0..HALF_LEN / LANES {
        let at = row * LANES;
        let t0 = swaying::<V>(words[0], at, sways[0]);
        let t1 = swaying::<V>(words[1], at, sways[1]);
        let t2 = damped::<V>(words[2], at, weights);
        let t3 = damped::<V>(words[3], at, weights);
        let t4 = damped::<V>(words[4], at, weights);
        let t5 = damped::<V>(words[5], at, weights);
        let t6 = damped::<V>(words[6], at, weights);
        let t7 = damped::<V>(words[7], at, weights);
        doublers[0].take(at, from_steps(t0.add(t2).add(t4.sub(t6))));
        doublers[1].take(at, from_steps(t1.add(t3).sub(t5.sub(t7))));
        let (p0, p1, p2, p3) = (t0.add(t1), t0.sub(t1), t2.add(t3), t2.sub(t3));
        let (p4, p5, p6, p7) = (t4.add(t5), t4.sub(t5), t6.add(t7), t6.sub(t7));
        let (q0, q1, q2, q3) = (p0.add(p2), p1.add(p3), p0.sub(p2), p1.sub(p3));
        let (q4, q5, q6, q7) = (p4.add(p6), p5.add(p7), p4.sub(p6), p5.sub(p7));
        let (mid, side) = (V::load(eight(&mid, at)), halvers[1].give::<V>(at));
        let (plus, minus) = (mid.add(side), mid.sub(side));
        plus.add_mul(gain, q0.add(q4)).store_i16(eight_mut(&mut cells[0], at));
        minus.add_mul(gain, q1.add(q5)).store_i16(eight_mut(&mut cells[1], at));
        plus.add_mul(gain, q2.add(q6)).store_i16(eight_mut(&mut cells[2], at));
        minus.add_mul(gain, q3.add(q7)).store_i16(eight_mut(&mut cells[3], at));
        plus.add_mul(gain, q0.sub(q4)).store_i16(eight_mut(&mut cells[4], at));
        minus.add_mul(gain, q1.sub(q5)).store_i16(eight_mut(&mut cells[5], at));
        plus.add_mul(gain, q2.sub(q6)).store_i16(eight_mut(&mut cells[6], at));
        minus.add_mul(gain, q3.sub(q7)).store_i16(eight_mut(&mut cells[7], at));
    }
    halvers[0].turn::<V>();
    halvers[1].turn::<V>();
}

/// Gives mid and side of what comes, in steps, to the two halvers, and writes what the doublers have.
#[inline(always)]
pub(crate) fn exchange<V: Lanes>(
    [left, right]: &mut Block,
    [mid, side]: &mut [Halver; 2],
    doublers: &mut [Doubler; 2],
) {
    let half = V::splat(0.5);
    for row in 0..HALF_LEN / LANES {
        let at = row * LANES;
        let (a, b) = (V::load(eight(left, 2 * at)), V::load(eight(left, 2 * at + LANES)));
        let (c, d) = (V::load(eight(right, 2 * at)), V::load(eight(right, 2 * at + LANES)));
        let (a, b, c, d) = (in_steps(a), in_steps(b), in_steps(c), in_steps(d));
        mid.take(at, half.mul(a.add(c)), half.mul(b.add(d)));
        side.take(at, half.mul(a.sub(c)), half.mul(b.sub(d)));
    }
    doublers[0].give::<V>(left);
    doublers[1].give::<V>(right);
}

/// Weights of a sample and of both its neighbours: a low-pass of three taps.
///
/// ```text
/// y[n] = d/2·x[n−1] + (1−d)·x[n] + d/2·x[n+1]
/// ```
pub(crate) fn damping_weights(damping: f32) -> [f32; 2] {
    [1.0 - damping, 0.5 * damping]
}

/// Eight damped samples of cells that begin one before the first of them.
#[inline(always)]
pub(crate) fn damped<V: Lanes>(words: &[i16], at: usize, [middle, side]: [f32; 2]) -> V {
    let neighbours = V::load_i16(eight(words, at)).add(V::load_i16(eight(words, at + 2)));
    let middle = V::splat(middle).mul(V::load_i16(eight(words, at + 1)));
    middle.add_mul(V::splat(side), neighbours)
}

/// Eight samples between two cells, which dulls enough by itself; the cells begin as those of [`damped`].
#[inline(always)]
fn swaying<V: Lanes>(words: &[i16], at: usize, way: Way) -> V {
    let (past, now) = (V::load_i16(eight(words, at)), V::load_i16(eight(words, at + 1)));
    let part = V::along(crate::Segment { from: way.part, step: way.step }, at);
    now.add_mul(part, past.sub(now))
}

/// An all-pass: `w[n] = x[n] + g·w[n−M]`, `y[n] = w[n−M] − g·w[n]`, g = 0.62.
///
/// Source: M. Schroeder, *Natural Sounding Artificial Reverberation*, 1962.
#[derive(Clone, Debug)]
pub(crate) struct AllPass {
    line: Line<HALF_LEN>,
    /// What goes into the line when the next step begins.
    cells: [i16; HALF_LEN],
    len: usize,
}

impl AllPass {
    const GAIN: f32 = 0.62;

    /// Over `len` samples, at least [`HALF_LEN`].
    pub(crate) fn new(len: usize) -> Self {
        Self { line: Line::new(len), cells: [0; HALF_LEN], len }
    }

    pub(crate) fn reset(&mut self) {
        self.line.reset();
        self.cells = [0; HALF_LEN];
    }

    #[inline(always)]
    pub(crate) fn run<V: Lanes>(&mut self, io: &mut [f32; HALF_LEN]) {
        self.line.push(&self.cells);
        let words: &[i16; HALF_LEN] = self.line.array(self.len);
        let gain = V::splat(Self::GAIN);
        for row in 0..HALF_LEN / LANES {
            let at = row * LANES;
            let past = V::load_i16(eight(words, at));
            let io = eight_mut(io, at);
            let into = V::load(io).add_mul(gain, past);
            past.sub(gain.mul(into)).store(io);
            into.store_i16(eight_mut(&mut self.cells, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_falls_by_60_db_in_the_time_the_formula_says() {
        let mut reverb = Reverb::new(44_100);
        reverb.set(0.84, 0.0);
        let mut left = vec![0.0; 88_192];
        left[..2000].iter_mut().enumerate().for_each(|(n, x)| *x = (n as f32 * 0.05).sin());
        for left in left.as_chunks_mut::<CONTROL_LEN>().0 {
            let mut io = [*left; 2];
            reverb.process(&mut io);
            *left = io[0];
        }
        let power = |from: usize| left[from..from + 4410].iter().map(|x| x * x).sum::<f32>();
        let fall_db = 10.0 * (power(6615) / power(6615 + 22_050)).log10();
        assert!((fall_db - 0.5 * 60.0 / 1.4).abs() < 5.0, "{fall_db}");
    }

    #[test]
    fn the_two_sides_differ() {
        let mut reverb = Reverb::new(48_000);
        let (mut product, mut power) = (0.0, 0.0);
        for step in 0..320 {
            let mut io = [[0.0; CONTROL_LEN]; 2];
            (io[0][0], io[1][0]) = if step == 0 { (1.0, 1.0) } else { (0.0, 0.0) };
            reverb.process(&mut io);
            product += io[0].iter().zip(&io[1]).map(|(a, b)| a * b).sum::<f32>();
            power += io[0].iter().map(|a| a * a).sum::<f32>();
        }
        assert!(power > 0.01 && (product / power).abs() < 0.2);
    }
}
