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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::testbed::Testbed;

    #[tokio::test]
    async fn every_station_is_listed_and_the_first_is_the_default() {
        let testbed = Testbed::new();
        let stations = testbed.get("/stations").await.json();
        let list = stations["stations"].as_array().unwrap();
        let names: Vec<_> = list.iter().map(|station| &station["name"]).collect();
        assert_eq!(names, ["tone", "hush"]);
        let id = testbed.create("").await.id;
        assert_eq!(testbed.params(&id).await["station"], *names[0]);
    }

    #[tokio::test]
    async fn a_descriptor_says_all_that_a_knob_needs() {
        let params = &Testbed::new().get("/stations").await.json()["stations"][0]["params"];
        assert_eq!(
            params[1],
            json!({
                "id": "pitch", "label": "Pitch", "unit": "Hz", "min": 20.0, "max": 2000.0,
                "default": 220.5, "curve": "log", "smoothing_ms": 30, "applies": "now",
                "help": "Height.",
            })
        );
        assert_eq!(
            params[4],
            json!({
                "id": "shape", "label": "Shape", "unit": "", "min": 0.0, "max": 1.0,
                "default": "sine", "curve": "stepped", "labels": ["sine", "square"],
                "smoothing_ms": 0, "applies": "bar", "help": "Of the wave.",
            })
        );
    }
}
