//! Eight numbers at a time: one trait, a portable implementation that defines it and another in AVX2.
//!
//! Every kernel is written once, over [`Lanes`], and [`kernel!`] makes of it a function that runs it with
//! the instructions of the machine. Both implementations round alike: each operation is one IEEE 754
//! operation a lane, none is fused with the next. So samples are the same whichever runs.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
pub(crate) use portable::Portable;

/// Lanes of a vector.
pub(crate) const LANES: usize = 8;

/// Which instructions kernels may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Instructions {
    /// The best this machine has.
    #[default]
    Best,
    /// Those every machine of its kind has: the samples are the same, made more slowly.
    Portable,
}

impl Instructions {
    /// Chooses for the whole process, and tells whether the choice counts: it does when nothing has been
    /// rendered yet. Without a choice it is [`Self::Best`].
    pub fn choose(self) -> bool {
        LEVEL.set(Level::of(self)).is_ok()
    }
}

static LEVEL: OnceLock<Level> = OnceLock::new();

/// The instructions a machine has, as far as they matter here: what [`crate::wide!`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Whatever the crate was compiled for.
    Portable,
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2(Found),
}

/// A proof that instructions are there: only [`Level`] makes one, when it has looked.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found(());

impl Level {
    /// What this machine has of what is asked for.
    pub(crate) fn of(instructions: Instructions) -> Self {
        #[cfg(target_arch = "x86_64")]
        if instructions == Instructions::Best && is_x86_feature_detected!("avx2") {
            return Self::Avx2(Found(()));
        }
        let _ = instructions;
        Self::Portable
    }

    /// What was chosen for this process.
    #[inline]
    pub fn chosen() -> Self {
        *LEVEL.get_or_init(|| Self::of(Instructions::Best))
    }
}

/// Eight `f32`, one operation on all.
pub(crate) trait Lanes: Copy {
    /// Eight `u32` of the same implementation.
    type Words: Words<Lanes = Self>;

    /// The same in all lanes.
    fn splat(x: f32) -> Self;
    /// Reads eight.
    fn load(x: &[f32; LANES]) -> Self;
    /// Writes eight.
    fn store(self, out: &mut [f32; LANES]);
    /// Reads eight whole numbers.
    fn load_i16(x: &[i16; LANES]) -> Self;
    /// Writes eight without their fractions, held within the range of 16 bits; below 2³¹ in size.
    fn store_i16(self, out: &mut [i16; LANES]);
    /// `self + y`.
    fn add(self, y: Self) -> Self;
    /// `self − y`.
    fn sub(self, y: Self) -> Self;
    /// `self · y`.
    fn mul(self, y: Self) -> Self;
    /// `self / y`.
    fn div(self, y: Self) -> Self;
    /// The greater; `y` where one is NaN.
    fn max(self, y: Self) -> Self;
    /// The lesser; `y` where one is NaN.
    fn min(self, y: Self) -> Self;
    /// Without sign.
    fn abs(self) -> Self;
    /// As it is where `x` is not below `least`, 0 elsewhere.
    fn where_not_below(self, x: Self, least: f32) -> Self;
    /// Of the sixteen of `self` and `next`, those at even places and those at odd ones.
    fn split_pairs(self, next: Self) -> (Self, Self);
    /// The reverse of [`Self::split_pairs`]: one of `self`, one of `odd`, in turn.
    fn join_pairs(self, odd: Self) -> (Self, Self);
    /// The first halves of both, and the second halves.
    fn join_halves(self, y: Self) -> (Self, Self);
    /// Rows to columns.
    fn transpose(rows: [Self; LANES]) -> [Self; LANES];

    /// The sum of each row, ((0+1) + (2+3)) + ((4+5) + (6+7)), row by row.
    fn sums(rows: [Self; LANES]) -> Self;

    /// `self + x · y`, rounded after each operation.
    #[inline(always)]
    fn add_mul(self, x: Self, y: Self) -> Self {
        self.add(x.mul(y))
    }

    /// As [`crate::math::clamp`].
    #[inline(always)]
    fn clamp(self, low: f32, high: f32) -> Self {
        self.max(Self::splat(low)).min(Self::splat(high))
    }

    /// As [`crate::math::sin_turns`].
    #[inline(always)]
    fn sin_turns(self) -> Self {
        let z = self.mul(self);
        let high = Self::splat(66.225_33).sub(Self::splat(32.429_19).mul(z));
        let middle = high.mul(z).sub(Self::splat(64.797_67));
        let low = middle.mul(z).add(Self::splat(25.132_715));
        self.mul(Self::splat(0.25).sub(z)).mul(low)
    }

