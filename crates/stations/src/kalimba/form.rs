//! Scenes, how long they last, and how they swell.
//!
//! ```text
//! section (70-170 s) = phrases of four bars, then one bar in which it comes to rest
//! 1st phrase: few layers ─► more with each phrase ─► the height at two thirds ─► fewer
//! ```

use perpetuo_dsp::{Chance, math};

use super::timbre::name;
use crate::theory::{ChordKind, Swell};

/// How a hand goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A melody on the strong steps.
    Line,
    /// The same between them.
    OffBeat,
    /// Broken chords.
    Broken,
    /// Every eighth, or every sixteenth between.
    Woven,
    /// High and rare, in twos and threes.
    Chimes,
    /// Runs that fall.
    Drops,
    /// Rolled chords where the harmony changes.
    Rolled,
    /// What the other hand played before.
    Canon,
    /// The notes the other leaves out.
    Hocket,
}

/// One hand in one scene.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hand {
    pub way: Way,
    /// How much it plays, 0..1.
    pub busy: f32,
    /// The middle of its range in semitones above C0, and how far it goes either way.
    pub centre: i32,
    pub span: i32,
    /// A timbre's number, or [`HOUSE`].
    pub timbre: u32,
}

/// The timbre a performance has drawn for itself.
pub(super) const HOUSE: u32 = 15;

/// A kind of section. Shares are 0..1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub name: &'static str,
    pub hands: [Hand; 2],
    pub bass: f32,
    /// Whether the bass is a figure that stays.
    pub ostinato: bool,
    pub drone: f32,
    pub shaker: f32,
    pub wood: f32,
    /// What `buzz` is multiplied by.
    pub rattle: f32,
    /// What `space` is raised by.
    pub room: f32,
    /// What the tempo is multiplied by.
    pub pace: f32,
    /// How often a bar is silent.
    pub rest: f32,
    /// Bars a chord lasts.
    pub chord_bars: u32,
    pub chord: ChordKind,
    /// Seconds, shortest and longest.
    pub seconds: [f32; 2],
    /// Places in `METRES`.
    pub metres: [u32; 4],
}

const fn hand(way: Way, busy: f32, centre: i32, span: i32, timbre: u32) -> Hand {
    Hand { way, busy, centre, span, timbre }
}

