//! What is said when something cannot be done: RFC 9457, or one plain line.

use std::{fmt, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use perpetuo_driver::{DriverError, Full};
use perpetuo_engine::{BitrateKbps, EncodingError, LeadError};
use perpetuo_station::{Ramp, RampError, SettingError};
use serde::Serialize;

use crate::{IdError, quota::TooOften};

/// An error as the client is told it; the middleware chooses the form.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    title: &'static str,
    detail: String,
    /// The parameter of the call that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// What it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<String>,
    /// How full what is full is.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    fullness: Option<Box<Fullness>>,
    #[serde(skip)]
    retry_after: Option<Duration>,
}

/// Shares of what the processor gives, seconds late, or numbers of streams or listeners.
#[derive(Clone, Debug, Serialize)]
struct Fullness {
    load: f64,
    limit: f64,
}

/// After what time to try again what is unavailable: as long as a restart takes, with some room.
const RETRY_AFTER: Duration = Duration::from_secs(5);

impl Problem {
    /// A problem in one sentence.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            title: status.canonical_reason().unwrap_or("Error"),
            detail: detail.into(),
            parameter: None,
            allowed: None,
            fullness: None,
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER),
        }
    }

    /// A parameter of the call that is wrong, in which way, and what it takes.
    pub(crate) fn parameter(name: &str, wrong: &str, allowed: impl Into<String>) -> Self {
        let allowed = allowed.into();
        let detail = format!("{name}: {wrong}; allowed: {allowed}");
        Self {
            parameter: Some(name.to_owned()),
            allowed: Some(allowed),
            ..Self::new(StatusCode::BAD_REQUEST, detail)
        }
    }

    /// The status code.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// RFC 9457's object.
    pub(crate) fn into_json(self) -> Response {
        let media_type = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, Json(&self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        self.finish(response)
    }

    /// One plain line.
    pub(crate) fn into_line(self) -> Response {
        let response = (self.status, format!("{}\n", self.detail)).into_response();
        self.finish(response)
    }

    fn finish(self, mut response: Response) -> Response {
        if let Some(retry_after) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after.as_secs().into());
        }
        response
    }
}

/// The one sentence.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

/// A line, which carries the problem along for the middleware.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.clone().into_line();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<IdError> for Problem {
    fn from(error: IdError) -> Self {
        let status = match error {
            IdError::Unknown | IdError::NoStation => StatusCode::NOT_FOUND,
            IdError::ListenOnly => StatusCode::FORBIDDEN,
        };
        let allowed = match error {
            IdError::Unknown => Some("an id from /create_stream of this server".to_owned()),
            IdError::NoStation | IdError::ListenOnly => None,
        };
        Self { parameter: Some("id".to_owned()), allowed, ..Self::new(status, error.to_string()) }
    }
}

impl From<DriverError> for Problem {
    fn from(error: DriverError) -> Self {
        let status = match error {
            DriverError::Expired | DriverError::Failed => StatusCode::GONE,
            DriverError::Full(full) => return full.into(),
            DriverError::NoEncoder
            | DriverError::NoTurn
            | DriverError::StoreAway
            | DriverError::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        };
        let parameter = (status == StatusCode::GONE).then(|| "id".to_owned());
        Self { parameter, ..Self::new(status, error.to_string()) }
    }
}

/// Those who are refused together are to come back one by one.
impl From<Full> for Problem {
    fn from(full: Full) -> Self {
        let jitter = getrandom::u32().unwrap_or_default() % (RETRY_AFTER.as_secs() as u32 + 1);
        let retry_after = RETRY_AFTER + Duration::from_secs(jitter.into());
        let detail = format!("full: {full}; try again in {} s", retry_after.as_secs());
        let (load, limit) = full.load_and_limit();
        Self {
            fullness: Some(Box::new(Fullness { load: round(load), limit })),
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }
}

impl From<TooOften> for Problem {
    fn from(error: TooOften) -> Self {
        let retry_after = Some(Duration::from_secs(TooOften::RETRY_AFTER_S));
        Self { retry_after, ..Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string()) }
    }
}

impl From<SettingError> for Problem {
    fn from(error: SettingError) -> Self {
        let detail = error.to_string();
        let (parameter, allowed) = match error {
            SettingError::UnknownParam { name, allowed } => {
                (name.trim_matches('\'').into(), allowed)
            }
            SettingError::UnknownPreset { allowed, .. } => ("preset".to_owned(), allowed),
            SettingError::Value(error) => (error.param.to_owned(), error.allowed),
        };
        Self {
            parameter: Some(parameter),
            allowed: Some(allowed),
            ..Self::new(StatusCode::BAD_REQUEST, detail)
        }
    }
}

impl From<RampError> for Problem {
    fn from(error: RampError) -> Self {
        let allowed = format!("0 to {} s", Ramp::MAX_SECONDS);
        Self::parameter("ramp", &format!("{} is no time", error.given), allowed)
    }
}

impl From<LeadError> for Problem {
    fn from(_: LeadError) -> Self {
        Self::parameter("lead", "not a lead", "0.05 to 10 seconds")
    }
}

impl From<EncodingError> for Problem {
    fn from(_: EncodingError) -> Self {
        let allowed = BitrateKbps::ALLOWED.map(|kbps| kbps.to_string()).join(", ");
        Self::parameter("bitrate", "not a bit rate of MP3", format!("{allowed} (kbit/s)"))
    }
}

/// To thousandths, which is as well as loads are known.
fn round(load: f64) -> f64 {
    (load * 1000.0).round() / 1000.0
}

fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}
