//! Eight state-variable filters side by side, for little more than the cost of one.
//!
//! The equations are those of [`crate::Svf`], whose state and output are weighted sums:
//!
//! ```text
//! s₁' = (2a₁−1)s₁ + 2a₂x − 2a₂s₂      s₂' = 2a₂s₁ + 2a₃x + (1−2a₃)s₂      y = A s₁ + B x + C s₂
//! low:  A = a₂, B = a₃, C = 1−a₃      band: k·(a₁, a₂, −a₂)      high: x − band − low
//! ```
//!
//! a₁ to a₃ go in straight lines from run to run, in steps of eight samples.
//!
//! Source: as [`crate::Svf`].

use crate::{
    CONTROL_LEN, State, Tuning,
    simd::{LANES, Lanes, eight, eight_mut, kernel},
    svf::held,
};

/// What a filter lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// What is below the cutoff.
    Low,
    /// What is around the cutoff, at unity gain there.
    Band,
    /// What is above the cutoff.
    High,
}

/// Eight filters.
#[derive(Clone, Debug)]
pub struct SvfBank {
    cells: Cells,
    responses: [Response; LANES],
}

/// What the kernels work on.
#[derive(Clone, Debug)]
pub(crate) struct Cells {
    /// What `goal` was found from.
    tunings: [Option<Tuning>; LANES],
    /// a₁, a₂, a₃ as they are, and where they will be at the end of the next run.
    pub(crate) now: [[f32; LANES]; 3],
    pub(crate) goal: [[f32; LANES]; 3],
    /// Whether `now` and `goal` are the same.
    is_at_rest: bool,
    /// Weights of low, band and input in the output.
    weights: [[f32; LANES]; 3],
    pub(crate) s1: [f32; LANES],
    pub(crate) s2: [f32; LANES],
}

impl SvfBank {
    /// Stands at its tunings, at rest.
    pub fn new(tunings: [Tuning; LANES], responses: [Response; LANES]) -> Self {
        let mut bank = Self { cells: Cells::new(), responses };
        bank.reset(tunings);
        bank
    }

    /// Stands at other tunings at once, at rest.
    pub fn reset(&mut self, tunings: [Tuning; LANES]) {
        self.set(tunings);
        (self.cells.now, self.cells.is_at_rest) = (self.cells.goal, true);
        (self.cells.s1, self.cells.s2) = ([0.0; LANES], [0.0; LANES]);
    }

    /// Puts one filter at rest, at a tuning at once: for a voice that begins anew.
    pub fn clear(&mut self, lane: usize, tuning: Tuning) {
        let lane = lane % LANES;
        self.cells.clear(lane, tuning);
        self.weigh(lane, tuning);
    }

    /// Heads for tunings, to be reached at the end of the next run.
    pub fn set(&mut self, tunings: [Tuning; LANES]) {
        for (lane, tuning) in tunings.into_iter().enumerate() {
            if self.cells.head_for(lane, tuning) {
                self.weigh(lane, tuning);
            }
        }
    }

    /// Filters the first `len` samples of eight signals: a multiple of 8, at most [`CONTROL_LEN`].
    ///
    /// # Panics
    ///
    /// When there are more.
    pub fn process(&mut self, io: &mut [[f32; CONTROL_LEN]; LANES], len: usize) {
        assert!(len <= CONTROL_LEN && len.is_multiple_of(LANES), "a run is whole eights");
        filter(&mut self.cells, io, len);
    }

    fn weigh(&mut self, lane: usize, tuning: Tuning) {
        let k = tuning.damping();
        let weights = match self.responses[lane] {
            Response::Low => [1.0, 0.0, 0.0],
            Response::Band => [0.0, k, 0.0],
            Response::High => [-1.0, -k, 1.0],
        };
        for (row, weight) in self.cells.weights.iter_mut().zip(weights) {
            row[lane] = weight;
        }
    }
}

impl Cells {
    /// At rest and fully closed, low-passes all.
    pub(crate) fn new() -> Self {
        let rest = [0.0; LANES];
        Self {
            tunings: [None; LANES],
            now: [rest; 3],
            goal: [rest; 3],
            is_at_rest: true,
            weights: [[1.0; LANES], rest, rest],
            s1: rest,
            s2: rest,
        }
    }

