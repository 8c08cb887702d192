//! `/events`: what happens in a stream, as Server-Sent Events.
//!
//! ```text
//! id: CHRONICLE-NUMBER
//! event: stream | param | note | listeners | ending
//! data: {"position": seconds since the stream's beginning, ...}
//! ```
//!
//! Source: WHATWG, *HTML Living Standard*, 9.2. Events are told when they are rendered, a listener's lead
//! before they are heard; `position` says when.

use std::{fmt::Write, time::Duration};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::Response,
};
use bytes::Bytes;
use futures_util::{FutureExt, Stream, stream};
use perpetuo_driver::{Entry, Follower, Mark, What};
use perpetuo_station::{Setting, StationSpec};
use serde_json::{Map, Value, json};

use super::{stream::ACCEL_BUFFERING, view};
use crate::{App, Problem, args::Args};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// How long a client waits before it follows again.
const RETRY: &str = "retry: 1000\n\n";

/// What is said when nothing happens, so that proxies and clients know that someone is there.
const STILL_HERE: &str = ":\n\n";

const STILL_HERE_EVERY: Duration = Duration::from_secs(15);

/// `/events?id=ID`, with `Last-Event-ID` from where it was left.
pub(crate) async fn events(
    State(app): State<App>,
    method: Method,
    headers: HeaderMap,
    mut args: Args,
) -> Result<Response, Problem> {
    let id = args.take_id()?;
    args.finish("id")?;
    let pass = app.ids.open(&id, &app.catalogue, (app.clock)())?;
    let teller =
        Teller { spec: pass.origin.spec.clone(), sample_rate_hz: app.driver.sample_rate_hz() };
    let body = match method {
        Method::HEAD => {
            app.driver.describe(pass.origin).await?;
            Body::empty()
        }
        _ => {
            let follower = app.driver.follow(pass.origin, mark(&headers)).await?;
            Body::from_stream(told(follower, teller))
        }
    };
    let mut response = Response::new(body);
    let text = HeaderValue::from_static;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, text("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, text("no-store, no-transform"));
    headers.insert(ACCEL_BUFFERING, text("no"));
    Ok(response)
}

/// Where a client left off, if it says so in our words.
fn mark(headers: &HeaderMap) -> Option<Mark> {
    let (chronicle, number) = headers.get(LAST_EVENT_ID)?.to_str().ok()?.split_once('-')?;
    Some(Mark { chronicle: u64::from_str_radix(chronicle, 16).ok()?, number: number.parse().ok()? })
}

/// All that a follower is told, as text.
fn told(
    mut follower: Follower,
    teller: Teller,
) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
    let mut text = RETRY.to_owned();
    if let Some(Some(past)) = follower.next().now_or_never() {
        teller.write(&past, follower.chronicle(), &mut text);
    }
    let first = stream::iter([Ok(Bytes::from(text))]);
    let rest = stream::unfold((follower, teller), async |(mut follower, teller)| {
        let text = match tokio::time::timeout(STILL_HERE_EVERY, follower.next()).await {
            Ok(batch) => {
                let mut text = String::new();
                teller.write(&batch?, follower.chronicle(), &mut text);
                text.into()
            }
            Err(_) => Bytes::from_static(STILL_HERE.as_bytes()),
        };
        Some((Ok(text), (follower, teller)))
    });
    stream::StreamExt::chain(first, rest)
}

/// Puts entries into words.
struct Teller {
    spec: std::sync::Arc<StationSpec>,
    sample_rate_hz: u32,
}

impl Teller {
    fn write(&self, entries: &[Entry], chronicle: u64, text: &mut String) {
        for entry in entries {
            let (kind, mut data) = self.describe(&entry.what);
            let position = view::seconds(entry.position.seconds(self.sample_rate_hz));
            data.insert("position".to_owned(), position);
            let (number, data) = (entry.number, Value::from(data));
            // Writing to a string does not fail.
            let _ = write!(text, "id: {chronicle:x}-{number}\nevent: {kind}\ndata: {data}\n\n");
        }
    }

    fn describe(&self, what: &What) -> (&'static str, Map<String, Value>) {
        let (kind, data) = match what {
            What::Stands(state) => (
                "stream",
                json!({
                    "playing": state.is_playing,
                    "now": view::now(state.title),
                    "listeners": state.listeners,
                    "params": view::values(&self.spec, &state.values),
                }),
            ),
            What::Set(settings) => ("param", self.settings(settings)),
            What::Note(note) => (
                "note",
                json!({
                    "part": note.part,
                    "pitch": note.pitch.map(view::hundredths),
                    "velocity": view::hundredths(note.velocity),
                    "pan": view::hundredths(note.pan),
                }),
            ),
            What::Listeners(listeners) => ("listeners", json!({ "listeners": listeners })),
            What::Ending(within) => {
                ("ending", json!({ "within": view::seconds(within.as_secs_f64()) }))
            }
        };
        match data {
            Value::Object(data) => (kind, data),
            _ => (kind, Map::new()),
        }
    }

