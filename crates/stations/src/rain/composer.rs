//! What RAIN plays: weather that comes and goes, gusts, rolls of thunder, bells, dripping edges.
//!
//! ```text
//! visit (70–180 s) ─► kind of weather, faded to over 20–60 s ─┐
//! gusts, sheets of rain, rolls of thunder ────────────────────┴─► sky, 4 times a second
//! phrases ─► bells        3 edges, each with a pace of its own ─► drips
//! ```
//!
//! The sky is a function of the time since the visit began, so that it can be taken up anywhere.

use perpetuo_dsp::{Chance, State, math};
use perpetuo_station::Title;

use super::{
    Note, Param,
    drops::Drip,
    phrases::{self, Phrases},
    smooth, sway,
    weather::{KIND_COUNT, KINDS, Kind, Layer, OPENINGS, SURFACES, Sky, Wish, next_kind},
};
use crate::{
    performer,
    theory::{SCALES, Scale},
};

/// Streams of draws; the phrases have 30 to 39, the synthesiser 40 and more.
mod stream {
    pub(super) const OPENING: u32 = 1;
    pub(super) const NEXT: u32 = 2;
    pub(super) const LEN: u32 = 3;
    pub(super) const FADE: u32 = 4;
    pub(super) const NAME: u32 = 5;
    pub(super) const KEY: u32 = 6;
    pub(super) const SURFACE: u32 = 7;
    pub(super) const GUST: u32 = 8;
    pub(super) const FLUTTER: u32 = 9;
    pub(super) const SHEET: u32 = 10;
    pub(super) const WIRE: u32 = 11;
    pub(super) const ROLL: u32 = 12;
    pub(super) const LOBE: u32 = 13;
    pub(super) const DRIP: u32 = 14;
    pub(super) const PACE: u32 = 15;
    pub(super) const CLIMATE: u32 = 29;
    /// And nine more, one a layer.
    pub(super) const VARY: u32 = 16;
}

/// Beats, at which the sky is told, in a second.
const BEATS: u32 = 4;

/// Places in [`Composer::until`]: the beat, the bells, then the edges.
const BEAT: usize = 0;
const BELL: usize = 1;
const EDGE: usize = 2;
const EDGES: usize = 3;

/// Names of the twelve roots for people, in the order of the labels.
const KEYS: [&str; 12] =
    ["C", "C sharp", "D", "D sharp", "E", "F", "F sharp", "G", "G sharp", "A", "A sharp", "B"];

/// The composer of one performance.
pub(super) struct Composer {
    chance: Chance,
    sample_rate: f32,
    beat_len: u32,
    wish: Wish,
    bells: f32,
    /// Asked for: 0 lets the surface wander, others are counted from 1.
    surface: u32,
    /// Asked for; in force from the next phrase on.
    asked: [u32; 2],
    root: u32,
    scale: u32,
    /// Semitones the piece has moved away from the root.
    key: u32,
    /// Beats since the beginning.
    clock: u32,
    /// How many kinds of weather there have been, the latest two of them, and beats into the latest.
    visit: u32,
    kinds: [u32; 2],
    age: u32,
    surfaces: [f32; SURFACES],
    wandered: u32,
    /// Beats into a roll of thunder and its length; without one the length is 0.
    roll: [u32; 2],
    phrases: Phrases,
    drips: [u32; EDGES],
    /// Samples until each is due.
    until: [u32; EDGE + EDGES],
}