    pub(crate) fn clear(&mut self, lane: usize, tuning: Tuning) {
        self.head_for(lane, tuning);
        for (now, goal) in self.now.iter_mut().zip(&self.goal) {
            now[lane] = goal[lane];
        }
        self.is_at_rest = self.now == self.goal;
        (self.s1[lane], self.s2[lane]) = (0.0, 0.0);
    }

    /// Heads for a tuning and tells whether it is another than before.
    pub(crate) fn head_for(&mut self, lane: usize, tuning: Tuning) -> bool {
        if self.tunings[lane] == Some(tuning) {
            return false;
        }
        self.tunings[lane] = Some(tuning);
        for (row, factor) in self.goal.iter_mut().zip(tuning.factors()) {
            row[lane] = factor;
        }
        self.is_at_rest = self.now == self.goal;
        true
    }

    /// The run is over: every goal is reached, and what is too small to hear is dropped before it becomes
    /// denormal.
    #[inline(always)]
    pub(crate) fn leave<V: Lanes>(&mut self, s1: V, s2: V) {
        let power = s1.mul(s1).add_mul(s2, s2);
        s1.where_not_below(power, 1e-24).store(&mut self.s1);
        s2.where_not_below(power, 1e-24).store(&mut self.s2);
        (self.now, self.is_at_rest) = (self.goal, true);
    }
}

/// Only what sounds is visited: tunings are set anew at every control step, and are reached at once.
impl State for SvfBank {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.cells.visit(word);
    }
}

impl State for Cells {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for state in [&mut self.s1, &mut self.s2] {
            state.visit(word);
            *state = state.map(held);
        }
    }
}

/// The factors of one filter step: next s₁ of (s₁, x, s₂), next s₂ of them, output of them.
#[derive(Clone, Copy)]
pub(crate) struct Factors<V> {
    s1: [V; 2],
    s2: [V; 3],
    out: [V; 3],
}

impl<V: Lanes> Factors<V> {
    #[inline(always)]
    pub(crate) fn new([a1, a2, a3]: [V; 3], [low, band, input]: [V; 3]) -> Self {
        let one = V::splat(1.0);
        let (b1, b2, b3) = (a1.add(a1), a2.add(a2), a3.add(a3));
        Self {
            s1: [b1.sub(one), b2],
            s2: [b2, b3, one.sub(b3)],
            out: [
                low.mul(a2).add_mul(band, a1),
                low.mul(a3).add_mul(band, a2).add(input),
                low.mul(one.sub(a3)).sub(band.mul(a2)),
            ],
        }
    }

    /// Those of low-passes, which need less.
    #[inline(always)]
    pub(crate) fn low([a1, a2, a3]: [V; 3]) -> Self {
        let one = V::splat(1.0);
        let (b1, b2, b3) = (a1.add(a1), a2.add(a2), a3.add(a3));
        Self { s1: [b1.sub(one), b2], s2: [b2, b3, one.sub(b3)], out: [a2, a3, one.sub(a3)] }
    }

    /// Those eight samples on, where `by` is how much each moves.
    #[inline(always)]
    pub(crate) fn move_by(&mut self, by: &Self) {
        self.s1 = [self.s1[0].add(by.s1[0]), self.s1[1].add(by.s1[1])];
        self.s2 = [self.s2[0].add(by.s2[0]), self.s2[1].add(by.s2[1]), self.s2[2].add(by.s2[2])];
        self.out =
            [self.out[0].add(by.out[0]), self.out[1].add(by.out[1]), self.out[2].add(by.out[2])];
    }

    /// The way from `from` to these, in parts of which there are 1 / `share`.
    #[inline(always)]
    pub(crate) fn way_from(&self, from: &Self, share: V) -> Self {
        let part = |to: V, from: V| share.mul(to.sub(from));
        Self {
            s1: [part(self.s1[0], from.s1[0]), part(self.s1[1], from.s1[1])],
            s2: [
                part(self.s2[0], from.s2[0]),
                part(self.s2[1], from.s2[1]),
                part(self.s2[2], from.s2[2]),
            ],
            out: [
                part(self.out[0], from.out[0]),
                part(self.out[1], from.out[1]),
                part(self.out[2], from.out[2]),
            ],
        }
    }

