//! How values and addresses are written in answers.

use axum::http::{HeaderMap, header};
use perpetuo_station::{Curve, ParamSpec, Setting, StationSpec, Title, Values};
use serde_json::{Map, Value, json};

/// A value as JSON: a number as short as it was given, or a label.
pub(super) fn value(param: &ParamSpec, value: f32) -> Value {
    match param.curve {
        Curve::Stepped(_) => Value::from(param.show(value)),
        _ => number(value),
    }
}

/// All values by parameter.
pub(super) fn values(spec: &StationSpec, values: &Values) -> Map<String, Value> {
    let params = spec.params.iter().zip(values.iter());
    params.map(|(param, of)| (param.id.to_owned(), value(param, of))).collect()
}

/// The values of settings by parameter.
pub(super) fn settings(spec: &StationSpec, settings: &[Setting]) -> Map<String, Value> {
    let values = settings.iter().map(|setting| {
        let param = &spec.params[setting.index()];
        (param.id.to_owned(), value(param, setting.value()))
    });
    values.collect()
}

/// The shortest decimal that reads back as the same `f32`: 0.9, not 0.8999999761581421.
pub(super) fn number(value: f32) -> Value {
    json!(value.to_string().parse::<f64>().unwrap_or(f64::from(value)))
}

/// Seconds with microseconds, as answers give times.
pub(super) fn seconds(seconds: f64) -> Value {
    json!((seconds * 1e6).round() / 1e6)
}

/// With two decimals.
pub(super) fn hundredths(value: f32) -> Value {
    json!((f64::from(value) * 100.0).round() / 100.0)
}

/// What the station is doing, if it has said so.
pub(super) fn now(title: Title) -> Option<String> {
    Some(title.to_string()).filter(|now| !now.is_empty())
}

/// Where the client reached this server, without a slash at the end: what it said in `Host`, and behind
/// a proxy in `X-Forwarded-Proto`. It is told nobody else.
pub(super) fn base_url(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_host = |host: &&str| {
        !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c))
    };
    let host = text(header::HOST).filter(is_host).unwrap_or("localhost");
    let is_https = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    format!("{}://{host}", if is_https { "https" } else { "http" })
}
