//! The routes, a file each.

mod create_stream;
mod events;
mod health;
mod listen;
mod metrics;
mod openapi;
mod page;
mod params;
mod preset;
mod recording;
mod set_param;
mod stations;
mod stream;
#[cfg(test)]
pub(crate) mod testbed;
mod view;

use axum::{
    Router,
    handler::Handler,
    routing::{MethodRouter, get},
};

pub(crate) use set_param::Change;

use crate::{App, answer};

/// Every path that is answered.
pub(crate) fn all() -> Router<App> {
    Router::new()
        .route("/", call(page::index))
        .route("/web/{name}", call(page::asset))
        .route("/create_stream", call(create_stream::create_stream))
        .route("/stream", call(stream::stream))
        .route("/stream/{file}", call(stream::stream_file))
        .route("/recording", call(recording::recording))
        .route("/set_param", call(set_param::set_param).head(answer::not_allowed))
        .route("/params", call(params::params))
        .route("/events", call(events::events))
        .route("/stations", call(stations::stations))
        .route("/listen/{file}", call(listen::listen))
        .route("/health/live", call(health::live))
        .route("/health/ready", call(health::ready))
        .route("/metrics", call(metrics::metrics))
        .route("/openapi.json", call(openapi::openapi))
        .fallback(answer::not_found)
        .method_not_allowed_fallback(answer::not_allowed)
}

/// Answers GET and POST alike.
fn call<H, T>(handler: H) -> MethodRouter<App>
where
    H: Handler<T, App>,
    T: 'static,
{
    get(handler.clone()).post(handler)
}
