//! What every answer has in common, whatever the route.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::{App, Origins, Phase, Problem};

/// Gives errors the form that was asked for.
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

/// Gives every answer the headers that keep ids secret, and answers to `OPTIONS`, by which nothing is
/// started or advanced, the methods there are.
pub(crate) async fn seal(request: Request, next: Next) -> Response {
    let allow = (request.method() == Method::OPTIONS).then(|| methods(request.uri()));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(allow) = allow {
        headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    response
}

/// While the server ends, asks those who are refused to come back when the next one is there. They were ended one
/// by one, and what is left is rounded up to seconds: so they come back one by one.
pub(crate) async fn put_off(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let left = match *app.phase.borrow() {
        Phase::Serving => return response,
        Phase::Draining { until } => until.duration_since((app.clock)()).unwrap_or_default(),
        Phase::Ending => Duration::ZERO,
    };
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, (left.as_secs() + 1).into());
    }
    response
}

/// For a path that leads nowhere.
pub(crate) async fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no such page; the calls there are: /create_stream, /stream, /set_param, /params, /stations \
         (more in /openapi.json)",
    )
}

/// For a method that the route has not.
pub(crate) async fn not_allowed(method: Method, uri: Uri) -> Response {
    let allow = methods(&uri);
    let detail = format!("{method} is not a method of this call; allowed: {allow}");
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail);
    let mut response = problem.into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

/// The methods of a route. HEAD promises to change nothing, so that the call that does has none.
fn methods(uri: &Uri) -> &'static str {
    match uri.path() {
        "/set_param" => "GET, POST, OPTIONS",
        _ => "GET, POST, HEAD, OPTIONS",
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;
    use crate::routes::testbed::{Answer, Testbed};

    const HTTPS: HeaderValue = HeaderValue::from_static("https://example.org");

    async fn ask(testbed: &Testbed, method: Method, uri: &str, accept: &str) -> Answer {
        let headers = [("accept", accept), ("origin", "https://example.org")];
        testbed.ask(method, uri, &headers, Body::empty()).await
    }

    #[tokio::test]
    async fn an_error_is_one_plain_line_unless_json_is_asked_for() {
        let testbed = Testbed::new();
        for uri in ["/nowhere", "/stream", "/params?id=x", "/create_stream?level=2"] {
            let line = ask(&testbed, Method::GET, uri, "*/*").await;
            assert_eq!(line.header("content-type"), "text/plain; charset=utf-8", "{uri}");
            assert_eq!(line.text().lines().count(), 1, "{uri}");
            let object = ask(&testbed, Method::GET, uri, "text/html, application/json").await;
            assert_eq!(object.header("content-type"), "application/problem+json", "{uri}");
            assert_eq!(object.status, line.status, "{uri}");
            let problem = object.json();
            assert_eq!(problem["status"], line.status, "{uri}");
            assert_eq!(problem["detail"], line.text().trim_end(), "{uri}");
            let status = StatusCode::from_u16(line.status).unwrap();
            assert_eq!(problem["title"], status.canonical_reason().unwrap(), "{uri}");
        }
    }

    #[tokio::test]
    async fn a_path_that_leads_nowhere_is_told_where_to_go() {
        let testbed = Testbed::new();
        for uri in ["/nowhere", "/stream/", "/stream/a/b", "/listen", "/web", "//", "/stations/"] {
            let answer = ask(&testbed, Method::GET, uri, "*/*").await;
            assert_eq!(answer.status, 404, "{uri}");
            assert!(answer.text().contains("/create_stream"), "{uri}");
        }
    }

    #[tokio::test]
    async fn every_answer_keeps_ids_secret_and_may_be_read_by_any_site() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let stream = format!("/stream?id={id}");
        let wav = format!("/stream/{id}.wav");
        for uri in ["/", "/web/main.js", "/create_stream", "/stations", "/health/live", "/metrics"]
            .into_iter()
            .chain(["/nowhere", "/stream", "/openapi.json", "/params?id=x", &stream, &wav])
        {
            for method in [Method::GET, Method::POST, Method::HEAD, Method::OPTIONS, Method::DELETE]
            {
                for accept in ["*/*", "application/json"] {
                    let answer = ask(&testbed, method.clone(), uri, accept).await;
                    let about = format!("{method} {uri}");
                    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{about}");
                    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{about}");
                    assert_eq!(answer.header("access-control-allow-origin"), "*", "{about}");
                    let kept = answer.header("cache-control");
                    let is_file = uri == "/" || uri.starts_with("/web/");
                    let expected = if is_file { "no-" } else { "no-store" };
                    assert!(kept.starts_with(expected), "{about}: {kept}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_preflight_is_told_what_pages_may_ask() {
        let testbed = Testbed::new();
        let headers = [
            ("origin", "https://example.org"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "icy-metadata"),
        ];
        let answer = testbed.ask(Method::OPTIONS, "/stream", &headers, Body::empty()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-methods"), "GET,POST,HEAD");
        assert_eq!(answer.header("access-control-allow-headers"), "*");
        assert_eq!(answer.header("allow"), "GET, POST, HEAD, OPTIONS");
    }

    #[tokio::test]
    async fn where_the_operator_names_sites_no_other_may_read() {
        let testbed = Testbed::open_to(&Origins::These(vec![HTTPS]));
        for (origin, allowed) in [("https://example.org", "https://example.org"), ("https://x", "")]
        {
            for uri in ["/stations", "/nowhere"] {
                let headers = [("origin", origin), ("accept", "application/json")];
                let answer = testbed.get_with(uri, &headers).await;
                assert_eq!(answer.header("access-control-allow-origin"), allowed, "{origin}");
                assert!(answer.header("vary").contains("origin"), "{origin}");
            }
        }
    }

    #[tokio::test]
    async fn a_method_that_there_is_not_is_told_those_there_are() {
        let testbed = Testbed::new();
        for (uri, allow) in [
            ("/create_stream", "GET, POST, HEAD, OPTIONS"),
            ("/stream/x.mp3", "GET, POST, HEAD, OPTIONS"),
            ("/set_param", "GET, POST, OPTIONS"),
        ] {
            for accept in ["*/*", "application/json"] {
                let refused = ask(&testbed, Method::DELETE, uri, accept).await;
                assert_eq!((refused.status, refused.header("allow")), (405, allow), "{uri}");
                assert!(refused.text().contains(allow), "{uri}: {}", refused.text());
                let options = ask(&testbed, Method::OPTIONS, uri, accept).await;
                assert_eq!((options.status, options.header("allow")), (200, allow), "{uri}");
            }
        }
    }
}
