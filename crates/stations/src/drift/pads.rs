//! The pads: eight voices of one octet, each with its own envelope, sway and place.
//!
//! ```text
//! word of the note ─► pitch, place, gain        envelope ─► level, and how far the filter is open
//! sway(v) = sin(time · rate(v) + phase(v)) ─► pitch, filter, place
//! ```

use perpetuo_dsp::{Chance, Octet, Segment, State, Tuning, math};
use perpetuo_station::BLOCK_LEN;

use super::{
    character::Character,
    note::{LetGo, PadNote},
};

/// Streams of draws.
const SWAY: u32 = 50;
const SALT: u32 = 51;

/// Voices.
const VOICES: usize = 8;

/// What pads need to know of scene and knobs, once a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tone {
    /// How far filters are open, in octaves from the middle.
    pub light: f32,
    /// How much everything sways, 0..1.
    pub motion: f32,
    /// From pulses (-1) to a chorus of saws (1).
    pub blend: f32,
}

/// Eight pad voices.
pub(super) struct Pads {
    octet: Octet,
    voices: [Voice; VOICES],
    spread: f32,
    sample_rate: f32,
}

#[derive(Clone, Copy, Debug)]
struct Voice {
    /// The pad; its hold is what is left of it, in blocks.
    pad: PadNote,
    /// Blocks until it begins: so long what sounded before fades out.
    wait: u32,
    level: f32,
    /// Made of the pad: cycles per sample, octaves its filter is open by itself, what is left of the
    /// way to the goal after a block, up and down.
    phase_step: f32,
    octaves: f32,
    rests: [f32; 2],
    /// Where filter and gains were at the end of the last block.
    tuning: Tuning,
    gains: [f32; 2],
    /// Of the sways, in 2^-32 turns: at the beginning, and a block.
    turn: [u32; 2],
    /// Sways of pitch, filter and place, each -1..1, and what a block adds.
    sways: [f32; 3],
    ways: [f32; 3],
}

impl Pads {
    /// Blocks in which a voice that is taken away fades out: 46 ms at 44.1 kHz.
    const FADE: u32 = 32;
    /// The quickest letting go, as [`PadNote::attack`]: its release has a half-life of 0.24 s.
    const QUICK: u8 = 7;

    pub(super) fn new(chance: &Chance, character: &Character, sample_rate_hz: u32) -> Self {
        let sample_rate = sample_rate_hz as f32;
        let voice = |index: u32| {
            let seconds = chance.between(SWAY, 8 + index, 13.0, 23.0);
            let rate = (BLOCK_LEN as f32 / (seconds * sample_rate) * 4_294_967_296.0) as u32;
            Voice::new([chance.word(SWAY, index), rate])
        };
        Self {
            octet: Octet::new(chance.word(SALT, 0)),
            voices: std::array::from_fn(|index| voice(index as u32)),
            spread: character.spread,
            sample_rate,
        }
    }

    /// Begins a pad with the next block: none of its attacks is short enough for that to be heard. It
    /// takes a voice at rest, or else the softest of those let go of.
    pub(super) fn begin(&mut self, pad: PadNote) {
        let loudness = |voice: &Voice| {
            let busy = if voice.wait > 0 { 4.0 } else { 0.0 };
            busy + if voice.pad.hold > 0 { 2.0 } else { 0.0 } + voice.level
        };
        let mut softest = 0;
        for index in 1..VOICES {
            if loudness(&self.voices[index]) < loudness(&self.voices[softest]) {
                softest = index;
            }
        }
        let hold = (pad.hold / BLOCK_LEN as u32).max(1);
        let voice = &mut self.voices[softest];
        // What sounds keeps its pitch while it fades.
        let sounds = voice.level > 0.0;
        voice.pad = PadNote { hold, ..pad };
        voice.wait = if sounds { Self::FADE } else { 0 };
        if !sounds {
            self.start(softest);
        }
    }

    /// Lets go of every pad that is not among those to keep.
    pub(super) fn let_go(&mut self, let_go: LetGo) {
        for voice in &mut self.voices {
            if let_go.keep >> (voice.pad.note % 12) & 1 == 1 {
                continue;
            }
            voice.pad.hold = 0;
            if let_go.is_quick {
                voice.pad.attack = voice.pad.attack.min(Self::QUICK);
                voice.rests = rests(voice.pad, self.sample_rate);
            }
        }
    }

