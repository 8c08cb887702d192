//! What DRONE plays: scenes, chords, keys by just ratios, and who enters and leaves.
//!
//! ```text
//! beat (0.25 s) ─► scene (80–165 s) ─► chord ─► choir: who is wanted, who leaves ─► 18 tones
//!                       │                └─► overtones, breath                    ─► air
//!                       └─► key: out by a just ratio, and home again
//! pluck (0.6–2.5 s) ─► strings, one after the other
//! ```
//!
//! Levels wander by noise that is a function of time, so they have no state.

use perpetuo_dsp::{Chance, State, math};
use perpetuo_station::Title;

use super::{
    Param,
    beats::Beats,
    choir::{Choir, REEDS, SLOTS, SUBS, VOICES},
    form::{self, Chord, Scene},
    harmony::{Degree, Ground, KEYS, LIMITS, hz_of},
    note::{Air, Note, Tone},
    plucking::Plucking,
    singing::Singing,
};
use crate::performer;

/// Streams of draws; 40 and above are other parts'.
mod stream {
    pub(super) const ORDER: u32 = 1;
    pub(super) const SCENE_LEN: u32 = 2;
    pub(super) const KEY: u32 = 3;
    pub(super) const HOME: u32 = 4;
    pub(super) const CHORD_LEN: u32 = 5;
    pub(super) const CLEARING: u32 = 6;
    pub(super) const ENTRY: u32 = 7;
    pub(super) const LEAVE: u32 = 8;
    pub(super) const CHARACTER: u32 = 9;
    /// One a slot.
    pub(super) const WALK: u32 = 100;
    /// One a register.
    pub(super) const SWELL: u32 = 130;
}

/// The composer of one performance.
pub(super) struct Composer {
    chance: Chance,
    sample_rate: f32,
    sample_rate_hz: u32,
    /// Octaves by which this performance lies higher than another.
    height: f32,
    root_hz: f32,
    limit: u32,
    density: f32,
    motion: f32,
    beating: f32,
    beats: Beats,
    /// Samples until the next beat.
    beat_left: u32,
    beat: u32,
    /// Time as levels wander, in 128ths of a beat at the middle of `motion`.
    wander: u32,
    scene: u32,
    /// Beats left.
    scene_left: u32,
    chord: u32,
    chord_left: u32,
    /// A place in [`KEYS`].
    key: u32,
    /// How much faster than usual tones enter and leave, 0..1; it passes.
    haste: f32,
    /// Beats until another voice may enter.
    rest: u32,
    entries: u32,
    choir: Choir,
    singing: Singing,
    plucking: Plucking,
}

