//! [`Lanes`] in AVX2. Judged by [`super::Portable`], bit for bit.

#![expect(unsafe_code, reason = "instructions of one machine")]

use core::arch::x86_64::*;

use super::{LANES, Lanes, Words};

/// Eight `f32` in a register.
///
/// Its methods may run only where AVX2 is: nothing but [`super::with_avx2`] names this type, so they are
/// called from kernels that ask for a proof first, and inlined there.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256);

/// Eight `u32` in a register; used where [`Avx2`] is.
#[derive(Clone, Copy)]
pub(crate) struct Avx2Words(__m256i);

/// Calls an intrinsic that needs nothing but AVX2.
macro_rules! avx2 {
    ($call:expr) => {
        // SAFETY: an `Avx2` is made and used only inside kernels that run where AVX2 was found.
        unsafe { $call }
    };
}

impl Lanes for Avx2 {
    type Words = Avx2Words;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self(avx2!(_mm256_set1_ps(x)))
    }

    #[inline(always)]
    fn load(x: &[f32; LANES]) -> Self {
        // SAFETY: as above, and eight values are there to be read, at any alignment.
        Self(unsafe { _mm256_loadu_ps(x.as_ptr()) })
    }

    #[inline(always)]
    fn store(self, out: &mut [f32; LANES]) {
        // SAFETY: as above, and there is room for eight values, at any alignment.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn load_i16(x: &[i16; LANES]) -> Self {
        // SAFETY: as above, and eight values of 16 bits are there to be read, at any alignment.
        let words = unsafe { _mm_loadu_si128(x.as_ptr().cast()) };
        Self(avx2!(_mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(words))))
    }

    #[inline(always)]
    fn store_i16(self, out: &mut [i16; LANES]) {
        let whole = avx2!(_mm256_cvttps_epi32(self.0));
        let high = avx2!(_mm256_extracti128_si256(whole, 1));
        let packed = avx2!(_mm_packs_epi32(_mm256_castsi256_si128(whole), high));
        // SAFETY: as above, and there is room for eight values of 16 bits, at any alignment.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), packed) }
    }

    #[inline(always)]
    fn add(self, y: Self) -> Self {
        Self(avx2!(_mm256_add_ps(self.0, y.0)))
    }

    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        Self(avx2!(_mm256_sub_ps(self.0, y.0)))
    }

    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        Self(avx2!(_mm256_mul_ps(self.0, y.0)))
    }

    #[inline(always)]
    fn div(self, y: Self) -> Self {
        Self(avx2!(_mm256_div_ps(self.0, y.0)))
    }

    #[inline(always)]
    fn max(self, y: Self) -> Self {
        Self(avx2!(_mm256_max_ps(self.0, y.0)))
    }

    #[inline(always)]
    fn min(self, y: Self) -> Self {
        Self(avx2!(_mm256_min_ps(self.0, y.0)))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        let sign = avx2!(_mm256_set1_ps(-0.0));
        Self(avx2!(_mm256_andnot_ps(sign, self.0)))
    }

    #[inline(always)]
    fn where_not_below(self, x: Self, least: f32) -> Self {
        let least = avx2!(_mm256_set1_ps(least));
        Self(avx2!(_mm256_and_ps(self.0, _mm256_cmp_ps::<_CMP_NLT_UQ>(x.0, least))))
    }

    #[inline(always)]
    fn split_pairs(self, next: Self) -> (Self, Self) {
        let even = avx2!(_mm256_shuffle_ps(self.0, next.0, 0b1000_1000));
        let odd = avx2!(_mm256_shuffle_ps(self.0, next.0, 0b1101_1101));
        (Self(fours_in_order(even)), Self(fours_in_order(odd)))
    }

    #[inline(always)]
    fn join_pairs(self, odd: Self) -> (Self, Self) {
        let low = avx2!(_mm256_unpacklo_ps(self.0, odd.0));
        let high = avx2!(_mm256_unpackhi_ps(self.0, odd.0));
        let first = avx2!(_mm256_permute2f128_ps(low, high, 0x20));
        let second = avx2!(_mm256_permute2f128_ps(low, high, 0x31));
        (Self(first), Self(second))
    }

    #[inline(always)]
    fn join_halves(self, y: Self) -> (Self, Self) {
        let first = avx2!(_mm256_permute2f128_ps(self.0, y.0, 0x20));
        let second = avx2!(_mm256_permute2f128_ps(self.0, y.0, 0x31));
        (Self(first), Self(second))
    }

    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        let [Self(a), Self(b), Self(c), Self(d), Self(e), Self(f), Self(g), Self(h)] = rows;
        let pairs = avx2!([
            _mm256_unpacklo_ps(a, b),
            _mm256_unpackhi_ps(a, b),
            _mm256_unpacklo_ps(c, d),
            _mm256_unpackhi_ps(c, d),
            _mm256_unpacklo_ps(e, f),
            _mm256_unpackhi_ps(e, f),
            _mm256_unpacklo_ps(g, h),
            _mm256_unpackhi_ps(g, h),
        ]);
        let fours = avx2!([
            _mm256_shuffle_ps(pairs[0], pairs[2], 0b0100_0100),
            _mm256_shuffle_ps(pairs[0], pairs[2], 0b1110_1110),
            _mm256_shuffle_ps(pairs[1], pairs[3], 0b0100_0100),
            _mm256_shuffle_ps(pairs[1], pairs[3], 0b1110_1110),
            _mm256_shuffle_ps(pairs[4], pairs[6], 0b0100_0100),
            _mm256_shuffle_ps(pairs[4], pairs[6], 0b1110_1110),
            _mm256_shuffle_ps(pairs[5], pairs[7], 0b0100_0100),
            _mm256_shuffle_ps(pairs[5], pairs[7], 0b1110_1110),
        ]);
        [
            Self(avx2!(_mm256_permute2f128_ps(fours[0], fours[4], 0x20))),
            Self(avx2!(_mm256_permute2f128_ps(fours[1], fours[5], 0x20))),
            Self(avx2!(_mm256_permute2f128_ps(fours[2], fours[6], 0x20))),
            Self(avx2!(_mm256_permute2f128_ps(fours[3], fours[7], 0x20))),
            Self(avx2!(_mm256_permute2f128_ps(fours[0], fours[4], 0x31))),
            Self(avx2!(_mm256_permute2f128_ps(fours[1], fours[5], 0x31))),
            Self(avx2!(_mm256_permute2f128_ps(fours[2], fours[6], 0x31))),
            Self(avx2!(_mm256_permute2f128_ps(fours[3], fours[7], 0x31))),
        ]
    }

    #[inline(always)]
    fn sums([a, b, c, d, e, f, g, h]: [Self; LANES]) -> Self {
        let fours = avx2!([
            _mm256_hadd_ps(_mm256_hadd_ps(a.0, b.0), _mm256_hadd_ps(c.0, d.0)),
            _mm256_hadd_ps(_mm256_hadd_ps(e.0, f.0), _mm256_hadd_ps(g.0, h.0)),
        ]);
        let low = avx2!(_mm256_permute2f128_ps(fours[0], fours[1], 0x20));
        let high = avx2!(_mm256_permute2f128_ps(fours[0], fours[1], 0x31));
        Self(avx2!(_mm256_add_ps(low, high)))
    }
}

