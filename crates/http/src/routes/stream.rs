//! `/stream`: an endless body, of which only the head is sent here.
//!
//! Every GET is answered 200 and ended by closing the connection alone: no length, which would be a
//! lie, and no chunked coding, which old radios and recorders cannot read. A response of HTTP/1.0 is
//! exactly that, and plays in every client measured. HEAD, OPTIONS and a probe for the first bytes are
//! answered without the stream noticing. A range that begins later is answered like any GET: players
//! that lost their connection ask for one, and should land at the live edge.

mod body;
mod icy;

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header},
    response::Response,
};
use perpetuo_driver::Interleave;
use perpetuo_engine::{BitrateKbps, Encoding, Lead};
use perpetuo_station::StationSpec;

use crate::{
    App, Problem,
    args::{Args, FileName},
    id::Pass,
    takeover::{Departure, Takeover},
};
use body::Unsent;
use icy::Icy;

pub(super) const POSITION: HeaderName = HeaderName::from_static("perpetuo-position");
pub(super) const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What is asked for besides the id.
struct Ask {
    encoding: Encoding,
    lead: Lead,
}

/// `/stream?id=ID[&format=][&bitrate=][&lead=]`
pub(crate) async fn stream(
    State(app): State<App>,
    Extension(takeover): Extension<Takeover>,
    method: Method,
    headers: HeaderMap,
    mut args: Args,
) -> Result<Response, Problem> {
    let id = args.take_id()?;
    let ask = Ask::read(args, "id, format, bitrate, lead", &headers)?;
    serve(&app, &takeover, (&id, ask), &method, &headers).await
}

/// `/stream/ID.mp3`, for clients that go by the end of the name; also `.wav`.
pub(crate) async fn stream_file(
    State(app): State<App>,
    Extension(takeover): Extension<Takeover>,
    FileName(file): FileName,
    method: Method,
    headers: HeaderMap,
    mut args: Args,
) -> Result<Response, Problem> {
    let (id, format) = match file.rsplit_once('.') {
        Some((id, format)) => (id, Some(format)),
        None => (file.as_str(), None),
    };
    if let Some(format) = format {
        args.state("format", format)?;
    }
    let ask = Ask::read(args, "format, bitrate, lead", &headers)?;
    serve(&app, &takeover, (id, ask), &method, &headers).await
}

async fn serve(
    app: &App,
    takeover: &Takeover,
    (id, ask): (&str, Ask),
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let pass = app.ids.open(id, &app.catalogue, (app.clock)())?;
    let rate = app.driver.sample_rate_hz();
    let spec = pass.origin.spec.clone();
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = stream_headers(&spec, ask.encoding, rate);
    if let Some(last) = probed(headers) {
        probe(app, pass, ask.encoding, last, &mut response).await?;
        return Ok(response);
    }
    *response.version_mut() = Version::HTTP_10;
    *response.body_mut() = Body::new(Unsent);
    if method == Method::HEAD {
        app.driver.describe(pass.origin).await?;
        return Ok(response);
    }
    let seat = app.driver.listen(pass.origin, ask.encoding, ask.lead).await?;
    let seconds = seat.start().seconds(rate).to_string();
    if let Ok(position) = HeaderValue::from_str(&seconds) {
        response.headers_mut().insert(POSITION, position);
    }
    let mut between: Option<Box<dyn Interleave>> = None;
    if wants_titles(headers) {
        let interval = HeaderValue::from(Icy::INTERVAL);
        response.headers_mut().insert(HeaderName::from_static("icy-metaint"), interval);
        between = Some(Box::new(Icy::new(spec.title)));
    }
    takeover.announce(Departure { seat, preamble: ask.encoding.preamble(rate), between });
    Ok(response)
}

