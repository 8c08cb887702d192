//! Chance without a memory: every draw is a function of the seed, a stream of draws and a counter.
//!
//! ```text
//! word = top half of mix((key + s) ^ mix(c + s))      s = stream·φ₁, c = counter·φ₂
//! mix(z): z ^= z >> 30, z *= m₁; z ^= z >> 27, z *= m₂; z ^= z >> 31
//! ```
//!
//! So a composer can be asked for its thousandth bar without having played the others.
//!
//! Source: the finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, *Fast Splittable Pseudorandom
//! Number Generators*, 2014).

/// All the chance of one performance.
#[derive(Clone, Copy, Debug)]
pub struct Chance {
    key: u64,
}

impl Chance {
    /// Draws from `seed`; any seed is as good as another.
    pub fn new(seed: u64) -> Self {
        Self { key: mix(seed.wrapping_add(0x9E37_79B9_7F4A_7C15)) }
    }

    /// Thirty-two random bits.
    pub fn word(&self, stream: u32, counter: u32) -> u32 {
        let stream = u64::from(stream).wrapping_mul(0xD1B5_4A32_D192_ED03);
        let counter = u64::from(counter).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mix(self.key.wrapping_add(stream) ^ mix(counter.wrapping_add(stream))) >> 32) as u32
    }

    /// A number in 0..1, of 24 bits.
    pub fn unit(&self, stream: u32, counter: u32) -> f32 {
        (self.word(stream, counter) >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// A number between `low` and `high`.
    pub fn between(&self, stream: u32, counter: u32, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit(stream, counter)
    }

    /// A whole number below `count`; 0 when `count` is 0.
    pub fn below(&self, stream: u32, counter: u32, count: u32) -> u32 {
        ((u64::from(self.word(stream, counter)) * u64::from(count)) >> 32) as u32
    }

    /// Yes with `probability`: never at 0, always at 1.
    pub fn happens(&self, stream: u32, counter: u32, probability: f32) -> bool {
        self.unit(stream, counter) < probability
    }
}

fn mix(z: u64) -> u64 {
    let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_even_and_differ_by_seed_stream_and_counter() {
        let chance = Chance::new(1);
        let mean = (0..10_000).map(|i| chance.unit(3, i)).sum::<f32>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert_ne!(chance.word(3, 0), chance.word(3, 1));
        assert_ne!(chance.word(3, 0), chance.word(4, 0));
        assert_ne!(chance.word(3, 0), Chance::new(2).word(3, 0));
        assert!((0..1000).all(|i| chance.below(1, i, 7) < 7));
        assert!((0..1000).all(|i| chance.happens(1, i, 1.0) && !chance.happens(1, i, 0.0)));
    }
}
