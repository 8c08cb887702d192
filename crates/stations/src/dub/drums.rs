//! The drums: a soft kick, a rim, a brush.
//!
//! ```text
//! kick  sine from 52 + 95 Hz down by halves of 9 ms, level by halves of 80 ms, bent a little
//! rim   four modes, 450 Hz to 2.9 kHz, gone within 60 ms
//! brush noise of two sides, rising in 3 ms, falling by halves of 17 or 70 ms ─► (band, in the bank)
//! ```

use perpetuo_dsp::{Chance, Decay, ModalBank, Noise, Partial, Phase, Segment, mix};
use perpetuo_station::BLOCK_LEN;

/// The drums of one performance. All of it is over within a second, so no snapshot needs it.
pub(super) struct Drums {
    kick: Phase,
    body: Decay,
    sweep: Decay,
    /// The kick before, fading out under the one that begins, and how much of that is over.
    tail: [f32; BLOCK_LEN],
    tail_at: usize,
    rim: ModalBank<4>,
    rim_partials: [Partial; 4],
    rim_send: f32,
    noise: Noise,
    brush: Decay,
    /// The latest two samples of both sides' noise.
    before: [[f32; 2]; 2],
    is_open: bool,
    /// Of the brush, -1..1.
    place: f32,
    /// Of the seed, around 1: how the set is tuned.
    tuning: f32,
    sample_rate: f32,
}

impl Drums {
    pub(super) fn new(chance: &Chance, stream: u32, sample_rate_hz: u32) -> Self {
        let sample_rate = sample_rate_hz as f32;
        let tuning = chance.between(stream, 0, 0.88, 1.15);
        let modes =
            [(452.0, 0.5, 0.016), (911.0, 0.7, 0.011), (1730.0, 0.55, 0.008), (2890.0, 0.3, 0.005)];
        Self {
            kick: Phase::new(),
            body: Decay::new(),
            sweep: Decay::new(),
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
            brush: Decay::new(),
            before: [[0.0; 2]; 2],
            is_open: false,
            place: 0.35,
            tuning,
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

    /// Writes the kick, a multiple of 8 samples; whether there is any.
    pub(super) fn render_kick(&mut self, out: &mut [f32]) -> bool {
        out.fill(0.0);
        if !self.body.is_sounding() {
            return false;
        }
        self.add_kick(out);
        let len = out.len().min(BLOCK_LEN - self.tail_at);
        mix::add(out, &self.tail[self.tail_at..][..len], Segment::flat(1.0));
        self.tail_at += len;
        true
    }

    fn add_kick(&mut self, out: &mut [f32]) {
        let (len, rate) = (out.len(), self.sample_rate);
        let level = self.body.advance(len, 0.001 * rate, 0.08 * rate);
        let sweep = self.sweep.advance(len, 0.000_1 * rate, 0.009 * rate);
        let hz = self.tuning * (52.0 + 95.0 * sweep.at(len / 2));
        self.kick.set_phase_step(hz / rate);
        self.kick.render_sine(out, level);
        mix::saturate(out, Segment::flat(1.5));
    }

    /// Writes the rim, and adds what of it goes to the tape; whether there is any.
    pub(super) fn render_rim(&mut self, out: &mut [f32], send: &mut [f32]) -> bool {
        out.fill(0.0);
        if !self.rim.is_sounding() {
            return false;
        }
        self.rim.render(out);
        mix::add(send, out, Segment::flat(self.rim_send));
        true
    }

    /// Writes the brush, not filtered yet; whether there is any.
    pub(super) fn render_brush(&mut self, [left, right]: [&mut [f32]; 2]) -> bool {
        let (len, rate) = (left.len(), self.sample_rate);
        if !self.brush.is_sounding() {
            self.noise.skip(len);
            left.fill(0.0);
            right.fill(0.0);
            return false;
        }
        let half = if self.is_open { 0.07 } else { 0.017 };
        let level = self.brush.advance(len, 0.003 * rate, half * rate);
        self.noise.render_pair(left, right);
        for (side, before) in [&mut *left, &mut *right].into_iter().zip(&mut self.before) {
            soften(side, before);
        }
        let [to_left, to_right] = mix::pan(self.place);
        mix::scale(left, level.times(to_left));
        mix::scale(right, level.times(to_right));
        true
    }

    /// Lets blocks pass unheard.
    pub(super) fn skip(&mut self, blocks: u32) {
        self.noise.skip((blocks as usize).wrapping_mul(BLOCK_LEN));
    }
}

/// Takes the top off, so that a brush is one: `y[n] = (x[n] + 2x[n−1] + x[n−2]) / 4`.
fn soften(io: &mut [f32], before: &mut [f32; 2]) {
    let mut line = [0.0; BLOCK_LEN + 2];
    line[..2].copy_from_slice(before);
    line[2..io.len() + 2].copy_from_slice(io);
    before.copy_from_slice(&line[io.len()..io.len() + 2]);
    for (i, sample) in io.iter_mut().enumerate() {
        *sample = 0.25 * (line[i] + line[i + 2]) + 0.5 * line[i + 1];
    }
}

impl perpetuo_dsp::State for Drums {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.noise.visit(word);
    }
}
