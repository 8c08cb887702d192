//! A room: eight delay lines that feed each other through a Hadamard matrix.
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
//! 0.72, 0.84, 0.88 and 0.955. Lines 0 and 1 sway by ±8 samples at 0.31 Hz, a quarter turn apart.
//!
//! Source: J.-M. Jot, A. Chaigne, *Digital Delay Networks for Designing Artificial Reverberators*, 1991;
//! lengths are primes near a geometric row, measured for even echo density.

use crate::{CONTROL_LEN, Line, Phase, State, math};

/// A stereo reverb: two channels in, two out, wet only.
#[derive(Clone, Debug)]
pub struct Reverb {
    lines: [Line; 8],
    lengths: [usize; 8],
    all_passes: [Line; 2],
    all_pass_lengths: [usize; 2],
    sway: Phase,
    sways: [Sway; 2],
    /// Samples into the control step.
    at: usize,
    feedback: f32,
    next_feedback: f32,
    damping: f32,
}

/// Where a swaying line is read: `whole + part` samples further back, `part` moving by `step` a sample.
#[derive(Clone, Copy, Debug, Default)]
struct Sway {
    whole: usize,
    part: f32,
    step: f32,
}

impl Reverb {
    /// Lengths of the eight lines at 44.1 kHz, in samples; they follow the sample rate.
    pub const LENGTHS: [usize; 8] = [1031, 1171, 1327, 1459, 1627, 1811, 2003, 2213];

    const ALL_PASSES: [usize; 2] = [241, 419];
    const ALL_PASS_GAIN: f32 = 0.62;
    const SWAY_SAMPLES: f32 = 8.0;
    const SWAY_HZ: f32 = 0.31;

    /// Silent, with a feedback of 0.84 and a damping of 0.3, for 32 to 48 kHz.
    pub fn new(sample_rate_hz: u32) -> Self {
        let scaled = |len: usize| (len * sample_rate_hz as usize).div_ceil(44_100).max(160);
        let lengths = Self::LENGTHS.map(scaled);
        let all_pass_lengths = Self::ALL_PASSES.map(scaled);
        let mut sway = Phase::new();
        sway.set_phase_step(Self::SWAY_HZ * CONTROL_LEN as f32 / sample_rate_hz as f32);
        let mut reverb = Self {
            lines: lengths.map(|len| Line::new(len + 2 * Self::SWAY_SAMPLES as usize + 2)),
            lengths,
            all_passes: all_pass_lengths.map(Line::new),
            all_pass_lengths,
            sway,
            sways: [Sway::default(); 2],
            at: 0,
            feedback: 0.84,
            next_feedback: 0.84,
            damping: 0.3,
        };
        reverb.sways = [reverb.sway_of(0), reverb.sway_of(1)];
        reverb
    }

    /// Silent again, settings as they were.
    pub fn reset(&mut self) {
        self.lines.iter_mut().for_each(Line::reset);
        self.all_passes.iter_mut().for_each(Line::reset);
        (self.sway.turn, self.at) = (0, 0);
        self.feedback = self.next_feedback;
        self.sways = [self.sway_of(0), self.sway_of(1)];
    }

    /// Takes a feedback, 0..=0.96, and a damping, 0 (bright) to 0.9 (dull), at the next control step.
    pub fn set(&mut self, feedback: f32, damping: f32) {
        self.next_feedback = math::clamp(feedback, 0.0, 0.96);
        self.damping = math::clamp(damping, 0.0, 0.9);
        if self.at == 0 {
            self.feedback = self.next_feedback;
        }
    }

    /// Replaces what is sent by the room's answer; both channels of one length.
    ///
    /// # Panics
    ///
    /// When the lengths differ.
    pub fn process(&mut self, io: &mut [&mut [f32]; 2]) {
        let [left, right] = io;
        let mut start = 0;
        while start < left.len() {
            let end = left.len().min(start + CONTROL_LEN - self.at);
            let (left, right) = (&mut left[start..end], &mut right[start..end]);
            // The same code twice: once with the length known, which vectorises without rests.
            if end - start == CONTROL_LEN {
                self.process_run(&mut left[..CONTROL_LEN], &mut right[..CONTROL_LEN]);
            } else {
                self.process_run(left, right);
            }
            start = end;
        }
    }

    #[inline(always)]
    fn process_run(&mut self, left: &mut [f32], right: &mut [f32]) {
        let len = left.len();
        let mut taps = [[0.0_f32; CONTROL_LEN]; 8];
        for (index, tap) in taps.iter_mut().enumerate() {
            self.read_line(index, &mut tap[..len]);
        }
        let mut mid = [0.0; CONTROL_LEN];
        let mut side = [0.0; CONTROL_LEN];
        for i in 0..len {
            mid[i] = 0.5 * (left[i] + right[i]);
            side[i] = 0.5 * (left[i] - right[i]);
        }
        self.diffuse(0, &mut mid[..len]);
        self.diffuse(1, &mut mid[..len]);
        for i in 0..len {
            left[i] = (taps[0][i] + taps[2][i]) + (taps[4][i] - taps[6][i]);
            right[i] = (taps[1][i] + taps[3][i]) - (taps[5][i] - taps[7][i]);
        }
        hadamard(&mut taps);
        // 1/√8
        let gain = self.feedback * 0.353_553_4;
        for (index, tap) in taps.iter_mut().enumerate() {
            let sign = if index % 2 == 0 { 1.0 } else { -1.0 };
            for i in 0..CONTROL_LEN {
                tap[i] = gain * tap[i] + (mid[i] + sign * side[i]);
            }
            self.lines[index].write(&tap[..len]);
        }
        self.at += len;
        if self.at == CONTROL_LEN {
            self.at = 0;
            self.feedback = self.next_feedback;
            self.sway.skip(1);
            self.sways = [self.sway_of(0), self.sway_of(1)];
        }
    }

