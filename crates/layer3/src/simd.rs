//! Eight samples at a time: one trait, a portable implementation that defines it and another in AVX2.
//!
//! Every kernel of the encoder is written once, over [`Lanes`], and [`kernel!`] makes of it a function
//! that picks the instructions when it is called. Both implementations round alike: each operation is
//! one IEEE 754 operation a lane, none is fused with the next, and sums over lanes are added in one
//! order. So the bytes of an encoder are the same whichever runs.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
pub(crate) use portable::Portable;

use crate::config::Instructions;

/// Lanes of a vector.
pub(crate) const LANES: usize = 8;

/// The instructions a machine has, as far as they matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Whatever the crate was compiled for.
    Portable,
    /// AVX2, with FMA, BMI and LZCNT, which came with it.
    #[cfg(target_arch = "x86_64")]
    Avx2(Found),
}

/// A proof that instructions are there: only [`Level::of`] makes one, when it has looked.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found(());

impl Level {
    /// What this machine has of what is asked for.
    pub(crate) fn of(instructions: Instructions) -> Self {
        #[cfg(target_arch = "x86_64")]
        if instructions == Instructions::Best
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
        {
            return Self::Avx2(Found(()));
        }
        let _ = instructions;
        Self::Portable
    }
}

/// Eight `f32`, one operation on all.
pub(crate) trait Lanes: Copy {
    /// The same in all lanes.
    fn splat(x: f32) -> Self;
    /// Reads eight.
    fn load(x: &[f32; LANES]) -> Self;
    /// Writes eight.
    fn store(self, out: &mut [f32; LANES]);
    /// Writes eight without their fractions; they are 0 to 65,535.
    fn store_u16(self, out: &mut [u16; LANES]);
    /// Of each two of sixteen whole numbers `x` and `y`, none over 15 but counted as 15: `x · 16 + y`.
    fn pair(lines: &[u16; 2 * LANES], out: &mut [u8; LANES]);
    /// `self + y`.
    fn add(self, y: Self) -> Self;
    /// `self − y`.
    fn sub(self, y: Self) -> Self;
    /// `self · y`.
    fn mul(self, y: Self) -> Self;
    /// `self / y`.
    fn div(self, y: Self) -> Self;
    /// The greater; neither is NaN.
    fn max(self, y: Self) -> Self;
    /// The lesser; neither is NaN.
    fn min(self, y: Self) -> Self;
    /// Without sign.
    fn abs(self) -> Self;
    /// The square root of what is not negative.
    fn sqrt(self) -> Self;
    /// The last lane first.
    fn reverse(self) -> Self;
    /// Without fraction, towards zero; below 2³¹.
    fn trunc(self) -> Self;
    /// What is finite; infinities and NaN become 0.
    fn finite(self) -> Self;
    /// Only the first `len` lanes, the others 0.
    fn keep_first(self, len: usize) -> Self;
    /// Of a positive normal number: the power of two and, between 1 and 2, what is multiplied by it.
    fn split(self) -> (Self, Self);
    /// Two to the power of a whole number between −126 and 127.
    fn power_of_two(self) -> Self;
    /// Rows to columns.
    fn transpose(rows: [Self; LANES]) -> [Self; LANES];
    /// Lanes 0 and 4, 1 and 5, 2 and 6, 3 and 7 are added, then the first two sums to the last two
    /// (0 to 2, 1 to 3), then those.
    fn sum(self) -> f32;
    /// The greatest of all lanes.
    fn greatest(self) -> f32;

    /// Zero in all lanes.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }

    /// `self + x · y`, rounded after each operation.
    #[inline(always)]
    fn add_mul(self, x: Self, y: Self) -> Self {
        self.add(x.mul(y))
    }

    /// The logarithm to base 2 of a positive normal number, within 2·10⁻⁵.
    ///
    /// `log2 (1+t) ≈ t + t(1−t)·q(t)`, exact at both ends; q by least squares on Chebyshev nodes.
    #[inline(always)]
    fn log2(self) -> Self {
        let (exponent, mantissa) = self.split();
        let t = mantissa.sub(Self::splat(1.0));
        let q = Self::splat(-0.044_243_74);
        let q = Self::splat(0.147_018_77).add_mul(q, t);
        let q = Self::splat(-0.266_536_28).add_mul(q, t);
        let q = Self::splat(0.441_835_87).add_mul(q, t);
        exponent.add(t).add_mul(t.mul(Self::splat(1.0).sub(t)), q)
    }

    /// Two to the power of what is clamped to −120..=120, within 4·10⁻⁶ of itself.
    ///
    /// `2^t ≈ 1 + t + t(1−t)·q(t)` for the fraction, fitted as [`Self::log2`] is.
    #[inline(always)]
    fn exp2(self) -> Self {
        let x = self.max(Self::splat(-120.0)).min(Self::splat(120.0));
        // Shifted to be positive, so that cutting the fraction off rounds down.
        let whole = x.add(Self::splat(128.0)).trunc().sub(Self::splat(128.0));
        let t = x.sub(whole);
        let q = Self::splat(-0.013_542_428);
        let q = Self::splat(-0.065_597_25).add_mul(q, t);
        let q = Self::splat(-0.306_967_03).add_mul(q, t);
        let power = Self::splat(1.0).add(t).add_mul(t.mul(Self::splat(1.0).sub(t)), q);
        power.mul(whole.power_of_two())
    }
}

