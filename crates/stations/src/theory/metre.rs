//! Metres: how many sixteenths a bar has, how they are grouped, and how strong each is.
//!
//! ```text
//! 7_8 of 3+2+2   step    0  1  2  3  4  5 │ 6  7  8  9 │10 11 12 13
//!                weight  1 .2 .4 .2 .4 .2 │.8 .2 .4 .2 │.6 .2 .4 .2
//! ```
//!
//! Weights are the levels of the metrical grid of F. Lerdahl and R. Jackendoff, *A Generative Theory of
//! Tonal Music*, ch. 4.

/// Labels of the metres, in the order of [`Metre::of`]; new ones are only ever added at the end.
///
/// Two numbers are a metre as it is written; `7_8` is 3+2+2. Three or more are groups of eighths.
pub(crate) const METRES: &[&str] =
    &["2_4", "3_4", "4_4", "5_4", "6_8", "7_8", "9_8", "2_2_3", "3_3_2", "2_2_2_3", "3_3_2_2"];

/// The sixteenths of each group, and for each group whether a half of the bar begins with it.
type Groups = &'static [(u32, bool)];

const GROUPS: [Groups; METRES.len()] = [
    &[(4, true), (4, false)],
    &[(4, true), (4, false), (4, false)],
    &[(4, true), (4, false), (4, true), (4, false)],
    &[(4, true), (4, false), (4, false), (4, true), (4, false)],
    &[(6, true), (6, false)],
    &[(6, true), (4, true), (4, false)],
    &[(6, true), (6, false), (6, false)],
    &[(4, true), (4, false), (6, true)],
    &[(6, true), (6, false), (4, true)],
    &[(4, true), (4, false), (4, false), (6, true)],
    &[(6, true), (6, false), (4, true), (4, false)],
];

/// How a bar is divided: groups of two or three eighths, each a beat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metre {
    groups: Groups,
}

impl Metre {
    /// The place of 4/4 in [`METRES`].
    pub(crate) const COMMON: u32 = 2;

    /// A metre by its place in [`METRES`], beyond which it is the last.
    pub(crate) fn of(index: u32) -> Self {
        Self { groups: GROUPS[(index as usize).min(GROUPS.len() - 1)] }
    }

    /// Sixteenths of a bar: an even number.
    pub(crate) fn len(&self) -> u32 {
        self.groups.iter().map(|(len, _)| len).sum()
    }

    /// The beat that a step belongs to, and the step within it; steps go round with the bar.
    pub(crate) fn beat(&self, step: u32) -> (u32, u32) {
        let mut within = step % self.len();
        for (beat, (len, _)) in self.groups.iter().enumerate() {
            if within < *len {
                return (beat as u32, within);
            }
            within -= len;
        }
        (0, 0)
    }

    /// How strong a step is: 1 the bar, 0.8 its halves, 0.6 the other beats, 0.4 eighths, 0.2 the rest.
    pub(crate) fn weight(&self, step: u32) -> f32 {
        match self.beat(step) {
            (0, 0) => 1.0,
            (beat, 0) if self.groups[beat as usize].1 => 0.8,
            (_, 0) => 0.6,
            (_, within) if within % 2 == 0 => 0.4,
            _ => 0.2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_the_length_their_names_say() {
        let lens = [8, 12, 16, 20, 12, 14, 18, 14, 16, 18, 20];
        for (index, len) in lens.into_iter().enumerate() {
            let metre = Metre::of(index as u32);
            assert_eq!(metre.len(), len, "{}", METRES[index]);
            let firsts: Vec<u32> = (0..len)
                .filter(|step| metre.beat(*step).1 == 0)
                .map(|step| metre.beat(step).0)
                .collect();
            assert_eq!(firsts, (0..metre.groups.len() as u32).collect::<Vec<u32>>());
        }
        assert_eq!(Metre::of(Metre::COMMON).len(), 16);
    }

    #[test]
    fn the_bar_weighs_most_and_a_step_off_the_eighths_least() {
        let weights = [0, 4, 8, 12, 2, 1].map(|step| Metre::of(Metre::COMMON).weight(step));
        assert_eq!(weights, [1.0, 0.6, 0.8, 0.6, 0.4, 0.2]);
        for metre in (0..METRES.len() as u32).map(Metre::of) {
            let is_bar = |step: u32| metre.weight(step) == 1.0;
            assert_eq!((0..metre.len()).filter(|step| is_bar(*step)).count(), 1);
            assert!(
                (0..metre.len()).all(|step| metre.weight(step) == metre.weight(step + metre.len()))
            );
        }
    }
}
