//! What one seed has and another has not: pace, register, bells, the colour of pads, ways of modulating.

use perpetuo_dsp::Chance;

/// Stream of draws, of composer and synthesiser alike.
const CHARACTER: u32 = 60;

/// The character of one performance: drawn once, never changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Character {
    /// Loops and scenes are longer by this factor.
    pub pace: f32,
    /// The length of each loop in seconds, none a simple ratio of another.
    pub loops: [f32; 8],
    /// Semitones that pads lie above the middle.
    pub register: i32,
    /// The lowest note bells start from, in semitones above C0.
    pub bells_from: i32,
    /// Timbres of bells, one for each scene in turn, and of the pulse.
    pub timbres: [u8; 4],
    /// Time between two repeats of the echo; bells and pulse are played in steps of it.
    pub echo_seconds: f32,
    /// How far pads are on the way to pulses (below 0) or to a chorus (above).
    pub blend: f32,
    /// Octaves that filters are further open.
    pub light: f32,
    /// How far the two saws of a pad are apart, as a share of the pitch.
    pub spread: f32,
    /// Attacks are longer by this factor.
    pub softness: f32,
    /// Which of the drone's voicings.
    pub drone: u32,
    /// Semitones a key may move by.
    pub key_moves: [i32; 6],
    /// Steps of a seven-note scale that a chord may move by.
    pub chord_moves: [i32; 6],
    /// Every how many chords the harmony comes home.
    pub home: u32,
    /// Seconds from one high tide to the next, and where in it the piece begins, 0..1.
    pub tide: [f32; 2],
}

/// Lengths in seconds: tenths of them are primes.
const LOOPS: [f32; 8] = [15.1, 17.9, 19.3, 21.1, 23.9, 26.3, 29.3, 31.1];

/// Fifths; mediants; neighbours. Each with a way back.
const KEY_MOVES: [[i32; 6]; 4] =
    [[5, 7, 5, 7, 2, 10], [3, 9, 4, 8, 5, 7], [2, 10, 5, 7, 3, 9], [5, 8, 5, 4, 7, 3]];

/// Fourths up and thirds down; seconds; thirds.
const CHORD_MOVES: [[i32; 6]; 3] = [[3, 3, 5, 5, 1, 4], [1, 6, 1, 3, 5, 4], [5, 2, 5, 3, 2, 1]];

/// Timbres that go together, the last for the pulse; see `bells`.
const TIMBRES: [[u8; 4]; 6] =
    [[0, 1, 4, 3], [1, 5, 0, 2], [4, 0, 6, 3], [5, 1, 6, 6], [0, 5, 2, 3], [6, 4, 1, 2]];

impl Character {
    /// That of a seed.
    pub(super) fn new(chance: &Chance) -> Self {
        let between = |of: u32, low: f32, high: f32| chance.between(CHARACTER, of, low, high);
        let below = |of: u32, count: u32| chance.below(CHARACTER, of, count);
        let pace = between(0, 0.86, 1.2);
        // Each loop gets another of the lengths: an odd factor goes round all eight.
        let (first, step) = (below(1, 8), 1 + 2 * below(2, 4));
        let length = |i: u32| {
            let length = LOOPS[((first + i * step) % 8) as usize];
            pace * length * between(10 + i, 0.975, 1.025)
        };
        Self {
            pace,
            loops: std::array::from_fn(|i| length(i as u32)),
            register: below(3, 6) as i32 - 2,
            bells_from: 55 + below(4, 8) as i32,
            timbres: TIMBRES[below(5, 6) as usize],
            echo_seconds: between(6, 0.33, 0.46),
            blend: between(7, -0.3, 0.3),
            light: between(8, -0.15, 0.35),
            spread: between(9, 0.0025, 0.006),
            softness: between(20, 0.75, 1.35),
            drone: below(21, 3),
            key_moves: KEY_MOVES[below(22, 4) as usize],
            chord_moves: CHORD_MOVES[below(23, 3) as usize],
            home: 3 + below(24, 3),
            tide: [60.0 * between(25, 20.0, 38.0), between(26, 0.1, 0.35)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_differ_in_character_and_a_seed_keeps_its_own() {
        let all: Vec<Character> = (0..40).map(|seed| Character::new(&Chance::new(seed))).collect();
        let differ = |of: &dyn Fn(&Character) -> i32| {
            let set: std::collections::BTreeSet<i32> = all.iter().map(of).collect();
            set.len()
        };
        assert_eq!(differ(&|c| c.register), 6);
        assert_eq!(differ(&|c| i32::from(c.timbres[0]) * 100 + i32::from(c.timbres[1])), 6);
        assert!(differ(&|c| (c.echo_seconds * 100.0) as i32) > 8);
        let again = Character::new(&Chance::new(7));
        assert_eq!(again.loops, all[7].loops);
    }

    #[test]
    fn no_two_loops_of_a_piece_are_of_one_length() {
        for seed in 0..100 {
            let mut loops = Character::new(&Chance::new(seed)).loops;
            loops.sort_by(f32::total_cmp);
            assert!(loops.windows(2).all(|pair| pair[1] > pair[0] + 0.02), "{loops:?}");
            assert!(loops.iter().all(|seconds| (12.0..40.0).contains(seconds)));
        }
    }
}
