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
    form::{self, Character, HOUSE, PHRASE, Scene},
    hands::{Hands, Moment},
    harmony::{Harmony, Key, degree},
    pulse::Pulse,
    stroke::{Queue, Stroke},
};
use crate::{
    performer,
    theory::{ChordKind, METRES, Metre, SCALES, scene},
};

/// Streams of draws; those from 100 on are the hands' and the pulse's.
mod stream {
    pub(super) const CHARACTER: u32 = 1;
    pub(super) const SCENE: u32 = 2;
    pub(super) const KEY: u32 = 3;
    pub(super) const CHORD: u32 = 5;
    pub(super) const METRE: u32 = 7;
    pub(super) const LEN: u32 = 8;
    pub(super) const RECALL: u32 = 9;
    pub(super) const TIMBRE: u32 = 10;
    pub(super) const LAYER: u32 = 12;
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
    /// In force, then asked for.
    tempo: [f32; 2],
    swing: [f32; 2],
    metre: [u32; 2],
    home: [Key; 2],
    /// The section before, this one, the one after.
    keys: [Key; 3],
    section: u32,
    /// A place in [`METRES`].
    in_metre: u32,
    bar: u32,
    bars: u32,
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
            tempo: [at(Param::Tempo); 2],
            swing: [at(Param::Swing); 2],
            metre: [at(Param::Metre) as u32; 2],
            home: [home; 2],
            keys: [home; 3],
            section: 0,
            in_metre: 2,
            bar: 0,
            bars: 1,
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
            if self.bar >= self.bars {
                (self.bar, self.section) = (0, self.section.wrapping_add(1));
            }
            self.begin_bar(play);
        }
        let (_, within) = self.metre().beat(self.step);
        if within == 0 {
            (self.tempo[0], self.swing[0]) = (self.tempo[1], self.swing[1]);
            play(Note::Beat(self.step_len()));
        }
        self.play_step();
        self.schedule();
        self.count = self.count.wrapping_add(1);
        self.step += 1;
        if self.step >= self.metre().len() {
            (self.step, self.bar) = (0, self.bar + 1);
        }
    }

    fn begin_bar(&mut self, play: &mut dyn FnMut(Note)) {
        let is_moved = self.home[0] != self.home[1];
        self.home[0] = self.home[1];
        (self.tempo[0], self.metre[0]) = (self.tempo[1], self.metre[1]);
        if self.bar == 0 {
            self.begin_section();
        }
        if is_moved {
            // What was asked for is heard now, wherever the music had wandered.
            self.keys = [self.home[0]; 3];
            self.keys[2] = self.next_key();
        }
        self.in_metre = match self.metre[0] {
            0 => self.in_metre,
            fixed => super::METRE_PLACES[(fixed as usize).min(super::METRE_PLACES.len() - 1)],
        };
        let scene = self.scene();
        play(Note::Scene { rattle: scene.rattle, room: scene.room });
        // The drone leaves before the key does.
        let is_last = self.bar + 2 >= self.bars && self.keys[1].root != self.keys[2].root;
        let level = if is_last { 0.0 } else { scene.drone * self.arc() };
        let root = self.keys[1].scale().note_from(0, 22) as u32;
        play(Note::Drone { note: root, level });
    }

    fn begin_section(&mut self) {
        let count = self.section;
        if count > 0 {
            self.keys = [self.keys[1], self.keys[2], self.keys[2]];
        }
        self.keys[2] = self.next_key();
        let metres = self.scene().metres;
        let drawn = self.chance.below(stream::METRE, count, 4) as usize;
        let metre = metres[drawn];
        // Not the metre of the section before, where there is another.
        let is_same = count > 0 && metre == self.in_metre;
        self.in_metre = if is_same { metres[(drawn + 1) % 4] } else { metre };
        let [shortest, longest] = self.scene().seconds;
        let seconds = self.chance.between(stream::LEN, count, shortest, longest);
        let bar = self.metre().len() as f32 * self.step_len() / self.sample_rate;
        let phrases = (seconds / (bar * PHRASE as f32) + 0.5) as u32;
        self.bars = PHRASE * phrases.clamp(2, 40) + 1;
        // Now and then the loops of three sections before come back, in the new key and metre.
        let recalls = count >= 3 && self.chance.happens(stream::RECALL, count, 0.3);
        let turn = if recalls { count - 3 } else { count };
        self.hands = Hands::new(&self.chance, turn);
        self.pulse = Pulse::new(&self.chance, turn);
    }

    fn next_key(&self) -> Key {
        let next = self.section.wrapping_add(1);
        self.keys[1].next(self.home[0], &self.chance, stream::KEY, next)
    }

    fn play_step(&mut self) {
        let moment = self.moment();
        let phrase = self.bar / PHRASE;
        let is_close = self.bar + 1 == self.bars;
        let weight = moment.weight();
        if is_close {
            if self.step == 0 {
                self.hands.close(&moment, &mut self.queue);
                self.pulse.close(&moment, &mut self.queue);
            }
            return;
        }
        // A phrase's last beats are its breath.
        let ends = self.bar % PHRASE == PHRASE - 1 && 2 * self.step > self.metre().len();
        let breath = ends && weight < 0.5 && self.chance.happens(stream::REST + 2, self.count, 0.4);
        let is_silent = self.bar > 1
            && self.chance.happens(stream::REST, self.count - self.step, self.scene().rest);
        if breath || is_silent {
            return;
        }
        let [bass, beaten] = [self.enters(1, 2), self.enters(2, 3)];
        let [bass, beaten] = [(bass, 1), (beaten, 2)]
            .map(|(from, layer)| phrase >= from && !self.is_out(layer, phrase));
        self.hands.play(&moment, &mut self.queue);
        // At the very beginning there is always something low to stand on.
        let bass = bass || self.section == 0 && self.bar == 0 && self.step == 0;
        self.pulse.play(&moment, bass, beaten, &mut self.queue);
    }

    fn moment(&self) -> Moment {
        let scene = self.scene();
        let chord = self.bar / scene.chord_bars % 4;
        let is_close = self.bar + 1 == self.bars;
        let place = if is_close { 0 } else { chord };
        let key = self.keys[1];
        // In the first two bars and the last three only notes that both keys have.
        let common = match self.bar {
            0 | 1 => self.keys[0].classes(),
            bar if bar + 3 >= self.bars => self.keys[2].classes(),
            _ => 0xfff,
        };
        // A section's row of chords, the third of which changes every eight bars.
        let row = self.section.wrapping_mul(16) + if place == 2 { self.bar / 8 % 16 } else { 0 };
        let root = degree(key, &self.chance, stream::CHORD, row, place);
        let kind = if is_close { ChordKind::Fifth } else { scene.chord };
        let phrase = self.bar / PHRASE;
        let second = phrase >= self.enters(0, 2).min(1) && !self.is_out(0, phrase);
        Moment {
            chance: self.chance,
            scene,
            character: self.character,
            harmony: Harmony::of(key, root, kind, common),
            metre: self.metre(),
            step: self.step,
            bar: self.bar,
            section: self.section,
            count: self.count,
            density: self.density,
            deja_vu: self.deja_vu,
            arc: self.arc(),
            urge: if self.bar % PHRASE == PHRASE - 1 { 2.0 } else { 0.6 },
            letter: form::letter(self.character.phrase, self.section, self.bar),
            is_new_chord: self.bar.is_multiple_of(scene.chord_bars),
            timbres: [0, 1].map(|hand| self.timbre(hand)),
            takes_part: [true, second],
            step_len: self.step_len(),
            sample_rate: self.sample_rate,
        }
    }

    /// The phrase from which a layer takes part, below `count`.
    fn enters(&self, layer: u32, count: u32) -> u32 {
        self.chance.below(stream::LAYER + layer, self.section, count)
    }

    /// After the height of a long section one layer is left out for a phrase, and so is what is beaten
    /// in the last.
    fn is_out(&self, layer: u32, phrase: u32) -> bool {
        let phrases = self.bars / PHRASE;
        let rests = phrases >= 5 && phrase == phrases * 7 / 10;
        let which = self.chance.below(stream::LAYER + 4, self.section, 3);
        rests && which == layer || layer == 2 && phrase + 1 >= phrases
    }

    fn timbre(&self, hand: usize) -> u32 {
        match self.scene().hands[hand].timbre {
            HOUSE => {
                let draw = stream::TIMBRE + hand as u32;
                let is_other = self.chance.happens(draw, self.section, 0.3);
                self.character.house[usize::from(is_other)]
            }
            timbre => timbre,
        }
    }

    fn arc(&self) -> f32 {
        let bars = (self.bars.max(2) - 1) as f32;
        let share = (self.bar as f32 + self.share()) / bars;
        let phrase = ((self.bar % PHRASE) as f32 + self.share()) / PHRASE as f32;
        form::section_arc(share) * form::phrase_arc(phrase) * form::tide(self.section)
    }

    /// How much of the bar is over.
    fn share(&self) -> f32 {
        self.step as f32 / self.metre().len() as f32
    }

    fn scene(&self) -> &'static Scene {
        Scene::of(scene::<{ Scene::COUNT }>(&self.chance, stream::SCENE, self.section))
    }

    fn metre(&self) -> Metre {
        Metre::of(self.in_metre)
    }

    /// Samples of an even step, without rubato.
    fn step_len(&self) -> f32 {
        15.0 * self.sample_rate / (self.tempo[0] * self.scene().pace)
    }

    /// The end of a phrase leans back a little, the end of a section by a third.
    fn schedule(&mut self) {
        let share = self.share();
        let slower = match self.bar + 1 {
            bar if bar == self.bars => 1.12 + 0.35 * share,
            bar if bar + 1 == self.bars => 1.0 + 0.1 * share * share,
            bar if bar % PHRASE == 0 => 1.0 + 0.025 * share,
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
        Title { scene: self.scene().name, key: Some(self.keys[1].words()) }
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
        self.metre.visit(word);
        self.home.visit(word);
        self.keys.visit(word);
        self.section.visit(word);
        self.in_metre.visit(word);
        self.in_metre = self.in_metre.min(METRES.len() as u32 - 1);
        for place in [&mut self.bar, &mut self.bars, &mut self.step, &mut self.count] {
            place.visit(word);
        }
        self.bars = self.bars.clamp(1, 1000);
        (self.bar, self.step) = (self.bar.min(self.bars), self.step % self.metre().len());
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

const _: () = assert!(SCALES.len() == 12, "harmony::NEAR has a row a scale");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kalimba::timbre::name, performer::Composer as _};

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
    fn dump_for_me() {
        let seed = std::env::var("SEED").map_or(1, |s| s.parse().unwrap());
        let mut c = composer(seed, &[]);
        println!("{:?}", c.character);
        let mut now = 0u64;
        let mut last = u32::MAX;
        while now < 3600 * u64::from(RATE) {
            let mut out = Vec::new();
            let w = c.compose(&mut |n| out.push(n));
            if c.section != last {
                last = c.section;
                println!(
                    "# {:.1} sec {} {} metre {} bars {} tempo {}",
                    now as f64 / f64::from(RATE),
                    last,
                    c.title(),
                    METRES[c.in_metre as usize],
                    c.bars,
                    c.tempo[0] * c.scene().pace
                );
            }
            for n in out {
                if let Note::Strike(s) = n {
                    println!(
                        "{:.3} {} {} {} {:.3} {:.2}",
                        now as f64 / f64::from(RATE),
                        c.section,
                        s.timbre(),
                        s.note(),
                        s.gain(),
                        s.place()
                    );
                }
            }
            now += u64::from(w.max(1));
        }
    }
}
