//! Four numbers side by side, so that four voices cost little more than one.

use std::ops::{Add, Mul, Sub};

/// Four numbers; every operation acts on each by itself. Plain arrays: the compiler finds the vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lanes(pub [f32; 4]);

impl Lanes {
    /// The same number four times.
    #[inline(always)]
    pub fn splat(value: f32) -> Self {
        Self([value; 4])
    }

    /// The sum of the four, in the order `(0 + 2) + (1 + 3)`, which is part of the definition.
    #[inline(always)]
    pub fn sum(self) -> f32 {
        (self.0[0] + self.0[2]) + (self.0[1] + self.0[3])
    }

    /// Each number without its sign.
    #[inline(always)]
    pub fn size(self) -> Self {
        let [a, b, c, d] = self.0.map(f32::to_bits);
        let mask = 0x7fff_ffff_u32;
        Self([a & mask, b & mask, c & mask, d & mask].map(f32::from_bits))
    }

    /// Each number, or 0 where it is negative.
    #[inline(always)]
    pub fn positive(self) -> Self {
        let positive = |x: f32| if x > 0.0 { x } else { 0.0 };
        let [a, b, c, d] = self.0;
        Self([positive(a), positive(b), positive(c), positive(d)])
    }
}

impl Add for Lanes {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        Self([a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]])
    }
}

impl Sub for Lanes {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        Self([a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3]])
    }
}

impl Mul for Lanes {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        Self([a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]])
    }
}
