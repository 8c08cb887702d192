//! Struck things: eight voices of five partials, from singing bowl to soft mallet.
//!
//! ```text
//! y(t) = gain · Σ level · tilt · 2^(−t/half) · sin(2π · ratio · f · t)      half ∝ 2^((60 − note)/24)
//! ```
//!
//! A voice is a function of its stroke and its age, so two words of a snapshot hold it. Voices stand in
//! one of three places, so that panning costs the same however many sound.

use perpetuo_dsp::{ModalBank, Partial, Segment, State, math, mix};
use perpetuo_station::BLOCK_LEN;

use super::note::Stroke;

const PARTIALS: usize = 5;

/// A partial: its frequency as a multiple of the note's, its level, its half-life in seconds at C5.
type Mode = (f32, f32, f32);

/// Chime, glass, celesta, mallet, bowl, vibraphone, harp. Ratios of chime and bowl: near those of a free
/// bar (1, 2.76, 5.40, 8.93), the bowl's in pairs that beat; of mallet and vibraphone: a bar tuned to
/// two octaves (1, 4, 10); of glass: near a kalimba tine's (N. Fletcher, T. Rossing, *The Physics of
/// Musical Instruments*, ch. 2 and 19). Levels and half-lives by meter and spectrogram, 2026-11.
#[rustfmt::skip]
const TIMBRES: [[Mode; PARTIALS]; 7] = [
    [(1.0, 0.66, 0.85), (1.003, 0.2, 0.8), (2.76, 0.4, 0.42), (5.4, 0.24, 0.17), (8.93, 0.1, 0.07)],
    [(1.0, 0.72, 0.6), (2.003, 0.36, 0.5), (3.01, 0.14, 0.3), (5.42, 0.26, 0.2), (8.7, 0.1, 0.08)],
    [(1.0, 0.72, 0.42), (2.0, 0.14, 0.35), (4.0, 0.32, 0.24), (6.27, 0.16, 0.12), (9.4, 0.08, 0.06)],
    [(1.0, 0.9, 0.17), (2.0, 0.12, 0.1), (3.99, 0.32, 0.06), (6.8, 0.08, 0.03), (9.9, 0.1, 0.02)],
    [(1.0, 0.48, 1.5), (1.0045, 0.34, 1.3), (2.71, 0.34, 0.85), (2.726, 0.16, 0.7), (5.15, 0.22, 0.4)],
    [(1.0, 0.8, 0.8), (1.002, 0.1, 0.6), (3.99, 0.32, 0.34), (6.6, 0.07, 0.08), (10.0, 0.09, 0.05)],
    [(1.0, 0.6, 0.45), (2.001, 0.36, 0.34), (3.003, 0.26, 0.24), (4.006, 0.18, 0.17), (5.01, 0.12, 0.12)],
];

/// Gains of left and right of the three places.
const PLACES: [[f32; 2]; 3] = [[1.0, 0.35], [0.8, 0.8], [0.35, 1.0]];

const PLACE_NUMBERS: [usize; 3] = [0, 1, 2];

/// Eight voices.
pub(super) struct Bells {
    voices: [Voice; 8],
    /// The block that is under way, a line for each place, and whether there is anything on it.
    lines: [[f32; BLOCK_LEN]; 3],
    are_heard: [bool; 3],
    /// How far the block is rendered.
    at: usize,
    sample_rate: f32,
}

#[derive(Clone, Debug, Default)]
struct Voice {
    bank: ModalBank<PARTIALS>,
    stroke: Stroke,
    /// How bright it was struck, 0..=15.
    shine: u8,
    /// Samples since.
    age: u32,
    /// Whether it is below [`END`].
    is_ending: bool,
}

impl Bells {
    pub(super) fn new(sample_rate_hz: u32) -> Self {
        Self {
            voices: Default::default(),
            lines: [[0.0; BLOCK_LEN]; 3],
            are_heard: [false; 3],
            at: 0,
            sample_rate: sample_rate_hz as f32,
        }
    }