impl Composer {
    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let sample_rate = sample_rate_hz as f32;
        let opening = OPENINGS[chance.below(stream::OPENING, 0, OPENINGS.len() as u32) as usize];
        let (root, scale) = (at(Param::Root) as u32, at(Param::Scale) as u32);
        let soon = [0.0, 0.12, 0.4, 0.7, 1.1].map(|seconds| (seconds * sample_rate) as u32);
        let mut composer = Self {
            chance,
            sample_rate,
            beat_len: sample_rate_hz / BEATS,
            wish: Wish {
                intensity: at(Param::Intensity),
                wind: at(Param::Wind),
                thunder: at(Param::Thunder),
            },
            bells: at(Param::Bells),
            surface: at(Param::Surface) as u32,
            asked: [root, scale],
            root,
            scale,
            key: 0,
            clock: 0,
            visit: 0,
            kinds: [opening; 2],
            age: 0,
            surfaces: [0.0; SURFACES],
            wandered: chance.below(stream::SURFACE, 0, SURFACES as u32),
            roll: [0; 2],
            phrases: Phrases::default(),
            drips: [0; EDGES],
            until: soon,
        };
        composer.surfaces = composer.surfaces_now();
        composer
    }

    fn pass_beat(&mut self) {
        self.clock = self.clock.wrapping_add(1);
        self.age += 1;
        if self.age >= self.visit_len() {
            self.change_weather();
        }
        self.pass_roll();
        self.pass_surfaces();
    }

    fn change_weather(&mut self) {
        self.visit = self.visit.wrapping_add(1);
        self.age = 0;
        let wish = Wish {
            intensity: self.wish.intensity + self.climate(0, 0.15),
            wind: self.wish.wind + self.climate(1, 0.3),
            thunder: self.wish.thunder + self.climate(2, 0.3),
        };
        let next = next_kind(&self.chance, stream::NEXT, self.visit, self.kinds[1], wish);
        self.kinds = [self.kinds[1], next];
        if self.chance.happens(stream::SURFACE, self.visit, 0.6) {
            let step = 1 + self.chance.below(stream::SURFACE, !self.visit, SURFACES as u32 - 1);
            self.wandered = (self.wandered + step) % SURFACES as u32;
        }
        if self.chance.happens(stream::KEY, self.visit, 0.45) {
            // A fourth or a fifth either way, or a whole tone.
            let steps = [5, 7, 5, 7, 2, 10];
            let step = steps[self.chance.below(stream::KEY, !self.visit, 6) as usize];
            self.key = (self.key + step) % 12;
            self.phrases.end();
        }
    }

    /// Begins a roll now and then, but never while one goes on nor within its length after it.
    fn pass_roll(&mut self) {
        let [age, len] = &mut self.roll;
        if *len > 0 {
            *age += 1;
            if *age > *len * 2 {
                self.roll = [0; 2];
            }
            return;
        }
        // One in 70 s where it thunders most, one in 20 minutes where it hardly does.
        let thunder = self.wish.thunder;
        let often = thunder * (0.05 + 0.3 * thunder + 0.65 * self.layer(|kind| kind.thunder, 6));
        let odds = often * (1.0 / (70 * BEATS) as f32);
        if self.chance.happens(stream::ROLL, self.clock, odds) {
            self.begin_roll();
        }
    }

    /// A roll of 8 to 16 s.
    fn begin_roll(&mut self) {
        let beats = 8 * BEATS + self.chance.below(stream::ROLL, !self.clock, 8 * BEATS);
        self.roll = [0, beats];
    }

    /// Moves a little towards the surfaces of the time: half the way in 0.4 s if one was asked for, in 7 s
    /// if they wandered. The shares stay together 1.
    fn pass_surfaces(&mut self) {
        // 1 - 2^(-1 / (half-life in beats))
        let share = if self.surface == 0 { 0.024_5 } else { 0.352 };
        let goals = self.surfaces_now();
        for (now, goal) in self.surfaces.iter_mut().zip(goals) {
            *now += share * (goal - *now);
        }
    }

    /// The one asked for, or two: a garden is never of leaves alone.
    fn surfaces_now(&self) -> [f32; SURFACES] {
        let mut shares = [0.0; SURFACES];
        if self.surface > 0 {
            shares[(self.surface as usize - 1) % SURFACES] = 1.0;
            return shares;
        }
        let other = 1 + self.chance.below(stream::SURFACE, self.wandered, SURFACES as u32 - 1);
        shares[self.wandered as usize % SURFACES] = 0.7;
        shares[(self.wandered + other) as usize % SURFACES] = 0.3;
        shares
    }

    /// Beats a visit takes; a seed has a pace of its own.
    fn visit_len(&self) -> u32 {
        let pace = self.chance.between(stream::PACE, 0, 0.85, 1.15);
        (pace * self.chance.between(stream::LEN, self.visit, 80.0, 160.0)) as u32 * BEATS
    }

    /// How far the weather has come from the last kind to this one.
    fn share(&self) -> f32 {
        let beats = self.chance.between(stream::FADE, self.visit, 20.0, 60.0) * BEATS as f32;
        if self.visit == 0 { 1.0 } else { smooth(self.age as f32 / beats) }
    }

    /// A layer now; no two visits of a kind are quite alike.
    fn layer(&self, of: impl Fn(&Kind) -> f32, salt: u32) -> f32 {
        let level = |which: usize, visit: u32| {
            let vary = self.chance.between(stream::VARY + salt, visit, 0.82, 1.18);
            of(&KINDS[self.kinds[which] as usize % KIND_COUNT]) * vary
        };
        let (from, to) = (level(0, self.visit.wrapping_sub(1)), level(1, self.visit));
        math::clamp(from + (to - from) * self.share(), 0.0, 1.0)
    }

    /// What makes a seed's weather its own, -`most` to `most`.
    fn climate(&self, which: u32, most: f32) -> f32 {
        self.chance.between(stream::CLIMATE, which, -most, most)
    }

    /// Where the weather is heard from: now from the door, now from within.
    fn stand(&self, of: impl Fn(&Kind) -> f32, salt: u32) -> f32 {
        let at = |which: usize, visit: u32| {
            let step = self.chance.between(stream::VARY + salt, visit, -0.2, 0.2);
            of(&KINDS[self.kinds[which] as usize % KIND_COUNT]) + step + self.climate(salt, 0.1)
        };
        let (from, to) = (at(0, self.visit.wrapping_sub(1)), at(1, self.visit));
        from + (to - from) * self.share()
    }

    fn sky(&self) -> Sky {
        let wander = |stream: u32, beats: u32| sway(&self.chance, stream, self.clock, beats);
        // Gusts of some 3 s in spells of 12 s, and a flutter.
        let gust = 0.5 * wander(stream::GUST, 13) + 0.5 * wander(stream::GUST + 100, 47);
        let flutter = 0.85 + 0.3 * wander(stream::FLUTTER, 3);
        let windy = self.layer(|kind| kind.wind, 0);
        let windy = windy + math::clamp(1.1 * (self.wish.wind - 0.4), 0.0, 1.0) * (1.0 - windy);
        let wind = windy * (0.25 + 1.3 * gust * gust + 0.2 * gust);
        // Rain comes in sheets that the wind carries.
        let sheet = 0.8 + 0.25 * wander(stream::SHEET, 29) + 0.25 * wind * gust;
        let whistle = smooth(2.2 * (wind * (0.7 + 0.5 * self.wish.wind) - 0.42)) * flutter;
        let mut layers = [0.0; Layer::COUNT];
        let mut put = |layer: Layer, level: f32| {
            layers[layer as usize] = math::clamp(level, 0.0, 1.0);
        };
        put(Layer::Rain, self.layer(|kind| kind.rain, 1) * sheet);
        put(Layer::Drops, self.layer(|kind| kind.drops, 2) * sheet);
        put(Layer::Gutter, self.layer(|kind| kind.gutter, 3));
        put(Layer::Wind, wind * flutter);
        put(Layer::Whistle, whistle);
        put(Layer::Pitch, self.wire_note(gust) * (1.0 / 128.0));
        put(Layer::Rumble, self.rumble());
        put(Layer::Insects, self.layer(|kind| kind.insects, 5));
        put(Layer::Tilt, self.stand(|kind| kind.tilt, 8));
        put(Layer::Far, self.stand(|kind| kind.far, 9));
        Sky { layers, surfaces: self.surfaces }
    }

    /// The note a wire sings, a different one every 24 s, pushed up to half a tone by a gust.
    fn wire_note(&self, gust: f32) -> f32 {
        let degree = self.chance.below(stream::WIRE, self.clock / (24 * BEATS), 5);
        phrases::note_near(&self.scale_now(), degree, 55) + gust
    }

    /// Thunder now: it swells for 2 s, rolls in lobes and dies away; a far storm mutters all the time.
    fn rumble(&self) -> f32 {
        let mutter = 0.22 * self.layer(|kind| kind.thunder, 6);
        let [age, len] = self.roll;
        let lobes = 0.3
            + 0.45 * sway(&self.chance, stream::LOBE, self.clock, 4)
            + 0.25 * sway(&self.chance, stream::LOBE + 100, self.clock, 9);
        if len == 0 || age >= len {
            return self.wish.thunder * mutter * lobes;
        }
        let loud = self.chance.between(stream::LOBE, len ^ self.clock.wrapping_sub(age), 0.55, 1.0);
        let left = 1.0 - age as f32 / len as f32;
        let roll = smooth(age as f32 * (0.5 / BEATS as f32)) * left * (0.4 + 0.6 * left) * loud;
        (0.35 + 0.65 * self.wish.thunder) * (mutter + roll) * lobes
    }

    fn scale_now(&self) -> Scale {
        Scale::of(self.scale, (self.root + self.key) as i32)
    }

    /// The next stroke of a bell, if one falls now, and samples until the next is due.
    fn play_bell(&mut self, play: &mut dyn FnMut(Note)) -> u32 {
        if self.asked != [self.root, self.scale] {
            self.key = if self.asked[0] == self.root { self.key } else { 0 };
            [self.root, self.scale] = self.asked;
        }
        let setting = phrases::Setting {
            scale: self.scale_now(),
            bells: self.bells,
            hush: self.layer(|kind| kind.bells, 4),
            visit: self.visit,
        };
        let (stroke, seconds) = self.phrases.next(&self.chance, setting);
        if let Some(stroke) = stroke {
            play(Note::Bell(stroke));
        }
        (seconds * self.sample_rate) as u32
    }

    /// A drip from an edge, if it drips there now, and samples until the next is due.
    fn play_drip(&mut self, edge: usize, play: &mut dyn FnMut(Note)) -> u32 {
        self.drips[edge] = self.drips[edge].wrapping_add(1);
        let (draws, drip) = (stream::DRIP + 100 * (edge as u32 + 1), self.drips[edge]);
        // An edge runs dry and wet again, in 40 s or so; seldom do all three drip.
        let runs = smooth(2.4 * sway(&self.chance, draws + 7, self.clock, 21 * BEATS) - 0.6);
        let wet = self.layer(|kind| kind.drip, 7) * runs;
        if wet > 0.04 && self.chance.happens(draws, drip, 0.35 + 0.5 * wet) {
            // It has a note of its own, more often left than kept.
            let home = self.chance.below(draws + 1, self.visit, 5) + 2 * edge as u32;
            let step = self.chance.below(draws + 2, drip, 4);
            let note = phrases::note_near(&self.scale_now(), home + step, 62 + 7 * edge as i32);
            let loud = self.chance.between(draws + 3, drip, 0.2, 1.0);
            let place = self.chance.between(draws + 4, 0, -0.3, 0.3);
            play(Note::Drip(Drip {
                at: 0,
                hz: math::hz_from_note(note),
                gain: loud * wet.sqrt(),
                place: place + [-0.5, 0.55, 0.05][edge % EDGES],
            }));
        }
        let pace = self.chance.between(draws + 5, self.visit, 0.55, 2.6) * (1.5 - 0.5 * wet);
        let seconds = pace * self.chance.between(draws + 6, drip, 0.94, 1.06);
        (seconds * self.sample_rate) as u32
    }
}

