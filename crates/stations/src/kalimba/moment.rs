//! Where the music stands when a step is composed: what hands and pulse need to know.

use perpetuo_dsp::Chance;

use super::{
    form::{Character, Scene},
    harmony::Harmony,
    stroke::Stroke,
};
use crate::theory::{Metre, PERIOD, Phrase};

/// Where the music stands at one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub chance: Chance,
    pub scene: &'static Scene,
    pub character: Character,
    pub harmony: Harmony,
    pub metre: Metre,
    /// Step of the bar, bar of the section, section, and steps since the beginning.
    pub step: u32,
    pub bar: u32,
    pub section: u32,
    pub count: u32,
    pub density: f32,
    pub deja_vu: f32,
    /// How much is going on, about 1.
    pub arc: f32,
    /// How much likelier loops change here.
    pub urge: f32,
    /// What this bar is made of.
    pub phrase: Phrase,
    /// What tines are tuned to: the number of a temperament, and a root.
    pub tuning: u32,
    pub root: u32,
    /// Whether a chord begins with this bar.
    pub is_new_chord: bool,
    /// Timbres of the two hands, and whether they take part.
    pub timbres: [u32; 2],
    pub takes_part: [bool; 2],
    /// Samples of a step and of a second.
    pub step_len: f32,
    pub sample_rate: f32,
}

impl Moment {
    /// How strong the step is, 0..1.
    pub(super) fn weight(&self) -> f32 {
        self.metre.weight(self.step)
    }

    /// Which part of its phrase the bar is: 0 for a, 1 for b, 2 for c.
    pub(super) fn letter(&self) -> u32 {
        self.phrase.material % PERIOD
    }

    /// A knob of 0..1 as loops have it here, whose way from a half makes them change with its square; a
    /// `share` of the urge.
    pub(super) fn urged(&self, deja_vu: f32, share: f32) -> f32 {
        0.5 + (deja_vu - 0.5) * (self.urge * share).sqrt()
    }

    /// A stroke on a tine, see [`Stroke::new`].
    pub(super) fn pluck(&self, timbre: u32, note: i32, gain: f32, place: f32) -> Stroke {
        Stroke::new(timbre, note, gain, place).tuned(self.tuning, self.root)
    }

    /// A draw in 0..1 of one kind for this step.
    pub(super) fn unit(&self, stream: u32) -> f32 {
        self.chance.unit(stream, self.count)
    }

    /// Samples from the step until a stroke on it: later or earlier by chance, never before the step.
    pub(super) fn delay(&self, stream: u32) -> f32 {
        const LAG_SECONDS: f32 = 0.012;
        let off = self.unit(stream) + self.chance.unit(stream + 1, self.count) - 1.0;
        (LAG_SECONDS + off * self.character.looseness) * self.sample_rate
    }
}