/// Two pairs of each half, a b | c d of four pairs, as a c b d.
#[inline(always)]
fn fours_in_order(x: __m256) -> __m256 {
    let x = avx2!(_mm256_castps_pd(x));
    avx2!(_mm256_castpd_ps(_mm256_permute4x64_pd(x, 0b1101_1000)))
}

impl Words for Avx2Words {
    type Lanes = Avx2;

    #[inline(always)]
    fn splat(x: u32) -> Self {
        Self(avx2!(_mm256_set1_epi32(x as i32)))
    }

    #[inline(always)]
    fn load(x: &[u32; LANES]) -> Self {
        // SAFETY: as above, and eight values are there to be read, at any alignment.
        Self(unsafe { _mm256_loadu_si256(x.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self, out: &mut [u32; LANES]) {
        // SAFETY: as above, and there is room for eight values, at any alignment.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn add(self, y: Self) -> Self {
        Self(avx2!(_mm256_add_epi32(self.0, y.0)))
    }

    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        Self(avx2!(_mm256_mullo_epi32(self.0, y.0)))
    }

    #[inline(always)]
    fn xor(self, y: Self) -> Self {
        Self(avx2!(_mm256_xor_si256(self.0, y.0)))
    }

    #[inline(always)]
    fn shift_right<const N: i32>(self) -> Self {
        Self(avx2!(_mm256_srli_epi32(self.0, N)))
    }

    #[inline(always)]
    fn shift_left<const N: i32>(self) -> Self {
        Self(avx2!(_mm256_slli_epi32(self.0, N)))
    }

    #[inline(always)]
    fn shift_signed<const N: i32>(self) -> Self {
        Self(avx2!(_mm256_srai_epi32(self.0, N)))
    }

    #[inline(always)]
    fn signed(self) -> Avx2 {
        Avx2(avx2!(_mm256_cvtepi32_ps(self.0)))
    }
}
