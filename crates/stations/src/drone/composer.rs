//! What DRONE plays: who enters and leaves, how loud, what is sung and plucked.
//!
//! ```text
//! beat (0.25 s) ─► course: scene, chord, key ─► choir: who is wanted, who leaves ─► 18 tones
//!                                          └──► overtones, breath ────────────────► air
//! pluck (0.6–4 s) ─► strings, one after the other
//! ```
//!
//! Levels wander by noise that is a function of time, so they have no state.

use perpetuo_dsp::{Chance, State, math};
use perpetuo_station::Title;

use super::{
    Param,
    beats::Beats,
    choir::{Choir, REEDS, SLOTS, SUBS, VOICES},
    course::{Change, Course},
    harmony::{Ground, LIMITS, hz_of},
    note::{Air, Note, Tone},
    plucking::Plucking,
    singing::Singing,
    wander::Wander,
};
use crate::performer;

/// Beats a second.
pub(super) const BEATS: f32 = 4.0;

/// Streams of draws; 1 to 9 are the course's, 40 to 99 other parts'.
mod stream {
    pub(super) const ENTRY: u32 = 10;
    pub(super) const LEAVE: u32 = 11;
    pub(super) const CHARACTER: u32 = 12;
    pub(super) const WHO: u32 = 14;
    /// And two more.
    pub(super) const WHAT: u32 = 15;
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
    wander: Wander,
    course: Course,
    /// What the scene has of song, breath, reed and sub, on the way to what it is to have.
    amounts: [f32; 4],
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
    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let motion = at(Param::Motion);
        let mut composer = Self {
            chance,
            sample_rate: sample_rate_hz as f32,
            sample_rate_hz,
            height: chance.between(stream::CHARACTER, 0, -0.4, 0.4),
            root_hz: at(Param::Root),
            limit: at(Param::Limit) as u32,
            density: at(Param::Density),
            motion,
            beating: at(Param::Beating),
            beats: Beats::new(&chance, sample_rate_hz),
            beat_left: 0,
            wander: Wander::new(&chance),
            course: Course::new(&chance, pace(motion)),
            amounts: [0.0; 4],
            haste: 0.4,
            rest: 0,
            entries: 0,
            choir: Choir::new(),
            singing: Singing::new(&chance),
            plucking: Plucking::new(&chance, sample_rate_hz, at(Param::Pluck)),
        };
        composer.amounts = composer.wanted_amounts();
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

    /// How fast all goes, see [`pace`].
    fn pace(&self) -> f32 {
        pace(self.motion)
    }

    fn ground(&self) -> Ground {
        let key = self.course.key();
        Ground::new(self.root_hz, self.sample_rate_hz).in_key(key, self.limit)
    }

