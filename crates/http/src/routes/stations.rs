//! `/stations`: the catalogue, from which a page of knobs can be made.

use axum::{Json, extract::State};
use perpetuo_station::{Curve, ParamSpec, Preset, StationSpec};
use serde_json::{Value, json};

use super::view;
use crate::{App, Problem, args::Args};

/// Lists the stations with their parameters and presets.
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
        "refill_ms": spec.refill.as_millis() as u64,
        "params": spec.params.iter().map(param).collect::<Vec<_>>(),
        "presets": spec.presets.iter().map(|of| preset(spec, of)).collect::<Vec<_>>(),
    })
}

/// A preset with all that it sets, not only what it names.
fn preset(spec: &StationSpec, preset: &Preset) -> Value {
    // The catalogue has seen to it that a preset's values are good.
    let settings = spec.preset(preset.name).unwrap_or_default();
    json!({
        "name": preset.name,
        "title": preset.title,
        "params": view::settings(spec, &settings),
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
        "taste": taste(param),
        "help": param.help,
    });
    if let Curve::Stepped(labels) = param.curve {
        view["labels"] = json!(labels);
    }
    view
}

/// What random draws keep to: the ends of a part of the range, or some of the labels.
fn taste(param: &ParamSpec) -> Value {
    let Some(taste) = param.drawn_from() else { return Value::Null };
    let (low, high) = (*taste.start(), *taste.end());
    match param.curve {
        Curve::Stepped(labels) => json!(labels[low as usize..=high as usize]),
        _ => json!([view::number(low), view::number(high)]),
    }
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
                "taste": [100.0, 1000.0], "help": "Height.",
            })
        );
        assert_eq!(
            params[4],
            json!({
                "id": "shape", "label": "Shape", "unit": "", "min": 0.0, "max": 1.0,
                "default": "sine", "curve": "stepped", "labels": ["sine", "square"],
                "smoothing_ms": 0, "applies": "bar", "taste": ["sine", "square"],
                "help": "Of the wave.",
            })
        );
        let tastes: Vec<_> = [0, 3].map(|index| &params[index]["taste"]).into();
        assert_eq!(tastes, [&Value::Null; 2], "level, and what chance must not touch");
        assert_eq!(params[3]["applies"], "section");
    }

    #[tokio::test]
    async fn a_preset_is_listed_with_all_that_it_sets() {
        let stations = Testbed::new().get("/stations").await.json()["stations"].clone();
        let params =
            json!({ "pitch": 220.5, "brightness": 0.9, "density": 0.1, "shape": "square" });
        let bright = json!({ "name": "bright", "title": "Bright", "params": params });
        assert_eq!(stations[0]["presets"], json!([bright]));
        assert_eq!(stations[1]["presets"], json!([]));
        assert_eq!((&stations[0]["version"], &stations[0]["refill_ms"]), (&json!(3), &json!(2000)));
    }
}
