//! A soft low drone: root, octave and twelfth, and it never slides.
//!
//! ```text
//! 0.13 level · (sin φ + 0.5 sin 2φ + 0.28 sin 3φ)      two of them: one fades in as the other fades out
//! ```

use perpetuo_dsp::{Phase, Segment, State, Swell, math};

/// Two drones, of which one sounds.
pub(super) struct Ground {
    drones: [Drone; 2],
    /// Which one is in force.
    now: u32,
    level: f32,
    sample_rate: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Drone {
    note: u32,
    turn: u32,
    swell: Swell,
}

impl Ground {
    /// At its loudest it lies below a soft bass tine.
    const GAIN: f32 = 0.13;

    pub(super) fn new(sample_rate_hz: u32) -> Self {
        let drones = [Drone { note: 24, ..Drone::default() }; 2];
        Self { drones, now: 0, level: 0.0, sample_rate: sample_rate_hz as f32 }
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
    }

    /// Adds a block at most.
    pub(super) fn render(&mut self, out: &mut [f32]) {
        let (up, down) = (1.8 * self.sample_rate, 0.9 * self.sample_rate);
        for (index, drone) in self.drones.iter_mut().enumerate() {
            let goal = if index as u32 == self.now { self.level } else { 0.0 };
            let level = drone.swell.advance(out.len(), goal, up, down);
            let hz = math::hz_from_note(drone.note as f32);
            let mut phase = Phase { turn: drone.turn, step: 0 };
            phase.set_phase_step(hz / self.sample_rate);
            if level.from > 1e-4 || level.step > 0.0 {
                for (times, share) in [(1, 1.0), (2, 0.5), (3, 0.28)] {
                    let mut partial = Phase {
                        turn: phase.turn.wrapping_mul(times),
                        step: phase.step.wrapping_mul(times),
                    };
                    partial.render_sine(out, level.times(Self::GAIN * share));
                }
            }
            phase.skip(out.len());
            drone.turn = phase.turn;
        }
    }

    /// Lets samples pass unheard.
    pub(super) fn skip(&mut self, samples: u32) {
        let (up, down) = (1.8 * self.sample_rate, 0.9 * self.sample_rate);
        for (index, drone) in self.drones.iter_mut().enumerate() {
            let goal = if index as u32 == self.now { self.level } else { 0.0 };
            let _: Segment = drone.swell.advance(samples as usize, goal, up, down);
            let mut phase = Phase::new();
            phase.set_phase_step(math::hz_from_note(drone.note as f32) / self.sample_rate);
            drone.turn = drone.turn.wrapping_add(phase.step.wrapping_mul(samples));
        }
    }
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
