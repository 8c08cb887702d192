//! What KALIMBA plays, step by step: time, sections, keys; the hands do the rest.
//!
//! ```text
//! step = 15 fs / (tempo · pace · rubato) samples, the first of two longer by the swing
//! section ─► scene, metre, key ─► bar: chord, letter ─► step: two hands, bass, shaker, wood ─► queue
//! ```
//!
//! A step is a sixteenth. What it holds is let go of a few ms later, by chance: nobody plays on a grid.

use perpetuo_dsp::{Chance, State, math};
use perpetuo_station::Title;

use super::{
    Param,
    course::Course,
    form::Character,
    hands::Hands,
    harmony::{Harmony, Key, degree},
    moment::Moment,
    pulse::Pulse,
    stroke::{Queue, Stroke},
};
use crate::{
    performer,
    theory::{ChordKind, PERIOD, TEMPERAMENTS},
};

/// Streams of draws; 2 to 16 but 5 are the course's, those from 100 on the hands' and the pulse's.
mod stream {
    pub(super) const CHARACTER: u32 = 1;
    pub(super) const CHORD: u32 = 5;
    pub(super) const REST: u32 = 20;
}

/// What the synthesiser is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Note {
    /// A tine is plucked, a wood struck, beads are thrown.
    Strike(Stroke),
    /// The drone heads for a note and a level of 0..1.
    Drone { note: u32, level: f32 },
    /// How much of the buzz there is here, and how much more room.
    Scene { rattle: f32, room: f32 },
    /// Samples of a step.
    Beat(f32),
}

/// The composer of one performance.
pub(super) struct Composer {
    chance: Chance,
    character: Character,
    sample_rate: f32,
    density: f32,
    deja_vu: f32,
    /// A place in [`TEMPERAMENTS`].
    tuning: u32,
    /// In force, then asked for.
    tempo: [f32; 2],
    swing: [f32; 2],
    metre: [u32; 2],
    home: [Key; 2],
    course: Course,
    step: u32,
    count: u32,
    hands: Hands,
    pulse: Pulse,
    queue: Queue,
    /// Samples until the next step, and 1/256 samples that were left over.
    left: u32,
    rest: u32,
    /// What it said last.
    slept: u32,
}

