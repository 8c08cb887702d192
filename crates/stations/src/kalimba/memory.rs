//! Loops that remember by one knob, four numbers to a word; and the trail a hand leaves.
//!
//! ```text
//! p = (2d − 1)²     d < 1/2: p writes a new number     d = 1/2: the loop is locked
//!                   d > 1/2: p reads another slot of the loop instead
//! ```
//!
//! The knob is that of Marbles (É. Gillet, 2018). Here a slot is named by the caller, so that a rhythm
//! may have the length of the bar, and has 8 bits, so that five loops fit into a snapshot.

use perpetuo_dsp::{Chance, State, math};

/// `WORDS` times four slots, each a number 0..=255.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory<const WORDS: usize> {
    words: [u32; WORDS],
}

/// What decides over a slot as it is passed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass<'a> {
    pub chance: &'a Chance,
    /// Two streams of draws, this one and the next.
    pub stream: u32,
    /// Never the same twice in a stream.
    pub counter: u32,
    /// 0..1, see above.
    pub deja_vu: f32,
    /// How much likelier than usual anything happens: more at the end of a phrase.
    pub urge: f32,
}

impl<const WORDS: usize> Memory<WORDS> {
    pub(super) const SLOTS: u32 = 4 * WORDS as u32;

    /// Draws every slot from `stream`, `turn` being which loop of a row it is.
    pub(super) fn new(chance: &Chance, stream: u32, turn: u32) -> Self {
        let counter = |word: usize| turn.wrapping_mul(WORDS as u32).wrapping_add(word as u32);
        Self { words: std::array::from_fn(|word| chance.word(stream, counter(word))) }
    }

    /// Reads one of the first `len` slots, as the knob has it.
    pub(super) fn pass(&mut self, slot: u32, len: u32, by: Pass<'_>) -> u32 {
        let len = len.clamp(1, Self::SLOTS);
        let slot = slot % len;
        let way = 2.0 * math::clamp(by.deja_vu, 0.0, 1.0) - 1.0;
        if !by.chance.happens(by.stream, by.counter, way * way * by.urge) {
            return self.read(slot);
        }
        let drawn = by.chance.word(by.stream + 1, by.counter);
        if way > 0.0 {
            return self.read(drawn % len);
        }
        let (word, shift) = ((slot / 4) as usize, slot % 4 * 8);
        self.words[word] = self.words[word] & !(255 << shift) | (drawn >> 24) << shift;
        self.read(slot)
    }

    /// Reads a slot, counted round and round.
    pub(super) fn read(&self, slot: u32) -> u32 {
        let slot = slot % Self::SLOTS;
        self.words[(slot / 4) as usize] >> (slot % 4 * 8) & 255
    }

    /// Writes a slot, counted round and round.
    pub(super) fn write(&mut self, slot: u32, value: u32) {
        let slot = slot % Self::SLOTS;
        let (word, shift) = ((slot / 4) as usize, slot % 4 * 8);
        self.words[word] = self.words[word] & !(255 << shift) | (value & 255) << shift;
    }

    /// Nothing but zeros.
    pub(super) fn clear(&mut self) {
        self.words = [0; WORDS];
    }
}

impl<const WORDS: usize> State for Memory<WORDS> {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.words.visit(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loops(deja_vu: f32) -> Vec<Vec<u32>> {
        let chance = Chance::new(4);
        let mut memory = Memory::<4>::new(&chance, 1, 0);
        let mut counter = 0;
        let mut pass = |slot| {
            counter += 1;
            let by = Pass { chance: &chance, stream: 2, counter, deja_vu, urge: 1.0 };
            memory.pass(slot, 12, by)
        };
        (0..500).map(|_| (0..12).map(&mut pass).collect()).collect()
    }

    #[test]
    fn at_a_half_the_loop_is_locked() {
        let loops = loops(0.5);
        assert!(loops.iter().all(|pass| *pass == loops[0]));
    }

    #[test]
    fn below_a_half_it_forgets_and_above_it_jumps() {
        for (deja_vu, expected) in [(0.0, 1.0), (0.25, 0.25), (0.4, 0.04)] {
            let loops = loops(deja_vu);
            let pairs = loops.windows(2).flat_map(|pair| pair[0].iter().zip(&pair[1]));
            let share = pairs.filter(|(old, new)| old != new).count() as f32 / 5988.0;
            assert!((share - expected).abs() < 0.03, "{deja_vu} {share}");
        }
        let locked = loops(0.5).remove(0);
        let jumping = loops(1.0);
        assert!(jumping.iter().flatten().all(|value| locked.contains(value)));
        assert!(jumping.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else_changes() {
        let mut memory = Memory::<2>::new(&Chance::new(1), 1, 7);
        let before: Vec<u32> = (0..8).map(|slot| memory.read(slot)).collect();
        memory.write(13, 77);
        for slot in 0..8 {
            assert_eq!(memory.read(slot), if slot == 5 { 77 } else { before[slot as usize] });
        }
    }
}
