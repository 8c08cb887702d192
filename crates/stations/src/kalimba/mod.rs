//! KALIMBA: plucked patterns that remember, over metres that change.
//!
//! ```text
//!                      ┌ tines ──────────┐ ┌► nail, box, rattle ┐
//! composer ─► strokes ─┤                 ├─┴────────────────────┴─┬─ dry ──────┐
//!                      ├ wood, beads ────┘                        ├─► echo ────┤─► master
//!                      └ bass tine, drone: dry, in the middle     └─► hall ────┘
//! ```
//!
//! Two hands pluck one instrument; the performance has drawn which one, how loosely it is played, and how
//! its phrases return.

mod composer;
mod course;
mod form;
mod ground;
mod hands;
mod harmony;
mod moment;
mod noises;
mod pulse;
mod stroke;
mod synth;
mod timbre;
mod tines;
mod trail;
mod ways;

use std::time::Duration;

use perpetuo_station::{Applies, ParamSpec, Preset, StationSpec};

use crate::{
    performer::Performer,
    theory::{ROOTS, SCALES, TEMPERAMENTS},
};
use composer::Composer;
use synth::Synth;

/// The station's description.
pub(crate) fn spec() -> StationSpec {
    StationSpec {
        name: "kalimba",
        title: "Kalimba",
        about: "Two hands on plucked tines: patterns that remember, over metres that change.",
        version: 1,
        params: PARAMS,
        presets: PRESETS,
        refill: Duration::from_secs(10),
        perform: |performance| {
            let spec = spec();
            let at = |param: Param| performance.values.at(param as usize);
            let composer = Composer::new(performance.seed, performance.sample_rate_hz, &at);
            let synth = Synth::new(performance.seed, performance.sample_rate_hz, &at);
            Box::new(Performer::new(&spec, performance, composer, synth))
        },
    }
}

/// Labels of `metre`: two numbers are a metre as it is written, three or more are groups of eighths.
const METRES: &[&str] =
    &["wander", "4_4", "3_4", "5_4", "7_8", "6_8", "9_8", "3_3_2", "3_3_2_2", "2_2_2_3"];

/// Places of [`METRES`] among the metres there are; the first is any.
const METRE_PLACES: [u32; METRES.len()] = [2, 2, 1, 3, 5, 4, 6, 8, 10, 9];

/// The order is that of [`Param`].
#[rustfmt::skip]
const PARAMS: &[ParamSpec] = &[
    ParamSpec::number("level", "Level", 0.0..=1.0, 1.0, "Loudness, from silence to full."),
    ParamSpec::number("tempo", "Tempo", 50.0..=120.0, 84.0, "Quarters a minute; scenes lean to either side.")
        .unit("bpm").smoothing_ms(0).applies(Applies::Beat).taste(62.0..=108.0),
    ParamSpec::number("density", "Density", 0.0..=1.0, 0.55, "How many notes a bar has.")
        .taste(0.2..=0.85),
    ParamSpec::number("brightness", "Brightness", 0.0..=1.0, 0.5, "From flesh on wood to nail on steel.")
        .taste(0.2..=0.85),
    ParamSpec::number("deja_vu", "Déjà vu", 0.0..=1.0, 0.36, "From ever new, over a locked loop, to the same notes shuffled.")
        .taste(0.15..=0.75),
    ParamSpec::choice("metre", "Metre", METRES, 0, "How bars are counted; wander takes another each section.")
        .applies(Applies::Bar),
    ParamSpec::choice("root", "Root", ROOTS, 0, "The home key; sections wander from it and return.")
        .applies(Applies::Bar),
    ParamSpec::choice("scale", "Scale", SCALES, 1, "The notes of the home key.")
        .applies(Applies::Bar),
    ParamSpec::choice("tuning", "Tuning", TEMPERAMENTS, 1, "How the tines are tuned above the root, from the next note on."),
    ParamSpec::number("space", "Space", 0.0..=1.0, 0.4, "From a small warm room to a hall with echo.")
        .taste(0.15..=0.85),
    ParamSpec::number("buzz", "Buzz", 0.0..=1.0, 0.22, "Loose shells that rattle with the tines.")
        .taste(0.0..=0.8),
    ParamSpec::number("swing", "Swing", 50.0..=66.0, 52.0, "Where the second of two sixteenths falls.")
        .unit("%").smoothing_ms(0).applies(Applies::Beat).taste(50.0..=62.0),
];

