//! Where every station's mix ends: on the mean, at one loudness, below full scale, as loud as asked for.
//!
//! ```text
//! mix ─► DC blocker ─► leveler ─► limiter ─► level ─► out
//! ```

use perpetuo_dsp::{DcBlocker, Leveler, Limiter, Segment, State, mix};

use crate::{knob::Knob, performer::Block};

/// The end of one station's chain.
pub(crate) struct Master {
    dc: [DcBlocker; 2],
    leveler: Leveler,
    limiter: Limiter,
    level: Knob,
}

impl Master {
    /// Blocks what is below `dc_hz` and keeps to the loudness of `leveler`; `level` is 0..1.
    pub(crate) fn new(dc_hz: f32, leveler: Leveler, level: f32, sample_rate_hz: u32) -> Self {
        Self {
            dc: [DcBlocker::new(dc_hz / sample_rate_hz as f32); 2],
            leveler,
            limiter: Limiter::new(sample_rate_hz),
            level: Knob::new(level),
        }
    }

    /// Heads for a level of 0..1.
    pub(crate) fn set_level(&mut self, level: f32) {
        self.level.set(level);
    }

    /// Finishes one block in place.
    pub(crate) fn process(&mut self, out: &mut Block) {
        let [left, right] = out;
        self.dc[0].process(left);
        self.dc[1].process(right);
        let gain = self.leveler.advance(left, right);
        scale(out, gain);
        let [left, right] = out;
        self.limiter.process(&mut [left, right]);
        let level = self.level.advance();
        scale(out, level);
    }
}

fn scale(out: &mut Block, gain: Segment) {
    let [left, right] = out;
    mix::scale(left, gain);
    mix::scale(right, gain);
}

impl State for Master {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.dc.visit(word);
        self.leveler.visit(word);
        self.limiter.visit(word);
        self.level.visit(word);
    }
}
