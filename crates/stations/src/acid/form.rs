//! The arrangement: sections of eight bars that follow each other by chance, but never without shape.
//!
//! ```text
//! line ─► full ─► break ─► peak ─► strip ─► line ...      each arrow one of two or three
//! ```

use perpetuo_dsp::Chance;

/// What plays in a section, 0 (not) to 1 (all of it).
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
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
    /// Where it may go from here.
    next: [usize; 3],
}

const GROOVE: usize = 0;
const LINE: usize = 1;
const FULL: usize = 2;
const BREAK: usize = 3;
const PEAK: usize = 4;
const STRIP: usize = 5;
const DUB: usize = 6;

#[rustfmt::skip]
const SECTIONS: [Section; 7] = [
    Section { kick: 1.0, hats: 0.7, open: 0.0, clap: 1.0, line: 0.7, stabs: 0.4, blip: 0.8, held: 0.1, light: [-0.6, 0.0], riser: 0.0, next: [LINE, FULL, LINE] },
    Section { kick: 1.0, hats: 0.8, open: 1.0, clap: 0.6, line: 1.0, stabs: 0.35, blip: 0.3, held: 0.1, light: [-0.3, 0.6], riser: 0.0, next: [FULL, FULL, DUB] },
    Section { kick: 1.0, hats: 1.0, open: 1.0, clap: 1.0, line: 1.0, stabs: 0.7, blip: 0.6, held: 0.2, light: [0.2, 0.7], riser: 0.0, next: [BREAK, STRIP, BREAK] },
    Section { kick: 0.0, hats: 0.3, open: 0.0, clap: 0.0, line: 0.7, stabs: 1.0, blip: 0.5, held: 1.0, light: [-1.2, 1.4], riser: 1.0, next: [PEAK, PEAK, PEAK] },
    Section { kick: 1.0, hats: 1.0, open: 1.0, clap: 1.0, line: 1.0, stabs: 0.9, blip: 0.9, held: 0.35, light: [1.1, 0.6], riser: 0.0, next: [STRIP, GROOVE, FULL] },
    Section { kick: 1.0, hats: 0.5, open: 0.3, clap: 0.0, line: 0.8, stabs: 0.2, blip: 1.0, held: 0.3, light: [-0.9, -0.2], riser: 0.0, next: [LINE, DUB, GROOVE] },
    Section { kick: 0.8, hats: 0.5, open: 0.6, clap: 0.7, line: 0.45, stabs: 1.0, blip: 0.6, held: 0.6, light: [-0.5, 0.3], riser: 0.0, next: [FULL, LINE, BREAK] },
];

/// Where in the arrangement it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Which of the kinds of section.
    pub kind: u32,
    /// Sections so far.
    pub count: u32,
    /// Bar within the section, 0..8.
    pub bar: u32,
}

impl Place {
    /// Bars of a section.
    pub(super) const BARS: u32 = 8;

    const STREAM: u32 = 1;

    /// Begins with the line, drums under it.
    pub(super) fn start() -> Self {
        Self { kind: LINE as u32, count: 0, bar: 0 }
    }

    /// One bar on.
    pub(super) fn advance(&mut self, chance: &Chance) {
        self.bar += 1;
        if self.bar >= Self::BARS {
            let pick = chance.below(Self::STREAM, self.count, 3) as usize;
            *self = Self {
                kind: self.section().next[pick] as u32,
                count: self.count.wrapping_add(1),
                bar: 0,
            };
        }
    }

    /// What plays here.
    pub(super) fn section(&self) -> &'static Section {
        &SECTIONS[self.kind as usize % SECTIONS.len()]
    }

    /// How far the section has gone, 0..1, at a step of the bar.
    pub(super) fn share(&self, step: u32) -> f32 {
        (self.bar * 16 + step) as f32 * (1.0 / (16 * Self::BARS) as f32)
    }
}