    /// One line's end, damped; lines 0 and 1 between two samples.
    #[inline(always)]
    fn read_line(&self, index: usize, out: &mut [f32]) {
        let len = out.len();
        let Some(sway) = self.sways.get(index) else {
            let weights = [0.5 * self.damping, 1.0 - self.damping];
            self.lines[index].read_damped(self.lengths[index], weights, out);
            return;
        };
        let mut past = [0.0; CONTROL_LEN + 1];
        // A straight line between two samples dulls enough by itself.
        self.lines[index].read(self.lengths[index] + sway.whole + 1, &mut past[..len + 1]);
        let at = self.at as i32;
        for (i, sample) in out.iter_mut().enumerate().take(CONTROL_LEN) {
            let part = sway.part + sway.step * (at + i as i32) as f32;
            *sample = past[i + 1] + part * (past[i] - past[i + 1]);
        }
    }

    #[inline(always)]
    fn diffuse(&mut self, index: usize, io: &mut [f32]) {
        let mut past = [0.0; CONTROL_LEN];
        let past = &mut past[..io.len()];
        self.all_passes[index].read(self.all_pass_lengths[index], past);
        for (sample, past) in io.iter_mut().zip(&mut *past) {
            let into = *sample + Self::ALL_PASS_GAIN * *past;
            *sample = *past - Self::ALL_PASS_GAIN * into;
            *past = into;
        }
        self.all_passes[index].write(past);
    }

    /// The way of a swaying line over the control step that begins: never shorter than its length.
    fn sway_of(&self, index: usize) -> Sway {
        let quarter = (index as u32) << 30;
        let depth =
            |turn: u32| Self::SWAY_SAMPLES * (1.0 + crate::phase::sine(turn.wrapping_add(quarter)));
        let (from, to) =
            (depth(self.sway.turn), depth(self.sway.turn.wrapping_add(self.sway.step)));
        let from = if from > 0.0 { from } else { 0.0 };
        let whole = from as usize;
        let step = (to - from) * (1.0 / CONTROL_LEN as f32);
        Sway { whole, part: from - whole as f32, step }
    }
}

impl State for Reverb {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.sway.turn.visit(word);
        if self.at == 0 {
            self.sways = [self.sway_of(0), self.sway_of(1)];
        }
    }
}

/// All sums and differences of eight signals, in place, in three rounds.
fn hadamard(signals: &mut [[f32; CONTROL_LEN]; 8]) {
    let [a, b, c, d, e, f, g, h] = signals;
    for i in 0..CONTROL_LEN {
        let (p0, p1, p2, p3) = (a[i] + b[i], a[i] - b[i], c[i] + d[i], c[i] - d[i]);
        let (p4, p5, p6, p7) = (e[i] + f[i], e[i] - f[i], g[i] + h[i], g[i] - h[i]);
        let (q0, q1, q2, q3) = (p0 + p2, p1 + p3, p0 - p2, p1 - p3);
        let (q4, q5, q6, q7) = (p4 + p6, p5 + p7, p4 - p6, p5 - p7);
        (a[i], b[i], c[i], d[i]) = (q0 + q4, q1 + q5, q2 + q6, q3 + q7);
        (e[i], f[i], g[i], h[i]) = (q0 - q4, q1 - q5, q2 - q6, q3 - q7);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_falls_by_60_db_in_the_time_the_formula_says() {
        let mut reverb = Reverb::new(44_100);
        reverb.set(0.84, 0.0);
        let mut left = vec![0.0; 88_200];
        left[..2000].iter_mut().enumerate().for_each(|(n, x)| *x = (n as f32 * 0.05).sin());
        let mut right = left.clone();
        reverb.process(&mut [&mut left, &mut right]);
        let power = |from: usize| left[from..from + 4410].iter().map(|x| x * x).sum::<f32>();
        let fall_db = 10.0 * (power(6615) / power(6615 + 22_050)).log10();
        assert!((fall_db - 0.5 * 60.0 / 1.4).abs() < 5.0, "{fall_db}");
    }

    #[test]
    fn the_two_sides_differ() {
        let mut reverb = Reverb::new(48_000);
        let mut left = vec![0.0; 20_000];
        left[0] = 1.0;
        let mut right = left.clone();
        reverb.process(&mut [&mut left, &mut right]);
        let product: f32 = left.iter().zip(&right).map(|(a, b)| a * b).sum();
        let power: f32 = left.iter().map(|a| a * a).sum();
        assert!(power > 0.01 && (product / power).abs() < 0.2);
    }
}
