//! What DUB plays: the riddim on the grid, chords and rim a little behind it, the desk at the bar.
//!
//! ```text
//! step ──┬─ on the grid: kick, brush, bass, desk
//!        └─ a few milliseconds behind: chords, rim, melody
//! bar ───┬─ chord: along the chain, or home
//!        └─ hand: mix, mood, cut, throw
//! scene ─── figure, groove, line of the bass; every second or so: another key
//! ```

use perpetuo_dsp::{Chance, State, math};
use perpetuo_station::Title;

use super::{
    Param,
    form::{self, Figure, Hand, Place},
    harmony::Harmony,
    melody,
    note::Note,
    riddim::{self, Deep},
};
use crate::{
    performer,
    theory::{Border, Clock, Metre, ROOTS, SCALES, Scale, Tick},
};

/// Streams of draws; those below 100 are form's, harmony's, riddim's and melody's, 900 the synthesiser's.
mod stream {
    pub(super) const KEY: u32 = 700;
    pub(super) const CHORD: u32 = 710;
    pub(super) const DRAG: u32 = 720;
    pub(super) const TAPE: u32 = 730;
    pub(super) const TONE: u32 = 740;
}

/// A beat of the tempo is two steps of the kick: at 64 bpm it steps at 128, as techno counts, while bass and
/// rim go at 64, as reggae does.
const KICKS: f32 = 2.0;

/// Sixteenths of a bar, which is four kicks.
pub(super) const BAR: u32 = 16;

/// The composer of one performance.
pub(super) struct Composer {
    chance: Chance,
    pulse: Clock,
    harmony: Harmony,
    density: f32,
    /// In force, then asked for.
    root: [u32; 2],
    scale: [u32; 2],
    /// Semitones above the root that the harmony has moved to.
    key: u32,
    place: Place,
    /// The step whose late half is to come, its length, and how late it is.
    behind: Option<[u32; 2]>,
    step: u32,
}