    /// Adds one block at a level of `gain`; `time` counts blocks.
    pub(super) fn render(&mut self, out: &mut [&mut [f32]; 2], tone: &Tone, gain: f32, time: u32) {
        let mut gains = [[Segment::flat(0.0); VOICES]; 2];
        let mut tunings = [Tuning::new(0.01, 1.1); VOICES];
        let mut is_silent = true;
        for index in 0..VOICES {
            if self.voices[index].wait == 1 {
                self.start(index);
            }
            let voice = &mut self.voices[index];
            if !voice.advance() {
                // Its phases stand still, and it opens from nothing.
                voice.gains = [0.0; 2];
                self.octet.set_pitch(index, 0.0, 0.0);
                continue;
            }
            is_silent = false;
            let ends = if voice.wait > 0 {
                // Fading: all but the gains stays, as the pad is another already.
                let left = (voice.wait - 1) as f32 / voice.wait as f32;
                voice.gains.map(|gain| gain * left)
            } else {
                let is_new = voice.gains == [0.0; 2];
                voice.sway(time.wrapping_add(index as u32), is_new);
                // Every second block is often enough, half the voices in each.
                if is_new || (time ^ index as u32) & 1 == 0 {
                    let step = voice.phase_step * (1.0 + 0.002_3 * tone.motion * voice.sways[0]);
                    self.octet.set_pitch(index, step, self.spread * (0.6 + tone.motion));
                    voice.tuning = voice.tune(tone, self.sample_rate);
                }
                voice.gains_now(tone, gain)
            };
            tunings[index] = voice.tuning;
            for (side, end) in ends.into_iter().enumerate() {
                gains[side][index] = Segment::between(voice.gains[side], end, BLOCK_LEN);
            }
            voice.gains = ends;
        }
        if !is_silent {
            self.octet.render(out, &gains, tunings, tone.blend);
        }
    }

    /// Lets blocks pass unheard: what was held goes its way.
    pub(super) fn skip(&mut self, blocks: u32) {
        for index in 0..VOICES {
            if self.voices[index].wait > 0 {
                self.start(index);
            }
            let voice = &mut self.voices[index];
            voice.pad.hold = voice.pad.hold.saturating_sub(blocks);
            if voice.pad.hold == 0 {
                voice.level = 0.0;
            }
        }
    }

    /// The voice's pad begins from nothing.
    fn start(&mut self, index: usize) {
        let voice = &mut self.voices[index];
        (voice.wait, voice.level, voice.gains) = (0, 0.0, [0.0; 2]);
        voice.take_pad(self.sample_rate);
        let word = voice.pad.word() ^ voice.pad.hold.wrapping_mul(0x9E37_79B9);
        let turn = |salt: u32| (word ^ salt).wrapping_mul(0x2C1B_3C6D) ^ word.rotate_left(13);
        self.octet.set_turns(index, [turn(0x51ED_270B), turn(0xB529_7A4D)]);
        self.octet.clear(index, Tuning::new(0.004, 0.8));
    }
}

impl Voice {
    fn new(turn: [u32; 2]) -> Self {
        Self {
            pad: PadNote { attack: 1, ..PadNote::default() },
            wait: 0,
            level: 0.0,
            phase_step: 0.0,
            octaves: 0.0,
            rests: [0.0; 2],
            tuning: Tuning::new(0.01, 1.0),
            gains: [0.0; 2],
            turn,
            sways: [0.0; 3],
            ways: [0.0; 3],
        }
    }

    fn take_pad(&mut self, sample_rate: f32) {
        self.phase_step = math::hz_from_note(self.pad.note.into()) / sample_rate;
        // The filter follows half the pitch.
        self.octaves = (f32::from(self.pad.note) - 48.0) * (0.5 / 12.0);
        self.rests = rests(self.pad, sample_rate);
    }

