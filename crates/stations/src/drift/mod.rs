//! DRIFT: slow pads on loops that never meet again, bells, a drone, breath.
//!
//! ```text
//! composer ─► 8 pads, 6 bells, drone, breath ─┬─ dry ──────────────┐
//!                                             ├─► echo (bells) ────┤─► DC ─► leveler ─► limiter ─► level
//!                                             └─► reverb ──────────┘
//! ```
//!
//! Source of the idea: B. Eno's loops of unlike length (*Music for Airports*, 1978).

mod bells;
mod composer;
mod ground;
mod pads;
mod synth;

use std::time::Duration;

use perpetuo_dsp::State;
use perpetuo_station::{ParamSpec, Performance, StationSpec};

use crate::{
    blockwise::{Block, Blockwise, Piece},
    theory::{ROOTS, SCALES},
};
use composer::Composer;
use synth::Synth;

/// The station's description.
pub(crate) fn spec() -> StationSpec {
    StationSpec {
        name: "drift",
        title: "Drift",
        about: "Slow pads, bells and breath on loops that never meet again.",
        version: 1,
        params: PARAMS,
        presets: &[],
        refill: Duration::from_secs(5),
        perform: |performance| Box::new(Blockwise::new(Drift::new(performance))),
    }
}

/// The order is that of [`Param`].
const PARAMS: &[ParamSpec] = &[
    ParamSpec::number("level", "Level", 0.0..=1.0, 1.0, "Loudness, from silence to full."),
    ParamSpec::number("brightness", "Brightness", 0.0..=1.0, 0.5, "How far the filters open."),
    ParamSpec::number("density", "Density", 0.0..=1.0, 0.5, "How many notes sound together."),
    ParamSpec::number("space", "Space", 0.0..=1.0, 0.5, "From a near room to a far hall."),
    ParamSpec::choice("root", "Root", ROOTS, 2, "The note the harmony starts from."),
    ParamSpec::choice("scale", "Scale", SCALES, 4, "The notes in use."),
    ParamSpec::number("motion", "Motion", 0.0..=1.0, 0.4, "How much everything sways and wanders."),
    ParamSpec::number("bells", "Bells", 0.0..=1.0, 0.5, "How often bells ring; none at 0."),
];

/// A place in [`PARAMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Param {
    Level,
    Brightness,
    Density,
    Space,
    Root,
    Scale,
    Motion,
    Bells,
}

impl Param {
    const ALL: [Self; 8] = [
        Self::Level,
        Self::Brightness,
        Self::Density,
        Self::Space,
        Self::Root,
        Self::Scale,
        Self::Motion,
        Self::Bells,
    ];
}

/// One performance.
struct Drift {
    composer: Composer,
    synth: Synth,
}

impl Drift {
    fn new(performance: &Performance<'_>) -> Self {
        let at = |param: Param| performance.values.at(param as usize);
        Self {
            composer: Composer::new(performance.seed, performance.sample_rate_hz, &at),
            synth: Synth::new(performance.seed, performance.sample_rate_hz, &at),
        }
    }
}

impl Piece for Drift {
    fn render_block(&mut self, out: &mut Block) {
        self.composer.play(&mut self.synth);
        self.synth.render(out);
    }

    fn set(&mut self, index: usize, value: f32) {
        if let Some(param) = Param::ALL.get(index) {
            self.composer.set(*param, value, &mut self.synth);
            self.synth.set(*param, value);
        }
    }
}

impl State for Drift {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.composer.visit(word);
        self.synth.visit(word);
    }
}
