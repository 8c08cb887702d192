//! Where a mix ends: on its mean, at one loudness, below full scale, as loud as asked for.
//!
//! ```text
//! mix ─► DC blocker ─► leveler ─► limiter ─► level ─► out
//! ```
//!
//! Two strokes over a control step: the leveler's gain is known when the first is done. What comes in leaves
//! [`Limiter::DELAY`] samples later.

use crate::{
    Block, CONTROL_LEN, Leveler, Segment, State,
    dc::DcBlocker,
    limiter::Limiter,
    simd::{LANES, Lanes, eight, eight_mut, kernel},
};

/// The end of a chain, for both channels, in whole control steps.
#[derive(Clone, Debug)]
pub struct Finish {
    dc: [DcBlocker; 2],
    leveler: Leveler,
    limiter: Limiter,
}

impl Finish {
    /// How much later samples leave.
    pub const DELAY: usize = Limiter::DELAY;

    /// Takes out what is below `cutoff` cycles per sample, 0.00001..=0.002, and keeps to the loudness of
    /// `leveler`.
    pub fn new(cutoff: f32, leveler: Leveler, sample_rate_hz: u32) -> Self {
        Self { dc: [DcBlocker::new(cutoff); 2], leveler, limiter: Limiter::new(sample_rate_hz) }
    }

    /// As new.
    pub fn reset(&mut self) {
        self.dc.iter_mut().for_each(DcBlocker::reset);
        self.leveler.reset();
        self.limiter.reset();
    }

    /// Finishes a control step in place; what leaves is multiplied by `level`.
    pub fn process(&mut self, io: &mut Block, level: Segment) {
        finish(self, io, level);
    }
}

impl State for Finish {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.dc.visit(word);
        self.leveler.visit(word);
        self.limiter.visit(word);
    }
}

kernel! {
    fn finish = finish_generic(finish: &mut Finish, io: &mut Block, level: Segment);
}

#[inline(always)]
fn finish_generic<V: Lanes>(finish: &mut Finish, io: &mut Block, level: Segment) {
    let powers = block_mean::<V>(&mut finish.dc, io);
    let gain = finish.leveler.advance(powers);
    finish.limiter.exchange::<V>(io, gain, level);
}

/// Takes out the mean, and tells the sums of squares of what is left.
#[inline(always)]
fn block_mean<V: Lanes>([on_left, on_right]: &mut [DcBlocker; 2], io: &mut Block) -> [f32; 2] {
    let lines = [on_left.line(), on_right.line()];
    let zero = V::splat(0.0);
    // Of samples at 0, 4, 8..., 1, 5, 9... and so on: left, then right.
    let mut sums = zero;
    let mut powers = [zero; 2];
    let [left, right] = io;
    for row in 0..CONTROL_LEN / LANES {
        let at = row * LANES;
        let (x, y) = (V::load(eight(left, at)), V::load(eight(right, at)));
        let (first, second) = x.join_halves(y);
        sums = sums.add(first).add(second);
        let (x, y) = (x.sub(V::along(lines[0], at)), y.sub(V::along(lines[1], at)));
        powers = [powers[0].add_mul(x, x), powers[1].add_mul(y, y)];
        x.store(eight_mut(left, at));
        y.store(eight_mut(right, at));
    }
    let mut all = [0.0; LANES];
    sums.store(&mut all);
    let [a, b, c, d, e, f, g, h] = all;
    on_left.turn([a, b, c, d]);
    on_right.turn([e, f, g, h]);
    [sum_of(powers[0]), sum_of(powers[1])]
}

/// Lanes 0 and 4, 1 and 5, 2 and 6, 3 and 7, then those.
#[inline(always)]
fn sum_of<V: Lanes>(sums: V) -> f32 {
    let mut all = [0.0; LANES];
    sums.store(&mut all);
    let [a, b, c, d, e, f, g, h] = all;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finish() -> Finish {
        Finish::new(0.001, Leveler::new(0.04, 4.0, 1.0, 1.0, 44_100), 44_100)
    }

    #[test]
    fn a_constant_fades_to_exact_nothing() {
        let mut finish = finish();
        let mut io = [[1.0; CONTROL_LEN]; 2];
        (0..400).for_each(|_| {
            io = [[1.0; CONTROL_LEN]; 2];
            finish.process(&mut io, Segment::flat(1.0));
        });
        assert!(io.iter().flatten().all(|x| x.abs() < 1e-3));
        (0..1000).for_each(|_| {
            io = [[0.0; CONTROL_LEN]; 2];
            finish.process(&mut io, Segment::flat(1.0));
        });
        assert!(io.iter().flatten().all(|x| *x == 0.0));
    }

    #[test]
    fn loud_and_soft_end_at_the_goal() {
        for level in [0.1_f32, 0.4] {
            let square = std::array::from_fn(|n| if n % 32 < 16 { level } else { -level });
            let (mut finish, mut io) = (finish(), [square; 2]);
            for _ in 0..5000 {
                io = [square; 2];
                finish.process(&mut io, Segment::flat(1.0));
            }
            assert!(io.iter().flatten().all(|x| (x.abs() - 0.2).abs() < 0.01), "{io:?}");
        }
    }
}
