//! WEAVE: two players on one pattern, of whom the second gains on the first, a step at a time.
//!
//! ```text
//! pattern of 12 steps ─┬─► first ── left ──┐
//!                      └─► second ─ right ─┼─► room ─► master
//! where they meet ─► bell      ground ─► deep bars ─┘
//! ```
//!
//! Source of the idea: S. Reich, *Music as a Gradual Process*, 1968.

mod composer;
mod synth;

use std::time::Duration;

use perpetuo_station::{ParamSpec, Preset, StationSpec};
use perpetuo_stations::{Performer, ROOTS};

use composer::Composer;
use synth::Synth;

/// The station's description.
pub fn spec() -> StationSpec {
    StationSpec {
        name: "weave",
        title: "Weave",
        about: "Two players on one pattern, of whom the second gains on the first.",
        version: 1,
        params: PARAMS,
        presets: PRESETS,
        refill: Duration::from_secs(10),
        perform: |performance| {
            let at = |param: Param| performance.values.at(param as usize);
            let (seed, rate) = (performance.seed, performance.sample_rate_hz);
            let (composer, synth) = (Composer::new(seed, rate, &at), Synth::new(rate, &at));
            Box::new(Performer::new(&spec(), performance, composer, synth))
        },
    }
}

/// A place in [`PARAMS`].
#[derive(Clone, Copy, Debug)]
enum Param {
    Level,
    Tempo,
    Drift,
    Density,
    Brightness,
    Space,
    Root,
}

impl Param {
    const ALL: [Self; 7] = [
        Self::Level,
        Self::Tempo,
        Self::Drift,
        Self::Density,
        Self::Brightness,
        Self::Space,
        Self::Root,
    ];
}

/// The order is that of [`Param`].
const PARAMS: &[ParamSpec] = &[
    ParamSpec::number("level", "Level", 0.0..=1.0, 1.0, "Loudness, from silence to full."),
    ParamSpec::number(
        "tempo",
        "Tempo",
        60.0..=160.0,
        104.0,
        "Beats a minute, of three steps each.",
    )
    .unit("bpm")
    .taste(84.0..=132.0),
    ParamSpec::number("drift", "Drift", 0.0..=1.0, 0.5, "How often the second moves ahead."),
    ParamSpec::number("density", "Density", 0.0..=1.0, 0.6, "How many steps have a note."),
    ParamSpec::number("brightness", "Brightness", 0.0..=1.0, 0.5, "From felt to hard mallets."),
    ParamSpec::number("space", "Space", 0.0..=1.0, 0.4, "How large the room is."),
    ParamSpec::choice("root", "Root", ROOTS, 9, "The note it starts from."),
];

const PRESETS: &[Preset] = &[
    Preset { name: "loom", title: "Loom", values: &[("tempo", 126.0), ("density", 0.9)] },
    Preset {
        name: "late",
        title: "Late",
        values: &[("tempo", 80.0), ("density", 0.35), ("brightness", 0.2), ("space", 0.9)],
    },
    Preset {
        name: "apart",
        title: "Apart",
        values: &[("drift", 1.0), ("brightness", 0.7), ("root", 2.0)],
    },
];
