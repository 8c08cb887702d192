//! RAIN: weather that passes for hours over leaves, tin, canvas, glass and water, for sleep and focus.
//!
//! ```text
//! composer: weather (Markov) ─► sky, 4 times a second ─► wash: noise ─► 8 filters ──┐
//!           phrases ─► bells ────────────► chimes: 6 modal voices ──┬─ near ────────┤
//!           3 dripping edges ─► drips ─┐                            ▼               ├─► master
//!           seed and time ─► drops ────┴─► grains: tiny bubbles ─► reverb ──────────┤
//!                                          crickets ────────────────────────────────┘
//! ```
//!
//! Rain is three things at once: a wash of far drops that has become noise, near drops one by one, and
//! water that runs off. What changes from near to far is their balance, their colour and the room.

mod chimes;
mod composer;
mod crickets;
mod drops;
mod materials;
mod phrases;
mod synth;
mod wash;
mod weather;

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
        name: "rain",
        title: "Rain",
        about: "Rain, wind and far thunder that pass for hours, with bells behind the rain.",
        version: 1,
        params: PARAMS,
        presets: PRESETS,
        refill: Duration::from_secs(5),
        perform: |performance| {
            let at = |param: Param| performance.values.at(param as usize);
            let (seed, rate) = (performance.seed, performance.sample_rate_hz);
            let (composer, synth) = (Composer::new(seed, rate, &at), Synth::new(seed, rate, &at));
            Box::new(Performer::new(&spec(), performance, composer, synth))
        },
    }
}

/// Labels of what the rain falls on; the first leaves it to the piece.
const SURFACES: &[&str] = &["wander", "leaves", "roof", "tent", "window", "water"];

/// The order is that of [`Param`].
const PARAMS: &[ParamSpec] = &[
    ParamSpec::number("level", "Level", 0.0..=1.0, 1.0, "Loudness, from silence to full."),
    ParamSpec::number("intensity", "Intensity", 0.0..=1.0, 0.5, "From drizzle to downpour.")
        .taste(0.2..=0.8),
    ParamSpec::number(
        "distance",
        "Distance",
        0.0..=1.0,
        0.4,
        "From single drops, near and bright, to a dull wash far off.",
    ),
    ParamSpec::number("wind", "Wind", 0.0..=1.0, 0.4, "From still air to gusts that whistle."),
    ParamSpec::number("brightness", "Brightness", 0.0..=1.0, 0.5, "From dark to bright.")
        .taste(0.15..=0.75),
    ParamSpec::number("bells", "Bells", 0.0..=1.0, 0.4, "How often bells ring, and how near."),
    ParamSpec::number("thunder", "Thunder", 0.0..=1.0, 0.35, "How often it thunders, far off."),
    ParamSpec::choice("surface", "Surface", SURFACES, 0, "What the rain falls on."),
    ParamSpec::number("space", "Space", 0.0..=1.0, 0.5, "How large the air is that answers."),
    ParamSpec::choice("root", "Root", ROOTS, 2, "The note the bells start from.")
        .applies(Applies::Bar),
    ParamSpec::choice("scale", "Scale", SCALES, 1, "The notes of the bells.").applies(Applies::Bar),
];

/// Rooms of the piece.
const PRESETS: &[Preset] = &[
    Preset {
        name: "tin_roof",
        title: "Under a Tin Roof",
        values: &[
            ("intensity", 0.62),
            ("distance", 0.12),
            ("wind", 0.25),
            ("bells", 0.12),
            ("thunder", 0.3),
            ("surface", 2.0),
            ("space", 0.3),
        ],
    },
    Preset {
        name: "tent",
        title: "A Tent by the Lake",
        values: &[
            ("intensity", 0.42),
            ("distance", 0.2),
            ("wind", 0.35),
            ("brightness", 0.4),
            ("bells", 0.1),
            ("thunder", 0.25),
            ("surface", 3.0),
            ("space", 0.35),
            ("scale", 0.0),
        ],
    },
    Preset {
        name: "window_seat",
        title: "Window Seat",
        values: &[
            ("intensity", 0.55),
            ("distance", 0.5),
            ("wind", 0.45),
            ("brightness", 0.38),
            ("bells", 0.35),
            ("surface", 4.0),
            ("space", 0.45),
            ("root", 9.0),
        ],
    },
    Preset {
        name: "temple_garden",
        title: "Temple Garden",
        values: &[
            ("intensity", 0.22),
            ("distance", 0.25),
            ("wind", 0.2),
            ("brightness", 0.55),
            ("bells", 0.9),
            ("thunder", 0.0),
            ("surface", 5.0),
            ("space", 0.85),
            ("root", 4.0),
            ("scale", 6.0),
        ],
    },
    Preset {
        name: "far_storm",
        title: "Far Storm",
        values: &[
            ("intensity", 0.6),
            ("distance", 0.9),
            ("wind", 0.55),
            ("brightness", 0.25),
            ("bells", 0.0),
            ("thunder", 0.95),
            ("space", 0.8),
        ],
    },
    Preset {
        name: "night_wind",
        title: "Wind in the Pines",
        values: &[
            ("intensity", 0.12),
            ("distance", 0.6),
            ("wind", 0.95),
            ("brightness", 0.42),
            ("bells", 0.3),
            ("thunder", 0.1),
            ("surface", 1.0),
            ("space", 0.6),
            ("root", 7.0),
            ("scale", 0.0),
        ],
    },
];

/// A place in [`PARAMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Param {
    Level,
    Intensity,
    Distance,
    Wind,
    Brightness,
    Bells,
    Thunder,
    Surface,
    Space,
    Root,
    Scale,
}

impl Param {
    const ALL: [Self; 11] = [
        Self::Level,
        Self::Intensity,
        Self::Distance,
        Self::Wind,
        Self::Brightness,
        Self::Bells,
        Self::Thunder,
        Self::Surface,
        Self::Space,
        Self::Root,
        Self::Scale,
    ];
}

/// What the composer tells the synthesiser.
#[derive(Clone, Copy, Debug)]
enum Note {
    /// The weather as it is now.
    Sky(weather::Sky),
    /// A bell is struck.
    Bell(chimes::Stroke),
    /// A drip falls from an edge.
    Drip(drops::Drip),
}

/// A smooth wandering in 0..1: a new random value every `period` steps of `clock`, S-curves between.
fn sway(chance: &perpetuo_dsp::Chance, stream: u32, clock: u32, period: u32) -> f32 {
    let knot = clock / period;
    let part = (clock % period) as f32 / period as f32;
    let [from, to] = [0, 1].map(|next| chance.unit(stream, knot.wrapping_add(next)));
    from + (to - from) * smooth(part)
}

/// An S-curve from 0 to 1 over 0..1, flat at both ends and beyond.
fn smooth(x: f32) -> f32 {
    let x = perpetuo_dsp::math::clamp(x, 0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}
