//! `/stations`: the catalogue, from which a page of knobs can be made.

use axum::{Json, extract::State};
use perpetuo_station::{Curve, ParamSpec, StationSpec};
use serde_json::{Value, json};

use super::view;
use crate::{App, Problem, args::Args};

/// Lists the stations with their parameters.
pub(crate) async fn stations(State(app): State<App>, args: Args) -> Result<Json<Value>, Problem> {
    args.finish("nothing")?;
    let stations: Vec<_> = app.catalogue.iter().map(|spec| station(spec)).collect();
    Ok(Json(json!({ "stations": stations })))
}

fn station(spec: &StationSpec) -> Value {
    json!({
        "name": spec.name,
        "title": spec.title,
        "about": spec.about,
        "version": spec.version,
        "params": spec.params.iter().map(param).collect::<Vec<_>>(),
    })
}

fn param(param: &ParamSpec) -> Value {
    let mut view = json!({
        "id": param.id,
        "label": param.label,
        "unit": param.unit,
        "min": view::number(*param.range.start()),
        "max": view::number(*param.range.end()),
        "default": view::value(param, param.default),
        "curve": match param.curve {
            Curve::Linear => "linear",
            Curve::Log => "log",
            Curve::Stepped(_) => "stepped",
        },
        "smoothing_ms": param.smoothing.as_millis() as u64,
        "applies": param.applies.as_str(),
        "help": param.help,
    });
    if let Curve::Stepped(labels) = param.curve {
        view["labels"] = json!(labels);
    }
    view
}
