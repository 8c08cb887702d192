//! What can move in a station, described so well that a page of knobs can be made from it.

use std::{fmt, ops::RangeInclusive, time::Duration};

use crate::catalogue::LEVEL;

/// Names the HTTP calls use themselves; no parameter bears them.
pub const RESERVED_NAMES: [&str; 11] = [
    "id", "key", "value", "station", "seed", "format", "bitrate", "lead", "durable", "ramp",
    "preset",
];

/// One parameter of a station. Values are in plain units everywhere; knob positions are the page's.
///
/// A number is made with [`ParamSpec::number`], a choice with [`ParamSpec::choice`]; both are `const`.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamSpec {
    /// `lower_snake`; never changed and never used again for something else.
    pub id: &'static str,
    /// What a person reads beside the knob.
    pub label: &'static str,
    /// The unit's symbol (`"bpm"`, `"Hz"`), empty for 0..1 and for choices.
    pub unit: &'static str,
    /// Smallest and largest value, both allowed.
    pub range: RangeInclusive<f32>,
    /// The value a stream begins with.
    pub default: f32,
    /// How a knob's travel maps to the range.
    pub curve: Curve,
    /// How long the way to a new value takes: 20-50 ms for gains and filters, 0 for choices.
    pub smoothing: Duration,
    /// When a new value begins to count.
    pub applies: Applies,
    /// The part of the range that a random draw keeps to; `None` for what chance must not touch.
    pub taste: Option<RangeInclusive<f32>>,
    /// One line on what it does to the sound.
    pub help: &'static str,
}

/// How a knob's travel maps to a parameter's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// Equal steps of travel are equal differences.
    Linear,
    /// Equal steps of travel are equal ratios; the range is above 0.
    Log,
    /// A choice: values are 0, 1, 2... and each has a label, which may be given instead.
    Stepped(&'static [&'static str]),
}

/// When a new value begins to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applies {
    /// With the next block.
    Now,
    /// With the station's next beat.
    Beat,
    /// With the station's next bar, or where it has no bars with its next phrase.
    Bar,
    /// With the next section of its form.
    Section,
}

/// A value that a parameter refuses. The text names the parameter, the value and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// The parameter's id.
    pub param: &'static str,
    /// What is wrong, e.g. `'loud' is not a number`.
    pub wrong: String,
    /// What would be right, e.g. `0 to 1`.
    pub allowed: String,
}

impl ParamSpec {
    /// A number between the ends of `range`, linear, without unit, smoothed over 30 ms, applied at once.
    pub const fn number(
        id: &'static str,
        label: &'static str,
        range: RangeInclusive<f32>,
        default: f32,
        help: &'static str,
    ) -> Self {
        Self {
            id,
            label,
            unit: "",
            range: *range.start()..=*range.end(),
            default,
            curve: Curve::Linear,
            smoothing: Duration::from_millis(30),
            applies: Applies::Now,
            taste: Some(range),
            help,
        }
    }