/// A place in [`PARAMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Param {
    Level,
    Tempo,
    Density,
    Brightness,
    DejaVu,
    Metre,
    Root,
    Scale,
    Tuning,
    Space,
    Buzz,
    Swing,
}

impl Param {
    const ALL: [Self; 12] = [
        Self::Level,
        Self::Tempo,
        Self::Density,
        Self::Brightness,
        Self::DejaVu,
        Self::Metre,
        Self::Root,
        Self::Scale,
        Self::Tuning,
        Self::Space,
        Self::Buzz,
        Self::Swing,
    ];

    fn of(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }
}

/// Scales, roots and tunings by their places in [`SCALES`], [`ROOTS`] and [`TEMPERAMENTS`].
const PRESETS: &[Preset] = &[
    Preset {
        name: "market_day",
        title: "Market day",
        values: &[
            ("tempo", 106.0),
            ("density", 0.8),
            ("brightness", 0.62),
            ("deja_vu", 0.42),
            ("metre", 5.0),
            ("root", 7.0),
            ("scale", 7.0),
            ("tuning", 2.0),
            ("space", 0.2),
            ("buzz", 0.45),
            ("swing", 57.0),
        ],
    },
    Preset {
        name: "cradle_song",
        title: "Cradle song",
        values: &[
            ("tempo", 60.0),
            ("density", 0.4),
            ("brightness", 0.42),
            ("deja_vu", 0.46),
            ("metre", 2.0),
            ("root", 5.0),
            ("scale", 4.0),
            ("space", 0.6),
            ("buzz", 0.0),
            ("swing", 50.0),
        ],
    },
    Preset {
        name: "smoke_and_shells",
        title: "Smoke and shells",
        values: &[
            ("tempo", 92.0),
            ("density", 0.72),
            ("brightness", 0.4),
            ("deja_vu", 0.48),
            ("metre", 5.0),
            ("root", 9.0),
            ("scale", 2.0),
            ("tuning", 2.0),
            ("space", 0.3),
            ("buzz", 0.95),
            ("swing", 54.0),
        ],
    },
    Preset {
        name: "stone_garden",
        title: "Stone garden",
        values: &[
            ("tempo", 54.0),
            ("density", 0.14),
            ("brightness", 0.55),
            ("deja_vu", 0.2),
            ("metre", 3.0),
            ("root", 2.0),
            ("scale", 6.0),
            ("tuning", 3.0),
            ("space", 0.92),
            ("buzz", 0.12),
        ],
    },
    Preset {
        name: "clockwork",
        title: "Clockwork",
        values: &[
            ("tempo", 114.0),
            ("density", 0.6),
            ("brightness", 0.82),
            ("deja_vu", 0.5),
            ("metre", 4.0),
            ("root", 4.0),
            ("scale", 0.0),
            ("tuning", 0.0),
            ("space", 0.34),
            ("buzz", 0.05),
            ("swing", 50.0),
        ],
    },
    Preset {
        name: "rain_on_tin",
        title: "Rain on tin",
        values: &[
            ("tempo", 76.0),
            ("density", 0.92),
            ("brightness", 0.74),
            ("deja_vu", 0.08),
            ("metre", 9.0),
            ("root", 11.0),
            ("scale", 3.0),
            ("tuning", 4.0),
            ("space", 0.66),
            ("buzz", 0.55),
            ("swing", 52.0),
        ],
    },
];
