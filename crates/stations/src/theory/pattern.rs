//! Patterns of onsets: evenly spread ones, and a map of drum patterns to walk about in.
//!
//! ```text
//! level(x, y) = (1−u)(1−v) a + u(1−v) b + (1−u)v c + uv d       a b: the four patterns around x, y,
//! onset       ⇔  level > 1 − density                          c d  u, v the way from one to the next
//! ```
//!
//! Source of the idea: Grids by Mutable Instruments (É. Gillet, 2012). The patterns are our own.

use perpetuo_dsp::{Chance, math};

/// Whether `step` of `len` is an onset when `onsets` are spread as evenly as can be, turned by `turn`.
///
/// ```text
/// onset at i  ⇔  (i · onsets) mod len < onsets
/// ```
///
/// Source: G. Toussaint, *The Euclidean Algorithm Generates Traditional Musical Rhythms*, 2005.
pub(crate) fn euclid(step: u32, onsets: u32, len: u32, turn: u32) -> bool {
    let len = len.max(1);
    (step.wrapping_add(turn) % len) * onsets.min(len) % len < onsets.min(len)
}

/// A part of the drums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drum {
    /// The low one.
    Kick,
    /// Snare or clap: what answers.
    Snare,
    /// What keeps the time.
    Hat,
}

/// Where on the map the drums are, and how much of what is there they play.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DrumMap {
    /// From steady kicks (0) over broken ones and half time to those of three against four (1).
    pub x: f32,
    /// From plain (0) to busy (1).
    pub y: f32,
    /// How much kick, snare and hat play, 0 (nothing) to 1 (all there is).
    pub density: [f32; 3],
    /// How far each bar departs from the last, 0 (not) to 1.
    pub wander: f32,
}

impl DrumMap {
    /// How loud a part strikes on a step of sixteen, 0..1; 0 is not at all.
    ///
    /// Each part of each bar looks at a place and a density of its own, `wander` away from the map's,
    /// from nine draws a bar of `stream`.
    pub(crate) fn strike(
        &self,
        chance: &Chance,
        stream: u32,
        bar: u32,
        step: u32,
        drum: Drum,
    ) -> f32 {
        let draw = |of: u32| {
            let counter = bar.wrapping_mul(9).wrapping_add(3 * drum as u32 + of);
            self.wander * chance.between(stream, counter, -1.0, 1.0)
        };
        let density = self.density[drum as usize] * (1.0 + 0.25 * draw(2));
        // A wander of 1 goes at most half the way to the next pattern.
        let level = level(
            self.x + 0.5 / (COLUMNS - 1) as f32 * draw(0),
            self.y + 0.5 / (ROWS - 1) as f32 * draw(1),
            step,
            drum,
        );
        if level > 1.0 - density { level } else { 0.0 }
    }
}

/// How much a part wants to strike on a step of sixteen, 0..1, at a place of the map; `x` and `y`
/// stop at 0 and 1.
pub(crate) fn level(x: f32, y: f32, step: u32, drum: Drum) -> f32 {
    let (column, u) = split(x, COLUMNS);
    let (row, v) = split(y, ROWS);
    let at = |row: usize, column: usize| {
        let digits = PATTERNS[row][column][drum as usize];
        f32::from(digits[step as usize % 16] - b'0') * (1.0 / 9.0)
    };
    let upper = at(row, column) + (at(row, column + 1) - at(row, column)) * u;
    let lower = at(row + 1, column) + (at(row + 1, column + 1) - at(row + 1, column)) * u;
    math::clamp(upper + (lower - upper) * v, 0.0, 1.0)
}

/// The last of `count` places that is not beyond `share`, but never the very last, and the rest.
fn split(share: f32, count: usize) -> (usize, f32) {
    let place = math::clamp(share, 0.0, 1.0) * (count - 1) as f32;
    let first = (place as usize).min(count - 2);
    (first, place - first as f32)
}

const COLUMNS: usize = 4;
const ROWS: usize = 3;