    /// Passes a block; tells whether anything is to be heard of it.
    fn advance(&mut self) -> bool {
        if self.wait > 0 {
            // In a straight line to nothing, which it reaches at 1.
            self.wait = (self.wait - 1).max(1);
            self.level *= (self.wait - 1) as f32 / self.wait as f32;
            return true;
        }
        let was_silent = self.level == 0.0;
        let goal = if self.pad.hold > 0 { 1.0 } else { -0.01 };
        // A release heads for a little below nothing, so that it ends, after 6.7 half-lives.
        let rest = self.rests[usize::from(self.pad.hold == 0)];
        self.pad.hold = self.pad.hold.saturating_sub(1);
        let level = goal + (self.level - goal) * rest;
        self.level = if level > 0.0 { level } else { 0.0 };
        !(was_silent && self.level == 0.0)
    }

    fn tune(&self, tone: &Tone, sample_rate: f32) -> Tuning {
        // It opens with the level, and sways by up to an octave.
        let octaves =
            tone.light + 1.6 * (self.level - 1.0) + self.octaves + tone.motion * self.sways[1];
        Tuning::new(1150.0 * math::exp2(octaves) / sample_rate, 0.8)
    }

    fn gains_now(&self, tone: &Tone, gain: f32) -> [f32; 2] {
        let gain = gain * self.level * f32::from(self.pad.gain) * (1.0 / 255.0);
        let place = f32::from(self.pad.place) * (0.8 / 127.0);
        // Low notes stay in the middle.
        let depth = math::clamp(0.1 + 0.05 * (f32::from(self.pad.note) - 40.0), 0.0, 0.5);
        let place = math::clamp(place + depth * tone.motion * self.sways[2], -1.0, 1.0);
        // A straight law, 3 dB down in the middle of the way; the reverb hides it.
        [-place, place].map(|place| gain * math::clamp(1.0 + place, 0.15, 1.0))
    }

    /// Goes on in straight lines of eight blocks, 12 ms: far shorter than the sways' 4 s at least.
    fn sway(&mut self, time: u32, is_new: bool) {
        const LINE: u32 = 8;
        if is_new {
            self.sways = [1, 2, 3].map(|times| self.swaying(time, times));
        }
        if is_new || time.is_multiple_of(LINE) {
            let goals = [1, 2, 3].map(|times| self.swaying(time.wrapping_add(LINE), times));
            for (way, (goal, from)) in self.ways.iter_mut().zip(goals.iter().zip(&self.sways)) {
                *way = (goal - from) * (1.0 / LINE as f32);
            }
        }
        self.sways.iter_mut().zip(&self.ways).for_each(|(sway, way)| *sway += way);
    }

    /// The sway, `times` as fast, in -1..1.
    fn swaying(&self, time: u32, times: u32) -> f32 {
        let turn = self.turn[0].wrapping_add(self.turn[1].wrapping_mul(time));
        let turn = turn.wrapping_mul(times) as i32;
        math::sin_turns(turn as f32 * (1.0 / 4_294_967_296.0))
    }
}

/// What is left of a way after a block, up and down.
fn rests(pad: PadNote, sample_rate: f32) -> [f32; 2] {
    let half = f32::from(pad.attack.max(1)) * (1.0 / 64.0) * sample_rate;
    [half, 2.2 * half].map(|half| math::exp2(-(BLOCK_LEN as f32) / half))
}

