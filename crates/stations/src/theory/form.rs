//! Form: the order of scenes, how a section swells, which phrase recalls which.
//!
//! ```text
//! scenes   2 0 3 1 │ 3 1 0 2 │ 0 3 2 1 │ …      each once a cycle, none twice in a row
//! swells   rise ╱   fall ╲   arch ╱╲   plateau ╱‾‾╲
//! phrases  a a b a' │ c d c e │ …
//! ```
//!
//! All of it is a function of a counter, so that any hour can be asked for without those before it.

use perpetuo_dsp::{Chance, math};

/// Which of `N` scenes comes at place `count`, from draws of `stream`.
///
/// In every `N` each comes once. The order is never that of the cycle before, and no scene follows
/// itself. (Two scenes can only alternate; then the order stays.)
pub(crate) fn scene<const N: usize>(chance: &Chance, stream: u32, count: u32) -> usize {
    let (cycle, place) = (count / N as u32, count as usize % N);
    if N < 3 {
        return place;
    }
    let last = last_scene::<N>(chance, stream, cycle);
    let mut order: [usize; N] = std::array::from_fn(|scene| scene);
    order.swap(last, N - 1);
    // Fisher and Yates's shuffle of all but the last.
    for end in (1..N - 1).rev() {
        let counter = cycle.wrapping_mul(N as u32).wrapping_add(end as u32);
        order.swap(end, chance.below(stream, counter, end as u32 + 1) as usize);
    }
    if order[0] == last_scene::<N>(chance, stream, cycle.wrapping_sub(1)) {
        order.swap(0, 1);
    }
    order[place]
}

/// The scene that ends a cycle: an even one in even cycles, an odd one in odd cycles.
///
/// So it is known without the cycles before, and no two orders in a row can be the same.
fn last_scene<const N: usize>(chance: &Chance, stream: u32, cycle: u32) -> usize {
    let odd = cycle % 2;
    let counter = cycle.wrapping_mul(N as u32);
    (2 * chance.below(stream, counter, (N as u32 + 1 - odd) / 2) + odd) as usize
}

/// How something grows and fades over a section, without corners: pieces of `s² (3 − 2s)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Swell {
    /// From 0 to 1.
    Rise,
    /// From 1 to 0.
    Fall,
    /// From 0 to 1 in the middle and back.
    Arch,
    /// To 1 within the first fifth, back within the last.
    Plateau,
}

impl Swell {
    /// The level 0..1 when `share` of the section, 0..1, is over; it stops at both ends.
    pub(crate) fn at(self, share: f32) -> f32 {
        let share = math::clamp(share, 0.0, 1.0);
        let to_end = if share < 0.5 { share } else { 1.0 - share };
        match self {
            Self::Rise => smooth(share),
            Self::Fall => smooth(1.0 - share),
            Self::Arch => smooth(2.0 * to_end),
            Self::Plateau => smooth(5.0 * to_end),
        }
    }
}

/// An S-curve from 0 to 1 over 0..1, flat at both ends and beyond.
pub(crate) fn smooth(s: f32) -> f32 {
    let s = math::clamp(s, 0.0, 1.0);
    s * s * (3.0 - 2.0 * s)
}

/// What a phrase is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phrase {
    /// The counter to draw its notes by: phrases with the same one are the same.
    pub material: u32,
    /// Whether it was heard before in this period.
    pub is_recall: bool,
    /// Whether something of it, its end say, is to be changed: the prime of a'.
    pub is_varied: bool,
}

/// Phrases of a period.
pub(crate) const PERIOD: u32 = 4;

/// The plans of a period, a letter a phrase; capitals are varied.
const PLANS: [&[u8; PERIOD as usize]; 6] = [b"aabA", b"abAc", b"aAbA", b"aaab", b"abAB", b"aAbc"];

