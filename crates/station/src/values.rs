//! Checked values: one that is to be set, and all that are in force.

use std::fmt;

use crate::{StationSpec, ValueError, param::quoted};

/// A checked value for one parameter of one station.
///
/// Made by [`StationSpec::setting`] only, so that whoever holds one need not check again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    index: usize,
    value: f32,
}

impl Setting {
    pub(crate) fn new(index: usize, value: f32) -> Self {
        Self { index, value }
    }

    /// Which parameter: its place in [`StationSpec::params`].
    pub fn index(self) -> usize {
        self.index
    }

    /// The value, finite and within the parameter's range.
    pub fn value(self) -> f32 {
        self.value
    }
}

/// A value for each parameter of one station, in the order of [`StationSpec::params`].
#[derive(Clone, Debug, PartialEq)]
pub struct Values(Box<[f32]>);

impl Values {
    pub(crate) fn new(values: impl IntoIterator<Item = f32>) -> Self {
        Self(values.into_iter().collect())
    }

    /// Takes a setting's value in place of the one held.
    pub fn apply(&mut self, setting: Setting) {
        self.0[setting.index] = setting.value;
    }

    /// The value of the parameter at `index` in [`StationSpec::params`].
    pub fn at(&self, index: usize) -> f32 {
        self.0[index]
    }

    /// The values in order.
    pub fn iter(&self) -> impl Iterator<Item = f32> + '_ {
        self.0.iter().copied()
    }
}

/// A name and a value that do not make a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingError {
    /// The station has no such parameter.
    UnknownParam {
        /// The name asked for, quoted and cut.
        name: String,
        /// The parameters there are.
        allowed: String,
    },
    /// The parameter refuses the value.
    Value(ValueError),
}

impl SettingError {
    pub(crate) fn unknown(name: &str, spec: &StationSpec) -> Self {
        let allowed: Vec<_> = spec.params.iter().map(|param| param.id).collect();
        Self::UnknownParam { name: quoted(name), allowed: allowed.join(", ") }
    }
}

impl From<ValueError> for SettingError {
    fn from(error: ValueError) -> Self {
        Self::Value(error)
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownParam { name, allowed } => {
                write!(f, "unknown parameter {name}; allowed: {allowed}")
            }
            Self::Value(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SettingError {}
