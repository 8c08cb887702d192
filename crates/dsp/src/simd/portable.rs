//! [`Lanes`] as plain arrays: the definition, and what runs where nothing better is.

use super::{LANES, Lanes, Words};

/// Eight `f32`.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; LANES]);

/// Eight `u32`.
#[derive(Clone, Copy)]
pub(crate) struct PortableWords([u32; LANES]);

impl Portable {
    #[inline(always)]
    fn zip(self, y: Self, of: impl Fn(f32, f32) -> f32) -> Self {
        let (x, y) = (self.0, y.0);
        Self([
            of(x[0], y[0]),
            of(x[1], y[1]),
            of(x[2], y[2]),
            of(x[3], y[3]),
            of(x[4], y[4]),
            of(x[5], y[5]),
            of(x[6], y[6]),
            of(x[7], y[7]),
        ])
    }
}

impl Lanes for Portable {
    type Words = PortableWords;

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
    fn load_i16(x: &[i16; LANES]) -> Self {
        Self(x.map(f32::from))
    }

    #[inline(always)]
    fn store_i16(self, out: &mut [i16; LANES]) {
        *out = self.0.map(|x| (x as i32).clamp(i16::MIN.into(), i16::MAX.into()) as i16);
    }

    #[inline(always)]
    fn add(self, y: Self) -> Self {
        self.zip(y, |x, y| x + y)
    }

    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        self.zip(y, |x, y| x - y)
    }

    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        self.zip(y, |x, y| x * y)
    }

    #[inline(always)]
    fn div(self, y: Self) -> Self {
        self.zip(y, |x, y| x / y)
    }

    #[inline(always)]
    fn max(self, y: Self) -> Self {
        self.zip(y, |x, y| if x > y { x } else { y })
    }

    #[inline(always)]
    fn min(self, y: Self) -> Self {
        self.zip(y, |x, y| if x < y { x } else { y })
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.map(|x| f32::from_bits(x.to_bits() & 0x7fff_ffff)))
    }

    #[inline(always)]
    fn where_not_below(self, x: Self, least: f32) -> Self {
        self.zip(x, |y, x| if x < least { 0.0 } else { y })
    }

    #[inline(always)]
    fn split_pairs(self, next: Self) -> (Self, Self) {
        let ([a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]) = (self.0, next.0);
        (Self([a, c, e, g, i, k, m, o]), Self([b, d, f, h, j, l, n, p]))
    }

    #[inline(always)]
    fn join_pairs(self, odd: Self) -> (Self, Self) {
        let ([a, c, e, g, i, k, m, o], [b, d, f, h, j, l, n, p]) = (self.0, odd.0);
        (Self([a, b, c, d, e, f, g, h]), Self([i, j, k, l, m, n, o, p]))
    }

    #[inline(always)]
    fn join_halves(self, y: Self) -> (Self, Self) {
        let ([a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]) = (self.0, y.0);
        (Self([a, b, c, d, i, j, k, l]), Self([e, f, g, h, m, n, o, p]))
    }

    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        std::array::from_fn(|column| Self(std::array::from_fn(|row| rows[row].0[column])))
    }

    #[inline(always)]
    fn sums(rows: [Self; LANES]) -> Self {
        let sum =
            |[a, b, c, d, e, f, g, h]: [f32; LANES]| ((a + b) + (c + d)) + ((e + f) + (g + h));
        Self(rows.map(|row| sum(row.0)))
    }
}

impl Words for PortableWords {
    type Lanes = Portable;

    #[inline(always)]
    fn splat(x: u32) -> Self {
        Self([x; LANES])
    }

    #[inline(always)]
    fn load(x: &[u32; LANES]) -> Self {
        Self(*x)
    }

    #[inline(always)]
    fn store(self, out: &mut [u32; LANES]) {
        *out = self.0;
    }

    #[inline(always)]
    fn add(self, y: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane].wrapping_add(y.0[lane])))
    }

    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane].wrapping_mul(y.0[lane])))
    }

    #[inline(always)]
    fn xor(self, y: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] ^ y.0[lane]))
    }

    #[inline(always)]
    fn shift_right<const N: i32>(self) -> Self {
        Self(self.0.map(|x| x >> N))
    }

    #[inline(always)]
    fn shift_left<const N: i32>(self) -> Self {
        Self(self.0.map(|x| x << N))
    }

    #[inline(always)]
    fn shift_signed<const N: i32>(self) -> Self {
        Self(self.0.map(|x| (x as i32 >> N) as u32))
    }

    #[inline(always)]
    fn signed(self) -> Portable {
        Portable(self.0.map(|x| x as i32 as f32))
    }
}
