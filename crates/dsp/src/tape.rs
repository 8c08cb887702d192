//! A tape delay: two heads on one loop of tape that bends, wavers and dulls what passes.
//!
//! ```text
//! in ─►(+)─► saturate ─► tape ─┬─ first head, after `time` ──► left
//!       ▲                      └─ second head, 14 ms later ──► right
//!       └── feedback ◄── damp ◄── first head
//! ```
//!
//! At half the sample rate. The motor heads for a new time at a speed at most 8 % off, so that pitch bends
//! on the way. Wow is two slow sways of the time, of 0.55 and 3.1 Hz, by up to 1.6 and 0.12 ms.
//!
//! Source of the idea: J. Parker, S. D'Angelo, *A Digital Model of the Echoplex Tape Delay*, 2010s.

use crate::{
    CONTROL_LEN, Phase, Segment, State,
    half::{Doubler, HALF_DELAY, HALF_LEN, Halver},
    line::{Line, from_steps, in_steps},
    math,
    reverb::damping_weights,
    simd::{LANES, Lanes, eight_mut, kernel},
};

/// A tape delay: one channel in, two out, in whole control steps.
#[derive(Clone, Debug)]
pub struct Tape {
    halver: Halver,
    doublers: [Doubler; 2],
    tape: Line<HALF_LEN>,
    /// What goes onto the tape when the next step begins.
    cells: [i16; HALF_LEN],
    sample_rate: f32,
    longest: f32,
    /// The time the motor keeps and the one it heads for, in samples.
    time: f32,
    goal: f32,
    /// Where the first head was at the end of the last control step, in samples of half the rate.
    head: f32,
    feedback: [f32; 2],
    damping: f32,
    wow: f32,
    sways: [Phase; 2],
}

impl Tape {
    /// The shortest time, in samples.
    pub const SHORTEST: u32 = 512;

    /// What the way through the part takes by itself, in samples.
    const DELAY: f32 = (CONTROL_LEN + HALF_DELAY) as f32;
    const SWAYS_HZ: [f32; 2] = [0.55, 3.1];
    const SWAYS_SECONDS: [f32; 2] = [0.001_6, 0.000_12];
    const HEADS_SECONDS: f32 = 0.014;
    /// Samples of time a sample of tape may gain or lose.
    const BEND: f32 = 0.08;

    /// Silent, with times of up to `longest` samples, for 32 to 48 kHz.
    pub fn new(longest: u32, sample_rate_hz: u32) -> Self {
        let sample_rate = sample_rate_hz as f32;
        let longest = longest.max(Self::SHORTEST);
        let spare = (0.02 * sample_rate) as usize;
        let mut tape = Self {
            halver: Halver::new(),
            doublers: [Doubler::new(), Doubler::new()],
            tape: Line::new(longest as usize / 2 + spare),
            cells: [0; HALF_LEN],
            sample_rate,
            longest: longest as f32,
            time: longest as f32,
            goal: longest as f32,
            head: 0.0,
            feedback: [0.0; 2],
            damping: 0.25,
            wow: 0.0,
            sways: [Phase::new(); 2],
        };
        for (sway, hz) in tape.sways.iter_mut().zip(Self::SWAYS_HZ) {
            sway.set_phase_step(hz * CONTROL_LEN as f32 / sample_rate);
        }
        tape.head = tape.head_now();
        tape
    }

    /// Silent again, at the time it heads for; settings stay.
    pub fn reset(&mut self) {
        self.halver = Halver::new();
        self.doublers = [Doubler::new(), Doubler::new()];
        self.tape.reset();
        self.cells = [0; HALF_LEN];
        self.sways.iter_mut().for_each(|sway| sway.turn = 0);
        (self.time, self.feedback[0]) = (self.goal, self.feedback[1]);
        self.head = self.head_now();
    }

    /// Heads for a time in samples, held within [`Self::SHORTEST`] and the longest.
    pub fn set_time(&mut self, time: f32) {
        self.goal = math::clamp(time, Self::SHORTEST as f32, self.longest);
    }

    /// Takes a time at once, for a beginning.
    pub fn start_at(&mut self, time: f32) {
        self.set_time(time);
        self.time = self.goal;
        self.head = self.head_now();
    }

