//! What lies under the hands: a bass tine, a shaker, a little wood.
//!
//! ```text
//! free bass:  the root on the bar, the fifth or octave on its halves
//! ostinato:   k onsets spread evenly over the eighths of the bar, pitches from a loop
//! shaker:     eighths, loud between the beats · wood: another even spread
//! ```

use perpetuo_dsp::{Chance, State};

use super::{
    moment::Moment,
    stroke::{Queue, Stroke},
    timbre::name,
};
use crate::theory::{DejaVu, euclid, unit};

/// Streams of draws.
mod stream {
    pub(super) const LOOP: u32 = 151;
    pub(super) const BASS: u32 = 153;
    pub(super) const DELAY: u32 = 155;
    pub(super) const SHAKER: u32 = 158;
    pub(super) const WOOD: u32 = 162;
    pub(super) const FIGURE: u32 = 166;
}

/// The layers under the hands.
pub(super) struct Pulse {
    bass: DejaVu<2>,
}

impl Pulse {
    /// The lowest bass note: E2, 82 Hz; small speakers have little below.
    const LOWEST: i32 = 28;

    /// The loop of a section.
    pub(super) fn new(chance: &Chance, turn: u32) -> Self {
        Self { bass: DejaVu::new(chance, stream::LOOP, turn) }
    }

    /// Plays what falls on this step.
    pub(super) fn play(&mut self, at: &Moment, bass: bool, beaten: bool, out: &mut Queue) {
        if bass {
            self.bass(at, out);
        }
        if beaten {
            shaker(at, out);
            wood(at, out);
        }
    }

    /// The root, long, to end on.
    pub(super) fn close(&mut self, at: &Moment, out: &mut Queue) {
        strike(at, at.harmony.root, 1.0, out);
    }

    fn bass(&mut self, at: &Moment, out: &mut Queue) {
        let (weight, share) = (at.weight(), at.scene.bass);
        let slot = at.step / 2;
        // A bass is slow to change its mind.
        let deja_vu = at.urged(0.25 + 0.5 * at.deja_vu, 0.5);
        if at.scene.ostinato {
            let eighths = at.metre.len() / 2;
            let more = at.chance.below(stream::FIGURE, at.section, 2);
            let onsets = 2 + more + u32::from(at.density > 0.6);
            let turn = 0;
            if !at.step.is_multiple_of(2) || !euclid(slot, onsets, eighths, turn) {
                return;
            }
            let class = match unit(self.bass.pass(&at.chance, slot, 8, deja_vu)) {
                drawn if at.step == 0 || drawn < 0.43 => at.harmony.root,
                drawn if drawn < 0.74 => at.harmony.fifth,
                _ => at.harmony.root + 12,
            };
            strike(at, class, 0.72 + 0.2 * weight, out);
            return;
        }
        let drawn = at.unit(stream::BASS);
        let wanted = match weight {
            _ if weight > 0.9 => 0.4 + 0.35 * share + 0.25 * at.density,
            _ if weight > 0.7 => share * (0.2 + 0.5 * at.density),
            _ if weight > 0.5 => share * 0.22 * at.density,
            _ => share * 0.05 * at.density * at.density,
        };
        if drawn >= wanted {
            return;
        }
        let opens = at.is_new_chord && at.step == 0;
        let class = match unit(self.bass.pass(&at.chance, slot, 8, deja_vu)) {
            drawn if opens || drawn < 0.47 => at.harmony.root,
            drawn if drawn < 0.78 => at.harmony.fifth,
            _ => at.harmony.root + 12,
        };
        strike(at, class, 0.6 + 0.4 * weight, out);
    }
}

/// A class from 12 on is the octave.
fn strike(at: &Moment, class: i32, force: f32, out: &mut Queue) {
    let note = Pulse::LOWEST + (class % 12 - Pulse::LOWEST).rem_euclid(12) + class / 12 * 12;
    let gain = 0.22 * (1.1 - 0.25 * at.density) * force * (0.6 + 0.4 * at.arc);
    let wait = at.delay(stream::DELAY) as u32;
    out.push(wait, at.pluck(name::BASS, note, gain, 0.0));
}

fn shaker(at: &Moment, out: &mut Queue) {
    let share = at.scene.shaker * (0.12 + 1.05 * at.density) * at.arc;
    let (weight, drawn) = (at.weight(), at.unit(stream::SHAKER));
    let wanted = if at.step.is_multiple_of(2) { 1.4 * share } else { 0.75 * share - 0.2 };
    if drawn >= wanted {
        return;
    }
    // The beads land between the beats.
    let accent = match weight {
        _ if weight > 0.5 => 0.5,
        _ if weight > 0.3 => 0.95,
        _ => 0.32,
    };
    let gain = 0.3 * accent * (0.4 + 0.6 * at.scene.shaker) * (0.8 + 0.4 * drawn);
    out.push(at.delay(stream::SHAKER + 1) as u32, Stroke::new(name::SHAKER, 60, gain, 0.0));
}

fn wood(at: &Moment, out: &mut Queue) {
    let eighths = at.metre.len() / 2;
    let onsets = 2 + at.chance.below(stream::FIGURE + 1, at.section, 3);
    let turn = at.chance.below(stream::FIGURE + 2, at.section, eighths);
    let share = at.scene.wood * (0.3 + 0.8 * at.density) * at.arc;
    let is_onset = at.step.is_multiple_of(2) && euclid(at.step / 2, onsets, eighths, turn);
    if !is_onset || at.unit(stream::WOOD) >= 1.2 * share {
        return;
    }
    let note = if (at.step / 2).is_multiple_of(3) { 66 } else { 71 };
    let gain = 0.26 * (0.6 + 0.4 * at.unit(stream::WOOD + 1));
    out.push(
        at.delay(stream::WOOD + 2) as u32,
        Stroke::new(name::WOOD, note, gain, -0.35 * at.character.side),
    );
}

impl State for Pulse {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.bass.visit(word);
    }
}
