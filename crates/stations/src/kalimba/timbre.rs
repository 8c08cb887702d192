//! What a struck thing is made of: tines, combs, bars and tongues, each as six modes.
//!
//! ```text
//! level of a mode = level · octaves of tilt · loudness^hardness      half-life = half · 2^((54 − note) / 24)
//! ```
//!
//! Ratios: tines after D. Chapman, *The Tones of the Kalimba (African Thumb Piano)*, J. Acoust. Soc. Am.
//! 131, 2012 (5.4 to 6.3 and 9 to 15 for the upper modes); the comb a clamped bar's (1, 6.27, 17.55), bars
//! tuned as a marimba's (1, 3.93, 9.2), the tongue as a steel pan's, from N. Fletcher and T. Rossing, *The
//! Physics of Musical Instruments*, ch. 2, 19 and 20. Levels and half-lives by meter, 2026-11.

use perpetuo_dsp::{Partial, math};

use super::stroke::Stroke;

/// Modes of one struck thing.
pub(super) const MODES: usize = 6;

/// One mode: a multiple of the note, or where it is negative so many Hz of the body below.
#[derive(Clone, Copy, Debug)]
struct Mode {
    ratio: f32,
    level: f32,
    half_ms: f32,
}

/// How a thing sounds when it is struck.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timbre {
    modes: [Mode; MODES],
    /// Fade-in, in ms: a nail is quick, a mallet is not.
    attack_ms: f32,
    /// Noise of the nail on the tine, as a share of the gain.
    pub click: f32,
    /// Whether it sounds in the middle, for there are no lows at the sides.
    pub is_central: bool,
    /// Its loudness against a kalimba's.
    trim: f32,
}

/// How one instrument was made: no two are alike, and a performance has one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Make {
    /// What upper modes are multiplied by, for tines are thicker at one end: 0.93..1.15.
    stretch: f32,
    /// What half-lives are multiplied by, as the bridge holds them: 0.75..1.3.
    length: f32,
    /// What the body's resonances are multiplied by, as it is large or small: 0.85..1.25.
    body: f32,
    /// Tines are off by up to 3 cents, by this.
    salt: u32,
}

impl Make {
    /// An instrument by its number, any number.
    pub(super) fn of(salt: u32) -> Self {
        let share = |byte: u32| (salt >> (8 * byte) & 255) as f32 * (1.0 / 255.0);
        Self {
            stretch: 0.93 + 0.22 * share(0),
            length: 0.75 + 0.55 * share(1),
            body: 0.85 + 0.4 * share(2),
            salt,
        }
    }

    /// How far the tine of a note is off, in cents.
    fn cents(&self, note: u32) -> f32 {
        let hash = (note ^ self.salt).wrapping_mul(0x9E37_79B9);
        ((hash >> 16) as f32 * (1.0 / 32_768.0) - 1.0) * 3.0
    }
}

/// Numbers of the timbres.
pub(super) mod name {
    pub(in super::super) const KALIMBA: u32 = 0;
    pub(in super::super) const MBIRA: u32 = 1;
    pub(in super::super) const MUSIC_BOX: u32 = 2;
    pub(in super::super) const MARIMBA: u32 = 3;
    pub(in super::super) const TONGUE: u32 = 4;
    pub(in super::super) const BASS: u32 = 5;
    pub(in super::super) const WOOD: u32 = 6;
    /// No tine at all: what the synthesiser shakes.
    pub(in super::super) const SHAKER: u32 = 7;
}

const fn mode(ratio: f32, level: f32, half_ms: f32) -> Mode {
    Mode { ratio, level, half_ms }
}