impl Ask {
    fn read(mut args: Args, names: &str, headers: &HeaderMap) -> Result<Self, Problem> {
        let encoding = take_encoding(&mut args)?;
        let lead = match args.take("lead") {
            Some(text) => Lead::from_seconds(text.parse().unwrap_or(f64::NAN))?,
            None => default_lead(encoding, headers)?,
        };
        args.finish(names)?;
        Ok(Self { encoding, lead })
    }
}

/// `format` and `bitrate`.
pub(super) fn take_encoding(args: &mut Args) -> Result<Encoding, Problem> {
    let bitrate = args.take("bitrate");
    match args.take("format").as_deref() {
        None | Some("mp3") => Ok(Encoding::Mp3(match bitrate {
            Some(text) => BitrateKbps::new(text.parse().unwrap_or(0))?,
            None => BitrateKbps::DEFAULT,
        })),
        Some("wav") if bitrate.is_none() => Ok(Encoding::Wav),
        Some("wav") => Err(Problem::parameter("bitrate", "of wav", "none with wav")),
        Some(_) => Err(Problem::parameter("format", "unknown", "mp3, wav")),
    }
}

/// What a client needs to start at once and never to run dry, if it does not say.
///
/// Players: 1.25 s. A browser's media element starts when it has a block of 32 KiB, from 224 kbit/s on
/// two blocks, and a fifth of a second: it is given 40,000 or 75,000 bytes, and at 192 kbit/s, which
/// fits best, 1.4 s. Measured with Chromium 156 and Firefox 153, 2026-11.
fn default_lead(encoding: Encoding, headers: &HeaderMap) -> Result<Lead, Problem> {
    let is_media_element = headers.get("sec-fetch-dest").is_some_and(|dest| dest == "audio");
    let seconds = match encoding {
        Encoding::Mp3(bitrate) if is_media_element => match f64::from(bitrate.kbps()) {
            192.0 => 1.4,
            kbps if kbps < 192.0 => (320.0 / kbps).min(Lead::MAX.as_secs_f64()),
            kbps => 600.0 / kbps,
        },
        _ => 1.25,
    };
    Ok(Lead::from_seconds(seconds)?)
}

fn stream_headers(spec: &StationSpec, encoding: Encoding, sample_rate_hz: u32) -> HeaderMap {
    let text = HeaderValue::from_static;
    let icy = HeaderName::from_static;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, text(encoding.media_type()));
    headers.insert(header::ACCEPT_RANGES, text("none"));
    headers.insert(header::CACHE_CONTROL, text("no-store, no-transform"));
    headers.insert(ACCEL_BUFFERING, text("no"));
    headers.insert(icy("icy-name"), words(&format!("Perpetuo - {}", spec.title)));
    headers.insert(icy("icy-description"), words(spec.about));
    headers.insert(icy("icy-br"), encoding.kbps(sample_rate_hz).into());
    headers.insert(icy("icy-pub"), text("0"));
    headers
}

/// What a station says of itself, in UTF-8; a line break would not pass.
fn words(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("Perpetuo"))
}

fn wants_titles(headers: &HeaderMap) -> bool {
    headers.get("icy-metadata").is_some_and(|value| value == "1")
}

/// The last byte of a probe, `Range: bytes=0-1` or alike: a few bytes from the first on.
fn probed(headers: &HeaderMap) -> Option<usize> {
    let range = headers.get(header::RANGE)?.to_str().ok()?;
    let last: usize = range.strip_prefix("bytes=0-")?.parse().ok()?;
    (last < 4).then_some(last)
}

/// Answers a probe with the bytes that any response in this encoding begins with.
async fn probe(
    app: &App,
    pass: Pass,
    encoding: Encoding,
    last: usize,
    response: &mut Response,
) -> Result<(), Problem> {
    app.driver.describe(pass.origin).await?;
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let range = HeaderValue::from_str(&format!("bytes 0-{last}/*"));
    if let Ok(range) = range {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    let first = encoding.first_bytes(app.driver.sample_rate_hz());
    *response.body_mut() = Body::from(first[..=last].to_vec());
    Ok(())
}

#[cfg(test)]
mod tests;
