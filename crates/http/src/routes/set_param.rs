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
    let applied = app.driver.set(pass.origin, settings.clone()).await?;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{body::Body, http::Method};
    use serde_json::json;

    use super::*;
    use crate::routes::testbed::{TIME_TO_LIVE, Testbed, make_it, read};

    #[tokio::test]
    async fn values_are_set_in_both_forms_and_mixed_by_get_and_post() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        for (query, taken) in [
            ("level=0.9", json!({ "level": 0.9 })),
            ("key=pitch&value=440", json!({ "pitch": 440.0 })),
            ("key=shape&value=Square", json!({ "shape": "square" })),
            ("key=shape&value=0&level=1e-1", json!({ "shape": "sine", "level": 0.1 })),
        ] {
            let answer = testbed.get(&format!("/set_param?id={id}&{query}")).await;
            assert_eq!((answer.status, &answer.json()["params"]), (200, &taken), "{query}");
            let answer = testbed.post("/set_param", &format!("{query}&id={id}")).await;
            assert_eq!((answer.status, &answer.json()["params"]), (200, &taken), "{query}");
        }
        let now = testbed.params(&id).await;
        let values = json!({
            "level": 0.1, "pitch": 440.0, "brightness": 0.3, "density": 0.1, "shape": "sine",
        });
        assert_eq!(now["params"], values);
    }

    #[tokio::test]
    async fn either_all_values_are_taken_or_none() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        for (query, parameter) in [
            ("level=0.9&pitch=1", "pitch"),
            ("level=0.9&volume=1", "volume"),
            ("level=0.9&key=shape&value=saw", "shape"),
            ("level=0.9&key=level&value=0.8", "level"),
            ("level=0.9&level=0.8", "level"),
            ("level=0.9&key=pitch", "value"),
            ("level=0.9&value=1", "key"),
            ("level=0.9&seed=1", "seed"),
            ("", "NAME=VALUE"),
        ] {
            let problem = testbed.refusal(&format!("/set_param?id={id}&{query}")).await;
            let told = (&problem["status"], &problem["parameter"]);
            assert_eq!(told, (&json!(400), &json!(parameter)), "{query}");
            assert!(problem["allowed"].is_string(), "{query}");
            assert_eq!(testbed.params(&id).await["params"]["level"], json!(0.5), "{query}");
        }
    }

    #[tokio::test]
    async fn the_answer_says_when_the_change_is_heard() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let silent = testbed.get(&format!("/set_param?id={id}&level=0.9")).await.json();
        assert_eq!((&silent["position"], &silent["audible_in"]), (&json!(0.0), &Value::Null));
        let uri = format!("/stream?id={id}&lead=2");
        let mut body = testbed.open(Method::GET, &uri, &[], Body::empty()).await.into_body();
        read(&mut body, 2 * 16_000).await;
        let heard = testbed.get(&format!("/set_param?id={id}&level=0.8")).await.json();
        assert!(heard["position"].as_f64().unwrap() >= 2.0, "{heard}");
        let audible_in = heard["audible_in"].as_f64().unwrap();
        assert!((0.5..2.5).contains(&audible_in), "{heard}");
    }

    #[tokio::test]
    async fn an_id_for_listening_turns_nothing() {
        let testbed = Testbed::new();
        let ids = testbed.create("").await;
        let problem = testbed.refusal(&format!("/set_param?id={}&level=1", ids.listen_id)).await;
        assert_eq!((&problem["status"], &problem["parameter"]), (&json!(403), &json!("id")));
        assert_eq!(testbed.params(&ids.id).await["params"]["level"], json!(0.5));
    }

    #[tokio::test]
    async fn an_id_that_was_never_made_is_unknown() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let (first, rest) = id.split_at(id.len() / 2);
        let flipped = if rest.starts_with('A') { 'B' } else { 'A' };
        let forged = format!("{first}{flipped}{}", &rest[1..]);
        for id in ["", "x", &forged, &id[1..], &"A".repeat(5000), "%00"] {
            let problem = testbed.refusal(&format!("/set_param?id={id}&level=1")).await;
            assert_eq!((&problem["status"], &problem["parameter"]), (&json!(404), &json!("id")));
        }
        let missing = testbed.refusal("/set_param?level=1").await;
        assert_eq!((&missing["status"], &missing["parameter"]), (&json!(400), &json!("id")));
    }

    #[tokio::test]
    async fn a_stream_does_not_begin_after_its_time_to_live_but_one_in_use_goes_on() {
        let testbed = Testbed::new();
        let (used, unused) = (testbed.create("").await.id, testbed.create("").await.id);
        let set = async |id: &str| testbed.get(&format!("/set_param?id={id}&level=1")).await.status;
        make_it(TIME_TO_LIVE - Duration::from_secs(1));
        assert_eq!(set(&used).await, 200);
        make_it(TIME_TO_LIVE);
        assert_eq!(set(&used).await, 200);
        assert_eq!(set(&unused).await, 410);
        assert_eq!(testbed.get(&format!("/params?id={unused}")).await.status, 410);
        assert_eq!(testbed.get(&format!("/stream?id={unused}")).await.status, 410);
    }

    #[tokio::test]
    async fn head_is_refused_for_it_promises_to_change_nothing() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let answer = testbed.head(&format!("/set_param?id={id}&level=1")).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, POST, OPTIONS"));
        assert_eq!(testbed.params(&id).await["params"]["level"], json!(0.5));
    }
}