    fn settings(&self, settings: &[Setting]) -> Value {
        let mut data = json!({ "params": view::settings(&self.spec, settings) });
        let ramp = settings.first().map_or(Duration::ZERO, |setting| setting.ramp().duration());
        if !ramp.is_zero() {
            data["ramp"] = view::seconds(ramp.as_secs_f64());
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::testbed::{Testbed, piece, read};

    /// An event as a client has it.
    #[derive(Debug, PartialEq)]
    struct Event {
        id: String,
        kind: String,
        data: Value,
    }

    /// What a client makes of the text.
    fn events_in(text: &str) -> Vec<Event> {
        let event = |block: &str| {
            let field = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap_or_else(|| panic!("no {name} in {block}")).to_owned()
            };
            Event {
                id: field("id: "),
                kind: field("event: "),
                data: serde_json::from_str(&field("data: ")).unwrap(),
            }
        };
        text.split("\n\n").filter(|block| block.contains("data: ")).map(event).collect()
    }

    struct Ear {
        body: Body,
        heard: Vec<Event>,
    }

    impl Ear {
        async fn open(testbed: &Testbed, id: &str, last: &str) -> Self {
            let uri = format!("/events?id={id}");
            let headers = [("last-event-id", last)];
            let headers = if last.is_empty() { &[][..] } else { &headers };
            let response = testbed.open(Method::GET, &uri, headers, Body::empty()).await;
            assert_eq!(response.status(), 200);
            Self { body: response.into_body(), heard: Vec::new() }
        }

        /// The next event of a kind.
        async fn next(&mut self, kind: &str) -> Event {
            loop {
                let at = self.heard.iter().position(|event| event.kind == kind);
                if let Some(at) = at {
                    return self.heard.drain(..=at).next_back().unwrap();
                }
                let text = piece(&mut self.body).await.expect("it goes on");
                self.heard.extend(events_in(std::str::from_utf8(&text).unwrap()));
            }
        }
    }

    #[tokio::test]
    async fn who_follows_is_told_how_the_stream_stands_and_what_is_set_by_anyone() {
        let testbed = Testbed::new();
        let ids = testbed.create("").await;
        let mut ear = Ear::open(&testbed, &ids.listen_id, "").await;
        let stands = ear.next("stream").await;
        let params = testbed.params(&ids.id).await["params"].clone();
        let expected = json!({
            "position": 0.0, "playing": false, "now": null, "listeners": 0, "params": params,
        });
        assert_eq!(stands.data, expected);
        let uri = format!("/set_param?id={}&level=0.25&shape=square&ramp=2", ids.id);
        let set = testbed.get(&uri).await.json();
        let param = ear.next("param").await;
        assert_eq!(param.data["params"], set["params"]);
        assert_eq!(param.data["position"], set["position"]);
        assert_eq!(param.data["ramp"], 2.0);
        // It did not play for that.
        assert_eq!(testbed.params(&ids.id).await["playing"], false);
    }

    #[tokio::test]
    async fn notes_listeners_and_what_it_is_doing_are_told_while_it_plays() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let mut ear = Ear::open(&testbed, &id, "").await;
        ear.next("stream").await;
        let uri = format!("/stream?id={id}");
        let mut body = testbed.open(Method::GET, &uri, &[], Body::empty()).await.into_body();
        let stands = ear.next("stream").await.data;
        assert_eq!((&stands["playing"], &stands["listeners"]), (&json!(true), &json!(1)));
        let note = ear.next("note").await.data;
        let expected = json!({
            "position": 0.0, "part": "tone", "pitch": 69.0, "velocity": 0.5, "pan": -0.25,
        });
        assert_eq!(note, expected);
        assert_eq!(ear.next("stream").await.data["now"], "Steady, D lydian");
        read(&mut body, 1000).await;
        let mut other = testbed.open(Method::GET, &uri, &[], Body::empty()).await.into_body();
        read(&mut other, 1000).await;
        assert_eq!(ear.next("listeners").await.data["listeners"], 2);
    }

    #[tokio::test]
    async fn who_comes_back_is_told_what_was_missed_and_nothing_twice() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let set = async |level: &str| {
            testbed.get(&format!("/set_param?id={id}&level={level}")).await;
        };
        let mut ear = Ear::open(&testbed, &id, "").await;
        ear.next("stream").await;
        set("0.25").await;
        let last = ear.next("param").await.id;
        drop(ear);
        set("0.5").await;
        set("0.75").await;
        let mut ear = Ear::open(&testbed, &id, &last).await;
        for level in [0.5, 0.75] {
            assert_eq!(ear.next("param").await.data["params"]["level"], level);
        }
        assert!(ear.heard.is_empty());
        // A mark that is not known is no mark.
        for stranger in ["0-1", "nonsense", "-", "1-x"] {
            let mut ear = Ear::open(&testbed, &id, stranger).await;
            assert_eq!(ear.next("stream").await.data["params"]["level"], 0.75, "{stranger}");
        }
    }

    #[tokio::test]
    async fn who_follows_is_told_that_the_program_ends_and_what_happens_until_it_does() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let mut ear = Ear::open(&testbed, &id, "").await;
        ear.next("stream").await;
        let uri = format!("/stream?id={id}");
        let mut body = testbed.open(Method::GET, &uri, &[], Body::empty()).await.into_body();
        read(&mut body, 1000).await;
        testbed.drain(Duration::from_millis(2500)).await;
        let ending = ear.next("ending").await.data;
        assert_eq!(ending["within"], 2.5);
        assert!(ending["position"].is_number());
        let set = testbed.get(&format!("/set_param?id={id}&level=0.25")).await;
        assert_eq!(set.status, 200);
        assert_eq!(ear.next("param").await.data["params"]["level"], 0.25);
        for uri in [uri, "/create_stream".to_owned()] {
            let refused = testbed.get(&uri).await;
            assert_eq!((refused.status, refused.header("retry-after")), (503, "3"), "{uri}");
        }
    }

    #[tokio::test]
    async fn following_ends_with_the_program() {
        let mut testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let mut ear = Ear::open(&testbed, &id, "").await;
        ear.next("stream").await;
        testbed.shut_down();
        assert_eq!(piece(&mut ear.body).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_broken_by_a_comment() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let mut ear = Ear::open(&testbed, &id, "").await;
        ear.next("stream").await;
        assert_eq!(piece(&mut ear.body).await.unwrap(), STILL_HERE);
    }
}
