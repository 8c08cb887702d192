//! Where every station's mix ends: see [`Finish`]; as loud as the listener asks for.

use perpetuo_dsp::{Finish, Leveler, State};

use crate::{knob::Knob, performer::Block};

/// The end of one station's chain.
pub struct Master {
    finish: Finish,
    level: Knob,
}

impl Master {
    /// Blocks what is below `dc_hz`, 4 to 40, and keeps to the loudness of `leveler`; `level` is 0..1.
    pub fn new(dc_hz: f32, leveler: Leveler, level: f32, sample_rate_hz: u32) -> Self {
        Self {
            finish: Finish::new(dc_hz / sample_rate_hz as f32, leveler, sample_rate_hz),
            level: Knob::new(level),
        }
    }

    /// Heads for a level of 0..1.
    pub fn set_level(&mut self, level: f32) {
        self.level.set(level);
    }

    /// Finishes one block in place.
    pub fn process(&mut self, out: &mut Block) {
        self.finish.process(out, self.level.advance());
    }
}

impl State for Master {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.finish.visit(word);
        self.level.visit(word);
    }
}
