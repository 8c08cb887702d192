//! Parts of sound: oscillators, filters, envelopes, noise, delays, a reverb, a limiter, and chance.
//!
//! ```text
//! Chance ──► notes ──► Phase, Saw, FmPair, Noise, Octet ──► Svf, SvfBank ──► Echo, Tape, Chorus ──► mix
//!                      ModalBank, Grain, add_sines                           Reverb, Room
//!                         ▲ Decay, Swell, Ramp (control: once per 64 samples, lines between)
//! mix ──► Finish: DC blocker ──► Leveler ──► limiter ──► level
//! ```
//!
//! Every part is made of `+ - * / sqrt floor`, compares and integers only, so that a build for another
//! machine gives the same bits; what is worth it runs eight samples at a time, in AVX2 where that is, with
//! the same bits too ([`Instructions`]). A frequency is a `phase_step`: cycles per sample, 0 to 0.5. After
//! `new` nothing allocates. Parts take runs of any length, or of whole eights or whole control steps where they
//! say so. Parts that hold sound say through [`State`] what a snapshot of them needs.

mod bank;
mod chance;
mod chorus;
mod dc;
mod echo;
mod envelope;
mod finish;
mod fm;
mod grain;
mod half;
mod leveler;
mod limiter;
mod line;
pub mod math;
pub mod mix;
mod modal;
mod noise;
mod octet;
mod phase;
mod ramp;
mod reverb;
mod room;
mod saw;
mod simd;
mod sines;
mod state;
mod svf;
mod tape;

pub use bank::{Response, SvfBank};
pub use chance::Chance;
pub use chorus::Chorus;
pub use echo::Echo;
pub use envelope::{Decay, Segment, Swell};
pub use finish::Finish;
pub use fm::FmPair;
pub use grain::{Grain, GrainSpec, add_grains};
pub use leveler::Leveler;
pub use modal::{ModalBank, Partial};
pub use noise::Noise;
pub use octet::Octet;
pub use phase::{Phase, step_from};
pub use ramp::Ramp;
pub use reverb::Reverb;
pub use room::Room;
pub use saw::Saw;
pub use simd::{Found, Instructions, Level};
pub use sines::{Pitch, Sine, add_sines};
pub use state::State;
pub use svf::{Svf, Tuning};
pub use tape::Tape;

/// The step of control in samples: settings that are not per-sample move in straight lines this long.
pub const CONTROL_LEN: usize = 64;

/// Two channels of one control step.
pub type Block = [[f32; CONTROL_LEN]; 2];
