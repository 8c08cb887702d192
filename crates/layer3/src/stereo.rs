//! Middle and side: whether two channels take fewer bits as their sum and difference.
//!
//! ```text
//! M = (L + R)/√2     S = (L − R)/√2
//! ```
//!
//! The bits of a line with energy e under noise n are about `½ log2 (1 + e/n)`. A decoder adds the noise of
//! M and of S to both channels by halves, so both may have what the more sensitive channel may.
//!
//! Source: ISO/IEC 11172-3, 2.4.3.4.9.2 (the matrix); J. D. Johnston, A. J. Ferreira, *Sum-difference stereo
//! transform coding*, 1992.

use std::f32::consts::FRAC_1_SQRT_2;

use crate::{
    context::Context,
    layout::PerBand,
    mdct::LINES,
    simd::{LANES, Lanes, eight, eight_mut, kernel},
    unit::Unit,
};

kernel! {
    /// The bits that middle and side take less than left and right with noise `share` times what is
    /// allowed (its logarithm to base 2); about.
    pub(crate) fn bits_saved = bits_saved_lanes(
        context: &Context,
        left: &Unit,
        right: &Unit,
        share: f32,
    ) -> f32;
}

#[inline(always)]
fn bits_saved_lanes<V: Lanes>(context: &Context, left: &Unit, right: &Unit, share: f32) -> f32 {
    let layout = context.layout(left.block_type);
    // Sums of L², R² and LR.
    let mut sums: [PerBand<f32>; 3] = [[0.0; _]; 3];
    for n in 0..context.bands(left.block_type) {
        let band = layout.band(n);
        let (mut ll, mut rr, mut lr) = (V::zero(), V::zero(), V::zero());
        let mut at = band.start;
        while at < band.end {
            let l = V::load(eight(&left.spectrum, at));
            let r = V::load(eight(&right.spectrum, at));
            let (l, r) = if at + LANES > band.end {
                (l.keep_first(band.end - at), r.keep_first(band.end - at))
            } else {
                (l, r)
            };
            ll = ll.add_mul(l, l);
            rr = rr.add_mul(r, r);
            lr = lr.add_mul(l, r);
            at += LANES;
        }
        sums[0][n] = ll.sum();
        sums[1][n] = rr.sum();
        sums[2][n] = lr.sum();
    }
    let one = V::splat(1.0);
    let mut saved = V::zero();
    for at in (0..layout.len).step_by(LANES) {
        let [ll, rr, lr] = [0, 1, 2].map(|sum| V::load(eight(&sums[sum], at)));
        let lines = V::load(eight(&layout.lines, at));
        let share = V::splat(share);
        let noise_l = V::load(eight(&left.allowed, at)).add(share).exp2().mul(lines.max(one));
        let noise_r = V::load(eight(&right.allowed, at)).add(share).exp2().mul(lines.max(one));
        let noise_ms = noise_l.min(noise_r);
        let half = ll.add(rr).mul(V::splat(0.5));
        let (mm, ss) = (half.add(lr).max(V::zero()), half.sub(lr).max(V::zero()));
        let apart = above(ll, noise_l).mul(above(rr, noise_r));
        let together = above(mm, noise_ms).mul(above(ss, noise_ms));
        saved = saved.add_mul(lines, apart.log2().sub(together.log2()));
    }
    0.5 * saved.sum()
}

/// `1 + e/n`, at most 2⁶³, so that the product of two is finite.
#[inline(always)]
fn above<V: Lanes>(energy: V, noise: V) -> V {
    V::splat(1.0).add(energy.div(noise)).min(V::splat(9e18))
}

kernel! {
    /// Makes middle and side of left and right.
    pub(crate) fn to_middle_and_side = to_middle_and_side_lanes(left: &mut Unit, right: &mut Unit);
}

#[inline(always)]
fn to_middle_and_side_lanes<V: Lanes>(left: &mut Unit, right: &mut Unit) {
    let half = V::splat(FRAC_1_SQRT_2);
    for at in (0..LINES).step_by(LANES) {
        let l = V::load(eight(&left.spectrum, at));
        let r = V::load(eight(&right.spectrum, at));
        l.add(r).mul(half).store(eight_mut(&mut left.spectrum, at));
        l.sub(r).mul(half).store(eight_mut(&mut right.spectrum, at));
    }
    for (l, r) in left.allowed.iter_mut().zip(&mut right.allowed) {
        let least = if *l < *r { *l } else { *r };
        (*l, *r) = (least, least);
    }
}
