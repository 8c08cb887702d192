//! What a snapshot needs of a part: one walk over its words, for saving and for loading alike.

/// A part whose sound can go on elsewhere.
///
/// `visit` hands every persistent word to `word` once, in a fixed order, and takes back what it finds
/// there. Saving leaves the words as they are; loading replaces them. Words from a damaged snapshot
/// are brought into range, so that nothing that was visited can panic or sound without end. Delay
/// memory is not visited.
pub trait State {
    /// Hands every persistent word to `word`, in a fixed order.
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32));
}

impl State for u32 {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        word(self);
    }
}

impl State for u64 {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        let (mut low, mut high) = (*self as u32, (*self >> 32) as u32);
        word(&mut low);
        word(&mut high);
        *self = u64::from(high) << 32 | u64::from(low);
    }
}

impl State for i32 {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        let mut bits = *self as u32;
        word(&mut bits);
        *self = bits as i32;
    }
}

impl State for bool {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        let mut bits = u32::from(*self);
        word(&mut bits);
        *self = bits != 0;
    }
}

/// What is not finite or beyond ±2^20 becomes 0: no part holds such a number.
impl State for f32 {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        let mut bits = self.to_bits();
        word(&mut bits);
        let value = Self::from_bits(bits);
        let is_sound = value > -1_048_576.0 && value < 1_048_576.0;
        *self = if is_sound { value } else { 0.0 };
    }
}

impl<T: State, const N: usize> State for [T; N] {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for part in self {
            part.visit(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_walk_saves_and_the_same_walk_loads() {
        let mut saved = Vec::new();
        let mut from = (7_u64 << 40 | 3, -5_i32, true, [0.25_f32, -0.0]);
        let (a, b, c, d) = &mut from;
        for part in [a as &mut dyn State, b, c, d] {
            part.visit(&mut |word| saved.push(*word));
        }
        let mut to = (0_u64, 0_i32, false, [0.0_f32; 2]);
        let mut words = saved.into_iter();
        let (a, b, c, d) = &mut to;
        for part in [a as &mut dyn State, b, c, d] {
            part.visit(&mut |word| *word = words.next().unwrap());
        }
        assert_eq!(from, to);
    }

    #[test]
    fn what_is_not_finite_is_loaded_as_zero() {
        for damaged in [f32::NAN, f32::INFINITY, -1e30] {
            let mut value = 1.0_f32;
            value.visit(&mut |word| *word = damaged.to_bits());
            assert_eq!(value, 0.0);
        }
    }
}