    /// The sine of turns in −1/2..1/2 within 3·10⁻⁷: what a recurrence begins with.
    #[inline(always)]
    fn fine_sin_turns(self) -> Self {
        let z = self.mul(self);
        let high = Self::splat(12.233_301).mul(z).sub(Self::splat(38.123_196));
        let middle = high.mul(z).add(Self::splat(67.043_9));
        let low = middle.mul(z).sub(Self::splat(64.834_68)).mul(z).add(Self::splat(25.132_73));
        self.mul(Self::splat(0.25).sub(z)).mul(low)
    }

    /// As [`crate::math::saturate`].
    #[inline(always)]
    fn saturate(self) -> Self {
        let x = self.clamp(-3.0, 3.0);
        let z = x.mul(x);
        let over = x.mul(Self::splat(27.0).add(z));
        over.div(Self::splat(27.0).add(Self::splat(9.0).mul(z)))
    }

    /// What is read from a slice, the lanes beyond its end 0.
    #[inline(always)]
    fn load_some(x: &[f32]) -> Self {
        match x.first_chunk() {
            Some(eight) => Self::load(eight),
            None => {
                let mut eight = [0.0; LANES];
                eight[..x.len()].copy_from_slice(x);
                Self::load(&eight)
            }
        }
    }

    /// Writes as many lanes as there are places.
    #[inline(always)]
    fn store_some(self, out: &mut [f32]) {
        match out.first_chunk_mut() {
            Some(eight) => self.store(eight),
            None => {
                let mut eight = [0.0; LANES];
                self.store(&mut eight);
                out.copy_from_slice(&eight[..out.len()]);
            }
        }
    }

    /// The line `from + step · n` for the eight samples from `at` on.
    #[inline(always)]
    fn along(line: crate::Segment, at: usize) -> Self {
        const EIGHT: [f32; LANES] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        let n = Self::load(&EIGHT).add(Self::splat(at as i32 as f32));
        Self::splat(line.from).add_mul(Self::splat(line.step), n)
    }
}

/// Eight `u32`, one operation on all.
pub(crate) trait Words: Copy {
    /// Eight `f32` of the same implementation.
    type Lanes: Lanes<Words = Self>;

    /// The same in all lanes.
    fn splat(x: u32) -> Self;
    /// Reads eight.
    fn load(x: &[u32; LANES]) -> Self;
    /// Writes eight.
    fn store(self, out: &mut [u32; LANES]);
    /// `self + y`, wrapping.
    fn add(self, y: Self) -> Self;
    /// `self · y`, wrapping.
    fn mul(self, y: Self) -> Self;
    /// `self ^ y`.
    fn xor(self, y: Self) -> Self;
    /// `self >> N`.
    fn shift_right<const N: i32>(self) -> Self;
    /// `self << N`.
    fn shift_left<const N: i32>(self) -> Self;
    /// As numbers with sign, shifted right by `N` places, the sign kept.
    fn shift_signed<const N: i32>(self) -> Self;
    /// As numbers with sign.
    fn signed(self) -> Self::Lanes;

    /// `turn + step · n` for the eight samples that follow.
    #[inline(always)]
    fn along(turn: u32, step: u32) -> Self {
        const EIGHT: [u32; LANES] = [0, 1, 2, 3, 4, 5, 6, 7];
        Self::load(&EIGHT).mul(Self::splat(step)).add(Self::splat(turn))
    }

    /// Phases in 2⁻³² turns as turns, −1/2..1/2.
    #[inline(always)]
    fn turns(self) -> Self::Lanes {
        self.signed().mul(Lanes::splat(1.0 / 4_294_967_296.0))
    }
}