/// Every scene, each with its metres: 0 2/4, 1 3/4, 2 4/4, 3 5/4, 4 6/8, 5 7/8, 6 9/8, 7 2+2+3, 8 3+3+2,
/// 9 2+2+2+3, 10 3+3+2+2.
#[rustfmt::skip]
const SCENES: [Scene; Scene::COUNT] = [
    Scene {
        name: "Solo thumb", hands: [hand(Way::Line, 0.95, 58, 10, HOUSE), hand(Way::OffBeat, 0.12, 50, 6, HOUSE)],
        bass: 0.5, ostinato: false, drone: 0.25, shaker: 0.0, wood: 0.0, rattle: 0.8, room: 0.05, pace: 0.95,
        rest: 0.0, chord_bars: 2, chord: ChordKind::Triad, seconds: [70.0, 105.0], metres: [2, 3, 1, 2],
    },
    Scene {
        name: "Two hands", hands: [hand(Way::Line, 0.8, 60, 9, HOUSE), hand(Way::OffBeat, 0.85, 51, 8, HOUSE)],
        bass: 0.75, ostinato: false, drone: 0.15, shaker: 0.0, wood: 0.15, rattle: 1.0, room: 0.0, pace: 1.0,
        rest: 0.0, chord_bars: 1, chord: ChordKind::Triad, seconds: [90.0, 140.0], metres: [2, 5, 8, 2],
    },
    Scene {
        name: "Ground", hands: [hand(Way::Line, 0.6, 62, 10, HOUSE), hand(Way::Broken, 0.45, 53, 8, name::MARIMBA)],
        bass: 1.0, ostinato: true, drone: 0.0, shaker: 0.25, wood: 0.3, rattle: 0.9, room: 0.0, pace: 1.02,
        rest: 0.0, chord_bars: 4, chord: ChordKind::Sus2, seconds: [95.0, 150.0], metres: [3, 5, 2, 9],
    },
    Scene {
        name: "High chimes", hands: [hand(Way::Chimes, 0.75, 74, 9, name::MUSIC_BOX), hand(Way::Broken, 0.3, 63, 8, HOUSE)],
        bass: 0.3, ostinato: false, drone: 0.55, shaker: 0.0, wood: 0.0, rattle: 0.2, room: 0.22, pace: 0.9,
        rest: 0.04, chord_bars: 2, chord: ChordKind::Seventh, seconds: [75.0, 120.0], metres: [1, 2, 4, 3],
    },
    Scene {
        name: "Still water", hands: [hand(Way::Line, 0.42, 57, 12, name::TONGUE), hand(Way::OffBeat, 0.22, 66, 8, HOUSE)],
        bass: 0.4, ostinato: false, drone: 0.6, shaker: 0.0, wood: 0.0, rattle: 0.4, room: 0.3, pace: 0.88,
        rest: 0.22, chord_bars: 2, chord: ChordKind::Sus2, seconds: [70.0, 100.0], metres: [3, 2, 1, 6],
    },
    Scene {
        name: "Dance", hands: [hand(Way::Broken, 0.85, 60, 10, HOUSE), hand(Way::OffBeat, 0.75, 53, 8, name::MARIMBA)],
        bass: 1.0, ostinato: true, drone: 0.0, shaker: 0.9, wood: 0.7, rattle: 1.1, room: -0.08, pace: 1.12,
        rest: 0.0, chord_bars: 1, chord: ChordKind::Triad, seconds: [100.0, 160.0], metres: [4, 5, 8, 10],
    },
    Scene {
        name: "Lullaby", hands: [hand(Way::Line, 0.55, 64, 8, name::MUSIC_BOX), hand(Way::Broken, 0.7, 54, 8, name::KALIMBA)],
        bass: 0.7, ostinato: false, drone: 0.2, shaker: 0.0, wood: 0.0, rattle: 0.1, room: 0.12, pace: 0.88,
        rest: 0.0, chord_bars: 1, chord: ChordKind::Triad, seconds: [80.0, 120.0], metres: [1, 4, 1, 6],
    },
    Scene {
        name: "Buzzing shells", hands: [hand(Way::Woven, 0.9, 55, 8, name::MBIRA), hand(Way::Woven, 0.75, 62, 8, name::MBIRA)],
        bass: 0.85, ostinato: false, drone: 0.0, shaker: 0.6, wood: 0.0, rattle: 2.5, room: -0.05, pace: 1.0,
        rest: 0.0, chord_bars: 1, chord: ChordKind::Fifth, seconds: [95.0, 160.0], metres: [4, 4, 6, 4],
    },
    Scene {
        name: "Raindrops", hands: [hand(Way::Drops, 0.7, 72, 8, HOUSE), hand(Way::OffBeat, 0.5, 58, 9, name::MARIMBA)],
        bass: 0.45, ostinato: false, drone: 0.4, shaker: 0.15, wood: 0.1, rattle: 0.5, room: 0.15, pace: 1.0,
        rest: 0.02, chord_bars: 2, chord: ChordKind::Sus2, seconds: [75.0, 120.0], metres: [2, 3, 7, 2],
    },
    Scene {
        name: "Slow chords", hands: [hand(Way::Rolled, 0.8, 57, 10, name::TONGUE), hand(Way::Line, 0.35, 65, 8, HOUSE)],
        bass: 0.8, ostinato: false, drone: 0.35, shaker: 0.0, wood: 0.0, rattle: 0.4, room: 0.2, pace: 0.9,
        rest: 0.05, chord_bars: 1, chord: ChordKind::Seventh, seconds: [75.0, 115.0], metres: [2, 1, 3, 2],
    },
    Scene {
        name: "Canon", hands: [hand(Way::Line, 0.85, 63, 8, HOUSE), hand(Way::Canon, 0.9, 53, 8, HOUSE)],
        bass: 0.6, ostinato: false, drone: 0.1, shaker: 0.1, wood: 0.0, rattle: 0.7, room: 0.04, pace: 1.0,
        rest: 0.0, chord_bars: 2, chord: ChordKind::Triad, seconds: [85.0, 130.0], metres: [2, 1, 5, 3],
    },
    Scene {
        name: "Hocket", hands: [hand(Way::Hocket, 0.9, 61, 8, HOUSE), hand(Way::Hocket, 0.9, 56, 8, name::MARIMBA)],
        bass: 0.8, ostinato: true, drone: 0.0, shaker: 0.45, wood: 0.5, rattle: 0.9, room: 0.0, pace: 1.06,
        rest: 0.0, chord_bars: 2, chord: ChordKind::Sus4, seconds: [85.0, 140.0], metres: [5, 8, 9, 3],
    },
];

impl Scene {
    /// How many there are.
    pub(super) const COUNT: usize = 12;

    /// A scene by its number, beyond which it is the last.
    pub(super) fn of(number: usize) -> &'static Self {
        &SCENES[number.min(Self::COUNT - 1)]
    }
}

