//! What the composer tells the synthesiser, four times a second and at every pluck.
//!
//! All slow shapes are the composer's; the synthesiser goes in straight lines from beat to beat. So it is
//! where it should be within a beat of having been asleep.

/// One instruction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Note {
    /// A slot's tone from now on.
    Tone(Tone),
    /// What is sung and breathed from now on.
    Air(Air),
    /// A string is plucked.
    Pluck(Pluck),
}

/// A tone heads for a level, to be there a beat later.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tone {
    /// Which slot of the choir.
    pub slot: usize,
    /// Phase step in 2^-32 turns a sample.
    pub step: u32,
    /// 0..1.
    pub level: f32,
}

/// Where overtones and breath head for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Air {
    /// How much the throat sings, 0..1.
    pub sing: f32,
    /// The overtones it dwells on, in octaves above 1 Hz.
    pub formants: [f32; 2],
    /// Breath, 0..1.
    pub breath: f32,
    /// The pitches breath is tuned to on either side, in octaves above 1 Hz.
    pub bands: [f32; 2],
    /// Where the beats of pairs are, see `Beats`.
    pub beats: [u32; 4],
    /// How fast they go from now on, a factor.
    pub beating: f32,
}

/// One string.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pluck {
    /// Phase step of the fundamental in 2^-32 turns a sample.
    pub step: u32,
    /// 0..1.
    pub gain: f32,
}