impl Composer {
    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let home = Key { root: at(Param::Root) as u32 % 12, scale: at(Param::Scale) as u32 };
        Self {
            chance,
            character: Character::new(&chance, stream::CHARACTER),
            sample_rate: sample_rate_hz as f32,
            density: at(Param::Density),
            deja_vu: at(Param::DejaVu),
            tuning: at(Param::Tuning) as u32,
            tempo: [at(Param::Tempo); 2],
            swing: [at(Param::Swing); 2],
            metre: [at(Param::Metre) as u32; 2],
            home: [home; 2],
            course: Course::new(&chance, home),
            step: 0,
            count: 0,
            hands: Hands::new(&chance, 0),
            pulse: Pulse::new(&chance, 0),
            queue: Queue::new(),
            left: 0,
            rest: 0,
            slept: 0,
        }
    }

    fn step(&mut self, play: &mut dyn FnMut(Note)) {
        if self.step == 0 {
            self.course.pass_end();
            self.begin_bar(play);
        }
        let (_, within) = self.course.metre().beat(self.step);
        if within == 0 {
            (self.tempo[0], self.swing[0]) = (self.tempo[1], self.swing[1]);
            play(Note::Beat(self.step_len()));
        }
        self.play_step();
        self.schedule();
        self.count = self.count.wrapping_add(1);
        self.step += 1;
        if self.step >= self.course.metre().len() || self.has_rung() {
            (self.step, self.course.bar) = (0, self.course.bar + 1);
        }
    }

    /// Whether the last chord of a section has had its time: a slow long bar is not waited out.
    fn has_rung(&self) -> bool {
        const SECONDS: f32 = 2.2;
        let is_beat = self.course.metre().beat(self.step).1 == 0;
        let passed = self.step as f32 * self.step_len();
        self.course.is_close() && is_beat && passed > SECONDS * self.sample_rate
    }

    fn begin_bar(&mut self, play: &mut dyn FnMut(Note)) {
        let is_moved = self.home[0] != self.home[1];
        self.home[0] = self.home[1];
        (self.tempo[0], self.metre[0]) = (self.tempo[1], self.metre[1]);
        if self.course.bar == 0 {
            self.begin_section();
        }
        if is_moved {
            // What was asked for is heard now, wherever the music had wandered.
            self.course.move_to(&self.chance, self.home[0]);
        }
        self.course.in_metre = match self.metre[0] {
            0 => self.course.in_metre,
            fixed => super::METRE_PLACES[(fixed as usize).min(super::METRE_PLACES.len() - 1)],
        };
        let scene = self.course.scene();
        play(Note::Scene { rattle: scene.rattle, room: scene.room });
        // The drone leaves before the key does.
        let is_last = self.course.bar + 2 >= self.course.bars
            && self.course.keys[1].root != self.course.keys[2].root;
        let level = if is_last { 0.0 } else { scene.drone * self.course.arc(self.share()) };
        let root = self.course.keys[1].scale().note_from(0, 24) as u32;
        play(Note::Drone { note: root, level });
    }

    fn begin_section(&mut self) {
        self.course.begin(&self.chance, self.home[0]);
        let bar = self.course.metre().len() as f32 * self.step_len() / self.sample_rate;
        self.course.set_bar_seconds(&self.chance, bar);
        let turn = self.course.turn(&self.chance);
        self.hands = Hands::new(&self.chance, turn);
        self.pulse = Pulse::new(&self.chance, turn);
    }

    fn play_step(&mut self) {
        let moment = self.moment();
        self.hands.begin_step(&moment);
        let weight = moment.weight();
        if self.course.is_close() {
            if self.step == 0 {
                self.hands.close(&moment, &mut self.queue);
                self.pulse.close(&moment, &mut self.queue);
            }
            return;
        }
        // A phrase's last beats are its breath.
        let ends = self.course.ends_phrase() && self.share() > 0.5;
        let breath = ends && weight < 0.5 && self.chance.happens(stream::REST + 2, self.count, 0.4);
        let is_silent = self.course.bar > 1
            && self.chance.happens(
                stream::REST,
                self.count.wrapping_sub(self.step),
                self.course.scene().rest,
            );
        if (breath || is_silent) && !self.hands.is_missed(&moment) {
            return;
        }
        let [bass, beaten] =
            [(1, 2), (2, 3)].map(|(layer, latest)| self.course.has(&self.chance, layer, latest));
        self.hands.play(&moment, &mut self.queue);
        // At the very beginning there is always something low to stand on.
        let bass = bass || self.course.section == 0 && self.course.bar == 0 && self.step == 0;
        self.pulse.play(&moment, bass, beaten, &mut self.queue);
    }

    fn moment(&self) -> Moment {
        let scene = self.course.scene();
        let chord = self.course.bar / scene.chord_bars % 4;
        let is_close = self.course.is_close();
        let place = if is_close { 0 } else { chord };
        let key = self.course.keys[1];
        // A section's row of chords, the third of which changes every eight bars.
        let row = self.course.section.wrapping_mul(16)
            + if place == 2 { self.course.bar / 8 % 16 } else { 0 };
        let root = degree(key, &self.chance, stream::CHORD, row, place);
        let kind = if is_close { ChordKind::Fifth } else { scene.chord };
        let phrase = self.course.phrase(&self.chance);
        // Loops change where a phrase ends, and in the second half of what is varied.
        let is_changing = (self.course.ends_phrase() || phrase.is_varied) && self.share() >= 0.5;
        Moment {
            chance: self.chance,
            scene,
            character: self.character,
            harmony: Harmony::of(key, root, kind, self.course.common()),
            metre: self.course.metre(),
            step: self.step,
            bar: self.course.bar,
            section: self.course.section,
            count: self.count,
            density: self.density,
            deja_vu: self.deja_vu,
            arc: self.course.arc(self.share()),
            urge: if is_changing { 2.4 } else { 0.6 },
            phrase,
            tuning: self.tuning,
            root: key.root,
            is_new_chord: self.course.bar.is_multiple_of(scene.chord_bars),
            timbres: [0, 1].map(|hand| self.course.timbre(&self.chance, &self.character, hand)),
            takes_part: [true, self.course.has(&self.chance, 0, 2)],
            step_len: self.step_len(),
            sample_rate: self.sample_rate,
        }
    }

    /// How much of the bar is over.
    fn share(&self) -> f32 {
        self.step as f32 / self.course.metre().len() as f32
    }

    /// Samples of an even step, without rubato.
    fn step_len(&self) -> f32 {
        15.0 * self.sample_rate / (self.tempo[0] * self.course.scene().pace)
    }

    /// The end of a phrase leans back a little, the end of a section by a third.
    fn schedule(&mut self) {
        let share = self.share();
        let slower = match self.course.bar + 1 {
            bar if bar == self.course.bars => 1.12 + 0.35 * share,
            bar if bar + 1 == self.course.bars => 1.0 + 0.1 * share * share,
            bar if bar % PERIOD == 0 => 1.0 + 0.025 * share,
            _ => 1.0,
        };
        let first = if self.step.is_multiple_of(2) { self.swing[0] } else { 100.0 - self.swing[0] };
        let exact = self.step_len() * slower * first * (256.0 / 50.0);
        let len = math::clamp(exact, 256.0, 1e8) as u32 + self.rest;
        (self.left, self.rest) = (len / 256, len % 256);
    }
}

