//! [`Lanes`] in AVX2. Judged by [`super::Portable`], bit for bit.

#![expect(unsafe_code, reason = "instructions of one machine")]

use core::arch::x86_64::*;

use super::{LANES, Lanes};

/// Eight `f32` in a register.
///
/// Its methods may run only where AVX2 is: nothing but [`super::with_avx2`] names this type, so they are
/// called from kernels that ask for a proof first, and inlined there.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256);

/// Calls an intrinsic that needs nothing but AVX2.
macro_rules! avx2 {
    ($call:expr) => {
        // SAFETY: an `Avx2` is made and used only inside kernels that run where AVX2 was found.
        unsafe { $call }
    };
}

impl Lanes for Avx2 {
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
    fn store_u16(self, out: &mut [u16; LANES]) {
        let whole = avx2!(_mm256_cvttps_epi32(self.0));
        let packed = avx2!(_mm256_packus_epi32(whole, whole));
        let packed = avx2!(_mm256_permute4x64_epi64(packed, 0b1000));
        let packed = avx2!(_mm256_castsi256_si128(packed));
        // SAFETY: as above, and there is room for eight values of 16 bits, at any alignment.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), packed) }
    }

    #[inline(always)]
    fn pair(lines: &[u16; 2 * LANES], out: &mut [u8; LANES]) {
        // SAFETY: as above, and sixteen values of 16 bits are there to be read, at any alignment.
        let lines = unsafe { _mm256_loadu_si256(lines.as_ptr().cast()) };
        let lines = avx2!(_mm256_min_epu16(lines, _mm256_set1_epi16(15)));
        // 16 for the lower half of each 32 bits, 1 for the upper.
        let pairs = avx2!(_mm256_madd_epi16(lines, _mm256_set1_epi32(1 << 16 | 16)));
        let packed = avx2!(_mm256_packus_epi32(pairs, pairs));
        let packed = avx2!(_mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0b1000)));
        let packed = avx2!(_mm_packus_epi16(packed, packed));
        // SAFETY: as above, and there is room for eight bytes, at any alignment.
        unsafe { _mm_storel_epi64(out.as_mut_ptr().cast(), packed) }
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
    fn sqrt(self) -> Self {
        Self(avx2!(_mm256_sqrt_ps(self.0)))
    }

    #[inline(always)]
    fn reverse(self) -> Self {
        let order = avx2!(_mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0));
        Self(avx2!(_mm256_permutevar8x32_ps(self.0, order)))
    }

    #[inline(always)]
    fn trunc(self) -> Self {
        Self(avx2!(_mm256_cvtepi32_ps(_mm256_cvttps_epi32(self.0))))
    }

    #[inline(always)]
    fn finite(self) -> Self {
        let zero = avx2!(_mm256_sub_ps(self.0, self.0));
        let mask = avx2!(_mm256_cmp_ps(zero, zero, _CMP_ORD_Q));
        Self(avx2!(_mm256_and_ps(mask, self.0)))
    }

    #[inline(always)]
    fn keep_first(self, len: usize) -> Self {
        let lane = avx2!(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
        let len = avx2!(_mm256_set1_epi32(len.min(LANES) as i32));
        let mask = avx2!(_mm256_castsi256_ps(_mm256_cmpgt_epi32(len, lane)));
        Self(avx2!(_mm256_and_ps(mask, self.0)))
    }

    #[inline(always)]
    fn split(self) -> (Self, Self) {
        let bits = avx2!(_mm256_castps_si256(self.0));
        let bias = avx2!(_mm256_set1_epi32(127));
        let exponent = avx2!(_mm256_sub_epi32(_mm256_srli_epi32(bits, 23), bias));
        let mantissa = avx2!(_mm256_and_si256(bits, _mm256_set1_epi32((1 << 23) - 1)));
        let mantissa = avx2!(_mm256_or_si256(mantissa, _mm256_slli_epi32(bias, 23)));
        (Self(avx2!(_mm256_cvtepi32_ps(exponent))), Self(avx2!(_mm256_castsi256_ps(mantissa))))
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        let exponent = avx2!(_mm256_cvttps_epi32(self.0));
        let bits = avx2!(_mm256_slli_epi32(_mm256_add_epi32(exponent, _mm256_set1_epi32(127)), 23));
        Self(avx2!(_mm256_castsi256_ps(bits)))
    }

    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        let [a, b, c, d, e, f, g, h] = rows.map(|row| row.0);
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
        avx2!([
            Self(_mm256_permute2f128_ps(fours[0], fours[4], 0x20)),
            Self(_mm256_permute2f128_ps(fours[1], fours[5], 0x20)),
            Self(_mm256_permute2f128_ps(fours[2], fours[6], 0x20)),
            Self(_mm256_permute2f128_ps(fours[3], fours[7], 0x20)),
            Self(_mm256_permute2f128_ps(fours[0], fours[4], 0x31)),
            Self(_mm256_permute2f128_ps(fours[1], fours[5], 0x31)),
            Self(_mm256_permute2f128_ps(fours[2], fours[6], 0x31)),
            Self(_mm256_permute2f128_ps(fours[3], fours[7], 0x31)),
        ])
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let low = avx2!(_mm256_castps256_ps128(self.0));
        let high = avx2!(_mm256_extractf128_ps(self.0, 1));
        let fours = avx2!(_mm_add_ps(low, high));
        let twos = avx2!(_mm_add_ps(fours, _mm_movehl_ps(fours, fours)));
        avx2!(_mm_cvtss_f32(_mm_add_ss(twos, _mm_shuffle_ps(twos, twos, 1))))
    }

    #[inline(always)]
    fn greatest(self) -> f32 {
        let low = avx2!(_mm256_castps256_ps128(self.0));
        let high = avx2!(_mm256_extractf128_ps(self.0, 1));
        let fours = avx2!(_mm_max_ps(low, high));
        let twos = avx2!(_mm_max_ps(fours, _mm_movehl_ps(fours, fours)));
        avx2!(_mm_cvtss_f32(_mm_max_ss(twos, _mm_shuffle_ps(twos, twos, 1))))
    }
}