/// What a performance has drawn for itself once and for all: the instrument and the hands that play it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Character {
    /// What [`HOUSE`] stands for, and a second instrument that now and then takes its place.
    pub house: [u32; 2],
    /// Semitones that everything but the bass lies higher.
    pub shift: i32,
    /// 1 where the first hand plays on the right, -1 where on the left.
    pub side: f32,
    /// How loosely it is played: half of the widest deviation in seconds, at most 12 ms.
    pub looseness: f32,
    /// The number of the order in which chords are broken.
    pub figure: u32,
    /// How often a note is doubled.
    pub doubling: f32,
    /// Slots of the two pitch loops.
    pub loops: [u32; 2],
}

impl Character {
    pub(super) fn new(chance: &Chance, stream: u32) -> Self {
        let below = |of: u32, count: u32| chance.below(stream, of, count);
        let house = [
            name::KALIMBA,
            name::KALIMBA,
            name::MBIRA,
            name::TONGUE,
            name::MARIMBA,
            name::MUSIC_BOX,
            name::KALIMBA,
        ][below(0, 7) as usize];
        let other =
            [name::KALIMBA, name::TONGUE, name::MUSIC_BOX, name::MBIRA][below(1, 4) as usize];
        let other = if other == house { name::KALIMBA } else { other };
        Self {
            house: [house, if other == house { name::MARIMBA } else { other }],
            shift: below(2, 7) as i32 - 3,
            side: if below(3, 2) == 0 { 1.0 } else { -1.0 },
            looseness: chance.between(stream, 4, 0.004, 0.012),
            figure: below(6, 64),
            doubling: chance.between(stream, 7, 0.1, 0.26),
            loops: [
                [8, 7, 12, 16, 10][below(8, 5) as usize],
                [5, 6, 8, 9, 12][below(9, 5) as usize],
            ],
        }
    }
}

/// How much is going on when `share` of a section is over: 0.62 at first, 1 at the height, 0.55 at last.
pub(super) fn section_arc(share: f32) -> f32 {
    let share = math::clamp(share, 0.0, 1.0);
    if share < 0.65 {
        0.62 + 0.38 * Swell::Rise.at(share * (1.0 / 0.65))
    } else {
        0.55 + 0.45 * Swell::Fall.at((share - 0.65) * (1.0 / 0.35))
    }
}

/// The same for a phrase: from 0.8 over 1.1 to 0.7, so that each one breathes at its end.
pub(super) fn phrase_arc(share: f32) -> f32 {
    let share = math::clamp(share, 0.0, 1.0);
    if share < 0.6 {
        0.8 + 0.3 * Swell::Rise.at(share * (1.0 / 0.6))
    } else {
        0.7 + 0.4 * Swell::Fall.at((share - 0.6) * 2.5)
    }
}

/// How much is going on within a cycle of some half an hour: 0.85..1.12.
pub(super) fn tide(section: u32) -> f32 {
    const TIDE: [f32; 13] =
        [0.95, 1.0, 1.08, 0.98, 0.88, 0.97, 1.05, 1.12, 1.02, 0.9, 0.85, 0.94, 1.03];
    TIDE[section as usize % TIDE.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::METRES;

    #[test]
    fn arcs_have_no_jumps() {
        for arc in [section_arc as fn(f32) -> f32, phrase_arc] {
            let values: Vec<f32> = (0..=1000).map(|i| arc(i as f32 / 1000.0)).collect();
            assert!(values.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.01));
            assert!(values.iter().all(|value| (0.5..=1.1).contains(value)));
        }
    }

    #[test]
    fn every_scene_keeps_to_its_words() {
        for scene in &SCENES {
            assert!(scene.metres.iter().all(|metre| (*metre as usize) < METRES.len()));
            assert!(scene.seconds[0] >= 70.0 && scene.seconds[1] <= 170.0);
            assert!((0.88..=1.12).contains(&scene.pace), "{}", scene.name);
            for hand in scene.hands {
                assert!(hand.centre - hand.span > 38 && hand.centre + hand.span < 90);
            }
        }
    }

    #[test]
    fn instruments_differ_from_seed_to_seed() {
        let houses: std::collections::BTreeSet<u32> =
            (0..60).map(|seed| Character::new(&Chance::new(seed), 1).house[0]).collect();
        assert_eq!(houses.len(), 5);
        assert!((0..60).all(|seed| {
            let [house, other] = Character::new(&Chance::new(seed), 1).house;
            house != other
        }));
    }
}
