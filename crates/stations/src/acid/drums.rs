//! The drums: kick, hats, clap, crash, riser and blip.
//!
//! ```text
//! kick:   sine from 330 Hz down to 45 to 56 Hz, by halves every 5.5 ms, bent a little
//! noises: left, right ─► second difference ─► hats, crash ─┐
//!                     └► first difference ─► clap, riser ──┴► four low-passes of the bank
//! ```

use perpetuo_dsp::{Chance, Decay, Noise, Phase, Segment, State, Tuning, math, mix, step_from};
use perpetuo_station::BLOCK_LEN;

/// The drum set.
pub(super) struct Drums {
    kick: Phase,
    kick_body: Decay,
    kick_sweep: Decay,
    noise: Noise,
    /// The latest two samples of both noises.
    before: [[f32; 2]; 2],
    hat: Decay,
    crash: Decay,
    clap: Decay,
    /// Half-life of the hat in seconds: short when closed.
    hat_half: f32,
    hat_place: f32,
    riser: f32,
    blip: Phase,
    blip_body: Decay,
    blip_note: f32,
    blip_place: f32,
    kit: Kit,
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
        Self {
            kit,
            kick: Phase::new(),
            kick_body: Decay::new(),
            kick_sweep: Decay::new(),
            noise: Noise::new(chance.word(40, 2)),
            before: [[0.0; 2]; 2],
            hat: Decay::new(),
            crash: Decay::new(),
            clap: Decay::new(),
            hat_half: 0.02,
            hat_place: 0.2,
            riser: 0.0,
            blip: Phase::new(),
            blip_body: Decay::new(),
            blip_note: 60.0,
            blip_place: 0.6,
            sample_rate: sample_rate_hz as f32,
        }
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
        self.blip_note = note;
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
        let level = self.kick_body.advance(len, 0.000_4 * rate, self.kit.kick_half_seconds * rate);
        let sweep = self.kick_sweep.advance(len, 0.000_1 * rate, 0.011 * rate);
        let hz = |sweep: f32| self.kit.kick_hz + 280.0 * sweep * sweep;
        if self.kick.step == 0 {
            self.kick.step = step_from(hz(sweep.from) / rate);
        }
        self.kick.render_sweep(out, level, step_from(hz(sweep.at(len)) / rate));
        mix::saturate(out, Segment::flat(1.6));
    }

    /// Writes hats and crash (two lanes), clap and riser (two lanes) of both sides, at most a block;
    /// `light` in octaves. Tells how the four filters are to stand.
    pub(super) fn render_noises(&mut self, out: &mut [&mut [f32]; 4], light: f32) -> [Tuning; 4] {
        let (len, rate) = (out[0].len(), self.sample_rate);
        let high =
            Tuning::new(9_000.0 * math::exp2(0.4 * light + self.kit.hat_octaves) / rate, 0.8);
        let middle = 3300.0 * math::exp2(0.3 * light + 2.0 * self.riser + self.kit.clap_octaves);
        let middle = Tuning::new(middle / rate, 0.8);
        let is_silent = !self.hat.is_sounding()
            && !self.crash.is_sounding()
            && !self.clap.is_sounding()
            && self.riser == 0.0;
        if is_silent {
            out.iter_mut().for_each(|lane| lane.fill(0.0));
            self.noise.skip(len);
            return [high, high, middle, middle];
        }
        let hat = self.hat.advance(len, 0.000_3 * rate, self.hat_half * rate);
        let crash = self.crash.advance(len, 0.001 * rate, 0.45 * rate);
        let clap = self.clap.advance(len, 0.000_5 * rate, 0.042 * rate);
        let bright = sum(hat.times(0.16), crash.times(0.14));
        let dull = sum(clap.times(0.9), Segment::flat(0.07 * self.riser * self.riser));
        let mut noises = [[0.0; BLOCK_LEN + 2]; 2];
        let [noise_left, noise_right] = &mut noises;
        self.noise.render_pair(&mut noise_left[2..len + 2], &mut noise_right[2..len + 2]);
        for (line, before) in noises.iter_mut().zip(&mut self.before) {
            line[..2].copy_from_slice(before);
            before.copy_from_slice(&line[len..len + 2]);
        }
        let places = [1.0 - self.hat_place, 1.0 + self.hat_place];
        for (side, (line, place)) in noises.iter().zip(places).enumerate() {
            let (now, late, later) = (&line[2..len + 2], &line[1..=len], &line[..len]);
            let [bright_out, dull_out] = [side, side + 2];
            out[dull_out].copy_from_slice(now);
            mix::add(out[dull_out], late, Segment::flat(-1.0));
            out[bright_out].copy_from_slice(later);
            mix::add(out[bright_out], late, Segment::flat(-2.0));
            mix::add(out[bright_out], now, Segment::flat(1.0));
            mix::scale(out[dull_out], dull);
            mix::scale(out[bright_out], bright.times(place));
        }
        [high, high, middle, middle]
    }

    /// Adds the blip, at most a block.
    pub(super) fn render_blip(&mut self, out: &mut [&mut [f32]; 2]) {
        let (len, rate) = (out[0].len(), self.sample_rate);
        if len == 0 || !self.blip_body.is_sounding() {
            return;
        }
        let level = self.blip_body.advance(len, 0.000_5 * rate, 0.022 * rate);
        let hz = math::hz_from_note(self.blip_note) * (1.0 + 0.5 * level.from * level.from);
        self.blip.set_phase_step(hz / rate);
        let places = [1.0 - self.blip_place, 1.0 + self.blip_place];
        let mut mono = [0.0; BLOCK_LEN];
        self.blip.render_sine(&mut mono[..len], level);
        mix::add_panned(out, &mono[..len], places.map(Segment::flat));
    }
}

fn sum(a: Segment, b: Segment) -> Segment {
    Segment { from: a.from + b.from, step: a.step + b.step }
}

impl State for Drums {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.kick.visit(word);
        self.blip.turn.visit(word);
        let decays = [
            &mut self.kick_body,
            &mut self.kick_sweep,
            &mut self.hat,
            &mut self.crash,
            &mut self.clap,
            &mut self.blip_body,
        ];
        decays.into_iter().for_each(|decay| decay.visit(word));
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
    }
}
