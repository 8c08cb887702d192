//! The arrangement: sections of eight bars that follow each other by chance, but never without shape, in
//! sets of two to four minutes, each with a key and a character of its own.
//!
//! ```text
//! set:      warm-up ─► line ─► full ─► break ─► peak ─► strip ─► line ...   ─► fade ─► haze, a breath
//! sets:     each of one style out of four, all of them before one comes again
//! an hour:  the tide, which every set rises or falls with, turns every 20 minutes or so
//! ```

use perpetuo_dsp::{Chance, State, math};

use crate::theory;

/// What plays in a section, 0 (not) to 1 (all of it).
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    pub title: &'static str,
    pub kick: f32,
    pub hats: f32,
    pub open: f32,
    pub clap: f32,
    pub line: f32,
    pub stabs: f32,
    pub blip: f32,
    /// How long stabs last, 0 (short) to 1 (held).
    pub held: f32,
    /// Cutoff added to the line at the beginning and at the end, in octaves.
    pub light: [f32; 2],
    /// Noise that rises over the last four bars.
    pub riser: f32,
    /// Weights of what may come next, in the order of [`SECTIONS`].
    next: [u8; 10],
}

const WARM_UP: u32 = 0;
const FADE: u32 = 8;
const HAZE: u32 = 9;

