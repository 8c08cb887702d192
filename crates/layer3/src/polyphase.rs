//! The polyphase filter bank: 32 samples in, one of each of 32 sub-bands out.
//!
//! ```text
//! y[i] = Σ_j C[i + 64j] · x[i + 64j]                 j = 0..7, i = 0..63, x[0] the newest of 512
//! S[k] = Σ_i cos((2k + 1)(i − 16)π/64) · y[i]        k = 0..31
//! ```
//!
//! The cosine is even about i = 16 and odd about i = 48, so that 32 values are left of the 64; and
//! `cos((2(31−k) + 1)nπ/64) = (−1)ⁿ cos((2k + 1)nπ/64)`, so that sums over even and over odd n make two
//! outputs each. The even half falls apart once more in the same way. 384 multiplications are left of
//! 2,048.
//!
//! Source: ISO/IEC 11172-3, C.1.3 (formulae, Figure 3-C.1).

use std::f64::consts::PI;

use crate::{
    simd::{LANES, Lanes, eight, eight_mut, kernel},
    tables::window,
};

/// Sub-bands.
pub(crate) const SUBBANDS: usize = 32;

/// Samples before a block that its first output needs.
pub(crate) const HISTORY_LEN: usize = 512 - SUBBANDS;

/// One sample of each sub-band.
pub(crate) type Slot = [f32; SUBBANDS];

/// Slots worked on together: as many as keep their sums in the registers of AVX2.
const TOGETHER: usize = 6;

/// What the filter bank multiplies by.
pub(crate) struct Polyphase {
    /// `C[511 − m]`: the window in the order in which samples come.
    window: [f32; 512],
    /// For odd n, `cos((2k + 1)nπ/64)` for k = 0..15; n = 31 first.
    odd: [[f32; 16]; 16],
    /// For even n, `cos((2k + 1)nπ/64)` for k = 0..7; n = 30 first. The last, n = 0, is halved, because
    /// it alone is added to itself.
    even: [[f32; 8]; 16],
    /// The frequency inversion of odd slots.
    inversion: [f32; LANES],
}

impl Polyphase {
    pub(crate) fn new() -> Self {
        let cosine = |n: usize, k: usize| ((2 * k + 1) as f64 * n as f64 * PI / 64.0).cos();
        let half = |n: usize| if n == 0 { 0.5 } else { 1.0 };
        Self {
            window: std::array::from_fn(|m| window::analysis(511 - m) as f32),
            odd: std::array::from_fn(|r| std::array::from_fn(|k| cosine(31 - 2 * r, k) as f32)),
            even: std::array::from_fn(|r| {
                let n = 30 - 2 * r;
                std::array::from_fn(|k| (half(n) * cosine(n, k)) as f32)
            }),
            inversion: std::array::from_fn(|k| if k % 2 == 0 { 1.0 } else { -1.0 }),
        }
    }
}

kernel! {
    /// Filters `pcm`, which holds [`HISTORY_LEN`] samples of the past and 32 for each slot; as many
    /// slots as are asked for, a multiple of six. Odd slots have their odd sub-bands inverted
    /// (ISO/IEC 11172-3, 2.4.3.4: the decoder does it again).
    pub(crate) fn analyse = analyse_lanes(tables: &Polyphase, pcm: &[f32], slots: &mut [Slot]);
}

