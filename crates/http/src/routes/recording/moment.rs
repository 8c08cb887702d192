//! Times, as they are asked for and as they stand in the name of a file.

use std::time::{Duration, SystemTime};

use perpetuo_engine::Position;

use crate::Problem;

/// A time in a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Moment {
    /// Seconds from the beginning on.
    SinceBeginning(f64),
    /// Seconds back from now.
    BeforeNow(f64),
}

/// What is allowed; a year is longer than any stream is remembered.
const ALLOWED: &str =
    "seconds from the beginning on, 0 to 31536000, or back from now, -0 to -31536000";
const MAX_SECONDS: f64 = 31_536_000.0;

impl Moment {
    /// Reads the time that was given as `name`, if it was; `-0` is now.
    pub(super) fn parse(name: &str, given: Option<String>) -> Result<Self, Problem> {
        let text = given.ok_or_else(|| Problem::parameter(name, "missing", ALLOWED))?;
        let seconds = text.parse::<f64>().unwrap_or(f64::NAN);
        if !(-MAX_SECONDS..=MAX_SECONDS).contains(&seconds) {
            return Err(Problem::parameter(name, "not a time of a stream", ALLOWED));
        }
        Ok(match seconds.is_sign_negative() {
            true => Self::BeforeNow(-seconds),
            false => Self::SinceBeginning(seconds),
        })
    }

    /// Samples from the beginning of a stream that has come to `now`; it may lie before that.
    pub(super) fn samples(self, now: Position, sample_rate_hz: u32) -> i64 {
        let samples = |seconds: f64| (seconds * f64::from(sample_rate_hz)).round() as i64;
        match self {
            Self::SinceBeginning(seconds) => samples(seconds),
            Self::BeforeNow(seconds) => now.samples() as i64 - samples(seconds),
        }
    }
}

/// A time for the name of a file, in UTC: `2026-12-01-0230`.
///
/// Source: E. Richards, in *Explanatory Supplement to the Astronomical Almanac*, 3rd edition, 15.11.3.
pub(super) fn file_time(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let minutes = since / 60 % (24 * 60);
    let julian = since / 86_400 + 2_440_588;
    let f = julian + 1401 + (4 * julian + 274_277) / 146_097 * 3 / 4 - 38;
    let e = 4 * f + 3;
    let h = 5 * (e % 1461 / 4) + 2;
    let (day, month) = (h % 153 / 5 + 1, (h / 153 + 2) % 12 + 1);
    let year = e / 1461 - 4716 + (14 - month) / 12;
    format!("{year:04}-{month:02}-{day:02}-{:02}{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_the_beginning_and_with_a_minus_back_from_now() {
        let read = |text: &str| {
            let moment = Moment::parse("from", Some(text.to_owned()));
            moment.map(|moment| moment.samples(Position::new(500), 10))
        };
        for (text, samples) in
            [("0", 0), ("2.5", 25), ("-0", 500), ("-0.0", 500), ("-10", 400), ("-100", -500)]
        {
            assert_eq!(read(text).unwrap(), samples, "{text}");
        }
        for text in ["", "x", "nan", "inf", "-inf", "1e9", "-1e9", "1:00"] {
            let problem = read(text).unwrap_err().to_string();
            assert!(problem.starts_with("from: not a time of a stream; allowed: "), "{problem}");
        }
    }

    #[test]
    fn files_are_named_after_day_and_minute() {
        let name = |seconds| file_time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        for (seconds, expected) in [
            (0, "1970-01-01-0000"),
            (951_782_399, "2000-02-28-2359"),
            (951_868_799, "2000-02-29-2359"),
            (1_700_000_000, "2023-11-14-2213"),
            (1_796_092_245, "2026-12-01-0230"),
            (4_107_542_400, "2100-03-01-0000"),
        ] {
            assert_eq!(name(seconds), expected);
        }
    }
}
