//! The trail a hand leaves: its notes of the last 32 steps, four to a word.

use perpetuo_dsp::State;

/// A note of each of the last 32 steps, 0 where there was none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trail {
    words: [u32; 8],
}

impl Trail {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The note of a step, counted since the beginning.
    pub(super) fn read(&self, step: u32) -> i32 {
        let (word, bit) = place(step);
        (self.words[word] >> bit & 255) as i32
    }

    /// Keeps the note of a step, 0..=127, in place of that 32 steps before.
    pub(super) fn write(&mut self, step: u32, note: i32) {
        let (word, bit) = place(step);
        self.words[word] = self.words[word] & !(255 << bit) | (note as u32 & 127) << bit;
    }
}

/// A step's word, and the first of its bits there.
fn place(step: u32) -> (usize, u32) {
    ((step / 4 % 8) as usize, step % 4 * 8)
}

impl State for Trail {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.words.visit(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else_changes() {
        let mut trail = Trail::new();
        (0..32).for_each(|step| trail.write(step, 40 + step as i32));
        trail.write(45, 77);
        for step in 0..32 {
            assert_eq!(trail.read(step), if step == 13 { 77 } else { 40 + step as i32 });
        }
    }
}
