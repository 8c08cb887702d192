//! What lies under everything: a drone of few sines that moves by cross-fade, and breath.

use perpetuo_dsp::{Chance, Lanes, Noise, Phase, State, SvfLanes, Swell, Tuning, math};
use perpetuo_station::BLOCK_LEN;

/// The drone: two sets of four sines, of which one fades out while the other fades in.
pub(super) struct Drone {
    sets: [Set; 2],
    /// Which set is on.
    on: u32,
    sample_rate: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Set {
    /// The note; its octave, a little lower on the left and higher on the right; its twelfth.
    partials: [Phase; 4],
    note: f32,
    swell: Swell,
}

impl Drone {
    /// Half-lives of the cross-fade in seconds.
    const FADE: [f32; 2] = [0.7, 1.2];

    pub(super) fn new(sample_rate_hz: u32) -> Self {
        Self { sets: [Set::default(); 2], on: 0, sample_rate: sample_rate_hz as f32 }
    }

    /// Moves to a note, in semitones above C0.
    pub(super) fn move_to(&mut self, note: f32) {
        if self.sets[self.on as usize % 2].note == note {
            return;
        }
        self.on = (self.on + 1) % 2;
        self.sets[self.on as usize].note = note;
    }

    /// Adds one block.
    pub(super) fn render(&mut self, out: &mut [&mut [f32]; 2], gain: f32, shine: f32) {
        let [up, down] = Self::FADE.map(|seconds| seconds * self.sample_rate);
        for (index, set) in self.sets.iter_mut().enumerate() {
            let goal = if index == self.on as usize % 2 { gain } else { 0.0 };
            let level = set.swell.advance(BLOCK_LEN, goal, up, down);
            if level.from < 1e-5 && level.step <= 0.0 {
                continue;
            }
            let step = math::hz_from_note(set.note) / self.sample_rate;
            // The octaves beat at 0.4 Hz against each other.
            let beat = 0.2 / self.sample_rate;
            let steps = [step, 2.0 * step - beat, 2.0 * step + beat, 3.0 * step];
            for (partial, step) in set.partials.iter_mut().zip(steps) {
                partial.set_phase_step(step);
            }
            let [low, octave_left, octave_right, twelfth] = &mut set.partials;
            let mut both = [0.0; BLOCK_LEN];
            low.render_sine(&mut both, level.times(0.7));
            twelfth.render_sine(&mut both, level.times(0.1 + 0.15 * shine));
            let [left, right] = out;
            octave_left.render_sine(left, level.times(0.45));
            octave_right.render_sine(right, level.times(0.45));
            for ((left, right), both) in left.iter_mut().zip(right.iter_mut()).zip(both) {
                *left += both;
                *right += both;
            }
        }
    }
}

impl State for Drone {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for set in &mut self.sets {
            for partial in &mut set.partials {
                partial.turn.visit(word);
            }
            set.note.visit(word);
            set.note = math::clamp(set.note, 0.0, 127.0);
            set.swell.visit(word);
        }
        self.on.visit(word);
        self.on %= 2;
    }
}

/// Breath: noise on each side through a resonant low-pass that wanders.
pub(super) struct Breath {
    noise: Noise,
    filter: SvfLanes,
    swell: Swell,
    sway: u32,
    sample_rate: f32,
}

impl Breath {
    pub(super) fn new(chance: &Chance, sample_rate_hz: u32) -> Self {
        Self {
            noise: Noise::new(chance.word(42, 0)),
            filter: SvfLanes::new(Tuning::new(0.02, 0.5)),
            swell: Swell::new(0.0),
            sway: chance.word(42, 2),
            sample_rate: sample_rate_hz as f32,
        }
    }

    /// Adds one block; `gain` 0..1, `light` in octaves.
    pub(super) fn render(&mut self, out: &mut [&mut [f32]; 2], gain: f32, light: f32) {
        // A breath takes 11 s; the filter wanders once in 27 s.
        self.sway = self.sway.wrapping_add(115_000);
        let turn = |times: u32| {
            let turn = self.sway.wrapping_mul(times) as i32;
            math::sin_turns(turn as f32 * (1.0 / 4_294_967_296.0))
        };
        let wave = turn(5);
        let goal = gain * (0.35 + 0.65 * (0.5 + 0.5 * wave) * (0.5 + 0.5 * wave));
        let second = self.sample_rate;
        let level = self.swell.advance(BLOCK_LEN, goal, 0.4 * second, 0.8 * second);
        if level.from < 1e-4 && level.step <= 0.0 {
            self.noise.skip(BLOCK_LEN);
            return;
        }
        let wander = turn(2);
        let cutoff = |side: f32| {
            let octaves = 0.5 * light + 0.8 * wander + side * 0.4;
            Tuning::new(2300.0 * math::exp2(octaves) / self.sample_rate, 0.35)
        };
        let (low, high) = (cutoff(-1.0), cutoff(1.0));
        self.filter.set([low, high, low, high]);
        let (mut noise_left, mut noise_right) = ([0.0; BLOCK_LEN], [0.0; BLOCK_LEN]);
        self.noise.render_pair(&mut noise_left, &mut noise_right);
        let [left, right] = out;
        let mut filter = self.filter;
        let mut sung = [[0.0; 4]; BLOCK_LEN];
        for (quarter, sung) in sung.chunks_exact_mut(BLOCK_LEN / 4).enumerate() {
            let factors = filter.quarter(quarter);
            let start = quarter * (BLOCK_LEN / 4);
            let noises = noise_left[start..].iter().zip(&noise_right[start..]);
            for (sung, (left, right)) in sung.iter_mut().zip(noises) {
                *sung = filter.tick(Lanes([*left, *right, 0.0, 0.0]), &factors).0;
            }
        }
        self.filter = filter;
        let samples = left.iter_mut().zip(right.iter_mut());
        for (i, ((left, right), sung)) in samples.zip(&sung).enumerate() {
            *left += level.at(i) * sung[0];
            *right += level.at(i) * sung[1];
        }
        self.filter.settle();
    }
}

/// The filter is not visited: it forgets within milliseconds.
impl State for Breath {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.noise.visit(word);
        self.swell.visit(word);
        self.sway.visit(word);
    }
}
