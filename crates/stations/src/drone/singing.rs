//! Overtones as a throat singer picks them, and slow breaths tuned to the harmony.
//!
//! ```text
//! two dwellers on the harmonic series of the reed, a low one and a high one: each steps by one or two
//! of the overtones that the limit allows, every few seconds
//! breath: in and out over 7–16 s; a new pitch only where it is silent
//! ```
//!
//! Source of the idea: T. Levin, M. Edgerton, *The Throat Singers of Tuva*, Scientific American, 1999.

use perpetuo_dsp::{Chance, State, math};

/// Harmonics that are dwelt on, in the 3-, 5-, 7- and 11-limit.
const OVERTONES: [&[u32]; 4] = [
    &[6, 8, 9, 12, 16, 18, 24, 27, 32],
    &[6, 8, 9, 10, 12, 15, 16, 18, 20, 24, 27, 30, 32],
    &[6, 7, 8, 9, 10, 12, 14, 15, 16, 18, 20, 21, 24, 28, 30, 32],
    &[6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 18, 20, 22, 24, 28, 30, 32],
];

/// Where throat and breath are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Singing {
    /// Places of the low and the high dweller, in 2^-16 of the row.
    places: [u32; 2],
    moves: u32,
    /// Beats until the next move.
    left: u32,
    breaths: u32,
    breath_left: u32,
    breath_len: u32,
    /// In octaves above 1 Hz.
    bands: [f32; 2],
}

/// Streams of draws.
const MOVE: u32 = 50;
const BREATH: u32 = 60;

impl Singing {
    pub(super) fn new(chance: &Chance) -> Self {
        Self {
            places: [0, 1].map(|index| chance.word(MOVE + 5, index) & 0xffff),
            moves: 0,
            left: 4,
            breaths: 0,
            breath_left: 0,
            breath_len: 1,
            bands: [9.0, 10.0],
        }
    }

    /// Passes a beat; true when a breath begins, which then wants [`Self::breathe`].
    pub(super) fn pass_beat(&mut self, chance: &Chance, pace: f32) -> bool {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.step(chance);
            let beats = chance.between(MOVE + 4, self.moves, 4.0, 16.0) / pace;
            self.left = math::clamp(beats, 1.0, 80.0) as u32;
        }
        self.breath_left = self.breath_left.saturating_sub(1);
        if self.breath_left > 0 {
            return false;
        }
        self.breaths = self.breaths.wrapping_add(1);
        let beats = chance.between(BREATH, self.breaths, 28.0, 64.0);
        self.breath_len = math::clamp(beats / (0.5 + 0.5 * pace), 12.0, 120.0) as u32;
        self.breath_left = self.breath_len;
        true
    }

    /// One dweller steps, up or down, and turns back at the ends.
    fn step(&mut self, chance: &Chance) {
        self.moves = self.moves.wrapping_add(1);
        let who = chance.below(MOVE, self.moves, 2) as usize;
        let by = (chance.between(MOVE + 1, self.moves, -1.0, 1.0) * 24_000.0) as i32;
        let place = self.places[who] as i32 + by;
        let place = if place < 0 { -place } else { place };
        let place = if place > 0xffff { 0x1_fffe - place } else { place };
        self.places[who] = place as u32 & 0xffff;
    }

    /// Which two degrees of `count` the breath that begins is tuned to.
    pub(super) fn breath_picks(&self, chance: &Chance, count: u32) -> [u32; 2] {
        [0, 1].map(|side| chance.below(BREATH + 1 + side, self.breaths, count))
    }

    /// Tunes the breath that begins to two tones, each put into an octave of its own.
    pub(super) fn breathe(&mut self, chance: &Chance, tones: [f32; 2]) {
        for (side, tone) in tones.into_iter().enumerate() {
            let lowest = chance.between(
                BREATH + 3,
                self.breaths.wrapping_mul(2).wrapping_add(side as u32),
                8.9,
                10.3,
            );
            let octaves = lowest - tone;
            let up = octaves as i32 + i32::from(octaves > 0.0);
            self.bands[side] = math::clamp(tone + up as f32, 8.0, 12.2);
        }
    }

    /// The overtones of a reed, in octaves above 1 Hz as the reed's own pitch is.
    pub(super) fn formants(&self, reed: f32, limit: u32) -> [f32; 2] {
        let row = OVERTONES[limit.min(3) as usize];
        let half = row.len() as u32 / 2 + 1;
        let pick = |dweller: usize| {
            let first = if dweller == 0 { 0 } else { row.len() as u32 - half };
            let index = first + ((self.places[dweller] * half) >> 16);
            reed + math::log2(row[(index as usize).min(row.len() - 1)] as f32)
        };
        [pick(0), pick(1)]
    }

    /// How much breath, 0..1: nothing at either end, and some breaths are shallow.
    pub(super) fn breath(&self, chance: &Chance) -> f32 {
        let way = self.breath_left as f32 / self.breath_len as f32;
        let arch = 4.0 * way * (1.0 - way);
        arch * arch * chance.between(BREATH + 4, self.breaths, 0.15, 1.0)
    }

    pub(super) fn bands(&self) -> [f32; 2] {
        self.bands
    }
}

impl State for Singing {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.places.visit(word);
        self.places = self.places.map(|place| place & 0xffff);
        for part in [&mut self.moves, &mut self.left, &mut self.breaths] {
            part.visit(word);
        }
        self.left = self.left.min(80);
        self.breath_len.visit(word);
        self.breath_left.visit(word);
        self.breath_len = self.breath_len.clamp(1, 120);
        self.breath_left = self.breath_left.min(self.breath_len);
        self.bands.visit(word);
        self.bands = self.bands.map(|band| math::clamp(band, 8.0, 12.2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formants_are_harmonics_of_the_reed_and_all_of_them_come() {
        let chance = Chance::new(6);
        let mut singing = Singing::new(&chance);
        let mut heard = [false; 33];
        for _ in 0..20_000 {
            singing.pass_beat(&chance, 1.0);
            for formant in singing.formants(7.0, 2) {
                let harmonic = (formant - 7.0).exp2();
                assert!((harmonic - harmonic.round()).abs() < 0.01, "{harmonic}");
                heard[harmonic.round() as usize] = true;
            }
        }
        assert!(OVERTONES[2].iter().all(|harmonic| heard[*harmonic as usize]));
    }

    #[test]
    fn a_breath_begins_and_ends_in_silence_and_only_then_takes_a_pitch() {
        let chance = Chance::new(2);
        let mut singing = Singing::new(&chance);
        let mut loudest = 0.0_f32;
        for _ in 0..2000 {
            let begins = singing.pass_beat(&chance, 1.0);
            if begins {
                assert_eq!(singing.breath(&chance), 0.0);
                singing.breathe(&chance, [10.3, 9.2]);
                assert!(singing.bands().iter().all(|band| (8.9..11.9).contains(band)));
            }
            loudest = loudest.max(singing.breath(&chance));
        }
        assert!(loudest > 0.95);
    }
}