impl Composer {
    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        Self {
            chance,
            pulse: Clock::new(
                sample_rate_hz,
                Border::Bar,
                KICKS * at(Param::Tempo),
                at(Param::Swing),
                Metre::COMMON,
            ),
            harmony: Harmony::new(&chance),
            density: at(Param::Density),
            root: [at(Param::Root) as u32; 2],
            scale: [at(Param::Scale) as u32; 2],
            // Half of all performances begin elsewhere than where they are at home.
            key: [0, 0, 0, 0, 5, 7, 10, 3][chance.below(stream::KEY, 0, 8) as usize],
            place: Place { scene: 0, bar: 0, bars: form::bars(&chance, 0) },
            behind: None,
            step: 0,
        }
    }

    /// On the bar: what waited, a new scene, a chord.
    fn begin_bar(&mut self, play: &mut dyn FnMut(Note)) {
        let is_first = self.place.count() == 0;
        if self.place.bar >= self.place.bars {
            let scene = self.place.scene.wrapping_add(1);
            self.place = Place { scene, bar: 0, bars: form::bars(&self.chance, scene) };
            self.change_key();
        }
        if self.root[0] != self.root[1] {
            self.key = 0;
        }
        let moved = self.root[0] != self.root[1] || self.scale[0] != self.scale[1];
        (self.root[0], self.scale[0]) = (self.root[1], self.scale[1]);
        let (side, scale) = (self.side(), self.scale());
        if self.place.bar == 0 || moved || is_first {
            self.harmony.come_home(side, &scale);
        } else if self.place.bar.is_multiple_of(self.bars_a_chord()) {
            self.harmony.go_on(side, &scale);
        }
        play(Note::Tape(self.tape_len()));
    }

    /// Related keys only, and at scenes only, where all but the tape has been cut.
    fn change_key(&mut self) {
        if self.chance.happens(stream::KEY, self.place.scene, 0.5) {
            let moves = [5, 7, 10, 2, 5, 3, 9, 7];
            let by = moves[self.chance.below(stream::KEY + 1, self.place.scene, 8) as usize];
            // Home again rather than far away.
            self.key = if self.key == 0 { by } else { 0 };
        }
    }

    fn play_on_the_grid(&mut self, step: u32, step_len: u32, play: &mut dyn FnMut(Note)) {
        let (scene, place) = (form::scene(&self.chance, self.place.scene), self.place);
        let hand = self.hand();
        if let Some(mix) = hand.mix_at(step) {
            play(Note::Desk(mix));
        }
        let amounts = [scene.brush, self.density];
        let strokes = riddim::strokes(
            &self.chance,
            scene.groove,
            place.scene,
            self.draw_bar(),
            step,
            amounts,
        );
        if strokes.kick > 0.0 {
            play(Note::Kick(strokes.kick));
        }
        if strokes.brush > 0.02 {
            let riddim::Strokes { brush, open, place, .. } = strokes;
            play(Note::Brush { gain: brush, open, place });
        }
        let amounts = [scene.bass, self.density];
        let ids = [self.side(), place.scene];
        if scene.figure == Figure::Pad {
            self.play_drone(step, scene.bass, play);
        } else if let Some(deep) = riddim::bass(&self.chance, ids, self.draw_bar(), step, amounts) {
            play(self.deep(deep, step_len));
        }
    }

    fn play_behind(&mut self, step: u32, step_len: u32, play: &mut dyn FnMut(Note)) {
        let (scene, place) = (form::scene(&self.chance, self.place.scene), self.place);
        let hand = self.hand();
        let bar = self.draw_bar();
        let amounts = [scene.brush, self.density];
        let strokes = riddim::strokes(
            &self.chance,
            scene.groove,
            place.scene,
            self.draw_bar(),
            step,
            amounts,
        );
        if strokes.rim > 0.0 {
            play(Note::Rim { gain: strokes.rim, send: hand.rim });
        }
        let is_throw = hand.throws && hand.cut == Some(step);
        let opens = place.count() == 0 && step == 0;
        let gain = riddim::stab(&self.chance, scene.figure, place.scene, bar, step, self.density);
        let gain = if is_throw || opens { 1.0 } else { gain };
        if gain > 0.0 {
            let tone = self.chance.between(
                stream::TONE,
                bar.wrapping_mul(16).wrapping_add(step),
                -0.35,
                0.35,
            );
            let held =
                if scene.figure == Figure::Skank || is_throw { 0.0 } else { 0.5 * step_len as f32 };
            play(self.chord(gain, held, tone));
        } else if scene.figure == Figure::Pad && step == 0 {
            self.play_pad(step_len, play);
        }
        let (phrase, bar) = place.phrase();
        let line = melody::sung(&self.chance, place.scene, phrase, [bar, step], scene.melody);
        if let Some(sung) = line {
            play(Note::Reed {
                note: self.lead(sung.degree),
                gain: sung.gain,
                held: sung.held * step_len as f32,
                send: if sung.throws { 0.9 } else { 0.3 },
            });
        }
    }

    /// A held chord at each change.
    fn play_pad(&mut self, step_len: u32, play: &mut dyn FnMut(Note)) {
        let every = self.bars_a_chord();
        if self.place.bar.is_multiple_of(every) {
            let held = (every * BAR * step_len) as f32;
            play(self.chord(0.8, 0.96 * held, -0.6));
        }
    }

    /// One deep note a chord.
    fn play_drone(&mut self, step: u32, amount: f32, play: &mut dyn FnMut(Note)) {
        let every = self.bars_a_chord();
        if step == 0 && self.place.bar.is_multiple_of(every) {
            let bar = (BAR as f32) * self.pulse.step_len();
            let held = 0.9 * bar * every as f32;
            play(Note::Bass { note: self.bass_note(0), gain: 0.9 * amount + 0.3, held });
        }
    }

    fn chord(&self, gain: f32, held: f32, tone: f32) -> Note {
        Note::Chord { notes: self.harmony.voices().map(|note| note as f32), gain, held, tone }
    }

    fn deep(&self, deep: Deep, step_len: u32) -> Note {
        let held = deep.held * step_len as f32;
        Note::Bass { note: self.bass_note(deep.above), gain: deep.gain, held }
    }

    /// A note of the bass: between E1 and a twelfth above, low roots rather than high ones.
    fn bass_note(&self, above: i32) -> f32 {
        let scale = self.scale();
        let degree = self.harmony.degree(self.side(), &scale);
        let root = scale.note_from(degree, 17);
        let up = match above {
            7 => 12,
            0 => 0,
            _ if above < 0 => {
                scale.note(scale.above(degree - scale.len(), 7 + above)) - scale.note(degree)
            }
            _ => scale.note(scale.above(degree, above)) - scale.note(degree),
        };
        let note = root + up;
        (if note < 16 {
            note + 12
        } else if note > 35 {
            note - 12
        } else {
            note
        }) as f32
    }

    /// A note of the melody, around C5.
    fn lead(&self, degree: i32) -> f32 {
        let scale = self.scale();
        let from = scale.note_from(0, 52);
        let degree = if degree < 0 { degree.max(-scale.len()) } else { degree };
        let up = if degree < 0 {
            scale.note(scale.above(-scale.len(), 7 + degree)) - scale.note(0)
        } else {
            scale.note(scale.above(0, degree)) - scale.note(0)
        };
        (from + up) as f32
    }

    fn hand(&self) -> Hand {
        self.place.hand(&self.chance)
    }

    /// Counts bars for draws: pairs of bars stay pairs.
    fn draw_bar(&self) -> u32 {
        self.place.count()
    }

    fn side(&self) -> u32 {
        self.place.scene / form::SIDE
    }

    /// How long a chord is held: the scene's, halved or doubled by chance.
    fn bars_a_chord(&self) -> u32 {
        let scene = form::scene(&self.chance, self.place.scene);
        match self.chance.below(stream::CHORD, self.place.scene, 4) {
            0 => scene.bars_a_chord / 2,
            1 => scene.bars_a_chord * 2,
            _ => scene.bars_a_chord,
        }
        .max(1)
    }

    /// The tape goes round in three sixteenths; some scenes have it in two.
    fn tape_len(&self) -> f32 {
        let steps =
            if self.chance.happens(stream::TAPE, self.place.scene, 0.22) { 2.0 } else { 3.0 };
        steps * self.pulse.step_len()
    }

    fn scale(&self) -> Scale {
        Scale::of(self.scale[0], (self.root[0] + self.key) as i32)
    }
}

