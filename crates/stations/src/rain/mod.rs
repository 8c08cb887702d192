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
mod passage;
mod phrases;
mod synth;
mod wash;
mod weather;

use std::time::Duration;

use perpetuo_station::{Applies, ParamSpec, Preset, StationSpec};

use crate::{
    performer::Performer,
    theory::{ROOTS, SCALES, smooth},
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
        refill: Duration::from_secs(10),
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

#[cfg(test)]
mod tests {
    use perpetuo_station::{BLOCK_LEN, Performance, Station};

    use super::*;

    const RATE: u32 = 44_100;
    /// A second in whole blocks.
    const SECOND: usize = RATE as usize / BLOCK_LEN * BLOCK_LEN;

    fn start(settings: &[(&str, &str)]) -> Box<dyn Station> {
        let spec = spec();
        let mut values = spec.defaults();
        for (name, value) in settings {
            values.apply(spec.setting(name, value).unwrap());
        }
        (spec.perform)(&Performance { seed: 9, sample_rate_hz: RATE, values: &values })
    }

    fn render(station: &mut dyn Station, len: usize) -> [Vec<f32>; 2] {
        let mut out = [vec![0.0; len], vec![0.0; len]];
        let [left, right] = &mut out;
        station.render(&mut [left, right]);
        out
    }

    fn power(samples: impl Iterator<Item = f32>) -> f64 {
        samples.map(|x| f64::from(x * x)).sum()
    }

    #[test]
    fn time_that_passes_unheard_leads_to_the_same_rain() {
        let settings = [("bells", "0"), ("thunder", "0")];
        let (mut heard, mut skipped) = (start(&settings), start(&settings));
        let passed = skipped.skip(200 * SECOND as u64) as usize;
        render(&mut *heard, passed);
        for station in [&mut heard, &mut skipped] {
            render(&mut **station, spec().refill.as_secs() as usize * SECOND);
        }
        let (a, b) = (render(&mut *heard, SECOND), render(&mut *skipped, SECOND));
        // The leveler's slow hand did not hear what was skipped, and the reverb sways as it will: alike
        // but for one gain and 30 dB.
        let product: f64 = a[0].iter().zip(&b[0]).map(|(a, b)| f64::from(a * b)).sum();
        let alike = product * product / (power(a[0].iter().copied()) * power(b[0].iter().copied()));
        assert!(alike > 0.999, "{alike}");
    }

    #[test]
    fn a_snapshot_leaves_room_for_every_glide() {
        let bytes = start(&[]).snapshot().as_bytes().len();
        assert!(bytes <= 180 * 4, "{bytes} bytes");
    }

    #[test]
    fn it_is_wide_above_and_nearly_mono_in_the_bass() {
        let [left, right] = render(&mut *start(&[]), 20 * SECOND);
        let halves = |sign: f32| left.iter().zip(&right).map(move |(l, r)| 0.5 * (l + sign * r));
        let ratio_db = |mid: f64, side: f64| 10.0 * (side / mid).log10();
        let wide = ratio_db(power(halves(1.0)), power(halves(-1.0)));
        assert!((-9.0..-3.0).contains(&wide), "{wide:.1} dB");
        // Four means of 1/220 s in a row leave what is below some 80 Hz.
        let low = |sign: f32| {
            let mut all: Vec<f32> = halves(sign).collect();
            for _ in 0..4 {
                all = all.windows(200).map(|x| x.iter().sum::<f32>() / 200.0).step_by(1).collect();
            }
            power(all.into_iter())
        };
        let bass = ratio_db(low(1.0), low(-1.0));
        assert!(bass < -18.0, "{bass:.1} dB");
    }
}