/// Makes a kernel of a generic function: a function of the same arguments that runs it with the [`Lanes`]
/// of the level chosen, compiled for its instructions.
macro_rules! kernel {
    ($(#[$meta:meta])* $vis:vis fn $name:ident = $generic:ident($($arg:ident: $type:ty),* $(,)?)
        $(-> $ret:ty)?;) => {
        $(#[$meta])*
        #[inline]
        $vis fn $name($($arg: $type),*) $(-> $ret)? {
            match $crate::simd::Level::chosen() {
                $crate::simd::Level::Portable => $generic::<$crate::simd::Portable>($($arg),*),
                #[cfg(target_arch = "x86_64")]
                $crate::simd::Level::Avx2(_) => {
                    $crate::simd::with_avx2!($generic($($arg: $type),*) $(-> $ret)?)
                }
            }
        }
    };
}
pub(crate) use kernel;

/// Runs a generic function in a frame compiled for AVX2.
#[cfg(target_arch = "x86_64")]
macro_rules! with_avx2 {
    ($generic:ident($($arg:ident: $type:ty),*) $(-> $ret:ty)?) => {{
        #[target_feature(enable = "avx2")]
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

/// Makes of a function of plain loops another of the same arguments that runs it compiled for the instructions
/// of the machine. It is to be `#[inline(always)]`, and so is what it calls: what is not runs without them.
///
/// Eight additions side by side round as eight one after the other, and nothing is fused: samples are the same.
#[macro_export]
macro_rules! wide {
    ($(#[$meta:meta])* $vis:vis fn $name:ident = $plain:ident($($arg:ident: $type:ty),* $(,)?)
        $(-> $ret:ty)?;) => {
        $(#[$meta])*
        $vis fn $name($($arg: $type),*) $(-> $ret)? {
            match $crate::Level::chosen() {
                $crate::Level::Portable => $plain($($arg),*),
                #[cfg(target_arch = "x86_64")]
                $crate::Level::Avx2(_) => {
                    #[target_feature(enable = "avx2")]
                    fn here($($arg: $type),*) $(-> $ret)? {
                        $plain($($arg),*)
                    }
                    // SAFETY: `Level::Avx2` holds a proof that these instructions were found.
                    #[expect(unsafe_code, reason = "the instructions have been looked for")]
                    unsafe { here($($arg),*) }
                }
            }
        }
    };
}

/// Asks for memory that is needed soon; any address will do, as nothing is read.
#[inline(always)]
pub(crate) fn fetch<T>(place: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, which is there on every machine of this kind.
        #[expect(unsafe_code, reason = "a hint to the machine")]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(place.cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// Eight values from `at` on.
///
/// # Panics
///
/// If there are fewer.
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
    #[inline(always)]
    fn all_operations<V: Lanes>(x: &[f32; LANES], y: &[f32; LANES], w: &[u32; LANES]) -> Vec<u32> {
        let (a, b) = (V::load(x), V::load(y));
        let small = a.clamp(-300.0, 300.0);
        let mut results = vec![
            a.add(b),
            a.sub(b),
            a.mul(b),
            a.div(b),
            a.max(b),
            a.min(b),
            a.abs(),
            a.where_not_below(b, x[1]),
            a.add_mul(b, a),
            small.mul(V::splat(0.001)).sin_turns(),
            small.mul(V::splat(0.001)).fine_sin_turns(),
            a.saturate(),
            V::splat(x[3]),
            V::load_some(&x[..5]),
            V::along(crate::Segment { from: x[0], step: y[1] }, 24),
        ];
        let (even, odd) = a.split_pairs(b);
        let (first, second) = even.join_pairs(odd);
        results.extend([even, odd, first, second]);
        let (first, second) = a.join_halves(b);
        results.extend([first, second]);
        results.push(V::sums([a, b, a.add(b), a.sub(b), b, a, a.mul(b), a]));
        results.extend(V::transpose([a, b, a.add(b), a.sub(b), b, a, a.mul(b), a]));
        let words = V::Words::load(w);
        let shifted = [
            words.shift_right::<16>(),
            words.shift_left::<16>(),
            words.shift_signed::<16>(),
            words.mul(V::Words::splat(w[0])),
            words.add(words),
            words.xor(words.shift_right::<5>()),
            V::Words::along(w[1], w[2]),
        ];
        results.extend(shifted.map(Words::signed));
        results.extend(shifted.map(Words::turns));
        let mut bits: Vec<u32> = Vec::new();
        for lanes in results {
            let mut out = [0.0; LANES];
            lanes.store(&mut out);
            bits.extend(out.map(f32::to_bits));
        }
        for words in shifted {
            let mut out = [0; LANES];
            words.store(&mut out);
            bits.extend(out);
        }
        let mut whole = [0; LANES];
        small.mul(V::splat(200.0)).store_i16(&mut whole);
        bits.extend(whole.map(|x| x as u32));
        let mut out = [0.0; LANES];
        V::load_i16(&whole).store(&mut out);
        bits.extend(out.map(f32::to_bits));
        bits
    }

    kernel! {
        fn operations = all_operations(x: &[f32; LANES], y: &[f32; LANES], w: &[u32; LANES])
            -> Vec<u32>;
    }

    #[test]
    fn every_operation_gives_the_same_bits_with_all_instructions() {
        let mut seed = 1_u32;
        let mut word = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed
        };
        for _ in 0..10_000 {
            let mut number = || {
                let magnitude =
                    f32::from_bits((word() >> 9 & 0x7F_FFFF) | (100 + (word() >> 3 & 31)) << 23);
                if word() & 1 << 20 == 0 { magnitude } else { -magnitude }
            };
            let (x, y) = (std::array::from_fn(|_| number()), std::array::from_fn(|_| number()));
            let w = std::array::from_fn(|_| word());
            let best = operations(&x, &y, &w);
            assert_eq!(best, all_operations::<Portable>(&x, &y, &w), "{x:?} {y:?}");
        }
    }

    #[test]
    fn lanes_bend_and_swing_as_single_numbers_do() {
        for n in -50..50 {
            let x = n as f32 * 0.01;
            let mut out = [0.0; LANES];
            Portable::splat(x).sin_turns().store(&mut out);
            assert_eq!(out[3], crate::math::sin_turns(x));
            Portable::splat(10.0 * x).saturate().store(&mut out);
            assert_eq!(out[3], crate::math::saturate(10.0 * x));
        }
    }
}
