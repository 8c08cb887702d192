//! Where a performance is: its section, the keys around it, the bar, and what takes part there.
//!
//! ```text
//! home ─► a near key ─► a near key of that ─► … every fifth section ─► home
//! bars:   0 1 │ only what the last key has too │ … │ only what the next has too │ last three
//! ```

use perpetuo_dsp::{Chance, State};

use super::{
    form::{self, Character, HOUSE, Scene},
    harmony::{Classes, Key},
};
use crate::theory::{METRES, Metre, PERIOD, Phrase, phrase, scene};

/// Streams of draws.
mod stream {
    pub(super) const SCENE: u32 = 2;
    pub(super) const KEY: u32 = 3;
    pub(super) const METRE: u32 = 7;
    pub(super) const LEN: u32 = 8;
    pub(super) const RECALL: u32 = 9;
    pub(super) const TIMBRE: u32 = 10;
    pub(super) const LAYER: u32 = 12;
    pub(super) const PHRASE: u32 = 15;
}

/// The course of one performance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    /// The section before, this one, the one after.
    pub keys: [Key; 3],
    pub section: u32,
    /// A scene's number.
    scene: u32,
    /// A place in [`METRES`].
    pub in_metre: u32,
    /// Which bar of how many.
    pub bar: u32,
    pub bars: u32,
}

impl Course {
    /// Before the first section, in the home key.
    pub(super) fn new(chance: &Chance, home: Key) -> Self {
        let scene = scene::<{ Scene::COUNT }>(chance, stream::SCENE, 0) as u32;
        Self { keys: [home; 3], section: 0, scene, in_metre: 2, bar: 0, bars: 1 }
    }

    /// After the last bar comes the next section.
    pub(super) fn pass_end(&mut self) {
        if self.bar >= self.bars {
            (self.bar, self.section) = (0, self.section.wrapping_add(1));
        }
    }

    /// Begins the section: scene, keys and metre.
    pub(super) fn begin(&mut self, chance: &Chance, home: Key) {
        let count = self.section;
        self.scene = scene::<{ Scene::COUNT }>(chance, stream::SCENE, count) as u32;
        if count > 0 {
            self.keys = [self.keys[1], self.keys[2], self.keys[2]];
        }
        self.keys[2] = self.next_key(chance, home);
        let metres = self.scene().metres;
        let drawn = chance.below(stream::METRE, count, 4) as usize;
        // Not the metre of the section before, where there is another.
        let is_same = count > 0 && metres[drawn] == self.in_metre;
        self.in_metre = metres[if is_same { (drawn + 1) % 4 } else { drawn }];
    }

    /// Draws how many bars of so many seconds the section has.
    pub(super) fn set_bar_seconds(&mut self, chance: &Chance, bar: f32) {
        let [shortest, longest] = self.scene().seconds;
        let seconds = chance.between(stream::LEN, self.section, shortest, longest);
        let phrases = (seconds / (bar * PERIOD as f32) + 0.5) as u32;
        self.bars = PERIOD * phrases.clamp(2, 40) + 1;
    }

    /// Goes to a key at once.
    pub(super) fn move_to(&mut self, chance: &Chance, home: Key) {
        self.keys = [home; 3];
        self.keys[2] = self.next_key(chance, home);
    }

    /// The number of the section's loops: now and then those of three sections before come back, in
    /// the new key and metre.
    pub(super) fn turn(&self, chance: &Chance) -> u32 {
        let recalls = self.section >= 3 && chance.happens(stream::RECALL, self.section, 0.3);
        if recalls { self.section - 3 } else { self.section }
    }

    /// What the bar is made of: every section has a plan of its own for its phrases of [`PERIOD`] bars.
    pub(super) fn phrase(&self, chance: &Chance) -> Phrase {
        let place = self.section.wrapping_mul(PERIOD).wrapping_add(self.bar % PERIOD);
        phrase(chance, stream::PHRASE, place)
    }

    /// Whether the bar is a phrase's last.
    pub(super) fn ends_phrase(&self) -> bool {
        self.bar % PERIOD == PERIOD - 1
    }

    pub(super) fn scene(&self) -> &'static Scene {
        Scene::of(self.scene as usize)
    }

    pub(super) fn metre(&self) -> Metre {
        Metre::of(self.in_metre)
    }

    /// Whether this is the bar in which the section comes to rest.
    pub(super) fn is_close(&self) -> bool {
        self.bar + 1 >= self.bars
    }

    /// The notes that may be used as far as a change of key is near.
    pub(super) fn common(&self) -> Classes {
        match self.bar {
            0 | 1 => self.keys[0].classes(),
            bar if bar + 3 >= self.bars => self.keys[2].classes(),
            _ => 0xfff,
        }
    }

    /// Whether a layer takes part: it enters with one of the first `latest` phrases. After the height
    /// of a long section one is left out for a phrase, and the third, what is beaten, in the last.
    pub(super) fn has(&self, chance: &Chance, layer: u32, latest: u32) -> bool {
        let (phrase, phrases) = (self.bar / PERIOD, self.bars / PERIOD);
        let from = chance.below(stream::LAYER + layer, self.section, latest);
        let rests = phrases >= 5 && phrase == phrases * 7 / 10;
        let which = chance.below(stream::LAYER + 4, self.section, 3);
        let is_out = rests && which == layer || layer == 2 && phrase + 1 >= phrases;
        phrase >= from && !is_out
    }

    /// What a hand plays on.
    pub(super) fn timbre(&self, chance: &Chance, character: &Character, hand: usize) -> u32 {
        match self.scene().hands[hand].timbre {
            HOUSE => {
                let draw = stream::TIMBRE + hand as u32;
                let is_other = chance.happens(draw, self.section, 0.3);
                character.house[usize::from(is_other)]
            }
            timbre => timbre,
        }
    }

    /// How much is going on, about 1, when `share` of the bar is over.
    pub(super) fn arc(&self, share: f32) -> f32 {
        let bars = (self.bars.max(2) - 1) as f32;
        let phrase = ((self.bar % PERIOD) as f32 + share) / PERIOD as f32;
        form::section_arc((self.bar as f32 + share) / bars)
            * form::phrase_arc(phrase)
            * form::tide(self.section)
    }

    fn next_key(&self, chance: &Chance, home: Key) -> Key {
        self.keys[1].next(home, chance, stream::KEY, self.section.wrapping_add(1))
    }
}

impl State for Course {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.keys.visit(word);
        for number in [&mut self.section, &mut self.scene, &mut self.in_metre] {
            number.visit(word);
        }
        self.scene = self.scene.min(Scene::COUNT as u32 - 1);
        self.in_metre = self.in_metre.min(METRES.len() as u32 - 1);
        self.bar.visit(word);
        self.bars.visit(word);
        self.bars = self.bars.clamp(1, 1000);
        self.bar = self.bar.min(self.bars);
    }
}
