//! Form: scenes, their order, and what the hand at the desk does in each bar.
//!
//! ```text
//! side of eight scenes: one of seven plans, never the same twice running
//! scene of 3–11 phrases · phrase of 8 bars: a mood, and a move in its last bar
//! last bar of a scene: everything is cut but the tape
//! ```

use perpetuo_dsp::Chance;

use super::desk::{Fader, Mix};

/// Bars of a phrase.
pub(super) const PHRASE: u32 = 8;

/// What the chords do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// A figure of stabs, the same for bars on end.
    Machine,
    /// Short chops on the off-beats.
    Skank,
    /// A stab now and then, and the tape does the rest.
    Sparse,
    /// Held.
    Pad,
}

/// What kick, rim and brush do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Groove {
    /// Brush alone.
    Bare,
    /// The kick on every one of its steps.
    Steppers,
    /// Kick and rim together on the third.
    OneDrop,
    /// Half as fast.
    Half,
}

/// A scene: who plays what, and the mix it starts from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub title: &'static str,
    /// Fewest and most phrases.
    phrases: [u32; 2],
    pub figure: Figure,
    pub groove: Groove,
    /// Bars a chord is held, before chance halves or doubles them.
    pub bars_a_chord: u32,
    /// How likely a note of the bass line is played, 0..1.
    pub bass: f32,
    /// How much brush there is, and how often a phrase has a melody, 0..1.
    pub brush: f32,
    pub melody: f32,
    /// How often the hand does something, 0..1.
    restless: f32,
    mix: Mix,
}

/// Places in [`SCENES`].
const FOG: usize = 0;
const LOW_END: usize = 1;
const STEPPERS: usize = 2;
const THROW: usize = 3;
const ONE_DROP: usize = 4;
const VERSION: usize = 5;
const FAR_EAST: usize = 6;
const HALF: usize = 7;
const DUST: usize = 8;

#[rustfmt::skip]
const SCENES: [Scene; 9] = [
    // Mixes are chords, send, bass, kick, drums, ride, light, dust; by meter, 2026-11.
    Scene { title: "Fog", phrases: [5, 8], figure: Figure::Machine, groove: Groove::Bare, bars_a_chord: 4,
        bass: 0.0, brush: 0.4, melody: 0.0, restless: 0.5,
        mix: Mix::new([0.9, 0.85, 0.0, 0.0, 0.5, 0.45, 0.38, 1.0]) },
    Scene { title: "Low End", phrases: [5, 9], figure: Figure::Sparse, groove: Groove::Half, bars_a_chord: 4,
        bass: 0.9, brush: 0.5, melody: 0.1, restless: 0.6,
        mix: Mix::new([0.75, 0.7, 1.0, 0.6, 0.7, 0.3, 0.42, 0.8]) },
    Scene { title: "Steppers", phrases: [6, 11], figure: Figure::Machine, groove: Groove::Steppers, bars_a_chord: 2,
        bass: 1.0, brush: 1.0, melody: 0.1, restless: 0.8,
        mix: Mix::new([0.9, 0.55, 0.95, 1.0, 1.0, 0.2, 0.62, 0.6]) },
    Scene { title: "Echo Throw", phrases: [3, 5], figure: Figure::Sparse, groove: Groove::OneDrop, bars_a_chord: 4,
        bass: 0.8, brush: 0.3, melody: 0.2, restless: 1.0,
        mix: Mix::new([0.25, 1.0, 0.0, 0.0, 0.25, 0.8, 0.55, 0.9]) },
    Scene { title: "One Drop", phrases: [5, 10], figure: Figure::Skank, groove: Groove::OneDrop, bars_a_chord: 2,
        bass: 1.0, brush: 0.8, melody: 0.25, restless: 0.8,
        mix: Mix::new([1.0, 0.35, 1.0, 0.95, 1.0, 0.15, 0.6, 0.5]) },
    Scene { title: "Version", phrases: [5, 9], figure: Figure::Sparse, groove: Groove::Steppers, bars_a_chord: 4,
        bass: 1.0, brush: 0.9, melody: 0.0, restless: 1.0,
        mix: Mix::new([0.1, 0.9, 1.0, 1.0, 1.0, 0.4, 0.5, 0.6]) },
    Scene { title: "Far East", phrases: [5, 9], figure: Figure::Skank, groove: Groove::OneDrop, bars_a_chord: 2,
        bass: 0.9, brush: 0.6, melody: 1.0, restless: 0.5,
        mix: Mix::new([0.65, 0.4, 0.95, 0.8, 0.8, 0.25, 0.5, 0.6]) },
    Scene { title: "Half Speed", phrases: [5, 8], figure: Figure::Sparse, groove: Groove::Half, bars_a_chord: 4,
        bass: 1.0, brush: 0.7, melody: 0.15, restless: 0.7,
        mix: Mix::new([0.85, 0.65, 1.0, 1.0, 0.9, 0.35, 0.35, 0.7]) },
    Scene { title: "Dust", phrases: [4, 6], figure: Figure::Pad, groove: Groove::Bare, bars_a_chord: 4,
        bass: 0.5, brush: 0.15, melody: 0.3, restless: 0.2,
        mix: Mix::new([1.0, 0.45, 0.7, 0.0, 0.4, 0.35, 0.4, 1.0]) },
];

