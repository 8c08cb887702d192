//! All that has become noise: far drops, wind, a whistling wire, thunder. One bank of eight filters.
//!
//! ```text
//! noise 1 ─► soft ─┬─► low-pass  (mid)  band (side) ── body of the rain
//!                  └─► band      (mid)  band (side) ── its hiss
//! noise 2 ─► soft ─┬─► band      (mid)  band (side) ── wind
//!                  ├─► narrow band (mid, a little aside) ── a wire that sings
//!                  └─► low-pass  (mid) ── thunder
//! soft: y[n] = (x[n] + 4x[n−1] + 6x[n−2] + 4x[n−3] + x[n−4]) / 16
//! left = mid + side      right = mid − side
//! ```
//!
//! Rain from afar falls by 3 to 5 dB an octave with a hump between 1 and 5 kHz; `soft` keeps what is above
//! 10 kHz low, as leaves and air do, and spares the encoder. All by meter, 2026-11.

use perpetuo_dsp::{Chance, Noise, Response, Segment, State, SvfBank, Tuning, math, mix, wide};
use perpetuo_station::BLOCK_LEN;

use super::{
    materials::{MATERIALS, Wash as Colour},
    weather::SURFACES,
};
use crate::performer::Block;

/// What is to be heard, once a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mood {
    /// How hard it rains, wind, wire and thunder: gains of 0..1, rain to 1.3.
    pub rain: f32,
    pub wind: f32,
    pub whistle: f32,
    pub rumble: f32,
    /// Semitones above C0 of the wire.
    pub note: f32,
    /// From near (0) to far (1).
    pub distance: f32,
    /// From dark (-1.5) to bright (1).
    pub tilt: f32,
    pub surfaces: [f32; SURFACES],
}

/// The noises and their filters.
pub(super) struct Wash {
    rain: Noise,
    wind: Noise,
    /// The last samples of each noise, for the softening.
    before: [[f32; 4]; 4],
    bank: SvfBank,
    gains: [f32; 8],
    /// As the surfaces and knobs have it, and gains made of it.
    colour: Colour,
    /// Blocks until filters are tuned anew; at the first block of all they are in any case.
    until: u32,
    is_tuned: bool,
    wire_place: f32,
    sample_rate: f32,
}

/// Blocks from one tuning to the next, 12 ms: a tangent costs more than a filter.
const TUNED_EVERY: u32 = 8;

/// Share of the side in the mid, -4.4 dB, by meter, 2026-11.
const SIDE: f32 = 0.6;

impl Wash {
    pub(super) fn new(chance: &Chance, sample_rate_hz: u32) -> Self {
        use Response::{Band, Low};
        let responses = [Low, Band, Band, Band, Band, Band, Band, Low];
        Self {
            rain: Noise::new(chance.word(36, 0)),
            wind: Noise::new(chance.word(36, 1)),
            before: [[0.0; 4]; 4],
            bank: SvfBank::new([Tuning::new(0.01, 1.0); 8], responses),
            gains: [0.0; 8],
            colour: MATERIALS[0].wash,
            until: 0,
            is_tuned: false,
            wire_place: chance.between(36, 2, -0.5, 0.5),
            sample_rate: sample_rate_hz as f32,
        }
    }

    /// Lets blocks pass unheard.
    pub(super) fn skip(&mut self, blocks: u32) {
        let samples = blocks as usize * BLOCK_LEN;
        self.rain.skip(samples);
        self.wind.skip(samples);
        let passed = blocks % TUNED_EVERY;
        self.until = (self.until + TUNED_EVERY - passed) % TUNED_EVERY;
    }

    /// Writes one block.
    pub(super) fn render(&mut self, out: &mut Block, mood: &Mood) {
        if self.until == 0 || !self.is_tuned {
            self.colour = colour(mood);
            self.tune(mood);
        }
        self.until = if self.until == 0 { TUNED_EVERY } else { self.until } - 1;
        let mut io = [[0.0; BLOCK_LEN]; 8];
        self.fill(&mut io);
        self.bank.process(&mut io, BLOCK_LEN);
        let goals = self.goals(mood);
        let gains: [Segment; 8] =
            std::array::from_fn(|lane| Segment::between(self.gains[lane], goals[lane], BLOCK_LEN));
        self.gains = goals;
        mix_down(out, &io, &gains, self.wire_place);
    }

    fn fill(&mut self, io: &mut [[f32; BLOCK_LEN]; 8]) {
        let mut raw = [[0.0; BLOCK_LEN + 4]; 4];
        for (raw, before) in raw.iter_mut().zip(&self.before) {
            raw[..4].copy_from_slice(before);
        }
        let [rain_mid, rain_side, wind_mid, wind_side] = &mut raw;
        self.rain.render_pair(&mut rain_mid[4..], &mut rain_side[4..]);
        self.wind.render_pair(&mut wind_mid[4..], &mut wind_side[4..]);
        for (raw, before) in raw.iter().zip(&mut self.before) {
            before.copy_from_slice(&raw[BLOCK_LEN..]);
        }
        soften(&raw[0], &mut io[0]);
        soften(&raw[1], &mut io[1]);
        soften(&raw[2], &mut io[4]);
        soften(&raw[3], &mut io[5]);
        (io[2], io[3], io[6], io[7]) = (io[0], io[1], io[4], io[5]);
    }

