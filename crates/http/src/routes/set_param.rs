//! `/set_param`: turns knobs.

use axum::{Json, extract::State};
use perpetuo_station::{Setting, StationSpec};
use serde_json::{Map, Value, json};

use super::view;
use crate::{App, Problem, args::Args};

/// Sends parameters of one stream towards new values: all of them at one position, or, if one is
/// refused, none.
///
/// It answers before the change is heard; `position` and `audible_in` say when it will be.
pub(crate) async fn set_param(
    State(app): State<App>,
    mut args: Args,
) -> Result<Json<Value>, Problem> {
    let id = args.take_id()?;
    let pass = app.ids.open(&id, &app.catalogue, (app.clock)())?.for_turning()?;
    let spec = pass.origin.spec.clone();
    let settings = settings(&spec, args)?;
    let (applied, _) = app.driver.set(pass.origin, settings.clone()).await?;
    let rate = app.driver.sample_rate_hz();
    Ok(Json(json!({
        "params": taken(&spec, &settings),
        "position": view::seconds(applied.position.seconds(rate)),
        "audible_in": applied.audible_in.map(|time| view::seconds(time.as_secs_f64())),
    })))
}

/// Reads `NAME=VALUE` and `key=NAME&value=VALUE`, which may come together.
fn settings(spec: &StationSpec, mut args: Args) -> Result<Vec<Setting>, Problem> {
    let pair = match (args.take("key"), args.take("value")) {
        (Some(key), Some(value)) => Some((key, value)),
        (None, None) => None,
        (Some(_), None) => return Err(Problem::parameter("value", "missing", "with key, a value")),
        (None, Some(_)) => return Err(Problem::parameter("key", "missing", "with value, a key")),
    };
    let mut settings: Vec<Setting> = Vec::new();
    for (name, text) in pair.into_iter().chain(args.rest()) {
        let setting = spec.setting(&name, &text)?;
        if settings.iter().any(|other| other.index() == setting.index()) {
            return Err(Problem::parameter(&name, "given more than once", "one value"));
        }
        settings.push(setting);
    }
    if settings.is_empty() {
        let names: Vec<_> = spec.params.iter().map(|param| param.id).collect();
        return Err(Problem::parameter("NAME=VALUE", "missing", names.join(", ")));
    }
    Ok(settings)
}

fn taken(spec: &StationSpec, settings: &[Setting]) -> Map<String, Value> {
    let taken = settings.iter().map(|setting| {
        let param = &spec.params[setting.index()];
        (param.id.to_owned(), view::value(param, setting.value()))
    });
    taken.collect()
}