    /// Strikes the softest voice from sample `at` of the block on, a multiple of 8 and never before the
    /// last stroke; `shine` 0..1 raises the upper partials.
    pub(super) fn strike(&mut self, stroke: Stroke, at: usize, shine: f32) {
        self.render_until(at);
        let loudness = |voice: &Voice| voice.bank.loudness();
        let mut softest = 0;
        for index in 1..self.voices.len() {
            if loudness(&self.voices[index]) < loudness(&self.voices[softest]) {
                softest = index;
            }
        }
        let voice = &mut self.voices[softest];
        voice.take(stroke, (15.0 * shine + 0.5) as u8);
        voice.bank.strike(&voice.partials(self.sample_rate), ATTACK);
    }

    /// Renders the rest of the block.
    pub(super) fn render(&mut self) {
        self.render_until(BLOCK_LEN);
        self.at = 0;
    }

    /// What a side hears of the block at a level of `gain`.
    pub(super) fn heard(&self, side: usize, gain: Segment) -> [Option<mix::Input<'_>>; 3] {
        PLACE_NUMBERS.map(|place| self.line(place, gain.times(PLACES[place][side])))
    }

    /// A fixed share of the block, for the echo.
    pub(super) fn sent(&self) -> [Option<mix::Input<'_>>; 3] {
        PLACE_NUMBERS.map(|place| self.line(place, Segment::flat(INTO_ECHO)))
    }

    /// Silence, before the next block.
    pub(super) fn clear(&mut self) {
        for (line, is_heard) in self.lines.iter_mut().zip(&mut self.are_heard) {
            if std::mem::take(is_heard) {
                *line = [0.0; BLOCK_LEN];
            }
        }
    }

    fn line(&self, place: usize, gain: Segment) -> Option<mix::Input<'_>> {
        self.are_heard[place].then_some((&self.lines[place], gain))
    }

    /// Lets blocks pass unheard: what rings is over.
    pub(super) fn skip(&mut self) {
        self.voices.iter_mut().for_each(|voice| voice.bank.reset());
    }

    fn render_until(&mut self, at: usize) {
        let len = at - self.at;
        for voice in self.voices.iter_mut().filter(|voice| voice.bank.is_sounding()) {
            voice.age = voice.age.saturating_add(len as u32);
            let place = voice.place();
            self.are_heard[place] = true;
            voice.bank.render(&mut self.lines[place][self.at..at]);
            if !voice.is_ending && voice.bank.loudness() < END {
                voice.is_ending = true;
                voice.bank.damp(0.1 * self.sample_rate);
            }
        }
        self.at = at;
    }
}

/// What the hall adds is taken from the half-lives.
const RINGING: f32 = 0.85;

/// Level of what the echo hears.
const INTO_ECHO: f32 = 0.36;

/// Below this, -40 dB, a voice dies within the second: under pads nobody hears how.
const END: f32 = 0.01;

/// Samples of a stroke's fade-in: 0.7 ms at 44.1 kHz, heard as soft wood.
const ATTACK: u32 = 32;

impl Voice {
    fn take(&mut self, stroke: Stroke, shine: u8) {
        (self.stroke, self.shine, self.age) = (stroke, shine.min(15), 0);
        self.is_ending = false;
    }

    /// Left, middle or right.
    fn place(&self) -> usize {
        match self.stroke.place {
            i8::MIN..-40 => 0,
            -40..=40 => 1,
            _ => 2,
        }
    }

    fn partials(&self, sample_rate: f32) -> [Partial; PARTIALS] {
        let note = f32::from(self.stroke.note);
        let step = math::hz_from_note(note) / sample_rate;
        // Low bells ring longer; C5 is 60.
        let scale = RINGING * sample_rate * math::exp2((60.0 - note) * (1.0 / 24.0));
        let shine = f32::from(self.shine) * (1.0 / 15.0);
        let gain = f32::from(self.stroke.gain) * (1.0 / 255.0);
        let mut tilt = gain;
        TIMBRES[self.stroke.timbre as usize % TIMBRES.len()].map(|(ratio, level, half)| {
            if ratio > 1.5 {
                tilt = gain * (0.45 + 0.85 * shine);
            }
            Partial { phase_step: step * ratio, level: level * tilt, half: half * scale }
        })
    }

