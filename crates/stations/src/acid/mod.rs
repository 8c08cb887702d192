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
mod hit;
mod line;
mod stabs;
mod synth;
mod width;

use std::time::Duration;

use perpetuo_station::{Applies, ParamSpec, Preset, StationSpec};

use crate::{
    performer::Performer,
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
        version: 2,
        params: PARAMS,
        presets: PRESETS,
        refill: Duration::from_secs(5),
        perform: |performance| {
            let (seed, sample_rate_hz) = (performance.seed, performance.sample_rate_hz);
            let at = |param: Param| performance.values.at(param as usize);
            let composer = Composer::new(seed, sample_rate_hz, &at);
            let synth = Synth::new(seed, sample_rate_hz, &at);
            Box::new(Performer::new(&spec(), performance, composer, synth))
        },
    }
}

/// The order is that of [`Param`].
const PARAMS: &[ParamSpec] = &[
    ParamSpec::number("level", "Level", 0.0..=1.0, 1.0, "Loudness, from silence to full."),
    ParamSpec::number("tempo", "Tempo", 100.0..=150.0, 126.0, "Speed.")
        .unit("bpm")
        .smoothing_ms(0)
        .applies(Applies::Bar)
        .taste(116.0..=136.0),
    ParamSpec::number("brightness", "Brightness", 0.0..=1.0, 0.5, "The cutoff of the filters.")
        .taste(0.25..=0.8),
    ParamSpec::number("resonance", "Resonance", 0.0..=1.0, 0.65, "How much the line squelches.")
        .taste(0.3..=0.95),
    ParamSpec::number(
        "density",
        "Density",
        0.0..=1.0,
        0.6,
        "How many notes and strokes a bar has.",
    )
    .taste(0.3..=0.85),
    ParamSpec::number("space", "Space", 0.0..=1.0, 0.4, "Echo and room.").taste(0.15..=0.8),
    ParamSpec::choice("root", "Root", ROOTS, 9, "The note the line starts from.")
        .applies(Applies::Beat),
    ParamSpec::choice("scale", "Scale", SCALES, 3, "The notes in use.").applies(Applies::Beat),
    ParamSpec::number("mutate", "Mutate", 0.0..=1.0, 0.35, "How fast the line forgets itself.")
        .smoothing_ms(0)
        .taste(0.1..=0.6),
    ParamSpec::number("energy", "Energy", 0.0..=1.0, 0.6, "From sparse sections to full ones.")
        .smoothing_ms(0)
        .applies(Applies::Bar)
        .taste(0.35..=0.9),
    ParamSpec::number("swing", "Swing", 50.0..=66.0, 54.0, "Where the off-beat sixteenth falls.")
        .unit("%")
        .smoothing_ms(0)
        .applies(Applies::Beat)
        .taste(50.0..=60.0),
];

const PRESETS: &[Preset] = &[
    Preset {
        name: "warehouse",
        title: "Warehouse, 4 a.m.",
        values: &[("tempo", 131.0), ("resonance", 0.8), ("energy", 0.9), ("mutate", 0.25)],
    },
    Preset {
        name: "deep",
        title: "Deep and slow",
        values: &[
            ("tempo", 117.0),
            ("brightness", 0.3),
            ("resonance", 0.45),
            ("density", 0.45),
            ("space", 0.7),
            ("energy", 0.45),
            ("swing", 57.0),
        ],
    },
    Preset {
        name: "squelch",
        title: "All squelch",
        values: &[
            ("brightness", 0.6),
            ("resonance", 1.0),
            ("density", 0.85),
            ("scale", 5.0),
            ("mutate", 0.5),
            ("space", 0.2),
        ],
    },
    Preset {
        name: "sunrise",
        title: "Sunrise",
        values: &[
            ("tempo", 122.0),
            ("brightness", 0.65),
            ("resonance", 0.4),
            ("scale", 4.0),
            ("space", 0.75),
            ("energy", 0.55),
        ],
    },
    Preset {
        name: "empty_floor",
        title: "Empty floor",
        values: &[
            ("brightness", 0.4),
            ("density", 0.25),
            ("energy", 0.1),
            ("space", 0.9),
            ("mutate", 0.5),
        ],
    },
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
