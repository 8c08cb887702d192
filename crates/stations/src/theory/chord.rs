//! Chords on the degrees of a scale, and how voices go from one to the next.
//!
//! ```text
//! lead: least Σ |to − from|, then fewest voices that move, then the smallest of largest steps
//!       where  low ≤ to₁ < to₂ < … ≤ high  and every tone of the chord is sung, if voices suffice
//! ```
//!
//! Source: D. Tymoczko, *A Geometry of Music*, part I: efficient, crossing-free voice leading.

use std::ops::RangeInclusive;

use super::Scale;

/// What is stacked on a degree, in steps of a seven-note scale; see [`Scale::above`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChordKind {
    /// Root, third, fifth.
    Triad,
    /// Root, third, fifth, seventh.
    Seventh,
    /// Root, third, fifth, seventh, ninth.
    Ninth,
    /// Root, second, fifth.
    Sus2,
    /// Root, fourth, fifth.
    Sus4,
    /// Three fourths on the root.
    Quartal,
    /// Root and fifth: neither major nor minor.
    Fifth,
}

impl ChordKind {
    /// `N` notes on a degree of a scale, rising from [`Scale::note`] of the degree.
    ///
    /// With more voices than tones the tones go on in the next octave; with fewer the fifth is left
    /// out first, then what is on top.
    pub(crate) fn notes<const N: usize>(self, scale: &Scale, degree: i32) -> [i32; N] {
        let stack = self.stack(N);
        let mut tones = [0; 5];
        let mut below = degree - 1;
        for (tone, interval) in tones.iter_mut().zip(stack) {
            // A scale with gaps may answer two intervals with one note.
            below = scale.above(degree, *interval).max(below + 1);
            *tone = scale.note(below);
        }
        let reach = 12 * (1 + (tones[stack.len() - 1] - tones[0]) / 12);
        std::array::from_fn(|voice| {
            tones[voice % stack.len()] + reach * (voice / stack.len()) as i32
        })
    }

    fn stack(self, voices: usize) -> &'static [i32] {
        match (self, voices) {
            (Self::Seventh, 3) => &[0, 2, 6],
            (Self::Ninth, 4) => &[0, 2, 6, 8],
            (Self::Ninth, 3) => &[0, 2, 6],
            (Self::Triad, _) => &[0, 2, 4],
            (Self::Seventh, _) => &[0, 2, 4, 6],
            (Self::Ninth, _) => &[0, 2, 4, 6, 8],
            (Self::Sus2, _) => &[0, 1, 4],
            (Self::Sus4, _) => &[0, 3, 4],
            (Self::Quartal, _) => &[0, 3, 6, 9],
            (Self::Fifth, _) => &[0, 4],
        }
    }
}

/// Leads the voices of `previous`, low to high, to a chord whose `tones` may stand in any octave.
///
/// The whole movement is the least there is, so that tones both chords share stay where they are; no
/// voices cross or meet, and all are within `range`. A range without room for that gives each voice
/// the nearest tone by itself; no tones give `previous`. What is further outside the range than
/// [`OUTSIDE`] counts as being there, so that a damaged voicing is led back too.
///
/// Made for 3 to 6 voices, whose search takes a few µs from one chord to the next; past 8 it is slow.
pub(crate) fn lead<const N: usize>(
    previous: [i32; N],
    tones: &[i32],
    range: RangeInclusive<i32>,
) -> [i32; N] {
    let classes = tones.iter().fold(0, |classes, tone| classes | class(*tone));
    if classes == 0 || N == 0 {
        return previous;
    }
    let (lowest, highest) = (*range.start() - OUTSIDE, *range.end() + OUTSIDE);
    let previous = previous.map(|note| note.max(lowest).min(highest));
    let mut search =
        Search { previous, classes, range, trial: previous, best: previous, cost: u32::MAX };
    search.extend(0, 0, 0);
    if search.cost == u32::MAX {
        return previous.map(|note| search.nearest(note));
    }
    search.best
}

/// Semitones beyond its range that a voice can come from.
const OUTSIDE: i32 = 24;

struct Search<const N: usize> {
    previous: [i32; N],
    /// A bit for each of the twelve pitch classes of the chord.
    classes: u16,
    range: RangeInclusive<i32>,
    trial: [i32; N],
    best: [i32; N],
    cost: u32,
}

impl<const N: usize> Search<N> {
    /// Tries every note for `voice` that can still lead to less than the least cost so far.
    fn extend(&mut self, voice: usize, sung: u16, cost: u32) {
        if voice == N {
            (self.best, self.cost) = (self.trial, cost);
            return;
        }
        let lowest = if voice == 0 { *self.range.start() } else { self.trial[voice - 1] + 1 };
        let highest = *self.range.end() - (N - 1 - voice) as i32;
        let left_over = self.classes.count_ones().saturating_sub(N as u32);
        let from = self.previous[voice];
        // Outwards from where the voice is, as far as the range goes.
        let reach = (from - lowest).abs().max((highest - from).abs());
        for distance in 0..=reach {
            let total = cost + weigh(distance);
            if total >= self.cost {
                return;
            }
            for note in [from - distance, from + distance] {
                let now = sung | class(note);
                let missing = (self.classes & !now).count_ones().saturating_sub(left_over);
                let fits = (lowest..=highest).contains(&note) && class(note) & self.classes != 0;
                if fits && missing as usize <= N - 1 - voice {
                    self.trial[voice] = note;
                    self.extend(voice + 1, now, total);
                }
            }
        }
    }

    fn nearest(&self, note: i32) -> i32 {
        let near = (0..12).flat_map(|distance| [note - distance, note + distance]);
        near.into_iter().find(|near| class(*near) & self.classes != 0).unwrap_or(note)
    }
}

