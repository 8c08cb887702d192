//! The rooms the piece goes through: thirteen harmonies, each with its own weights of layers.
//!
//! ```text
//! cycle ─► an order of all scenes ─► scene, 80–165 s ─► its chords in turn ─► (sometimes) one pure interval
//! ```

use perpetuo_dsp::Chance;

use super::harmony::Degree::{self, *};
use crate::theory;

/// Degrees over a shifted root; the drone stays where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chord {
    pub shift: Degree,
    /// The first are chosen more often.
    pub degrees: &'static [Degree],
}

/// What a scene is made of. Amounts are 0..1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    name: &'static str,
    /// What it is called where the limit lacks what the name promises.
    plain: &'static str,
    /// The lowest limit at which the name is true, counted as the labels are.
    needs: u32,
    pub chords: &'static [Chord],
    /// With 1/1, the interval that stays when all else falls away.
    pub pure: Degree,
    /// Share of the voices that sound.
    pub voices: f32,
    /// How far up voices are chosen from, in octaves about the middle.
    pub lift: f32,
    /// Overtones sung by the throat.
    pub sing: f32,
    /// The highest limit of the overtones that agree with the harmony.
    pub overtones: u32,
    pub breath: f32,
    pub pluck: f32,
    pub reed: f32,
    pub sub: f32,
    /// How fast pairs beat, a factor.
    pub beat: f32,
    /// Whether voices may double one another.
    pub doubles: bool,
}

impl Scene {
    /// Its name in a limit.
    pub(super) fn name(&self, limit: u32) -> &'static str {
        if limit >= self.needs { self.name } else { self.plain }
    }
}

const fn on(shift: Degree, degrees: &'static [Degree]) -> Chord {
    Chord { shift, degrees }
}

/// What most scenes are.
const PLAIN: Scene = Scene {
    name: "",
    plain: "",
    needs: 0,
    chords: &[],
    pure: Fifth,
    voices: 0.7,
    lift: 0.0,
    sing: 0.4,
    overtones: 3,
    breath: 0.35,
    pluck: 0.0,
    reed: 0.6,
    sub: 0.8,
    beat: 1.0,
    doubles: false,
};

