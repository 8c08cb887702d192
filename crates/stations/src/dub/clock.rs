//! The pulse: sixteenths of a kick that steps twice a beat, each on its sample.
//!
//! ```text
//! pair  = (256 · 60 · fs / 4) / tempo + rest     two sixteenths, in 1/256 sample
//! first = pair · swing                           what is left over goes to the next pair
//! ```
//!
//! A beat of the tempo is two steps of the kick: at 64 bpm it steps at 128, as techno counts, while
//! bass and rim go at 64, as reggae does. A bar is four kicks, [`Pulse::BAR`] sixteenths.

use perpetuo_dsp::{State, math};

/// Walks through sixteenths; tempo waits for the bar, swing for the next pair.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pulse {
    sample_rate: f32,
    /// In bpm, in force and asked for.
    tempo: [f32; 2],
    /// Share of a pair that its first sixteenth takes, asked for.
    swing: f32,
    /// The next step of the bar.
    step: u32,
    /// Of the pair that has begun: its second sixteenth, in 1/256 sample.
    second: u32,
    /// What whole samples left over, in 1/256 sample.
    rest: u32,
}

impl Pulse {
    /// Sixteenths of a bar.
    pub(super) const BAR: u32 = 16;

    pub(super) fn new(sample_rate_hz: u32, tempo_bpm: f32, swing_percent: f32) -> Self {
        Self {
            sample_rate: sample_rate_hz as f32,
            tempo: [tempo_bpm; 2],
            swing: 0.01 * swing_percent,
            step: 0,
            second: 0,
            rest: 0,
        }
    }

    /// Takes a tempo from the next bar on.
    pub(super) fn set_tempo(&mut self, bpm: f32) {
        self.tempo[1] = bpm;
    }

    /// Takes a swing from the next pair of sixteenths on.
    pub(super) fn set_swing(&mut self, percent: f32) {
        self.swing = 0.01 * percent;
    }

    /// The next step of the bar, and its length in samples.
    pub(super) fn advance(&mut self) -> (u32, u32) {
        let step = self.step;
        if step == 0 {
            self.tempo[0] = self.tempo[1];
        }
        self.step = (step + 1) % Self::BAR;
        let len = if step.is_multiple_of(2) {
            let pair = 512.0 * self.step_len();
            let first = pair * self.swing;
            self.second = (pair - first) as u32;
            first as u32
        } else {
            self.second
        };
        let len = len + self.rest;
        self.rest = len % 256;
        (step, len / 256)
    }

    /// Samples of an even sixteenth at the tempo in force.
    pub(super) fn step_len(&self) -> f32 {
        // 60 s / 2 kicks a beat / 4 sixteenths a kick.
        7.5 * self.sample_rate / self.tempo[0]
    }
}

impl State for Pulse {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.tempo.visit(word);
        self.tempo = self.tempo.map(|tempo| math::clamp(tempo, 60.0, 95.0));
        self.swing.visit(word);
        self.swing = math::clamp(self.swing, 0.5, 0.66);
        for (value, end) in
            [(&mut self.step, Self::BAR), (&mut self.second, 1 << 24), (&mut self.rest, 256)]
        {
            value.visit(word);
            *value %= end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_bars_is_an_hour_and_swing_moves_only_every_second_step() {
        let mut pulse = Pulse::new(44_100, 71.3, 61.0);
        let mut samples = 0_u64;
        let bars = 2139; // 60 min · 71.3 bpm / 2 beats a bar
        for step in 0..bars * Pulse::BAR {
            let (of_bar, len) = pulse.advance();
            assert_eq!(of_bar, step % Pulse::BAR);
            let share = if step % 2 == 0 { 0.61 } else { 0.39 };
            assert!((len as f32 - 2.0 * share * pulse.step_len()).abs() < 1.5);
            samples += u64::from(len);
        }
        let exact = f64::from(bars) * 16.0 * 7.5 * 44_100.0 / 71.3;
        assert!((samples as f64 - exact).abs() < 200.0, "{samples} {exact}");
    }

    #[test]
    fn a_tempo_waits_for_the_bar() {
        let mut pulse = Pulse::new(44_100, 60.0, 50.0);
        pulse.advance();
        pulse.set_tempo(90.0);
        let lens: Vec<u32> = (1..20).map(|_| pulse.advance().1).collect();
        assert_eq!(lens.iter().position(|len| *len < 4000), Some(15));
    }
}