impl Composer {
    /// Beats a second.
    const BEATS: f32 = 4.0;

    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let mut composer = Self {
            chance,
            sample_rate: sample_rate_hz as f32,
            sample_rate_hz,
            height: chance.between(stream::CHARACTER, 0, -0.4, 0.4),
            root_hz: at(Param::Root),
            limit: at(Param::Limit) as u32,
            density: at(Param::Density),
            motion: at(Param::Motion),
            beating: at(Param::Beating),
            beats: Beats::new(&chance, sample_rate_hz),
            beat_left: 0,
            beat: 0,
            wander: chance.word(stream::CHARACTER, 1) >> 8,
            scene: 0,
            scene_left: 0,
            chord: 0,
            chord_left: 0,
            key: 0,
            haste: 0.4,
            rest: 0,
            entries: 0,
            choir: Choir::new(),
            singing: Singing::new(&chance),
            plucking: Plucking::new(&chance, sample_rate_hz, at(Param::Pluck)),
        };
        composer.scene_left = composer.scene_len();
        composer.chord_left = composer.chord_len();
        composer.open();
        composer
    }

    /// A sound at once: the ground, and on it a few voices that are half there.
    fn open(&mut self) {
        let (sub, reed) = self.low_steps();
        self.choir.enter(SUBS, sub, 0.6);
        self.choir.enter(REEDS, reed, 0.5);
        for _ in 0..6 {
            self.enter_voice(0.5);
        }
    }

    fn scene_now(&self) -> &'static Scene {
        form::scene(&self.chance, stream::ORDER, self.scene)
    }

    /// 80 to 165 s.
    fn scene_len(&self) -> u32 {
        let seconds = self.chance.between(stream::SCENE_LEN, self.scene, 80.0, 165.0);
        (seconds * Self::BEATS) as u32
    }

    /// 22 to 44 s at the middle of `motion`.
    fn chord_len(&self) -> u32 {
        let seconds = self.chance.between(stream::CHORD_LEN, self.chord, 22.0, 44.0);
        (seconds / self.pace() * Self::BEATS) as u32
    }

    /// How fast all goes: from 1/3 to 3.
    fn pace(&self) -> f32 {
        math::exp2(3.17 * (self.motion - 0.5))
    }

    /// Whether all but one pure interval has fallen away, at the end of some scenes.
    fn is_clear(&self) -> bool {
        // It stays alone for 13 to 26 s.
        let beats = self.chance.between(stream::CLEARING + 50, self.scene, 52.0, 104.0) as u32;
        self.scene_left <= beats && self.chance.happens(stream::CLEARING, self.scene, 0.36)
    }

    fn ground(&self) -> Ground {
        let key = KEYS[self.key as usize % KEYS.len()];
        Ground::new(self.root_hz, self.sample_rate_hz).in_key(key, self.limit)
    }

    fn chord_now(&self) -> &'static Chord {
        let chords = self.scene_now().chords;
        &chords[self.chord as usize % chords.len()]
    }

    /// The degrees in use and the ground they stand on.
    fn harmony(&self) -> (Ground, [Degree; 2], &'static [Degree]) {
        let (chord, pure) = (self.chord_now(), [Degree::One, self.scene_now().pure]);
        if self.is_clear() {
            return (self.ground(), pure, &[]);
        }
        (self.ground().moved(chord.shift.ratio(self.limit)), pure, chord.degrees)
    }

    /// The `index`th degree of the harmony, round and round.
    fn degree(&self, index: u32) -> Degree {
        let (_, pure, degrees) = self.harmony();
        let degrees = if degrees.is_empty() { &pure[..] } else { degrees };
        degrees[index as usize % degrees.len()]
    }

    /// Where that degree lies, at octave 0.
    fn tone(&self, index: u32) -> Ground {
        let (ground, ..) = self.harmony();
        ground.moved(self.degree(index).ratio(self.limit))
    }

    fn degree_count(&self) -> u32 {
        let (_, pure, degrees) = self.harmony();
        (if degrees.is_empty() { pure.len() } else { degrees.len() }) as u32
    }

    /// By how many octaves all registers lie higher: half as many as the root lies above 55 Hz.
    fn lift(&self) -> f32 {
        0.5 * math::log2(self.root_hz * (1.0 / 55.0))
    }

    /// The steps of the lowest sine, within an octave from 38 Hz, and of the reed, from 78 Hz, if the root
    /// is 55 Hz.
    fn low_steps(&self) -> (u32, u32) {
        let unit = math::exp2(self.lift()) / self.sample_rate * 4_294_967_296.0;
        let lowest = |hz: f32| (hz * unit) as u32;
        let ground = self.ground();
        (ground.step_from(lowest(38.0)), ground.step_from(lowest(78.0)))
    }

    fn is_wanted(&self, step: u32) -> bool {
        (0..self.degree_count()).any(|index| {
            let degree = self.tone(index);
            (0..10).any(|octave| degree.step(octave) == step)
        })
    }

    /// What is not of the harmony any more leaves; what is stays.
    fn change_harmony(&mut self) {
        for slot in VOICES {
            if self.choir.stays(slot) && !self.is_wanted(self.choir.step(slot)) {
                self.choir.leave(slot);
            }
        }
        let (sub, reed) = self.low_steps();
        self.choir.leave_unless(SUBS, |step| step == sub);
        self.choir.leave_unless(REEDS, |step| step == reed);
    }

    fn pass_beat(&mut self) {
        self.beat = self.beat.wrapping_add(1);
        self.wander = self.wander.wrapping_add((128.0 * self.pace()) as u32);
        self.beats.pass(self.sample_rate_hz / Self::BEATS as u32);
        self.beats.set_rate(self.beating, self.scene_now().beat);
        self.haste *= 0.97;
        let was_clear = self.is_clear();
        self.scene_left = self.scene_left.saturating_sub(1);
        self.chord_left = self.chord_left.saturating_sub(1);
        if self.scene_left == 0 {
            self.next_scene(was_clear);
        } else if self.chord_left == 0 {
            self.chord = self.chord.wrapping_add(1);
            self.chord_left = self.chord_len();
            self.change_harmony();
        } else if self.is_clear() != was_clear {
            // All else is gone within 6 s.
            self.haste = math::clamp(self.haste, 0.2, 1.0);
            self.change_harmony();
        }
        self.tend();
    }

    fn next_scene(&mut self, was_clear: bool) {
        self.scene = self.scene.wrapping_add(1);
        self.scene_left = self.scene_len();
        self.chord = 0;
        self.chord_left = self.chord_len();
        // After one pure interval all blooms.
        self.haste = if was_clear { 0.5 } else { 0.1 };
        self.move_key();
        self.change_harmony();
    }

    /// Out from home by a just ratio, and home again: every other scene or so.
    fn move_key(&mut self) {
        if !self.chance.happens(stream::KEY, self.scene, 0.45) {
            return;
        }
        let goes_home = self.key != 0 && self.chance.happens(stream::HOME, self.scene, 0.7);
        let out = 1 + self.chance.below(stream::KEY + 50, self.scene, KEYS.len() as u32 - 1);
        self.key = if goes_home { 0 } else { out };
    }

    /// Lets voices in and out, so that as many sound as are wanted.
    fn tend(&mut self) {
        let (sub, reed) = self.low_steps();
        for (part, step) in [(SUBS, sub), (REEDS, reed)] {
            if self.choir.count(part.clone()) == 0 {
                self.choir.enter(part, step, 0.0);
            }
        }
        self.rest = self.rest.saturating_sub(1);
        let (count, wanted) = (self.choir.count(VOICES), self.wanted_voices());
        if count < wanted && self.rest == 0 {
            self.enter_voice(0.0);
            let beats = self.chance.between(stream::ENTRY, self.entries, 3.0, 14.0);
            let hurry = self.pace() * (1.0 + 6.0 * self.haste) * (wanted - count) as f32 * 0.4;
            self.rest = math::clamp(beats / hurry, 0.0, 80.0) as u32;
        }
        // Each stays for 40 s or so, as there are others to take its place.
        let tired = self.chance.happens(stream::LEAVE, self.beat, 0.006 * count as f32 * self.pace());
        if count > wanted || tired && count > 2 {
            let first = self.chance.below(stream::LEAVE + 50, self.beat, 14);
            let slots = VOICES.map(|slot| (slot + first as usize) % VOICES.len());
            if let Some(slot) = slots.into_iter().find(|slot| self.choir.stays(*slot)) {
                self.choir.leave(slot);
            }
        }
        let (up, down) = self.paces();
        self.choir.advance(up, down);
    }

    /// Shares of a whole fade that a beat takes: 11 s up and 9 s down at the middle, 1.5 s in haste.
    fn paces(&self) -> (f32, f32) {
        let pace = (0.4 + 0.6 * self.pace()) / Self::BEATS;
        (pace / 11.0 + 0.16 * self.haste, pace / 9.0 + 0.16 * self.haste)
    }

    fn wanted_voices(&self) -> usize {
        let arc = 0.8 + 0.4 * self.tide();
        let share = self.scene_now().voices * (0.25 + 1.1 * self.density) * arc;
        let all = math::clamp(2.0 + 11.0 * share, 2.0, 13.0) as usize;
        if self.is_clear() { 3 } else { all }
    }

    /// The tide of the whole: 0..1, some 12 minutes from high to high.
    fn tide(&self) -> f32 {
        noise(&self.chance, stream::CHARACTER + 20, u64::from(self.beat) * 45)
    }

    /// A voice on the harmony, somewhere in the registers of the scene, where there is room.
    fn enter_voice(&mut self, way: f32) {
        for _ in 0..5 {
            self.entries = self.entries.wrapping_add(1);
            let draw = |index: u32| self.chance.unit(stream::ENTRY + 50 + index, self.entries);
            let count = self.degree_count();
            let degree = (draw(0) * draw(1) * 1.3 * count as f32) as u32;
            let scene = self.scene_now();
            // From E2 or so up to 900 Hz, more or less.
            let (low, high) = (6.5, 9.9 + scene.lift + self.height);
            let octaves = self.lift() + low + (high - low) * draw(2);
            let lowest = math::exp2(octaves - 0.5) / self.sample_rate * 4_294_967_296.0;
            let step = self.tone(degree).step_from(lowest as u32);
            let hz = hz_of(step, self.sample_rate);
            let is_doubled = self.choir.doubles(VOICES, step) > usize::from(scene.doubles) * 2;
            // Low down only what fuses: thirds and sevenths blur below 150 Hz.
            let fuses = self.degree(degree).fuses() && self.chord_now().shift.fuses();
            let is_muddy = hz < 150.0 && !fuses;
            let is_crowded = hz < 420.0 && self.choir.is_crowded(VOICES, step);
            if is_doubled || is_muddy || is_crowded {
                continue;
            }
            self.choir.enter(VOICES, step, way);
            return;
        }
    }

    fn play_tones(&self, play: &mut dyn FnMut(Note)) {
        let scene = self.scene_now();
        // As many voices, each so much softer.
        let each = 0.34 / (self.wanted_voices() as f32 + 2.0).sqrt();
        for slot in 0..SLOTS {
            let (step, shape) = (self.choir.step(slot), self.choir.shape(slot));
            let gain = match slot {
                _ if SUBS.contains(&slot) => 0.09 * scene.sub,
                _ if REEDS.contains(&slot) => scene.reed * self.calm(0.6),
                _ => each * self.walk(slot) * self.swell(step),
            };
            play(Note::Tone(Tone { slot, step, level: shape * gain }));
        }
    }

    /// Less in a clearing.
    fn calm(&self, amount: f32) -> f32 {
        if self.is_clear() { amount } else { 1.0 }
    }

    /// A slot's own slow walk: from -13 dB to 0.
    fn walk(&self, slot: usize) -> f32 {
        let time = u64::from(self.wander) * (9 + slot as u64 % 7);
        math::exp2(-2.2 * (1.0 - noise(&self.chance, stream::WALK + slot as u32, time)))
    }

    /// A register's swells: from -9 dB to 0, 10 to 40 s long.
    fn swell(&self, step: u32) -> f32 {
        let register = (math::log2(hz_of(step, self.sample_rate) + 1.0) - 6.0) as u32;
        let time = u64::from(self.wander) * (11 + 3 * u64::from(register.min(5)));
        math::exp2(-1.5 * (1.0 - noise(&self.chance, stream::SWELL + register.min(5), time)))
    }

    fn air(&mut self) -> Air {
        let scene = self.scene_now();
        let octaves = |step: u32| math::log2(hz_of(step, self.sample_rate) + 1.0);
        let overtones = self.limit.min(scene.overtones);
        let begins = self.singing.pass_beat(&self.chance, self.pace());
        if begins {
            let picks = self.singing.breath_picks(&self.chance, self.degree_count());
            let tones = picks.map(|pick| octaves(self.tone(pick).step(4)));
            self.singing.breathe(&self.chance, tones);
        }
        let swell = noise(&self.chance, stream::SWELL + 9, u64::from(self.wander) * 14);
        Air {
            sing: scene.sing * self.calm(0.3) * (0.35 + 0.65 * swell),
            formants: self.singing.formants(octaves(self.low_steps().1), overtones),
            breath: scene.breath * self.calm(0.5) * self.singing.breath(&self.chance),
            bands: self.singing.bands(),
            beats: self.beats.turns(),
            beating: self.beats.rate(),
        }
    }

    fn play_beat(&mut self, play: &mut dyn FnMut(Note)) {
        self.pass_beat();
        self.play_tones(play);
        let air = self.air();
        play(Note::Air(air));
    }
}