impl performer::Composer for Composer {
    type Note = Note;

    fn set(&mut self, index: usize, value: f32) {
        let Some(param) = Param::ALL.get(index) else { return };
        let soon = (0.3 * self.sample_rate) as u32;
        match param {
            Param::Intensity => self.wish.intensity = value,
            Param::Wind => self.wish.wind = value,
            Param::Thunder => {
                // Who asks for thunder need not wait for the chance of it.
                let wants_more = value > self.wish.thunder + 0.15;
                if wants_more && self.roll[1] == 0 {
                    self.begin_roll();
                }
                self.wish.thunder = value;
            }
            Param::Bells => {
                if value > self.bells + 0.15 {
                    self.until[BELL] = self.until[BELL].min(soon);
                }
                self.bells = value;
            }
            Param::Surface => self.surface = value as u32,
            Param::Root | Param::Scale => {
                let slot = usize::from(*param == Param::Scale);
                if self.asked[slot] != value as u32 {
                    self.asked[slot] = value as u32;
                    self.phrases.end();
                    self.until[BELL] = self.until[BELL].min(4 * soon);
                }
            }
            Param::Level | Param::Distance | Param::Brightness | Param::Space => {}
        }
    }

    fn compose(&mut self, play: &mut dyn FnMut(Note)) -> u32 {
        if self.until[BEAT] == 0 {
            self.pass_beat();
            play(Note::Sky(self.sky()));
            self.until[BEAT] = self.beat_len;
        }
        if self.until[BELL] == 0 {
            self.until[BELL] = self.play_bell(play).max(1);
        }
        for edge in 0..EDGES {
            if self.until[EDGE + edge] == 0 {
                self.until[EDGE + edge] = self.play_drip(edge, play).max(1);
            }
        }
        let wait = self.until.iter().fold(u32::MAX, |least, until| least.min(*until));
        self.until.iter_mut().for_each(|until| *until -= wait);
        wait
    }

