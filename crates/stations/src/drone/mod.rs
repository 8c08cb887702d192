//! DRONE: pure ratios over a root, beating slowly, sung, breathed and plucked.
//!
//! ```text
//!            ┌─► 14 pairs of sines ─ left and right ─┐
//! composer ─►├─► sub, low pairs ──── middle ─────────┤
//!  (4 Hz)    ├─► reed ─► body, two overtones ────────┼─► dry ──┬─► DC ─► leveler ─► limiter ─► level
//!            ├─► noise ─► breath ────────────────────┤         │
//!            └─► strings ────────────────────────────┴─► room ─┘
//! ```
//!
//! Source of the idea: L. M. Young's *Dream House*, E. Radigue's *Trilogie de la mort*, P. Oliveros' *Deep
//! Listening*, and the tanpura.

mod beats;
mod choir;
mod composer;
mod course;
mod form;
mod harmony;
mod layers;
mod note;
mod plucking;
mod singing;
mod strings;
mod synth;
mod throat;
mod tones;
mod wander;

use std::time::Duration;

use perpetuo_station::{ParamSpec, Performance, Preset, Station, StationSpec};

use crate::performer::Performer;
use composer::Composer;
use harmony::LIMITS;
use synth::Synth;

/// The station's description.
pub(crate) fn spec() -> StationSpec {
    StationSpec {
        name: "drone",
        title: "Drone",
        about: "Pure intervals that beat, breathe and sing over one root, for as long as you like.",
        version: 1,
        params: PARAMS,
        presets: PRESETS,
        refill: Duration::from_secs(10),
        perform: |performance| Box::new(perform(performance)),
    }
}

fn perform(performance: &Performance<'_>) -> impl Station + use<> {
    let at = |param: Param| performance.values.at(param as usize);
    let (seed, sample_rate_hz) = (performance.seed, performance.sample_rate_hz);
    let composer = Composer::new(seed, sample_rate_hz, &at);
    let synth = Synth::new(seed, sample_rate_hz, &at);
    Performer::new(&spec(), performance, composer, synth)
}

/// The order is that of [`Param`].
const PARAMS: &[ParamSpec] = &[
    ParamSpec::number("level", "Level", 0.0..=1.0, 1.0, "Loudness, from silence to full."),
    ParamSpec::number(
        "root",
        "Root",
        30.0..=120.0,
        55.0,
        "Where 1/1 lies; the old root fades as the new one enters.",
    )
    .unit("Hz")
    .log()
    .smoothing_ms(0)
    .taste(40.0..=90.0),
    ParamSpec::choice("limit", "Limit", LIMITS, 2, "The largest prime in the ratios.")
        .taste(1.0..=3.0),
    ParamSpec::number(
        "beating",
        "Beating",
        0.0..=1.0,
        0.4,
        "How fast the two sides of every tone turn against each other; still at 0.",
    ),
    ParamSpec::number("brightness", "Brightness", 0.0..=1.0, 0.5, "Weight of the overtones."),
    ParamSpec::number("density", "Density", 0.0..=1.0, 0.5, "How many voices sound together."),
    ParamSpec::number("motion", "Motion", 0.0..=1.0, 0.5, "How fast harmonies and voices change."),
    ParamSpec::number(
        "pluck",
        "Pluck",
        0.0..=1.0,
        0.5,
        "Tanpura strings: never, at times, always.",
    ),
    ParamSpec::number("space", "Space", 0.0..=1.0, 0.45, "From beside you to a far hall."),
];

const PRESETS: &[Preset] = &[
    Preset {
        name: "dream_house",
        title: "Dream House",
        values: &[
            ("root", 60.0),
            ("beating", 0.12),
            ("density", 0.9),
            ("motion", 0.12),
            ("pluck", 0.0),
            ("space", 0.25),
            ("brightness", 0.6),
        ],
    },
    Preset {
        name: "slow_mountain",
        title: "Slow Mountain",
        values: &[
            ("root", 36.0),
            ("beating", 0.55),
            ("density", 0.4),
            ("motion", 0.15),
            ("pluck", 0.0),
            ("space", 0.6),
            ("brightness", 0.3),
        ],
    },
    Preset {
        name: "four_strings_at_dusk",
        title: "Four Strings at Dusk",
        values: &[
            ("root", 69.3),
            ("limit", 1.0),
            ("beating", 0.3),
            ("density", 0.3),
            ("motion", 0.55),
            ("pluck", 1.0),
            ("space", 0.35),
            ("brightness", 0.6),
        ],
    },
    Preset {
        name: "cistern",
        title: "Cistern",
        values: &[
            ("root", 49.0),
            ("limit", 3.0),
            ("beating", 0.6),
            ("density", 0.55),
            ("motion", 0.4),
            ("pluck", 0.3),
            ("space", 1.0),
        ],
    },
    Preset {
        name: "pythagoras_awake",
        title: "Pythagoras Awake",
        values: &[
            ("root", 73.4),
            ("limit", 0.0),
            ("beating", 0.45),
            ("density", 0.6),
            ("motion", 0.75),
            ("brightness", 0.75),
            ("space", 0.4),
        ],
    },
];

/// A place in [`PARAMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Param {
    Level,
    Root,
    Limit,
    Beating,
    Brightness,
    Density,
    Motion,
    Pluck,
    Space,
}

impl Param {
    const ALL: [Self; 9] = [
        Self::Level,
        Self::Root,
        Self::Limit,
        Self::Beating,
        Self::Brightness,
        Self::Density,
        Self::Motion,
        Self::Pluck,
        Self::Space,
    ];
}
