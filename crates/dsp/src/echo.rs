//! Repeats that fall to the left and to the right in turn, each duller than the one before.
//!
//! ```text
//!   in ──►(+)──► line A ──┬──► damp ──► left
//!          ▲              └──► damp ──► line B ──► damp ──┬──► right
//!          └───────────────────── feedback ◄──────────────┘
//! damp: y[n] = d/2·x[n−1] + (1−d)·x[n] + d/2·x[n+1]
//! ```
//!
//! At half the sample rate. Those on the right come 1.7 ms late. A new time is faded to, 2048 samples long, so that nothing changes pitch or
//! clicks.

use crate::{
    CONTROL_LEN, Segment, State,
    half::{Doubler, HALF_DELAY, HALF_LEN, Halver},
    line::{Line, from_steps},
    math,
    reverb::{damped, damping_weights},
    simd::{LANES, Lanes, eight_mut, kernel},
};

/// A ping-pong delay: one channel in, two out, in whole control steps.
#[derive(Clone, Debug)]
pub struct Echo {
    halver: Halver,
    doublers: [Doubler; 2],
    lines: [Line<HALF_LEN>; 2],
    /// What goes into the lines when the next step begins.
    cells: [[i16; HALF_LEN]; 2],
    longest: u32,
    from: u32,
    to: u32,
    fade_left: u32,
    feedback: [f32; 2],
    damping: f32,
}

impl Echo {
    /// The shortest time, in samples.
    pub const SHORTEST: u32 = 256;

    const FADE_LEN: u32 = 2048;

    /// What the way through the part takes by itself, in samples.
    const DELAY: u32 = (CONTROL_LEN + HALF_DELAY) as u32;

    /// Silent, with times of up to `longest` samples, a feedback of 0 and a damping of 0.
    pub fn new(longest: u32) -> Self {
        let longest = longest.max(Self::SHORTEST);
        Self {
            halver: Halver::new(),
            doublers: [Doubler::new(), Doubler::new()],
            lines: std::array::from_fn(|_| Line::new((longest + Self::DELAY) as usize / 2 + 1)),
            cells: [[0; HALF_LEN]; 2],
            longest,
            from: longest,
            to: longest,
            fade_left: 0,
            feedback: [0.0; 2],
            damping: 0.0,
        }
    }

    /// Silent again; settings stay and are reached at once.
    pub fn reset(&mut self) {
        self.halver = Halver::new();
        self.doublers = [Doubler::new(), Doubler::new()];
        self.lines.iter_mut().for_each(Line::reset);
        self.cells = [[0; HALF_LEN]; 2];
        (self.from, self.fade_left) = (self.to, 0);
        self.feedback[0] = self.feedback[1];
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

    /// Takes a feedback, 0..=0.9, along the next control step, and a damping, 0 (bright) to 1 (dull).
    pub fn set_feedback(&mut self, feedback: f32, damping: f32) {
        self.feedback[1] = math::clamp(feedback, 0.0, 0.9);
        self.damping = math::clamp(damping, 0.0, 1.0);
    }

    /// Takes a step, and writes what repeats during it.
    pub fn render(&mut self, input: &[f32; CONTROL_LEN], out: [&mut [f32; CONTROL_LEN]; 2]) {
        let fade = self.fade_left as f32 * (1.0 / Self::FADE_LEN as f32);
        self.fade_left = self.fade_left.saturating_sub(CONTROL_LEN as u32);
        let left = self.fade_left as f32 * (1.0 / Self::FADE_LEN as f32);
        repeat(self, input, out, Segment::between(fade, left, HALF_LEN));
        self.feedback[0] = self.feedback[1];
    }
}

/// The cells of a line a time ago, one more before and after.
#[inline(always)]
fn words_of(line: &Line<HALF_LEN>, time: u32, is_first: bool) -> &[i16; HALF_LEN + 2] {
    // What is heard has been under way for some time already; what goes round has not.
    let delay = if is_first { time - Echo::DELAY } else { time + Echo::DELAY };
    line.array(delay as usize / 2 + 1)
}

impl State for Echo {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for time in [&mut self.from, &mut self.to] {
            time.visit(word);
            *time = (*time).clamp(Self::SHORTEST, self.longest);
        }
        self.fade_left.visit(word);
        self.fade_left = self.fade_left.min(Self::FADE_LEN);
        self.feedback[1].visit(word);
        self.feedback = [math::clamp(self.feedback[1], 0.0, 0.9); 2];
        self.damping.visit(word);
        self.damping = math::clamp(self.damping, 0.0, 1.0);
    }
}

