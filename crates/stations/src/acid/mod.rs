//! ACID: a line that half remembers itself, drums, stabs, and an arrangement with a shape.
//!
//! ```text
//! composer ─► line ──► drive ─┬─ width ─────┐
//!             stabs ──────────┼─► duck ─────┤
//!             kick, hats, clap, blip ───────┼─► DC ─► leveler ─► limiter ─► level
//!                             ├─► echo 3/16 ┤
//!                             └─► reverb ───┘
//! ```

mod composer;
mod drums;
mod form;
mod line;
mod stabs;
mod synth;

use std::time::Duration;

use perpetuo_dsp::State;
use perpetuo_station::{Applies, ParamSpec, Performance, StationSpec};

use crate::{
    blockwise::{Block, Blockwise, Piece},
    theory::{ROOTS, SCALES},
};
use composer::Composer;
use synth::Synth;

/// The station's description.
pub(crate) fn spec() -> StationSpec {
    StationSpec {
        name: "acid",
        title: "Acid",
        about: "A squelching line over drums, building up and breaking down for ever.",
        version: 1,
        params: PARAMS,
        presets: &[],
        refill: Duration::from_secs(3),
        perform: |performance| Box::new(Blockwise::new(Acid::new(performance))),
    }
}

/// The order is that of [`Param`].
const PARAMS: &[ParamSpec] = &[
    ParamSpec::number("level", "Level", 0.0..=1.0, 1.0, "Loudness, from silence to full."),
    ParamSpec::number("tempo", "Tempo", 100.0..=150.0, 126.0, "Speed.")
        .unit("bpm")
        .smoothing_ms(0)
        .applies(Applies::Bar),
    ParamSpec::number("brightness", "Brightness", 0.0..=1.0, 0.5, "The cutoff of the filters."),
    ParamSpec::number("resonance", "Resonance", 0.0..=1.0, 0.65, "How much the line squelches."),
    ParamSpec::number(
        "density",
        "Density",
        0.0..=1.0,
        0.6,
        "How many notes and strokes a bar has.",
    ),
    ParamSpec::number("space", "Space", 0.0..=1.0, 0.4, "Echo and room."),
    ParamSpec::choice("root", "Root", ROOTS, 9, "The note the line starts from."),
    ParamSpec::choice("scale", "Scale", SCALES, 3, "The notes in use."),
    ParamSpec::number("mutate", "Mutate", 0.0..=1.0, 0.35, "How fast the line forgets itself."),
    ParamSpec::number("energy", "Energy", 0.0..=1.0, 0.6, "From sparse sections to full ones.")
        .smoothing_ms(0)
        .applies(Applies::Bar),
    ParamSpec::number("swing", "Swing", 50.0..=66.0, 54.0, "Where the off-beat sixteenth falls.")
        .unit("%")
        .smoothing_ms(0)
        .applies(Applies::Beat),
];

/// A place in [`PARAMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Param {
    Level,
    Tempo,
    Brightness,
    Resonance,
    Density,
    Space,
    Root,
    Scale,
    Mutate,
    Energy,
    Swing,
}

impl Param {
    const ALL: [Self; 11] = [
        Self::Level,
        Self::Tempo,
        Self::Brightness,
        Self::Resonance,
        Self::Density,
        Self::Space,
        Self::Root,
        Self::Scale,
        Self::Mutate,
        Self::Energy,
        Self::Swing,
    ];
}

/// One performance.
struct Acid {
    composer: Composer,
    synth: Synth,
}

impl Acid {
    fn new(performance: &Performance<'_>) -> Self {
        let at = |param: Param| performance.values.at(param as usize);
        Self {
            composer: Composer::new(performance.seed, performance.sample_rate_hz, &at),
            synth: Synth::new(performance.seed, performance.sample_rate_hz, &at),
        }
    }
}

impl Piece for Acid {
    fn render_block(&mut self, out: &mut Block) {
        self.synth.begin_block();
        while let Some((step, at)) = self.composer.next_step() {
            self.synth.play(&step, at);
        }
        self.synth.render(out);
    }

    fn set(&mut self, index: usize, value: f32) {
        if let Some(param) = Param::ALL.get(index) {
            self.composer.set(*param, value);
            self.synth.set(*param, value);
        }
    }
}

impl State for Acid {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.composer.visit(word);
        self.synth.visit(word);
    }
}
