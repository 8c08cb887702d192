//! The desk: faders the composer moves, as the engineer of a dub does.
//!
//! ```text
//! fader ← goal + (fader − goal) · 2^(−n/half)
//! ```

use perpetuo_dsp::{Segment, State, Swell, math};
use perpetuo_station::BLOCK_LEN;

/// A fader of the desk, 0..1 each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fader {
    /// The chords as they are.
    Chords,
    /// What of the chords goes to the tape.
    Send,
    Bass,
    Kick,
    /// Rim and brush.
    Drums,
    /// How far the tape's feedback is ridden above what `echo` says.
    Ride,
    /// How far the chords' filter is open: 0.5 leaves it where `brightness` says.
    Light,
    Dust,
}

/// Where the faders are to go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mix {
    goals: [f32; Self::FADERS],
}

impl Mix {
    pub(super) const FADERS: usize = 8;

    /// Everything down.
    pub(super) const CUT: Self = Self { goals: [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.0] };

    /// Goals in the order of [`Fader`].
    pub(super) const fn new(goals: [f32; Self::FADERS]) -> Self {
        Self { goals }
    }

    /// The same with one fader elsewhere.
    #[must_use]
    pub(super) fn with(mut self, fader: Fader, goal: f32) -> Self {
        self.goals[fader as usize] = math::clamp(goal, 0.0, 1.0);
        self
    }

    pub(super) fn at(&self, fader: Fader) -> f32 {
        self.goals[fader as usize]
    }
}

/// The faders as they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Desk {
    faders: [Swell; Mix::FADERS],
    mix: Mix,
    sample_rate: f32,
}

impl Desk {
    /// Half-lives up and down in seconds: a hand is quick to cut, a filter knob is turned slowly.
    const HALVES: [[f32; 2]; Mix::FADERS] = [
        [0.006, 0.012],
        [0.004, 0.02],
        [0.006, 0.02],
        [0.004, 0.02],
        [0.004, 0.03],
        [0.15, 0.25],
        [6.0, 4.0],
        [1.5, 1.5],
    ];

    pub(super) fn new(mix: Mix, sample_rate_hz: u32) -> Self {
        Self { faders: mix.goals.map(Swell::new), mix, sample_rate: sample_rate_hz as f32 }
    }

    /// The hand moves to another mix.
    pub(super) fn set(&mut self, mix: Mix) {
        self.mix = mix;
    }

    /// Where a fader is now.
    pub(super) fn level(&self, fader: Fader) -> f32 {
        self.faders[fader as usize].level()
    }

    /// Passes one block and tells the way of every fader, in the order of [`Fader`].
    pub(super) fn advance(&mut self) -> [Segment; Mix::FADERS] {
        std::array::from_fn(|i| {
            let [up, down] = Self::HALVES[i].map(|half| half * self.sample_rate);
            let (fader, goal) = (&mut self.faders[i], self.mix.goals[i]);
            let way = fader.advance(BLOCK_LEN, goal, up, down);
            let rest = fader.level() - goal;
            if rest * rest < 1e-12 {
                fader.reset(goal);
            }
            way
        })
    }

    /// Lets time pass: whatever moves has arrived.
    pub(super) fn skip(&mut self, blocks: u32) {
        for (i, fader) in self.faders.iter_mut().enumerate() {
            let [up, down] = Self::HALVES[i].map(|half| half * self.sample_rate);
            fader.advance(BLOCK_LEN * (blocks as usize).min(1 << 20), self.mix.goals[i], up, down);
        }
    }
}

impl State for Desk {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for fader in &mut self.faders {
            fader.visit(word);
            fader.reset(math::clamp(fader.level(), 0.0, 1.0));
        }
        for goal in &mut self.mix.goals {
            goal.visit(word);
            *goal = math::clamp(*goal, 0.0, 1.0);
        }
    }
}
