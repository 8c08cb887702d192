//! A small room, for half the cost of a [`crate::Reverb`]: four delay lines, short and still.
//!
//! ```text
//! mid ─► all-pass ─┬─► + side ─► lines 0 2 ─┐
//!                  └─► − side ─► lines 1 3 ─┤
//!            ▲                              ▼
//!            └── feedback ◄── H₄/2 ◄── damp ┤
//! left = t₀ + t₂      right = t₁ − t₃      ◄┘
//! ```
//!
//! At half the sample rate. The time to -60 dB is `3 · mean length / −log₁₀(feedback)`: 0.24, 0.49, 0.83
//! s at feedbacks of 0.6, 0.78 and 0.86.
//!
//! Source: as [`crate::Reverb`].

use crate::{
    Block,
    half::{Doubler, HALF_LEN, Halver},
    line::{Line, from_steps},
    math,
    reverb::{AllPass, damped, damping_weights, exchange},
    simd::{LANES, Lanes, eight, eight_mut, kernel},
};

/// A stereo room: two channels in, two out, wet only, in whole control steps. It is over so soon that no snapshot needs it.
#[derive(Clone, Debug)]
pub struct Room {
    halvers: [Halver; 2],
    doublers: [Doubler; 2],
    lines: [Line<HALF_LEN>; 4],
    /// What goes into the lines when the next step begins.
    cells: [[i16; HALF_LEN]; 4],
    lengths: [usize; 4],
    diffuser: AllPass,
    feedback: f32,
    damping: f32,
}

impl Room {
    /// Lengths of the lines at a sample rate of 22.05 kHz, in samples; they follow the sample rate.
    pub const LENGTHS: [usize; 4] = [283, 359, 433, 509];
    const ALL_PASS: usize = 113;

    /// Silent, with a feedback of 0.7 and a damping of 0.3, for 32 to 48 kHz.
    pub fn new(sample_rate_hz: u32) -> Self {
        let scaled = |len: usize| (len * sample_rate_hz as usize).div_ceil(44_100);
        let lengths = Self::LENGTHS.map(scaled);
        Self {
            halvers: [Halver::new(), Halver::new()],
            doublers: [Doubler::new(), Doubler::new()],
            lines: lengths.map(|len| Line::new(len + 2)),
            cells: [[0; HALF_LEN]; 4],
            lengths,
            diffuser: AllPass::new(scaled(Self::ALL_PASS)),
            feedback: 0.7,
            damping: 0.3,
        }
    }

    /// Silent again, settings as they were.
    pub fn reset(&mut self) {
        self.halvers = [Halver::new(), Halver::new()];
        self.doublers = [Doubler::new(), Doubler::new()];
        self.lines.iter_mut().for_each(Line::reset);
        self.cells = [[0; HALF_LEN]; 4];
        self.diffuser.reset();
    }

    /// Takes a feedback, 0..=0.95, and a damping, 0 (bright) to 0.9 (dull), at the next control step.
    pub fn set(&mut self, feedback: f32, damping: f32) {
        self.feedback = math::clamp(feedback, 0.0, 0.95);
        self.damping = math::clamp(damping, 0.0, 0.9);
    }

    /// Replaces what is sent by the room's answer to what was sent a step before.
    pub fn process(&mut self, io: &mut Block) {
        answer(self, io);
    }
}

kernel! {
    fn answer = answer_generic(room: &mut Room, io: &mut Block);
}

#[inline(always)]
fn answer_generic<V: Lanes>(room: &mut Room, io: &mut Block) {
    let (feedback, damping) = (room.feedback, room.damping);
    let Room { lines, cells, lengths, halvers, doublers, diffuser, .. } = room;
    exchange::<V>(io, halvers, doublers);
    for (line, cells) in lines.iter_mut().zip(&*cells) {
        line.push(cells);
    }
    let mut mid = halvers[0].give_all::<V>();
    diffuser.run::<V>(&mut mid);
    let words: [&[i16; HALF_LEN + 2]; 4] = [
        lines[0].array(lengths[0] + 1),
        lines[1].array(lengths[1] + 1),
        lines[2].array(lengths[2] + 1),
        lines[3].array(lengths[3] + 1),
    ];
    let gain = V::splat(feedback * 0.5);
    let weights = damping_weights(damping);
    for row in 0..HALF_LEN / LANES {
        let at = row * LANES;
        let t0 = damped::<V>(words[0], at, weights);
        let t1 = damped::<V>(words[1], at, weights);
        let t2 = damped::<V>(words[2], at, weights);
        let t3 = damped::<V>(words[3], at, weights);
        doublers[0].take(at, from_steps(t0.add(t2)));
        doublers[1].take(at, from_steps(t1.sub(t3)));
        let (p0, p1, p2, p3) = (t0.add(t1), t0.sub(t1), t2.add(t3), t2.sub(t3));
        let (mid, side) = (V::load(eight(&mid, at)), halvers[1].give::<V>(at));
        let (plus, minus) = (mid.add(side), mid.sub(side));
        plus.add_mul(gain, p0.add(p2)).store_i16(eight_mut(&mut cells[0], at));
        minus.add_mul(gain, p1.add(p3)).store_i16(eight_mut(&mut cells[1], at));
        plus.add_mul(gain, p0.sub(p2)).store_i16(eight_mut(&mut cells[2], at));
        minus.add_mul(gain, p1.sub(p3)).store_i16(eight_mut(&mut cells[3], at));
    }
    halvers[0].turn::<V>();
    halvers[1].turn::<V>();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CONTROL_LEN;

    #[test]
    fn it_answers_at_once_and_is_over_within_a_second() {
        let mut room = Room::new(44_100);
        room.set(0.78, 0.2);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for step in 0..689 {
            let mut io = [[if step < 2 { 0.5 } else { 0.0 }; CONTROL_LEN]; 2];
            room.process(&mut io);
            left.extend(io[0]);
            right.extend(io[1]);
        }
        let power = |from: usize| left[from..from + 2205].iter().map(|x| x * x).sum::<f32>();
        assert!(
            power(0) > 0.01 && power(41_000) < 1e-5 * power(0),
            "{} {}",
            power(0),
            power(41_000)
        );
        let apart: f32 = left.iter().zip(&right).map(|(a, b)| (a - b).abs()).sum();
        assert!(apart > 1.0);
    }
}
