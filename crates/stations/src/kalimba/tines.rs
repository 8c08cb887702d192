//! Fourteen struck voices; what one sounds like is a function of its stroke and its age.
//!
//! A voice costs a snapshot two words: phases and levels are found again from the age. A tine that is
//! plucked again is damped by the thumb first, and the softest voice is damped when too many sound;
//! nothing is ever cut.

use perpetuo_dsp::{ModalBank, Partial, Phase, Segment, State, math, mix};
use perpetuo_station::BLOCK_LEN;

use super::{
    stroke::Stroke,
    timbre::{MODES, Make, Timbre},
};
use crate::performer::Block;

/// One block of what is struck: at its places, and in the middle.
pub(super) struct Struck {
    pub sides: Block,
    pub middle: [f32; BLOCK_LEN],
}

impl Struck {
    pub(super) const SILENCE: Self =
        Self { sides: [[0.0; BLOCK_LEN]; 2], middle: [0.0; BLOCK_LEN] };

    /// Silent again.
    pub(super) fn clear(&mut self) {
        self.sides.iter_mut().chain([&mut self.middle]).for_each(|out| out.fill(0.0));
    }
}

/// The voices.
pub(super) struct Tines {
    voices: [Voice; Self::VOICES],
    make: Make,
    sample_rate: f32,
}

struct Voice {
    bank: ModalBank<MODES>,
    stroke: Stroke,
    /// Gains of the two sides.
    gains: [f32; 2],
    /// Samples since the stroke.
    age: u32,
    /// Steps of 64 samples since it was damped, 0 while it is not.
    damped: u32,
}

impl Tines {
    const VOICES: usize = 14;
    /// The most that ring undamped: what is left is for those that are being damped.
    const RINGING: usize = 10;
    /// Half-life of a damped voice: 60 dB in 60 ms.
    const DAMPED_SECONDS: f32 = 0.006;
    /// Below this, -67 dB, a voice is damped: 50 dB below the mix, it only costs.
    const FAINT: f32 = 4.5e-4;

    pub(super) fn new(salt: u32, sample_rate_hz: u32) -> Self {
        let voice = |_| Voice {
            bank: ModalBank::new(),
            stroke: Stroke::NONE,
            gains: [0.0; 2],
            age: 0,
            damped: 0,
        };
        Self {
            voices: std::array::from_fn(voice),
            make: Make::of(salt),
            sample_rate: sample_rate_hz as f32,
        }
    }

    /// Strikes a voice that is free; in the rare case that none is, nothing.
    pub(super) fn strike(&mut self, stroke: Stroke, brightness: f32) {
        self.make_way(stroke);
        let partials = self.partials(stroke, brightness);
        let attack = Timbre::of(stroke.timbre()).attack(self.sample_rate);
        let free = self.voices.iter_mut().find(|voice| !voice.bank.is_sounding());
        if let Some(voice) = free {
            voice.bank.strike(&partials, attack);
            (voice.stroke, voice.age, voice.damped) = (stroke, 0, 0);
            voice.gains = mix::pan(stroke.place());
        }
    }

    /// Adds a run of samples of the block.
    pub(super) fn render(&mut self, out: &mut Struck, samples: std::ops::Range<usize>) {
        let len = samples.len();
        let half = Self::DAMPED_SECONDS * self.sample_rate;
        for voice in &mut self.voices {
            if !voice.bank.is_sounding() {
                voice.stroke = Stroke::NONE;
                continue;
            }
            voice.pass(len);
            if voice.damped == 0 && voice.bank.loudness() < Self::FAINT {
                voice.damp(half);
            }
            if Timbre::of(voice.stroke.timbre()).is_central {
                voice.bank.render(&mut out.middle[samples.clone()]);
                continue;
            }
            let mut mono = [0.0; BLOCK_LEN];
            let mono = &mut mono[..len];
            voice.bank.render(mono);
            let [left, right] = &mut out.sides;
            let mut sides = [&mut left[samples.clone()], &mut right[samples.clone()]];
            let [left, right] = voice.gains;
            mix::add_panned(&mut sides, mono, [Segment::flat(left), Segment::flat(right)]);
        }
    }

    /// Lets samples pass unheard.
    pub(super) fn skip(&mut self, samples: u32) {
        for index in 0..Self::VOICES {
            let stroke = self.voices[index].stroke;
            let partials = self.partials(stroke, 0.5);
            let attack = Timbre::of(stroke.timbre()).attack(self.sample_rate);
            let half = Self::DAMPED_SECONDS * self.sample_rate;
            let voice = &mut self.voices[index];
            voice.age = voice.age.saturating_add(samples);
            voice.restore(&partials, attack, half);
        }
    }

    /// How many sound.
    #[cfg(test)]
    pub(super) fn sounding(&self) -> usize {
        self.voices.iter().filter(|voice| voice.bank.is_sounding()).count()
    }

    /// The same tine is damped, and the softest one when too many ring.
    fn make_way(&mut self, stroke: Stroke) {
        let half = Self::DAMPED_SECONDS * self.sample_rate;
        let is_same = |voice: &Voice| {
            voice.stroke.note() == stroke.note() && voice.stroke.timbre() == stroke.timbre()
        };
        let ringing = |voice: &&mut Voice| voice.damped == 0 && voice.bank.is_sounding();
        let mut count = 0;
        let mut softest: Option<(f32, usize)> = None;
        for (index, voice) in self.voices.iter_mut().enumerate().filter(|(_, v)| ringing(v)) {
            if is_same(voice) {
                voice.damp(half);
                continue;
            }
            count += 1;
            let loudness = voice.bank.loudness();
            if softest.is_none_or(|(least, _)| loudness < least) {
                softest = Some((loudness, index));
            }
        }
        if let Some((_, index)) = softest
            && count >= Self::RINGING
        {
            self.voices[index].damp(half);
        }
    }

