//! [`Lanes`] as an array: the definition, in loops that compilers turn into whatever vectors there are.

use std::array::from_fn;

use super::{LANES, Lanes};

/// Eight `f32` in an array.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
pub(crate) struct Portable([f32; LANES]);

impl Lanes for Portable {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self([x; LANES])
    }

    #[inline(always)]
    fn load(x: &[f32; LANES]) -> Self {
        Self(*x)
    }

    #[inline(always)]
    fn store(self, out: &mut [f32; LANES]) {
        *out = self.0;
    }

    #[inline(always)]
    fn store_u16(self, out: &mut [u16; LANES]) {
        // By way of i32, for which every machine has an instruction.
        *out = from_fn(|n| self.0[n] as i32 as u16);
    }

    #[inline(always)]
    fn pair(lines: &[u16; 2 * LANES], out: &mut [u8; LANES]) {
        *out = from_fn(|n| (lines[2 * n].min(15) << 4 | lines[2 * n + 1].min(15)) as u8);
    }

    #[inline(always)]
    fn add(self, y: Self) -> Self {
        Self(from_fn(|n| self.0[n] + y.0[n]))
    }

    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        Self(from_fn(|n| self.0[n] - y.0[n]))
    }

    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        Self(from_fn(|n| self.0[n] * y.0[n]))
    }

    #[inline(always)]
    fn div(self, y: Self) -> Self {
        Self(from_fn(|n| self.0[n] / y.0[n]))
    }

    #[inline(always)]
    fn max(self, y: Self) -> Self {
        Self(from_fn(|n| if self.0[n] > y.0[n] { self.0[n] } else { y.0[n] }))
    }

    #[inline(always)]
    fn min(self, y: Self) -> Self {
        Self(from_fn(|n| if self.0[n] < y.0[n] { self.0[n] } else { y.0[n] }))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.map(f32::abs))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.map(f32::sqrt))
    }

    #[inline(always)]
    fn reverse(self) -> Self {
        Self(from_fn(|n| self.0[LANES - 1 - n]))
    }

    #[inline(always)]
    fn trunc(self) -> Self {
        Self(self.0.map(|x| x as i32 as f32))
    }

    #[inline(always)]
    fn finite(self) -> Self {
        Self(self.0.map(|x| if x.is_finite() { x } else { 0.0 }))
    }

    #[inline(always)]
    fn keep_first(self, len: usize) -> Self {
        Self(from_fn(|n| if n < len { self.0[n] } else { 0.0 }))
    }

    #[inline(always)]
    fn split(self) -> (Self, Self) {
        const MANTISSA: u32 = (1 << 23) - 1;
        let exponent = self.0.map(|x| ((x.to_bits() >> 23) as i32 - 127) as f32);
        let mantissa = self.0.map(|x| f32::from_bits(x.to_bits() & MANTISSA | 127 << 23));
        (Self(exponent), Self(mantissa))
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        Self(self.0.map(|x| f32::from_bits(((x as i32 + 127) as u32) << 23)))
    }

    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        from_fn(|column| Self(from_fn(|row| rows[row].0[column])))
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let x = self.0;
        let fours: [f32; 4] = from_fn(|n| x[n] + x[n + 4]);
        (fours[0] + fours[2]) + (fours[1] + fours[3])
    }

    #[inline(always)]
    fn greatest(self) -> f32 {
        let x = self.0;
        let max = |a: f32, b: f32| if a > b { a } else { b };
        let fours: [f32; 4] = from_fn(|n| max(x[n], x[n + 4]));
        max(max(fours[0], fours[2]), max(fours[1], fours[3]))
    }
}
