//! `/create_stream`: a new stream's id.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use perpetuo_station::{Catalogue, StationSpec, Values};
use serde_json::{Value, json};

use super::view;
use crate::{
    App, Problem,
    answer::wants_json,
    args::Args,
    id::{MAX_SEED, NewIds},
};

/// Makes the ids of a new stream of `station`, beginning with the values given. Nothing is kept: the
/// stream begins when someone listens or turns a knob.
pub(crate) async fn create_stream(
    State(app): State<App>,
    headers: HeaderMap,
    mut args: Args,
) -> Result<Response, Problem> {
    let spec = station(&app.catalogue, args.take("station"))?;
    let seed = match args.take("seed") {
        Some(text) => parse_seed(&text)?,
        None => u64::from_le_bytes(draw()?) & MAX_SEED,
    };
    let mut values = spec.defaults();
    for (name, text) in args.rest() {
        values.apply(spec.setting(&name, &text)?);
    }
    let ids = app.ids.make(spec, seed, &values, draw()?, (app.clock)());
    if wants_json(&headers) {
        Ok(Json(describe(spec, seed, &values, &ids, &view::base_url(&headers))).into_response())
    } else {
        Ok(format!("{}\n", ids.turn).into_response())
    }
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

fn parse_seed(text: &str) -> Result<u64, Problem> {
    let seed = text.parse().ok().filter(|seed| *seed <= MAX_SEED);
    seed.ok_or_else(|| {
        let allowed = format!("a whole number from 0 to {MAX_SEED}");
        Problem::parameter("seed", "not a seed", allowed)
    })
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

fn draw<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => {
            tracing::error!(%error, "no random numbers");
            let detail = "no random numbers at the moment";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail))
        }
    }
}
