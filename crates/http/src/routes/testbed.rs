//! A whole server without a socket, for the tests at the foot of each route.

use std::{
    cell::Cell,
    convert::Infallible,
    net::Ipv4Addr,
    num::NonZeroU32,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant, SystemTime},
};

use axum::{
    Extension, Router,
    body::Body,
    http::{HeaderMap, Method, Request, Version, header},
    response::Response,
};
use bytes::Bytes;
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use perpetuo_driver::{Ceilings, Config, Driver, Nowhere};
use perpetuo_engine::StreamConfig;
use perpetuo_station::{
    Applies, Catalogue, Note, ParamSpec, Preset, ResumeError, Setting, Snapshot, Station,
    StationSpec, Title,
};
use prometheus_client::registry::Registry;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, ReadBuf},
    net::UnixStream,
    sync::watch,
};
use tower::ServiceExt;

use crate::{
    App, Ids, Key, Origins, Phase, Quotas, Rates, quota::Peer, router, takeover::Takeover,
};

/// A server with two stations: `tone` has a parameter of every kind, `hush` the one that all have.
pub(crate) struct Testbed {
    pub(crate) router: Router,
    pub(crate) app: App,
    driver: Option<Driver>,
    phase: watch::Sender<Phase>,
}

/// An answer that has arrived; of an endless body the first piece.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The two ids of a stream.
pub(crate) struct TwoIds {
    pub(crate) id: String,
    pub(crate) listen_id: String,
}

/// How long an id may begin a stream.
pub(crate) const TIME_TO_LIVE: Duration = Duration::from_secs(24 * 3600);

thread_local! {
    /// How much later than at the test's beginning it is; each test has its own thread.
    static LATER: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static BEGINNING: Instant = Instant::now();
}

/// Makes it `later` than at the test's beginning, for ids and quotas.
pub(crate) fn make_it(later: Duration) {
    LATER.set(later);
}

/// What time it is for quotas.
pub(crate) fn now() -> Instant {
    BEGINNING.with(|beginning| *beginning + LATER.get())
}

impl Testbed {
    pub(crate) fn new() -> Self {
        Self::open_to(&Origins::Any)
    }

    pub(crate) fn open_to(origins: &Origins) -> Self {
        make_it(Duration::ZERO);
        let stream = StreamConfig {
            sample_rate_hz: 44_100,
            frozen_for: Duration::from_secs(60),
            time_to_live: TIME_TO_LIVE,
        };
        let (ceilings, grace) = (Ceilings::default(), Duration::from_secs(2));
        let driver =
            Driver::start(Config { threads: 1, stream, ceilings, grace }, Arc::new(Nowhere))
                .unwrap();
        let mut registry = Registry::with_prefix("perpetuo");
        driver.handle().metrics().register(&mut registry);
        let rates = Rates { creates: NonZeroU32::new(1), sets: NonZeroU32::new(2) };
        let quotas = Quotas::new(rates, now);
        quotas.register(&mut registry);
        let (phase, is_in) = watch::channel(Phase::Serving);
        let app = App {
            driver: driver.handle(),
            catalogue: Catalogue::new([TONE, HUSH]).unwrap(),
            ids: Ids::new(Key::from_hex(&"5a".repeat(32)).unwrap(), TIME_TO_LIVE),
            registry: Arc::new(registry),
            clock: || SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + LATER.get(),
            quotas: Arc::new(quotas),
            phase: is_in,
        };
        let router = router(app.clone(), origins);
        Self { router, app, driver: Some(driver), phase }
    }

    /// A server that every request reaches by a proxy on its machine, so that callers have quotas: four
    /// calls of `/create_stream` at once, eight of `/set_param`.
    pub(crate) fn behind_a_proxy() -> Self {
        let mut testbed = Self::new();
        let proxy = Peer((Ipv4Addr::LOCALHOST, 1).into());
        testbed.router = testbed.router.layer(Extension(proxy));
        testbed
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.ask(Method::GET, uri, &[], Body::empty()).await
    }

