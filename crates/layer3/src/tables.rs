//! Tables of the standard.

pub(crate) mod bands;
pub(crate) mod codes;
pub(crate) mod window;