impl performer::Composer for Composer {
    type Note = Note;

    fn set(&mut self, index: usize, value: f32) {
        match Param::of(index) {
            Some(Param::Density) => self.density = value,
            Some(Param::DejaVu) => self.deja_vu = value,
            Some(Param::Tuning) => self.tuning = value as u32,
            Some(Param::Tempo) => self.tempo[1] = value,
            Some(Param::Swing) => self.swing[1] = value,
            Some(Param::Metre) => self.metre[1] = value as u32,
            Some(Param::Root) => self.home[1].root = value as u32 % 12,
            Some(Param::Scale) => self.home[1].scale = value as u32,
            _ => {}
        }
    }

    fn compose(&mut self, play: &mut dyn FnMut(Note)) -> u32 {
        self.queue.pass(self.slept);
        self.left = self.left.saturating_sub(self.slept);
        if self.left == 0 {
            self.step(play);
        }
        self.queue.release(&mut |stroke| play(Note::Strike(stroke)));
        self.slept = self.queue.next().unwrap_or(u32::MAX).min(self.left).max(1);
        self.slept
    }

    fn title(&self) -> Title {
        Title { scene: self.course.scene().name, key: Some(self.course.keys[1].words()) }
    }
}

impl State for Composer {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for share in [&mut self.density, &mut self.deja_vu] {
            share.visit(word);
            *share = math::clamp(*share, 0.0, 1.0);
        }
        for (pair, low, high) in [(&mut self.tempo, 50.0, 120.0), (&mut self.swing, 50.0, 66.0)] {
            pair.visit(word);
            *pair = pair.map(|value| math::clamp(value, low, high));
        }
        self.tuning.visit(word);
        self.tuning = self.tuning.min(TEMPERAMENTS.len() as u32 - 1);
        self.metre.visit(word);
        self.home.visit(word);
        self.course.visit(word);
        self.step.visit(word);
        self.step %= self.course.metre().len();
        self.count.visit(word);
        self.hands.visit(word);
        self.pulse.visit(word);
        self.queue.visit(word);
        for time in [&mut self.left, &mut self.rest, &mut self.slept] {
            time.visit(word);
            *time = (*time).min(1 << 20);
        }
        self.rest %= 256;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kalimba::timbre::name, performer::Composer as _, theory::METRES};

    const RATE: u32 = 44_100;

    fn composer(seed: u64, moved: &[(Param, f32)]) -> Composer {
        let at = |param: Param| {
            let moved = moved.iter().find(|(id, _)| *id == param);
            moved.map_or(super::super::PARAMS[param as usize].default, |(_, value)| *value)
        };
        Composer::new(seed, RATE, &at)
    }

    /// What is played within so many seconds, each with its sample.
    fn notes(composer: &mut Composer, seconds: u32) -> Vec<(u64, Note)> {
        let (mut now, mut notes) = (0, Vec::new());
        while now < u64::from(seconds * RATE) {
            let wait = composer.compose(&mut |note| notes.push((now, note)));
            now += u64::from(wait.max(1));
        }
        notes
    }

    fn strokes(composer: &mut Composer, seconds: u32) -> Vec<(u64, Stroke)> {
        let stroke = |(at, note)| match note {
            Note::Strike(stroke) => Some((at, stroke)),
            _ => None,
        };
        notes(composer, seconds).into_iter().filter_map(stroke).collect()
    }

    #[test]
    fn a_seed_is_a_piece_of_its_own() {
        let hear = |seed| notes(&mut composer(seed, &[]), 60);
        assert_eq!(hear(1), hear(1));
        assert_ne!(hear(1), hear(2));
    }

    #[test]
    fn its_first_title_is_that_of_its_first_section() {
        for seed in 0..20 {
            let mut composer = composer(seed, &[]);
            let title = composer.title();
            notes(&mut composer, 1);
            assert_eq!(composer.title(), title);
        }
    }

    #[test]
    fn it_goes_on_from_a_snapshot_and_survives_a_damaged_one() {
        let mut whole = composer(3, &[]);
        notes(&mut whole, 200);
        let mut words = Vec::new();
        whole.visit(&mut |word| words.push(*word));
        assert!(words.len() <= 100, "{} words", words.len());
        let mut resumed = composer(3, &[]);
        let mut saved = words.iter();
        resumed.visit(&mut |word| *word = *saved.next().unwrap());
        assert_eq!(notes(&mut resumed, 100), notes(&mut whole, 100));
        for damage in 0..50 {
            let mut damaged = composer(3, &[]);
            let mut at = 0;
            damaged.visit(&mut |word| {
                at += 1;
                *word = Chance::new(8).word(damage, at) >> (damage % 20);
            });
            notes(&mut damaged, 60);
        }
    }

    #[test]
    fn every_tine_belongs_to_the_key() {
        for seed in 0..6 {
            let mut composer = composer(seed, &[(Param::Scale, seed as f32)]);
            let mut before = composer.course.keys[1].classes();
            for _ in 0..20_000 {
                let classes = composer.course.keys[1].classes();
                let mut played = Vec::new();
                let wait = composer.compose(&mut |note| played.push(note));
                assert!(wait > 0);
                for note in played {
                    let Note::Strike(stroke) = note else { continue };
                    let is_tine = stroke.timbre() <= name::BASS;
                    let class = 1 << (stroke.note() % 12);
                    let allowed = classes | before | composer.course.keys[1].classes();
                    assert!(!is_tine || allowed & class != 0, "{} {stroke:?}", composer.title());
                }
                before = if composer.step < 4 { before } else { classes };
            }
        }
    }

    #[test]
    fn nothing_is_played_before_its_step_and_hardly_anything_on_it() {
        let composer = composer(5, &[]);
        let mut moment = composer.moment();
        let mut delays = Vec::new();
        for count in 0..5000 {
            moment.count = count;
            delays.push(moment.delay(900) / moment.sample_rate);
        }
        assert!(delays.iter().all(|delay| (0.0..=0.024).contains(delay)));
        let mean = delays.iter().sum::<f32>() / 5000.0;
        assert!((mean - 0.012).abs() < 0.001, "{mean}");
    }

    #[test]
    fn an_hour_has_many_sections_and_no_two_alike_follow_each_other() {
        for seed in 0..4 {
            let mut composer = composer(seed, &[]);
            let (mut titles, mut metres, mut lens) = (Vec::new(), Vec::new(), Vec::new());
            let mut now = 0_u64;
            while now < 3600 * u64::from(RATE) {
                let section = composer.course.section;
                now += u64::from(composer.compose(&mut |_| {}));
                if composer.course.section != section || titles.is_empty() {
                    titles.push(composer.title());
                    metres.push(composer.course.in_metre);
                    lens.push(now);
                }
            }
            assert!((25..45).contains(&titles.len()), "{}", titles.len());
            assert!(titles.windows(2).all(|pair| pair[0].scene != pair[1].scene));
            for pair in lens.windows(2) {
                let seconds = (pair[1] - pair[0]) / u64::from(RATE);
                assert!((60..190).contains(&seconds), "{seconds} s");
            }
            let count = |of: &[u32]| of.iter().collect::<std::collections::BTreeSet<_>>().len();
            assert!(count(&metres) >= 5, "{metres:?}");
            let keys: std::collections::BTreeSet<_> =
                titles.iter().map(|title| title.key).collect();
            assert!(keys.len() >= 8, "{keys:?}");
        }
    }

    #[test]
    fn a_metre_that_is_asked_for_is_kept() {
        for metre in 1..super::super::METRES.len() {
            let mut composer = composer(2, &[(Param::Metre, metre as f32)]);
            for _ in 0..5000 {
                composer.compose(&mut |_| {});
                assert_eq!(METRES[composer.course.in_metre as usize], super::super::METRES[metre]);
            }
        }
    }

    #[test]
    fn a_new_root_is_heard_with_the_next_bar() {
        let mut composer = composer(2, &[]);
        notes(&mut composer, 400);
        performer::Composer::set(&mut composer, Param::Root as usize, 8.0);
        notes(&mut composer, 8);
        assert_eq!(composer.title().key, Some(("g_sharp", "major_pentatonic")));
    }

    #[test]
    fn density_is_how_many_notes_there_are() {
        let count = |density| strokes(&mut composer(4, &[(Param::Density, density)]), 600).len();
        let [few, some, many] = [0.0, 0.5, 1.0].map(count);
        assert!(few > 200 && 2 * few < some && 3 * some < 2 * many, "{few} {some} {many}");
    }

    #[test]
    fn at_a_half_bars_return_and_at_nothing_they_do_not() {
        let returning = |deja_vu| {
            let mut composer = composer(3, &[(Param::DejaVu, deja_vu), (Param::Metre, 1.0)]);
            let mut bars = std::collections::BTreeMap::<(u32, u32), Vec<u32>>::new();
            for _ in 0..20_000 {
                let place = (composer.course.section, composer.course.bar);
                composer.compose(&mut |note| {
                    if let Note::Strike(stroke) = note
                        && stroke.timbre() < name::BASS
                    {
                        bars.entry(place).or_default().push(stroke.note());
                    }
                });
            }
            let pairs = bars.iter().filter_map(|((section, bar), notes)| {
                Some((notes, bars.get(&(*section, bar + 16))?))
            });
            let (mut same, mut all) = (0, 0);
            for (notes, later) in pairs {
                all += notes.len();
                same += notes.iter().zip(later).filter(|(a, b)| a == b).count();
            }
            same as f32 / all as f32
        };
        let (locked, free) = (returning(0.5), returning(0.0));
        assert!(locked > 1.5 * free, "{locked} {free}");
    }
}
