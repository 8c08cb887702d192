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
