//! Where a piece turns into something else.
//!
//! ```text
//! minutes:   a a b a c c c d ...     neighbours join, the nearest two first,
//! sections: [a a][b][a][c c c][d]    until all are a passage or more from their neighbours
//! told apart: a, b, c, d             the longest first, if a passage or more from all before
//! ```
//!
//! A distance is between means; 1 is a passage: see [`Profile::distance`].

use std::ops::Range;

use crate::profile::Profile;

/// Neighbours nearer than this are one section, sections nearer than this are one to the ear.
const PASSAGE: f64 = 1.0;

/// Joins stretches of equal length to sections, each a range of their indices.
pub(crate) fn join(stretches: &[Profile]) -> Vec<Range<usize>> {
    let mut sections: Vec<Range<usize>> = (0..stretches.len()).map(|n| n..n + 1).collect();
    while let Some((first, distance)) = nearest_neighbours(stretches, &sections)
        && distance < PASSAGE
    {
        sections[first].end = sections[first + 1].end;
        sections.remove(first + 1);
    }
    sections
}

/// How many sections an ear can tell apart.
pub(crate) fn told_apart(stretches: &[Profile], sections: &[Range<usize>]) -> usize {
    let mut longest_first: Vec<_> = sections.to_vec();
    longest_first.sort_by_key(|section| std::cmp::Reverse(section.len()));
    let mut known: Vec<Profile> = Vec::new();
    for section in longest_first {
        let profile = mean(&stretches[section]);
        if known.iter().all(|other| profile.distance(other) >= PASSAGE) {
            known.push(profile);
        }
    }
    known.len()
}

/// What stretches of equal length are like as a whole.
pub(crate) fn mean(stretches: &[Profile]) -> Profile {
    Profile::mean(stretches.iter().map(|stretch| (stretch, 1.0)))
}

fn nearest_neighbours(stretches: &[Profile], sections: &[Range<usize>]) -> Option<(usize, f64)> {
    let profiles: Vec<Profile> =
        sections.iter().map(|section| mean(&stretches[section.clone()])).collect();
    let distances = profiles.windows(2).map(|pair| pair[0].distance(&pair[1])).enumerate();
    distances.min_by(|(_, a), (_, b)| a.total_cmp(b))
}
