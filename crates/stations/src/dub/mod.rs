//! DUB: chords thrown into a tape echo, a deep bass, and a hand at the desk that mutes and brings back.
//!
//! ```text
//! composer ─┬─ chords ─► filter ─┬─ fader ──────────┬─────────────────────┐
//!           ├─ rim, melodica ────┤                  │                     │
//!           │                    └► send ─► tape ─► high-pass ─┬─ echoes ─┤
//!           ├─ desk: faders, sends, feedback                   ▼          ├─► DC ─► leveler ─► limiter ─► level
//!           ├─ brush hats ──────────────────────────────────► hall ───────┤
//!           └─ bass, kick (mono, dry) ──────────────── duck ──────────────┤
//!              dust: crackle and hiss ────────────────────────────────────┘
//! ```
//!
//! Source of the idea: the desk as an instrument, as O. Ruddock (King Tubby) played it from 1971 on, and
//! one chord for twelve minutes, as M. Ernestus and M. von Oswald (Basic Channel) cut it in 1993-95.

mod bass;
mod composer;
mod desk;
mod drums;
mod dust;
mod form;
mod harmony;
mod melody;
mod note;
mod pace;
mod reed;
mod riddim;
mod stabs;
mod synth;

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
        name: "dub",
        title: "Dub",
        about: "Minor chords thrown into tape echoes over a deep bass, mixed as it goes.",
        version: 1,
        params: PARAMS,
        presets: PRESETS,
        refill: Duration::from_secs(10),
        perform: |performance| {
            let at = |param: Param| performance.values.at(param as usize);
            let composer = Composer::new(performance.seed, performance.sample_rate_hz, &at);
            let synth = Synth::new(performance.seed, performance.sample_rate_hz, &at);
            Box::new(Performer::new(&spec(), performance, composer, synth))
        },
    }
}

/// The order is that of [`Param`].
const PARAMS: &[ParamSpec] = &[
    ParamSpec::number("level", "Level", 0.0..=1.0, 1.0, "Loudness, from silence to full."),
    ParamSpec::number("tempo", "Tempo", 60.0..=95.0, 64.0, "Speed; the kick steps twice a beat.")
        .unit("bpm")
        .smoothing_ms(0)
        .applies(Applies::Bar)
        .taste(60.0..=74.0),
    ParamSpec::number("swing", "Swing", 50.0..=66.0, 55.0, "Where the off-beat sixteenth falls.")
        .unit("%")
        .smoothing_ms(0)
        .applies(Applies::Beat)
        .taste(50.0..=62.0),
    ParamSpec::number(
        "density",
        "Density",
        0.0..=1.0,
        0.5,
        "How much is played between the echoes.",
    ),
    ParamSpec::number("brightness", "Brightness", 0.0..=1.0, 0.5, "How far the filters open.")
        .taste(0.2..=0.85),
    ParamSpec::number("space", "Space", 0.0..=1.0, 0.5, "From a dry desk to a long hall."),
    ParamSpec::number(
        "echo",
        "Echo",
        0.0..=1.0,
        0.55,
        "How much is sent to the tape, and how long it goes round.",
    )
    .taste(0.25..=0.9),
    ParamSpec::number("wow", "Wow", 0.0..=1.0, 0.35, "How unsteady the tape runs.")
        .taste(0.1..=0.7),
    ParamSpec::number("dust", "Dust", 0.0..=1.0, 0.35, "Crackle and hiss of an old record.")
        .taste(0.0..=0.7),
    ParamSpec::choice("root", "Root", ROOTS, 9, "The note the harmony starts from.")
        .applies(Applies::Bar),
    ParamSpec::choice("scale", "Scale", SCALES, 3, "The notes in use.")
        .applies(Applies::Bar)
        .taste(2.0..=3.0),
];

/// A place in [`PARAMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Param {
    Level,
    Tempo,
    Swing,
    Density,
    Brightness,
    Space,
    Echo,
    Wow,
    Dust,
    Root,
    Scale,
}

