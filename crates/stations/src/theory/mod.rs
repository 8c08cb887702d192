//! What every composer knows: scales, patterns, registers that remember.

#![allow(dead_code)] // until the stations that use it are merged

mod chord;
mod metre;
mod pattern;
mod register;
mod scale;

#[allow(unused_imports)] // until the stations that use it are merged
pub(crate) use chord::{ChordKind, lead};
#[allow(unused_imports)] // until the stations that use it are merged
pub(crate) use metre::{Border, Clock, METRES, Metre, Tick};
#[allow(unused_imports)] // until the stations that use it are merged
pub(crate) use pattern::{Drum, DrumMap, euclid};
pub(crate) use register::Register;
pub(crate) use scale::{ROOTS, SCALES, Scale};
