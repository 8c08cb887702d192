//! What every answer has in common, whatever the route.

use std::time::Duration;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::{Origins, Problem};

/// The methods of every route.
const METHODS: &str = "GET, POST, HEAD, OPTIONS";

/// Gives errors the form that was asked for, and every answer the headers that keep ids secret.
pub(crate) async fn dress(request: Request, next: Next) -> Response {
    let wants_json = wants_json(request.headers());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>()
        && wants_json
    {
        let mut allow = response.headers_mut().remove(header::ALLOW);
        response = problem.into_json();
        allow.take().map(|allow| response.headers_mut().insert(header::ALLOW, allow));
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Whether the client asks for JSON in so many words.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).iter();
    accepted.any(|value| value.to_str().is_ok_and(|value| value.contains("json")))
}

/// Lets pages of other sites call.
pub(crate) fn cors(origins: &Origins) -> CorsLayer {
    let origins = match origins {
        Origins::Any => AllowOrigin::any(),
        Origins::These(list) => AllowOrigin::list(list.iter().cloned()),
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::HEAD])
        .allow_headers(Any)
        .expose_headers(Any)
        .max_age(Duration::from_secs(24 * 3600))
}

/// Says with every answer to `OPTIONS` which methods there are; nothing is started or advanced.
pub(crate) async fn allow_options(request: Request, next: Next) -> Response {
    let is_options = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    if is_options {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(METHODS));
    }
    response
}

/// For a path that leads nowhere.
pub(crate) async fn not_found() -> Problem {
    Problem::new(
        axum::http::StatusCode::NOT_FOUND,
        "no such page; the calls there are: /create_stream, /stream, /set_param, /params, /stations \
         (more in /openapi.json)",
    )
}

/// For a method that no route has.
pub(crate) async fn not_allowed(method: Method) -> Response {
    let detail = format!("{method} is not a method of this call; allowed: {METHODS}");
    let problem = Problem::new(axum::http::StatusCode::METHOD_NOT_ALLOWED, detail);
    let mut response = problem.into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(METHODS));
    response
}