    fn partials(&self, stroke: Stroke, brightness: f32) -> [Partial; MODES] {
        Timbre::of(stroke.timbre()).partials(stroke, &self.make, brightness, self.sample_rate)
    }
}

impl Voice {
    /// The age it is saved with at most, in samples: more than twenty minutes, and silent for long.
    const OLDEST: u32 = (1 << 26) - 1;

    fn pass(&mut self, len: usize) {
        self.age = self.age.wrapping_add(len as u32);
        if self.damped > 0 {
            self.damped = (self.damped + 1).min(63);
        }
    }

    fn damp(&mut self, half: f32) {
        self.bank.damp(half);
        self.damped = 1;
    }

    /// Sounds as it would `age` samples after its stroke.
    fn restore(&mut self, partials: &[Partial; MODES], attack: u32, half: f32) {
        self.bank.reset();
        if !self.stroke.is_some() {
            return;
        }
        self.bank.strike(partials, attack);
        let damping = math::exp2(-(self.damped as f32 * BLOCK_LEN as f32) / half);
        let mut words = [0; 2 * MODES + 1];
        for (pair, partial) in words.chunks_exact_mut(2).zip(partials) {
            let mut phase = Phase::new();
            phase.set_phase_step(partial.phase_step);
            // As the bank does it, for what rings for seconds adds up what a step is off.
            let rest = math::exp2(-8.0 / math::clamp(partial.half, 16.0, 1e7));
            let level = partial.level * power(rest, self.age / 8) * damping;
            let level = if partial.phase_step < 0.45 { level } else { 0.0 };
            pair.copy_from_slice(&[phase.step.wrapping_mul(self.age), level.to_bits()]);
        }
        words[2 * MODES] = attack << 16 | self.age.min(0xffff);
        let mut words = words.into_iter();
        self.bank.visit(&mut |word| *word = words.next().unwrap_or(*word));
        if self.damped > 0 {
            self.bank.damp(half);
        }
    }
}

/// `base` to the power of `exponent`, by squares.
fn power(base: f32, mut exponent: u32) -> f32 {
    let (mut square, mut product) = (f64::from(base), 1.0);
    while exponent > 0 {
        if exponent % 2 == 1 {
            product *= square;
        }
        square *= square;
        exponent /= 2;
    }
    product as f32
}

/// A voice's stroke in one word, its damping and age in another.
impl State for Tines {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for index in 0..Self::VOICES {
            let voice = &mut self.voices[index];
            let saved = (voice.stroke.word(), voice.age.min(Voice::OLDEST) | voice.damped << 26);
            let (mut stroke, mut age) = saved;
            word(&mut stroke);
            word(&mut age);
            // Saving changes nothing, so what sounds goes on to the bit.
            if (stroke, age) == saved {
                continue;
            }
            voice.stroke = Stroke::from_word(stroke);
            voice.gains = mix::pan(voice.stroke.place());
            (voice.damped, voice.age) = (age >> 26, age & Voice::OLDEST);
            let stroke = voice.stroke;
            // Its brightness is not kept: a middling one sounds until the next stroke.
            let partials = self.partials(stroke, 0.5);
            let attack = Timbre::of(stroke.timbre()).attack(self.sample_rate);
            let half = Self::DAMPED_SECONDS * self.sample_rate;
            self.voices[index].restore(&partials, attack, half);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kalimba::timbre::name;

    fn render(tines: &mut Tines, blocks: usize) -> Vec<f32> {
        let mut samples = Vec::new();
        for _ in 0..blocks {
            let mut out = Struck::SILENCE;
            tines.render(&mut out, 0..BLOCK_LEN);
            samples.extend((0..BLOCK_LEN).map(|i| out.sides[0][i] + out.middle[i]));
        }
        samples
    }

    #[test]
    fn a_voice_is_found_again_from_its_stroke_and_age() {
        let mut from = Tines::new(5, 44_100);
        for (note, timbre) in [(60, name::KALIMBA), (67, name::MUSIC_BOX), (33, name::BASS)] {
            from.strike(Stroke::new(timbre, note, 0.5, 0.2), 0.5);
            render(&mut from, 30);
        }
        let mut words = Vec::new();
        from.visit(&mut |word| words.push(*word));
        let mut to = Tines::new(5, 44_100);
        let mut saved = words.into_iter();
        to.visit(&mut |word| *word = saved.next().unwrap());
        let (a, b) = (render(&mut from, 200), render(&mut to, 200));
        let power = |x: &[f32]| x.iter().map(|x| x * x).sum::<f32>();
        let difference: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
        assert!(power(&a) > 1.0 && power(&difference) < 1e-6 * power(&a));
    }

    #[test]
    fn a_hundred_strokes_at_once_or_on_one_tine_neither_cut_nor_pile_up() {
        let mut tines = Tines::new(5, 44_100);
        for stroke in 0..100 {
            tines.strike(Stroke::new(name::KALIMBA, 50 + stroke % 30, 0.5, 0.0), 1.0);
            render(&mut tines, 1);
        }
        assert!(tines.sounding() <= Tines::VOICES);
        render(&mut tines, 8000);
        assert_eq!(tines.sounding(), 0);
        for _ in 0..100 {
            tines.strike(Stroke::new(name::KALIMBA, 60, 0.5, 0.0), 0.5);
            render(&mut tines, 100);
        }
        assert!(tines.sounding() <= 2, "{}", tines.sounding());
    }
}
