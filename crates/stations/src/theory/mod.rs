//! What every composer knows: scales, patterns, registers that remember.

mod pattern;
mod register;
mod scale;

pub(crate) use pattern::euclid;
pub(crate) use register::Register;
pub(crate) use scale::{ROOTS, SCALES, Scale};