#[rustfmt::skip]
const SECTIONS: [Section; 10] = [
    Section { title: "Warm-up", kick: 1.0, hats: 0.35, open: 0.0, clap: 0.0, line: 0.55, stabs: 0.0, blip: 0.5, held: 0.1, light: [-1.4, -0.5], riser: 0.0, next: [0, 3, 3, 0, 0, 0, 0, 0, 0, 0] },
    Section { title: "Groove",  kick: 1.0, hats: 0.7, open: 0.0, clap: 1.0, line: 0.7, stabs: 0.4, blip: 0.8, held: 0.1, light: [-0.6, 0.0], riser: 0.0, next: [0, 0, 2, 1, 0, 0, 0, 1, 0, 0] },
    Section { title: "Line",    kick: 1.0, hats: 0.8, open: 1.0, clap: 0.6, line: 1.0, stabs: 0.35, blip: 0.3, held: 0.1, light: [-0.3, 0.6], riser: 0.0, next: [0, 0, 0, 3, 0, 0, 0, 1, 0, 0] },
    Section { title: "Full",    kick: 1.0, hats: 1.0, open: 1.0, clap: 1.0, line: 1.0, stabs: 0.7, blip: 0.6, held: 0.2, light: [0.2, 0.7], riser: 0.0, next: [0, 0, 0, 0, 3, 0, 2, 0, 0, 0] },
    Section { title: "Break",   kick: 0.0, hats: 0.3, open: 0.0, clap: 0.0, line: 0.7, stabs: 1.0, blip: 0.5, held: 1.0, light: [-1.2, 1.4], riser: 1.0, next: [0, 0, 0, 0, 0, 1, 0, 0, 0, 0] },
    Section { title: "Peak",    kick: 1.0, hats: 1.0, open: 1.0, clap: 1.0, line: 1.0, stabs: 0.9, blip: 0.9, held: 0.35, light: [1.1, 0.6], riser: 0.0, next: [0, 2, 0, 1, 0, 0, 3, 0, 0, 0] },
    Section { title: "Strip",   kick: 1.0, hats: 0.5, open: 0.3, clap: 0.0, line: 0.8, stabs: 0.2, blip: 1.0, held: 0.3, light: [-0.9, -0.2], riser: 0.0, next: [0, 2, 2, 0, 0, 0, 0, 2, 0, 0] },
    Section { title: "Dub",     kick: 0.8, hats: 0.5, open: 0.6, clap: 0.7, line: 0.45, stabs: 1.0, blip: 0.6, held: 0.6, light: [-0.5, 0.3], riser: 0.0, next: [0, 0, 2, 2, 1, 0, 0, 0, 0, 0] },
    Section { title: "Fade",    kick: 0.9, hats: 0.45, open: 0.0, clap: 0.0, line: 0.5, stabs: 0.5, blip: 0.4, held: 0.5, light: [0.2, -1.8], riser: 0.0, next: [0, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
    Section { title: "Haze",    kick: 0.0, hats: 0.0, open: 0.0, clap: 0.0, line: 0.25, stabs: 1.0, blip: 0.35, held: 1.0, light: [-1.0, 0.4], riser: 0.6, next: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
];

/// What a set makes of its sections: factors of their amounts, and what is added to some.
#[derive(Clone, Copy, Debug)]
struct Style {
    kick: f32,
    hats: f32,
    clap: f32,
    line: f32,
    stabs: f32,
    held: f32,
    light: f32,
    /// Whether kicks keep away from the even beats.
    is_broken: bool,
}

#[rustfmt::skip]
const STYLES: [Style; 4] = [
    // Acid, dub, broken beats, and one without drums.
    Style { kick: 1.0, hats: 1.0, clap: 1.0, line: 1.0, stabs: 0.8, held: 0.0, light: 0.0, is_broken: false },
    Style { kick: 0.9, hats: 0.4, clap: 0.5, line: 0.55, stabs: 1.6, held: 0.45, light: -0.8, is_broken: false },
    Style { kick: 1.0, hats: 1.1, clap: 1.0, line: 1.1, stabs: 0.5, held: 0.0, light: 0.5, is_broken: true },
    Style { kick: 0.0, hats: 0.12, clap: 0.0, line: 0.8, stabs: 1.7, held: 0.7, light: 0.1, is_broken: false },
];

const WEIGHTLESS: usize = 3;

/// Where in the arrangement it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Which of the kinds of section.
    kind: u32,
    /// Sections so far.
    pub count: u32,
    /// Bar within the section, 0..8.
    pub bar: u32,
    /// Sets so far, and sections until this one fades.
    pub set: u32,
    left: u32,
    /// The style of the set, in the order of [`STYLES`].
    style: u32,
    /// Semitones above the root that this set has moved to, 0..12.
    pub key: i32,
}

/// Streams of draws.
mod stream {
    pub(super) const SECTION: u32 = 1;
    pub(super) const SET_LEN: u32 = 50;
    pub(super) const KEY: u32 = 51;
    pub(super) const TIDE: u32 = 52;
    pub(super) const STYLE: u32 = 53;
}

impl Place {
    /// Bars of a section.
    pub(super) const BARS: u32 = 8;

    /// Begins with a groove or with the line alone, as the seed will have it.
    pub(super) fn start(chance: &Chance) -> Self {
        let kind = 1 + chance.below(stream::SECTION, u32::MAX, 2);
        let left = 7 + chance.below(stream::SET_LEN, 0, 7);
        Self { kind, count: 0, bar: 0, set: 0, left, style: Self::style_of(chance, 0), key: 0 }
    }

    /// One bar on.
    pub(super) fn advance(&mut self, chance: &Chance) {
        self.bar += 1;
        // A haze is half as long as the others.
        let bars = if self.kind == HAZE { Self::BARS / 2 } else { Self::BARS };
        if self.bar < bars {
            return;
        }
        self.bar = 0;
        let weights = &self.section().next;
        let next = theory::choose(chance, stream::SECTION, self.count, weights);
        self.count = self.count.wrapping_add(1);
        self.left = self.left.saturating_sub(1);
        self.kind = match next {
            Some(next) if self.left > 0 || next as u32 == HAZE || self.kind == HAZE => next as u32,
            _ => FADE,
        };
        if self.kind == WARM_UP {
            self.set = self.set.wrapping_add(1);
            self.style = Self::style_of(chance, self.set);
            let sections = 9 + chance.below(stream::SET_LEN, self.set, 8);
            self.left = if self.style as usize == WEIGHTLESS { sections / 2 } else { sections };
            let moves = [5, 7, 3, 10, 2, 5, 8, 0];
            let pick = chance.below(stream::KEY, self.set, 8) as usize;
            self.key = (self.key + moves[pick]) % 12;
        }
    }

    /// What plays here.
    pub(super) fn section(&self) -> Section {
        let section = SECTIONS[self.kind as usize % SECTIONS.len()];
        let style = &STYLES[self.style as usize % STYLES.len()];
        let times = |amount: f32, factor: f32| math::clamp(amount * factor, 0.0, 1.0);
        Section {
            kick: times(section.kick, style.kick),
            hats: times(section.hats, style.hats),
            open: times(section.open, style.hats),
            clap: times(section.clap, style.clap),
            line: times(section.line, style.line),
            stabs: times(section.stabs, style.stabs),
            held: times(section.held + style.held, 1.0),
            light: section.light.map(|octaves| octaves + style.light),
            title: if style.kick == 0.0 { "Weightless" } else { section.title },
            ..section
        }
    }

    /// Whether kicks keep away from the even beats.
    pub(super) fn is_broken(&self) -> bool {
        STYLES[self.style as usize % STYLES.len()].is_broken
    }

    /// The styles go round in an order of their own in every cycle; a night never begins without drums.
    fn style_of(chance: &Chance, set: u32) -> u32 {
        let style = theory::scene::<4>(chance, stream::STYLE, set);
        if set == 0 && style == WEIGHTLESS { 0 } else { style as u32 }
    }

    /// Whether this is the last bar of the haze, of which the second half is silent but for its echoes.
    pub(super) fn is_breath(&self) -> bool {
        self.kind == HAZE && self.bar + 1 == Self::BARS / 2
    }

    /// How far the section has gone, 0..1, at a step of the bar.
    pub(super) fn share(&self, step: u32) -> f32 {
        (self.bar * 16 + step) as f32 * (1.0 / (16 * Self::BARS) as f32)
    }

    /// How high the night stands, -1..1: what an hour rises and falls with, a wave of some 80 sections
    /// whose middle differs by seed.
    pub(super) fn tide(&self, chance: &Chance) -> f32 {
        let begin = chance.word(stream::TIDE, 0) >> 1;
        let turn = begin.wrapping_add(self.count.wrapping_mul(53_687_091)) as i32;
        math::sin_turns(turn as f32 * (1.0 / 4_294_967_296.0))
    }
}

impl State for Place {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        let counters =
            [&mut self.kind, &mut self.count, &mut self.bar, &mut self.set, &mut self.left];
        counters.into_iter().for_each(&mut *word);
        self.style.visit(word);
        self.style %= STYLES.len() as u32;
        self.key.visit(word);
        self.kind %= SECTIONS.len() as u32;
        self.bar %= Self::BARS;
        self.left = self.left.min(32);
        self.key = self.key.rem_euclid(12);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(seed: u64, bars: u32) -> Vec<(&'static str, u32)> {
        let chance = Chance::new(seed);
        let mut place = Place::start(&chance);
        (0..bars)
            .map(|_| {
                let now = (SECTIONS[place.kind as usize].title, place.set);
                place.advance(&chance);
                now
            })
            .collect()
    }

    #[test]
    fn a_peak_follows_a_break_and_sets_end_in_a_haze() {
        for seed in 0..20 {
            let bars = kinds(seed, 4000);
            for pair in bars.windows(2) {
                let ((before, set), (after, next_set)) = (pair[0], pair[1]);
                if before == "Break" && after != "Break" {
                    assert!(after == "Peak" || after == "Fade", "{after}");
                }
                assert_eq!(set != next_set, before == "Haze" && after == "Warm-up");
            }
            let sets = bars.last().map_or(0, |(_, set)| *set);
            assert!((20..60).contains(&sets), "{sets} sets");
        }
    }

    #[test]
    fn everything_comes_within_two_hours() {
        for seed in 0..10 {
            let bars = kinds(seed, 3800);
            for section in &SECTIONS {
                assert!(bars.iter().any(|(title, _)| *title == section.title), "{}", section.title);
            }
        }
    }
}