kernel! {
    fn repeat = repeat_generic(
        echo: &mut Echo,
        input: &[f32; CONTROL_LEN],
        out: [&mut [f32; CONTROL_LEN]; 2],
        fade: Segment,
    );
}

#[inline(always)]
fn repeat_generic<V: Lanes>(
    echo: &mut Echo,
    input: &[f32; CONTROL_LEN],
    [out_left, out_right]: [&mut [f32; CONTROL_LEN]; 2],
    fade: Segment,
) {
    echo.halver.take_all::<V>(input);
    echo.doublers[0].give::<V>(out_left);
    echo.doublers[1].give::<V>(out_right);
    let weights = damping_weights(echo.damping);
    let feedback = Segment::between(echo.feedback[0], echo.feedback[1], HALF_LEN);
    let Echo { lines, cells, doublers, .. } = echo;
    for (line, cells) in lines.iter_mut().zip(&*cells) {
        line.push(cells);
    }
    let words = [words_of(&lines[0], echo.to, true), words_of(&lines[1], echo.to, false)];
    let old = [words_of(&lines[0], echo.from, true), words_of(&lines[1], echo.from, false)];
    let is_fading = fade.from > 0.0;
    for row in 0..HALF_LEN / LANES {
        let at = row * LANES;
        let mut left: V = damped(words[0], at, weights);
        let mut right: V = damped(words[1], at, weights);
        if is_fading {
            let share = V::along(fade, at);
            left = left.add_mul(share, damped::<V>(old[0], at, weights).sub(left));
            right = right.add_mul(share, damped::<V>(old[1], at, weights).sub(right));
        }
        doublers[0].take(at, from_steps(left));
        doublers[1].take(at, from_steps(right));
        let fed = echo.halver.give::<V>(at).add_mul(V::along(feedback, at), right);
        fed.store_i16(eight_mut(&mut cells[0], at));
        left.store_i16(eight_mut(&mut cells[1], at));
    }
    echo.halver.turn::<V>();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_fall_left_then_right_then_left() {
        let mut echo = Echo::new(1000);
        echo.set_feedback(0.5, 0.0);
        echo.reset();
        let mut input = vec![0.0; 4032];
        // Soft enough to pass through half the sample rate: a hump of 20 samples.
        let hump = |n: usize| 0.5 - 0.5 * (n as f32 * std::f32::consts::TAU / 20.0).cos();
        (0..20).for_each(|n| input[n] = hump(n));
        let (mut left, mut right) = (vec![0.0; 4032], vec![0.0; 4032]);
        let outs = left.as_chunks_mut().0.iter_mut().zip(right.as_chunks_mut().0);
        for (input, (left, right)) in input.as_chunks().0.iter().zip(outs) {
            echo.render(input, [left, right]);
        }
        for (channel, at, gain) in
            [(&left, 1000, 1.0), (&right, 2074, 1.0), (&left, 3000, 0.5), (&left, 2000, 0.0)]
        {
            for n in 0..20 {
                let (heard, due) = (channel[at + n], gain * hump(n));
                assert!((heard - due).abs() < 0.03, "{at} + {n}: {heard} {due}");
            }
        }
    }
}
