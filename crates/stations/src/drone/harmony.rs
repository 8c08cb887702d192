//! Just intonation: degrees as ratios, one for each prime limit, and exact phase steps made of them.
//!
//! ```text
//! step = root · key · shift · degree · 2^octave      root in 2^-48 turns a sample, step in 2^-32
//! ```
//!
//! Every division leaves less than 2^-48 turns behind, so that two tones of one ratio stay in phase for
//! hours: at 44.1 kHz the last bit of a step is a beat a day.
//!
//! Source: H. Partch, *Genesis of a Music*, 1949 (limits); L. M. Young, *The Well-Tuned Piano* (7-limit
//! without 5); D. Doty, *The Just Intonation Primer*, 1993.

use perpetuo_dsp::math;

/// Labels of the limits, in the order of the columns of [`RATIOS`].
pub(super) const LIMITS: &[&str] = &["3-limit", "5-limit", "7-limit", "11-limit"];

/// A ratio of two whole numbers, both below 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ratio {
    pub over: u32,
    pub under: u32,
}

/// A place in the octave; which ratio it is depends on the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Degree {
    One,
    Second,
    /// 8/7 where there are sevens.
    WideSecond,
    /// 7/6 where there are sevens.
    LowThird,
    MinorThird,
    /// 11/9 where there are elevens.
    MiddleThird,
    MajorThird,
    /// 9/7 where there are sevens.
    WideThird,
    Fourth,
    /// 21/16, or 11/8: the eleventh harmonic.
    HighFourth,
    Fifth,
    MinorSixth,
    /// 14/9 where there are sevens.
    LowSixth,
    MajorSixth,
    /// 12/7 where there are sevens.
    WideSixth,
    /// 7/4: the seventh harmonic.
    Seventh,
    MinorSeventh,
    MajorSeventh,
}

/// A degree's ratio in the 3-, 5-, 7- and 11-limit, in the order of [`Degree`].
#[rustfmt::skip]
const RATIOS: [[Ratio; 4]; 18] = [
    [r(1, 1); 4],
    [r(9, 8); 4],
    [r(9, 8), r(10, 9), r(8, 7), r(8, 7)],
    [r(32, 27), r(6, 5), r(7, 6), r(7, 6)],
    [r(32, 27), r(6, 5), r(6, 5), r(6, 5)],
    [r(32, 27), r(6, 5), r(6, 5), r(11, 9)],
    [r(81, 64), r(5, 4), r(5, 4), r(5, 4)],
    [r(81, 64), r(5, 4), r(9, 7), r(14, 11)],
    [r(4, 3); 4],
    [r(4, 3), r(4, 3), r(21, 16), r(11, 8)],
    [r(3, 2); 4],
    [r(128, 81), r(8, 5), r(8, 5), r(8, 5)],
    [r(128, 81), r(8, 5), r(14, 9), r(11, 7)],
    [r(27, 16), r(5, 3), r(5, 3), r(5, 3)],
    [r(27, 16), r(5, 3), r(12, 7), r(12, 7)],
    [r(16, 9), r(9, 5), r(7, 4), r(7, 4)],
    [r(16, 9), r(9, 5), r(9, 5), r(11, 6)],
    [r(243, 128), r(15, 8), r(15, 8), r(15, 8)],
];

const fn r(over: u32, under: u32) -> Ratio {
    Ratio { over, under }
}

impl Degree {
    /// Its ratio in a limit, counted as [`LIMITS`] are.
    pub(super) fn ratio(self, limit: u32) -> Ratio {
        RATIOS[self as usize][limit.min(3) as usize]
    }

    /// Whether it sounds clear against the root even in the lowest octaves.
    pub(super) fn fuses(self) -> bool {
        matches!(self, Self::One | Self::Fourth | Self::Fifth)
    }
}

/// A place the root may move to, and its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    degree: Degree,
    /// Names in each limit.
    names: [&'static str; 4],
}

/// Home, and where one may go from there.
pub(super) const KEYS: [Key; 8] = [
    Key { degree: Degree::One, names: ["1/1"; 4] },
    Key { degree: Degree::Fifth, names: ["3/2"; 4] },
    Key { degree: Degree::Fourth, names: ["4/3"; 4] },
    Key { degree: Degree::Seventh, names: ["16/9", "9/5", "7/4", "7/4"] },
    Key { degree: Degree::Second, names: ["9/8"; 4] },
    Key { degree: Degree::MajorThird, names: ["81/64", "5/4", "5/4", "5/4"] },
    Key { degree: Degree::MinorSixth, names: ["128/81", "8/5", "8/5", "8/5"] },
    Key { degree: Degree::LowThird, names: ["32/27", "6/5", "7/6", "7/6"] },
];