impl Param {
    const ALL: [Self; 11] = [
        Self::Level,
        Self::Tempo,
        Self::Swing,
        Self::Density,
        Self::Brightness,
        Self::Space,
        Self::Echo,
        Self::Wow,
        Self::Dust,
        Self::Root,
        Self::Scale,
    ];
}

const PRESETS: &[Preset] = &[
    // One chord in fog, the machine of Berlin.
    Preset {
        name: "paul_lincke_ufer",
        title: "Paul-Lincke-Ufer",
        values: &[
            ("tempo", 65.0),
            ("swing", 52.0),
            ("density", 0.45),
            ("brightness", 0.38),
            ("space", 0.7),
            ("echo", 0.75),
            ("wow", 0.25),
            ("dust", 0.55),
            ("root", 5.0),
        ],
    },
    // The front room in Waterhouse: dry riddim, sharp skank, the desk in reach.
    Preset {
        name: "drumilie_avenue",
        title: "Drumilie Avenue",
        values: &[
            ("tempo", 72.0),
            ("swing", 60.0),
            ("density", 0.7),
            ("brightness", 0.62),
            ("space", 0.25),
            ("echo", 0.6),
            ("wow", 0.5),
            ("dust", 0.25),
            ("root", 7.0),
            ("scale", 2.0),
        ],
    },
    // Far below: dark, slow, mostly tail.
    Preset {
        name: "submarine",
        title: "Submarine",
        values: &[
            ("tempo", 60.0),
            ("swing", 54.0),
            ("density", 0.25),
            ("brightness", 0.22),
            ("space", 0.95),
            ("echo", 0.85),
            ("wow", 0.6),
            ("dust", 0.2),
            ("root", 4.0),
        ],
    },
    // A warped record at the end of its side.
    Preset {
        name: "run_out_groove",
        title: "Run-Out Groove",
        values: &[
            ("tempo", 62.0),
            ("density", 0.3),
            ("brightness", 0.45),
            ("space", 0.5),
            ("echo", 0.65),
            ("wow", 0.95),
            ("dust", 1.0),
            ("root", 2.0),
        ],
    },
    // A sound system at full height.
    Preset {
        name: "dubplate",
        title: "Dubplate",
        values: &[
            ("tempo", 70.0),
            ("swing", 57.0),
            ("density", 0.9),
            ("brightness", 0.7),
            ("space", 0.4),
            ("echo", 0.5),
            ("wow", 0.3),
            ("dust", 0.1),
            ("root", 0.0),
            ("scale", 5.0),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use perpetuo_station::{Performance, Station};

    const SAMPLE_RATE_HZ: u32 = 44_100;

    fn start() -> Box<dyn Station> {
        // Without the hall, whose sway keeps no time while it is not heard.
        let mut values = spec().defaults();
        values.apply(spec().setting_of("space", 0.0).unwrap());
        let performance = Performance { seed: 6, sample_rate_hz: SAMPLE_RATE_HZ, values: &values };
        (spec().perform)(&performance)
    }

    fn rendered(station: &mut dyn Station, len: usize) -> Vec<f64> {
        let (mut left, mut right) = (vec![0.0; len], vec![0.0; len]);
        station.render(&mut [&mut left, &mut right]);
        left.into_iter().map(f64::from).collect()
    }

    #[test]
    fn a_passage_sounds_the_same_from_a_minute_before_it_on() {
        let second = 689 * 64;
        let (mut whole, mut late) = (start(), start());
        rendered(&mut *whole, 150 * second);
        let passed = late.skip(90 * second as u64);
        rendered(&mut *late, 150 * second - passed as usize);
        let (a, b) = (rendered(&mut *whole, 3 * second), rendered(&mut *late, 3 * second));
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        // The leveler's patience is longer than a minute, so not the loudness but the shape is compared.
        let alike = product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt();
        assert!(alike > 0.999, "{alike}");
    }
}
