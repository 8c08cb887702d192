//! The halo: four high sines, each of which swells and fades on a note of the chord, then takes another.
//!
//! ```text
//! level(i) = sin²(π u)     u: 0..1 in 5–12 s, i's own     turn(i) = step · samples since u was 0
//! ```
//!
//! Notes change where the level is 0. Between 1 and 4.4 kHz, where pads have little.

use perpetuo_dsp::{Chance, Pitch, Segment, State, add_sines, math, step_from};
use perpetuo_station::BLOCK_LEN;

/// Stream of draws.
const HALO: u32 = 52;

const SINES: usize = 4;

/// The sines.
pub(super) struct Halo {
    sines: [Sine; SINES],
    chance: Chance,
    gain: f32,
    sample_rate: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sine {
    note: u8,
    pitch: Pitch,
    /// Of the swell, in 2^-32 turns: at the beginning, and a block.
    swell: [u32; 2],
    /// Its level at the end of the last block.
    level: f32,
}

impl Halo {
    pub(super) fn new(chance: &Chance, sample_rate_hz: u32) -> Self {
        let sample_rate = sample_rate_hz as f32;
        let sine = |index: u32| {
            let seconds = chance.between(HALO, index, 5.0, 12.0);
            let rate = (BLOCK_LEN as f32 / (seconds * sample_rate) * 4_294_967_296.0) as u32;
            Sine { swell: [chance.word(HALO, 8 + index), rate], ..Sine::default() }
        };
        let sines = std::array::from_fn(|index| sine(index as u32));
        Self { sines, chance: *chance, gain: 0.0, sample_rate }
    }

    /// Adds one block; `time` counts blocks, `gain` is reached at its end.
    pub(super) fn render(
        &mut self,
        out: &mut [&mut [f32]; 2],
        tones: [u8; 4],
        gain: f32,
        time: u32,
    ) {
        let was = self.gain;
        self.gain = gain;
        let is_silent = was == 0.0 && gain == 0.0;
        for (index, sine) in self.sines.iter_mut().enumerate() {
            let turn = sine.swell[0].wrapping_add(sine.swell[1].wrapping_mul(time));
            if turn < sine.swell[1] || sine.note == 0 {
                // A new swell: on the root, the fifth, the third or what is above, seldom the same.
                let draw = self.chance.word(HALO + 1 + index as u32, time);
                let tone = tones[draw as usize % 4];
                sine.note = 74 + (tone + 120 - 74) % 12 + 12 * (draw >> 8 & 1) as u8;
                sine.tune(self.sample_rate);
            }
            if is_silent {
                sine.level = 0.0;
                continue;
            }
            let from = sine.level;
            let swung = math::sin_turns((turn >> 8) as f32 * (0.5 / 16_777_216.0));
            sine.level = gain * swung * swung;
            if from + sine.level < 1e-4 {
                continue;
            }
            let blocks = turn / sine.swell[1].max(1);
            let turn = sine.pitch.step().wrapping_mul(blocks.wrapping_mul(BLOCK_LEN as u32));
            let level = Segment::between(from, sine.level, BLOCK_LEN);
            // Every second on the left, the others on the right: the hall brings them together.
            let sine = perpetuo_dsp::Sine { turn, pitch: sine.pitch, level };
            add_sines(out[index % 2], &[sine]);
        }
    }
}

impl Sine {
    fn tune(&mut self, sample_rate: f32) {
        self.pitch.set(step_from(math::hz_from_note(self.note.into()) / sample_rate));
    }
}

/// The notes in one word; what is louder than nothing is so within a block.
impl State for Halo {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        let mut notes = u32::from_le_bytes(self.sines.map(|sine| sine.note));
        notes.visit(word);
        for (sine, note) in self.sines.iter_mut().zip(notes.to_le_bytes()) {
            sine.note = note.min(100);
            sine.tune(self.sample_rate);
        }
    }
}