    /// Takes the bank to where it is `age` samples after the stroke.
    fn catch_up(&mut self, sample_rate: f32) {
        let partials = self.partials(sample_rate);
        self.bank.strike(&partials, ATTACK);
        let age = self.age;
        let mut words = partials.into_iter().flat_map(|partial| {
            // As the bank does: a whole number of 2^-32 turns a sample.
            let step = (math::clamp(partial.phase_step, 0.0, 0.5) * 4_294_967_296.0) as u32;
            let half = if partial.half > 16.0 { partial.half } else { 16.0 };
            let is_heard = partial.phase_step < 0.45;
            let level = partial.level * math::exp2(-(age as f32) / half);
            [step.wrapping_mul(age), if is_heard { level.to_bits() } else { 0 }]
        });
        self.bank.visit(&mut |word| *word = words.next().unwrap_or(ATTACK << 16 | age.min(0xffff)));
    }
}

/// Two words a voice: the stroke, and its age.
impl State for Bells {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for voice in &mut self.voices {
            let Stroke { note, gain, place, timbre } = voice.stroke;
            let last = timbre << 4 | voice.shine;
            // One that is over has no age.
            let age = if voice.bank.is_sounding() { voice.age.saturating_add(1) } else { 0 };
            let mut words = (u32::from_le_bytes([note, gain, place as u8, last]), age);
            let before = words;
            words.0.visit(word);
            words.1.visit(word);
            if words == before {
                continue;
            }
            // A snapshot was loaded.
            let [note, gain, place, last] = words.0.to_le_bytes();
            let stroke =
                Stroke { note: note.min(127), gain, place: place as i8, timbre: last >> 4 };
            voice.take(stroke, last & 15);
            voice.bank.reset();
            if words.1 > 0 {
                voice.age = (words.1 - 1).min(1 << 24);
                voice.catch_up(self.sample_rate);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(bells: &mut Bells, blocks: usize) -> Vec<f32> {
        let mut out = vec![0.0; 64 * blocks];
        for left in out.as_chunks_mut().0 {
            bells.render();
            mix::add_all(left, &bells.heard(0, Segment::flat(1.0)));
            bells.clear();
        }
        out
    }

    fn stroke(timbre: u8, note: u8) -> Stroke {
        Stroke { note, gain: 200, place: -40, timbre }
    }

    #[test]
    fn a_voice_goes_on_from_two_words_as_if_nothing_had_been() {
        let mut bells = Bells::new(44_100);
        for timbre in 0..7 {
            bells.strike(stroke(timbre, 55 + 3 * timbre), 0, 0.6);
            rendered(&mut bells, 20 + timbre as usize);
        }
        let mut words = Vec::new();
        bells.visit(&mut |word| words.push(*word));
        assert_eq!(words.len(), 16);
        let (mut resumed, mut words) = (Bells::new(44_100), words.into_iter());
        resumed.visit(&mut |word| *word = words.next().unwrap());
        let (a, b) = (rendered(&mut bells, 200), rendered(&mut resumed, 200));
        // The first block has a fade of what the strokes took away.
        let off = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 2e-3, "{off}");
    }

    #[test]
    fn every_timbre_rings_and_ends() {
        for timbre in 0..8 {
            let mut bells = Bells::new(48_000);
            bells.strike(stroke(timbre, 62), 0, 1.0);
            let loudest = rendered(&mut bells, 20).iter().fold(0.0_f32, |a, x| a.max(x.abs()));
            assert!((0.3..1.6).contains(&loudest), "{timbre}: {loudest}");
            rendered(&mut bells, 20_000);
            assert!(!bells.voices.iter().any(|voice| voice.bank.is_sounding()));
        }
    }
}
