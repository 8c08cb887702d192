//! `/create_stream`: a new stream's id.

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use perpetuo_driver::DriverError;
use perpetuo_station::{Catalogue, StationSpec, Values};
use serde_json::{Value, json};

use super::{preset, view};
use crate::{App, Problem, answer::wants_json, args::Args, id::NewIds, quota::MayCreate};

/// Makes the ids of a new stream of `station`, beginning with the values of `preset` and, before them,
/// those given by name; `random` is drawn from the stream's own seed. Nothing is kept: the stream begins
/// when someone listens or turns a knob. If there would be no room for that now, it is not made.
pub(crate) async fn create_stream(
    _: MayCreate,
    State(app): State<App>,
    headers: HeaderMap,
    mut args: Args,
) -> Result<Response, Problem> {
    let spec = station(&app.catalogue, args.take("station"))?;
    let seed = preset::take_seed(&mut args)?.map_or_else(preset::draw_seed, Ok)?;
    let mut values = spec.defaults();
    if let Some(name) = args.take("preset") {
        preset::settings(spec, &name, seed)?.into_iter().for_each(|setting| values.apply(setting));
    }
    for (name, text) in args.rest() {
        values.apply(spec.setting(&name, &text)?);
    }
    let ids = place(&app, spec, seed, &values)?;
    if wants_json(&headers) {
        Ok(Json(describe(spec, seed, &values, &ids, &view::base_url(&headers))).into_response())
    } else {
        Ok(format!("{}\n", ids.turn).into_response())
    }
}

/// A stream's key says which render thread it will live on. Of a few ids the one is taken whose thread has
/// the most room: the best of four is hardly ever far from the best of all (M. Mitzenmacher, *The Power of
/// Two Choices in Randomized Load Balancing*, 2001).
fn place(app: &App, spec: &StationSpec, seed: u64, values: &Values) -> Result<NewIds, Problem> {
    if app.is_draining() {
        return Err(DriverError::ShuttingDown.into());
    }
    let (nonces, now) = (preset::draw::<16>()?, (app.clock)());
    let (nonces, _) = nonces.as_chunks::<4>();
    let candidates = nonces.iter().map(|nonce| app.ids.make(spec, seed, values, *nonce, now));
    Ok(app.driver.place(spec.name, candidates, |ids| ids.key)?)
}

fn station(catalogue: &Catalogue, name: Option<String>) -> Result<&StationSpec, Problem> {
    let Some(name) = name else { return Ok(catalogue.first()) };
    match catalogue.find(&name) {
        Some(spec) => Ok(spec),
        None => {
            let allowed: Vec<_> = catalogue.iter().map(|spec| spec.name).collect();
            let name: String = name.chars().take(40).collect();
            let wrong = format!("'{}' is not a station", name.escape_debug());
            Err(Problem::parameter("station", &wrong, allowed.join(", ")))
        }
    }
}

