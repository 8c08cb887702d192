//! Eight loops of unlike length, each of which plays a pad of the chord in its own octave when it comes
//! round.
//!
//! ```text
//! loop i: every 13–39 s ── plays by chance ──► the first of its degrees that rubs on nothing held
//! too few pads held ──► the loop that is next comes now
//! ```
//!
//! Source of the idea: B. Eno's loops of unlike length (*Music for Airports*, 1978).

use perpetuo_dsp::{Chance, State, math};

use super::{
    character::Character,
    harmony::Chord,
    note::{PadNote, byte, side},
};

/// Streams of draws: this one and seven more.
const PADS: u32 = 16;

/// Where a loop's pads lie, and which notes of the chord they like, in order.
struct Plan {
    lowest: i32,
    likes: [u8; 3],
    place: f32,
    gain: f32,
}

/// The lowest are in the middle; the higher, the wider and the softer.
#[rustfmt::skip]
const PLANS: [Plan; LOOPS] = [
    Plan { lowest: 38, likes: [0, 2, 0], place: -0.05, gain: 0.85 },
    Plan { lowest: 43, likes: [2, 1, 0], place: 0.35, gain: 0.9 },
    Plan { lowest: 46, likes: [1, 2, 3], place: -0.5, gain: 1.0 },
    Plan { lowest: 50, likes: [3, 1, 4], place: 0.65, gain: 0.9 },
    Plan { lowest: 53, likes: [2, 4, 1], place: -0.75, gain: 0.8 },
    Plan { lowest: 57, likes: [1, 3, 0], place: 0.8, gain: 0.68 },
    Plan { lowest: 62, likes: [4, 2, 1], place: -0.85, gain: 0.55 },
    Plan { lowest: 48, likes: [0, 1, 2], place: 0.2, gain: 0.9 },
];

const LOOPS: usize = 8;

/// When loops come at the beginning, in seconds: a chord at once, the rest within 5 s.
const OPENING: [f32; LOOPS] = [0.0, 0.03, 0.06, 0.6, 1.3, 2.4, 3.6, 4.8];

/// What a pass depends on.
pub(super) struct Moment<'a> {
    pub chance: &'a Chance,
    pub character: &'a Character,
    pub chord: Chord,
    /// The drone's note.
    pub ground: i32,
    /// How many notes, 0..1: the parameter with the tide.
    pub density: f32,
    /// How much of this layer, 0..1.
    pub pads: f32,
    /// Semitones that pads lie higher, and the factor by which they are held longer.
    pub lift: i32,
    pub hold: f32,
    pub sample_rate: f32,
}

/// All of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loops {
    loops: [Loop; LOOPS],
    /// Passes of all loops: the counter of their chance.
    passes: u32,
    /// A bit for each loop that plays for certain when it comes.
    opens: u32,
    /// Samples until a gap may be filled again.
    gap: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Loop {
    /// Samples until it comes round.
    left: u32,
    /// The note held, and for how many samples yet.
    note: i32,
    held: u32,
}

impl Loops {
    /// A chord at once: more of it, the denser.
    pub(super) fn new(density: f32, sample_rate: f32) -> Self {
        let left = |seconds: f32| (seconds * sample_rate) as u32;
        let count = (2.5 + 5.5 * density) as u32;
        Self {
            loops: OPENING.map(|seconds| Loop { left: left(seconds), ..Loop::default() }),
            passes: 0,
            opens: (1 << count.min(LOOPS as u32)) - 1,
            gap: 0,
        }
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, samples: u32) {
        for state in &mut self.loops {
            state.left = state.left.saturating_sub(samples);
            state.held = state.held.saturating_sub(samples);
        }
        self.gap = self.gap.saturating_sub(samples);
    }

    /// Samples until a loop comes round.
    pub(super) fn until(&self) -> u32 {
        self.loops.iter().fold(u32::MAX, |least, state| least.min(state.left))
    }

    /// The loops come round soon, one after the other, each a little later than at the beginning.
    pub(super) fn open(&mut self, density: f32, sample_rate: f32) {
        for (index, (state, seconds)) in self.loops.iter_mut().zip(OPENING).enumerate() {
            let soon = ((seconds + 0.35 * index as f32) * sample_rate) as u32;
            state.left = state.left.min(soon);
        }
        let count = (1.5 + 4.0 * density) as u32;
        self.opens = (1 << count.min(LOOPS as u32)) - 1;
    }

    /// Forgets what was held, but for the notes that stay: a bit for each of the twelve.
    pub(super) fn let_go(&mut self, keep: u16) {
        for state in &mut self.loops {
            if keep >> state.note.rem_euclid(12) & 1 == 0 {
                state.held = 0;
            }
        }
    }

