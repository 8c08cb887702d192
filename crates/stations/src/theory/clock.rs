//! The clock of a composer: walks through a metre in sixteenths, each on its sample.
//!
//! ```text
//! pair  = ⌊(2 · 256 · 60 · fs · 100 / 4 + rest) / tempo⌋    two sixteenths, in 1/256 sample
//! first = pair · swing / 10000      second = pair − first    tempo, swing: 1/100 bpm, 1/100 %
//! ```
//!
//! What the division leaves is carried to the next pair, so that bars are where they should be after
//! any number of hours. Swing in percent is that of R. Linn's drum machines.

use perpetuo_dsp::{State, math};

use super::Metre;

/// What a change of tempo waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Border {
    /// The next beat.
    Beat,
    /// The next bar.
    Bar,
}

/// One sixteenth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    /// Bars since the beginning; wraps.
    pub bar: u32,
    /// Beat of the bar, and step of the bar.
    pub beat: u32,
    pub step: u32,
    /// Steps since the beginning, in any metre; wraps.
    pub count: u32,
    /// Samples to the next one: whole ones, whose sum never strays.
    pub len: u32,
}

/// Counts sixteenths, beats and bars, and knows on which sample each begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    sample_rate_hz: u32,
    tempo_waits_for: Border,
    /// In hundredths of a bpm and of a percent: in force, then asked for.
    tempo: [u32; 2],
    swing: [u32; 2],
    metre: u32,
    bar: u32,
    step: u32,
    count: u32,
    /// How much later than its sample the next step begins, in 1/256 sample.
    fraction: u32,
    /// The second half of the pair that has begun, in 1/256 sample.
    second: u32,
    /// What the last division left, in parts of 1/256 sample.
    rest: u32,
}

impl Clock {
    /// Tempi that may be asked for, in bpm: quarter notes a minute, in steps of 0.01.
    pub(crate) const TEMPO: [f32; 2] = [20.0, 300.0];
    /// Shares of two sixteenths that the first takes, in percent: 50 is even, 66.67 a triplet.
    pub(crate) const SWING: [f32; 2] = [50.0, 66.67];

    /// Begins with the first sample, at a tempo and swing, clamped to [`Self::TEMPO`] and
    /// [`Self::SWING`], in a metre out of [`METRES`](super::METRES).
    pub(crate) fn new(
        sample_rate_hz: u32,
        tempo_waits_for: Border,
        tempo_bpm: f32,
        swing_percent: f32,
        metre: u32,
    ) -> Self {
        Self {
            sample_rate_hz,
            tempo_waits_for,
            tempo: [hundredths(tempo_bpm, Self::TEMPO); 2],
            swing: [hundredths(swing_percent, Self::SWING); 2],
            metre,
            bar: 0,
            step: 0,
            count: 0,
            fraction: 0,
            second: 0,
            rest: 0,
        }
    }

    /// Takes a tempo in bpm, clamped to [`Self::TEMPO`], from the next beat or bar on.
    pub(crate) fn set_tempo(&mut self, bpm: f32) {
        self.tempo[1] = hundredths(bpm, Self::TEMPO);
    }

    /// Takes a swing in percent, clamped to [`Self::SWING`], from the next beat on.
    pub(crate) fn set_swing(&mut self, percent: f32) {
        self.swing[1] = hundredths(percent, Self::SWING);
    }

    /// The step that begins now; the next one begins [`Tick::len`] samples later.
    pub(crate) fn step(&mut self) -> Tick {
        let (beat, within) = self.metre().beat(self.step);
        if within == 0 {
            self.swing[0] = self.swing[1];
            if self.step == 0 || self.tempo_waits_for == Border::Beat {
                self.tempo[0] = self.tempo[1];
            }
        }
        let from = self.fraction;
        let until = from + if self.step.is_multiple_of(2) { self.first() } else { self.second };
        let tick =
            Tick { bar: self.bar, beat, step: self.step, count: self.count, len: until / 256 };
        self.fraction = until % 256;
        self.count = self.count.wrapping_add(1);
        self.step += 1;
        if self.step >= self.metre().len() {
            self.step = 0;
            self.bar = self.bar.wrapping_add(1);
        }
        tick
    }

    /// The metre in force.
    pub(crate) fn metre(&self) -> Metre {
        Metre::of(self.metre)
    }

    /// Samples of an even sixteenth at the tempo in force: what an echo in time is made of.
    pub(crate) fn step_len(&self) -> f32 {
        self.sample_rate_hz as f32 * 1500.0 / self.tempo[0] as f32
    }

