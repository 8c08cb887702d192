//! A soft low drone: root, octave and twelfth, and it never slides.
//!
//! ```text
//! 0.13 level · (sin φ + 0.5 sin 2φ + 0.28 sin 3φ)      two of them: one fades in as the other fades out
//! ```

use perpetuo_dsp::{Pitch, Segment, Sine, State, Swell, add_sines, math, step_from};
use perpetuo_station::BLOCK_LEN;

/// Two drones, of which one sounds.
pub(super) struct Ground {
    drones: [Drone; 2],
    /// Which one is in force.
    now: u32,
    level: f32,
    /// What is left of the way up and of the way down after a block.
    rests: [f32; 2],
    sample_rate: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Drone {
    note: u32,
    turn: u32,
    swell: Swell,
    /// The note's partials.
    pitches: [Pitch; 3],
}

impl Ground {
    /// At its loudest it lies below a soft bass tine.
    const GAIN: f32 = 0.13;

    const UP_SECONDS: f32 = 1.8;
    const DOWN_SECONDS: f32 = 0.9;
    /// Below this, -80 dB, nothing is rendered.
    const SILENCE: f32 = 1e-4;

    pub(super) fn new(sample_rate_hz: u32) -> Self {
        let sample_rate = sample_rate_hz as f32;
        let rest = |seconds: f32| math::exp2(-(BLOCK_LEN as f32) / (seconds * sample_rate));
        let mut ground = Self {
            drones: [Drone { note: 24, ..Drone::default() }; 2],
            now: 0,
            level: 0.0,
            rests: [rest(Self::UP_SECONDS), rest(Self::DOWN_SECONDS)],
            sample_rate,
        };
        ground.tune();
        ground
    }

    fn tune(&mut self) {
        for drone in &mut self.drones {
            let step = step_from(math::hz_from_note(drone.note as f32) / self.sample_rate);
            for (pitch, times) in drone.pitches.iter_mut().zip(1..) {
                pitch.set(step.wrapping_mul(times));
            }
        }
    }

    /// Heads for a level, 0..1, on a note in semitones above C0.
    pub(super) fn head_for(&mut self, note: u32, level: f32) {
        self.level = math::clamp(level, 0.0, 1.0);
        let now = self.now as usize;
        if self.drones[now].note == note {
            return;
        }
        // The other may still fade: then its note changes only if it is faint, else next time.
        let other = &mut self.drones[1 - now];
        if other.note != note && other.swell.level() > 0.01 {
            return;
        }
        if other.note != note {
            (other.note, other.turn) = (note.min(60), 0);
        }
        self.now = 1 - self.now;
        self.tune();
    }

    /// Whether a note would begin rather than go on.
    pub(super) fn would_begin(&self, note: u32) -> bool {
        self.level == 0.0 || self.drones[self.now as usize].note != note
    }

    /// Adds a block.
    pub(super) fn render(&mut self, out: &mut [f32; BLOCK_LEN]) {
        for (index, drone) in self.drones.iter_mut().enumerate() {
            let goal = if index as u32 == self.now { self.level } else { 0.0 };
            let level = follow(&mut drone.swell, goal, self.rests);
            if level.from > Self::SILENCE || level.step > 0.0 {
                drone.sing(out, level.times(Self::GAIN));
            }
            drone.pass(BLOCK_LEN as u32);
        }
    }

    /// Lets samples pass unheard.
    pub(super) fn skip(&mut self, samples: u32) {
        let (up, down) =
            (Self::UP_SECONDS * self.sample_rate, Self::DOWN_SECONDS * self.sample_rate);
        for (index, drone) in self.drones.iter_mut().enumerate() {
            let goal = if index as u32 == self.now { self.level } else { 0.0 };
            let _: Segment = drone.swell.advance(samples as usize, goal, up, down);
            drone.pass(samples);
        }
    }
}

impl Drone {
    fn sing(&self, out: &mut [f32], level: Segment) {
        let [root, octave, twelfth] = self.pitches;
        let sine = |pitch, times, share| Sine {
            turn: self.turn.wrapping_mul(times),
            pitch,
            level: level.times(share),
        };
        add_sines(out, &[sine(root, 1, 1.0), sine(octave, 2, 0.5), sine(twelfth, 3, 0.28)]);
    }

    fn pass(&mut self, samples: u32) {
        self.turn = self.turn.wrapping_add(self.pitches[0].step().wrapping_mul(samples));
    }
}

/// Passes a block, of which `rests` are left of the way up and of the way down.
pub(super) fn follow(swell: &mut Swell, goal: f32, rests: [f32; 2]) -> Segment {
    let from = swell.level();
    let way = from - goal;
    // The last ten-thousandth is a step that nobody hears.
    if way * way < 1e-8 {
        swell.reset(goal);
        return Segment::flat(goal);
    }
    swell.reset(goal + way * if way < 0.0 { rests[0] } else { rests[1] });
    Segment::between(from, swell.level(), BLOCK_LEN)
}

impl State for Ground {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for drone in &mut self.drones {
            drone.note.visit(word);
            drone.note = drone.note.min(60);
            drone.turn.visit(word);
            drone.swell.visit(word);
            drone.swell.reset(math::clamp(drone.swell.level(), 0.0, 1.0));
        }
        self.tune();
        self.now.visit(word);
        self.now %= 2;
        self.level.visit(word);
        self.level = math::clamp(self.level, 0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_note_fades_in_and_the_old_one_out_without_a_jump() {
        let mut ground = Ground::new(44_100);
        let mut out = Vec::new();
        for block in 0..8000 {
            ground.head_for(if block < 4000 { 26 } else { 31 }, 1.0);
            let mut samples = [0.0; 64];
            ground.render(&mut samples);
            out.extend(samples);
        }
        let third = |x: &[f32]| (x[3] - 3.0 * x[2] + 3.0 * x[1] - x[0]).abs();
        let roughest = |x: &[f32]| x.windows(4).map(third).fold(0.0, f32::max);
        assert!(roughest(&out) < 1e-3, "{}", roughest(&out));
        assert!(out[7000 * 64..].iter().any(|x| x.abs() > 0.1));
    }
}
