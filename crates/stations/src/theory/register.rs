//! A loop of random numbers that remembers, and forgets a little at every pass.
//!
//! Source of the idea: the *déjà vu* of Mutable Instruments' Marbles (É. Gillet, 2018).

use perpetuo_dsp::{Chance, State};

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
        (self.slots[slot as usize % N] >> 8) as f32 * (1.0 / 16_777_216.0)
    }
}

impl<const N: usize> State for Register<N> {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.slots.visit(word);
        self.passes.visit(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
