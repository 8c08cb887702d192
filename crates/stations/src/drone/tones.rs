//! The choir as it sounds: pairs of sines, a sub, a reed of saws, each at a phase that follows from the clock.
//!
//! ```text
//! turn = clock · step + own ± m·beat       so equal ratios stay locked, and nothing need be stored
//! ```
//!
//! Side A goes left and side B right; below 130 Hz both go to the middle, for bass is heard from nowhere.

use perpetuo_dsp::{Phase, Pitch, Saw, Segment, Sine, State, math, mix};
use perpetuo_station::BLOCK_LEN;

use super::{
    beats::Beats,
    choir::{REEDS, SLOTS, SUBS, VOICES},
    layers::{Layers, MIDDLE, SIDES},
    note::Tone,
};

/// All tones of the choir.
pub(super) struct Tones {
    steps: [u32; SLOTS],
    /// Of both sides, kept from run to run.
    pitches: [[Pitch; 2]; SLOTS],
    levels: [f32; SLOTS],
    goals: [f32; SLOTS],
    /// Samples until the goals are reached.
    left: u32,
    /// Samples since the performance began.
    clock: u32,
    /// Octaves of each slot's pitch above 220 Hz, and the gain that brightness gives it.
    heights: [f32; SLOTS],
    tilts: [f32; SLOTS],
    /// How many times as fast as the lowest each beats.
    times: [u32; SLOTS],
    brightness: f32,
    beats: Beats,
    sample_rate: f32,
    beat_len: u32,
}

impl Tones {
    pub(super) fn new(beats: Beats, sample_rate_hz: u32) -> Self {
        Self {
            steps: [0; SLOTS],
            pitches: [[Pitch::default(); 2]; SLOTS],
            levels: [0.0; SLOTS],
            goals: [0.0; SLOTS],
            left: 0,
            clock: 0,
            heights: [0.0; SLOTS],
            tilts: [0.0; SLOTS],
            times: [1; SLOTS],
            brightness: 0.5,
            beats,
            sample_rate: sample_rate_hz as f32,
            beat_len: sample_rate_hz / 4,
        }
    }

    /// Heads for a level. A slot that sounds at another pitch, because time passed unheard, falls silent
    /// first and takes the pitch a beat later.
    pub(super) fn head_for(&mut self, tone: Tone) {
        let slot = tone.slot % SLOTS;
        self.left = self.beat_len;
        if tone.step != self.steps[slot] && self.levels[slot] > 0.0 {
            self.goals[slot] = 0.0;
            return;
        }
        self.goals[slot] = tone.level;
        if tone.step != self.steps[slot] {
            self.steps[slot] = tone.step;
            self.tune(slot);
        }
    }

    /// Who begins to be heard with a tone, how strong and where; nobody if it was heard before.
    ///
    /// What comes quickly is strong.
    pub(super) fn entering(&self, tone: &Tone) -> Option<(&'static str, f32, f32)> {
        // Half of what walk and swell leave of the softest voice of a full choir: so it enters once.
        const HEARD: f32 = 0.006;
        let slot = tone.slot % SLOTS;
        let is_new = tone.step != self.steps[slot] || self.goals[slot] < HEARD;
        if tone.level < HEARD || !is_new {
            return None;
        }
        let rise = tone.level - self.goals[slot];
        Some(if SUBS.contains(&slot) {
            ("sub", 0.2 + 4.0 * rise.sqrt(), 0.0)
        } else if REEDS.contains(&slot) {
            ("reed", 0.1 + rise.sqrt(), 0.0)
        } else {
            ("voices", 0.1 + 4.0 * rise.sqrt(), PLACES[slot % VOICES.len()])
        })
    }

    /// Where the beats are, as the composer has it.
    pub(super) fn set_beats(&mut self, turns: [u32; 4], rate: f32) {
        self.beats.follow(turns, rate);
    }

    /// Takes the brightness, 0..1, in force from the next run on.
    pub(super) fn set_brightness(&mut self, brightness: f32) {
        if brightness != self.brightness {
            self.brightness = brightness;
            (0..SLOTS).for_each(|slot| self.tune(slot));
        }
    }

    /// Samples since the performance began.
    pub(super) fn clock(&self) -> u32 {
        self.clock
    }

