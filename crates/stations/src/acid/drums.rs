//! The drums: kick, hats, clap, crash, riser and blip.
//!
//! ```text
//! kick:   sine from 330 Hz down to 45 to 56 Hz, by halves every 5.5 ms, bent a little
//! noises: left, right ─► second difference ─► hats, crash ─┐
//!                     └► first difference ─► clap, riser ──┴► four low-passes of the bank
//! ```

use perpetuo_dsp::{Chance, Noise, Phase, Segment, State, Tuning, math, mix, step_from, wide};
use perpetuo_station::BLOCK_LEN;

use super::hit::Hit;

/// The drum set.
pub(super) struct Drums {
    kick: Phase,
    kick_body: Hit,
    kick_sweep: Hit,
    noise: Noise,
    /// The latest two samples of both noises.
    before: [[f32; 2]; 2],
    hat: Hit,
    crash: Hit,
    clap: Hit,
    /// Half-life of the hat in seconds: short when closed.
    hat_half: f32,
    hat_place: f32,
    riser: f32,
    blip: Phase,
    blip_body: Hit,
    blip_note: f32,
    blip_hz: f32,
    blip_place: f32,
    kit: Kit,
    /// Where the filters of hats and of claps stand, and how many 1/64 octaves from the middle that is.
    octaves: [i32; 2],
    tunings: [Tuning; 2],
    sample_rate: f32,
}

/// What one seed's drums are like.
#[derive(Clone, Copy, Debug)]
struct Kit {
    /// Where the kick's pitch ends, and how long it rings.
    kick_hz: f32,
    kick_half_seconds: f32,
    /// Octaves from the middle of hats and of claps.
    hat_octaves: f32,
    clap_octaves: f32,
}

impl Drums {
    pub(super) fn new(chance: &Chance, sample_rate_hz: u32) -> Self {
        let kit = Kit {
            kick_hz: chance.between(41, 0, 45.0, 56.0),
            kick_half_seconds: chance.between(41, 1, 0.055, 0.095),
            hat_octaves: chance.between(41, 2, -0.35, 0.15),
            clap_octaves: chance.between(41, 3, -0.5, 0.3),
        };
        let rate = sample_rate_hz as f32;
        let hit = |rise: f32, fall: f32| Hit::new(rise * rate, fall * rate, Hit::REST);
        let mut drums = Self {
            kit,
            kick: Phase::new(),
            kick_body: hit(0.000_4, kit.kick_half_seconds),
            kick_sweep: hit(0.000_1, 0.011),
            noise: Noise::new(chance.word(40, 2)),
            before: [[0.0; 2]; 2],
            // Over before the next one: 7 half-lives.
            hat: Hit::new(rate, rate, 0.008),
            crash: hit(0.001, 0.45),
            clap: hit(0.000_5, 0.042),
            hat_half: 0.02,
            hat_place: 0.2,
            riser: 0.0,
            blip: Phase::new(),
            blip_body: hit(0.000_5, 0.022),
            blip_note: 60.0,
            blip_hz: math::hz_from_note(60.0),
            blip_place: 0.6,
            octaves: [i32::MAX; 2],
            tunings: [Tuning::new(0.2, 0.8); 2],
            sample_rate: rate,
        };
        drums.prepare_hat();
        drums
    }

    pub(super) fn kick(&mut self, gain: f32) {
        if !self.kick_body.is_sounding() {
            (self.kick.turn, self.kick.step) = (0, 0);
        }
        self.kick_body.strike(gain);
        self.kick_sweep.strike(1.0);
    }

    pub(super) fn hat(&mut self, gain: f32, half_seconds: f32) {
        self.hat.strike(gain);
        self.hat_half = half_seconds;
        self.prepare_hat();
        self.hat_place = -self.hat_place;
    }

    pub(super) fn clap(&mut self, gain: f32) {
        self.clap.strike(gain);
    }