fn describe(spec: &StationSpec, seed: u64, values: &Values, ids: &NewIds, base: &str) -> Value {
    let id = &ids.turn;
    json!({
        "id": id,
        "listen_id": ids.listen,
        "station": spec.name,
        "seed": seed,
        "params": view::values(spec, values),
        "urls": {
            "stream": format!("{base}/stream?id={id}"),
            "set_param": format!("{base}/set_param?id={id}"),
            "params": format!("{base}/params?id={id}"),
            "page": format!("{base}/listen/{id}"),
            "m3u": format!("{base}/listen/{id}.m3u"),
            "pls": format!("{base}/listen/{id}.pls"),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{body::Body, http::Method};
    use perpetuo_station::RESERVED_NAMES;
    use serde_json::json;

    use crate::{
        id::MAX_SEED,
        routes::testbed::{Testbed, make_it},
    };

    const JSON: (&str, &str) = ("accept", "application/json");

    #[tokio::test]
    async fn the_answer_is_the_id_alone_on_a_line() {
        let testbed = Testbed::new();
        let answer = testbed.get("/create_stream").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-store");
        let id = answer.text().strip_suffix('\n').unwrap();
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{id}");
        assert_eq!(testbed.params(id).await["station"], "tone");
    }

    #[tokio::test]
    async fn who_asks_for_json_is_told_everything_and_where_to_go() {
        let testbed = Testbed::new();
        let headers = [JSON, ("host", "radio.example:8000"), ("x-forwarded-proto", "https")];
        let answer = testbed.get_with("/create_stream?station=hush&seed=7", &headers).await;
        let stream = answer.json();
        assert_eq!((&stream["station"], &stream["seed"]), (&json!("hush"), &json!(7)));
        assert_eq!(stream["params"], json!({ "level": 0.5 }));
        assert_ne!(stream["id"], stream["listen_id"]);
        let id = stream["id"].as_str().unwrap();
        let url = |rest: &str| format!("https://radio.example:8000/{rest}");
        assert_eq!(
            stream["urls"],
            json!({
                "stream": url(&format!("stream?id={id}")),
                "set_param": url(&format!("set_param?id={id}")),
                "params": url(&format!("params?id={id}")),
                "page": url(&format!("listen/{id}")),
                "m3u": url(&format!("listen/{id}.m3u")),
                "pls": url(&format!("listen/{id}.pls")),
            })
        );
    }

    #[tokio::test]
    async fn a_stream_begins_with_the_seed_and_the_values_given() {
        let testbed = Testbed::new();
        let query = "seed=9007199254740991&level=0&pitch=2000&shape=SQUARE&station=tone";
        let params = testbed.params(&testbed.create(query).await.id).await;
        assert_eq!(params["seed"], json!(MAX_SEED));
        let values = json!({
            "level": 0.0, "pitch": 2000.0, "brightness": 0.3, "density": 0.1, "shape": "square",
        });
        assert_eq!(params["params"], values);
    }

    #[tokio::test]
    async fn a_stream_begins_with_a_preset_and_what_is_named_comes_before_it() {
        let testbed = Testbed::new();
        for query in ["preset=bright&level=0.25&pitch=30", "level=0.25&pitch=30&preset=bright"] {
            let params = testbed.params(&testbed.create(query).await.id).await;
            let values = json!({
                "level": 0.25, "pitch": 30.0, "brightness": 0.9, "density": 0.1, "shape": "square",
            });
            assert_eq!(params["params"], values, "{query}");
        }
    }

    #[tokio::test]
    async fn random_values_are_drawn_from_the_streams_own_seed() {
        let testbed = Testbed::new();
        let drawn = async |query: &str| {
            let params = testbed.params(&testbed.create(query).await.id).await;
            (params["seed"].clone(), params["params"].clone())
        };
        let (seed, values) = drawn("preset=random").await;
        assert_eq!(drawn(&format!("preset=random&seed={seed}")).await, (seed, values.clone()));
        let (_, other) = drawn("preset=random").await;
        assert_ne!(values, other);
        for values in [values, other] {
            let pitch = values["pitch"].as_f64().unwrap();
            assert!((100.0..=1000.0).contains(&pitch), "in taste: {pitch}");
            let left_alone = (&values["level"], &values["density"]);
            assert_eq!(left_alone, (&json!(0.5), &json!(0.1)));
        }
        let named = drawn("preset=random&pitch=20&level=1").await.1;
        assert_eq!((&named["pitch"], &named["level"]), (&json!(20.0), &json!(1.0)));
        assert_eq!(drawn("preset=random&station=hush").await.1, json!({ "level": 0.5 }));
    }

    #[tokio::test]
    async fn two_calls_alike_make_two_streams() {
        let testbed = Testbed::new();
        let (one, other) = (testbed.create("seed=1").await, testbed.create("seed=1").await);
        assert_ne!(one.id, other.id);
        testbed.get(&format!("/set_param?id={}&level=1", one.id)).await;
        assert_eq!(testbed.params(&one.id).await["params"]["level"], json!(1.0));
        assert_eq!(testbed.params(&other.id).await["params"]["level"], json!(0.5));
    }

    #[tokio::test]
    async fn what_is_wrong_is_named_together_with_what_is_allowed() {
        let testbed = Testbed::new();
        let whole = "a whole number from 0 to 9007199254740991";
        let names = "level, pitch, brightness, density, shape";
        for (query, parameter, wrong, allowed) in [
            ("station=nope", "station", "'nope' is not a station", "tone, hush"),
            ("station=", "station", "'' is not a station", "tone, hush"),
            ("station=a%0Ab", "station", "'a\\nb' is not a station", "tone, hush"),
            ("seed=-1", "seed", "not a seed", whole),
            ("seed=1.5", "seed", "not a seed", whole),
            ("seed=9007199254740992", "seed", "not a seed", whole),
            ("seed=", "seed", "not a seed", whole),
            ("volume=1", "volume", "unknown parameter 'volume'", names),
            ("station=hush&pitch=20", "pitch", "unknown parameter 'pitch'", "level"),
            ("level=1.5", "level", "1.5 is out of range", "0 to 1"),
            ("level=-0.1", "level", "-0.1 is out of range", "0 to 1"),
            ("level=NaN", "level", "not a finite number", "0 to 1"),
            ("level=1e999", "level", "not a finite number", "0 to 1"),
            ("level=-inf", "level", "not a finite number", "0 to 1"),
            ("level=", "level", "the value is empty", "0 to 1"),
            ("level", "level", "the value is empty", "0 to 1"),
            ("level=loud", "level", "'loud' is not a number", "0 to 1"),
            ("pitch=19", "pitch", "19 is out of range", "20 to 2000 Hz"),
            ("shape=2", "shape", "2 is out of range", "sine, square"),
            ("shape=0.5", "shape", "0.5 is not a whole number", "sine, square"),
            ("shape=saw", "shape", "'saw' is not among its labels", "sine, square"),
            ("preset=dark", "preset", "unknown preset 'dark'", "bright, random"),
            ("preset=", "preset", "unknown preset ''", "bright, random"),
            ("preset=RANDOM", "preset", "unknown preset 'RANDOM'", "bright, random"),
            ("station=hush&preset=bright", "preset", "unknown preset 'bright'", "random"),
            ("preset=bright&preset=bright", "preset", "given more than once", "one value"),
            ("preset=bright&pitch=19", "pitch", "19 is out of range", "20 to 2000 Hz"),
            ("preset=bright&ramp=5", "ramp", "unknown parameter 'ramp'", names),
            ("level=0.1&level=0.1", "level", "given more than once", "one value"),
            ("seed=1&seed=2", "seed", "given more than once", "one value"),
        ] {
            let problem = testbed.refusal(&format!("/create_stream?{query}")).await;
            assert_eq!(problem["status"], 400, "{query}");
            assert_eq!(problem["parameter"], parameter, "{query}");
            assert_eq!(problem["allowed"], allowed, "{query}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(wrong), "{query}: {detail}");
            assert!(detail.ends_with(&format!("allowed: {allowed}")), "{query}: {detail}");
        }
    }

    #[tokio::test]
    async fn reserved_names_are_no_parameters() {
        let testbed = Testbed::new();
        for name in RESERVED_NAMES.iter().filter(|name| !["station", "seed"].contains(name)) {
            let problem = testbed.refusal(&format!("/create_stream?{name}=1")).await;
            assert_eq!((&problem["status"], &problem["parameter"]), (&json!(400), &json!(name)));
        }
    }

    #[tokio::test]
    async fn a_query_too_long_or_not_utf8_is_refused() {
        let testbed = Testbed::new();
        let long = format!("/create_stream?x={}", "y".repeat(10 * 1024));
        assert_eq!(testbed.get(&long).await.status, 414);
        assert_eq!(testbed.get("/create_stream?level=%FF").await.status, 400);
        assert_eq!(testbed.get("/create_stream?%C3%28=1").await.status, 400);
    }

    #[tokio::test]
    async fn an_error_repeats_little_of_what_it_is_sent() {
        let testbed = Testbed::new();
        let long = "%01".repeat(2000);
        for query in [format!("{long}=1"), format!("station={long}"), format!("level={long}")] {
            let answer = testbed.get(&format!("/create_stream?{query}")).await;
            assert_eq!(answer.status, 400);
            assert!(answer.text().len() < 500, "{}", answer.text());
        }
        let twice = format!("{}=1&{}=1", "x".repeat(1000), "x".repeat(1000));
        let answer = testbed.get(&format!("/create_stream?{twice}")).await;
        assert!(answer.text().len() < 100, "{}", answer.text());
    }

    #[tokio::test]
    async fn a_form_is_taken_as_a_query_is() {
        let testbed = Testbed::new();
        let made = testbed.post("/create_stream?station=tone", "seed=3&shape=square").await;
        assert_eq!(made.status, 200);
        let params = testbed.params(made.text().trim()).await;
        assert_eq!((&params["seed"], &params["params"]["shape"]), (&json!(3), &json!("square")));
        assert_eq!(testbed.post("/create_stream", "").await.status, 200);
        assert_eq!(testbed.post("/create_stream?seed=1", "seed=1").await.status, 400);
        assert_eq!(testbed.post("/create_stream", "level=%FF").await.status, 400);
        assert_eq!(testbed.post("/create_stream", &"x".repeat(10 * 1024)).await.status, 413);
        let long = format!("/create_stream?{}", "x".repeat(10 * 1024));
        assert_eq!(testbed.post(&long, "seed=1").await.status, 414);
    }

    #[tokio::test]
    async fn who_makes_more_streams_than_it_may_is_told_when_to_try_again() {
        let testbed = Testbed::behind_a_proxy();
        let from = async |address: &str, uri: &str| {
            testbed.get_with(uri, &[JSON, ("x-forwarded-for", address)]).await
        };
        for _ in 0..4 {
            assert_eq!(from("192.0.2.1", "/create_stream").await.status, 200);
        }
        for uri in ["/create_stream", "/create_stream?nonsense"] {
            let refused = from("192.0.2.1", uri).await;
            assert_eq!((refused.status, refused.header("retry-after")), (429, "1"), "{uri}");
            let limit = "more new streams from your address than 1 a second; try again in 1 s";
            assert_eq!(refused.json()["detail"], limit);
        }
        assert_eq!(from("192.0.2.2", "/create_stream").await.status, 200);
        make_it(Duration::from_secs(1));
        assert_eq!(from("192.0.2.1", "/create_stream").await.status, 200);
        let metrics = testbed.get("/metrics").await;
        let counted = "\nperpetuo_rate_limited_total{call=\"create_stream\"} 2\n";
        assert!(metrics.text().contains(counted), "{}", metrics.text());
    }

    #[tokio::test]
    async fn who_cannot_be_told_apart_is_not_limited() {
        let testbed = Testbed::new();
        for _ in 0..10 {
            assert_eq!(testbed.get("/create_stream").await.status, 200);
        }
    }

    #[tokio::test]
    async fn a_body_that_is_no_form_is_refused() {
        let testbed = Testbed::new();
        let json = [("content-type", "application/json")];
        let answer = testbed.ask(Method::POST, "/create_stream", &json, Body::from("{}")).await;
        assert_eq!(answer.status, 415);
        assert!(answer.text().contains("application/x-www-form-urlencoded"), "{}", answer.text());
    }
}
