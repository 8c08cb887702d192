//! The riddim: figures of stabs, strokes of the drums, lines of the bass.
//!
//! ```text
//! step    0 . . . 4 . . . 8 . . . 12. . .     sixteenths of a bar of four kicks; figures have two bars
//! steppers K       K       K       K
//! one drop                 K R
//! skank           C               C
//! ```

use perpetuo_dsp::Chance;

use super::form::{Figure, Groove};

/// Steps of a figure: two bars.
pub(super) const FIGURE: u32 = 32;

mod stream {
    pub(super) const STABS: u32 = 40;
    pub(super) const DRUMS: u32 = 41;
    pub(super) const RIFF: u32 = 42;
    pub(super) const NOTE: u32 = 43;
    pub(super) const BRUSH: u32 = 44;
}

/// A bit for every step.
const fn steps(of: &[u32]) -> u32 {
    let (mut mask, mut i) = (0, 0);
    while i < of.len() {
        mask |= 1 << of[i];
        i += 1;
    }
    mask
}

fn has(mask: u32, step: u32) -> bool {
    mask >> (step % FIGURE) & 1 == 1
}

const MACHINES: [u32; 10] = [
    steps(&[2, 5, 18, 21]),
    steps(&[3, 6, 19, 22]),
    steps(&[0, 3, 6, 16, 19, 22]),
    steps(&[2, 10, 18, 26, 29]),
    steps(&[6, 9, 22, 25, 28]),
    steps(&[4, 7, 20, 23, 30]),
    steps(&[0, 3, 19]),
    steps(&[2, 13, 18, 29]),
    steps(&[3, 10, 14, 19, 26]),
    steps(&[0, 11, 16, 22, 27]),
];
const SKANKS: [u32; 4] = [
    steps(&[4, 12, 20, 28]),
    steps(&[4, 6, 12, 20, 22, 28]),
    steps(&[4, 12, 14, 20, 28, 30]),
    steps(&[4, 12, 20, 27, 28]),
];
const SPARSE: [u32; 7] = [
    steps(&[0]),
    steps(&[6]),
    steps(&[3, 22]),
    steps(&[2]),
    steps(&[10, 13]),
    steps(&[4, 7]),
    steps(&[0, 19]),
];

/// How hard a stab is at a step of the figure, 0 for none. `scene` picks the figure, `bar` its changes.
pub(super) fn stab(
    chance: &Chance,
    figure: Figure,
    scene: u32,
    bar: u32,
    step: u32,
    density: f32,
) -> f32 {
    let pick = |of: &[u32]| of[chance.below(stream::STABS, scene, of.len() as u32) as usize];
    let mask = match figure {
        Figure::Machine => pick(&MACHINES),
        Figure::Skank => pick(&SKANKS),
        Figure::Sparse => pick(&SPARSE),
        Figure::Pad => return 0.0,
    };
    let draw = bar.wrapping_mul(64).wrapping_add(step);
    let at = (bar % 2) * 16 + step;
    if has(mask, at) {
        // A note of the figure is left out now and then; a sparse figure keeps what it has.
        let stays = if figure == Figure::Sparse { 0.95 } else { 0.72 + 0.27 * density };
        let plays = chance.happens(stream::STABS + 100, draw, stays);
        return if plays { chance.between(stream::STABS + 200, draw, 0.78, 1.0) } else { 0.0 };
    }
    // Soft ones between, after a stab more than elsewhere.
    let follows = has(mask, at.wrapping_sub(3)) || has(mask, at.wrapping_sub(2));
    let likely = density * density * if follows { 0.16 } else { 0.03 };
    let plays = figure != Figure::Skank && chance.happens(stream::STABS + 300, draw, likely);
    if plays { chance.between(stream::STABS + 200, draw, 0.35, 0.6) } else { 0.0 }
}

/// Strokes at one step, each 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Strokes {
    pub kick: f32,
    pub rim: f32,
    pub brush: f32,
    /// A longer stroke of the brush, and where it falls, -1..1.
    pub open: bool,
    pub place: f32,
}

const RIMS: [u32; 4] =
    [steps(&[8, 24]), steps(&[8, 24, 27]), steps(&[4, 12, 20, 28]), steps(&[8, 14, 24])];
