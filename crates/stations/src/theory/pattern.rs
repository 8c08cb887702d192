//! Patterns of onsets.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_in_eight_is_the_tresillo() {
        let onsets: Vec<u32> = (0..8).filter(|step| euclid(*step, 3, 8, 0)).collect();
        assert_eq!(onsets, [0, 3, 6]);
        for onsets in 0..=16 {
            let count = (0..16).filter(|step| euclid(*step, onsets, 16, 5)).count();
            assert_eq!(count, onsets as usize);
        }
    }
}
