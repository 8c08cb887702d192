//! Far bells: six voices of six partials, from a temple bell to a piano in another house.

use std::ops::Range;

use perpetuo_dsp::{ModalBank, Partial, Segment, State, math, mix};
use perpetuo_station::BLOCK_LEN;

use crate::performer::{Block, GRID};

/// A stroke.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    /// Sample within the block.
    pub at: usize,
    /// Semitones above C0.
    pub note: f32,
    /// Peak gain, 0..1.
    pub gain: f32,
    /// Which of [`TIMBRES`].
    pub timbre: u32,
    /// Place, -1 (left) to 1 (right).
    pub place: f32,
}

/// How a struck thing sounds: partials as multiples of its note, their levels, their half-lives at C4 in
/// seconds; how softly it is struck, in ms.
struct Timbre {
    ratios: [f32; 6],
    levels: [f32; 6],
    halves: [f32; 6],
    attack_ms: f32,
}

/// Temple bell (hum, prime, tierce, quint, nominal), wind chimes (free bars in beating pairs), piano under
/// felt (stretched, with a slow second string), singing bowl. Ratios: N. Fletcher, T. Rossing, *The Physics
/// of Musical Instruments*, ch. 2, 12 and 21; levels and half-lives by meter, 2026-11.
#[rustfmt::skip]
const TIMBRES: [Timbre; 4] = [
    Timbre { ratios: [0.5, 1.0, 1.19, 1.498, 2.003, 2.67], levels: [0.07, 0.62, 0.13, 0.16, 0.44, 0.18],
        halves: [2.2, 1.5, 1.0, 0.8, 0.9, 0.5], attack_ms: 3.0 },
    Timbre { ratios: [1.0, 1.003, 2.757, 2.768, 5.404, 8.93], levels: [0.42, 0.32, 0.3, 0.16, 0.12, 0.04],
        halves: [1.9, 1.9, 1.0, 1.0, 0.45, 0.2], attack_ms: 1.5 },
    Timbre { ratios: [1.0, 1.0008, 2.001, 3.004, 4.01, 5.02], levels: [0.55, 0.25, 0.3, 0.13, 0.07, 0.03],
        halves: [0.7, 2.0, 0.6, 0.4, 0.28, 0.2], attack_ms: 5.0 },
    Timbre { ratios: [1.0, 1.0045, 2.71, 2.717, 5.03, 7.9], levels: [0.42, 0.38, 0.26, 0.2, 0.1, 0.03],
        halves: [2.8, 2.8, 1.5, 1.5, 0.6, 0.3], attack_ms: 9.0 },
];

/// Six voices.
pub(super) struct Chimes {
    voices: [Voice; 6],
    sample_rate: f32,
}

#[derive(Clone, Debug, Default)]
struct Voice {
    bank: ModalBank<6>,
    note: f32,
    timbre: u32,
    place: f32,
    /// Struck in the block that is rendered next.
    stroke: Option<Stroke>,
}

impl Chimes {
    pub(super) fn new(sample_rate_hz: u32) -> Self {
        Self { voices: Default::default(), sample_rate: sample_rate_hz as f32 }
    }

    /// Strikes the softest voice.
    pub(super) fn strike(&mut self, stroke: Stroke) {
        let mut softest = 0;
        for (index, voice) in self.voices.iter().enumerate() {
            if voice.loudness() < self.voices[softest].loudness() {
                softest = index;
            }
        }
        self.voices[softest].stroke = Some(stroke);
    }

    /// Whether anything is heard or about to be.
    pub(super) fn are_sounding(&self) -> bool {
        self.voices.iter().any(|voice| voice.stroke.is_some() || voice.bank.is_sounding())
    }

    /// Adds one block; `tilt` -1 (soft mallets) to 1 (hard ones) counts for what is struck in it.
    pub(super) fn render(&mut self, out: &mut Block, tilt: f32) {
        for voice in &mut self.voices {
            let Some(stroke) = voice.stroke.take() else {
                voice.render(out, 0..BLOCK_LEN);
                continue;
            };
            let at = stroke.at.min(BLOCK_LEN - GRID) / GRID * GRID;
            voice.render(out, 0..at);
            voice.strike(stroke, tilt, self.sample_rate);
            voice.render(out, at..BLOCK_LEN);
        }
    }

    /// Lets blocks pass unheard: what rang is over.
    pub(super) fn skip(&mut self) {
        for voice in &mut self.voices {
            voice.bank.reset();
            voice.stroke = None;
        }
    }
}

impl Voice {
    fn loudness(&self) -> f32 {
        if self.stroke.is_some() { 100.0 } else { self.bank.loudness() }
    }

