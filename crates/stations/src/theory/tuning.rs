//! Temperaments: what the twelve notes above a root measure.
//!
//! ```text
//! equal         2^(s/12)
//! just          a ratio of small numbers for each of the twelve; 5-limit and 7-limit
//! by fifths     fᵏ brought into one octave,  k = (7s + 3) mod 12 − 3:  from three fifths below the
//!               root to eight above     f = 3/2 Pythagorean     f = ⁴√5 quarter-comma meantone
//! ```
//!
//! Source: J. M. Barbour, *Tuning and Temperament*, ch. 2, 3 and 5; H. Partch, *Genesis of a Music*,
//! for the ratios of seven.

use perpetuo_dsp::math;

/// Labels of the temperaments, in the order of [`Temperament::of`]; new ones come at the end.
pub(crate) const TEMPERAMENTS: &[&str] =
    &["equal", "just_5_limit", "just_7_limit", "pythagorean", "meantone"];

/// How the octave is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temperament {
    /// Twelve equal steps.
    Equal,
    /// Pure thirds and fifths: no primes beyond 5.
    Just5,
    /// Pure sevenths too, 7:4, and thirds of 7:6.
    Just7,
    /// Pure fifths only.
    Pythagorean,
    /// Pure major thirds; fifths a quarter of a comma flat.
    Meantone,
}

impl Temperament {
    /// A temperament by its place in [`TEMPERAMENTS`], beyond which it is the last.
    pub(crate) fn of(index: u32) -> Self {
        match index {
            0 => Self::Equal,
            1 => Self::Just5,
            2 => Self::Just7,
            3 => Self::Pythagorean,
            _ => Self::Meantone,
        }
    }

    /// The frequency of a note over that of the root, `semitones_above_root` of any sign; octaves are
    /// pure, and go on for ten each way.
    pub(crate) fn ratio(self, semitones_above_root: i32) -> f32 {
        let octave = semitones_above_root.div_euclid(12).clamp(-10, 10);
        let semitones = semitones_above_root.rem_euclid(12);
        let octaves =
            if octave < 0 { 1.0 / (1_u32 << -octave) as f32 } else { (1_u32 << octave) as f32 };
        octaves * self.within_octave(semitones)
    }

    /// The frequency of a note in Hz, both in semitones above C0: the root's own is that of equal
    /// temperament with 440 Hz for note 57, and the others are tuned to it.
    pub(crate) fn hz(self, note: i32, root: i32) -> f32 {
        math::hz_from_note(root as f32) * self.ratio(note - root)
    }

    fn within_octave(self, semitones: i32) -> f32 {
        let just = |ratios: &[(u16, u16); 12]| {
            let (over, under) = ratios[semitones as usize];
            f32::from(over) / f32::from(under)
        };
        match self {
            Self::Equal => math::exp2(semitones as f32 * (1.0 / 12.0)),
            Self::Just5 => just(&JUST_5),
            Self::Just7 => just(&JUST_7),
            Self::Pythagorean => by_fifths(1.5, semitones),
            // The fourth root of 5.
            Self::Meantone => by_fifths(5.0_f32.sqrt().sqrt(), semitones),
        }
    }
}

#[rustfmt::skip]
const JUST_5: [(u16, u16); 12] = [
    (1, 1), (16, 15), (9, 8), (6, 5), (5, 4), (4, 3), (45, 32), (3, 2), (8, 5), (5, 3), (9, 5), (15, 8),
];

#[rustfmt::skip]
const JUST_7: [(u16, u16); 12] = [
    (1, 1), (21, 20), (9, 8), (7, 6), (5, 4), (4, 3), (7, 5), (3, 2), (14, 9), (5, 3), (7, 4), (15, 8),
];

fn by_fifths(fifth: f32, semitones: i32) -> f32 {
    let fifths = (7 * semitones + 3) % 12 - 3;
    let step = if fifths < 0 { 1.0 / fifth } else { fifth };
    let mut ratio = 1.0;
    for _ in 0..fifths.abs() {
        ratio *= step;
        // One fifth leaves the octave by at most one octave.
        if ratio >= 2.0 {
            ratio *= 0.5;
        } else if ratio < 1.0 {
            ratio *= 2.0;
        }
    }
    ratio
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Temperament> {
        (0..TEMPERAMENTS.len() as u32).map(Temperament::of)
    }

    fn cents(ratio: f32) -> f64 {
        1200.0 * f64::from(ratio).log2()
    }

    #[test]
    fn every_temperament_rises_near_equal_steps_and_has_pure_octaves() {
        for temperament in all() {
            for semitones in -100..100 {
                let ratio = temperament.ratio(semitones);
                assert_eq!(temperament.ratio(semitones + 12), 2.0 * ratio);
                assert!(temperament.ratio(semitones + 1) > ratio);
                // 7:4 and 7:6 are the furthest, a third of a semitone flat.
                let off = cents(ratio) - 100.0 * f64::from(semitones);
                assert!(off.abs() < 36.0, "{temperament:?} {semitones} {off}");
            }
            assert!(temperament.ratio(i32::MAX).is_finite() && temperament.ratio(i32::MIN) > 0.0);
        }
        assert_eq!(all().collect::<Vec<_>>()[4], Temperament::Meantone);
    }

    #[test]
    fn pure_intervals_are_pure_where_they_are_promised() {
        assert_eq!([4, 7, 9].map(|s| Temperament::Just5.ratio(s)), [1.25, 1.5, 5.0 / 3.0]);
        assert_eq!([3, 10].map(|s| Temperament::Just7.ratio(s)), [7.0 / 6.0, 1.75]);
        assert_eq!([7, 2, 4].map(|s| Temperament::Pythagorean.ratio(s)), [1.5, 1.125, 1.265_625]);
        assert!((cents(Temperament::Pythagorean.ratio(3)) - 294.135).abs() < 0.01);
        // Every major third from E♭ to E is pure, every fifth 696.58 cents.
        let meantone = Temperament::Meantone;
        for semitones in [3, 10, 5, 0, 7, 2, 9, 4] {
            let third = meantone.ratio(semitones + 4) / meantone.ratio(semitones);
            assert!((cents(third) - 386.314).abs() < 0.01, "{semitones} {third}");
            let fifth = meantone.ratio(semitones + 7) / meantone.ratio(semitones);
            assert!((cents(fifth) - 696.578).abs() < 0.01, "{semitones} {fifth}");
        }
    }

    #[test]
    fn note_57_is_440_hz_and_the_root_is_where_equal_temperament_has_it() {
        for temperament in all() {
            assert!((temperament.hz(57, 57) - 440.0).abs() < 1e-3);
            assert!((temperament.hz(69, 9) - 880.0).abs() < 1e-2);
            assert!((cents(temperament.hz(48, 48) / 261.6256)).abs() < 0.01);
        }
        assert!((Temperament::Just5.hz(61, 57) - 550.0).abs() < 1e-3);
    }
}
