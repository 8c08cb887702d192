//! Scales as steps above a root, and notes counted in semitones above C0 (C4 is 48).

use perpetuo_dsp::math;

/// Labels of the twelve roots.
pub(crate) const ROOTS: &[&str] =
    &["c", "c_sharp", "d", "d_sharp", "e", "f", "f_sharp", "g", "g_sharp", "a", "a_sharp", "b"];

/// Labels of the scales, in the order of [`Scale::of`].
pub(crate) const SCALES: &[&str] = &[
    "minor_pentatonic",
    "major_pentatonic",
    "dorian",
    "aeolian",
    "lydian",
    "phrygian",
    "hirajoshi",
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
        let steps: &[i32] = match index {
            0 => &[0, 3, 5, 7, 10],
            1 => &[0, 2, 4, 7, 9],
            2 => &[0, 2, 3, 5, 7, 9, 10],
            3 => &[0, 2, 3, 5, 7, 8, 10],
            4 => &[0, 2, 4, 6, 7, 9, 11],
            5 => &[0, 1, 3, 5, 7, 8, 10],
            _ => &[0, 2, 3, 7, 8],
        };
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_go_on_in_the_next_octave_and_every_note_belongs() {
        for index in 0..SCALES.len() as u32 {
            let scale = Scale::of(index, 9);
            assert_eq!(scale.note(scale.len()), 9 + 12);
            for degree in -20..40 {
                assert!(scale.note(degree + 1) > scale.note(degree));
                let note = scale.note_from(degree, 43);
                assert!((43..55).contains(&note) && scale.has(note as f32));
            }
        }
    }
}