    fn strike(&mut self, stroke: Stroke, tilt: f32, sample_rate: f32) {
        (self.note, self.timbre) = (stroke.note, stroke.timbre);
        self.place = math::clamp(stroke.place, -1.0, 1.0);
        let timbre = &TIMBRES[self.timbre as usize % TIMBRES.len()];
        let mut partials = self.partials(sample_rate);
        for (partial, level) in partials.iter_mut().zip(timbre.levels) {
            // A hard mallet is heard above 600 Hz: up to 6 dB either way.
            let octaves = math::log2(partial.phase_step * sample_rate * (1.0 / 600.0));
            let shine = math::clamp(0.5 * tilt * octaves, -1.0, 1.0);
            partial.level = stroke.gain * level * math::exp2(shine);
        }
        self.bank.strike(&partials, (0.001 * timbre.attack_ms * sample_rate) as u32);
    }

    /// Pitches and half-lives, levels apart.
    fn partials(&self, sample_rate: f32) -> [Partial; 6] {
        let timbre = &TIMBRES[self.timbre as usize % TIMBRES.len()];
        let step = math::hz_from_note(self.note) / sample_rate;
        // Low things ring longer: by half for an octave.
        let half = sample_rate * math::exp2((48.0 - self.note) * (0.6 / 12.0));
        std::array::from_fn(|index| Partial {
            phase_step: step * timbre.ratios[index],
            level: 0.0,
            half: half * timbre.halves[index],
        })
    }

    fn render(&mut self, out: &mut Block, samples: Range<usize>) {
        if samples.is_empty() || !self.bank.is_sounding() {
            return;
        }
        let mut mono = [0.0; BLOCK_LEN];
        let mono = &mut mono[..samples.len()];
        self.bank.render(mono);
        let [left, right] = out;
        let gains = mix::pan(self.place).map(Segment::flat);
        mix::add_panned(&mut [&mut left[samples.clone()], &mut right[samples]], mono, gains);
    }
}

/// Saving leaves a bank as it was; one that has been loaded is tuned anew.
impl State for Chimes {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for voice in &mut self.voices {
            let (kept, mut is_loaded) = (voice.bank.clone(), false);
            let mut watched = |at: &mut u32| {
                let before = *at;
                word(at);
                is_loaded |= *at != before;
            };
            voice.bank.visit(&mut watched);
            voice.note.visit(&mut watched);
            voice.note = math::clamp(voice.note, 0.0, 110.0);
            voice.timbre.visit(&mut watched);
            voice.timbre %= TIMBRES.len() as u32;
            voice.place.visit(&mut watched);
            voice.place = math::clamp(voice.place, -1.0, 1.0);
            voice.stroke = None;
            if is_loaded {
                let partials = voice.partials(self.sample_rate);
                voice.bank.retune(&partials);
            } else {
                voice.bank = kept;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seventh_stroke_takes_the_softest_voice_and_never_jumps() {
        let mut chimes = Chimes::new(44_100);
        let mut heard = Vec::new();
        for stroke in 0..24_u32 {
            let note = 40.0 + (stroke * 7 % 30) as f32;
            chimes.strike(Stroke { at: 16, note, gain: 0.5, timbre: stroke, place: 0.3 });
            for _ in 0..40 {
                let mut out = [[0.0; BLOCK_LEN]; 2];
                chimes.render(&mut out, 0.0);
                heard.extend(out[0]);
            }
        }
        let steepest = heard.windows(2).map(|x| (x[1] - x[0]).abs()).fold(0.0, f32::max);
        // A voice cut short would step by half a stroke and more.
        assert!(steepest < 0.3 && heard.iter().all(|x| x.abs() < 4.0), "{steepest}");
    }

    #[test]
    fn a_bell_goes_on_from_its_words() {
        let mut whole = Chimes::new(44_100);
        whole.strike(Stroke { at: 0, note: 50.0, gain: 1.0, timbre: 0, place: 0.0 });
        let mut out = [[0.0; BLOCK_LEN]; 2];
        (0..100).for_each(|_| whole.render(&mut out, 0.0));
        let mut words = Vec::new();
        whole.visit(&mut |word| words.push(*word));
        let (mut resumed, mut words) = (Chimes::new(44_100), words.into_iter());
        resumed.visit(&mut |word| *word = words.next().unwrap());
        let (mut a, mut b) = ([[0.0; BLOCK_LEN]; 2], [[0.0; BLOCK_LEN]; 2]);
        whole.render(&mut a, 0.0);
        resumed.render(&mut b, 0.0);
        assert!(a == b && a[0][10] != 0.0);
    }
}