/// Makes a kernel of a generic function: one that takes a [`Level`] first and runs the generic function
/// with the [`Lanes`] of that level, compiled for its instructions.
macro_rules! kernel {
    ($(#[$meta:meta])* $vis:vis fn $name:ident = $generic:ident($($arg:ident: $type:ty),* $(,)?)
        $(-> $ret:ty)?;) => {
        $(#[$meta])*
        #[inline]
        $vis fn $name(level: $crate::simd::Level, $($arg: $type),*) $(-> $ret)? {
            match level {
                $crate::simd::Level::Portable => $generic::<$crate::simd::Portable>($($arg),*),
                #[cfg(target_arch = "x86_64")]
                $crate::simd::Level::Avx2(_) => $crate::simd::with_avx2!($generic($($arg: $type),*) $(-> $ret)?),
            }
        }
    };
}
pub(crate) use kernel;

/// Runs a generic function in a frame compiled for AVX2.
#[cfg(target_arch = "x86_64")]
macro_rules! with_avx2 {
    ($generic:ident($($arg:ident: $type:ty),*) $(-> $ret:ty)?) => {{
        #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt")]
        fn here($($arg: $type),*) $(-> $ret)? {
            $generic::<$crate::simd::Avx2>($($arg),*)
        }
        // SAFETY: `Level::Avx2` holds a proof that `Level::of` found these instructions.
        #[expect(unsafe_code, reason = "the instructions have been looked for")]
        unsafe { here($($arg),*) }
    }};
}
#[cfg(target_arch = "x86_64")]
pub(crate) use with_avx2;

/// Eight values from `at` on.
///
/// # Panics
///
/// If there are fewer: buffers here end a vector after their last value.
#[inline(always)]
pub(crate) fn eight<T>(x: &[T], at: usize) -> &[T; LANES] {
    x[at..at + LANES].first_chunk().unwrap_or_else(|| unreachable!())
}

/// Eight places from `at` on.
///
/// # Panics
///
/// As [`eight`].
#[inline(always)]
pub(crate) fn eight_mut<T>(x: &mut [T], at: usize) -> &mut [T; LANES] {
    x[at..at + LANES].first_chunk_mut().unwrap_or_else(|| unreachable!())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every operation makes of some numbers, bit for bit.
    fn all_operations<V: Lanes>(x: &[f32; LANES], y: &[f32; LANES]) -> Vec<u32> {
        let (a, b) = (V::load(x), V::load(y));
        let positive = a.abs().max(V::splat(1e-30));
        let (exponent, mantissa) = positive.split();
        let mut results = vec![
            a.add(b),
            a.sub(b),
            a.mul(b),
            a.div(b),
            a.max(b),
            a.min(b),
            a.abs(),
            a.abs().sqrt(),
            a.reverse(),
            a.min(V::splat(1e6)).max(V::splat(-1e6)).trunc(),
            a.finite(),
            a.add_mul(b, a),
            exponent,
            mantissa,
            exponent.power_of_two(),
            positive.log2(),
            a.exp2(),
            V::splat(x[3]),
            V::splat(a.sum()),
            V::splat(a.greatest()),
        ];
        results.extend((0..=LANES).map(|len| a.keep_first(len)));
        results.extend(V::transpose([a, b, a.add(b), a.sub(b), b, a, a.mul(b), a]));
        let mut bits: Vec<u32> = results
            .into_iter()
            .flat_map(|lanes| {
                let mut out = [0.0; LANES];
                lanes.store(&mut out);
                out.map(f32::to_bits)
            })
            .collect();
        let mut whole = [0; LANES];
        positive.min(V::splat(65_535.0)).store_u16(&mut whole);
        bits.extend(whole.map(u32::from));
        let mut pairs = [0; LANES];
        V::pair(&std::array::from_fn(|n| whole[n % LANES] >> n), &mut pairs);
        bits.extend(pairs.map(u32::from));
        bits
    }

    kernel! {
        fn operations = all_operations(x: &[f32; LANES], y: &[f32; LANES]) -> Vec<u32>;
    }

    #[test]
    fn every_operation_gives_the_same_bits_with_all_instructions() {
        let mut seed = 1_u32;
        let mut number = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let magnitude =
                f32::from_bits((seed >> 9 & 0x7F_FFFF) | (100 + (seed >> 3 & 31)) << 23);
            if seed & 4 == 0 { magnitude } else { -magnitude }
        };
        for _ in 0..10_000 {
            let (x, y) = (std::array::from_fn(|_| number()), std::array::from_fn(|_| number()));
            let best = operations(Level::of(Instructions::Best), &x, &y);
            assert_eq!(best, operations(Level::Portable, &x, &y), "{x:?} {y:?}");
        }
    }

    #[test]
    fn what_is_not_finite_becomes_zero() {
        let x = [1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -2.0, 0.0, f32::MAX, 1e-40];
        let mut out = [1.0; LANES];
        Portable::load(&x).finite().store(&mut out);
        assert_eq!(out, [1.0, 0.0, 0.0, 0.0, -2.0, 0.0, f32::MAX, 1e-40]);
    }

    #[test]
    fn logarithm_and_power_are_as_exact_as_they_say() {
        for n in -2_000..2_000 {
            let x = n as f32 * 0.05;
            let mut out = [0.0; LANES];
            Portable::splat(x).exp2().store(&mut out);
            let expected = f64::from(x).exp2();
            assert!((f64::from(out[0]) / expected - 1.0).abs() < 5e-6, "2^{x}");
            Portable::splat(expected as f32).log2().store(&mut out);
            assert!((f64::from(out[0]) - f64::from(x)).abs() < 3e-5, "log2 of 2^{x}");
        }
    }
}