    /// Writes the reed along the next `len` samples, and lets all sines wait.
    pub(super) fn render(&mut self, layers: &mut Layers, len: usize) {
        let share = if self.left > len as u32 { len as f32 / self.left as f32 } else { 1.0 };
        let each = 1.0 / len as f32;
        for slot in 0..REEDS.start {
            if self.is_silent(slot) {
                continue;
            }
            let level = self.advance(slot, share, self.tilts[slot], each);
            if level.from + level.step == 0.0 {
                continue;
            }
            if SUBS.contains(&slot) {
                self.sing_sub(slot, level, layers);
            } else {
                self.sing_pair(slot, level, layers);
            }
        }
        self.render_reeds(layers, len, share, each);
        self.left = self.left.saturating_sub(len as u32);
        self.clock = self.clock.wrapping_add(len as u32);
        self.beats.pass(len as u32);
    }

    /// Lets samples pass unheard; levels arrive.
    pub(super) fn skip(&mut self, len: u32) {
        self.clock = self.clock.wrapping_add(len);
        self.beats.pass(len);
        self.levels = self.goals;
        self.left = 0;
    }

    fn is_silent(&self, slot: usize) -> bool {
        self.levels[slot] == 0.0 && self.goals[slot] == 0.0
    }

    /// Goes a share of the way; the gain counts where it is asked what can be heard. `each` is what a sample
    /// is of the run.
    fn advance(&mut self, slot: usize, share: f32, gain: f32, each: f32) -> Segment {
        let (from, goal) = (self.levels[slot], self.goals[slot]);
        let to = if share < 1.0 { from + (goal - from) * share } else { goal };
        self.levels[slot] = to;
        let [from, to] = [audible(from * gain), audible(to * gain)];
        Segment { from, step: (to - from) * each }
    }

    fn sing_pair(&mut self, slot: usize, level: Segment, layers: &mut Layers) {
        let [a, b] = self.pair(slot);
        let [left, right] = &mut self.pitches[slot];
        left.set(a.step);
        right.set(b.step);
        let is_low = self.heights[slot] < -0.76;
        // A place of its own, up to 4 dB to one side.
        let lean = 0.4 * PLACES[slot % VOICES.len()];
        let ([p, q], gains) = if is_low {
            ([MIDDLE, MIDDLE], [0.62, 0.38])
        } else {
            (SIDES, [1.0 - lean, 1.0 + lean])
        };
        layers.sing(p, Sine { turn: a.turn, pitch: *left, level: level.times(gains[0]) });
        layers.sing(q, Sine { turn: b.turn, pitch: *right, level: level.times(gains[1]) });
    }

    fn sing_sub(&mut self, slot: usize, level: Segment, layers: &mut Layers) {
        let step = self.steps[slot];
        let pitch = &mut self.pitches[slot][0];
        pitch.set(step);
        let sine = Sine { turn: self.clock.wrapping_mul(step), pitch: *pitch, level };
        layers.sing(MIDDLE, sine);
    }

    /// Writes the reed: one slot as it is, with its level beside it; while one leaves and another enters,
    /// the sum of both.
    fn render_reeds(&mut self, layers: &mut Layers, len: usize, share: f32, each: f32) {
        let mut sounding = REEDS.filter(|slot| !self.is_silent(*slot));
        let slots = [sounding.next(), sounding.next()];
        layers.reed_level = Segment::flat(0.0);
        if let [Some(slot), other] = slots {
            layers.reed_level = self.advance(slot, share, 1.0, each);
            for (phase, reed) in self.pair(slot).into_iter().zip(&mut layers.reed) {
                write_saw(&mut reed[..=len], phase);
            }
            if let Some(other) = other {
                let level = self.advance(other, share, 1.0, each);
                self.add_reed(other, level, layers, len);
            }
        }
    }

    fn add_reed(&self, slot: usize, level: Segment, layers: &mut Layers, len: usize) {
        let first = std::mem::replace(&mut layers.reed_level, Segment::flat(1.0));
        for (phase, reed) in self.pair(slot).into_iter().zip(&mut layers.reed) {
            let (reed, mut other) = (&mut reed[..=len], [0.0; BLOCK_LEN + 1]);
            write_saw(&mut other[..=len], phase);
            mix::scale(reed, first);
            mix::add(reed, &other[..=len], level);
        }
    }

