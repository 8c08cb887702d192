//! What a drop sounds like on what it falls on, and what rain on it sounds like from afar.
//!
//! ```text
//! bubble of radius r: f = 3.26 / r      d = 0.13/r + 0.0072 r^(−3/2)      f(t) = f (1 + ξ d t)
//! ```
//!
//! `f` in Hz, `r` in metres, `d` the decay in 1/s; `ξ` is 0.1, which makes a third
//! over the 3.36/d that a bubble is heard here.
//!
//! Source: M. Minnaert, *On Musical Air-Bubbles and the Sounds of Running Water*, 1933; K. van den Doel,
//! *Physically Based Models for Liquid Sounds*, 2005. Plate modes: N. Fletcher, T. Rossing, *The Physics
//! of Musical Instruments*, ch. 3. Ranges, shares and gains by meter, 2026-11.

use super::weather::SURFACES;

/// How drops sound on one surface.
#[derive(Clone, Copy, Debug)]
pub(super) struct Material {
    /// Drops a second when it rains as hard as it can.
    pub rate: f32,
    /// Lowest and highest pitch of a drop in Hz.
    pub hz: [f32; 2],
    /// Pitches above the lowest the surface prefers; none if it has none of its own.
    pub modes: &'static [f32],
    /// How long a drop sounds, low ones and high ones, in ms; its half-life is a fifth of that.
    pub ms: [f32; 2],
    /// How far the pitch goes until the end, as a share of it.
    pub glide: f32,
    /// Peak gain of the largest drops.
    pub gain: f32,
    /// How many drops are heard as a body, too: share, Hz, ms and gain.
    pub thud: Thud,
    pub wash: Wash,
}

/// What a drop sets in motion below its own pitch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thud {
    pub share: f32,
    pub hz: [f32; 2],
    pub ms: f32,
    pub gain: f32,
}

/// The colour of many drops together, as octaves above 1 kHz and gains.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wash {
    pub body: f32,
    pub body_gain: f32,
    pub hiss: f32,
    pub hiss_gain: f32,
}

/// Leaves, tin roof, tent, window, water.
#[rustfmt::skip]
pub(super) const MATERIALS: [Material; SURFACES] = [
    Material {
        rate: 190.0, hz: [1300.0, 5200.0], modes: &[], ms: [8.5, 3.2], glide: -0.5, gain: 0.25,
        thud: Thud { share: 0.25, hz: [380.0, 900.0], ms: 13.0, gain: 0.22 },
        wash: Wash { body: -1.2, body_gain: 0.8, hiss: 1.25, hiss_gain: 0.95 },
    },
    Material {
        rate: 110.0, hz: [520.0, 3900.0], modes: &[1.0, 1.59, 2.14, 2.65, 3.16, 3.65, 4.6, 6.2],
        ms: [36.0, 13.0], glide: -0.03, gain: 0.20,
        thud: Thud { share: 0.3, hz: [170.0, 310.0], ms: 32.0, gain: 0.17 },
        wash: Wash { body: -0.7, body_gain: 0.95, hiss: 0.95, hiss_gain: 0.8 },
    },
    Material {
        rate: 120.0, hz: [620.0, 2600.0], modes: &[], ms: [10.0, 5.5], glide: -0.6, gain: 0.26,
        thud: Thud { share: 0.7, hz: [150.0, 330.0], ms: 35.0, gain: 0.19 },
        wash: Wash { body: -1.3, body_gain: 1.1, hiss: 0.45, hiss_gain: 0.7 },
    },
    Material {
        rate: 110.0, hz: [1500.0, 4300.0], modes: &[1.0, 1.19, 1.44, 1.73, 2.05, 2.46],
        ms: [13.0, 6.5], glide: -0.05, gain: 0.22,
        thud: Thud { share: 0.45, hz: [230.0, 460.0], ms: 21.0, gain: 0.16 },
        wash: Wash { body: -1.5, body_gain: 1.1, hiss: 0.7, hiss_gain: 0.6 },
    },
    Material {
        rate: 120.0, hz: [950.0, 3900.0], modes: &[], ms: [0.0, 0.0], glide: 0.35, gain: 0.26,
        thud: Thud { share: 0.35, hz: [2600.0, 4600.0], ms: 4.0, gain: 0.16 },
        wash: Wash { body: -0.9, body_gain: 0.75, hiss: 1.1, hiss_gain: 0.85 },
    },
];

/// Water that runs down a gutter or over stones: bubbles, many and low.
pub(super) const BROOK: Material = Material {
    rate: 70.0,
    hz: [400.0, 1800.0],
    modes: &[],
    ms: [0.0, 0.0],
    glide: 0.4,
    gain: 0.17,
    thud: Thud { share: 0.0, hz: [300.0, 600.0], ms: 10.0, gain: 0.0 },
    wash: Wash { body: -0.9, body_gain: 0.0, hiss: 1.0, hiss_gain: 0.0 },
};

impl Material {
    /// How long a drop of `hz` sounds, in seconds.
    pub(super) fn seconds(&self, hz: f32, share: f32) -> f32 {
        let [low, high] = self.ms;
        if low > 0.0 { 0.001 * (low + (high - low) * share) } else { bubble_seconds(hz) }
    }
}

/// How long a bubble of `hz` sounds, in seconds: until (1 − x)³ has the half-life of its decay.
pub(super) fn bubble_seconds(hz: f32) -> f32 {
    // With r = 3.26 / f. Half of (1 − x)³ is reached at x = 0.206: ln 2 / 0.206 = 3.36.
    let decay = 0.039_9 * hz + 0.001_22 * hz * hz.sqrt();
    3.36 / (decay + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bubble_of_3_mm_rings_for_some_40_ms() {
        let seconds = bubble_seconds(3.26 / 0.003);
        assert!((0.03..0.05).contains(&seconds), "{seconds}");
    }

    #[test]
    fn nothing_sounds_longer_than_a_tail_may_be_refilled() {
        for material in MATERIALS.iter().chain([&BROOK]) {
            assert!(material.seconds(material.hz[0], 0.0) < 0.3);
            assert!(material.hz[0] > 120.0 && material.thud.hz[0] > 120.0, "bass is mono");
        }
    }
}
