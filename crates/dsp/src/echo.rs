//! Repeats that fall to the left and to the right in turn, each duller than the one before.
//!
//! ```text
//!   in ──►(+)──► line A ──┬──► damp ──► left
//!          ▲              └──► damp ──► line B ──► damp ──┬──► right
//!          └───────────────────── feedback ◄──────────────┘
//! damp: y[n] = d/2·x[n−1] + (1−d)·x[n] + d/2·x[n+1]
//! ```
//!
//! A new time is faded to, 2048 samples long, so that nothing changes pitch or clicks.

use crate::{CONTROL_LEN, Line, Ramp, Segment, State, math};

/// A ping-pong delay: one channel in, two out.
#[derive(Clone, Debug)]
pub struct Echo {
    lines: [Line; 2],
    longest: u32,
    from: u32,
    to: u32,
    fade_left: u32,
    feedback: Ramp,
    damping: f32,
}

impl Echo {
    /// The shortest time, in samples.
    pub const SHORTEST: u32 = 2 * CONTROL_LEN as u32;

    const FADE_LEN: u32 = 2048;

    /// Silent, with times of up to `longest` samples, a feedback of 0 and a damping of 0.
    pub fn new(longest: u32) -> Self {
        let longest = longest.max(Self::SHORTEST);
        Self {
            lines: std::array::from_fn(|_| Line::new(longest as usize)),
            longest,
            from: longest,
            to: longest,
            fade_left: 0,
            feedback: Ramp::new(0.0, 1024),
            damping: 0.0,
        }
    }

    /// Silent again; settings stay and are reached at once.
    pub fn reset(&mut self) {
        self.lines.iter_mut().for_each(Line::reset);
        (self.from, self.fade_left) = (self.to, 0);
        self.feedback.reset(self.feedback.target());
    }

    /// Heads for a time between two repeats in samples, held within [`Self::SHORTEST`] and the longest.
    /// While one fade goes on another does not begin: call it again, once per control step.
    pub fn set_time(&mut self, time: u32) {
        let time = time.clamp(Self::SHORTEST, self.longest);
        if self.fade_left == 0 && time != self.to {
            (self.from, self.to, self.fade_left) = (self.to, time, Self::FADE_LEN);
        }
    }

    /// Takes a time at once, for a beginning.
    pub fn start_at(&mut self, time: u32) {
        let time = time.clamp(Self::SHORTEST, self.longest);
        (self.from, self.to, self.fade_left) = (time, time, 0);
    }

    /// Heads for a feedback, 0..=0.9, and a damping, 0 (bright) to 1 (dull).
    pub fn set_feedback(&mut self, feedback: f32, damping: f32) {
        let feedback = math::clamp(feedback, 0.0, 0.9);
        if feedback != self.feedback.target() {
            self.feedback.set(feedback);
        }
        self.damping = math::clamp(damping, 0.0, 1.0);
    }

    /// Writes the repeats of `input` into `out`; all of one length.
    pub fn render(&mut self, input: &[f32], out: &mut [&mut [f32]; 2]) {
        let [left, right] = out;
        let chunks = input.chunks(CONTROL_LEN);
        let outs = left.chunks_mut(CONTROL_LEN).zip(right.chunks_mut(CONTROL_LEN));
        for (input, (left, right)) in chunks.zip(outs) {
            if input.len() == CONTROL_LEN {
                let (left, right) = (&mut left[..CONTROL_LEN], &mut right[..CONTROL_LEN]);
                self.render_run(&input[..CONTROL_LEN], left, right);
            } else {
                self.render_run(input, left, right);
            }
        }
    }

    #[inline(always)]
    fn render_run(&mut self, input: &[f32], left: &mut [f32], right: &mut [f32]) {
        let len = input.len();
        self.read(0, left);
        self.read(1, right);
        self.fade_left = self.fade_left.saturating_sub(len as u32);
        let mut fed = [0.0; CONTROL_LEN];
        let fed = &mut fed[..len];
        if self.feedback.target() == self.feedback.value() {
            let feedback = self.feedback.value();
            for ((fed, input), right) in fed.iter_mut().zip(input).zip(&*right) {
                *fed = input + feedback * right;
            }
        } else {
            fed.copy_from_slice(right);
            self.feedback.process(fed);
            fed.iter_mut().zip(input).for_each(|(fed, input)| *fed += input);
        }
        self.lines[0].write(fed);
        self.lines[1].write(left);
    }

    #[inline(always)]
    fn read(&self, line: usize, out: &mut [f32]) {
        self.read_at(line, self.to, out);
        if self.fade_left == 0 {
            return;
        }
        let mut old = [0.0; CONTROL_LEN];
        let old = &mut old[..out.len()];
        self.read_at(line, self.from, old);
        let per_sample = 1.0 / Self::FADE_LEN as f32;
        let share = Segment { from: self.fade_left as f32 * per_sample, step: -per_sample };
        for (index, (new, old)) in out.iter_mut().zip(old).enumerate() {
            let share = share.at(index);
            *new += (if share > 0.0 { share } else { 0.0 }) * (*old - *new);
        }
    }

    #[inline(always)]
    fn read_at(&self, line: usize, time: u32, out: &mut [f32]) {
        let weights = [0.5 * self.damping, 1.0 - self.damping];
        self.lines[line].read_damped(time as usize, weights, out);
    }
}

impl State for Echo {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for time in [&mut self.from, &mut self.to] {
            time.visit(word);
            *time = (*time).clamp(Self::SHORTEST, self.longest);
        }
        self.fade_left.visit(word);
        self.fade_left = self.fade_left.min(Self::FADE_LEN);
        self.feedback.visit(word);
        self.damping.visit(word);
        self.damping = math::clamp(self.damping, 0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_fall_left_then_right_then_left() {
        let mut echo = Echo::new(1000);
        echo.set_feedback(0.5, 0.0);
        echo.reset();
        let mut input = vec![0.0; 4000];
        input[0] = 1.0;
        let (mut left, mut right) = (vec![0.0; 4000], vec![0.0; 4000]);
        echo.render(&input, &mut [&mut left, &mut right]);
        let near = |value: f32, expected: f32| (value - expected).abs() < 1e-3;
        assert!(near(left[1000], 1.0) && near(right[2000], 1.0) && near(left[3000], 0.5));
        assert!(near(left[2000], 0.0) && near(right[1000], 0.0));
    }
}
