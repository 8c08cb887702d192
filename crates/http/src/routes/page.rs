//! `/`: the player page and what it loads, embedded in the binary.

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use crate::Problem;

/// A file of `web/`, embedded.
macro_rules! asset {
    ($name:literal, $media_type:expr) => {
        ($name, $media_type, include_str!(concat!("../../../../web/", $name)))
    };
}

/// The page loads from here alone.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'none'";

const INDEX: &str = include_str!("../../../../web/index.html");

/// What lies under `/web/`: name, media type, text.
const ASSETS: &[(&str, &str, &str)] = &[
    asset!("perpetuo.css", "text/css; charset=utf-8"),
    asset!("icon.svg", "image/svg+xml"),
    asset!("main.js", SCRIPT),
    asset!("api.js", SCRIPT),
    asset!("curve.js", SCRIPT),
    asset!("knobs.js", SCRIPT),
    asset!("player.js", SCRIPT),
    asset!("sender.js", SCRIPT),
];

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The page.
pub(crate) async fn index(headers: HeaderMap) -> Response {
    let mut response = file(&headers, "text/html; charset=utf-8", INDEX);
    let policy = HeaderValue::from_static(POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// What the page loads.
pub(crate) async fn asset(
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asset = ASSETS.iter().find(|(of, ..)| *of == name);
    let (_, media_type, text) =
        asset.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "no such file"))?;
    Ok(file(&headers, media_type, text))
}

/// A file that a browser may keep, but asks for anew each time: a new binary, a new page.
fn file(headers: &HeaderMap, media_type: &'static str, text: &'static str) -> Response {
    let digest = Sha256::digest(text);
    let tag = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let tag = format!("\"{tag}\"");
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == *tag);
    let kept = [(header::CACHE_CONTROL, "no-cache".to_owned()), (header::ETAG, tag)];
    if is_known {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(header::CONTENT_TYPE, media_type)], text).into_response()
}