    /// A degree of the harmony at octave 0.
    fn tone(&self, index: u32) -> Ground {
        self.course.tone(self.ground(), self.limit, index)
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
        (0..self.course.degree_count()).any(|index| {
            let degree = self.tone(index);
            (-4..9).any(|octave| degree.step(octave) == step)
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
        self.wander.pass_beat(self.pace());
        self.beats.pass(self.sample_rate_hz / BEATS as u32);
        self.beats.set_rate(self.beating, self.course.scene().beat);
        self.haste *= 0.97;
        match self.course.pass_beat(self.pace()) {
            Change::Nothing => {}
            change => {
                // All else is gone within 6 s; after that all blooms.
                let least = match change {
                    Change::Clearing => 0.2,
                    Change::Bloom => 0.5,
                    _ => 0.1,
                };
                self.haste = math::clamp(self.haste, least, 1.0);
                self.change_harmony();
            }
        }
        self.pass_amounts();
        self.tend();
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
        let tired = self.chance.happens(
            stream::LEAVE,
            self.wander.beats(),
            0.006 * count as f32 * self.pace(),
        );
        if count > wanted || tired && count > 2 {
            let first = self.chance.below(stream::WHO, self.wander.beats(), 14);
            let slots = VOICES.map(|slot| (slot + first as usize) % VOICES.len());
            if let Some(slot) = slots.into_iter().find(|slot| self.choir.stays(*slot)) {
                self.choir.leave(slot);
            }
        }
        let (up, down) = self.paces();
        self.choir.advance(up, down);
    }

    /// Shares of a whole fade that a beat takes: 11 s up and 13 s down at the middle, 1.5 and 3 s in haste.
    /// What leaves is slower than what enters, so that no hole opens between two harmonies.
    fn paces(&self) -> (f32, f32) {
        let pace = (0.4 + 0.6 * self.pace()) / BEATS;
        (pace / 11.0 + 0.16 * self.haste, pace / 13.0 + 0.075 * self.haste)
    }

    fn wanted_voices(&self) -> usize {
        let arc = 0.8 + 0.4 * self.wander.tide();
        let share = self.course.scene().voices * (0.25 + 1.1 * self.density) * arc;
        let all = math::clamp(2.0 + 9.0 * share, 2.0, 13.0) as usize;
        if self.course.is_clear() { 3 } else { all }
    }

    /// A voice on the harmony, somewhere in the registers of the scene, where there is room.
    fn enter_voice(&mut self, way: f32) {
        for _ in 0..5 {
            self.entries = self.entries.wrapping_add(1);
            let draw = |index: u32| self.chance.unit(stream::WHAT + index, self.entries);
            let count = self.course.degree_count();
            let degree = (draw(0) * draw(1) * 1.3 * count as f32) as u32;
            let scene = self.course.scene();
            // From E2 or so up to 900 Hz, more or less.
            let (low, high) = (6.5, 9.9 + scene.lift + self.height);
            let octaves = self.lift() + low + (high - low) * draw(2);
            let lowest = math::exp2(octaves - 0.5) / self.sample_rate * 4_294_967_296.0;
            let step = self.tone(degree).step_from(lowest as u32);
            let hz = hz_of(step, self.sample_rate);
            let is_doubled = self.choir.doubles(VOICES, step) > usize::from(scene.doubles) * 2;
            // Low down only what fuses: thirds and sevenths blur below 150 Hz.
            let is_muddy = hz < 150.0 && !self.course.fuses(degree);
            let is_crowded = hz < 420.0 && self.choir.is_crowded(VOICES, step);
            if is_doubled || is_muddy || is_crowded {
                continue;
            }
            self.choir.enter(VOICES, step, way);
            return;
        }
    }

    fn play_tones(&self, play: &mut dyn FnMut(Note)) {
        let [.., reed, sub] = self.amounts;
        // As many voices, each so much softer.
        let sum: f32 = VOICES.map(|slot| self.choir.shape(slot)).sum();
        let each = 0.34 / (sum + 2.0).sqrt();
        for slot in 0..SLOTS {
            let (step, shape) = (self.choir.step(slot), self.choir.shape(slot));
            let gain = match slot {
                _ if SUBS.contains(&slot) => 0.09 * sub,
                _ if REEDS.contains(&slot) => reed * self.wander.bellows(),
                _ => {
                    let hz = hz_of(step, self.sample_rate);
                    each * self.wander.walk(slot) * self.wander.swell(hz)
                }
            };
            play(Note::Tone(Tone { slot, step, level: shape * gain }));
        }
    }

    /// What the scene is to have of song, breath, reed and sub; less while one interval stays alone.
    fn wanted_amounts(&self) -> [f32; 4] {
        let scene = self.course.scene();
        let [sing, breath, reed] =
            if self.course.is_clear() { [0.3, 0.5, 0.5] } else { [1.0, 1.0, 1.0] };
        [scene.sing * sing, scene.breath * breath, scene.reed * reed, scene.sub]
    }

    /// A quarter of a minute from one scene's amounts to the next one's, faster in haste.
    fn pass_amounts(&mut self) {
        let share = 0.05 + 0.15 * self.haste;
        let wanted = self.wanted_amounts();
        for (amount, wanted) in self.amounts.iter_mut().zip(wanted) {
            *amount += (wanted - *amount) * share;
        }
    }

    fn air(&mut self) -> Air {
        let octaves = |step: u32| math::log2(hz_of(step, self.sample_rate) + 1.0);
        let overtones = self.limit.min(self.course.scene().overtones);
        let begins = self.singing.pass_beat(&self.chance, self.pace());
        if begins {
            let picks = self.singing.breath_picks(&self.chance, self.course.degree_count());
            let tones = picks.map(|pick| octaves(self.tone(pick).step(4)));
            self.singing.breathe(&self.chance, tones);
        }
        Air {
            sing: self.amounts[0] * self.wander.song(),
            formants: self.singing.formants(octaves(self.low_steps().1), overtones),
            breath: self.amounts[1] * self.singing.breath(&self.chance),
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
            self.beat_left = self.sample_rate_hz / BEATS as u32;
        }
        if self.plucking.is_due() {
            let ground = match self.plucking.degree(self.course.scene().pure) {
                Some(degree) => self.ground().moved(degree.ratio(self.limit)),
                None => self.tone(self.plucking.string()),
            };
            let amount = if self.course.is_clear() { 0.0 } else { self.course.scene().pluck };
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
        let key = self.course.key().name(self.limit);
        let limit = LIMITS[(self.limit as usize).min(LIMITS.len() - 1)];
        let scene =
            if self.course.is_clear() { "Clearing" } else { self.course.scene().name(self.limit) };
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
        for value in [&mut self.density, &mut self.motion, &mut self.haste, &mut self.beating] {
            *value = math::clamp(*value, 0.0, 1.0);
        }
        self.limit.visit(word);
        self.beat_left.visit(word);
        self.wander.visit(word);
        self.rest.visit(word);
        self.entries.visit(word);
        self.course.visit(word);
        self.limit = self.limit.min(3);
        self.beat_left = self.beat_left.min(self.sample_rate_hz);
        self.rest = self.rest.min(100);
        self.amounts.visit(word);
        self.amounts = self.amounts.map(|amount| math::clamp(amount, 0.0, 1.0));
        self.choir.visit(word);
        self.singing.visit(word);
        self.plucking.visit(word);
    }
}

/// How fast all goes: from 1/3 to 3, for a motion of 0..1.
fn pace(motion: f32) -> f32 {
    math::exp2(3.17 * (motion - 0.5))
}

#[cfg(test)]
mod tests {
    use performer::Composer as _;

    use super::*;

    const RATE: u32 = 44_100;

    fn begin(seed: u64) -> Composer {
        let spec = crate::drone::spec();
        Composer::new(seed, RATE, &|param| spec.defaults().at(param as usize))
    }

    /// The notes of the next `seconds`, each with the sample it falls on.
    fn notes(composer: &mut Composer, seconds: u32) -> Vec<(u32, Note)> {
        let (mut now, mut notes) = (0, Vec::new());
        while now < seconds * RATE {
            now += composer.compose(&mut |note| notes.push((now, note)));
        }
        notes
    }

    fn tones(notes: &[(u32, Note)]) -> impl Iterator<Item = Tone> + '_ {
        notes.iter().filter_map(|(_, note)| match note {
            Note::Tone(tone) => Some(*tone),
            _ => None,
        })
    }

    #[test]
    fn same_seed_same_notes_and_another_seed_others() {
        let shown = |seed| format!("{:?}", notes(&mut begin(seed), 120));
        assert_eq!(shown(1), shown(1));
        assert_ne!(shown(1), shown(2));
    }

    #[test]
    fn tones_change_pitch_only_in_silence_and_never_swell_faster_than_in_a_second() {
        for seed in 0..4 {
            let mut last = [Tone::default(); SLOTS];
            let notes = notes(&mut begin(seed), 1800);
            for (index, tone) in tones(&notes).enumerate() {
                let before = std::mem::replace(&mut last[tone.slot], tone);
                if index < SLOTS {
                    continue;
                }
                assert!(tone.step == before.step || before.level < 2e-3, "{before:?} {tone:?}");
                let most = if REEDS.contains(&tone.slot) { 0.25 } else { 0.05 };
                assert!((tone.level - before.level).abs() < most, "{before:?} {tone:?}");
            }
        }
    }

    #[test]
    fn something_always_sounds_and_never_too_many_at_once() {
        for seed in 0..4 {
            let notes = notes(&mut begin(seed), 1800);
            let tones: Vec<Tone> = tones(&notes).collect();
            for beat in tones.chunks(SLOTS) {
                let power: f32 = beat.iter().take(14).map(|tone| tone.level * tone.level).sum();
                assert!((1e-4..0.2).contains(&power), "{power}");
            }
        }
    }

    #[test]
    fn a_new_root_has_all_to_itself_within_4_s() {
        let mut composer = begin(5);
        notes(&mut composer, 60);
        composer.set(Param::Root as usize, 61.7);
        notes(&mut composer, 4);
        let heard = notes(&mut composer, 1);
        for tone in tones(&heard).filter(|tone| VOICES.contains(&tone.slot) && tone.level > 0.0) {
            assert!(composer.is_wanted(tone.step), "{tone:?}");
        }
        assert!(composer.choir.count(VOICES) >= 2);
    }

    #[test]
    fn no_minute_of_an_hour_comes_again() {
        let mut composer = begin(2);
        let mut minutes = std::collections::HashSet::new();
        for _ in 0..60 {
            let notes = notes(&mut composer, 60);
            assert!(minutes.insert(format!("{:?}", tones(&notes).collect::<Vec<_>>())));
        }
    }

    #[test]
    fn every_tone_is_a_ratio_of_the_root_within_its_limit() {
        let mut composer = begin(8);
        composer.set(Param::Limit as usize, 1.0);
        notes(&mut composer, 10);
        let root = 55.0 / f64::from(RATE) * 4_294_967_296.0;
        let heard = notes(&mut composer, 600);
        for tone in tones(&heard).filter(|tone| tone.level > 0.0) {
            let ratio = f64::from(tone.step) / root;
            // Products of three ratios and octaves of 2, 3 and 5, down to 2^-12.
            let is_just = (-12..=12).any(|threes: i32| {
                (-4..=4).any(|fives: i32| {
                    let rest = ratio / 3_f64.powi(threes) / 5_f64.powi(fives);
                    (rest.log2() - rest.log2().round()).abs() < 1e-6
                })
            });
            assert!(is_just, "{ratio}");
        }
    }
}
