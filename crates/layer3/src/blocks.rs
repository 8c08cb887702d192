//! Block types: where attacks are, and which windows keep the noise of coding behind them.
//!
//! Noise spreads over the whole window of a transform. Before an attack it would be heard (pre-echo), so a
//! granule with an attack is coded in three short blocks; the granules next to it need windows that fit.
//!
//! ```text
//! Normal ──► Normal      Start ──► Short      Short ──► Short      Stop ──► Normal
//! Normal ──► Start                            Short ──► Stop       Stop ──► Start
//! ```
//!
//! Attacks are looked for in samples [`LOOK_AHEAD`] ahead of those that enter the filter bank. There they
//! lie 192 to 768 samples after the first that a granule adds to the filter bank; the filter bank delays
//! by 225 more, so in the granule's transform, which begins one granule earlier and counts in slots of 32
//! samples, they lie in slots 13 to 31 of the one that comes next. The window of the granule before, if it is
//! a Start, has ended in slot 30, twelve of the next, so that nothing of the attack is in it.
//!
//! Source: ISO/IEC 11172-3, 2.4.2.7 and Figure 3-C.7.

use crate::{
    mdct::{BlockType, LINES},
    simd::{LANES, Lanes, Level, eight, kernel},
};

/// Samples that attacks are looked for ahead of the filter bank.
pub(crate) const LOOK_AHEAD: usize = 192;

/// Samples before a granule that [`AttackDetector::look`] needs.
pub(crate) const ATTACK_HISTORY_LEN: usize = 2;

/// Parts of a granule in which an attack may be.
const PARTS: usize = 9;

/// In this part and those after it an attack comes so late that it reaches into the next short block,
/// which then is to follow. By ear model, 2026-11.
const LATE_PART: usize = 7;

/// By how much the energy of a part exceeds what came before it in an attack. By ear model, 2026-11.
const ATTACK_RATIO: f32 = 15.0;

/// What is left of the energy before in the next part, 1.5 ms later.
const DECAY: f32 = 0.7;

/// Energy of a part below which nothing is an attack: about −75 dB at 10 kHz.
const MIN_ENERGY: f32 = 1e-6;

/// Listens to one channel for attacks.
#[derive(Default)]
pub(crate) struct AttackDetector {
    /// The greatest energy of late, decayed.
    energy: f32,
}

/// Where a granule has attacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attacks {
    /// Anywhere.
    pub(crate) any: bool,
    /// Near its end.
    pub(crate) late: bool,
}

impl AttackDetector {
    /// Looks at a granule, given with [`ATTACK_HISTORY_LEN`] samples before it.
    ///
    /// What counts is the energy of the second difference, a high-pass of 12 dB an octave: bass has no
    /// attacks that would be masked by nothing.
    pub(crate) fn look(&mut self, level: Level, samples: &[f32]) -> Attacks {
        let mut energies = [0.0; PARTS];
        high_energies(level, samples, &mut energies);
        let mut attacks = Attacks::default();
        for (part, energy) in energies.into_iter().enumerate() {
            if energy > ATTACK_RATIO * self.energy && energy > MIN_ENERGY {
                attacks.any = true;
                attacks.late |= part >= LATE_PART;
            }
            self.energy = (DECAY * self.energy).max(energy);
        }
        attacks
    }
}

kernel! {
    /// The energy of the second difference of samples in each part.
    fn high_energies = high_energies_lanes(samples: &[f32], energies: &mut [f32; PARTS]);
}

#[inline(always)]
fn high_energies_lanes<V: Lanes>(samples: &[f32], energies: &mut [f32; PARTS]) {
    const LEN: usize = LINES / PARTS;
    for (part, energy) in energies.iter_mut().enumerate() {
        let x = &samples[part * LEN..][..LEN + ATTACK_HISTORY_LEN];
        let mut sum = V::zero();
        for n in (0..LEN).step_by(LANES) {
            let middle = V::load(eight(x, n + 1));
            let outer = V::load(eight(x, n)).add(V::load(eight(x, n + 2)));
            let difference = outer.sub(middle.add(middle));
            sum = sum.add_mul(difference, difference);
        }
        *energy = sum.sum();
    }
}

impl Attacks {
    /// Those of two channels.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { any: self.any || other.any, late: self.late || other.late }
    }
}

/// What a granule's neighbours make of it.
#[derive(Default)]
pub(crate) struct Blocks {
    last: BlockType,
    is_next_short: bool,
    is_one_more_short: bool,
}

impl Blocks {
    /// The type of the next granule, given the attacks that lie ahead of it.
    pub(crate) fn next(&mut self, ahead: Attacks) -> BlockType {
        let is_short = self.is_next_short;
        self.is_next_short = ahead.any || self.is_one_more_short;
        self.is_one_more_short = ahead.late;
        self.last = match (self.last, is_short, self.is_next_short) {
            // A Stop cannot be a Start: between two attacks blocks stay short.
            (BlockType::Start, ..) | (_, true, _) | (BlockType::Short, _, true) => BlockType::Short,
            (BlockType::Short, ..) => BlockType::Stop,
            (_, _, true) => BlockType::Start,
            _ => BlockType::Normal,
        };
        self.last
    }

    /// Whether the next granule will be [`BlockType::Normal`] if nothing lies ahead of it.
    pub(crate) fn is_at_rest(&self) -> bool {
        !self.is_next_short
            && !self.is_one_more_short
            && matches!(self.last, BlockType::Normal | BlockType::Stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Attacks = Attacks { any: false, late: false };
    const EARLY: Attacks = Attacks { any: true, late: false };
    const LATE: Attacks = Attacks { any: true, late: true };

    fn types(ahead: &[Attacks]) -> Vec<BlockType> {
        let mut blocks = Blocks::default();
        ahead.iter().map(|&ahead| blocks.next(ahead)).collect()
    }

    #[test]
    fn an_attack_is_in_a_short_block_between_start_and_stop() {
        use BlockType::{Normal, Short, Start, Stop};
        let heard = types(&[NOTHING, EARLY, NOTHING, NOTHING, NOTHING]);
        assert_eq!(heard, [Normal, Start, Short, Stop, Normal]);
    }

    #[test]
    fn a_late_attack_and_attacks_close_together_stay_short() {
        use BlockType::{Short, Start, Stop};
        assert_eq!(types(&[LATE, NOTHING, NOTHING, NOTHING]), [Start, Short, Short, Stop]);
        let twice = types(&[EARLY, NOTHING, EARLY, NOTHING, NOTHING]);
        assert_eq!(twice, [Start, Short, Short, Short, Stop]);
    }

    #[test]
    fn a_click_is_an_attack_and_a_low_tone_is_none() {
        let mut detector = AttackDetector::default();
        let mut samples = [0.0; LINES + ATTACK_HISTORY_LEN];
        assert_eq!(detector.look(Level::Portable, &samples), NOTHING);
        samples[100] = 0.5;
        assert_eq!(detector.look(Level::Portable, &samples), EARLY);
        let mut detector = AttackDetector::default();
        let tone: [f32; LINES + ATTACK_HISTORY_LEN] =
            std::array::from_fn(|n| (n as f32 * 0.01).sin());
        assert_eq!(detector.look(Level::Portable, &tone), NOTHING);
    }
}