#[rustfmt::skip]
const TIMBRES: [Timbre; 7] = [
    Timbre {
        modes: [mode(1.0, 0.88, 270.0), mode(2.005, 0.27, 160.0), mode(3.02, 0.12, 105.0),
                mode(5.42, 0.52, 55.0), mode(9.1, 0.26, 15.0), mode(-208.0, 0.28, 15.0)],
        attack_ms: 0.5, click: 1.0, is_central: false, trim: 1.0,
    },
    Timbre {
        modes: [mode(1.0, 0.75, 240.0), mode(2.01, 0.42, 170.0), mode(3.05, 0.3, 110.0),
                mode(4.98, 0.32, 60.0), mode(8.3, 0.2, 22.0), mode(-152.0, 0.3, 20.0)],
        attack_ms: 0.4, click: 1.2, is_central: false, trim: 0.95,
    },
    Timbre {
        modes: [mode(1.0, 0.85, 420.0), mode(2.0, 0.07, 260.0), mode(3.0, 0.1, 200.0),
                mode(6.27, 0.3, 70.0), mode(9.6, 0.06, 26.0), mode(17.55, 0.06, 9.0)],
        attack_ms: 0.3, click: 0.7, is_central: false, trim: 0.95,
    },
    Timbre {
        modes: [mode(1.0, 1.0, 125.0), mode(2.0, 0.05, 80.0), mode(3.93, 0.36, 44.0),
                mode(9.2, 0.2, 12.0), mode(13.1, 0.06, 6.0), mode(-176.0, 0.25, 12.0)],
        attack_ms: 1.4, click: 0.8, is_central: false, trim: 1.25,
    },
    Timbre {
        modes: [mode(1.0, 0.75, 520.0), mode(2.0, 0.42, 430.0), mode(2.997, 0.22, 260.0),
                mode(4.02, 0.12, 130.0), mode(5.13, 0.14, 46.0), mode(7.9, 0.12, 16.0)],
        attack_ms: 1.0, click: 0.5, is_central: false, trim: 0.85,
    },
    Timbre {
        modes: [mode(1.0, 1.0, 420.0), mode(2.002, 0.42, 260.0), mode(3.01, 0.2, 140.0),
                mode(5.4, 0.22, 40.0), mode(9.0, 0.1, 14.0), mode(-118.0, 0.2, 24.0)],
        attack_ms: 1.0, click: 0.6, is_central: true, trim: 1.0,
    },
    Timbre {
        modes: [mode(1.0, 0.7, 15.0), mode(2.71, 0.5, 10.0), mode(5.15, 0.25, 6.0),
                mode(7.4, 0.15, 4.0), mode(-240.0, 0.4, 16.0), mode(-415.0, 0.2, 12.0)],
        attack_ms: 0.6, click: 0.6, is_central: false, trim: 1.0,
    },
];

impl Timbre {
    /// A timbre by its number; numbers beyond are the last.
    pub(super) fn of(number: u32) -> &'static Self {
        &TIMBRES[(number as usize).min(TIMBRES.len() - 1)]
    }

    /// What to strike for a stroke on an instrument; brightness 0..1.
    pub(super) fn partials(
        &self,
        stroke: Stroke,
        make: &Make,
        brightness: f32,
        sample_rate: f32,
    ) -> [Partial; MODES] {
        let (note, gain) = (stroke.note() as f32, stroke.gain());
        let hz = stroke.hz() * math::exp2(make.cents(stroke.note()) * (1.0 / 1200.0));
        // Low tines ring longer: the half-life doubles every two octaves down.
        let length = make.length * math::exp2((54.0 - note) * (1.0 / 24.0));
        // A soft stroke is also a dull one: 6 dB softer takes 1.5 dB an octave off.
        let hardness = 0.25 * math::log2(gain * 1.6);
        let tilt = 1.4 * (brightness - 0.5) + hardness;
        self.modes.map(|mode| {
            let is_body = mode.ratio < 0.0;
            let octaves = if is_body { 0.0 } else { math::log2(mode.ratio) };
            // The lowest modes of a bright setting give a little, so that it is not merely louder.
            let level = mode.level * math::exp2(tilt * (octaves - 0.6));
            let level = if octaves == 0.0 { mode.level * math::exp2(-0.3 * tilt) } else { level };
            let hz = match mode.ratio {
                body if is_body => -body * make.body,
                high if high > 4.5 => hz * high * make.stretch,
                low => hz * low,
            };
            Partial {
                phase_step: hz / sample_rate,
                level: level * gain * self.trim,
                half: 0.001 * sample_rate * mode.half_ms * if is_body { 1.0 } else { length },
            }
        })
    }

    /// The fade-in in samples, 0..=512.
    pub(super) fn attack(&self, sample_rate: f32) -> u32 {
        (0.001 * sample_rate * self.attack_ms) as u32
    }
}
