//! What the layers are rendered into before they are mixed, and the sines that wait to be.
//!
//! ```text
//! tones, strings ── sines ─► waiting ─┐ all at once
//! tones ── reed ─► throat ────────────┴─► left, right, middle
//! ```

use std::ops::Range;

use perpetuo_dsp::{Segment, Sine, add_sines};
use perpetuo_station::BLOCK_LEN;

/// Sums of the block that is rendered.
pub(super) struct Layers {
    /// Left, right and middle: written by the throat, added to by [`Self::settle`].
    pub sums: [[f32; BLOCK_LEN]; 3],
    /// Left and right: the run that is rendered, from one sample before it on.
    pub reed: [[f32; BLOCK_LEN + 1]; 2],
    /// The reed's level along the run.
    pub reed_level: Segment,
    /// Sines that are yet to be rendered, into each of the sums: many at once cost least.
    waiting: [[Sine; Self::MANY]; 3],
    counts: [usize; 3],
}

/// Places among [`Layers::sums`].
pub(super) const SIDES: [usize; 2] = [0, 1];
pub(super) const MIDDLE: usize = 2;

impl Layers {
    /// More than ever wait: 14 voices and 4 harmonics each of 6 strings and of what they played before.
    const MANY: usize = 64;

    /// Nothing.
    pub(super) fn silent() -> Self {
        Self {
            sums: [[0.0; BLOCK_LEN]; 3],
            reed: [[0.0; BLOCK_LEN + 1]; 2],
            reed_level: Segment::flat(0.0),
            waiting: [[Sine::default(); Self::MANY]; 3],
            counts: [0; 3],
        }
    }

    /// Lets a sine wait that belongs into one of the sums.
    pub(super) fn sing(&mut self, place: usize, sine: Sine) {
        if let Some(waiting) = self.waiting[place].get_mut(self.counts[place]) {
            *waiting = sine;
            self.counts[place] += 1;
        }
    }

    /// Adds all sines that wait, along the samples `run` of the block.
    pub(super) fn settle(&mut self, run: Range<usize>) {
        for place in 0..3 {
            let sines = &self.waiting[place][..self.counts[place].min(Self::MANY)];
            add_sines(&mut self.sums[place][run.clone()], sines);
            self.counts[place] = 0;
        }
    }
}
