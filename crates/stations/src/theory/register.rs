//! Loops of random numbers that remember, and what shapes a random number.
//!
//! ```text
//! Register: a slot is drawn anew with a probability of one's own     DejaVu: with p = (2d − 1)²
//! d < 1/2: p writes a new word     d = 1/2: the loop is locked     d > 1/2: p jumps within the loop
//! ```
//!
//! Source of the idea: the *déjà vu*, spread and bias of Mutable Instruments' Marbles (É. Gillet, 2018).

use perpetuo_dsp::{Chance, State, math};

/// `N` slots, each a random word; a slot is drawn anew when it is passed, with a probability.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Register<const N: usize> {
    stream: u32,
    slots: [u32; N],
    passes: u32,
}

impl<const N: usize> Register<N> {
    /// Draws every slot once, all of it from `stream`.
    pub(crate) fn new(chance: &Chance, stream: u32) -> Self {
        let slots = std::array::from_fn(|slot| chance.word(stream, u32::MAX - slot as u32));
        Self { stream, slots, passes: 0 }
    }

    /// Reads a slot, counted round and round, after drawing it anew with probability `forget`.
    pub(crate) fn pass(&mut self, chance: &Chance, slot: u32, forget: f32) -> f32 {
        let slot = slot as usize % N;
        self.passes = self.passes.wrapping_add(1);
        let [roll, value] = [0, 1].map(|i| self.passes.wrapping_mul(2).wrapping_add(i));
        if chance.happens(self.stream, roll, forget) {
            self.slots[slot] = chance.word(self.stream, value);
        }
        self.read(slot as u32)
    }

    /// Reads a slot as a number in 0..1.
    pub(crate) fn read(&self, slot: u32) -> f32 {
        unit(self.slots[slot as usize % N])
    }
}

impl<const N: usize> State for Register<N> {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.slots.visit(word);
        self.passes.visit(word);
    }
}

/// A loop of at most `4 · QUARTER` words with one knob: from ever new, over locked, to ever the same few
/// in another order.
///
/// A slot keeps eight bits, so that a snapshot keeps four in one word: it holds one of 256 random words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DejaVu<const QUARTER: usize> {
    stream: u32,
    slots: [u32; QUARTER],
    /// How many slots beyond the one that is asked for it is, since it jumped.
    shift: u32,
    passes: u32,
}

impl<const QUARTER: usize> DejaVu<QUARTER> {
    const SLOTS: u32 = 4 * QUARTER as u32;

    /// Draws every slot once, all of it from `stream`: of the many loops there the one with that number,
    /// below 32,768, which will change in ways of its own.
    pub(crate) fn new(chance: &Chance, stream: u32, number: u32) -> Self {
        let first = number.wrapping_mul(QUARTER as u32).wrapping_add(256);
        let counter = |word: usize| u32::MAX - first.wrapping_add(word as u32);
        let slots = std::array::from_fn(|word| chance.word(stream, counter(word)));
        Self { stream, slots, shift: 0, passes: number << 16 }
    }

    /// Comes to a slot of the first `len`, 1..=4·QUARTER, counted round and round, and gives its word: see
    /// [`unit()`] and [`Spread`]. After a jump those that follow are counted from where it led to.
    ///
    /// `deja_vu` is 0..1: at 0 every word is new, at 1 every one is a jump to an old one.
    pub(crate) fn pass(&mut self, chance: &Chance, slot: u32, len: u32, deja_vu: f32) -> u32 {
        let len = len.clamp(1, Self::SLOTS);
        let slot = slot % len;
        let way = 2.0 * math::clamp(deja_vu, 0.0, 1.0) - 1.0;
        self.passes = self.passes.wrapping_add(1);
        let [roll, value] = [0, 1].map(|i| self.passes.wrapping_mul(2).wrapping_add(i));
        let happens = chance.happens(self.stream, roll, way * way);
        if happens && way > 0.0 {
            self.shift = (chance.below(self.stream, value, len) + len - slot) % len;
        }
        let place = (slot + self.shift) % len;
        let (word, bit) = ((place / 4) as usize, place % 4 * 8);
        if happens && way < 0.0 {
            let new = chance.word(self.stream, value) >> 24;
            self.slots[word] = self.slots[word] & !(255 << bit) | new << bit;
        }
        chance.word(self.stream, u32::MAX - (self.slots[word] >> bit & 255))
    }
}