/// Orders of a side: it builds, breaks, comes back and ends in little. No plan ends as another begins.
const PLANS: [[usize; 8]; 7] = [
    [FOG, LOW_END, STEPPERS, THROW, ONE_DROP, FAR_EAST, HALF, DUST],
    [LOW_END, ONE_DROP, VERSION, FAR_EAST, STEPPERS, THROW, DUST, HALF],
    [FOG, STEPPERS, VERSION, THROW, HALF, ONE_DROP, FAR_EAST, DUST],
    [ONE_DROP, THROW, LOW_END, STEPPERS, VERSION, DUST, FAR_EAST, HALF],
    [LOW_END, HALF, FAR_EAST, THROW, STEPPERS, ONE_DROP, VERSION, DUST],
    [FAR_EAST, HALF, VERSION, THROW, FOG, STEPPERS, ONE_DROP, DUST],
    [STEPPERS, THROW, ONE_DROP, VERSION, FAR_EAST, LOW_END, DUST, HALF],
];

/// Scenes of a side.
pub(super) const SIDE: u32 = PLANS[0].len() as u32;

mod stream {
    pub(super) const PLAN: u32 = 1;
    pub(super) const PHRASES: u32 = 2;
    pub(super) const MOOD: u32 = 3;
    pub(super) const MOVE: u32 = 4;
    pub(super) const STEP: u32 = 5;
    pub(super) const ARC: u32 = 6;
}

/// Scene `count` of the performance, for ever.
pub(super) fn scene(chance: &Chance, count: u32) -> &'static Scene {
    let plans = PLANS.len() as u32;
    let (first, step) =
        (chance.below(stream::PLAN, 0, plans), 1 + chance.below(stream::PLAN, 1, plans - 1));
    let side = (count / SIDE) % plans;
    let plan = &PLANS[((first + side * step) % plans) as usize];
    // Sides of one plan differ in which two neighbours in the middle change places.
    let turned = 2 + chance.below(stream::PLAN, 2 + count / SIDE, 3);
    let place = match count % SIDE {
        place if place == turned => turned + 1,
        place if place == turned + 1 => turned,
        place => place,
    };
    &SCENES[plan[place as usize]]
}

/// How many bars scene `count` has; the first scenes of a performance are shorter, so that soon there
/// is more.
pub(super) fn bars(chance: &Chance, count: u32) -> u32 {
    let [fewest, most] = scene(chance, count).phrases;
    let phrases = fewest + chance.below(stream::PHRASES, count, most - fewest + 1);
    PHRASE * if count == 0 { phrases.min(3) } else { phrases }
}

/// A bar of a performance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub scene: u32,
    /// Of the scene, and how many it has.
    pub bar: u32,
    pub bars: u32,
}

/// What the hand does in a bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hand {
    pub mix: Mix,
    /// From this step on all is cut; with a `throw` a last stab goes to the tape there.
    pub cut: Option<u32>,
    pub throws: bool,
    /// How much of the rim goes to the tape.
    pub rim: f32,
}

impl Place {
    /// A number of its own for every bar of every scene, for draws.
    pub(super) fn count(self) -> u32 {
        self.scene.wrapping_mul(256).wrapping_add(self.bar)
    }

    /// The phrase's number, and the bar in it.
    pub(super) fn phrase(self) -> (u32, u32) {
        (self.scene.wrapping_mul(32).wrapping_add(self.bar / PHRASE), self.bar % PHRASE)
    }

    pub(super) fn is_last(self) -> bool {
        self.bar + 1 >= self.bars
    }