    pub(super) fn crash(&mut self, gain: f32) {
        self.crash.strike(gain);
    }

    pub(super) fn blip(&mut self, gain: f32, note: f32) {
        if !self.blip_body.is_sounding() {
            self.blip.turn = 0;
        }
        (self.blip_note, self.blip_hz) = (note, math::hz_from_note(note));
        self.blip_place = -self.blip_place;
        self.blip_body.strike(gain);
    }

    /// Lets samples pass unheard.
    pub(super) fn skip(&mut self, samples: usize) {
        self.noise.skip(samples);
    }

    /// Heads for a riser, 0..1.
    pub(super) fn set_riser(&mut self, riser: f32) {
        self.riser = riser;
    }

    /// How loud the kick is, 0..1: what others make way for.
    pub(super) fn kick_level(&self) -> f32 {
        self.kick_body.level()
    }

    /// Writes the kick, at most a block.
    pub(super) fn render_kick(&mut self, out: &mut [f32]) {
        out.fill(0.0);
        let (len, rate) = (out.len(), self.sample_rate);
        if len == 0 || !self.kick_body.is_sounding() {
            return;
        }
        let level = self.kick_body.advance(len);
        let sweep = self.kick_sweep.advance(len);
        let hz = |sweep: f32| self.kit.kick_hz + 280.0 * sweep * sweep;
        if self.kick.step == 0 {
            self.kick.step = step_from(hz(sweep.from) / rate);
        }
        self.kick.render_sweep(out, level.times(1.6), step_from(hz(sweep.at(len)) / rate));
        // Below, what is bent is -76 dB.
        if level.from > 0.05 || level.at(len) > 0.05 {
            mix::saturate(out, Segment::flat(1.0));
        }
    }

    /// Writes hats and crash (two lanes), clap and riser (two lanes) of both sides, at most a block;
    /// `light` in octaves. Tells how the filters of hats and of claps are to stand.
    pub(super) fn render_noises(&mut self, out: [&mut [f32]; 4], light: f32) -> [Tuning; 2] {
        let [hat_left, hat_right, clap_left, clap_right] = out;
        let len = hat_left.len();
        self.tune(light);
        let is_bright = self.hat.is_sounding() || self.crash.is_sounding();
        let is_dull = self.clap.is_sounding() || self.riser > 0.0;
        if !is_bright {
            hat_left.fill(0.0);
            hat_right.fill(0.0);
        }
        if !is_dull {
            clap_left.fill(0.0);
            clap_right.fill(0.0);
        }
        if !is_bright && !is_dull {
            self.noise.skip(len);
            return self.tunings;
        }
        let mut noises = [[0.0; BLOCK_LEN + 2]; 2];
        self.render_noise(&mut noises, len);
        let (left, right) = (&noises[0][..len + 2], &noises[1][..len + 2]);
        if is_bright {
            let level = sum(self.hat.advance(len).times(0.16), self.crash.advance(len).times(0.14));
            write_bright(hat_left, left, level.times(1.0 - self.hat_place));
            write_bright(hat_right, right, level.times(1.0 + self.hat_place));
        }
        if is_dull {
            let riser = Segment::flat(0.07 * self.riser * self.riser);
            let level = sum(self.clap.advance(len).times(0.9), riser);
            write_dull(clap_left, left, level);
            write_dull(clap_right, right, level);
        }
        self.tunings
    }

    /// Adds the blip to one channel, at most a block, and tells whether there was any.
    pub(super) fn render_blip(&mut self, out: &mut [f32]) -> bool {
        if !self.blip_body.is_sounding() {
            return false;
        }
        let level = self.blip_body.advance(out.len());
        let hz = self.blip_hz * (1.0 + 0.5 * level.from * level.from);
        self.blip.set_phase_step(hz / self.sample_rate);
        self.blip.render_sine(out, level);
        true
    }

    /// Where the blip is, from -1 (left) to 1 (right).
    pub(super) fn blip_place(&self) -> f32 {
        self.blip_place
    }

