//! The melody: a fragment of a few notes, said, answered, and left to the tape.
//!
//! ```text
//! phrase   | said . | . . . . | answered | . . . . |      two bars each
//! contour  start, then steps of a scale, mostly down, to an end on root or fifth
//! ```
//!
//! Source of the idea: H. Swaby (Augustus Pablo), *East of the River Nile*, 1977.

use perpetuo_dsp::Chance;

mod stream {
    pub(super) const PHRASE: u32 = 60;
    pub(super) const RHYTHM: u32 = 61;
    pub(super) const START: u32 = 62;
    pub(super) const STEP: u32 = 63;
    pub(super) const END: u32 = 64;
}

/// A note of the melody.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sung {
    /// Scale degree above the root.
    pub degree: i32,
    /// Steps held.
    pub held: f32,
    pub gain: f32,
    /// Whether it is thrown to the tape.
    pub throws: bool,
}

/// Step of two bars and steps held.
const RHYTHMS: [&[(u32, u32)]; 7] = [
    &[(0, 3), (4, 2), (6, 6), (16, 10)],
    &[(2, 2), (4, 4), (8, 2), (10, 12)],
    &[(6, 2), (8, 4), (12, 4), (16, 3), (20, 10)],
    &[(0, 6), (8, 2), (10, 2), (12, 14)],
    &[(4, 2), (6, 2), (8, 8), (20, 2), (22, 9)],
    &[(8, 3), (11, 3), (14, 14)],
    &[(0, 2), (3, 2), (6, 4), (12, 3), (16, 2), (18, 12)],
];

/// What is sung at a step of a phrase of eight bars. `phrase` draws, `scene` holds the fragment.
pub(super) fn sung(
    chance: &Chance,
    scene: u32,
    phrase: u32,
    [bar, step]: [u32; 2],
    amount: f32,
) -> Option<Sung> {
    let is_answer = bar >= 4;
    if bar % 4 >= 2 || !chance.happens(stream::PHRASE, phrase, amount * 0.85) {
        return None;
    }
    if is_answer && !chance.happens(stream::PHRASE + 100, phrase, 0.25 + 0.45 * amount) {
        return None;
    }
    // Two fragments a scene, the second seldom.
    let fragment = scene.wrapping_mul(2).wrapping_add(u32::from(chance.happens(
        stream::PHRASE + 200,
        phrase,
        0.3,
    )));
    let rhythm = RHYTHMS[chance.below(stream::RHYTHM, fragment, RHYTHMS.len() as u32) as usize];
    let at = (bar % 4) * 16 + step;
    let note = rhythm.iter().position(|(on, _)| *on == at)?;
    let is_last = note + 1 == rhythm.len();
    let mut degree = [4, 7, 6, 9][chance.below(stream::START, fragment, 4) as usize];
    for before in 0..note as u32 {
        let draw = fragment.wrapping_mul(16).wrapping_add(before);
        degree += [-1, -1, -2, 1, -1, 2, 0, 1][chance.below(stream::STEP, draw, 8) as usize];
    }
    if is_last {
        // An answer closes, what was said may stay open.
        let open = !is_answer && chance.happens(stream::END, phrase, 0.6);
        let goal: i32 = if open { 4 } else { 0 };
        degree = goal + 7 * (degree - goal + 3).div_euclid(7);
    }
    Some(Sung {
        degree: degree.clamp(-3, 11),
        held: rhythm[note].1 as f32 * if is_last { 1.0 } else { 0.9 },
        gain: chance.between(
            stream::STEP + 100,
            phrase.wrapping_mul(64).wrapping_add(at),
            0.8,
            1.0,
        ),
        throws: is_last,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_ends_on_root_or_fifth_and_silence_follows() {
        let chance = Chance::new(3);
        let mut ends = 0;
        for phrase in 0..60 {
            for bar in 0..8 {
                for step in 0..16 {
                    let Some(sung) = sung(&chance, phrase / 8, phrase, [bar, step], 1.0) else {
                        continue;
                    };
                    assert!(bar % 4 < 2 && (-3..=11).contains(&sung.degree));
                    if sung.throws {
                        assert!(matches!(sung.degree.rem_euclid(7), 0 | 4), "{sung:?}");
                        ends += 1;
                    }
                }
            }
        }
        assert!(ends > 40, "{ends}");
    }
}
