//! `/params`: how a stream stands.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::view;
use crate::{App, Problem, args::Args, id::Role};

/// Describes one stream without touching it.
pub(crate) async fn params(State(app): State<App>, mut args: Args) -> Result<Json<Value>, Problem> {
    let id = args.take_id()?;
    args.finish("id")?;
    let pass = app.ids.open(&id, &app.catalogue, (app.clock)())?;
    let (spec, seed) = (pass.origin.spec.clone(), pass.origin.seed);
    let state = app.driver.describe(pass.origin).await?;
    Ok(Json(json!({
        "listen_id": pass.listen_id,
        "station": spec.name,
        "title": spec.title,
        "now": view::now(state.title),
        "seed": seed,
        "position": view::seconds(state.position.seconds(app.driver.sample_rate_hz())),
        "playing": state.is_playing,
        "listeners": state.listeners,
        "may": match pass.role {
            Role::Turn => "turn",
            Role::Listen => "listen",
        },
        "params": view::values(&spec, &state.values),
    })))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{body::Body, http::Method};

    use super::*;
    use crate::routes::testbed::{Testbed, read};

    #[tokio::test]
    async fn a_stream_that_nobody_has_heard_stands_at_its_beginning() {
        let testbed = Testbed::new();
        let ids = testbed.create("seed=5&level=0.25").await;
        let expected = json!({
            "listen_id": ids.listen_id,
            "station": "tone",
            "title": "Tön",
            "now": null,
            "seed": 5,
            "position": 0.0,
            "playing": false,
            "listeners": 0,
            "may": "turn",
            "params": {
                "level": 0.25, "pitch": 220.5, "brightness": 0.3, "density": 0.1, "shape": "sine",
            },
        });
        assert_eq!(testbed.params(&ids.id).await, expected);
        assert_eq!(testbed.post("/params", &format!("id={}", ids.id)).await.json(), expected);
    }

    #[tokio::test]
    async fn both_ids_show_the_same_stream_and_what_each_may() {
        let testbed = Testbed::new();
        let ids = testbed.create("").await;
        testbed.get(&format!("/set_param?id={}&level=0.75", ids.id)).await;
        let seen = testbed.params(&ids.listen_id).await;
        assert_eq!(seen["may"], "listen");
        assert_eq!(seen["listen_id"], ids.listen_id);
        assert_eq!(seen["params"]["level"], json!(0.75));
        assert!(!seen.to_string().contains(&ids.id));
    }

    #[tokio::test]
    async fn listeners_are_counted_while_they_listen() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let uri = format!("/stream?id={id}");
        let mut body = testbed.open(Method::GET, &uri, &[], Body::empty()).await.into_body();
        read(&mut body, 1000).await;
        let playing = testbed.params(&id).await;
        assert_eq!((&playing["listeners"], &playing["playing"]), (&json!(1), &json!(true)));
        assert!(playing["position"].as_f64().unwrap() > 0.0);
        assert_eq!(playing["now"], "Steady, D lydian");
        drop(body);
        // The socket tells the render thread, in its own time.
        let left = async || while testbed.params(&id).await["listeners"] != json!(0) {};
        tokio::time::timeout(Duration::from_secs(5), left()).await.unwrap();
        assert_eq!(testbed.params(&id).await["playing"], json!(false));
    }

    #[tokio::test]
    async fn a_name_that_the_call_does_not_know_is_refused() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let problem = testbed.refusal(&format!("/params?id={id}&level=1")).await;
        assert_eq!((&problem["parameter"], &problem["allowed"]), (&json!("level"), &json!("id")));
    }
}