const HALF_RIMS: [u32; 3] = [steps(&[16]), steps(&[16, 30]), steps(&[16, 19])];
/// Rims around the beat, in threes, at the ends of phrases.
const ROLL: u32 = steps(&[16, 19, 22, 25, 28, 30]);

/// What the drums do.
pub(super) fn strokes(
    chance: &Chance,
    groove: Groove,
    scene: u32,
    bar: u32,
    step: u32,
    [brush, density]: [f32; 2],
) -> Strokes {
    let at = (bar % 2) * 16 + step;
    let draw = bar.wrapping_mul(64).wrapping_add(step);
    let pick = |of: &[u32]| of[chance.below(stream::DRUMS, scene, of.len() as u32) as usize];
    let (kick, rim) = match groove {
        Groove::Bare => (0, 0),
        Groove::Steppers => (steps(&[0, 4, 8, 12, 16, 20, 24, 28]), pick(&RIMS)),
        Groove::OneDrop => (steps(&[8, 24]), steps(&[8, 24])),
        Groove::Half => (steps(&[0, 14]), pick(&HALF_RIMS)),
    };
    let mut strokes = Strokes::default();
    if has(kick, at) {
        strokes.kick = if step.is_multiple_of(8) { 1.0 } else { 0.92 };
    } else if has(kick, at.wrapping_add(2))
        && chance.happens(stream::DRUMS + 100, draw, 0.06 * density)
    {
        strokes.kick = 0.5;
    }
    let rolls = bar % 8 == 7
        && groove != Groove::Bare
        && chance.happens(stream::DRUMS + 200, bar, 0.4 * density);
    if has(if rolls { ROLL } else { rim }, at) {
        strokes.rim = chance.between(stream::DRUMS + 300, draw, 0.75, 1.0);
    } else if groove != Groove::Bare && chance.happens(stream::DRUMS + 400, draw, 0.03 * density) {
        strokes.rim = 0.3;
    }
    // The brush: off-beats first, eighths next, what is left as ghosts.
    let weight = match step % 4 {
        2 => 1.0,
        0 => 0.5 + 0.3 * density,
        _ => 0.2 + 0.5 * density,
    };
    if chance.happens(stream::BRUSH, draw, weight * (0.35 + 0.65 * brush)) {
        let accent = [0.55, 0.32, 1.0, 0.38][(step % 4) as usize];
        strokes.brush = brush * accent * chance.between(stream::BRUSH + 100, draw, 0.65, 1.0);
        let side = if step % 4 < 2 { -1.0 } else { 1.0 };
        strokes.place = side * chance.between(stream::BRUSH + 300, draw, 0.15, 0.5);
        strokes.open =
            step % 4 == 2 && chance.happens(stream::BRUSH + 200, draw, 0.12 + 0.25 * brush);
    }
    strokes
}

/// A note of a bass line: step of the figure, scale steps above the chord's root, and steps held.
type Played = (u32, i32, u32);

/// A scale step that asks for the octave, whatever the scale; minus it is the octave below.
const OCTAVE: i32 = 7;

const RIFFS: [&[Played]; 12] = [
    &[
        (0, 0, 4),
        (6, 0, 2),
        (8, 2, 3),
        (12, 4, 3),
        (16, 0, 4),
        (22, -1, 2),
        (24, -3, 3),
        (28, -1, 2),
    ],
    &[(0, 0, 6), (10, 0, 2), (12, 4, 4), (16, 0, 8), (26, -3, 4)],
    &[(4, 0, 2), (6, 0, 2), (8, 4, 4), (14, 2, 2), (20, 0, 2), (22, -1, 2), (24, 0, 6)],
    &[(0, 0, 2), (3, 0, 2), (6, 0, 5), (16, 0, 2), (19, 0, 2), (22, 2, 3), (27, 0, 3)],
    &[(0, 0, 12), (16, 0, 8), (26, -1, 4)],
    &[(0, 0, 3), (14, -1, 2), (16, 0, 6), (30, -3, 2)],
    &[
        (2, 0, 2),
        (6, 0, 2),
        (10, 0, 2),
        (14, OCTAVE, 2),
        (18, 0, 2),
        (22, 0, 2),
        (26, -1, 2),
        (29, -3, 2),
    ],
    &[(0, 0, 4), (8, 4, 3), (12, 3, 3), (16, 2, 4), (24, 0, 3), (28, -1, 3)],
    &[(0, 0, 6), (11, 0, 3), (16, 0, 3), (20, OCTAVE, 2), (22, 4, 4)],
    &[(6, 0, 3), (9, 0, 5), (22, 0, 3), (25, -3, 5)],
    &[(0, 0, 3), (3, 2, 3), (6, 4, 4), (16, 4, 3), (19, 2, 3), (22, 0, 6)],
    &[(3, 0, 3), (8, 0, 4), (14, -1, 2), (19, 0, 3), (24, -3, 6)],
];

