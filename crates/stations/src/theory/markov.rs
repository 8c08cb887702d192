//! What comes next by what is now: a row of whole-number weights for each state of a chain.
//!
//! ```text
//! P(next = i) = wᵢ / Σ w      the first i with w₀ + … + wᵢ > ⌊u Σ w⌋
//! ```
//!
//! Source: I. Xenakis, *Formalized Music*, ch. 2.

use perpetuo_dsp::Chance;

/// Draws one of the places of `weights` in proportion to them; `None` when all are 0.
pub(crate) fn choose(chance: &Chance, stream: u32, counter: u32, weights: &[u8]) -> Option<usize> {
    let total = weights.iter().map(|weight| u32::from(*weight)).sum();
    let mut drawn = chance.below(stream, counter, total);
    for (place, weight) in weights.iter().enumerate() {
        if drawn < u32::from(*weight) {
            return Some(place);
        }
        drawn -= u32::from(*weight);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_in_proportion_to_their_weights() {
        let chance = Chance::new(2);
        let mut counts = [0; 4];
        for counter in 0..10_000 {
            counts[choose(&chance, 1, counter, &[1, 0, 3, 6]).unwrap()] += 1;
        }
        for (count, expected) in counts.into_iter().zip([1000_i32, 0, 3000, 6000]) {
            assert!((count - expected).abs() <= expected / 20, "{counts:?}");
        }
        assert_eq!(choose(&chance, 1, 1, &[0, 0]), None);
        assert_eq!(choose(&chance, 1, 1, &[]), None);
    }
}
