//! `/health/live`, `/health/ready`: for whoever watches over the process.

use axum::{extract::State, http::StatusCode};

use crate::{App, Problem};

/// The process answers.
pub(crate) async fn live() -> &'static str {
    "alive\n"
}

/// New streams are welcome.
pub(crate) async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    if *app.is_ending.borrow() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server is shutting down"));
    }
    Ok("ready\n")
}