    /// Loops that come round in a silence wait for its end.
    pub(super) fn wait(&mut self, samples: u32) {
        for state in &mut self.loops {
            state.left = state.left.max(samples);
        }
    }

    /// Never the drone alone: with too few pads held, the loop that is next comes now.
    pub(super) fn fill_gap(&mut self, moment: &Moment<'_>) {
        let held = self.loops.iter().filter(|state| state.held > 0).count();
        let wanted = (0.9 + 3.4 * moment.density) * (0.4 + 0.6 * moment.pads);
        if self.gap > 0 || held as f32 >= wanted {
            return;
        }
        self.gap = (1.7 * moment.sample_rate) as u32;
        let free = (0..LOOPS).filter(|index| self.loops[*index].held == 0);
        if let Some(next) = free.min_by_key(|index| self.loops[*index].left) {
            self.loops[next].left = 0;
            self.opens |= 1 << next;
        }
    }

    /// Plays what comes round now.
    pub(super) fn play(&mut self, moment: &Moment<'_>, play: &mut dyn FnMut(PadNote)) {
        for index in 0..LOOPS {
            if self.loops[index].left == 0 {
                self.come_round(index, moment, play);
            }
        }
    }

    fn come_round(&mut self, index: usize, moment: &Moment<'_>, play: &mut dyn FnMut(PadNote)) {
        if self.loops[index].held > 0 {
            // Not before its last pad has been let go of for a while.
            self.loops[index].left = self.loops[index].held + (2.0 * moment.sample_rate) as u32;
            return;
        }
        let pass = self.passes;
        self.passes = pass.wrapping_add(1);
        let draw = |of: u32, low: f32, high: f32| moment.chance.between(PADS + of, pass, low, high);
        let opens = self.opens >> index & 1 == 1;
        self.opens &= !(1 << index);
        // Dense settings come round sooner, and no two passes take quite as long.
        let hurry = (1.25 - 0.5 * moment.density) * draw(0, 0.9, 1.1);
        let period = moment.character.loops[index] * hurry;
        self.loops[index].left = (period * moment.sample_rate) as u32;
        let probability = (0.1 + 0.95 * moment.density) * moment.pads;
        if !opens && draw(1, 0.0, 1.0) >= probability {
            return;
        }
        let hold = moment.hold * draw(2, 4.5, 8.0 + 4.0 * moment.density);
        let hold = math::clamp(hold, 2.0, period - 2.5);
        let is_first = pass < 4;
        let attack = if is_first { 0.08 } else { moment.character.softness * draw(3, 0.3, 1.1) };
        let plan = &PLANS[index];
        let pad = PadNote {
            note: self.choose(plan, moment, draw(4, 0.0, 1.0)) as u8,
            gain: byte(plan.gain * draw(5, 0.7, 1.0)),
            place: side(plan.place),
            attack: (attack * 64.0) as u8,
            hold: (hold * moment.sample_rate) as u32,
        };
        (self.loops[index].note, self.loops[index].held) = (pad.note.into(), pad.hold);
        play(pad);
    }

    /// The first of the loop's notes, from one of them on, that is no semitone and no ninth of one above
    /// or below what is held, nor above the drone.
    fn choose(&self, plan: &Plan, moment: &Moment<'_>, roll: f32) -> i32 {
        let lowest = plan.lowest + moment.lift + moment.character.register;
        let note_of = |like: u8| {
            let tone = moment.chord.notes[like as usize % 5];
            (lowest + (tone - lowest).rem_euclid(12)).clamp(24, 100)
        };
        let rubs = |note: i32| {
            let held = self.loops.iter().filter(|state| state.held > 0);
            held.filter(|state| matches!((state.note - note).abs(), 1 | 13)).count()
                + usize::from((note - moment.ground).rem_euclid(12) == 1)
        };
        // The first two more often than the third.
        let first = (roll * 2.5) as usize;
        let [a, b, c] = [0, 1, 2].map(|step| note_of(plan.likes[(first + step) % 3]));
        let mut best = a;
        for note in [b, c, note_of(0)] {
            if rubs(note) < rubs(best) {
                best = note;
            }
        }
        best
    }
}

impl State for Loops {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for state in &mut self.loops {
            // Eight bits of note, 24 of time: 349 s at 48 kHz.
            let mut held = (state.note as u32 & 127) << 24 | state.held.min(0x00ff_ffff);
            held.visit(word);
            (state.note, state.held) = ((held >> 24 & 127) as i32, held & 0x00ff_ffff);
            state.left.visit(word);
            state.left = state.left.min(1 << 24);
        }
        for part in [&mut self.passes, &mut self.opens, &mut self.gap] {
            part.visit(word);
        }
        self.gap = self.gap.min(1 << 22);
    }
}