    /// Takes a feedback, 0..=0.95, along the next control step, and a damping, 0 (bright) to 1 (dull).
    pub fn set_feedback(&mut self, feedback: f32, damping: f32) {
        self.feedback[1] = math::clamp(feedback, 0.0, 0.95);
        self.damping = 0.5 * math::clamp(damping, 0.0, 1.0);
    }

    /// Takes how much the tape wavers, 0..=1, at the next control step.
    pub fn set_wow(&mut self, wow: f32) {
        self.wow = math::clamp(wow, 0.0, 1.0);
    }

    /// Takes a step, and writes what the heads hear during it.
    pub fn render(&mut self, input: &[f32; CONTROL_LEN], out: [&mut [f32; CONTROL_LEN]; 2]) {
        let most = Self::BEND * CONTROL_LEN as f32;
        self.time += math::clamp(self.goal - self.time, -most, most);
        self.sways.iter_mut().for_each(|sway| sway.skip(1));
        let from = self.head;
        // A jump of wow, too, is no more than a bend.
        let most = 2.0 * Self::BEND * HALF_LEN as f32;
        self.head += math::clamp(self.head_now() - from, -most, most);
        let apart = (Self::HEADS_SECONDS * 0.5 * self.sample_rate) as usize;
        play(self, input, out, Segment::between(from, self.head, HALF_LEN), apart);
        self.feedback[0] = self.feedback[1];
    }

    /// Lets control steps pass unheard.
    pub fn skip(&mut self, steps: u32) {
        for sway in &mut self.sways {
            sway.turn = sway.turn.wrapping_add(sway.step.wrapping_mul(steps));
        }
        self.time = self.goal;
        self.head = self.head_now();
    }

    /// How many samples of half the rate the first head is behind.
    fn head_now(&self) -> f32 {
        let mut sway = 0.0;
        for (phase, seconds) in self.sways.iter().zip(Self::SWAYS_SECONDS) {
            sway += seconds * (1.0 + crate::phase::sine(phase.turn));
        }
        0.5 * (self.time - Self::DELAY + self.wow * self.sample_rate * sway)
    }
}

impl State for Tape {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for time in [&mut self.time, &mut self.goal] {
            time.visit(word);
            *time = math::clamp(*time, Self::SHORTEST as f32, self.longest);
        }
        self.feedback[1].visit(word);
        self.feedback = [math::clamp(self.feedback[1], 0.0, 0.95); 2];
        self.damping.visit(word);
        self.damping = math::clamp(self.damping, 0.0, 0.5);
        self.wow.visit(word);
        self.wow = math::clamp(self.wow, 0.0, 1.0);
        self.sways[0].turn.visit(word);
        self.sways[1].turn.visit(word);
        self.head = self.head_now();
    }
}

kernel! {
    fn play = play_generic(
        tape: &mut Tape,
        input: &[f32; CONTROL_LEN],
        out: [&mut [f32; CONTROL_LEN]; 2],
        head: Segment,
        apart: usize,
    );
}

#[inline(always)]
fn play_generic<V: Lanes>(
    tape: &mut Tape,
    input: &[f32; CONTROL_LEN],
    [out_left, out_right]: [&mut [f32; CONTROL_LEN]; 2],
    head: Segment,
    apart: usize,
) {
    tape.halver.take_all::<V>(input);
    tape.doublers[0].give::<V>(out_left);
    tape.doublers[1].give::<V>(out_right);
    tape.tape.push(&tape.cells);
    let feedback = Segment::between(tape.feedback[0], tape.feedback[1], HALF_LEN);
    let weights = damping_weights(tape.damping);
    for row in 0..HALF_LEN / LANES {
        let at = row * LANES;
        let left = between_cells::<V, HALF_LEN>(&tape.tape, head, at, 0, weights);
        let right = between_cells::<V, HALF_LEN>(&tape.tape, head, at, apart, weights);
        tape.doublers[0].take(at, from_steps(left));
        tape.doublers[1].take(at, from_steps(right));
        // What goes round has not yet been under way through the rest of the part.
        let further = Tape::DELAY as usize / 2;
        let round = between_cells::<V, HALF_LEN>(&tape.tape, head, at, further, weights);
        let fed = tape.halver.give::<V>(at).add_mul(V::along(feedback, at), round);
        in_steps(from_steps(fed).saturate()).store_i16(eight_mut(&mut tape.cells, at));
    }
    tape.halver.turn::<V>();
}