impl Key {
    /// Its name in a limit.
    pub(super) fn name(&self, limit: u32) -> &'static str {
        self.names[limit.min(3) as usize]
    }
}

/// Where 1/1 lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ground {
    /// In 2^-48 turns a sample.
    fine: u64,
}

impl Ground {
    /// A root of 1..=1000 Hz.
    pub(super) fn new(root_hz: f32, sample_rate_hz: u32) -> Self {
        let hz = f64::from(math::clamp(root_hz, 1.0, 1000.0));
        Self { fine: (hz / f64::from(sample_rate_hz) * 281_474_976_710_656.0) as u64 }
    }

    /// The same root moved by a ratio.
    pub(super) fn moved(self, ratio: Ratio) -> Self {
        Self { fine: self.fine * u64::from(ratio.over) / u64::from(ratio.under) }
    }

    /// The same root moved to a key, within half an octave up or down.
    pub(super) fn in_key(self, key: Key, limit: u32) -> Self {
        let ratio = key.degree.ratio(limit);
        let moved = self.moved(ratio);
        // 2^(1/2) lies between: 4/3 goes up and 3/2 goes down.
        let is_far = ratio.over * ratio.over > 2 * ratio.under * ratio.under;
        Self { fine: moved.fine >> u32::from(is_far) }
    }

    /// The phase step `octave` octaves up, in 2^-32 turns a sample; -8..=12.
    pub(super) fn step(self, octave: i32) -> u32 {
        let up = octave.clamp(-8, 12) + 8;
        ((self.fine << up) >> 24) as u32
    }

    /// The phase step in the octave that begins at `lowest`, a step.
    pub(super) fn step_from(self, lowest: u32) -> u32 {
        let mut octave = -8;
        while self.step(octave) < lowest && octave < 12 {
            octave += 1;
        }
        self.step(octave)
    }
}

/// Hertz of a phase step.
pub(super) fn hz_of(step: u32, sample_rate: f32) -> f32 {
    step as f32 * (1.0 / 4_294_967_296.0) * sample_rate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest_prime(mut n: u32) -> u32 {
        let mut largest = 1;
        for prime in [2, 3, 5, 7, 11, 13] {
            while n.is_multiple_of(prime) {
                n /= prime;
                largest = prime;
            }
        }
        assert_eq!(n, 1, "a prime above 13");
        largest
    }

    #[test]
    fn no_ratio_leaves_its_limit_or_its_octave() {
        for row in RATIOS {
            for (ratio, limit) in row.iter().zip([3, 5, 7, 11]) {
                assert!(largest_prime(ratio.over).max(largest_prime(ratio.under)) <= limit);
                assert!(ratio.over >= ratio.under && ratio.over < 2 * ratio.under);
            }
        }
    }

    #[test]
    fn keys_bear_the_names_of_their_ratios() {
        for key in KEYS {
            for limit in 0..4 {
                let ratio = key.degree.ratio(limit);
                assert_eq!(key.name(limit), format!("{}/{}", ratio.over, ratio.under));
            }
        }
    }

    #[test]
    fn steps_are_exact_to_their_last_bit_and_octaves_are_octaves() {
        let ground = Ground::new(55.0, 44_100);
        let exact = 55.0 / 44_100.0 * 4_294_967_296.0;
        for degree in [Degree::MajorThird, Degree::Fifth, Degree::Seventh] {
            let ratio = degree.ratio(2);
            let step = ground.moved(ratio).step(3);
            let wanted = exact * 8.0 * f64::from(ratio.over) / f64::from(ratio.under);
            assert!((f64::from(step) - wanted).abs() <= 1.0, "{step} {wanted}");
        }
        let fifth = ground.moved(Degree::Fifth.ratio(1));
        assert!(fifth.step(2).abs_diff(2 * fifth.step(1)) <= 1);
        let low = ground.step(0);
        assert!((low..2 * low + 1).contains(&fifth.step_from(low)));
    }

    #[test]
    fn keys_stay_within_half_an_octave() {
        let home = Ground::new(60.0, 48_000);
        for key in KEYS {
            for limit in 0..4 {
                let share = f64::from(home.in_key(key, limit).step(0)) / f64::from(home.step(0));
                assert!((0.7..1.42).contains(&share), "{share}");
            }
        }
    }
}
