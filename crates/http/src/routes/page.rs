//! `/`: the player page and what it loads, embedded in the binary.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use crate::{Problem, args::FileName};

/// A file of `web/`, embedded.
macro_rules! asset {
    ($name:literal, $media_type:expr) => {
        ($name, $media_type, include_str!(concat!("../../../../web/", $name)))
    };
}

/// The page loads from here alone; a `blob:` is what Media Source Extensions play.
const POLICY: &str =
    "default-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'";

const INDEX: &str = include_str!("../../../../web/index.html");

/// What lies under `/web/`: name, media type, text.
const ASSETS: &[(&str, &str, &str)] = &[
    asset!("desk.css", "text/css; charset=utf-8"),
    asset!("perpetuo.css", "text/css; charset=utf-8"),
    asset!("icon.svg", "image/svg+xml"),
    asset!("api.js", SCRIPT),
    asset!("backoff.js", SCRIPT),
    asset!("cards.js", SCRIPT),
    asset!("chance.js", SCRIPT),
    asset!("choice.js", SCRIPT),
    asset!("clock.js", SCRIPT),
    asset!("control.js", SCRIPT),
    asset!("controllers.js", SCRIPT),
    asset!("countdown.js", SCRIPT),
    asset!("curve.js", SCRIPT),
    asset!("decode.js", SCRIPT),
    asset!("desk.js", SCRIPT),
    asset!("dial.js", SCRIPT),
    asset!("element.js", SCRIPT),
    asset!("emblem.js", SCRIPT),
    asset!("events.js", SCRIPT),
    asset!("feed.js", SCRIPT),
    asset!("feeder.js", SCRIPT),
    asset!("frames.js", SCRIPT),
    asset!("history.js", SCRIPT),
    asset!("keep.js", SCRIPT),
    asset!("keys.js", SCRIPT),
    asset!("knobs.js", SCRIPT),
    asset!("learn.js", SCRIPT),
    asset!("main.js", SCRIPT),
    asset!("marks.js", SCRIPT),
    asset!("media.js", SCRIPT),
    asset!("midi.js", SCRIPT),
    asset!("mse.js", SCRIPT),
    asset!("output.js", SCRIPT),
    asset!("picture.js", SCRIPT),
    asset!("player.js", SCRIPT),
    asset!("playout.js", SCRIPT),
    asset!("presets.js", SCRIPT),
    asset!("ring.js", SCRIPT),
    asset!("sender.js", SCRIPT),
    asset!("session.js", SCRIPT),
    asset!("share.js", SCRIPT),
    asset!("speaker.js", SCRIPT),
    asset!("string.js", SCRIPT),
    asset!("techniques.js", SCRIPT),
    asset!("timeline.js", SCRIPT),
    asset!("turning.js", SCRIPT),
    asset!("view.js", SCRIPT),
    asset!("wall.js", SCRIPT),
    asset!("wash.js", SCRIPT),
    asset!("webcodecs.js", SCRIPT),
    asset!("words.js", SCRIPT),
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
    FileName(name): FileName,
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

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;
    use crate::routes::testbed::Testbed;

    #[tokio::test]
    async fn the_page_loads_from_here_alone_and_is_asked_for_anew() {
        let page = Testbed::new().get("/").await;
        assert_eq!((page.status, page.text()), (200, INDEX));
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("content-security-policy"), POLICY);
        assert!(POLICY.starts_with("default-src 'self'"));
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-cache");
    }

    #[tokio::test]
    async fn every_file_of_the_page_is_served() {
        let testbed = Testbed::new();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web");
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut names = BTreeSet::new();
        for path in entries.filter(|path| path.is_file() && !path.ends_with("index.html")) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let answer = testbed.get(&format!("/web/{name}")).await;
            assert_eq!(answer.status, 200, "{name}");
            assert!(!answer.body.is_empty(), "{name}");
            let media_type = match path.extension().unwrap().to_str().unwrap() {
                "js" => "text/javascript; charset=utf-8",
                "css" => "text/css; charset=utf-8",
                "svg" => "image/svg+xml",
                other => panic!("{name}: what is the media type of {other}?"),
            };
            assert_eq!(answer.header("content-type"), media_type, "{name}");
            names.insert(name);
        }
        assert_eq!(names.len(), ASSETS.len());
    }

    #[test]
    fn the_page_is_small() {
        let sizes = ASSETS.iter().map(|(.., text)| text.len());
        let size = INDEX.len() + sizes.sum::<usize>();
        assert!(size <= 150_000, "{size} bytes");
    }

    #[tokio::test]
    async fn a_browser_that_has_the_file_is_not_sent_it_again() {
        let testbed = Testbed::new();
        for uri in ["/", "/web/main.js"] {
            let tag = testbed.get(uri).await.header("etag").to_owned();
            let known = testbed.get_with(uri, &[("if-none-match", &tag)]).await;
            assert_eq!((known.status, known.header("etag")), (304, &*tag), "{uri}");
            assert!(known.body.is_empty(), "{uri}");
            let other = testbed.get_with(uri, &[("if-none-match", "\"other\"")]).await;
            assert_eq!(other.status, 200, "{uri}");
        }
    }

    #[tokio::test]
    async fn there_is_nothing_else_under_web() {
        let testbed = Testbed::new();
        for name in ["nothing.js", "..%2FCargo.toml", "index.html", "%FF"] {
            let status = testbed.refusal(&format!("/web/{name}")).await["status"].clone();
            assert!(status == 404 || status == 400, "{name}: {status}");
        }
    }
}