/// Phases, and three words a voice; the filters forget within milliseconds.
impl State for Pads {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        let mut turns = 2 * VOICES;
        self.octet.visit(&mut |part| {
            if turns > 0 {
                turns -= 1;
                word(part);
            }
        });
        for voice in &mut self.voices {
            // What fades out while another waits is not worth a word.
            let level = if voice.wait > 0 { 0.0 } else { voice.level };
            let times = voice.wait << 24 | voice.pad.hold.min(0x00ff_ffff);
            let mut words = (voice.pad.word(), times, level);
            words.0.visit(word);
            words.1.visit(word);
            words.2.visit(word);
            if words == (voice.pad.word(), times, level) {
                continue;
            }
            // A snapshot was loaded: the voice opens, within a block, to where it was.
            voice.pad = PadNote::from_word(words.0, (words.1 & 0x00ff_ffff).min(1 << 18));
            voice.wait = (words.1 >> 24).min(Self::FADE);
            voice.level = math::clamp(words.2, 0.0, 1.0);
            voice.gains = [0.0; 2];
            voice.take_pad(self.sample_rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dark, so that a click would stand out.
    const TONE: Tone = Tone { light: -3.0, motion: 0.3, blend: 0.5 };

    fn pads() -> Pads {
        let chance = Chance::new(2);
        Pads::new(&chance, &Character::new(&chance), 44_100)
    }

    fn pad(note: u8, hold: u32) -> PadNote {
        PadNote { note, gain: 220, place: 20, attack: 4, hold }
    }

    fn rendered(pads: &mut Pads, blocks: u32) -> Vec<f32> {
        rendered_from(0, pads, blocks)
    }

    fn rendered_from(time: u32, pads: &mut Pads, blocks: u32) -> Vec<f32> {
        let mut out = vec![0.0; 64 * blocks as usize];
        for (time, left) in (time..).zip(out.chunks_mut(BLOCK_LEN)) {
            let mut right = [0.0; BLOCK_LEN];
            pads.render(&mut [left, &mut right], &TONE, 0.3, time);
        }
        out
    }

    fn roughest(samples: &[f32]) -> f32 {
        let third = |x: &[f32]| (x[3] - 3.0 * x[2] + 3.0 * x[1] - x[0]).abs();
        samples.windows(4).map(third).fold(0.0, f32::max)
    }

    #[test]
    fn a_ninth_pad_takes_the_softest_voice_without_a_click() {
        let mut pads = pads();
        pads.begin(PadNote { attack: 40, ..pad(50, 1300 * 64) });
        rendered_from(0, &mut pads, 700);
        // The others are there, but not in its way.
        (0..7).for_each(|i| pads.begin(PadNote { gain: 2, ..pad(53 + i, 1 << 20) }));
        // The first is let go of, and still sounds when a ninth comes.
        let before = rendered_from(700, &mut pads, 1000);
        assert!(pads.voices[0].level > 0.4 && pads.voices[0].pad.hold == 0);
        pads.begin(PadNote { gain: 2, ..pad(45, 1 << 20) });
        let after = [&before[before.len() - 64..], &rendered_from(1700, &mut pads, 40)].concat();
        let (steady, after) = (roughest(&before[64 * 900..]), roughest(&after));
        assert!(after < 1.1 * steady, "{after} {steady}");
        let mut notes = pads.voices.map(|voice| voice.pad.note);
        notes.sort_unstable();
        assert_eq!(notes, [45, 53, 54, 55, 56, 57, 58, 59]);
    }

    #[test]
    fn a_pad_sounds_the_same_whenever_it_begins_on_a_voice() {
        let (mut early, mut late) = (pads(), pads());
        rendered(&mut late, 100);
        early.begin(pad(57, 100_000));
        late.begin(pad(57, 100_000));
        assert_eq!(rendered(&mut early, 200), rendered(&mut late, 200));
        // And after another note on that voice.
        rendered(&mut late, 20_000);
        late.begin(pad(57, 100_000));
        rendered(&mut early, 20_000);
        let mut fresh = pads();
        fresh.begin(pad(57, 100_000));
        assert_eq!(rendered(&mut fresh, 200), rendered(&mut late, 200));
    }

    #[test]
    fn what_is_let_go_of_is_gone_within_two_seconds_and_ends_in_exact_silence() {
        let mut pads = pads();
        pads.begin(PadNote { attack: 60, ..pad(50, 1 << 22) });
        pads.begin(PadNote { attack: 60, ..pad(52, 1 << 22) });
        rendered(&mut pads, 2000);
        pads.let_go(LetGo { keep: 1 << (52 % 12), is_quick: true });
        rendered(&mut pads, 1378);
        let levels = pads.voices.map(|voice| voice.level);
        assert!(levels[0] < 0.01 && levels[1] > 0.5, "{levels:?}");
        pads.let_go(LetGo { keep: 0, is_quick: true });
        rendered(&mut pads, 2000);
        assert!(rendered(&mut pads, 1).iter().all(|x| *x == 0.0));
    }
}
