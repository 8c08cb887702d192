//! Weather: eight kinds, which follows which, and how much of each layer a kind has.
//!
//! ```text
//!   windy night ◄──► drizzle ◄──► steady rain ◄──► downpour
//!        ▲              ▲  ▲           │   ▲          │ ▲
//!        ▼              │  └── fog ◄───┼── dripping ◄─┤ ▼
//!  passing front ───────┴─ clearing ◄──┴──────────────┴ passing front
//! ```
//!
//! A first-order Markov chain that never stays: a kind is never followed by itself. What a listener
//! asks for leans the odds, so that a high intensity meets more downpours.

use perpetuo_dsp::{Chance, math};

/// What rain falls on, in the order of the labels after `wander`.
pub(super) const SURFACES: usize = 5;

/// The weather at a moment, each layer 0..1 unless said: what the synthesiser is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sky {
    /// Levels by [`Layer`].
    pub layers: [f32; Layer::COUNT],
    /// How much of each surface is heard; together 1.
    pub surfaces: [f32; SURFACES],
}

/// A place in [`Sky::layers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// The wash: how hard it rains.
    Rain,
    /// How many drops fall near.
    Drops,
    /// Water that runs off.
    Gutter,
    /// How strong the wind blows now.
    Wind,
    /// How much it whistles.
    Whistle,
    /// The pitch of the whistle, in semitones above C0 divided by 128.
    Pitch,
    /// Thunder, as loud as it is now.
    Rumble,
    /// Crickets.
    Insects,
    /// From dark (0) over as it was set (0.5) to bright (1).
    Tilt,
    /// From nearer (0) over as it was set (0.5) to farther (1).
    Far,
}

impl Layer {
    pub(super) const COUNT: usize = 10;
}

/// One kind of weather: where its layers stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// Two names; a visit bears one of them.
    pub names: [&'static str; 2],
    pub rain: f32,
    pub drops: f32,
    pub gutter: f32,
    /// Single drips from an edge, 0..1.
    pub drip: f32,
    pub wind: f32,
    /// How often it thunders.
    pub thunder: f32,
    /// How often bells ring, and how near.
    pub bells: f32,
    pub insects: f32,
    /// Where it is heard from: see [`Layer::Tilt`] and [`Layer::Far`].
    pub tilt: f32,
    pub far: f32,
    /// Odds of what comes next, by place in [`KINDS`].
    next: [f32; KIND_COUNT],
}

pub(super) const KIND_COUNT: usize = 8;

/// Kinds a performance may begin with: it rains from the first moment on.
pub(super) const OPENINGS: [u32; 3] = [1, 0, 2];