/// The phrase at place `count`: every [`PERIOD`] have a plan of their own, one draw of `stream`.
pub(crate) fn phrase(chance: &Chance, stream: u32, count: u32) -> Phrase {
    let (period, place) = (count / PERIOD, (count % PERIOD) as usize);
    let plan = PLANS[chance.below(stream, period, PLANS.len() as u32) as usize];
    let letter = plan[place].to_ascii_lowercase();
    Phrase {
        material: period * PERIOD + u32::from(letter - b'a'),
        is_recall: plan[..place].contains(&letter),
        is_varied: plan[place] != letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders<const N: usize>(seed: u64) -> Vec<Vec<usize>> {
        let chance = Chance::new(seed);
        let all: Vec<usize> = (0..200 * N as u32).map(|i| scene::<N>(&chance, 7, i)).collect();
        assert!(N == 1 || all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
        all.chunks(N).map(<[usize]>::to_vec).collect()
    }

    fn each_once<const N: usize>() {
        for seed in 0..20 {
            let orders = orders::<N>(seed);
            for order in &orders {
                let mut sorted = order.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..N).collect::<Vec<usize>>());
            }
            assert!(N < 3 || orders.windows(2).all(|pair| pair[0] != pair[1]));
        }
    }

    #[test]
    fn each_scene_comes_once_a_cycle_in_a_new_order_and_none_twice_in_a_row() {
        each_once::<1>();
        each_once::<2>();
        each_once::<3>();
        each_once::<4>();
        each_once::<7>();
        each_once::<8>();
    }

    #[test]
    fn every_scene_gets_to_open_and_orders_are_many() {
        let orders = orders::<6>(1);
        assert!((0..6).all(|scene| orders.iter().any(|order| order[0] == scene)));
        assert!((0..6).all(|scene| orders.iter().any(|order| order[5] == scene)));
        let set: std::collections::BTreeSet<_> = orders.iter().collect();
        assert!(set.len() > 120, "{}", set.len());
    }

    #[test]
    fn swells_begin_and_end_where_they_say_and_have_no_corners() {
        let ends = |swell: Swell| [0.0, 0.5, 1.0].map(|share| swell.at(share));
        assert_eq!(ends(Swell::Rise), [0.0, 0.5, 1.0]);
        assert_eq!(ends(Swell::Fall), [1.0, 0.5, 0.0]);
        assert_eq!(ends(Swell::Arch), [0.0, 1.0, 0.0]);
        assert_eq!(ends(Swell::Plateau), [0.0, 1.0, 0.0]);
        assert_eq!([0.2, 0.8].map(|share| Swell::Plateau.at(share)), [1.0; 2]);
        for swell in [Swell::Rise, Swell::Fall, Swell::Arch, Swell::Plateau] {
            let levels: Vec<f32> = (-50..=1050).map(|i| swell.at(i as f32 / 1000.0)).collect();
            assert!(levels.iter().all(|level| (0.0..=1.0).contains(level)));
            for three in levels.windows(3) {
                let bend = three[0] - 2.0 * three[1] + three[2];
                assert!(bend.abs() < 2e-4, "{swell:?} {bend}");
            }
        }
    }

    #[test]
    fn a_phrase_recalls_only_what_its_period_has_said() {
        let chance = Chance::new(3);
        let phrases: Vec<Phrase> = (0..400).map(|count| phrase(&chance, 2, count)).collect();
        let mut said = Vec::new();
        for period in phrases.chunks(PERIOD as usize) {
            assert!(!period[0].is_recall && !period[0].is_varied);
            for (place, now) in period.iter().enumerate() {
                let before = period[..place].iter().any(|past| past.material == now.material);
                assert_eq!(now.is_recall, before);
                assert!(before || !now.is_varied && !said.contains(&now.material));
            }
            said.extend(period.iter().map(|phrase| phrase.material));
        }
        assert!(phrases.iter().any(|phrase| phrase.is_varied));
        assert!(phrases.iter().any(|phrase| phrase.is_recall && !phrase.is_varied));
    }
}
