//! How a line of one channel gets its width: what it was a while ago, to the left and, turned over, to the
//! right. Both together are the line alone.
//!
//! ```text
//! y[n] = x[n−d] − x[n−d−t]      d some 9 ms, whole blocks of it; t 0.4 ms: 100 Hz is 12 dB down, 55 Hz 17 dB
//! ```

use perpetuo_station::BLOCK_LEN;

/// A line's past, thinned.
pub(super) struct Width {
    blocks: [[f32; BLOCK_LEN]; Self::LONGEST],
    /// Which of them is written next.
    at: usize,
    /// How far back it is read, in blocks.
    apart: usize,
    /// The end of the latest block, as it came in.
    past: [f32; Self::PAST_LEN],
    thin: usize,
}

impl Width {
    const SECONDS: f32 = 0.009;
    const THIN_SECONDS: f32 = 0.000_4;
    const LONGEST: usize = 8;
    const PAST_LEN: usize = 32;

    pub(super) fn new(sample_rate_hz: u32) -> Self {
        let rate = sample_rate_hz as f32;
        let apart = (Self::SECONDS * rate / BLOCK_LEN as f32 + 0.5) as usize;
        Self {
            blocks: [[0.0; BLOCK_LEN]; Self::LONGEST],
            at: 0,
            apart: apart.clamp(1, Self::LONGEST - 1),
            past: [0.0; Self::PAST_LEN],
            thin: ((Self::THIN_SECONDS * rate) as usize).min(Self::PAST_LEN),
        }
    }

    /// Takes a block of the line, and gives what goes to the sides.
    pub(super) fn spread(&mut self, line: &[f32; BLOCK_LEN]) -> &[f32; BLOCK_LEN] {
        let (out, thin) = (&mut self.blocks[self.at], self.thin);
        let (begin, rest) = out.split_at_mut(thin);
        for ((out, now), before) in
            begin.iter_mut().zip(line).zip(&self.past[Self::PAST_LEN - thin..])
        {
            *out = now - before;
        }
        for ((out, now), before) in rest.iter_mut().zip(&line[thin..]).zip(line) {
            *out = now - before;
        }
        self.past.copy_from_slice(&line[BLOCK_LEN - Self::PAST_LEN..]);
        let heard = (self.at + Self::LONGEST - self.apart) % Self::LONGEST;
        self.at = (self.at + 1) % Self::LONGEST;
        &self.blocks[heard]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_comes_back_and_is_taken_away_again() {
        let mut width = Width::new(44_100);
        let mut click = [0.0; BLOCK_LEN];
        click[60] = 1.0;
        let mut heard = width.spread(&click).to_vec();
        (0..8).for_each(|_| heard.extend_from_slice(width.spread(&[0.0; BLOCK_LEN])));
        let at = |value: f32| heard.iter().position(|x| *x == value);
        assert_eq!((at(1.0), at(-1.0)), (Some(444), Some(461)));
        assert_eq!(heard.iter().filter(|x| **x != 0.0).count(), 2);
    }
}
