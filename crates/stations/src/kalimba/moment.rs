//! Where the music stands when a step is composed: what hands and pulse need to know.

use perpetuo_dsp::Chance;

use super::{
    form::{Character, Scene},
    harmony::Harmony,
};
use crate::theory::Metre;

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
    /// Which part of a phrase this bar is, see `form::letter`.
    pub letter: u32,
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
