//! White noise: a hash of the sample counter, so that it can be taken up anywhere.
//!
//! ```text
//! h = counter ^ key;  h ^= h >> 16, h *= m₁;  h ^= h >> 15, h *= m₂;  h ^= h >> 16;  y = h / 2^31
//! ```
//!
//! Source: C. Wellons, *Prospecting for Hash Functions*, 2018 (the constants).

use crate::{
    State,
    simd::{LANES, Lanes, Words, kernel},
};

/// White noise, even between -1 and 1: -4.8 dBFS RMS.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    key: u32,
    counter: u32,
}

impl Noise {
    /// Noise of its own for every `key`.
    pub fn new(key: u32) -> Self {
        Self { key, counter: 0 }
    }

    /// Back to the first sample.
    pub fn reset(&mut self) {
        self.counter = 0;
    }

    /// Lets `len` samples pass unheard.
    pub fn skip(&mut self, len: usize) {
        self.counter = self.counter.wrapping_add(len as u32);
    }

    /// Writes two noises that have nothing in common, of 16 bits each, at the cost of one; both slices of
    /// one length.
    pub fn render_pair(&mut self, left: &mut [f32], right: &mut [f32]) {
        write_pair(left, right, self.key, self.counter);
        self.skip(left.len());
    }

    /// Writes noise.
    pub fn render(&mut self, out: &mut [f32]) {
        write(out, self.key, self.counter);
        self.skip(out.len());
    }
}

kernel! {
    fn write = write_generic(out: &mut [f32], key: u32, counter: u32);
}

kernel! {
    fn write_pair = write_pair_generic(left: &mut [f32], right: &mut [f32], key: u32, counter: u32);
}

#[inline(always)]
fn write_generic<V: Lanes>(out: &mut [f32], key: u32, counter: u32) {
    let mut counters = V::Words::along(counter, 1);
    for out in out.chunks_mut(LANES) {
        let h = hash(counters.xor(V::Words::splat(key)));
        h.signed().mul(V::splat(1.0 / 2_147_483_648.0)).store_some(out);
        counters = counters.add(V::Words::splat(LANES as u32));
    }
}

#[inline(always)]
fn write_pair_generic<V: Lanes>(left: &mut [f32], right: &mut [f32], key: u32, counter: u32) {
    let mut counters = V::Words::along(counter, 1);
    let scale = V::splat(1.0 / 32_768.0);
    for (left, right) in left.chunks_mut(LANES).zip(right.chunks_mut(LANES)) {
        let h = hash(counters.xor(V::Words::splat(key)));
        h.shift_signed::<16>().signed().mul(scale).store_some(left);
        h.shift_left::<16>().shift_signed::<16>().signed().mul(scale).store_some(right);
        counters = counters.add(V::Words::splat(LANES as u32));
    }
}

#[inline(always)]
fn hash<W: Words>(h: W) -> W {
    let h = h.xor(h.shift_right::<16>()).mul(W::splat(0x7feb_352d));
    let h = h.xor(h.shift_right::<15>()).mul(W::splat(0x846c_a68b));
    h.xor(h.shift_right::<16>())
}

impl State for Noise {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.counter.visit(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_white_and_without_dc() {
        let mut out = vec![0.0; 100_000];
        Noise::new(5).render(&mut out);
        let mean = out.iter().sum::<f32>() / 1e5;
        let power = out.iter().map(|x| x * x).sum::<f32>() / 1e5;
        let next = out.windows(2).map(|x| x[0] * x[1]).sum::<f32>() / 1e5;
        assert!(mean.abs() < 0.01 && (power - 1.0 / 3.0).abs() < 0.01 && next.abs() < 0.01);
    }
}