pub(super) const SCENES: [Scene; 13] = [
    Scene {
        name: "Fifth",
        chords: &[on(One, &[One, Fifth]), on(One, &[One, Fifth, Second]), on(One, &[Fifth, One])],
        voices: 0.55,
        sing: 0.5,
        doubles: true,
        ..PLAIN
    },
    Scene {
        name: "Unison sea",
        chords: &[on(One, &[One]), on(One, &[One, One, Fifth]), on(One, &[One])],
        voices: 0.85,
        lift: 0.5,
        sing: 0.25,
        breath: 0.5,
        reed: 0.35,
        beat: 2.2,
        doubles: true,
        ..PLAIN
    },
    Scene {
        name: "Septimal cloud",
        plain: "Cloud",
        needs: 2,
        chords: &[
            on(One, &[One, Seventh, LowThird, Fifth]),
            on(One, &[Fifth, Seventh, HighFourth, One]),
            on(Seventh, &[One, LowThird, Fifth, WideSecond]),
            on(One, &[One, Second, Seventh, LowThird]),
        ],
        pure: Seventh,
        voices: 1.0,
        lift: 0.7,
        sing: 0.3,
        breath: 0.5,
        reed: 0.4,
        beat: 0.6,
        ..PLAIN
    },
    Scene {
        name: "Dominant 4:5:6:7",
        plain: "Seventh chord",
        needs: 2,
        chords: &[
            on(One, &[One, MajorThird, Fifth, Seventh]),
            on(One, &[One, MajorThird, Fifth, Seventh, Second]),
            on(Fourth, &[One, MajorThird, Fifth]),
            on(One, &[Fifth, Seventh, MajorThird, One]),
        ],
        pure: MajorThird,
        voices: 0.75,
        sing: 0.55,
        pluck: 0.25,
        ..PLAIN
    },
    Scene {
        name: "Minor 10:12:15",
        plain: "Minor",
        needs: 1,
        chords: &[
            on(One, &[One, MinorThird, Fifth]),
            on(MinorSixth, &[MajorThird, One, Fifth]),
            on(Fourth, &[Fifth, MinorThird, One]),
            on(One, &[One, MinorThird, Fifth, MinorSeventh, Second]),
        ],
        pure: MinorThird,
        lift: -0.2,
        overtones: 0,
        sing: 0.35,
        reed: 0.8,
        ..PLAIN
    },
    Scene {
        name: "Harmonic ladder",
        chords: &[
            on(One, &[One, Second, MajorThird]),
            on(One, &[Second, MajorThird, HighFourth, One]),
            on(One, &[MajorThird, Fifth, HighFourth]),
            on(One, &[Fifth, Seventh, MajorThird, One]),
            on(One, &[Seventh, MajorSeventh, Fifth, Second]),
            on(One, &[One, Fifth, Second]),
        ],
        pure: Second,
        voices: 0.8,
        lift: 0.4,
        sing: 0.6,
        breath: 0.2,
        reed: 0.5,
        beat: 0.7,
        ..PLAIN
    },
    Scene {
        name: "Subharmonic shade",
        chords: &[
            on(One, &[One, Fourth, MinorSixth]),
            on(One, &[One, WideSecond, Fourth, MinorSixth]),
            on(Fourth, &[One, LowThird, Fifth]),
            on(One, &[Fourth, LowSixth, WideSecond, One]),
        ],
        pure: Fourth,
        lift: -0.5,
        overtones: 0,
        sing: 0.2,
        breath: 0.45,
        reed: 0.9,
        beat: 1.3,
        ..PLAIN
    },
    Scene {
        name: "Breathing",
        chords: &[
            on(One, &[One, Fifth]),
            on(One, &[One, Second, Fifth]),
            on(Fourth, &[One, Fifth]),
        ],
        voices: 0.4,
        sing: 0.15,
        breath: 1.0,
        reed: 0.5,
        ..PLAIN
    },
    Scene {
        name: "Four strings",
        chords: &[on(One, &[One, Fifth]), on(One, &[One, Fifth, MajorThird])],
        voices: 0.4,
        sing: 0.35,
        breath: 0.15,
        pluck: 1.0,
        reed: 0.3,
        sub: 0.6,
        doubles: true,
        ..PLAIN
    },
    Scene {
        name: "Throat",
        chords: &[on(One, &[One, Fifth]), on(One, &[One, Seventh, Fifth]), on(One, &[One])],
        pure: Second,
        voices: 0.35,
        lift: -0.6,
        sing: 1.0,
        breath: 0.25,
        reed: 1.0,
        beat: 0.8,
        doubles: true,
        ..PLAIN
    },
    Scene {
        name: "Open sky",
        chords: &[
            on(One, &[One, Fifth, Second, MajorThird]),
            on(Fifth, &[One, Fifth, MajorThird, Second]),
            on(Fourth, &[One, Second, MajorThird, MajorSeventh]),
            on(One, &[Fifth, MajorThird, MajorSeventh, MajorSixth]),
        ],
        voices: 0.9,
        lift: 0.6,
        breath: 0.3,
        pluck: 0.2,
        reed: 0.4,
        beat: 0.8,
        ..PLAIN
    },
    Scene {
        name: "Eleventh door",
        plain: "High fourth",
        needs: 3,
        chords: &[
            on(One, &[One, HighFourth, Fifth]),
            on(One, &[One, HighFourth, Seventh, Second]),
            on(One, &[One, MiddleThird, Fifth]),
            on(HighFourth, &[One, MinorSixth, Fifth]),
        ],
        pure: HighFourth,
        voices: 0.75,
        sing: 0.65,
        beat: 1.2,
        ..PLAIN
    },
    Scene {
        name: "Low bells",
        chords: &[
            on(One, &[One, LowThird, Fifth]),
            on(One, &[One, Fourth, Seventh]),
            on(One, &[One, WideSixth, WideThird]),
        ],
        pure: LowThird,
        voices: 0.5,
        lift: -0.2,
        overtones: 0,
        sing: 0.25,
        breath: 0.3,
        pluck: 0.75,
        reed: 0.4,
        ..PLAIN
    },
];

/// The scene that is `counter`th in a performance: every one once a cycle, in an order of its own.
pub(super) fn scene(chance: &Chance, stream: u32, counter: u32) -> &'static Scene {
    &SCENES[theory::scene::<{ SCENES.len() }>(chance, stream, counter) % SCENES.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_promises_what_the_limit_lacks() {
        for scene in &SCENES {
            assert!(!scene.chords.is_empty() && scene.chords.iter().all(|c| !c.degrees.is_empty()));
            for limit in 0..4 {
                assert!(!scene.name(limit).is_empty());
            }
        }
        let dominant = SCENES.iter().find(|scene| scene.name == "Dominant 4:5:6:7").unwrap();
        assert_eq!(dominant.name(1), "Seventh chord");
        assert_eq!(dominant.name(2), "Dominant 4:5:6:7");
    }
}