impl<const QUARTER: usize> State for DejaVu<QUARTER> {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.slots.visit(word);
        self.shift.visit(word);
        self.shift %= Self::SLOTS;
        self.passes.visit(word);
    }
}

/// A random word as a number in 0..1, of 24 bits.
pub(crate) fn unit(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// How random numbers spread in 0..1, and around what.
///
/// ```text
/// bell = mean of the word's four bytes     t = 1/2 + 2s (bell − 1/2)          s < 1/2
///                                          t = bell + (2s − 1)(unit − bell)   s ≥ 1/2
/// y = t / ((1/b − 2)(1 − t) + 1)
/// ```
///
/// The bend is the bias of C. Schlick, *Fast Alternatives to Perlin's Bias and Gain Functions*,
/// Graphics Gems IV, 1994: it takes 0 to 0, 1/2 to `b` and 1 to 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    /// 0 is always the bias, 0.5 a bell around it, 1 anything alike.
    pub spread: f32,
    /// Where the middle lies, 0..1; held within 0.02..=0.98.
    pub bias: f32,
}

impl Spread {
    /// Shapes a random word into a number in 0..1.
    pub(crate) fn of(&self, word: u32) -> f32 {
        let sum: u32 = word.to_le_bytes().map(u32::from).iter().sum();
        let bell = sum as f32 * (1.0 / 1020.0);
        let twice = 2.0 * math::clamp(self.spread, 0.0, 1.0);
        let t = if twice < 1.0 {
            0.5 + twice * (bell - 0.5)
        } else {
            bell + (twice - 1.0) * (unit(word) - bell)
        };
        let bias = math::clamp(self.bias, 0.02, 0.98);
        math::clamp(t / ((1.0 / bias - 2.0) * (1.0 - t) + 1.0), 0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEN: usize = 8;

    fn loops(deja_vu: f32, count: usize) -> Vec<Vec<u32>> {
        let chance = Chance::new(4);
        let mut memory = DejaVu::<4>::new(&chance, 1, 0);
        let mut pass = |slot| memory.pass(&chance, slot as u32, LEN as u32, deja_vu);
        (0..count).map(|_| (0..LEN).map(&mut pass).collect()).collect()
    }

    #[test]
    fn at_a_half_the_loop_is_locked() {
        let loops = loops(0.5, 50);
        assert!(loops.iter().all(|pass| *pass == loops[0]));
        let values = loops[0].iter().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(values.len(), LEN);
    }

    #[test]
    fn below_a_half_words_are_written_with_the_square_of_the_way() {
        for (deja_vu, expected) in [(0.0, 1.0), (0.1, 0.64), (0.25, 0.25), (0.4, 0.04)] {
            let loops = loops(deja_vu, 2_000);
            let pairs = loops.windows(2).flat_map(|pair| pair[0].iter().zip(&pair[1]));
            let share = pairs.filter(|(old, new)| old != new).count() as f32 / 15_992.0;
            assert!((share - expected).abs() < 0.02, "{deja_vu} {share}");
        }
    }

    #[test]
    fn above_a_half_old_words_come_in_another_order() {
        let locked = loops(0.5, 1).concat();
        for (deja_vu, expected) in [(0.75, 0.25), (0.9, 0.64), (1.0, 1.0)] {
            let words = loops(deja_vu, 2_000).concat();
            let place = |word: &u32| locked.iter().position(|old| old == word).unwrap();
            let places: Vec<usize> = words.iter().map(place).collect();
            let is_jump = |pair: &&[usize]| pair[1] != (pair[0] + 1) % LEN;
            let share = places.windows(2).filter(is_jump).count() as f32 / 15_999.0;
            // One jump in eight lands on the next slot.
            assert!((share - expected * 0.875).abs() < 0.02, "{deja_vu} {share}");
        }
    }

    #[test]
    fn a_loop_has_its_number_and_changes_in_its_own_ways() {
        let chance = Chance::new(4);
        let words = |number, deja_vu| -> Vec<u32> {
            let mut memory = DejaVu::<4>::new(&chance, 1, number);
            (0..48).map(|slot| memory.pass(&chance, slot, 16, deja_vu)).collect()
        };
        for deja_vu in [0.0, 0.2, 0.5, 0.9] {
            assert_eq!(words(3, deja_vu), words(3, deja_vu));
            let [one, other] = [words(3, deja_vu), words(4, deja_vu)];
            assert!(one.iter().zip(&other).filter(|(a, b)| a == b).count() < 4);
        }
    }

    #[test]
    fn a_shorter_loop_or_a_damaged_snapshot_is_no_trouble() {
        let chance = Chance::new(4);
        let mut memory = DejaVu::<4>::new(&chance, 1, 0);
        for len in [16, 3, 0, 99] {
            memory.visit(&mut |word| *word = u32::MAX);
            for slot in 0..20 {
                memory.pass(&chance, slot, len, 0.8);
                assert!(memory.shift < 16);
            }
        }
    }

    #[test]
    fn spread_goes_from_one_value_over_a_bell_to_anything() {
        let chance = Chance::new(8);
        let deviation = |spread: f32| {
            let shape = Spread { spread, bias: 0.5 };
            let square =
                |i| (shape.of(chance.word(2, i)) - 0.5) * (shape.of(chance.word(2, i)) - 0.5);
            ((0..10_000).map(square).sum::<f32>() / 10_000.0).sqrt()
        };
        assert_eq!(deviation(0.0), 0.0);
        // One over the root of 12, and half of it for the mean of four.
        assert!((deviation(0.5) - 0.1443).abs() < 0.003);
        assert!((deviation(1.0) - 0.2887).abs() < 0.005);
        assert!((deviation(0.25) - 0.0722).abs() < 0.002);
        assert!(deviation(0.75) > deviation(0.5) && deviation(0.75) < deviation(1.0));
    }

    #[test]
    fn bias_moves_the_middle_and_nothing_leaves_the_range() {
        for bias in [0.0_f32, 0.1, 0.3, 0.5, 0.8, 1.0] {
            let still = Spread { spread: 0.0, bias };
            assert!((still.of(12_345) - bias.clamp(0.02, 0.98)).abs() < 1e-6);
            for spread in [0.2, 0.5, 1.0] {
                let shape = Spread { spread, bias };
                let words = (0..2_000_u32).map(|i| Chance::new(1).word(1, i));
                let mut values: Vec<f32> = words.map(|word| shape.of(word)).collect();
                assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
                values.sort_by(f32::total_cmp);
                assert!((values[1000] - bias.clamp(0.02, 0.98)).abs() < 0.03, "{bias} {spread}");
            }
        }
        assert_eq!(Spread { spread: 1.0, bias: 0.2 }.of(0), 0.0);
        assert!(Spread { spread: 1.0, bias: 0.2 }.of(u32::MAX) > 0.999);
    }

    #[test]
    fn repeats_when_it_never_forgets_and_changes_when_it_does() {
        let chance = Chance::new(3);
        let mut register = Register::<8>::new(&chance, 1);
        let mut bar = |forget| -> Vec<f32> {
            (0..8).map(|slot| register.pass(&chance, slot, forget)).collect()
        };
        let first = bar(0.0);
        assert_eq!(bar(0.0), first);
        assert_ne!(bar(0.9), first);
    }
}