/// Movement first, then whether the voice moves at all; the square breaks what ties are left.
fn weigh(distance: i32) -> u32 {
    let distance = distance.unsigned_abs().min(127);
    (distance << 19) + (u32::from(distance > 0) << 15) + (distance * distance).min(4095)
}

fn class(note: i32) -> u16 {
    1 << note.rem_euclid(12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::SCALES;
    use perpetuo_dsp::Chance;

    const KINDS: [ChordKind; 7] = [
        ChordKind::Triad,
        ChordKind::Seventh,
        ChordKind::Ninth,
        ChordKind::Sus2,
        ChordKind::Sus4,
        ChordKind::Quartal,
        ChordKind::Fifth,
    ];

    fn ionian() -> Scale {
        Scale::of(8, 0)
    }

    #[test]
    fn chords_of_the_major_scale_are_those_of_the_books() {
        let scale = ionian();
        assert_eq!(ChordKind::Triad.notes(&scale, 1), [2, 5, 9]);
        assert_eq!(ChordKind::Seventh.notes(&scale, 4), [7, 11, 14, 17]);
        assert_eq!(ChordKind::Ninth.notes(&scale, 0), [0, 4, 7, 11, 14]);
        assert_eq!(ChordKind::Sus4.notes(&scale, 4), [7, 12, 14]);
        assert_eq!(ChordKind::Sus2.notes(&scale, 0), [0, 2, 7]);
        assert_eq!(ChordKind::Quartal.notes(&scale, 1), [2, 7, 12, 17]);
        assert_eq!(ChordKind::Fifth.notes(&scale, 0), [0, 7, 12, 19]);
        assert_eq!(ChordKind::Ninth.notes(&scale, 1), [2, 5, 12, 16]);
    }

    #[test]
    fn every_chord_of_every_scale_rises_and_belongs_to_it() {
        for scale in (0..SCALES.len() as u32).map(|index| Scale::of(index, 4)) {
            for kind in KINDS {
                for degree in 0..20 {
                    let notes: [i32; 7] = kind.notes(&scale, degree);
                    assert_eq!(notes[0], scale.note(degree));
                    assert!(notes.is_sorted_by(|a, b| a < b), "{kind:?} {notes:?}");
                    assert!(notes.iter().all(|note| scale.has(*note as f32)));
                }
            }
        }
    }

    #[test]
    fn common_tones_stay_and_the_others_move_by_a_step() {
        // C major to A minor, F major and G major.
        let home = [48, 52, 55];
        assert_eq!(lead(home, &[9, 12, 16], 40..=64), [48, 52, 57]);
        assert_eq!(lead(home, &[5, 9, 12], 40..=64), [48, 53, 57]);
        assert_eq!(lead(home, &[7, 11, 14], 40..=64), [47, 50, 55]);
        assert_eq!(lead(home, &[0, 4, 7], 40..=64), home);
        // One voice by two semitones rather than both by one.
        assert_eq!(lead([48, 49], &[1, 2, 10], 40..=64), [46, 49]);
    }

    #[test]
    fn voices_never_cross_nor_leave_the_range_and_sing_the_whole_chord() {
        let chance = Chance::new(5);
        let mut voices = [50, 54, 57, 60, 64];
        for chord in 0..500 {
            let scale = Scale::of(chance.below(1, chord, SCALES.len() as u32), 2);
            let kind = KINDS[chance.below(2, chord, 7) as usize];
            let tones: [i32; 5] = kind.notes(&scale, chance.below(3, chord, 7) as i32);
            voices = lead(voices, &tones, 40..=76);
            assert!(voices.is_sorted_by(|a, b| a < b), "{voices:?}");
            assert!(voices.iter().all(|note| (40..=76).contains(note)), "{voices:?}");
            let sung = voices.iter().fold(0, |classes, note| classes | class(*note));
            assert_eq!(sung, tones.iter().fold(0, |classes, tone| classes | class(*tone)));
        }
    }

    #[test]
    fn no_other_voicing_moves_less() {
        let chance = Chance::new(6);
        let mut voices = [50, 55, 60];
        for chord in 0..100 {
            let tones = [0, 1, 2].map(|of| chance.below(of, chord, 12) as i32);
            let is_tone = |note: &i32| tones.contains(&note.rem_euclid(12));
            let movement = |to: [i32; 3]| -> i32 {
                to.iter().zip(voices).map(|(to, from)| (to - from).abs()).sum()
            };
            let mut least = i32::MAX;
            for low in (40..=76).filter(is_tone) {
                for middle in (low + 1..=76).filter(is_tone) {
                    for high in (middle + 1..=76).filter(is_tone) {
                        let to = [low, middle, high];
                        if tones.iter().all(|tone| to.iter().any(|n| n.rem_euclid(12) == *tone)) {
                            least = least.min(movement(to));
                        }
                    }
                }
            }
            let led = lead(voices, &tones, 40..=76);
            assert_eq!(movement(led), least);
            voices = led;
        }
    }

    #[test]
    fn no_room_gives_the_nearest_tones_and_no_tones_or_wild_voices_do_no_harm() {
        assert_eq!(lead([48, 52, 55], &[5, 9, 0], 60..=61), [48, 53, 53]);
        assert_eq!(lead([48, 52, 55], &[], 40..=60), [48, 52, 55]);
        let led = lead([i32::MIN, i32::MAX, 50], &[0, 4, 7], 40..=60);
        assert!(led.is_sorted() && led.iter().all(|note| (40..=60).contains(note)));
        // More tones than voices: three of them are sung.
        let led = lead([48, 52, 55], &[0, 2, 4, 5, 7], 40..=60);
        assert_eq!(led, [48, 52, 55]);
    }
}
