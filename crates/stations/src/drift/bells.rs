//! Struck things: six voices of three partials, from bell to soft mallet.

use perpetuo_dsp::{Decay, Phase, Segment, State, math};
use perpetuo_station::BLOCK_LEN;

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

/// How a struck thing sounds: partials as multiples of the lowest, their levels, its half-life.
struct Timbre {
    ratios: [f32; 3],
    levels: [f32; 3],
    half_seconds: f32,
}

/// Bell, glass, mallet, celesta. Ratios of the bell: a free bar's (1, 2.76, 5.40); of the glass: a
/// kalimba tine's (N. Fletcher, T. Rossing, *The Physics of Musical Instruments*, ch. 2).
const TIMBRES: [Timbre; 4] = [
    Timbre { ratios: [1.0, 2.76, 5.4], levels: [0.8, 0.5, 0.3], half_seconds: 0.42 },
    Timbre { ratios: [1.0, 2.003, 5.42], levels: [0.9, 0.35, 0.25], half_seconds: 0.3 },
    Timbre { ratios: [1.0, 2.0, 3.0], levels: [1.0, 0.4, 0.2], half_seconds: 0.14 },
    Timbre { ratios: [1.0, 4.0, 6.2], levels: [0.9, 0.3, 0.2], half_seconds: 0.26 },
];

/// Six voices.
pub(super) struct Bells {
    voices: [Voice; 6],
    sample_rate: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Voice {
    partials: [Phase; 3],
    decay: Decay,
    peak: f32,
    note: f32,
    timbre: u32,
    place: f32,
    /// Struck in the block that is rendered next.
    stroke: Option<Stroke>,
}

impl Bells {
    pub(super) fn new(sample_rate_hz: u32) -> Self {
        Self { voices: [Voice::default(); 6], sample_rate: sample_rate_hz as f32 }
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

    /// Adds one block; `shine` 0..1 raises the upper partials.
    pub(super) fn render(&mut self, out: &mut [&mut [f32]; 2], shine: f32) {
        for voice in &mut self.voices {
            let Some(stroke) = voice.stroke.take() else {
                voice.render(out, 0..BLOCK_LEN, self.sample_rate, shine);
                continue;
            };
            let at = stroke.at.min(BLOCK_LEN - 1);
            voice.render(out, 0..at, self.sample_rate, shine);
            voice.strike(stroke, self.sample_rate);
            voice.render(out, at..BLOCK_LEN, self.sample_rate, shine);
        }
    }
}

impl Voice {
    /// The attack's half-life in samples: 0.5 ms at 44.1 kHz, heard as soft wood.
    const ATTACK: f32 = 22.0;

    fn loudness(&self) -> f32 {
        if self.stroke.is_some() { 2.0 } else { self.decay.level() }
    }

    fn strike(&mut self, stroke: Stroke, sample_rate: f32) {
        if !self.decay.is_sounding() {
            self.partials = Default::default();
        }
        (self.note, self.place) = (stroke.note, stroke.place);
        self.timbre = stroke.timbre % TIMBRES.len() as u32;
        self.peak = stroke.gain;
        self.decay.strike(stroke.gain);
        self.tune(sample_rate);
    }

    fn tune(&mut self, sample_rate: f32) {
        let step = math::hz_from_note(self.note) / sample_rate;
        let timbre = &TIMBRES[self.timbre as usize % TIMBRES.len()];
        for (partial, ratio) in self.partials.iter_mut().zip(timbre.ratios) {
            partial.set_phase_step(step * ratio);
        }
    }

    fn render(
        &mut self,
        out: &mut [&mut [f32]; 2],
        samples: std::ops::Range<usize>,
        sample_rate: f32,
        shine: f32,
    ) {
        let len = samples.len();
        if len == 0 || !self.decay.is_sounding() {
            return;
        }
        self.tune(sample_rate);
        let timbre = &TIMBRES[self.timbre as usize % TIMBRES.len()];
        // Low bells ring longer.
        let half =
            timbre.half_seconds * sample_rate * math::exp2((60.0 - self.note) * (1.0 / 24.0));
        let level = self.decay.advance(len, Self::ATTACK, half);
        let share = |level: f32| math::clamp(level / (self.peak + 1e-6), 0.0, 1.0);
        let (from, to) = (share(level.from), share(level.at(len)));
        let mut mono = [0.0; BLOCK_LEN];
        let mono = &mut mono[..len];
        let mut tilt = 1.0;
        let (mut start, mut end) = (level.from, level.at(len));
        for (partial, weight) in self.partials.iter_mut().zip(timbre.levels) {
            let gain = weight * tilt;
            if partial.step < 1 << 30 && start + end > 1e-5 {
                partial.render_sine(mono, Segment::between(start * gain, end * gain, len));
            }
            // Upper partials die two and four times as fast and want a bright setting.
            (start, end) = (start * from, end * to);
            tilt = 0.4 + 0.9 * shine;
        }
        let gains =
            [math::clamp(1.0 - self.place, 0.0, 1.0), math::clamp(1.0 + self.place, 0.0, 1.0)];
        for (channel, gain) in out.iter_mut().zip(gains) {
            for (sample, mono) in channel[samples.clone()].iter_mut().zip(&*mono) {
                *sample += gain * mono;
            }
        }
    }
}

impl State for Bells {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for voice in &mut self.voices {
            for partial in &mut voice.partials {
                partial.turn.visit(word);
            }
            voice.decay.visit(word);
            voice.peak.visit(word);
            voice.note.visit(word);
            voice.timbre.visit(word);
            voice.place.visit(word);
            voice.note = math::clamp(voice.note, 0.0, 127.0);
            voice.timbre %= TIMBRES.len() as u32;
            voice.stroke = None;
        }
    }
}
