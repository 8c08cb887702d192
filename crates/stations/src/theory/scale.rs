//! Scales as steps above a root, and notes counted in semitones above C0 (C4 is 48).
//!
//! ```text
//! note(degree) = root + steps[degree mod len] + 12 ⌊degree / len⌋
//! ```
//!
//! Hirajōshi has several forms; this is that of S. Kostka and D. Payne, *Tonal Harmony*. In sen is a
//! tuning of the koto. The others are in any book of harmony.

use perpetuo_dsp::math;

/// Labels of the twelve roots.
pub const ROOTS: &[&str] =
    &["c", "c_sharp", "d", "d_sharp", "e", "f", "f_sharp", "g", "g_sharp", "a", "a_sharp", "b"];

/// Labels of the scales, in the order of [`Scale::of`]; new ones are only ever added at the end.
pub(crate) const SCALES: &[&str] = &[
    "minor_pentatonic",
    "major_pentatonic",
    "dorian",
    "aeolian",
    "lydian",
    "phrygian",
    "hirajoshi",
    "mixolydian",
    "ionian",
    "harmonic_minor",
    "in_sen",
    "whole_tone",
];

/// The semitones of each of [`SCALES`] above its root, rising, 0..12.
const STEPS: [&[i32]; SCALES.len()] = [
    &[0, 3, 5, 7, 10],
    &[0, 2, 4, 7, 9],
    &[0, 2, 3, 5, 7, 9, 10],
    &[0, 2, 3, 5, 7, 8, 10],
    &[0, 2, 4, 6, 7, 9, 11],
    &[0, 1, 3, 5, 7, 8, 10],
    &[0, 2, 3, 7, 8],
    &[0, 2, 4, 5, 7, 9, 10],
    &[0, 2, 4, 5, 7, 9, 11],
    &[0, 2, 3, 5, 7, 8, 11],
    &[0, 1, 5, 7, 10],
    &[0, 2, 4, 6, 8, 10],
];

/// A scale on a root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    steps: &'static [i32],
    root: i32,
}

impl Scale {
    /// A scale by its place in [`SCALES`], beyond which it is the last, on any root.
    pub(crate) fn of(index: u32, root: i32) -> Self {
        let steps = STEPS[(index as usize).min(STEPS.len() - 1)];
        Self { steps, root: root.rem_euclid(12) }
    }

    /// How many notes an octave has.
    pub(crate) fn len(&self) -> i32 {
        self.steps.len() as i32
    }

    /// The note of a degree, 0 being the root in octave 0; degrees go on above and below.
    pub(crate) fn note(&self, degree: i32) -> i32 {
        let octave = degree.div_euclid(self.len());
        let step = self.steps[degree.rem_euclid(self.len()) as usize];
        self.root + step + 12 * octave
    }

    /// The note of a degree in the octave that begins at `lowest`.
    pub(crate) fn note_from(&self, degree: i32, lowest: i32) -> i32 {
        lowest + (self.note(degree) - lowest).rem_euclid(12)
    }

    /// Whether a note, rounded, belongs to the scale.
    pub(crate) fn has(&self, note: f32) -> bool {
        let note = math::clamp(note + 0.5, 0.0, 200.0) as i32;
        self.steps.contains(&(note - self.root).rem_euclid(12))
    }

    /// The degree whose note is nearest to `note`; of two as near, the lower.
    pub(crate) fn nearest(&self, note: i32) -> i32 {
        let octave = (note - self.root).div_euclid(12);
        // The octave's own degrees, and the root of the next.
        let mut nearest = octave * self.len();
        for degree in nearest + 1..=nearest + self.len() {
            if (self.note(degree) - note).abs() < (self.note(nearest) - note).abs() {
                nearest = degree;
            }
        }
        nearest
    }

    /// The degree that lies an interval above another, 1 being a second, 2 a third, 4 a fifth.
    ///
    /// Of seven notes an octave it is `degree + interval`. Other scales have no thirds and fifths by
    /// count, so there it is the degree, above `degree`, that comes nearest to 12/7 semitones a step.
    pub(crate) fn above(&self, degree: i32, interval: i32) -> i32 {
        if self.len() == 7 || interval <= 0 {
            return degree + interval;
        }
        let error = |at: i32| (7 * (self.note(at) - self.note(degree)) - 12 * interval).abs();
        let mut above = degree + 1;
        while error(above + 1) < error(above) {
            above += 1;
        }
        above
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Scale> {
        (0..SCALES.len() as u32).map(|index| Scale::of(index, 9))
    }

    fn named(label: &str) -> Scale {
        Scale::of(SCALES.iter().position(|name| *name == label).unwrap() as u32, 0)
    }

    #[test]
    fn degrees_go_on_in_the_next_octave_and_every_note_belongs() {
        for scale in all() {
            assert_eq!(scale.note(scale.len()), 9 + 12);
            for degree in -20..40 {
                assert!(scale.note(degree + 1) > scale.note(degree));
                let note = scale.note_from(degree, 43);
                assert!((43..55).contains(&note) && scale.has(note as f32));
            }
        }
    }

    #[test]
    fn labels_keep_the_place_that_saved_settings_know_them_by() {
        let first = ["minor_pentatonic", "major_pentatonic", "dorian", "aeolian", "lydian"];
        assert_eq!(SCALES[..5], first);
        assert_eq!(SCALES[5..8], ["phrygian", "hirajoshi", "mixolydian"]);
        assert_eq!(named("mixolydian").note(6), 10);
        assert_eq!(named("in_sen").note(2), 5);
    }

    #[test]
    fn the_nearest_degree_is_a_notes_own_and_no_other_is_nearer() {
        for scale in all() {
            for degree in -20..40 {
                assert_eq!(scale.nearest(scale.note(degree)), degree);
            }
            for note in -30..90 {
                let off = (scale.note(scale.nearest(note)) - note).abs();
                assert!((-40..80).all(|degree| (scale.note(degree) - note).abs() >= off));
            }
        }
    }

    #[test]
    fn a_pentatonic_scale_has_the_fifths_its_notes_allow() {
        let scale = named("minor_pentatonic");
        assert_eq!([2, 3, 4, 6].map(|up| scale.note(scale.above(0, up))), [3, 5, 7, 10]);
        let scale = named("major_pentatonic");
        assert_eq!([1, 2, 4, 8].map(|up| scale.note(scale.above(0, up))), [2, 4, 7, 14]);
        let scale = named("harmonic_minor");
        assert_eq!(scale.note(scale.above(5, 2)), 12);
    }
}
