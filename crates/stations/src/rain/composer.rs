//! What RAIN plays: the weather beat by beat, bells, dripping edges.
//!
//! ```text
//! passage of weather ─► sky, 4 times a second
//! phrases ─► bells        3 edges, each with a pace of its own ─► drips
//! ```

use perpetuo_dsp::{Chance, State, math};
use perpetuo_station::Title;

use super::{
    Note, Param,
    drops::Drip,
    passage::{BEATS, Passage},
    phrases::{self, Phrases},
    sway,
    weather::Wish,
};
use crate::{
    performer,
    theory::{ROOTS, SCALES, Scale, smooth},
};

/// Streams of the edges begin 100 apart; the passage has 1 to 29, the phrases 30 to 39.
const DRIP: u32 = 14;

/// Places in [`Composer::until`]: the beat, the bells, then the edges.
const BEAT: usize = 0;
const BELL: usize = 1;
const EDGE: usize = 2;
const EDGES: usize = 3;

/// The composer of one performance.
pub(super) struct Composer {
    chance: Chance,
    sample_rate: f32,
    beat_len: u32,
    weather: Passage,
    bells: f32,
    /// Asked for; in force from the next phrase on.
    asked: [u32; 2],
    root: u32,
    scale: u32,
    phrases: Phrases,
    drips: [u32; EDGES],
    /// Samples until each is due.
    until: [u32; EDGE + EDGES],
}

impl Composer {
    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let sample_rate = sample_rate_hz as f32;
        let (root, scale) = (at(Param::Root) as u32, at(Param::Scale) as u32);
        let wish = Wish {
            intensity: at(Param::Intensity),
            wind: at(Param::Wind),
            thunder: at(Param::Thunder),
        };
        Self {
            chance,
            sample_rate,
            beat_len: sample_rate_hz / BEATS,
            weather: Passage::new(&chance, wish, at(Param::Surface) as u32),
            bells: at(Param::Bells),
            asked: [root, scale],
            root,
            scale,
            phrases: Phrases::default(),
            drips: [0; EDGES],
            until: [0.0, 0.12, 0.4, 0.7, 1.1].map(|seconds| (seconds * sample_rate) as u32),
        }
    }

    fn scale_now(&self) -> Scale {
        Scale::of(self.scale, (self.root + self.weather.key) as i32)
    }

    /// The next stroke of a bell, if one falls now, and samples until the next is due.
    fn play_bell(&mut self, play: &mut dyn FnMut(Note)) -> u32 {
        if self.asked != [self.root, self.scale] {
            if self.asked[0] != self.root {
                self.weather.key = 0;
            }
            [self.root, self.scale] = self.asked;
        }
        let setting = phrases::Setting {
            scale: self.scale_now(),
            bells: self.bells,
            hush: self.weather.layer(|kind| kind.bells, 4),
            visit: self.weather.visit,
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
        let (draws, drip) = (DRIP + 100 * (edge as u32 + 1), self.drips[edge]);
        // An edge runs dry and wet again, in 40 s or so; seldom do all three drip.
        let runs =
            smooth(2.4 * sway(&self.chance, draws + 7, self.weather.clock, 21 * BEATS) - 0.6);
        let wet = self.weather.layer(|kind| kind.drip, 7) * runs;
        if wet > 0.04 && self.chance.happens(draws, drip, 0.35 + 0.5 * wet) {
            // It has a note of its own, more often left than kept.
            let home = self.chance.below(draws + 1, self.weather.visit, 5) + 2 * edge as u32;
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
        let pace =
            self.chance.between(draws + 5, self.weather.visit, 0.55, 2.6) * (1.5 - 0.5 * wet);
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
            Param::Intensity => self.weather.wish.intensity = value,
            Param::Wind => self.weather.wish.wind = value,
            Param::Thunder => {
                // Who asks for thunder need not wait for the chance of it.
                let wants_more = value > self.weather.wish.thunder + 0.15;
                if wants_more {
                    self.weather.ask_for_roll();
                }
                self.weather.wish.thunder = value;
            }
            Param::Bells => {
                if value > self.bells + 0.15 {
                    self.until[BELL] = self.until[BELL].min(soon);
                }
                self.bells = value;
            }
            Param::Surface => self.weather.surface = value as u32,
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
            if self.weather.pass_beat() {
                self.phrases.end();
            }
            play(Note::Sky(self.weather.sky(&self.scale_now())));
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
        let root = ROOTS[((self.root + self.weather.key) % 12) as usize];
        let scale = SCALES[(self.scale as usize).min(SCALES.len() - 1)];
        Title { scene: self.weather.name(), key: (self.bells >= 0.01).then_some((root, scale)) }
    }
}

impl State for Composer {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.weather.visit(word);
        self.bells.visit(word);
        self.bells = math::clamp(self.bells, 0.0, 1.0);
        for choice in [&mut self.root, &mut self.scale] {
            choice.visit(word);
            *choice %= 64;
        }
        self.asked.visit(word);
        self.asked = self.asked.map(|choice| choice % 64);
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
    use crate::{
        performer::Composer as _,
        rain::weather::{KINDS, Layer, Sky},
    };

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
