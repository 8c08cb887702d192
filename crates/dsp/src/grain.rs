//! Grains: short sines that rise at once, fall to nothing, and glide a little, such as drops are made of.
//!
//! ```text
//! y[n] = min(n·rise, 1) · (1 − n·fall)³ · sin 2π(step·n + glide·n(n−1)/2)      0 ≤ n < 1 / fall
//! ```
//!
//! A grain is a function of its age and has no state besides.
//!
//! Source of the idea: C. Roads, *Microsound*, 2001.

use crate::{
    Segment, math,
    phase::step_from,
    simd::{LANES, Lanes, Words, kernel},
};

/// One grain.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grain {
    /// Samples since it began; below 0 it is yet to come.
    age: i32,
    len: i32,
    /// 2^-32 turns a sample, and what each sample adds to that.
    step: u32,
    glide: u32,
    /// 1 / samples.
    rise: f32,
    fall: f32,
    gains: [f32; 2],
}

/// What makes a [`Grain`].
#[derive(Clone, Copy, Debug)]
pub struct GrainSpec {
    /// Samples until it begins, 0..=2^20.
    pub delay: u32,
    /// Frequency at its beginning in cycles per sample, 0..=0.4.
    pub phase_step: f32,
    /// By how much of it the frequency has changed at the end, -1..=1.
    pub glide: f32,
    /// Length in samples, 64..=16 384.
    pub len: f32,
    /// Samples until it is at its height, 1..=256.
    pub rise: f32,
    /// Peak gains of both sides, 0..=4.
    pub gains: [f32; 2],
}

impl Grain {
    /// A grain to come; what is beyond a range is held within it.
    pub fn new(spec: &GrainSpec) -> Self {
        let phase_step = math::clamp(spec.phase_step, 0.0, 0.4);
        let len = math::clamp(spec.len, 64.0, 16_384.0);
        let glide = math::clamp(spec.glide, -1.0, 1.0);
        Self {
            age: -(spec.delay.min(1 << 20) as i32),
            len: len as i32,
            step: step_from(phase_step),
            glide: (phase_step * glide / len * 4_294_967_296.0) as i32 as u32,
            rise: 1.0 / math::clamp(spec.rise, 1.0, 256.0),
            fall: 1.0 / len,
            gains: spec.gains.map(|gain| math::clamp(gain, 0.0, 4.0)),
        }
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.age >= self.len
    }
}

/// Adds the next samples of all grains to both channels, any number of them.
pub fn add_grains(out: &mut [&mut [f32]; 2], grains: &mut [Grain]) {
    sow(out, grains);
}

kernel! {
    fn sow = sow_generic(out: &mut [&mut [f32]; 2], grains: &mut [Grain]);
}

#[inline(always)]
fn sow_generic<V: Lanes>(out: &mut [&mut [f32]; 2], grains: &mut [Grain]) {
    let [left, right] = out;
    let len = left.len().min(right.len());
    for grain in grains {
        // From the eight in which it begins to the eight in which it ends; outside it is silent anyhow.
        let begins = (-grain.age).clamp(0, len as i32) as usize / LANES * LANES;
        let ends = (grain.len - grain.age).clamp(0, len as i32) as usize;
        let mut at = begins;
        while at < ends {
            let some = LANES.min(len - at);
            let y = heard::<V>(grain, grain.age + at as i32);
            let (left, right) = (&mut left[at..at + some], &mut right[at..at + some]);
            V::load_some(left).add_mul(V::splat(grain.gains[0]), y).store_some(left);
            V::load_some(right).add_mul(V::splat(grain.gains[1]), y).store_some(right);
            at += LANES;
        }
        grain.age = grain.age.saturating_add(len as i32);
    }
}

/// Eight samples from an age on.
#[inline(always)]
fn heard<V: Lanes>(grain: &Grain, age: i32) -> V {
    let n = V::Words::along(age as u32, 1);
    let before = n.add(V::Words::splat(u32::MAX));
    let pairs = n.mul(before).shift_right::<1>();
    let swept = pairs.mul(V::Words::splat(grain.glide));
    let turns = n.mul(V::Words::splat(grain.step)).add(swept).turns();
    let age = V::along(Segment { from: age as f32, step: 1.0 }, 0);
    let rise = age.mul(V::splat(grain.rise)).clamp(0.0, 1.0);
    let rest = V::splat(1.0).sub(age.mul(V::splat(grain.fall))).max(V::splat(0.0));
    rise.mul(rest.mul(rest)).mul(rest).mul(turns.sin_turns())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: GrainSpec = GrainSpec {
        delay: 37,
        phase_step: 0.03,
        glide: -0.5,
        len: 700.0,
        rise: 20.0,
        gains: [1.0, 0.5],
    };

    fn sown(slices: &[usize]) -> [Vec<f32>; 2] {
        let mut grains = [Grain::new(&SPEC), Grain::new(&GrainSpec { delay: 200, ..SPEC })];
        let (mut left, mut right) = (vec![0.0; 1024], vec![0.0; 1024]);
        let mut start = 0;
        for len in slices.iter().cycle() {
            let end = 1024.min(start + len);
            add_grains(&mut [&mut left[start..end], &mut right[start..end]], &mut grains);
            start = end;
            if start == 1024 {
                break;
            }
        }
        assert!(grains.iter().all(Grain::is_over));
        [left, right]
    }

    #[test]
    fn it_is_the_equation_from_its_delay_on() {
        let [left, right] = sown(&[64]);
        for n in 0..200 {
            let age = n as f64 - 37.0;
            let turn = 0.03 * age - 0.03 * 0.5 / 700.0 * age * (age - 1.0) / 2.0;
            let level = (age / 20.0).clamp(0.0, 1.0) * (1.0 - age / 700.0).powi(3);
            let due = level * (turn * std::f64::consts::TAU).sin();
            assert!((f64::from(left[n]) - due).abs() < 1e-4, "sample {n}: {} {due}", left[n]);
            assert!((right[n] - 0.5 * left[n]).abs() < 1e-6);
        }
        assert!(left[940..].iter().all(|y| *y == 0.0));
    }

    #[test]
    fn any_slicing_gives_the_same_grains() {
        let whole = sown(&[1024]);
        for slices in [&[64][..], &[1], &[7, 31, 0, 100]] {
            assert!(sown(slices) == whole, "{slices:?}");
        }
    }
}