/// Kick, snare and hat of each place of the map, a digit a sixteenth: 0 never strikes, 9 always, and
/// what lies between comes in as the density rises. Written for this map in November 2026 from what the
/// styles have in common; nobody has judged them by ear yet.
#[rustfmt::skip]
const PATTERNS: [[[&[u8; 16]; 3]; COLUMNS]; ROWS] = [
    [
        // Four on the floor.
        [b"9000900090009001", b"0000600000006000", b"1070107010701071"],
        // A back beat.
        [b"9000001080200000", b"0000900000009000", b"7050705070507050"],
        // Half time.
        [b"9000000000500010", b"0000000090000001", b"7000504070005030"],
        // Three, three, two.
        [b"9000100070000030", b"0006000050060010", b"7040604070406040"],
    ],
    [
        // House: the off-beat opens, claps answer.
        [b"9000900190009024", b"0000900000009002", b"3192319231923193"],
        // A break: the kick before the three, ghosts around the back beat.
        [b"9040001082605010", b"0000900302109003", b"8252835282528354"],
        // Steppers: the drop on three, rim shots around it.
        [b"9000500090005020", b"0002000390200104", b"6253825362538254"],
        // Dembow: kicks on the beat, the snare runs through them.
        [b"9000800090008010", b"0009003000910042", b"7252725372527253"],
    ],
    [
        // A rolling kick, claps that stumble.
        [b"9013902390149235", b"0021900200319246", b"6494649464956497"],
        // The break run through: kicks in pairs, the snare late.
        [b"9263014085274163", b"0021903413209526", b"8464857684648576"],
        // Half time, doubled: the hats run in bursts.
        [b"9002061042703015", b"0012003191240236", b"7466857774669688"],
        // The samba's: surdo on two, the snare never still.
        [b"6013904260139045", b"8358258483583849", b"8577857685778576"],
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    const DRUMS: [Drum; 3] = [Drum::Kick, Drum::Snare, Drum::Hat];

    fn map(x: f32, y: f32, density: f32, wander: f32) -> DrumMap {
        DrumMap { x, y, density: [density; 3], wander }
    }

    fn bar(map: &DrumMap, bar: u32) -> Vec<f32> {
        let chance = Chance::new(9);
        let steps = (0..16).flat_map(|step| DRUMS.map(|drum| (step, drum)));
        steps.map(|(step, drum)| map.strike(&chance, 5, bar, step, drum)).collect()
    }

    #[test]
    fn three_in_eight_is_the_tresillo() {
        let onsets: Vec<u32> = (0..8).filter(|step| euclid(*step, 3, 8, 0)).collect();
        assert_eq!(onsets, [0, 3, 6]);
        for onsets in 0..=16 {
            let count = (0..16).filter(|step| euclid(*step, onsets, 16, 5)).count();
            assert_eq!(count, onsets as usize);
        }
    }

    #[test]
    fn a_place_of_the_map_is_its_pattern_and_half_way_is_the_mean() {
        for (step, digit) in (0..).zip(b"9000900090009001") {
            assert_eq!(level(0.0, 0.0, step, Drum::Kick), f32::from(digit - b'0') / 9.0);
        }
        assert_eq!(level(1.0, 1.0, 4, Drum::Kick), 1.0);
        assert_eq!(level(7.0, 7.0, 4, Drum::Kick), 1.0);
        // The snare on the two: 6 on the floor, 9 as the back beat, 9 in house.
        assert!((level(1.0 / 6.0, 0.0, 4, Drum::Snare) - 7.5 / 9.0).abs() < 1e-6);
        assert!((level(0.0, 0.25, 4, Drum::Snare) - 7.5 / 9.0).abs() < 1e-6);
    }

    #[test]
    fn the_map_has_no_cliffs_and_only_digits() {
        for step in 0..16 {
            for drum in DRUMS {
                for i in 0..600 {
                    let (x, y) = ((i % 60) as f32 / 59.0, i as f32 / 599.0);
                    let here = level(x, y, step, drum);
                    assert!((0.0..=1.0).contains(&here));
                    assert!((level(x + 0.001, y, step, drum) - here).abs() <= 0.0031);
                    assert!((level(x, y + 0.001, step, drum) - here).abs() <= 0.0021);
                }
            }
        }
    }

    #[test]
    fn more_density_only_adds_strikes_from_none_to_all() {
        let mut last = 0;
        for i in 0..=20 {
            let now = bar(&map(0.4, 0.6, i as f32 / 20.0, 0.0), 0);
            let count = now.iter().filter(|level| **level > 0.0).count();
            assert!(count >= last && (i > 0 || count == 0));
            last = count;
        }
        assert!(last > 30, "{last}");
        assert!(bar(&map(0.4, 0.6, 0.0, 1.0), 0).iter().all(|level| *level == 0.0));
    }

    #[test]
    fn bars_repeat_without_wander_and_differ_with_it() {
        let still = map(0.4, 0.6, 0.5, 0.0);
        assert!((1..50).all(|i| bar(&still, i) == bar(&still, 0)));
        let moved = map(0.4, 0.6, 0.5, 1.0);
        assert!((1..50).all(|i| bar(&moved, i) != bar(&moved, 0)));
        assert_eq!(bar(&moved, 7), bar(&moved, 7));
    }
}