#[rustfmt::skip]
pub(super) const KINDS: [Kind; KIND_COUNT] = [
    Kind { names: ["Drizzle", "Fine rain"],
        rain: 0.42, drops: 0.4, gutter: 0.12, drip: 0.25, wind: 0.18, thunder: 0.05, bells: 0.7, insects: 0.0, tilt: 0.82, far: 0.4,
        next: [0.0, 3.0, 0.0, 0.7, 1.0, 1.6, 1.2, 1.0] },
    Kind { names: ["Steady rain", "Long rain"],
        rain: 0.7, drops: 0.65, gutter: 0.3, drip: 0.0, wind: 0.26, thunder: 0.25, bells: 0.45, insects: 0.0, tilt: 0.45, far: 0.5,
        next: [2.0, 0.0, 2.6, 1.5, 1.2, 0.0, 0.4, 0.6] },
    Kind { names: ["Downpour", "Cloudburst"],
        rain: 1.0, drops: 1.0, gutter: 0.7, drip: 0.0, wind: 0.42, thunder: 0.5, bells: 0.15, insects: 0.0, tilt: 0.66, far: 0.35,
        next: [0.4, 2.0, 0.0, 1.5, 2.2, 0.0, 0.0, 0.8] },
    Kind { names: ["Passing front", "Squall"],
        rain: 0.8, drops: 0.6, gutter: 0.4, drip: 0.0, wind: 0.95, thunder: 1.0, bells: 0.15, insects: 0.0, tilt: 0.32, far: 0.6,
        next: [0.0, 1.6, 2.0, 0.0, 0.8, 0.0, 1.0, 1.4] },
    Kind { names: ["After the rain", "Dripping eaves"],
        rain: 0.06, drops: 0.14, gutter: 0.4, drip: 1.0, wind: 0.12, thunder: 0.12, bells: 0.85, insects: 0.3, tilt: 0.5, far: 0.25,
        next: [1.8, 1.2, 0.0, 0.4, 0.0, 1.8, 0.5, 1.2] },
    Kind { names: ["Fog", "Mist"],
        rain: 0.025, drops: 0.05, gutter: 0.08, drip: 0.7, wind: 0.1, thunder: 0.0, bells: 1.0, insects: 0.1, tilt: 0.02, far: 0.75,
        next: [2.0, 1.2, 0.0, 0.0, 0.5, 0.0, 1.2, 0.4] },
    Kind { names: ["Windy night", "Wind in the wires"],
        rain: 0.05, drops: 0.08, gutter: 0.04, drip: 0.12, wind: 0.85, thunder: 0.15, bells: 0.55, insects: 0.0, tilt: 0.17, far: 0.7,
        next: [1.6, 1.5, 0.3, 1.5, 0.0, 0.6, 0.0, 0.7] },
    Kind { names: ["Clearing", "Stars come out"],
        rain: 0.09, drops: 0.18, gutter: 0.35, drip: 0.7, wind: 0.3, thunder: 0.2, bells: 0.75, insects: 0.75, tilt: 1.0, far: 0.4,
        next: [1.6, 1.5, 0.3, 0.4, 0.4, 1.0, 1.2, 0.0] },
];

/// What a listener wishes for, each 0..1, 0.5 leaving the odds alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub intensity: f32,
    pub wind: f32,
    pub thunder: f32,
}

/// Draws what follows `kind`.
pub(super) fn next_kind(chance: &Chance, stream: u32, counter: u32, kind: u32, wish: Wish) -> u32 {
    let from = &KINDS[kind as usize % KIND_COUNT];
    let odds: [f32; KIND_COUNT] = std::array::from_fn(|to| from.next[to] * lean(&KINDS[to], wish));
    let mut left = chance.unit(stream, counter) * odds.iter().sum::<f32>();
    for (to, odds) in odds.iter().enumerate() {
        left -= odds;
        if left < 0.0 && *odds > 0.0 {
            return to as u32;
        }
    }
    // Rounding left a crumb of the last kind that can follow.
    odds.iter().rposition(|odds| *odds > 0.0).unwrap_or(0) as u32
}

/// How a wish multiplies the odds of a kind: by up to 4 either way, by meter, 2026-11.
fn lean(kind: &Kind, wish: Wish) -> f32 {
    let octaves = 4.0 * (wish.intensity - 0.5) * (2.0 * kind.rain - 1.0)
        + 3.0 * (wish.wind - 0.4) * (kind.wind - 0.4)
        + 2.0 * (wish.thunder - 0.4) * (kind.thunder - 0.3);
    math::exp2(math::clamp(octaves, -2.0, 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Wish = Wish { intensity: 0.5, wind: 0.4, thunder: 0.4 };

    fn walk(wish: Wish) -> [u32; KIND_COUNT] {
        let (chance, mut kind, mut visits) = (Chance::new(2), 0, [0; KIND_COUNT]);
        for visit in 0..4000 {
            let next = next_kind(&chance, 1, visit, kind, wish);
            assert_ne!(next, kind, "weather changes");
            kind = next;
            visits[kind as usize] += 1;
        }
        visits
    }

    #[test]
    fn every_kind_comes_and_none_takes_over() {
        let visits = walk(CALM);
        assert!(visits.iter().all(|count| (160..1200).contains(count)), "{visits:?}");
    }

    #[test]
    fn a_wish_for_rain_is_met_by_rain() {
        let wet = |intensity: f32| {
            let visits = walk(Wish { intensity, ..CALM });
            visits[1] + visits[2] + visits[3]
        };
        assert!(wet(1.0) > wet(0.5) + 500 && wet(0.5) > wet(0.0) + 500);
    }
}
