//! The drums: a soft kick, a rim, a brush.
//!
//! ```text
//! kick  sine from 52 + 95 Hz down by halves of 9 ms, level by halves of 80 ms, bent a little
//! rim   four modes, 450 Hz to 2.9 kHz, gone within 60 ms
//! brush noise of two sides, rising in 3 ms, falling by halves of 17 or 70 ms ─► (band, in the bank)
//! ```

use perpetuo_dsp::{Chance, ModalBank, Noise, Partial, Phase, Segment, mix};
use perpetuo_station::BLOCK_LEN;

use super::pace::{Pace, Stroke};
use crate::performer::GRID;

/// The drums of one performance. All of it is over within a second, so no snapshot needs it.
pub(super) struct Drums {
    kick: Phase,
    body: Stroke,
    sweep: Stroke,
    /// The kick before, fading out under the one that begins, and how much of that is over.
    tail: [f32; BLOCK_LEN],
    tail_at: usize,
    rim: ModalBank<4>,
    rim_partials: [Partial; 4],
    rim_send: f32,
    noise: Noise,
    brush: Stroke,
    is_open: bool,
    /// Of the brush, -1..1.
    place: f32,
    /// Of the seed, around 1: how the set is tuned.
    tuning: f32,
    paces: Paces,
    sample_rate: f32,
}

/// Attack and half-life of each; the brush has one half-life closed and one open.
struct Paces {
    body: [Pace; 2],
    sweep: [Pace; 2],
    brush: [Pace; 3],
}

impl Drums {
    /// -54 dB of a brush is below the hiss.
    const BRUSH_END: f32 = 2e-3;

    pub(super) fn new(chance: &Chance, stream: u32, sample_rate_hz: u32) -> Self {
        let sample_rate = sample_rate_hz as f32;
        let tuning = chance.between(stream, 0, 0.88, 1.15);
        let pace = |seconds: f32| Pace::new(seconds * sample_rate);
        let modes =
            [(452.0, 0.5, 0.016), (911.0, 0.7, 0.011), (1730.0, 0.55, 0.008), (2890.0, 0.3, 0.005)];
        Self {
            kick: Phase::new(),
            body: Stroke::new(5e-4),
            sweep: Stroke::new(1e-3),
            tail: [0.0; BLOCK_LEN],
            tail_at: BLOCK_LEN,
            rim: ModalBank::new(),
            rim_partials: modes.map(|(hz, level, half)| Partial {
                phase_step: tuning * tuning * hz / sample_rate,
                level,
                half: half * sample_rate,
            }),
            rim_send: 0.0,
            noise: Noise::new(chance.word(stream, 1)),
            brush: Stroke::new(Self::BRUSH_END),
            is_open: false,
            place: 0.35,
            tuning,
            paces: Paces {
                body: [0.001, 0.08].map(pace),
                sweep: [0.000_1, 0.009].map(pace),
                brush: [0.003, 0.017, 0.07].map(pace),
            },
            sample_rate,
        }
    }

    pub(super) fn strike_kick(&mut self, gain: f32) {
        // Every kick begins at the start of its cycle, so that all sound alike; what rings on is faded.
        if self.body.is_sounding() {
            let mut tail = [0.0; BLOCK_LEN];
            self.add_kick(&mut tail);
            mix::scale(&mut tail, Segment::between(1.0, 0.0, BLOCK_LEN));
            (self.tail, self.tail_at) = (tail, 0);
        }
        self.kick.turn = 0;
        self.body.reset();
        self.body.strike(gain);
        self.sweep.strike(1.0);
    }

    pub(super) fn strike_rim(&mut self, gain: f32, send: f32) {
        let partials = self.rim_partials.map(|mode| Partial { level: gain * mode.level, ..mode });
        self.rim.strike(&partials, 16);
        self.rim_send = send;
    }

    pub(super) fn stroke_brush(&mut self, gain: f32, is_open: bool, place: f32) {
        self.brush.strike(gain);
        (self.is_open, self.place) = (is_open, place);
    }

    /// How loud the kick is, 0..1: what others make way for.
    pub(super) fn kick_level(&self) -> f32 {
        self.body.level()
    }

    /// Writes the kick over silence, a multiple of 8 samples; whether there is any.
    pub(super) fn render_kick(&mut self, out: &mut [f32]) -> bool {
        if !self.body.is_sounding() {
            return false;
        }
        self.add_kick(out);
        if self.tail_at < BLOCK_LEN {
            let len = out.len().min(BLOCK_LEN - self.tail_at);
            mix::add(out, &self.tail[self.tail_at..][..len], Segment::flat(1.0));
            self.tail_at += len;
        }
        true
    }

    fn add_kick(&mut self, out: &mut [f32]) {
        let (len, Paces { body, sweep, .. }) = (out.len(), &self.paces);
        let level = self.body.advance(len, &body[0], &body[1]);
        let sweep = self.sweep.advance(len, &sweep[0], &sweep[1]);
        let hz = self.tuning * (52.0 + 95.0 * sweep.at(len / 2));
        self.kick.set_phase_step(hz / self.sample_rate);
        self.kick.render_sine(out, level);
        mix::saturate(out, Segment::flat(1.5));
    }

    /// Writes the rim over silence, and adds what of it goes to the tape; whether there is any.
    pub(super) fn render_rim(&mut self, out: &mut [f32], send: &mut [f32]) -> bool {
        if !self.rim.is_sounding() {
            return false;
        }
        self.rim.render(out);
        mix::add(send, out, Segment::flat(self.rim_send));
        true
    }

    /// Writes the brush, not filtered yet, over silence; whether there is any.
    pub(super) fn render_brush(&mut self, [left, right]: [&mut [f32]; 2]) -> bool {
        let len = left.len();
        if !self.brush.is_sounding() {
            self.noise.skip(len);
            return false;
        }
        let [attack, closed, open] = &self.paces.brush;
        let half = if self.is_open { open } else { closed };
        let level = self.brush.advance(len, attack, half);
        // The two samples before are wanted too; whole eights are quicker.
        let mut noise = [[0.0; BLOCK_LEN + GRID]; 2];
        let [a, b] = &mut noise;
        self.noise.skip(GRID.wrapping_neg());
        self.noise.render_pair(&mut a[..len + GRID], &mut b[..len + GRID]);
        let [to_left, to_right] = mix::pan(self.place);
        soften(left, &a[GRID - 2..], level.times(to_left));
        soften(right, &b[GRID - 2..], level.times(to_right));
        true
    }

    /// Lets blocks pass unheard.
    pub(super) fn skip(&mut self, blocks: u32) {
        self.noise.skip((blocks as usize).wrapping_mul(BLOCK_LEN));
    }
}

/// Takes the top off, so that a brush is one: `y[n] = level[n] · (x[n] + 2x[n−1] + x[n−2]) / 4`. The first
/// of `x` is two samples before the first of `y`.
fn soften(y: &mut [f32], x: &[f32], level: Segment) {
    let level = level.times(0.25);
    let three = x.iter().zip(&x[1..]).zip(&x[2..]);
    for (i, (y, ((a, b), c))) in y.iter_mut().zip(three).enumerate() {
        *y = (a + c + (b + b)) * (level.from + level.step * i as i32 as f32);
    }
}

impl perpetuo_dsp::State for Drums {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.noise.visit(word);
    }
}
