//! Dust: the crackle of a record, sparse and all over the place, and its hiss.
//!
//! ```text
//! in each block at most one tick: rare if r < rate · 64 / fs, r drawn for the block
//! tick: one turn of a sine of 12–100 samples, falling in a straight line; most are small
//! ```
//!
//! All of it is drawn by the block's number, so it can be taken up anywhere.

use perpetuo_dsp::{Chance, Noise, State, math, mix};
use perpetuo_station::BLOCK_LEN;

/// The dust of one performance.
pub(super) struct Dust {
    chance: Chance,
    stream: u32,
    block: u32,
    /// What began in this block and the two before: the longest tick is shorter than two.
    ticks: [Option<Tick>; 3],
    noise: Noise,
    sample_rate: f32,
}

/// Where a tick begins, in samples of its block, and what it is like.
#[derive(Clone, Copy, Debug)]
struct Tick {
    at: i32,
    len: i32,
    gain: f32,
    place: f32,
}

impl Dust {
    /// Ticks a second at most.
    const RATE_HZ: f32 = 34.0;

    pub(super) fn new(chance: &Chance, stream: u32, sample_rate_hz: u32) -> Self {
        let noise = Noise::new(chance.word(stream, u32::MAX));
        Self {
            chance: *chance,
            stream,
            block: 0,
            ticks: [None; 3],
            noise,
            sample_rate: sample_rate_hz as f32,
        }
    }

    /// Writes one block of hiss, white and at full scale, of two sides.
    pub(super) fn render_hiss(&mut self, [left, right]: [&mut [f32]; 2]) {
        self.noise.render_pair(left, right);
    }

    /// Lets one block of hiss pass unheard.
    pub(super) fn skip_hiss(&mut self) {
        self.noise.skip(BLOCK_LEN);
    }

    /// Adds one block of crackle; `amount` 0..1.
    pub(super) fn render_crackle(&mut self, out: &mut [&mut [f32]; 2], amount: f32) {
        self.ticks = [self.tick(self.block, amount), self.ticks[0], self.ticks[1]];
        self.block = self.block.wrapping_add(1);
        for (ago, tick) in self.ticks.iter().enumerate() {
            if let Some(tick) = tick {
                tick.render(out, tick.at - (ago * BLOCK_LEN) as i32);
            }
        }
    }

    /// Lets blocks pass unheard.
    pub(super) fn skip(&mut self, blocks: u32) {
        self.block = self.block.wrapping_add(blocks);
        self.noise.skip((blocks as usize).wrapping_mul(BLOCK_LEN));
    }

    fn tick(&self, block: u32, amount: f32) -> Option<Tick> {
        let rarity = self.chance.unit(self.stream, block);
        let rate = Self::RATE_HZ * amount * BLOCK_LEN as f32 / self.sample_rate;
        if rarity >= rate {
            return None;
        }
        let draw = |of: u32| self.chance.unit(self.stream + of, block);
        let size = draw(1);
        let size = size * size * size;
        Some(Tick {
            at: (draw(2) * BLOCK_LEN as f32) as i32,
            len: 12 + (draw(3) * draw(3) * 56.0 + 30.0 * size) as i32,
            gain: 0.06 + 0.5 * size * size,
            place: 1.8 * draw(4) - 0.9,
        })
    }
}

impl Tick {
    fn render(&self, out: &mut [&mut [f32]; 2], at: i32) {
        let gains = mix::pan(self.place);
        for i in 0..self.len {
            let Some(to) = usize::try_from(at + i).ok().filter(|to| *to < BLOCK_LEN) else {
                continue;
            };
            let share = i as f32 / self.len as f32;
            let wave = math::sin_turns(0.5 - share) * (1.0 - share);
            for (channel, gain) in out.iter_mut().zip(gains) {
                channel[to] += self.gain * gain * wave;
            }
        }
    }
}

impl State for Dust {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.block.visit(word);
        self.noise.visit(word);
    }
}
