//! DRIFT: slow pads on loops that never meet again, bells, a drone, breath.
//!
//! ```text
//! form, harmony ─► loops ─► 8 pads ────┐
//!              └─► phrases ─► 8 bells ─┼─┬─ near ─────────────┐
//!              └─► mood ─► drone, halo,┘ ├─► echo (bells) ────┤─► DC ─► leveler ─► limiter ─► level
//!                          breath, wind  └─► high-pass, hall ─┘
//! ```
//!
//! Source of the idea: B. Eno's loops of unlike length (*Music for Airports*, 1978).

mod air;
mod bells;
mod character;
mod chimes;
mod composer;
mod drone;
mod form;
mod halo;
mod harmony;
mod loops;
mod note;
mod pads;
mod synth;
#[cfg(test)]
mod tests;

use std::time::Duration;

use perpetuo_station::{ParamSpec, Performance, Preset, Station, StationSpec};

use crate::{
    performer::Performer,
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
        version: 3,
        params: PARAMS,
        presets: PRESETS,
        refill: Duration::from_secs(6),
        perform,
    }
}

fn perform(performance: &Performance<'_>) -> Box<dyn Station> {
    let at = |param: Param| performance.values.at(param as usize);
    let Performance { seed, sample_rate_hz, .. } = *performance;
    let composer = Composer::new(seed, sample_rate_hz, &at);
    Box::new(Performer::new(&spec(), performance, composer, Synth::new(seed, sample_rate_hz, &at)))
}

/// The order is that of [`Param`].
const PARAMS: &[ParamSpec] = &[
    ParamSpec::number("level", "Level", 0.0..=1.0, 1.0, "Loudness, from silence to full."),
    ParamSpec::number("brightness", "Brightness", 0.0..=1.0, 0.5, "How far the filters open.")
        .taste(0.25..=0.8),
    ParamSpec::number("density", "Density", 0.0..=1.0, 0.5, "How many notes sound together.")
        .taste(0.2..=0.85),
    ParamSpec::number("space", "Space", 0.0..=1.0, 0.5, "From a near room to a far hall.")
        .taste(0.25..=0.9),
    ParamSpec::choice("root", "Root", ROOTS, 2, "The note the harmony starts from."),
    // Up to ionian: the harmonic minor and what follows are for who wants them.
    ParamSpec::choice("scale", "Scale", SCALES, 4, "The notes in use.").taste(0.0..=8.0),
    ParamSpec::number("motion", "Motion", 0.0..=1.0, 0.4, "How much everything sways and wanders.")
        .taste(0.1..=0.8),
    ParamSpec::number("bells", "Bells", 0.0..=1.0, 0.5, "How often bells ring; none at 0.")
        .taste(0.1..=0.85),
];

/// Rooms of the piece. A scale by its place in `SCALES`, a root in `ROOTS`.
#[rustfmt::skip]
const PRESETS: &[Preset] = &[
    Preset { name: "first_light", title: "First light", values: &[
        ("brightness", 0.64), ("density", 0.55), ("space", 0.6), ("motion", 0.35), ("bells", 0.4) ] },
    Preset { name: "temple_garden", title: "Temple garden", values: &[
        ("brightness", 0.48), ("density", 0.22), ("space", 0.7), ("root", 4.0), ("scale", 6.0),
        ("motion", 0.2), ("bells", 0.9) ] },
    Preset { name: "deep_harbour", title: "Deep harbour", values: &[
        ("brightness", 0.26), ("density", 0.65), ("space", 0.8), ("root", 0.0), ("scale", 3.0),
        ("motion", 0.55), ("bells", 0.08) ] },
    Preset { name: "glass_house", title: "Glass house", values: &[
        ("brightness", 0.8), ("density", 0.42), ("space", 0.35), ("root", 9.0), ("scale", 1.0),
        ("motion", 0.6), ("bells", 0.8) ] },
    Preset { name: "polar_night", title: "Polar night", values: &[
        ("brightness", 0.38), ("density", 0.15), ("space", 1.0), ("root", 6.0), ("scale", 5.0),
        ("motion", 0.8), ("bells", 0.2) ] },
    Preset { name: "string_room", title: "String room", values: &[
        ("brightness", 0.56), ("density", 0.95), ("space", 0.2), ("root", 7.0), ("scale", 7.0),
        ("motion", 0.25), ("bells", 0.0) ] },
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
