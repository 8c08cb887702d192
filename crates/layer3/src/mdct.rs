//! The modified discrete cosine transform of the sub-bands, and the butterflies against their aliases.
//!
//! ```text
//! X[k] = 2/N · Σ_n w[n]·z[n]·cos(π/4N · (2n + 1 + N)(2k + 1))       n = 0..2N−1, k = 0..N−1
//! ```
//!
//! with N = 18 for a long block and three times N = 6 for a short one. Each run of 8 lanes works on 8
//! sub-bands at once. The 2N values fold into N, of which X is the DCT-IV; with
//! `2 cos(α/2) cos(α(k + ½)) = cos(αk) + cos(α(k + 1))` that becomes a DCT-II, and the DCT-II falls apart
//! into sums for even k, a DCT-II of 9, and differences for odd k, a DCT-IV of 9, which becomes a DCT-II of
//! 9 in its turn.
//!
//! Source: ISO/IEC 11172-3, C.1.5.3.3 (the transform, windows and butterflies); V. Britanak,
//! K. R. Rao, *Cosine-/Sine-Modulated Filter Banks*, ch. 5 (DCT-IV by DCT-II).

use std::f64::consts::PI;

use crate::{
    polyphase::{SUBBANDS, Slot},
    simd::{LANES, Lanes, eight, eight_mut, kernel},
};

/// Frequency lines of a granule.
pub(crate) const LINES: usize = 576;

/// A spectrum: the lines of a granule, and room for a vector that begins with the last of them.
pub(crate) type Spectrum = [f32; LINES + 2 * LANES];

/// Lines of a sub-band.
const LONG: usize = 18;

/// Lines of a sub-band in one of three short blocks.
const SHORT: usize = 6;

/// The window a granule is seen through (`block_type`, ISO/IEC 11172-3, 2.4.2.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BlockType {
    /// A sine over both granules.
    #[default]
    Normal = 0,
    /// From long blocks to short ones.
    Start = 1,
    /// Three short blocks.
    Short = 2,
    /// From short blocks to long ones.
    Stop = 3,
}

/// What the transform multiplies by.
pub(crate) struct Mdct {
    /// For each long kind of window, what the two values that fold into one are multiplied by.
    fold: [[[f32; 2]; LONG]; 4],
    /// `2 cos(π/18 (n + ½))`, from a DCT-IV of 9 to a DCT-II.
    odd: [f32; 9],
    /// `cos(kπ/18)`.
    cosines: [f32; 9],
    /// `w[n]/3 · cos(π/24 (2n + 7)(2k + 1))`, the short transform as it stands, `[k][n]`.
    short: [[f32; 12]; SHORT],
    /// `cs` and `ca` of the butterflies, each eight.
    alias: [[f32; LANES]; 2],
}

impl Mdct {
    pub(crate) fn new() -> Self {
        let row = |n: usize| n as f64 + 0.5;
        Self {
            fold: [BlockType::Normal, BlockType::Start, BlockType::Short, BlockType::Stop].map(
                |block_type| {
                    let window: [f64; 36] = std::array::from_fn(|n| window(block_type, n));
                    std::array::from_fn(|n| {
                        let scale = 2.0 * (PI / 36.0 * row(n)).cos() / 9.0;
                        let (first, second) = folds(n);
                        let sign = if n < 9 { -1.0 } else { 1.0 };
                        [(sign * scale * window[first]) as f32, (-scale * window[second]) as f32]
                    })
                },
            ),
            odd: std::array::from_fn(|n| (2.0 * (PI / 18.0 * row(n)).cos()) as f32),
            cosines: std::array::from_fn(|k| (PI / 18.0 * k as f64).cos() as f32),
            short: std::array::from_fn(|k| {
                std::array::from_fn(|n| {
                    let window = (PI / 12.0 * row(n)).sin();
                    let cosine = (PI / 24.0 * ((2 * n + 7) * (2 * k + 1)) as f64).cos();
                    (window * cosine / 3.0) as f32
                })
            }),
            alias: [
                ALIAS.map(|c| (1.0 / (1.0 + c * c).sqrt()) as f32),
                ALIAS.map(|c| (c / (1.0 + c * c).sqrt()) as f32),
            ],
        }
    }
}

/// The coefficients of the butterflies (Table 3-B.9).
const ALIAS: [f64; 8] = [-0.6, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037];

/// The two of 36 values that fold into value `n` of 18.
const fn folds(n: usize) -> (usize, usize) {
    if n < 9 { (26 - n, 27 + n) } else { (n - 9, 26 - n) }
}

/// The window of a long transform (2.4.3.4).
fn window(block_type: BlockType, n: usize) -> f64 {
    let long = (PI / 36.0 * (n as f64 + 0.5)).sin();
    let short = |n: usize| (PI / 12.0 * (n as f64 + 0.5)).sin();
    match (block_type, n) {
        (BlockType::Start, 18..24) | (BlockType::Stop, 12..18) => 1.0,
        (BlockType::Start, 24..30) => short(n - 18),
        (BlockType::Stop, 6..12) => short(n - 6),
        (BlockType::Start, 30..) | (BlockType::Stop, ..6) => 0.0,
        _ => long,
    }
}

