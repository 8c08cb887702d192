//! Checked values: one that is to be set, and all that are in force.

use std::{fmt, time::Duration};

use crate::{RANDOM, StationSpec, ValueError, param::quoted};

/// A checked value for one parameter of one station.
///
/// Made by [`StationSpec::setting`] only, so that whoever holds one need not check again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    index: usize,
    value: f32,
    ramp: Ramp,
}

impl Setting {
    pub(crate) fn new(index: usize, value: f32) -> Self {
        Self { index, value, ramp: Ramp::NONE }
    }

    /// The same, reached only at the end of a ramp. A choice does not glide: it is taken at once.
    #[must_use]
    pub fn over(self, ramp: Ramp) -> Self {
        Self { ramp, ..self }
    }

    /// Which parameter: its place in [`StationSpec::params`].
    pub fn index(self) -> usize {
        self.index
    }

    /// The value, finite and within the parameter's range.
    pub fn value(self) -> f32 {
        self.value
    }

    /// How long the way to the value takes, the parameter's own smoothing apart.
    pub fn ramp(self) -> Ramp {
        self.ramp
    }
}

/// The time a value takes from where it is to where it was set, along the knob's travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ramp(Duration);

impl Ramp {
    /// At once.
    pub const NONE: Self = Self(Duration::ZERO);

    /// The longest ramp in seconds.
    pub const MAX_SECONDS: f64 = 600.0;

    /// Reads seconds as a person writes them.
    ///
    /// # Errors
    ///
    /// [`RampError`] for what is no number or not within 0 to [`Self::MAX_SECONDS`].
    pub fn parse(text: &str) -> Result<Self, RampError> {
        match text.parse::<f64>() {
            Ok(seconds) if (0.0..=Self::MAX_SECONDS).contains(&seconds) => {
                Ok(Self(Duration::from_secs_f64(seconds)))
            }
            _ => Err(RampError { given: quoted(text) }),
        }
    }

    /// A ramp of a time, at most [`Self::MAX_SECONDS`].
    pub fn lasting(time: Duration) -> Self {
        Self(time.min(Duration::from_secs_f64(Self::MAX_SECONDS)))
    }

    /// The ramp as a time.
    pub fn duration(self) -> Duration {
        self.0
    }
}

/// A ramp that cannot be. The text names what was given and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RampError {
    /// What was asked for, quoted and cut.
    pub given: String,
}

impl fmt::Display for RampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ramp: {} is no time; allowed: 0 to {} s", self.given, Ramp::MAX_SECONDS)
    }
}

impl std::error::Error for RampError {}

/// A value for each parameter of one station, in the order of [`StationSpec::params`].
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// Those beyond `len` are 0.
    values: [f32; StationSpec::MAX_PARAMS],
    len: usize,
}

impl Values {
    /// At most [`StationSpec::MAX_PARAMS`] values.
    pub(crate) fn new(values: impl IntoIterator<Item = f32>) -> Self {
        let mut all = Self { values: [0.0; StationSpec::MAX_PARAMS], len: 0 };
        for value in values {
            all.values[all.len] = value;
            all.len += 1;
        }
        all
    }

    /// Takes a setting's value in place of the one held.
    pub fn apply(&mut self, setting: Setting) {
        self.values[..self.len][setting.index] = setting.value;
    }

    /// The value of the parameter at `index` in [`StationSpec::params`].
    pub fn at(&self, index: usize) -> f32 {
        self.values[..self.len][index]
    }

    /// The values in order.
    pub fn iter(&self) -> impl Iterator<Item = f32> + '_ {
        self.values[..self.len].iter().copied()
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
    /// The station has no such preset.
    UnknownPreset {
        /// The name asked for, quoted and cut.
        name: String,
        /// The presets there are, and `random`.
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

    pub(crate) fn unknown_preset(name: &str, spec: &StationSpec) -> Self {
        let presets = spec.presets.iter().map(|preset| preset.name);
        let allowed: Vec<_> = presets.chain([RANDOM]).collect();
        Self::UnknownPreset { name: quoted(name), allowed: allowed.join(", ") }
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
            Self::UnknownPreset { name, allowed } => {
                write!(f, "unknown preset {name}; allowed: {allowed}")
            }
            Self::Value(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SettingError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_is_a_time_of_up_to_ten_minutes() {
        assert_eq!(Ramp::parse("5").unwrap().duration(), Duration::from_secs(5));
        assert_eq!(Ramp::parse("0"), Ok(Ramp::NONE));
        for text in ["-1", "601", "NaN", "inf", "soon", ""] {
            let error = Ramp::parse(text).unwrap_err().to_string();
            assert_eq!(error, format!("ramp: '{text}' is no time; allowed: 0 to 600 s"));
        }
    }
}