    /// One of `labels`, of which there is at least one; `default` counts them from 0.
    pub const fn choice(
        id: &'static str,
        label: &'static str,
        labels: &'static [&'static str],
        default: usize,
        help: &'static str,
    ) -> Self {
        Self {
            id,
            label,
            unit: "",
            range: 0.0..=(labels.len() - 1) as f32,
            default: default as f32,
            curve: Curve::Stepped(labels),
            smoothing: Duration::ZERO,
            applies: Applies::Now,
            taste: Some(0.0..=(labels.len() - 1) as f32),
            help,
        }
    }

    /// The same in a unit.
    #[must_use]
    pub const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// The same with equal ratios along the knob; the range must be above 0.
    #[must_use]
    pub const fn log(mut self) -> Self {
        self.curve = Curve::Log;
        self
    }

    /// The same with another way to a new value, in milliseconds.
    #[must_use]
    pub const fn smoothing_ms(mut self, smoothing_ms: u64) -> Self {
        self.smoothing = Duration::from_millis(smoothing_ms);
        self
    }

    /// The same, waiting for a beat, a bar or a section.
    #[must_use]
    pub const fn applies(mut self, applies: Applies) -> Self {
        self.applies = applies;
        self
    }

    /// The same, random draws kept to a part of the range; for a choice, to some of its numbers.
    #[must_use]
    pub const fn taste(mut self, taste: RangeInclusive<f32>) -> Self {
        self.taste = Some(taste);
        self
    }

    /// The same, untouched by random draws.
    #[must_use]
    pub const fn not_random(mut self) -> Self {
        self.taste = None;
        self
    }

    /// Reads a value as a person writes it: a number, or for a choice a label or its number.
    ///
    /// # Errors
    ///
    /// [`ValueError`] for what is no number, not finite, out of range or not among the labels.
    pub fn parse(&self, text: &str) -> Result<f32, ValueError> {
        if let Curve::Stepped(labels) = self.curve
            && let Some(index) = labels.iter().position(|label| label.eq_ignore_ascii_case(text))
        {
            return Ok(index as f32);
        }
        if text.is_empty() {
            return Err(self.refuse("the value is empty".to_owned()));
        }
        match text.parse::<f64>() {
            Ok(value) => self.check(value),
            Err(_) => Err(self.refuse(match self.curve {
                Curve::Stepped(_) => format!("{} is not among its labels", quoted(text)),
                _ => format!("{} is not a number", quoted(text)),
            })),
        }
    }

    /// Checks a number.
    ///
    /// # Errors
    ///
    /// [`ValueError`] for what is not finite, out of range, or for a choice no whole number.
    pub fn check(&self, value: f64) -> Result<f32, ValueError> {
        if !value.is_finite() {
            return Err(self.refuse("the value is not a finite number".to_owned()));
        }
        let narrow = value as f32;
        if !self.range.contains(&narrow) {
            return Err(self.refuse(format!("{value} is out of range")));
        }
        if matches!(self.curve, Curve::Stepped(_)) && narrow.fract() != 0.0 {
            return Err(self.refuse(format!("{value} is not a whole number")));
        }
        Ok(narrow)
    }

    /// What the parameter takes, in words: `60 to 140 bpm`, or the labels.
    pub fn allowed(&self) -> String {
        match self.curve {
            Curve::Stepped(labels) => labels.join(", "),
            _ if self.unit.is_empty() => format!("{} to {}", self.range.start(), self.range.end()),
            _ => format!("{} to {} {}", self.range.start(), self.range.end(), self.unit),
        }
    }

    /// A value in words: with its unit, or its label.
    pub fn show(&self, value: f32) -> String {
        match self.curve {
            Curve::Stepped(labels) => labels
                .get(value as usize)
                .map_or_else(|| value.to_string(), |label| (*label).to_owned()),
            _ if self.unit.is_empty() => value.to_string(),
            _ => format!("{value} {}", self.unit),
        }
    }

    /// What random draws keep to: the taste, and nothing for `level`, a listener's own matter.
    pub fn drawn_from(&self) -> Option<RangeInclusive<f32>> {
        self.taste.clone().filter(|_| self.id != LEVEL)
    }

    fn refuse(&self, wrong: String) -> ValueError {
        ValueError { param: self.id, wrong, allowed: self.allowed() }
    }
}

impl Applies {
    /// The word in descriptors: `now`, `beat`, `bar` or `section`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Beat => "beat",
            Self::Bar => "bar",
            Self::Section => "section",
        }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; allowed: {}", self.param, self.wrong, self.allowed)
    }
}

impl std::error::Error for ValueError {}

/// Text from outside as it may stand in an error: in quotes, on one line, cut at 40 characters.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("'{shown}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPO: ParamSpec =
        ParamSpec::number("tempo", "Tempo", 60.0..=140.0, 90.0, "Speed.").unit("bpm");
    const SCALE: ParamSpec =
        ParamSpec::choice("scale", "Scale", &["dorian", "lydian"], 1, "The notes in use.");

    #[test]
    fn a_number_in_range_is_taken_and_both_ends_are_in_range() {
        for (text, value) in [("60", 60.0), ("140", 140.0), ("9.05e1", 90.5), ("+61", 61.0)] {
            assert_eq!(TEMPO.parse(text), Ok(value));
        }
    }

    #[test]
    fn what_is_refused_is_named_together_with_what_is_allowed() {
        for (text, wrong) in [
            ("", "the value is empty"),
            ("fast", "'fast' is not a number"),
            ("NaN", "not a finite number"),
            ("1e999", "not a finite number"),
            ("-inf", "not a finite number"),
            ("59.9", "59.9 is out of range"),
            ("a\nb", "'a\\nb' is not a number"),
        ] {
            let error = TEMPO.parse(text).unwrap_err().to_string();
            assert!(error.contains(wrong), "{text}: {error}");
            assert!(error.ends_with("allowed: 60 to 140 bpm"), "{error}");
        }
    }

    #[test]
    fn a_choice_is_taken_by_label_or_by_number() {
        assert_eq!(SCALE.parse("Dorian"), Ok(0.0));
        assert_eq!(SCALE.parse("1"), Ok(1.0));
        for text in ["2", "0.5", "phrygian", ""] {
            let error = SCALE.parse(text).unwrap_err().to_string();
            assert!(error.ends_with("allowed: dorian, lydian"), "{error}");
        }
        assert_eq!(SCALE.show(1.0), "lydian");
    }

    #[test]
    fn a_long_value_is_cut_in_the_error() {
        let error = TEMPO.parse(&"x".repeat(10_000)).unwrap_err().to_string();
        assert!(error.len() < 120, "{error}");
    }
}