#[inline(always)]
fn analyse_lanes<V: Lanes>(tables: &Polyphase, pcm: &[f32], slots: &mut [Slot]) {
    // y backwards, with its last value turned in front of its first.
    let mut windowed = [[0.0; 64 + LANES]; TOGETHER];
    // The 32 values that are left, n = 31 first.
    let mut folded = [[0.0; SUBBANDS]; TOGETHER];
    for (group, slots) in slots.chunks_exact_mut(TOGETHER).enumerate() {
        let pcm = &pcm[group * TOGETHER * SUBBANDS..];
        for part in 0..64 / LANES {
            let weights: [V; 8] =
                std::array::from_fn(|j| V::load(eight(&tables.window, part * LANES + 64 * j)));
            for (slot, windowed) in windowed.iter_mut().enumerate() {
                // As long as is read, so that it is checked once.
                let x = &pcm[slot * SUBBANDS + part * LANES..][..64 * 7 + LANES];
                let mut y = V::load(eight(x, 0)).mul(weights[0]);
                for (j, weight) in weights.iter().enumerate().skip(1) {
                    y = y.add_mul(V::load(eight(x, 64 * j)), *weight);
                }
                y.store(eight_mut(windowed, part * LANES + LANES));
            }
        }
        for (y, folded) in windowed.iter_mut().zip(&mut folded) {
            y[LANES - 1] = -y[LANES + 63];
            let y = |at: usize| V::load(eight(y, at));
            y(24).sub(y(15).reverse()).store(eight_mut(folded, 0));
            y(32).sub(y(7).reverse()).store(eight_mut(folded, 8));
            y(40).add(y(63).reverse()).store(eight_mut(folded, 16));
            y(48).add(y(55).reverse()).store(eight_mut(folded, 24));
        }
        let mut odd = [[V::zero(); 2]; TOGETHER];
        for (r, row) in tables.odd.iter().enumerate() {
            let (low, high) = (V::load(eight(row, 0)), V::load(eight(row, 8)));
            for (sum, folded) in odd.iter_mut().zip(&folded) {
                let x = V::splat(folded[2 * r]);
                *sum = [sum[0].add_mul(low, x), sum[1].add_mul(high, x)];
            }
        }
        // Rows of n = 30, 26 ... 2 and of n = 28, 24 ... 0.
        let mut even = [[V::zero(); 2]; TOGETHER];
        for (r, rows) in tables.even.as_chunks::<2>().0.iter().enumerate() {
            let (twice_odd, twice_even) = (V::load(&rows[0]), V::load(&rows[1]));
            for (sum, folded) in even.iter_mut().zip(&folded) {
                *sum = [
                    sum[0].add_mul(twice_odd, V::splat(folded[4 * r + 1])),
                    sum[1].add_mul(twice_even, V::splat(folded[4 * r + 3])),
                ];
            }
        }
        let inversion = V::load(&tables.inversion);
        for (index, slot) in slots.iter_mut().enumerate() {
            let [twice_odd, twice_even] = even[index];
            let even = [twice_even.add(twice_odd), twice_even.sub(twice_odd).reverse()];
            let odd = odd[index];
            let out = [
                even[0].add(odd[0]),
                even[1].add(odd[1]),
                even[1].sub(odd[1]).reverse(),
                even[0].sub(odd[0]).reverse(),
            ];
            for (part, s) in out.into_iter().enumerate() {
                let s = if index % 2 == 1 { s.mul(inversion) } else { s };
                s.store(eight_mut(slot, part * LANES));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Level;

    #[test]
    fn it_is_the_sum_of_the_standard() {
        let pcm: Vec<f32> =
            (0..HISTORY_LEN + 18 * 32).map(|n| ((n * n) as f32 * 0.37).sin()).collect();
        let mut slots = [[0.0; SUBBANDS]; 18];
        analyse(Level::Portable, &Polyphase::new(), &pcm, &mut slots);
        for (index, slot) in slots.iter().enumerate() {
            let newest = HISTORY_LEN + index * 32 + 31;
            for (k, &s) in slot.iter().enumerate() {
                let mut expected = 0.0;
                for i in 0..64 {
                    let y: f64 = (0..8)
                        .map(|j| window::analysis(i + 64 * j) * f64::from(pcm[newest - i - 64 * j]))
                        .sum();
                    expected += ((2 * k + 1) as f64 * (i as f64 - 16.0) * PI / 64.0).cos() * y;
                }
                let sign = if index % 2 == 1 && k % 2 == 1 { -1.0 } else { 1.0 };
                assert!((f64::from(s) - sign * expected).abs() < 2e-7, "slot {index}, band {k}");
            }
        }
    }
}