impl performer::Composer for Composer {
    type Note = Note;

    fn set(&mut self, index: usize, value: f32) {
        match Param::ALL.get(index) {
            Some(Param::Tempo) => self.pulse.set_tempo(KICKS * value),
            Some(Param::Swing) => self.pulse.set_swing(value),
            Some(Param::Density) => self.density = value,
            Some(Param::Root) => self.root[1] = value as u32,
            Some(Param::Scale) => self.scale[1] = value as u32,
            _ => {}
        }
    }

    fn compose(&mut self, play: &mut dyn FnMut(Note)) -> u32 {
        if let Some([len, late]) = self.behind.take() {
            self.play_behind(self.step, len, play);
            if self.step + 1 == BAR {
                self.place.bar += 1;
            }
            return len - late;
        }
        let Tick { step, len, .. } = self.pulse.step();
        self.step = step;
        if step == 0 {
            self.begin_bar(play);
        }
        self.play_on_the_grid(step, len, play);
        // Two to nine milliseconds, a habit of the seed and a little of the moment.
        let draw = self.draw_bar().wrapping_mul(16).wrapping_add(step);
        let habit = self.chance.between(stream::DRAG, u32::MAX, 0.02, 0.06);
        let late =
            (habit + self.chance.between(stream::DRAG, draw, 0.0, 0.03)) * self.pulse.step_len();
        let late = (late as u32).clamp(1, len.max(2) - 1);
        self.behind = Some([len.max(2), late]);
        late
    }

    fn title(&self) -> Title {
        let root = ROOTS[(self.root[0] + self.key) as usize % ROOTS.len()];
        let scale = SCALES[self.scale[0] as usize % SCALES.len()];
        let scene = form::scene(&self.chance, self.place.scene).title;
        Title { scene, key: Some((root, scale)) }
    }
}

