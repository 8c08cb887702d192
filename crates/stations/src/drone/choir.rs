//! Who sings what: slots that enter, stay for a while and leave, never gliding, never cut.
//!
//! ```text
//! shape = e²(3 − 2e)      e goes in a straight line, up while the tone is wanted, down when it is not
//! ```
//!
//! A slot takes another pitch only where its level is nothing. So harmonies cross-fade.

use std::ops::Range;

use perpetuo_dsp::{State, math};

/// Slots of sines in pairs.
pub(super) const VOICES: Range<usize> = 0..14;
/// Slots of the lowest sine: two, so that one can leave while the other enters.
pub(super) const SUBS: Range<usize> = 14..16;
/// Slots of the reed: two, likewise.
pub(super) const REEDS: Range<usize> = 16..18;
/// All of them.
pub(super) const SLOTS: usize = 18;

/// The slots as the composer sees them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choir {
    /// Phase steps in 2^-32 turns a sample.
    steps: [u32; SLOTS],
    /// The way each has gone, 0..1.
    ways: [f32; SLOTS],
    /// A bit for each that leaves.
    leaving: u32,
}

impl Choir {
    pub(super) fn new() -> Self {
        Self { steps: [0; SLOTS], ways: [0.0; SLOTS], leaving: u32::MAX }
    }

    /// Begins a tone on a free slot of `part`, `way` of its way up; false when none is free.
    pub(super) fn enter(&mut self, part: Range<usize>, step: u32, way: f32) -> bool {
        let Some(slot) = part.into_iter().find(|slot| self.ways[*slot] == 0.0) else {
            return false;
        };
        self.steps[slot] = step;
        // Above nothing, so that the slot is taken.
        self.ways[slot] = math::clamp(way, 0.001, 1.0);
        self.leaving &= !(1 << slot);
        true
    }

    /// Lets a slot leave.
    pub(super) fn leave(&mut self, slot: usize) {
        self.leaving |= 1 << slot;
    }

    /// Lets every slot of `part` leave whose step is not wanted.
    pub(super) fn leave_unless(&mut self, part: Range<usize>, is_wanted: impl Fn(u32) -> bool) {
        for slot in part {
            if !is_wanted(self.steps[slot]) {
                self.leave(slot);
            }
        }
    }

    /// Passes a beat: the share of the whole way up and down that it takes each.
    pub(super) fn advance(&mut self, up: f32, down: f32) {
        for (slot, way) in self.ways.iter_mut().enumerate() {
            if *way > 0.0 {
                let by = if self.leaving >> slot & 1 == 1 { -down } else { up };
                *way = math::clamp(*way + by, 0.0, 1.0);
            }
        }
    }

    pub(super) fn step(&self, slot: usize) -> u32 {
        self.steps[slot]
    }

    /// How far it has faded in, 0..1.
    pub(super) fn shape(&self, slot: usize) -> f32 {
        let way = self.ways[slot];
        way * way * (3.0 - 2.0 * way)
    }

    pub(super) fn stays(&self, slot: usize) -> bool {
        self.ways[slot] > 0.0 && self.leaving >> slot & 1 == 0
    }

    /// How many of `part` are there to stay.
    pub(super) fn count(&self, part: Range<usize>) -> usize {
        part.into_iter().filter(|slot| self.stays(*slot)).count()
    }

    /// How many of `part` stay on that step.
    pub(super) fn doubles(&self, part: Range<usize>, step: u32) -> usize {
        part.into_iter().filter(|slot| self.stays(*slot) && self.steps[*slot] == step).count()
    }

    /// Whether something of `part` that stays lies closer to `step` than a whole tone without being it.
    pub(super) fn is_crowded(&self, part: Range<usize>, step: u32) -> bool {
        let step = f64::from(step);
        part.into_iter().filter(|slot| self.stays(*slot)).any(|slot| {
            let other = f64::from(self.steps[slot]);
            other != step && other < 1.1 * step && step < 1.1 * other
        })
    }
}

impl State for Choir {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for step in &mut self.steps {
            step.visit(word);
            *step = (*step).min(1 << 30);
        }
        self.ways.visit(word);
        for way in &mut self.ways {
            *way = math::clamp(*way, 0.0, 1.0);
        }
        self.leaving.visit(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_takes_another_pitch_only_in_silence() {
        let mut choir = Choir::new();
        assert!(choir.enter(SUBS, 100, 0.5) && choir.enter(SUBS, 200, 0.0));
        assert!(!choir.enter(SUBS, 300, 0.0), "both are taken");
        choir.leave_unless(SUBS, |step| step == 200);
        choir.advance(0.1, 0.4);
        assert!(!choir.enter(SUBS, 300, 0.0), "the first has not left yet");
        choir.advance(0.1, 0.4);
        assert!(choir.enter(SUBS, 300, 0.0));
        assert_eq!((choir.count(SUBS), choir.doubles(SUBS, 300)), (2, 1));
    }
}