impl performer::Composer for Composer {
    type Note = Note;

    fn set(&mut self, index: usize, value: f32) {
        let before = (self.root_hz, self.limit);
        match Param::ALL.get(index) {
            Some(Param::Root) => self.root_hz = value,
            Some(Param::Limit) => self.limit = value as u32,
            Some(Param::Density) => self.density = value,
            Some(Param::Motion) => self.motion = value,
            Some(Param::Beating) => self.beating = value,
            Some(Param::Pluck) => self.plucking.set_amount(value),
            _ => {}
        }
        if before != (self.root_hz, self.limit) {
            // Soon: the old root leaves within 2 s.
            self.haste = 1.0;
            self.rest = 0;
            self.change_harmony();
        }
    }

    fn compose(&mut self, play: &mut dyn FnMut(Note)) -> u32 {
        if self.beat_left == 0 {
            self.play_beat(play);
            self.beat_left = self.sample_rate_hz / Self::BEATS as u32;
        }
        if self.plucking.is_due() {
            let ground = match self.plucking.degree(self.scene_now().pure) {
                Some(degree) => self.ground().moved(degree.ratio(self.limit)),
                None => self.tone(self.plucking.string()),
            };
            let amount = self.scene_now().pluck * self.calm(0.0);
            if let Some(pluck) = self.plucking.pluck(&self.chance, ground, self.lift(), amount) {
                play(Note::Pluck(pluck));
            }
        }
        let wait = self.beat_left.min(self.plucking.left()).max(1);
        self.beat_left -= wait.min(self.beat_left);
        self.plucking.pass(wait);
        wait
    }