impl State for Composer {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.pulse.visit(word);
        self.harmony.visit(word);
        self.density.visit(word);
        self.density = math::clamp(self.density, 0.0, 1.0);
        self.root.visit(word);
        self.root = self.root.map(|root| root % 12);
        self.scale.visit(word);
        self.scale = self.scale.map(|scale| scale.min(SCALES.len() as u32 - 1));
        self.key.visit(word);
        self.key %= 12;
        self.place.scene.visit(word);
        self.place.bar.visit(word);
        self.place.bar = self.place.bar.min(255);
        self.place.bars = form::bars(&self.chance, self.place.scene);
        let [mut len, mut late] = self.behind.unwrap_or_default();
        len.visit(word);
        late.visit(word);
        // A sixteenth at 60 bpm and 192 kHz is less.
        let (len, late) = (len.min(1 << 16), late.min(1 << 16));
        self.behind = (late > 0 && late < len).then_some([len, late]);
        self.step.visit(word);
        self.step %= BAR;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{dub::PARAMS, performer::Composer as _};

    fn composer(seed: u64) -> Composer {
        Composer::new(seed, 44_100, &|param| PARAMS[param as usize].default)
    }

    /// Notes and the sample each falls on, for so many calls.
    fn played(composer: &mut Composer, calls: u32) -> Vec<(u64, Note)> {
        let (mut now, mut notes) = (0, Vec::new());
        for _ in 0..calls {
            let wait = composer.compose(&mut |note| notes.push((now, note)));
            assert!(wait > 0);
            now += u64::from(wait);
        }
        notes
    }

    #[test]
    fn same_seed_same_notes_and_another_seed_others() {
        assert_eq!(played(&mut composer(3), 4000), played(&mut composer(3), 4000));
        assert_ne!(played(&mut composer(3), 400), played(&mut composer(4), 400));
    }

    #[test]
    fn goes_on_from_its_words_with_the_next_note() {
        let mut whole = composer(5);
        for calls in [1, 3334, 20_000] {
            played(&mut whole, calls);
            let mut words = Vec::new();
            whole.visit(&mut |word| words.push(*word));
            let mut resumed = composer(5);
            let mut saved = words.iter();
            resumed.visit(&mut |word| *word = *saved.next().unwrap());
            let after = played(&mut resumed, 3000);
            let mut ahead = Composer { ..composer(5) };
            let mut saved = words.iter();
            ahead.visit(&mut |word| *word = *saved.next().unwrap());
            assert_eq!(after, played(&mut ahead, 3000));
            assert_eq!(after, played(&mut whole, 3000));
        }
    }

    #[test]
    fn a_chord_comes_first_and_never_two_kicks_at_once() {
        for seed in 0..30 {
            let notes = played(&mut composer(seed), 6000);
            let first =
                notes.iter().find(|(_, note)| matches!(note, Note::Chord { .. })).unwrap().0;
            assert!(first < 2000, "a first chord after {first} samples");
            let kicks: Vec<u64> = notes
                .iter()
                .filter(|(_, note)| matches!(note, Note::Kick(_)))
                .map(|(at, _)| *at)
                .collect();
            assert!(kicks.windows(2).all(|pair| pair[1] - pair[0] > 2000));
        }
    }

    #[test]
    fn what_is_played_is_in_its_register() {
        for seed in 0..10 {
            let mut composer = composer(seed);
            composer.set(Param::Root as usize, seed as f32);
            composer.set(Param::Scale as usize, (seed % SCALES.len() as u64) as f32);
            for (_, note) in played(&mut composer, 20_000) {
                match note {
                    Note::Bass { note, .. } => assert!((16.0..=35.0).contains(&note), "{note}"),
                    Note::Reed { note, .. } => assert!((44.0..=84.0).contains(&note), "{note}"),
                    Note::Chord { notes, .. } => {
                        assert!(notes.iter().all(|note| (28.0..=76.0).contains(note)));
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn an_hour_has_many_scenes_and_no_bar_of_chords_and_bass_for_ever() {
        let mut composer = composer(8);
        let mut titles = Vec::new();
        for _ in 0..62_000 {
            composer.compose(&mut |_| {});
            if titles.last() != Some(&composer.title()) {
                titles.push(composer.title());
            }
        }
        let mut scenes: Vec<&str> = titles.iter().map(|title| title.scene).collect();
        scenes.sort_unstable();
        scenes.dedup();
        let mut keys: Vec<_> = titles.iter().map(|title| title.key).collect();
        keys.dedup();
        assert!(scenes.len() >= 8 && keys.len() >= 4, "{scenes:?} {keys:?}");
    }
}