    pub(crate) async fn get_with(&self, uri: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, uri, headers, Body::empty()).await
    }

    pub(crate) async fn head(&self, uri: &str) -> Answer {
        self.ask(Method::HEAD, uri, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, uri: &str, form: &str) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.ask(Method::POST, uri, &headers, Body::from(form.to_owned())).await
    }

    /// The problem document with which a GET is answered, and which it must be answered with.
    pub(crate) async fn refusal(&self, uri: &str) -> Value {
        let answer = self.get_with(uri, &[("accept", "application/json")]).await;
        assert_eq!(answer.header("content-type"), "application/problem+json", "{uri}");
        let problem = answer.json();
        assert_eq!(problem["status"], answer.status, "{uri}");
        problem
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        uri: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let (head, mut body) = self.open(method, uri, headers, body).await.into_parts();
        let body = match body.size_hint().exact() {
            Some(_) => body.collect().await.unwrap().to_bytes(),
            None => piece(&mut body).await.unwrap_or_default(),
        };
        Answer {
            status: head.status.as_u16(),
            version: head.version,
            headers: head.headers,
            body: body.into(),
        }
    }

    /// Asks, and leaves the body to be read; a listener's comes by a socket.
    pub(crate) async fn open(
        &self,
        method: Method,
        uri: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let takeover = Takeover::default();
        let request = request.extension(takeover.clone()).body(body).unwrap();
        let mut response = self.router.clone().oneshot(request).await.unwrap();
        if let Some(departure) = takeover.take() {
            let (ear, socket) = UnixStream::pair().unwrap();
            departure.by(socket.into_std().unwrap().into());
            *response.body_mut() = Body::new(Ear(ear));
        }
        response
    }

    /// Makes a stream with what `query` asks for.
    pub(crate) async fn create(&self, query: &str) -> TwoIds {
        let uri = format!("/create_stream?{query}");
        let made = self.get_with(&uri, &[("accept", "application/json")]).await;
        assert_eq!(made.status, 200, "{query}: {}", made.text());
        let text = |name: &str| made.json()[name].as_str().unwrap().to_owned();
        TwoIds { id: text("id"), listen_id: text("listen_id") }
    }

    /// How the stream stands.
    pub(crate) async fn params(&self, id: &str) -> Value {
        self.get(&format!("/params?id={id}")).await.json()
    }

    /// Says that the program is about to end.
    pub(crate) fn begin_to_end(&self, within: Duration) {
        self.phase.send_replace(Phase::Draining { until: (self.app.clock)() + within });
    }

    /// Ends all streams.
    pub(crate) async fn drain(&self, within: Duration) {
        self.begin_to_end(within);
        if let Some(driver) = &self.driver {
            driver.drain(within).await;
        }
    }

    /// What connections of this server watch.
    pub(crate) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Ends the render threads.
    pub(crate) fn shut_down(&mut self) {
        self.phase.send_replace(Phase::Ending);
        if let Some(driver) = self.driver.take() {
            driver.shutdown();
        }
    }
}

impl Answer {
    /// The header's value, empty where there is none.
    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| std::str::from_utf8(value.as_bytes()).unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }
}

/// What comes by a socket, as a body.
struct Ear(UnixStream);

impl http_body::Body for Ear {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut heard = [0; 65_536];
        let mut buf = ReadBuf::new(&mut heard);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buf)).unwrap();
        let bytes = Bytes::copy_from_slice(buf.filled());
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }
}

/// The next piece of a body.
pub(crate) async fn piece(body: &mut Body) -> Option<Bytes> {
    body.frame().await.map(|frame| frame.unwrap().into_data().unwrap())
}

/// At least `len` bytes of a body.
pub(crate) async fn read(body: &mut Body, len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < len {
        bytes.extend_from_slice(&piece(body).await.unwrap());
    }
    bytes
}

const LEVEL: ParamSpec = ParamSpec::number("level", "Level", 0.0..=1.0, 0.5, "Loudness.");

const TONE: StationSpec = StationSpec {
    name: "tone",
    title: "Tön",
    about: "One value, for ever – naïve.",
    version: 3,
    presets: &[Preset {
        name: "bright",
        title: "Bright",
        values: &[("brightness", 0.9), ("shape", 1.0)],
    }],
    params: &[
        LEVEL,
        ParamSpec::number("pitch", "Pitch", 20.0..=2000.0, 220.5, "Height.")
            .unit("Hz")
            .log()
            .taste(100.0..=1000.0),
        ParamSpec::number("brightness", "Brightness", 0.0..=1.0, 0.3, "Overtones."),
        ParamSpec::number("density", "Density", 0.0..=1.0, 0.1, "Events.")
            .applies(Applies::Section)
            .not_random(),
        ParamSpec::choice("shape", "Shape", &["sine", "square"], 0, "Of the wave.")
            .applies(Applies::Bar),
    ],
    refill: Duration::from_secs(2),
    perform: |performance| Box::new(Constant { level: performance.values.at(0), ramp: (0.0, 0) }),
};

const HUSH: StationSpec = StationSpec {
    name: "hush",
    title: "Hush",
    about: "Less.",
    params: &[LEVEL],
    presets: &[],
    ..TONE
};

/// Plays its level.
struct Constant {
    level: f32,
    /// Where a ramp leads, and in how many samples.
    ramp: (f32, u32),
}

impl Station for Constant {
    fn render(&mut self, [left, right]: &mut [&mut [f32]; 2]) {
        for (left, right) in left.iter_mut().zip(right.iter_mut()) {
            let (goal, samples) = &mut self.ramp;
            if *samples > 0 {
                self.level += (*goal - self.level) / *samples as f32;
                *samples -= 1;
            }
            (*left, *right) = (self.level, self.level);
        }
    }

    fn render_telling(&mut self, out: &mut [&mut [f32]; 2], tell: &mut dyn FnMut(Note)) {
        tell(Note { at: 0, part: "tone", pitch: Some(69.0), velocity: 0.5, pan: -0.25 });
        self.render(out);
    }

    fn set(&mut self, setting: Setting) {
        if setting.index() == 0 {
            let samples = setting.ramp().duration().as_secs_f64() * 44_100.0;
            self.ramp = (setting.value(), (samples as u32).max(1));
        }
    }

    fn skip(&mut self, samples: u64) -> u64 {
        samples
    }

    fn title(&self) -> Title {
        Title { scene: "Steady", key: Some(("D", "lydian")) }
    }

    fn snapshot(&mut self) -> Snapshot {
        Snapshot::new(&[]).unwrap()
    }

    fn resume(&mut self, _: &Snapshot) -> Result<(), ResumeError> {
        Ok(())
    }
}