    fn title(&self) -> Title {
        let key = KEYS[self.key as usize % KEYS.len()].name(self.limit);
        let limit = LIMITS[(self.limit as usize).min(LIMITS.len() - 1)];
        let scene = if self.is_clear() { "Clearing" } else { self.scene_now().name(self.limit) };
        Title { scene, key: Some((key, limit)) }
    }
}

impl State for Composer {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.root_hz.visit(word);
        self.density.visit(word);
        self.motion.visit(word);
        self.haste.visit(word);
        self.root_hz = math::clamp(self.root_hz, 20.0, 200.0);
        self.beating.visit(word);
        self.beats.visit(word);
        for value in
            [&mut self.density, &mut self.motion, &mut self.haste, &mut self.beating]
        {
            *value = math::clamp(*value, 0.0, 1.0);
        }
        for part in [&mut self.limit, &mut self.beat_left, &mut self.beat, &mut self.wander] {
            part.visit(word);
        }
        for part in [&mut self.scene, &mut self.scene_left, &mut self.chord, &mut self.chord_left] {
            part.visit(word);
        }
        for part in [&mut self.key, &mut self.rest, &mut self.entries] {
            part.visit(word);
        }
        self.limit = self.limit.min(3);
        self.beat_left = self.beat_left.min(self.sample_rate_hz);
        self.scene_left = self.scene_left.min(1000);
        self.chord_left = self.chord_left.min(1000);
        self.rest = self.rest.min(100);
        self.choir.visit(word);
        self.singing.visit(word);
        self.plucking.visit(word);
    }
}

/// Smooth noise in 0..1 over time in 2^-16 of a point: a function, so it needs no state.
pub(super) fn noise(chance: &Chance, stream: u32, time: u64) -> f32 {
    let (point, part) = ((time >> 16) as u32, (time & 0xffff) as f32 * (1.0 / 65_536.0));
    let [from, to] = [point, point.wrapping_add(1)].map(|point| chance.unit(stream, point));
    from + (to - from) * part * part * (3.0 - 2.0 * part)
}