    /// The two sides of a slot.
    fn pair(&self, slot: usize) -> [Phase; 2] {
        let step = self.steps[slot];
        let (turn, by) = self.beats.of(slot, self.times[slot]);
        let start = self.clock.wrapping_mul(step);
        // Sides begin a good eighth of a turn apart, so that a pair is wide where nothing beats.
        let apart = 0x2600_0000_u32.wrapping_add(slot as u32 * 0x0300_0000);
        let own = (slot as u32).wrapping_mul(0x9E37_79B9);
        [
            Phase { turn: start.wrapping_add(own).wrapping_add(turn), step: step.wrapping_add(by) },
            Phase {
                turn: start.wrapping_add(own).wrapping_add(apart).wrapping_sub(turn),
                step: step.wrapping_sub(by),
            },
        ]
    }

    /// Higher is softer: 6.6 dB an octave when dark, not at all when bright.
    fn tune(&mut self, slot: usize) {
        let hz = self.steps[slot] as f32 * (1.0 / 4_294_967_296.0) * self.sample_rate;
        let height = math::log2(hz + 1.0) - 7.78;
        let above = if height > 0.0 { height } else { 0.0 };
        self.heights[slot] = height;
        // 1 below 160 Hz, one more each octave above.
        let base = (80.0 / self.sample_rate * 4_294_967_296.0) as u32;
        self.times[slot] = 1 + (self.steps[slot] / base.max(1)).max(1).ilog2().min(5);
        self.tilts[slot] = math::exp2(-1.1 * (1.0 - self.brightness) * above);
    }
}

/// Begins a sample before the phase.
fn write_saw(out: &mut [f32], phase: Phase) {
    let mut saw = Saw::new();
    saw.visit(&mut |turn| *turn = phase.turn.wrapping_sub(phase.step));
    // Below 2^24, as all reeds are at 44.1 kHz, the step stays exact as an f32.
    saw.render(out, phase.step as f32 * (1.0 / 4_294_967_296.0));
}

/// Levels that count as none: 62 dB below full scale, 42 dB below a voice.
const FAINT: f32 = 8e-4;

fn audible(level: f32) -> f32 {
    if level > FAINT { level } else { 0.0 }
}

/// Where the voices stand, -1 (left) to 1 (right).
const PLACES: [f32; 14] =
    [0.1, -0.6, 0.7, -0.2, 0.9, -0.9, 0.4, -0.5, 0.8, -1.0, 1.0, -0.3, 0.2, -0.8];

impl State for Tones {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for step in &mut self.steps {
            step.visit(word);
            *step = (*step).min(1 << 30);
        }
        for level in self.levels.iter_mut().chain(&mut self.goals) {
            level.visit(word);
            *level = math::clamp(*level, 0.0, 1.0);
        }
        self.left.visit(word);
        self.left = self.left.min(self.beat_len);
        self.clock.visit(word);
        self.beats.visit(word);
        (0..SLOTS).for_each(|slot| self.tune(slot));
    }
}

#[cfg(test)]
mod tests {
    use perpetuo_dsp::Chance;

    use super::*;

    fn tones() -> Tones {
        let mut beats = Beats::new(&Chance::new(1), 44_100);
        beats.set_rate(0.5, 1.0);
        Tones::new(beats, 44_100)
    }

    #[test]
    fn runs_of_any_length_join_without_a_seam() {
        let (mut whole, mut parts) = (tones(), tones());
        for tones in [&mut whole, &mut parts] {
            tones.head_for(Tone { slot: 3, step: 30_000_000, level: 0.5 });
        }
        for _ in 0..20 {
            let (mut a, mut b) = (Layers::silent(), Layers::silent());
            whole.render(&mut a, 64);
            a.settle(0..64);
            for run in [0..24, 24..64] {
                parts.render(&mut b, run.len());
                b.settle(run);
            }
            for (a, b) in a.sums.iter().flatten().zip(b.sums.iter().flatten()) {
                assert!((a - b).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn a_slot_that_sounds_never_jumps_to_another_pitch() {
        let mut tones = tones();
        tones.head_for(Tone { slot: 0, step: 10_000_000, level: 0.5 });
        let mut layers = Layers::silent();
        (0..200).for_each(|_| tones.render(&mut layers, 64));
        tones.head_for(Tone { slot: 0, step: 20_000_000, level: 0.5 });
        assert_eq!(tones.steps[0], 10_000_000);
        (0..200).for_each(|_| tones.render(&mut layers, 64));
        tones.head_for(Tone { slot: 0, step: 20_000_000, level: 0.5 });
        assert_eq!(tones.steps[0], 20_000_000);
    }
}