    /// One sample: the state goes on, the output is given.
    #[inline(always)]
    pub(crate) fn tick(&self, x: V, s1: &mut V, s2: &mut V) -> V {
        let y = self.out[0].mul(*s1).add_mul(self.out[1], x).add_mul(self.out[2], *s2);
        let into = self.s1[1].mul(x);
        let next = self.s1[0].mul(*s1).sub(self.s1[1].mul(*s2)).add(into);
        let into = self.s2[1].mul(x);
        *s2 = self.s2[0].mul(*s1).add_mul(self.s2[2], *s2).add(into);
        *s1 = next;
        y
    }
}

/// Factors of the first eight samples of a run of `len`, and by how much they move with every eight: they
/// are linear in a₁ to a₃, so they go in straight lines as those do.
#[inline(always)]
fn on_the_way<V: Lanes>(cells: &Cells, len: usize) -> (Factors<V>, Factors<V>) {
    let weights = three::<V>(&cells.weights);
    let mut factors = Factors::new(three::<V>(&cells.now), weights);
    let goal = Factors::new(three::<V>(&cells.goal), weights);
    let by = goal.way_from(&factors, V::splat(LANES as f32 / len as i32 as f32));
    factors.move_by(&by);
    (factors, by)
}

/// As [`on_the_way`], for low-passes.
#[inline(always)]
pub(crate) fn low_on_the_way<V: Lanes>(cells: &Cells, len: usize) -> (Factors<V>, Factors<V>) {
    let mut factors = Factors::low(three::<V>(&cells.now));
    let goal = Factors::low(three::<V>(&cells.goal));
    let by = goal.way_from(&factors, V::splat(LANES as f32 / len as i32 as f32));
    factors.move_by(&by);
    (factors, by)
}

// No `map` in kernels: its closure is not always inlined, and runs without their instructions then.
#[inline(always)]
fn three<V: Lanes>(rows: &[[f32; LANES]; 3]) -> [V; 3] {
    [V::load(&rows[0]), V::load(&rows[1]), V::load(&rows[2])]
}

#[inline(always)]
fn columns<V: Lanes>(io: &[[f32; CONTROL_LEN]; LANES], at: usize) -> [V; LANES] {
    let [a, b, c, d, e, f, g, h] = io;
    V::transpose([
        V::load(eight(a, at)),
        V::load(eight(b, at)),
        V::load(eight(c, at)),
        V::load(eight(d, at)),
        V::load(eight(e, at)),
        V::load(eight(f, at)),
        V::load(eight(g, at)),
        V::load(eight(h, at)),
    ])
}

kernel! {
    fn filter = filter_generic(cells: &mut Cells, io: &mut [[f32; CONTROL_LEN]; LANES], len: usize);
}

#[inline(always)]
fn filter_generic<V: Lanes>(cells: &mut Cells, io: &mut [[f32; CONTROL_LEN]; LANES], len: usize) {
    let (mut s1, mut s2) = (V::load(&cells.s1), V::load(&cells.s2));
    let (mut factors, by) = on_the_way::<V>(cells, len.max(1));
    let is_at_rest = cells.is_at_rest;
    let pairs = Pairs::new(&factors);
    let mut at = 0;
    while at < len {
        let [a, b, c, d, e, f, g, h] = columns::<V>(io, at);
        let rows = if is_at_rest {
            let (a, b) = pairs.tick(a, b, &mut s1, &mut s2);
            let (c, d) = pairs.tick(c, d, &mut s1, &mut s2);
            let (e, f) = pairs.tick(e, f, &mut s1, &mut s2);
            let (g, h) = pairs.tick(g, h, &mut s1, &mut s2);
            [a, b, c, d, e, f, g, h]
        } else {
            let mut rows = [a, b, c, d, e, f, g, h];
            for row in &mut rows {
                *row = factors.tick(*row, &mut s1, &mut s2);
            }
            factors.move_by(&by);
            rows
        };
        store_columns(rows, io, at);
        at += LANES;
    }
    cells.leave(s1, s2);
}