kernel! {
    /// Transforms the first `8 · groups` sub-bands of the granule in `now`, which overlaps with the one
    /// in `before`. Lines are in the order of frequency for the long kinds of block; for short ones,
    /// line `f` of window `w` is at `192w + f`. Lines of other sub-bands are zero.
    pub(crate) fn transform = transform_lanes(
        tables: &Mdct,
        block_type: BlockType,
        groups: usize,
        before: &[Slot; 18],
        now: &[Slot; 18],
        lines: &mut Spectrum,
    );
}

#[inline(always)]
fn transform_lanes<V: Lanes>(
    tables: &Mdct,
    block_type: BlockType,
    groups: usize,
    before: &[Slot; 18],
    now: &[Slot; 18],
    lines: &mut Spectrum,
) {
    let groups = groups.min(SUBBANDS / LANES);
    if block_type == BlockType::Short {
        *lines = [0.0; LINES + 2 * LANES];
        for group in 0..groups {
            short_blocks::<V>(tables, group, before, now, lines);
        }
        return;
    }
    lines[groups * LANES * LONG..].fill(0.0);
    for group in 0..groups {
        long_block::<V>(tables, block_type, group, before, now, lines);
    }
    let (cs, ca) = (V::load(&tables.alias[0]), V::load(&tables.alias[1]));
    for subband in 1..groups * LANES {
        let at = subband * LONG;
        let below = V::load(eight(lines, at - LANES)).reverse();
        let above = V::load(eight(lines, at));
        below.mul(cs).add_mul(above, ca).reverse().store(eight_mut(lines, at - LANES));
        above.mul(cs).sub(below.mul(ca)).store(eight_mut(lines, at));
    }
}

#[inline(always)]
fn long_block<V: Lanes>(
    tables: &Mdct,
    block_type: BlockType,
    group: usize,
    before: &[Slot; 18],
    now: &[Slot; 18],
    lines: &mut Spectrum,
) {
    let mut v = [V::zero(); LONG];
    for (n, (v, weights)) in v.iter_mut().zip(&tables.fold[block_type as usize]).enumerate() {
        let (first, second) = folds(n);
        let first = slot_lanes::<V>(before, now, first, group);
        let second = slot_lanes::<V>(before, now, second, group);
        *v = first.mul(V::splat(weights[0])).add_mul(second, V::splat(weights[1]));
    }
    let (mut sums, mut differences) = ([V::zero(); 9], [V::zero(); 9]);
    for n in 0..9 {
        sums[n] = v[n].add(v[17 - n]);
        differences[n] = v[n].sub(v[17 - n]).mul(V::splat(tables.odd[n]));
    }
    let even = dct(&tables.cosines, &sums);
    let odd = dct(&tables.cosines, &differences);
    // Of a DCT-II Y that was a DCT-IV X: X[0] = Y[0] / 2, X[k] = Y[k] − X[k − 1]. The odd half first is one,
    // then both together are. Rows beyond 18 stay as they are and are not written.
    let mut x = [V::zero(); 24];
    let half = V::splat(0.5);
    let mut last_odd = odd[0].mul(half);
    x[0] = even[0].mul(half);
    x[1] = last_odd.sub(x[0]);
    for j in 1..9 {
        last_odd = odd[j].sub(last_odd);
        x[2 * j] = even[j].sub(x[2 * j - 1]);
        x[2 * j + 1] = last_odd.sub(x[2 * j]);
    }
    let first = group * LANES * LONG;
    for part in 0..2 {
        let rows = *eight(&x, part * LANES);
        for (subband, column) in V::transpose(rows).into_iter().enumerate() {
            column.store(eight_mut(lines, first + subband * LONG + part * LANES));
        }
    }
    let mut rest = [[0.0; LANES]; 2];
    x[16].store(&mut rest[0]);
    x[17].store(&mut rest[1]);
    for subband in 0..LANES {
        lines[first + subband * LONG + 16] = rest[0][subband];
        lines[first + subband * LONG + 17] = rest[1][subband];
    }
}