    /// What the hand does here.
    pub(super) fn hand(self, chance: &Chance) -> Hand {
        let scene = scene(chance, self.scene);
        let (phrase, bar) = self.phrase();
        let mut hand = Hand { mix: self.mood(chance, scene), cut: None, throws: false, rim: 0.12 };
        let step = [0, 4, 6, 8, 10, 12][chance.below(stream::STEP, phrase, 6) as usize];
        if self.is_last() {
            (hand.cut, hand.throws) = (Some(step.min(8)), true);
            return hand;
        }
        let acts = chance.happens(stream::MOVE, phrase, 0.3 + 0.6 * scene.restless);
        if bar + 1 == PHRASE && acts {
            match chance.below(stream::MOVE + 100, phrase, 6) {
                0..=2 => (hand.cut, hand.throws) = (Some(step), true),
                // Nothing at all: the tail and a breath.
                3 => hand.cut = Some(step.max(8)),
                4 => hand.mix = hand.mix.with(Fader::Bass, 0.0).with(Fader::Kick, 0.0),
                _ => hand.rim = 1.0,
            }
        }
        // A rim is thrown now and then in the middle of a phrase.
        if bar == 3 && chance.happens(stream::MOVE + 200, phrase, 0.5 * scene.restless) {
            hand.rim = 0.8;
        }
        hand
    }

    /// The scene's mix as it is in this phrase: somebody is missing, or the filter goes somewhere.
    fn mood(self, chance: &Chance, scene: &Scene) -> Mix {
        let (phrase, bar) = self.phrase();
        let share = self.bar as f32 / self.bars.max(1) as f32;
        let arc = chance.between(stream::ARC, self.scene, -0.5, 0.5);
        let light = scene.mix.at(Fader::Light) + arc * (share - 0.5);
        let mix = scene.mix.with(Fader::Light, light);
        // The first phrase shows the scene as it is.
        if self.bar < PHRASE || !chance.happens(stream::MOOD, phrase, 0.75 * scene.restless) {
            return mix;
        }
        let is_first_half = bar < PHRASE / 2;
        match chance.below(stream::MOOD + 100, phrase, 7) {
            0 if is_first_half => mix.with(Fader::Bass, 0.0),
            1 => mix.with(Fader::Chords, 0.0).with(Fader::Send, 1.0).with(Fader::Ride, 0.6),
            2 if !is_first_half => mix.with(Fader::Kick, 0.0).with(Fader::Drums, 0.2),
            3 if is_first_half => mix.with(Fader::Chords, 0.0).with(Fader::Send, 0.0),
            4 => mix.with(Fader::Drums, 0.0),
            5 if is_first_half => mix.with(Fader::Kick, 0.0),
            // In a breakdown the bass comes back for a while; elsewhere it only stands out.
            6 => mix.with(Fader::Bass, 1.0).with(Fader::Chords, 0.6),
            _ => mix,
        }
    }
}

impl Hand {
    /// The mix from `step` on, if it is another there than before.
    pub(super) fn mix_at(&self, step: u32) -> Option<Mix> {
        let cut = self.cut.unwrap_or(super::composer::BAR);
        match step {
            _ if step == cut && self.throws => Some(
                Mix::CUT
                    .with(Fader::Send, 1.0)
                    .with(Fader::Ride, 0.9)
                    .with(Fader::Light, self.mix.at(Fader::Light)),
            ),
            _ if step == cut => Some(Mix::CUT.with(Fader::Light, self.mix.at(Fader::Light))),
            0 => Some(self.mix),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_has_each_of_its_scenes_once_and_no_scene_follows_itself() {
        for seed in 0..50 {
            let chance = Chance::new(seed);
            let titles: Vec<&str> = (0..400).map(|count| scene(&chance, count).title).collect();
            assert!(titles.windows(2).all(|pair| pair[0] != pair[1]), "seed {seed}");
            for side in titles.chunks(SIDE as usize) {
                assert!((0..8).all(|i| !side[i + 1..].contains(&side[i])));
            }
            assert_ne!(titles[..8], titles[8..16]);
        }
    }

    #[test]
    fn every_scene_ends_with_a_throw_and_the_first_phrase_is_whole() {
        let chance = Chance::new(4);
        for scene in 0..40 {
            let bars = bars(&chance, scene);
            let hand = |bar| Place { scene, bar, bars }.hand(&chance);
            assert!(hand(bars - 1).throws && hand(bars - 1).cut.is_some());
            assert!((0..PHRASE - 1).all(|bar| hand(bar).cut.is_none()));
            assert_eq!(hand(0).mix_at(0), Some(hand(0).mix));
        }
    }
}
