//! The desk: faders the composer moves, as the engineer of a dub does.
//!
//! ```text
//! fader ← goal + (fader − goal) · 2^(−n/half)
//! ```

use perpetuo_dsp::{Segment, State, math};
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
    levels: [f32; Mix::FADERS],
    mix: Mix,
    /// What a block leaves of a way up and down.
    rests: [[f32; 2]; Mix::FADERS],
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
        let block = BLOCK_LEN as f32 / sample_rate_hz as f32;
        let rests = Self::HALVES.map(|halves| halves.map(|half| math::exp2(-block / half)));
        Self { levels: mix.goals, mix, rests }
    }

    /// The hand moves to another mix.
    pub(super) fn set(&mut self, mix: Mix) {
        self.mix = mix;
    }

    /// Where a fader is now.
    pub(super) fn level(&self, fader: Fader) -> f32 {
        self.levels[fader as usize]
    }

    /// Passes one block and tells the way of every fader, in the order of [`Fader`].
    pub(super) fn advance(&mut self) -> [Segment; Mix::FADERS] {
        let mut ways = [Segment::flat(0.0); Mix::FADERS];
        for (((way, level), goal), [up, down]) in
            ways.iter_mut().zip(&mut self.levels).zip(&self.mix.goals).zip(&self.rests)
        {
            let (from, way_left) = (*level, *level - goal);
            let way_left = way_left * if way_left < 0.0 { *up } else { *down };
            *level = if way_left * way_left < 1e-12 { *goal } else { goal + way_left };
            *way = Segment::between(from, *level, BLOCK_LEN);
        }
        ways
    }

    /// Lets time pass: whatever moves comes nearer.
    pub(super) fn skip(&mut self, blocks: u32) {
        for ((level, goal), [up, down]) in
            self.levels.iter_mut().zip(&self.mix.goals).zip(&self.rests)
        {
            let rest = if *level < *goal { *up } else { *down };
            let left = math::exp2(math::log2(rest) * blocks as f32);
            *level = goal + (*level - goal) * left;
        }
    }
}

impl State for Desk {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for level in &mut self.levels {
            level.visit(word);
            *level = math::clamp(*level, 0.0, 1.0);
        }
        for goal in &mut self.mix.goals {
            goal.visit(word);
            *goal = math::clamp(*goal, 0.0, 1.0);
        }
    }
}