#[inline(always)]
fn store_columns<V: Lanes>(rows: [V; LANES], io: &mut [[f32; CONTROL_LEN]; LANES], at: usize) {
    let rows = V::transpose(rows);
    for (row, io) in rows.into_iter().zip(io.iter_mut()) {
        row.store(eight_mut(io, at));
    }
}

/// The factors of two filter steps at once: half the way from state to state, which is what a filter has to
/// wait for.
///
/// ```text
/// s'' = A² s + A B x₀ + B x₁      y₀ = C s + D x₀      y₁ = C A s + C B x₀ + D x₁
/// ```
pub(crate) struct Pairs<V> {
    /// Next s₁, next s₂ and the second output of s₁, s₂, x₀ and x₁.
    s1: [V; 4],
    s2: [V; 4],
    second: [V; 4],
    /// The first output of s₁, x₀ and s₂.
    first: [V; 3],
}

impl<V: Lanes> Pairs<V> {
    #[inline(always)]
    pub(crate) fn new(one: &Factors<V>) -> Self {
        // A = [a −b; b c], B = [b; d].
        let ([a, b], [_, d, c]) = (one.s1, one.s2);
        let [y1, yx, y2] = one.out;
        let (ab, bc, bb) = (a.mul(b), b.mul(c), b.mul(b));
        Self {
            s1: [a.mul(a).sub(bb), V::splat(0.0).sub(ab.add(bc)), ab.sub(b.mul(d)), b],
            s2: [ab.add(bc), c.mul(c).sub(bb), bb.add(c.mul(d)), d],
            second: [
                y1.mul(a).add_mul(y2, b),
                y2.mul(c).sub(y1.mul(b)),
                y1.mul(b).add_mul(y2, d),
                yx,
            ],
            first: one.out,
        }
    }

    #[inline(always)]
    pub(crate) fn tick(&self, x0: V, x1: V, s1: &mut V, s2: &mut V) -> (V, V) {
        let sum = |f: &[V; 4], into: V| f[0].mul(*s1).add_mul(f[1], *s2).add(into);
        let first = self.first[0].mul(*s1).add_mul(self.first[1], x0).add_mul(self.first[2], *s2);
        let into = [
            self.s1[2].mul(x0).add_mul(self.s1[3], x1),
            self.s2[2].mul(x0).add_mul(self.s2[3], x1),
            self.second[2].mul(x0).add_mul(self.second[3], x1),
        ];
        let second = sum(&self.second, into[2]);
        let next = (sum(&self.s1, into[0]), sum(&self.s2, into[1]));
        (*s1, *s2) = next;
        (first, second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Noise, Svf};

    #[test]
    fn each_lane_is_a_filter_of_its_own() {
        let tunings: [Tuning; 8] = std::array::from_fn(|lane| {
            Tuning::new(0.002 + 0.05 * lane as f32, 0.2 + 0.2 * lane as f32)
        });
        use Response::{Band, High, Low};
        let responses = [Low, Band, High, Low, Band, High, Low, Band];
        let mut bank = SvfBank::new(tunings, responses);
        let mut single: Vec<Svf> = tunings.iter().map(|tuning| Svf::new(*tuning)).collect();
        let mut noise = Noise::new(3);
        for _ in 0..50 {
            let mut io = [[0.0; CONTROL_LEN]; 8];
            io.iter_mut().for_each(|signal| noise.render(signal));
            let mut expected = io;
            for ((svf, io), response) in single.iter_mut().zip(&mut expected).zip(responses) {
                match response {
                    Low => svf.process_low(io),
                    Band => svf.process_band(io),
                    High => svf.process_high(io),
                }
            }
            bank.process(&mut io, CONTROL_LEN);
            for (a, b) in io.iter().flatten().zip(expected.iter().flatten()) {
                assert!((a - b).abs() < 1e-3, "{a} {b}");
            }
        }
    }
}