    /// Divides the next two sixteenths; every beat has an even number of them.
    fn first(&mut self) -> u32 {
        // 2 steps · 60 s · 100 · 256 / 4 steps a beat.
        let numerator = u64::from(self.sample_rate_hz) * 768_000 + u64::from(self.rest);
        let tempo = u64::from(self.tempo[0]);
        let pair = numerator / tempo;
        self.rest = (numerator % tempo) as u32;
        let first = pair * u64::from(self.swing[0]) / 10_000;
        self.second = (pair - first) as u32;
        first as u32
    }
}

impl State for Clock {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for (pair, range) in [(&mut self.tempo, Self::TEMPO), (&mut self.swing, Self::SWING)] {
            pair.visit(word);
            *pair = pair.map(|value| value.clamp(hundredths(0.0, range), hundredths(1e4, range)));
        }
        self.metre.visit(word);
        self.bar.visit(word);
        self.step.visit(word);
        self.step %= self.metre().len();
        self.count.visit(word);
        self.fraction.visit(word);
        self.fraction %= 256;
        self.second.visit(word);
        // Two sixteenths at 20 bpm and 192 kHz are less.
        self.second = self.second.min(1 << 27);
        self.rest.visit(word);
        self.rest = self.rest.min(self.tempo[0] - 1);
    }
}

fn hundredths(value: f32, [low, high]: [f32; 2]) -> u32 {
    (math::clamp(value, low, high) * 100.0 + 0.5) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(clock: &mut Clock, steps: usize) -> Vec<Tick> {
        (0..steps).map(|_| clock.step()).collect()
    }

    fn clock(tempo: f32, swing: f32, metre: u32) -> Clock {
        Clock::new(44_100, Border::Bar, tempo, swing, metre)
    }

    #[test]
    fn a_day_at_an_awkward_tempo_ends_on_the_sample_it_should() {
        let mut clock = Clock::new(48_000, Border::Bar, 127.37, 57.3, Metre::COMMON);
        let mut elapsed = 0_u64;
        for step in 0..1_000_000_u64 {
            elapsed += u64::from(clock.step().len);
            if step % 2 == 1 {
                let exact = (step + 1) * 48_000 * 60 * 100 / (4 * 12_737);
                assert!(elapsed.abs_diff(exact) <= 1, "{elapsed} {exact}");
            }
        }
    }

    #[test]
    fn swing_makes_the_first_of_two_longer_and_keeps_their_sum() {
        for swing in [50.0_f32, 54.0, 58.5, 66.0] {
            let ticks = walk(&mut clock(120.0, swing, Metre::COMMON), 40);
            for pair in ticks.chunks_exact(2) {
                let sum = pair[0].len + pair[1].len;
                assert!(sum.abs_diff(11_025) <= 1, "{sum}");
                assert!((pair[0].len as f32 - 110.25 * swing).abs() < 1.1);
            }
        }
    }

    #[test]
    fn a_new_tempo_waits_for_the_bar_or_beat_and_swing_for_the_beat() {
        for (waits_for, border) in [(Border::Bar, 16), (Border::Beat, 4)] {
            let mut clock = Clock::new(44_100, waits_for, 120.0, 50.0, Metre::COMMON);
            clock.step();
            clock.set_tempo(60.0);
            let lens: Vec<u32> = (1..20).map(|_| clock.step().len).collect();
            let slow = 1 + lens.iter().position(|len| *len > 11_000).unwrap();
            assert_eq!(slow, border);
        }
        let mut clock = clock(120.0, 50.0, Metre::COMMON);
        clock.step();
        clock.set_swing(66.0);
        let lens: Vec<u32> = (1..8).map(|_| clock.step().len).collect();
        assert_eq!(1 + lens.iter().position(|len| *len > 6_000).unwrap(), 4);
    }

    #[test]
    fn goes_on_from_a_snapshot_and_survives_a_damaged_one() {
        let mut from = clock(93.0, 61.0, 7);
        walk(&mut from, 77);
        let mut words = Vec::new();
        from.visit(&mut |word| words.push(*word));
        let mut to = clock(120.0, 50.0, 0);
        let mut saved = words.iter();
        to.visit(&mut |word| *word = *saved.next().unwrap());
        assert_eq!(format!("{to:?}"), format!("{from:?}"));
        assert_eq!(walk(&mut to, 500), walk(&mut from, 500));
        for damage in [0, 1, 12_345, u32::MAX] {
            let mut clock = clock(120.0, 50.0, 0);
            clock.visit(&mut |word| *word = damage);
            assert!(walk(&mut clock, 200).iter().skip(1).all(|tick| tick.len > 0));
        }
    }
}
