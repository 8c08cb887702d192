//! `/recording`: what was heard of a stream, as a file.

mod body;
mod moment;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use perpetuo_driver::{Origin, Recording};
use perpetuo_engine::{Encoding, Position};

use super::stream::{ACCEL_BUFFERING, POSITION, take_encoding};
use crate::{App, Problem, args::Args};
use body::Pieces;
use moment::{Moment, file_time};

const NAMES: &str = "id, from, to, format, bitrate";

/// `/recording?id=ID&from=-600&to=-0[&format=][&bitrate=]`
pub(crate) async fn recording(
    State(app): State<App>,
    method: Method,
    mut args: Args,
) -> Result<Response, Problem> {
    let id = args.take_id()?;
    let from = Moment::parse("from", args.take("from"))?;
    let to = Moment::parse("to", args.take("to"))?;
    let encoding = take_encoding(&mut args)?;
    args.finish(NAMES)?;
    let origin = app.ids.open(&id, &app.catalogue, (app.clock)())?.origin;
    let rate = app.driver.sample_rate_hz();
    let mut is_backward = false;
    let recording = app
        .driver
        .recording(origin.clone(), encoding, |live| {
            let (from, to) = (from.samples(live, rate), to.samples(live, rate));
            is_backward = from >= to;
            position(from)..position(to)
        })
        .await?;
    if is_backward {
        return Err(Problem::parameter("from", "not before `to`", "an earlier time than `to`"));
    }
    if recording.is_empty() {
        return Err(not_kept(&app, origin).await?);
    }
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = headers(&app, origin.spec.name, encoding, &recording);
    if method != Method::HEAD {
        let len = recording.len();
        *response.body_mut() = Body::new(Pieces::new(recording.render().await?, len));
    }
    Ok(response)
}

/// Nothing is before the beginning.
fn position(samples: i64) -> Position {
    Position::new(u64::try_from(samples).unwrap_or(0))
}

/// Says what there is instead.
async fn not_kept(app: &App, origin: Origin) -> Result<Problem, Problem> {
    let all = app.driver.recording(origin, Encoding::Wav, |live| Position::START..live).await?;
    let seconds = |position: Position| position.seconds(app.driver.sample_rate_hz());
    let (from, to) = (seconds(all.span().start), seconds(all.span().end));
    let kept = match all.is_empty() {
        true => "nothing".to_owned(),
        false => format!("{from:.1} to {to:.1} s"),
    };
    let detail = format!("nothing of that time is kept of this stream; kept: {kept}");
    Ok(Problem::new(StatusCode::NOT_FOUND, detail))
}

fn headers(app: &App, station: &str, encoding: Encoding, recording: &Recording) -> HeaderMap {
    let text = HeaderValue::from_static;
    let made = |text: String| HeaderValue::from_str(&text).ok();
    let time = file_time((app.clock)());
    let name = format!("perpetuo-{station}-{time}.{}", encoding.format());
    let position = recording.span().start.seconds(app.driver.sample_rate_hz());
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, text(encoding.media_type()));
    headers.insert(header::CONTENT_LENGTH, recording.len().into());
    headers.insert(header::ACCEPT_RANGES, text("none"));
    headers.insert(header::CACHE_CONTROL, text("no-store, no-transform"));
    headers.insert(ACCEL_BUFFERING, text("no"));
    headers.extend(made(position.to_string()).map(|position| (POSITION, position)));
    let disposition = made(format!("attachment; filename=\"{name}\""));
    headers.extend(disposition.map(|disposition| (header::CONTENT_DISPOSITION, disposition)));
    headers
}

#[cfg(test)]
mod tests;