/// Eight samples where a moving head is, `further` behind it: between two cells on a straight line, damped.
/// A head moves by less than one cell in eight samples.
#[inline(always)]
pub(crate) fn between_cells<V: Lanes, const RUN: usize>(
    line: &Line<RUN>,
    head: Segment,
    at: usize,
    further: usize,
    weights: [f32; 2],
) -> V {
    let (first, last) = (head.at(at), head.at(at + LANES - 1));
    let whole = (if first < last { first } else { last }) as usize;
    let along = Segment { from: first - whole as f32, step: head.step };
    let part = V::along(along, 0);
    // From two before the nearer cell's damping to one after it.
    let words: &[i16; LANES + 4] = line.array(whole + further + 3 - at);
    let near = crate::reverb::damped::<V>(words, 2, weights);
    let middle = crate::reverb::damped::<V>(words, 1, weights);
    let far = crate::reverb::damped::<V>(words, 0, weights);
    // Weights of three cells, a tent over the place: exact for parts of 0 to 2.
    let (zero, one) = (V::splat(0.0), V::splat(1.0));
    let to_near = one.sub(part).max(zero);
    let to_far = part.sub(one).max(zero);
    let to_middle = one.sub(to_near).sub(to_far);
    near.mul(to_near).add_mul(middle, to_middle).add_mul(far, to_far)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(tape: &mut Tape, input: impl Fn(usize) -> f32, len: usize) -> [Vec<f32>; 2] {
        let input: Vec<f32> = (0..len).map(input).collect();
        let (mut left, mut right) = (vec![0.0; len], vec![0.0; len]);
        let outs = left.as_chunks_mut().0.iter_mut().zip(right.as_chunks_mut().0);
        for (input, (left, right)) in input.as_chunks().0.iter().zip(outs) {
            tape.render(input, [left, right]);
        }
        [left, right]
    }

    #[test]
    fn what_was_recorded_is_heard_after_the_time_and_on_the_right_a_little_later() {
        let mut tape = Tape::new(20_000, 44_100);
        tape.start_at(6000.0);
        tape.set_feedback(0.5, 0.0);
        let hump = |n: usize| if n < 40 { (n as f32 * 0.0785).sin() } else { 0.0 };
        let [left, right] = heard(&mut tape, |n| 0.3 * hump(n), 20_032);
        let peak = |line: &[f32]| {
            let greatest = line.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            greatest.map_or(0, |(at, _)| at)
        };
        assert!(peak(&left[..10_000]).abs_diff(6020) < 8, "{}", peak(&left[..10_000]));
        assert!(peak(&right[..10_000]).abs_diff(6020 + 617) < 8);
        assert!(peak(&left[10_000..]).abs_diff(2020) < 12, "{}", peak(&left[10_000..]));
    }

    #[test]
    fn a_loud_loop_stays_within_the_tape() {
        let mut tape = Tape::new(4000, 44_100);
        tape.set_feedback(0.95, 0.0);
        let [left, _] = heard(&mut tape, |n| (n as f32 * 0.03).sin(), 200_000);
        assert!(left.iter().all(|x| x.abs() < 1.3));
    }

    #[test]
    fn a_new_time_bends_the_pitch_and_never_clicks() {
        let mut tape = Tape::new(20_000, 44_100);
        tape.start_at(4000.0);
        tape.set_wow(1.0);
        let tone = |n: usize| 0.5 * (n as f32 * 0.02).sin();
        heard(&mut tape, tone, 20_032);
        tape.set_time(9000.0);
        let [left, _] = heard(&mut tape, |n| tone(n + 20_032), 60_032);
        let steepest = left.windows(2).map(|x| (x[1] - x[0]).abs()).fold(0.0, f32::max);
        assert!(steepest < 0.5 * 0.02 * 1.25, "{steepest}");
    }
}