    fn title(&self) -> Title {
        // The name changes when the new weather has come half the way.
        let has_come = self.share() >= 0.5;
        let visit = if has_come { self.visit } else { self.visit.wrapping_sub(1) };
        let kind = &KINDS[self.kinds[usize::from(has_come)] as usize % KIND_COUNT];
        let scene = kind.names[self.chance.below(stream::NAME, visit, 2) as usize];
        let root = KEYS[((self.root + self.key) % 12) as usize];
        let scale = SCALES[(self.scale as usize).min(SCALES.len() - 1)];
        Title { scene, key: (self.bells >= 0.01).then_some((root, scale)) }
    }
}

impl State for Composer {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        let wish = &mut self.wish;
        for share in [&mut wish.intensity, &mut wish.wind, &mut wish.thunder, &mut self.bells] {
            share.visit(word);
            *share = math::clamp(*share, 0.0, 1.0);
        }
        for choice in [&mut self.surface, &mut self.root, &mut self.scale, &mut self.key] {
            choice.visit(word);
            *choice %= 64;
        }
        self.asked.visit(word);
        self.asked = self.asked.map(|choice| choice % 64);
        self.clock.visit(word);
        self.visit.visit(word);
        self.kinds.visit(word);
        self.kinds = self.kinds.map(|kind| kind % KIND_COUNT as u32);
        self.age.visit(word);
        self.age = self.age.min(1 << 16);
        self.surfaces.visit(word);
        self.surfaces = self.surfaces.map(|share| math::clamp(share, 0.0, 1.0));
        self.wandered.visit(word);
        self.wandered %= SURFACES as u32;
        self.roll.visit(word);
        self.roll = self.roll.map(|beats| beats.min(1 << 10));
        self.phrases.visit(word);
        self.drips.visit(word);
        self.until.visit(word);
        // Two minutes: nothing waits longer.
        let longest = 120 * BEATS * self.beat_len;
        self.until = self.until.map(|until| until.min(longest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performer::Composer as _;

    const RATE: u32 = 44_100;

    fn composer(seed: u64) -> Composer {
        Composer::new(seed, RATE, &|param| super::super::PARAMS[param as usize].default)
    }

    /// Plays for some seconds, telling each note and when it falls.
    fn play(composer: &mut Composer, seconds: u32, heard: &mut dyn FnMut(u64, Note)) {
        let mut now = 0_u64;
        while now < u64::from(seconds) * u64::from(RATE) {
            let wait = composer.compose(&mut |note| heard(now, note));
            assert!((1..=RATE / BEATS).contains(&wait));
            now += u64::from(wait);
        }
    }

    fn notes(seed: u64) -> String {
        let mut text = String::new();
        play(&mut composer(seed), 120, &mut |now, note| text.push_str(&format!("{now}{note:?}")));
        text
    }

    #[test]
    fn a_seed_is_a_piece() {
        assert_eq!(notes(1), notes(1));
        assert_ne!(notes(1), notes(2));
    }

    #[test]
    fn every_sky_is_in_range_and_nothing_startles() {
        for seed in 0..6 {
            let mut composer = composer(seed);
            composer.set(Param::Thunder as usize, 1.0);
            let mut before = None;
            play(&mut composer, 1800, &mut |_, note| {
                let Note::Sky(sky) = note else { return };
                assert!(sky.layers.iter().all(|level| (0.0..=1.0).contains(level)));
                let sum = sky.surfaces.iter().sum::<f32>();
                assert!((sum - 1.0).abs() < 1e-3, "{sum}");
                let Sky { layers: before, .. } = before.replace(sky).unwrap_or(sky);
                let step = |layer: Layer| sky.layers[layer as usize] - before[layer as usize];
                // In a quarter of a second.
                assert!(step(Layer::Rumble) < 0.2 && step(Layer::Rain).abs() < 0.05);
                assert!(step(Layer::Wind).abs() < 0.3);
            });
        }
    }

    #[test]
    fn an_hour_has_at_least_twelve_visits_of_six_kinds_and_names_them() {
        for seed in 0..6 {
            let (mut composer, mut titles) = (composer(seed), Vec::new());
            for _ in 0..360 {
                play(&mut composer, 10, &mut |_, _| {});
                let scene = composer.title().scene;
                if titles.last() != Some(&scene) {
                    titles.push(scene);
                }
            }
            let kinds =
                KINDS.iter().filter(|kind| kind.names.iter().any(|name| titles.contains(name)));
            assert!(titles.len() >= 12 && kinds.count() >= 6, "seed {seed}: {titles:?}");
        }
    }

    #[test]
    fn a_new_root_and_scale_come_with_a_phrase_of_their_own_within_2_s() {
        let mut composer = composer(3);
        play(&mut composer, 20, &mut |_, _| {});
        composer.set(Param::Bells as usize, 1.0);
        composer.set(Param::Root as usize, 6.0);
        composer.set(Param::Scale as usize, 6.0);
        let (scale, mut first) = (Scale::of(6, 6), None);
        play(&mut composer, 30, &mut |now, note| {
            if let Note::Bell(stroke) = note {
                first = first.or(Some(now));
                assert!(scale.has(stroke.note), "{stroke:?}");
            }
        });
        assert!(first.is_some_and(|first| first < 2 * u64::from(RATE)), "{first:?}");
    }

    #[test]
    fn who_asks_for_thunder_need_not_wait() {
        let (mut composer, mut loudest) = (composer(1), 0.0_f32);
        composer.set(Param::Thunder as usize, 1.0);
        play(&mut composer, 8, &mut |_, note| {
            if let Note::Sky(sky) = note {
                loudest = loudest.max(sky.layers[Layer::Rumble as usize]);
            }
        });
        assert!(loudest > 0.25, "{loudest}");
    }
}