/// A note of the bass at one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Deep {
    /// Scale steps above the chord's root; 7 and -7 are octaves.
    pub above: i32,
    /// Steps held.
    pub held: f32,
    pub gain: f32,
}

/// What the bass plays. `side` and `scene` pick the line; every fourth time it ends otherwise.
pub(super) fn bass(
    chance: &Chance,
    [side, scene]: [u32; 2],
    bar: u32,
    step: u32,
    [amount, density]: [f32; 2],
) -> Option<Deep> {
    let count = RIFFS.len() as u32;
    // Two lines a side: scenes go back and forth between them.
    let line = side.wrapping_mul(2).wrapping_add(chance.below(stream::RIFF, scene, 2));
    let riff = RIFFS[chance.below(stream::RIFF + 100, line, count) as usize];
    let at = (bar % 2) * 16 + step;
    let draw = bar.wrapping_mul(64).wrapping_add(step);
    let Some((_, above, held)) = riff.iter().find(|(on, ..)| *on == at) else {
        let ghost =
            chance.happens(stream::NOTE, draw, 0.05 * amount * density) && step.is_multiple_of(2);
        return ghost.then_some(Deep { above: 0, held: 1.0, gain: 0.6 });
    };
    // Space: notes off the ones go first where there is to be less.
    let stays = if at.is_multiple_of(16) { 1.0 } else { 0.55 + 0.5 * density };
    if !chance.happens(stream::NOTE + 100, draw, stays * amount) {
        return None;
    }
    let ends_otherwise = bar % 8 >= 6 && at >= 20 && chance.happens(stream::NOTE + 200, draw, 0.5);
    let above = if ends_otherwise {
        [-3, 4, OCTAVE, 2][chance.below(stream::NOTE + 300, draw, 4) as usize]
    } else {
        *above
    };
    Some(Deep {
        above,
        held: *held as f32,
        gain: chance.between(stream::NOTE + 400, draw, 0.88, 1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steppers_step_and_a_one_drop_leaves_the_one_alone() {
        let chance = Chance::new(1);
        for bar in 0..64 {
            let at = |groove, step| strokes(&chance, groove, 3, bar, step, [1.0, 0.0]);
            assert!((0..4).all(|kick| at(Groove::Steppers, 4 * kick).kick > 0.8));
            assert!(at(Groove::OneDrop, 0).kick == 0.0 && at(Groove::OneDrop, 8).kick > 0.8);
            assert!((0..16).all(|step| at(Groove::Bare, step).kick == 0.0));
        }
    }

    #[test]
    fn a_line_comes_back_and_two_sides_have_lines_of_their_own() {
        let chance = Chance::new(9);
        let line = |side: u32, bar: u32| -> Vec<_> {
            (0..32)
                .map(|at| {
                    bass(&chance, [side, 0], bar + at / 16, at % 16, [1.0, 1.0])
                        .map(|note| note.above)
                })
                .collect()
        };
        let alike =
            (0..32).filter(|at| line(0, 0)[*at as usize] == line(0, 2)[*at as usize]).count();
        assert!(alike > 26, "{alike} of 32 steps");
        assert!((1..12).any(|side| line(side, 0) != line(0, 0)));
    }

    #[test]
    fn dense_figures_have_more_stabs() {
        let chance = Chance::new(5);
        let stabs = |density: f32| {
            let all = (0..100).flat_map(|bar| (0..16).map(move |step| (bar, step)));
            all.filter(|(bar, step)| stab(&chance, Figure::Machine, 2, *bar, *step, density) > 0.0)
                .count()
        };
        assert!(stabs(1.0) > stabs(0.0) + 40, "{} {}", stabs(1.0), stabs(0.0));
    }
}