/// The DCT-II of nine values, `Σ_n cos(π/9 (n + ½)k) x[n]`.
///
/// Values as far from one end as others from the other end go in as sums for even k and differences for odd
/// k; of the cosines that are left many are alike, or one half.
#[inline(always)]
fn dct<V: Lanes>(cosines: &[f32; 9], x: &[V; 9]) -> [V; 9] {
    let c = |k: usize| V::splat(cosines[k]);
    let half = V::splat(0.5);
    let [a, b, d, e] = [x[0].add(x[8]), x[1].add(x[7]), x[2].add(x[6]), x[3].add(x[5])];
    let (outer, inner) = (a.add(d).add(e), b.add(x[4]));
    let middle = x[4].sub(b.mul(half));
    let even = [
        outer.add(inner),
        a.mul(c(2)).sub(d.mul(c(8))).sub(e.mul(c(4)).add(middle)),
        a.mul(c(4)).sub(d.mul(c(2))).add(e.mul(c(8)).add(middle)),
        outer.mul(half).sub(inner),
        a.mul(c(8)).add(d.mul(c(4))).sub(e.mul(c(2)).sub(middle)),
    ];
    let [a, b, d, e] = [x[0].sub(x[8]), x[1].sub(x[7]), x[2].sub(x[6]), x[3].sub(x[5])];
    let middle = b.mul(c(3));
    let odd = [
        a.mul(c(1)).add(d.mul(c(5))).add(e.mul(c(7)).add(middle)),
        a.sub(d).sub(e).mul(c(3)),
        a.mul(c(5)).sub(d.mul(c(7))).add(e.mul(c(1)).sub(middle)),
        a.mul(c(7)).add(d.mul(c(1))).sub(e.mul(c(5)).add(middle)),
    ];
    [even[0], odd[0], even[1], odd[1], even[2], odd[2], even[3], odd[3], even[4]]
}

#[inline(always)]
fn short_blocks<V: Lanes>(
    tables: &Mdct,
    group: usize,
    before: &[Slot; 18],
    now: &[Slot; 18],
    lines: &mut Spectrum,
) {
    for window in 0..3 {
        let z: [V; 12] = std::array::from_fn(|n| {
            let n = 6 + 6 * window + n;
            slot_lanes(before, now, n, group)
        });
        for (k, weights) in tables.short.iter().enumerate() {
            let mut x = [0.0; LANES];
            dot(&z, weights).store(&mut x);
            for (subband, x) in x.into_iter().enumerate() {
                lines[192 * window + (group * LANES + subband) * SHORT + k] = x;
            }
        }
    }
}

/// Eight sub-bands of slot `n` of the 36 that a transform sees.
#[inline(always)]
fn slot_lanes<V: Lanes>(before: &[Slot; 18], now: &[Slot; 18], n: usize, group: usize) -> V {
    let slot = if n < 18 { &before[n] } else { &now[n - 18] };
    V::load(eight(slot, group * LANES))
}

#[inline(always)]
fn dot<V: Lanes, const N: usize>(x: &[V; N], weights: &[f32; N]) -> V {
    let mut sum = x[0].mul(V::splat(weights[0]));
    for n in 1..N {
        sum = sum.add_mul(x[n], V::splat(weights[n]));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Level;

    fn slots(seed: usize) -> [Slot; 18] {
        std::array::from_fn(|n| {
            std::array::from_fn(|k| (((n * 32 + k + seed) * 7919 % 1000) as f32 / 500.0) - 1.0)
        })
    }

    fn textbook(z: &[f64], k: usize) -> f64 {
        let n = z.len() / 2;
        let sum: f64 = z
            .iter()
            .enumerate()
            .map(|(i, z)| z * (PI / (4 * n) as f64 * ((2 * i + 1 + n) * (2 * k + 1)) as f64).cos())
            .sum();
        2.0 / n as f64 * sum
    }

    #[test]
    fn a_short_block_is_the_sum_of_the_standard() {
        let (before, now) = (slots(0), slots(576));
        let mut lines = [0.0; LINES + 2 * LANES];
        transform(Level::Portable, &Mdct::new(), BlockType::Short, 4, &before, &now, &mut lines);
        for subband in 0..32 {
            let z = |n: usize| f64::from(if n < 18 { before[n] } else { now[n - 18] }[subband]);
            for w in 0..3 {
                let z: Vec<f64> = (0..12)
                    .map(|n| z(6 + 6 * w + n) * (PI / 12.0 * (n as f64 + 0.5)).sin())
                    .collect();
                for k in 0..6 {
                    let got = f64::from(lines[192 * w + subband * 6 + k]);
                    assert!((got - textbook(&z, k)).abs() < 1e-6, "{subband} {w} {k}");
                }
            }
        }
    }

    #[test]
    fn a_long_block_is_the_sum_of_the_standard() {
        let (before, now) = (slots(0), slots(576));
        let mut tables = Mdct::new();
        // Without the butterflies, which have a test of their own: a decoder.
        tables.alias = [[1.0; 8], [0.0; 8]];
        for block_type in [BlockType::Normal, BlockType::Start, BlockType::Stop] {
            let mut lines = [0.0; LINES + 2 * LANES];
            transform(Level::Portable, &tables, block_type, 4, &before, &now, &mut lines);
            for subband in 0..32 {
                let z = |n: usize| f64::from(if n < 18 { before[n] } else { now[n - 18] }[subband]);
                let z: Vec<f64> = (0..36).map(|n| z(n) * window(block_type, n)).collect();
                for k in 0..18 {
                    let got = f64::from(lines[subband * 18 + k]);
                    assert!((got - textbook(&z, k)).abs() < 2e-6, "{block_type:?} {subband} {k}");
                }
            }
        }
    }
}