    fn tune(&mut self, mood: &Mood) {
        let tuning = |octaves: f32, damping: f32| {
            Tuning::new(1000.0 * math::exp2(octaves) / self.sample_rate, damping)
        };
        let Colour { body, hiss, .. } = self.colour;
        // A gust is higher the stronger it blows.
        let wind = -2.1 + 1.5 * mood.wind + 0.35 * mood.tilt;
        let wire = math::hz_from_note(math::clamp(mood.note, 36.0, 96.0)) / self.sample_rate;
        let tunings = [
            tuning(body, 1.7),
            tuning(body + 1.0, 1.1),
            tuning(hiss, 1.5),
            tuning(hiss + 0.15, 1.6),
            tuning(wind, 0.85),
            tuning(wind + 0.7, 0.8),
            Tuning::new(wire, 0.035),
            tuning(-3.4 + 1.5 * mood.rumble, 1.2),
        ];
        if self.is_tuned {
            self.bank.set(tunings);
        } else {
            self.bank.reset(tunings);
            self.is_tuned = true;
        }
    }

    /// Gains of the eight filters.
    fn goals(&self, mood: &Mood) -> [f32; 8] {
        // Between the root and the line: from drizzle to downpour it should be some 6 dB.
        let rain = math::clamp(mood.rain, 0.0, 2.0);
        let rain = rain.sqrt() * (0.55 + 0.45 * rain);
        // Wind in leaves hisses.
        let rustle = 0.3 * mood.wind * mood.wind * mood.surfaces[0];
        let body = rain * self.colour.body_gain;
        let hiss = rain * self.colour.hiss_gain + rustle * self.colour.hiss_gain;
        let wind = 0.5 * mood.wind * (0.3 + 0.7 * mood.wind);
        [
            -body,
            -0.75 * SIDE * body,
            hiss,
            SIDE * hiss,
            wind,
            0.9 * SIDE * wind,
            0.85 * mood.whistle * (0.4 + 0.6 * mood.wind),
            3.4 * mood.rumble,
        ]
    }
}

/// The colour of all surfaces together, and what distance and knobs make of it.
fn colour(mood: &Mood) -> Colour {
    let mut sum = Colour { body: 0.0, body_gain: 0.0, hiss: 0.0, hiss_gain: 0.0 };
    for (share, material) in mood.surfaces.iter().zip(&MATERIALS) {
        sum.body += share * material.wash.body;
        sum.body_gain += share * material.wash.body_gain;
        sum.hiss += share * material.wash.hiss;
        sum.hiss_gain += share * material.wash.hiss_gain;
    }
    let far = mood.distance;
    let body = sum.body - 0.7 - 0.4 * far + 0.35 * mood.tilt;
    // Harder rain has smaller drops among the large ones, and is brighter.
    let hiss = sum.hiss + 0.5 - 1.3 * far
        + 0.9 * mood.tilt
        + 0.5 * (math::clamp(mood.rain, 0.0, 1.2) - 0.6);
    Colour {
        body,
        // What is let through grows with the cutoff; the gain takes that back.
        body_gain: 0.6 * sum.body_gain * (0.75 + 0.45 * far) * math::exp2(-0.5 * (body + 1.3)),
        hiss,
        hiss_gain: 0.4
            * sum.hiss_gain
            * (0.8 - 0.1 * far)
            * math::exp2(0.75 * mood.tilt - 0.4 * (hiss - 1.0)),
    }
}

wide! {
    /// Takes off 10 dB at 10 kHz and 30 dB at 16 kHz.
    fn soften = soften_plain(raw: &[f32; BLOCK_LEN + 4], out: &mut [f32; BLOCK_LEN]);
}

#[inline(always)]
fn soften_plain(raw: &[f32; BLOCK_LEN + 4], out: &mut [f32; BLOCK_LEN]) {
    for (i, out) in out.iter_mut().enumerate() {
        let (ends, inner) = (raw[i] + raw[i + 4], raw[i + 1] + raw[i + 3]);
        *out = (ends + 4.0 * inner + 6.0 * raw[i + 2]) * (1.0 / 16.0);
    }
}

/// Lanes into mid and side, those into left and right; what is silent is left out.
fn mix_down(out: &mut Block, io: &[[f32; BLOCK_LEN]; 8], gains: &[Segment; 8], wire_place: f32) {
    let heard =
        |lane: usize, gain: Segment| (gain != Segment::flat(0.0)).then(|| (&io[lane], gain));
    let of = |lane: usize| heard(lane, gains[lane]);
    let (mut mid, mut side) = ([0.0; BLOCK_LEN], [0.0; BLOCK_LEN]);
    mix::add_all(&mut mid, &[of(0), of(2), of(4), of(6), of(7)]);
    mix::add_all(&mut side, &[of(1), of(3), of(5), heard(6, gains[6].times(wire_place))]);
    write_sides(out, &mid, &side);
}

wide! {
    fn write_sides = write_sides_plain(
        out: &mut Block,
        mid: &[f32; BLOCK_LEN],
        side: &[f32; BLOCK_LEN],
    );
}

#[inline(always)]
fn write_sides_plain([left, right]: &mut Block, mid: &[f32; BLOCK_LEN], side: &[f32; BLOCK_LEN]) {
    for i in 0..BLOCK_LEN {
        (left[i], right[i]) = (mid[i] + side[i], mid[i] - side[i]);
    }
}

/// Filters are not visited: the longest, the wire's, forgets within 50 ms.
impl State for Wash {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.rain.visit(word);
        self.wind.visit(word);
        self.until.visit(word);
        self.until %= TUNED_EVERY;
    }
}