    /// Where the latest hat is, -1..1.
    pub(super) fn hat_place(&self) -> f32 {
        self.hat_place
    }

    /// Two noises, after the latest two samples of each.
    fn render_noise(&mut self, noises: &mut [[f32; BLOCK_LEN + 2]; 2], len: usize) {
        let [left, right] = noises;
        self.noise.render_pair(&mut left[2..len + 2], &mut right[2..len + 2]);
        for (line, before) in noises.iter_mut().zip(&mut self.before) {
            (line[0], line[1]) = (before[0], before[1]);
            *before = [line[len], line[len + 1]];
        }
    }

    /// Moves the noises' filters, in steps of 1/64 octave: between two of them no tangent is due.
    fn tune(&mut self, light: f32) {
        let high = 0.4 * light + self.kit.hat_octaves;
        let middle = 0.3 * light + 2.0 * self.riser + self.kit.clap_octaves;
        let octaves = [(64.0 * high) as i32, (64.0 * middle) as i32];
        if octaves == self.octaves {
            return;
        }
        self.octaves = octaves;
        let [high, middle] = octaves.map(|steps| math::exp2(steps as f32 * (1.0 / 64.0)));
        let rate = self.sample_rate;
        self.tunings =
            [Tuning::new(9_000.0 * high / rate, 0.8), Tuning::new(3_300.0 * middle / rate, 0.8)];
    }

    fn prepare_hat(&mut self) {
        let rate = self.sample_rate;
        self.hat.set_halves(0.000_3 * rate, self.hat_half * rate);
    }
}

wide! {
    /// The second difference of a noise, of which two samples lie before the run.
    fn write_bright = write_bright_plain(out: &mut [f32], noise: &[f32], level: Segment);
}

#[inline(always)]
fn write_bright_plain(out: &mut [f32], noise: &[f32], level: Segment) {
    for n in 0..out.len().min(noise.len().saturating_sub(2)) {
        let (later, late, now) = (noise[n], noise[n + 1], noise[n + 2]);
        out[n] = (level.from + level.step * n as i32 as f32) * ((now - late) - (late - later));
    }
}

wide! {
    /// The first difference.
    fn write_dull = write_dull_plain(out: &mut [f32], noise: &[f32], level: Segment);
}

#[inline(always)]
fn write_dull_plain(out: &mut [f32], noise: &[f32], level: Segment) {
    for n in 0..out.len().min(noise.len().saturating_sub(2)) {
        let (late, now) = (noise[n + 1], noise[n + 2]);
        out[n] = (level.from + level.step * n as i32 as f32) * (now - late);
    }
}

fn sum(a: Segment, b: Segment) -> Segment {
    Segment { from: a.from + b.from, step: a.step + b.step }
}

impl State for Drums {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.kick.visit(word);
        self.blip.turn.visit(word);
        let hits = [
            &mut self.kick_body,
            &mut self.kick_sweep,
            &mut self.hat,
            &mut self.crash,
            &mut self.clap,
            &mut self.blip_body,
        ];
        hits.into_iter().for_each(|hit| hit.visit(word));
        self.noise.visit(word);
        self.before.visit(word);
        let values = [
            &mut self.hat_half,
            &mut self.hat_place,
            &mut self.riser,
            &mut self.blip_note,
            &mut self.blip_place,
        ];
        values.into_iter().for_each(|value| value.visit(word));
        self.hat_half = math::clamp(self.hat_half, 0.001, 1.0);
        self.hat_place = math::clamp(self.hat_place, -1.0, 1.0);
        self.riser = math::clamp(self.riser, 0.0, 1.0);
        self.blip_note = math::clamp(self.blip_note, 0.0, 127.0);
        self.blip_place = math::clamp(self.blip_place, -1.0, 1.0);
        self.blip_hz = math::hz_from_note(self.blip_note);
        self.prepare_hat();
    }
}
