//! What every composer knows: scales and chords, metres and patterns, registers that remember, form.
//!
//! ```text
//! what sounds   scale ─► chord ─► lead     tuning
//! when          metre ─► clock             pattern: evenly spread, drum map
//! what returns  register, markov           form: scenes, swells, phrases
//! ```
//!
//! Chance comes in as [`perpetuo_dsp::Chance`], by a stream and a counter.

mod chord;
mod clock;
mod form;
mod markov;
mod metre;
mod pattern;
mod register;
mod scale;
mod tuning;

pub(crate) use chord::{ChordKind, lead};
pub(crate) use clock::{Border, Clock, Tick};
pub(crate) use form::{PERIOD, Phrase, Swell, phrase, scene, smooth};
pub(crate) use markov::choose;
pub(crate) use metre::{METRES, Metre};
pub(crate) use pattern::{Drum, DrumMap, euclid};
pub(crate) use register::{DejaVu, Register, Spread, unit};
pub use scale::ROOTS;
pub(crate) use scale::{SCALES, Scale};
pub(crate) use tuning::{TEMPERAMENTS, Temperament};
