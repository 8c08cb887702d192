//! Sums and gains over a run of samples, eight at a time.
//!
//! Gains are [`Segment`]s: they go in a straight line over the run. A run has any length, but that of
//! [`add_all`].

use crate::{
    CONTROL_LEN, Segment,
    simd::{LANES, Lanes, eight, eight_mut, kernel},
};

/// One control step of one channel, and its gain along it.
pub type Input<'a> = (&'a [f32; CONTROL_LEN], Segment);

kernel! {
    /// `out += gain · input`, for as many samples as both have.
    pub fn add = add_generic(out: &mut [f32], input: &[f32], gain: Segment);
}

kernel! {
    /// Adds many inputs, one after the other, at half the cost of as many [`add`]s; `None` is not heard.
    pub fn add_all = add_all_generic(out: &mut [f32; CONTROL_LEN], inputs: &[Option<Input<'_>>]);
}

kernel! {
    /// Adds a mono signal to two channels, each with a gain of its own; for as many samples as all have.
    pub fn add_panned = add_panned_generic(out: &mut [&mut [f32]; 2], mono: &[f32], gains: [Segment; 2]);
}

/// `io ·= gain`.
pub fn scale(io: &mut [f32], gain: Segment) {
    if gain != Segment::flat(1.0) {
        scale_moving(io, gain);
    }
}

kernel! {
    fn scale_moving = scale_generic(io: &mut [f32], gain: Segment);
}

kernel! {
    /// `io = saturate(drive · io)`, see [`crate::math::saturate`].
    pub fn saturate = saturate_generic(io: &mut [f32], drive: Segment);
}

/// Gains of the two sides for a place from -1 (left) to 1 (right), of equal power to 0.1 dB: 1 on both
/// sides in the middle, √2 and 0 at the ends.
///
/// ```text
/// left = √(1 − place)      right = √(1 + place)
/// ```
pub fn pan(place: f32) -> [f32; 2] {
    let place = crate::math::clamp(place, -1.0, 1.0);
    [(1.0 - place).sqrt(), (1.0 + place).sqrt()]
}

#[inline(always)]
fn add_generic<V: Lanes>(out: &mut [f32], input: &[f32], gain: Segment) {
    let (outs, rest) = out.as_chunks_mut::<LANES>();
    let (inputs, rest_of_input) = input.as_chunks::<LANES>();
    let (mut gains, step) = (V::along(gain, 0), V::splat(LANES as f32 * gain.step));
    let len = outs.len().min(inputs.len());
    for (out, input) in outs.iter_mut().zip(inputs) {
        V::load(out).add_mul(gains, V::load(input)).store(out);
        gains = gains.add(step);
    }
    for (n, (out, input)) in rest.iter_mut().zip(rest_of_input).enumerate() {
        *out += gain.at(len * LANES + n) * input;
    }
}

#[inline(always)]
fn add_all_generic<V: Lanes>(out: &mut [f32; CONTROL_LEN], inputs: &[Option<Input<'_>>]) {
    // All of the step stays in registers.
    let mut sums = [V::splat(0.0); CONTROL_LEN / LANES];
    for (row, sum) in sums.iter_mut().enumerate() {
        *sum = V::load(eight(out, row * LANES));
    }
    for (input, gain) in inputs.iter().flatten() {
        let (mut gains, step) = (V::along(*gain, 0), V::splat(LANES as f32 * gain.step));
        for (row, sum) in sums.iter_mut().enumerate() {
            *sum = sum.add_mul(gains, V::load(eight(*input, row * LANES)));
            gains = gains.add(step);
        }
    }
    for (row, sum) in sums.into_iter().enumerate() {
        sum.store(eight_mut(out, row * LANES));
    }
}

#[inline(always)]
fn add_panned_generic<V: Lanes>(out: &mut [&mut [f32]; 2], mono: &[f32], gains: [Segment; 2]) {
    let [left, right] = out;
    add_generic::<V>(left, mono, gains[0]);
    add_generic::<V>(right, mono, gains[1]);
}

#[inline(always)]
fn scale_generic<V: Lanes>(io: &mut [f32], gain: Segment) {
    let (ios, rest) = io.as_chunks_mut::<LANES>();
    let (mut gains, step) = (V::along(gain, 0), V::splat(LANES as f32 * gain.step));
    let len = ios.len();
    for io in ios {
        V::load(io).mul(gains).store(io);
        gains = gains.add(step);
    }
    for (n, io) in rest.iter_mut().enumerate() {
        *io *= gain.at(len * LANES + n);
    }
}

#[inline(always)]
fn saturate_generic<V: Lanes>(io: &mut [f32], drive: Segment) {
    let mut at = 0;
    for io in io.chunks_mut(LANES) {
        V::load_some(io).mul(V::along(drive, at)).saturate().store_some(io);
        at += LANES;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_any_length_is_mixed_to_its_end() {
        for len in [1, 7, 8, 61, 64] {
            let input: Vec<f32> = (0..len).map(|n| n as f32 - 3.0).collect();
            let mut out = vec![1.0; len];
            let gain = Segment { from: 0.5, step: 0.25 };
            add(&mut out, &input, gain);
            for (n, (out, input)) in out.iter().zip(&input).enumerate() {
                assert_eq!(*out, 1.0 + gain.at(n) * input);
            }
            scale(&mut out, Segment::flat(2.0));
            assert_eq!(out[len - 1], 2.0 * (1.0 + gain.at(len - 1) * input[len - 1]));
        }
    }

    #[test]
    fn many_at_once_are_as_many_one_by_one() {
        let [first, second] = [1, 2].map(|key| {
            let mut noise = [0.0; CONTROL_LEN];
            crate::Noise::new(key).render(&mut noise);
            noise
        });
        let gains = [Segment { from: 0.5, step: 0.01 }, Segment { from: -0.3, step: 0.002 }];
        let (mut all, mut single) = (first, first);
        add_all(&mut all, &[Some((&first, gains[0])), None, Some((&second, gains[1]))]);
        add(&mut single, &first, gains[0]);
        add(&mut single, &second, gains[1]);
        assert_eq!(all, single);
    }

    #[test]
    fn a_place_keeps_its_power() {
        for n in -10..=10 {
            let [left, right] = pan(n as f32 * 0.1);
            assert!((left * left + right * right - 2.0).abs() < 1e-5);
        }
        assert_eq!(pan(-3.0)[1], 0.0);
    }
}
