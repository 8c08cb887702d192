//! Open Sound Control: knobs turned by datagrams, which nobody answers.
//!
//! ```text
//!   datagram ─► packet::read ─► Ids::open ─► Change ─► Turns ── every 10 ms at most ─► driver::Handle
//!                   │ unreadable    │ wrong_id   │ wrong_value   │ full        taken, or wrong_id, full
//!                   └───────────────┴────────────┴───────────────┴── counted ──────────┘
//! ```
//!
//! A fader sends hundreds of messages a second. What comes while a stream's last settings are being made waits,
//! and of each parameter only the newest value: the render threads see at most one a stream every 10 ms, and a sender
//! whose share of sets is used up sees its knobs move less often, to the place where it left them.

mod packet;
mod turns;

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use axum::http::StatusCode;
use perpetuo_driver::Handle;
use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};
use tokio::{net::UdpSocket, task::JoinSet, time::sleep};
use tracing::{debug, warn};

use crate::{App, Phase, Problem, quota::Caller, routes::Change};
use packet::Ask;
use turns::{Turn, Turns};

/// How far apart sets of one stream are at least: a tenth of a usual chunk, at whose border they count.
const APART: Duration = Duration::from_millis(10);

/// What came of the messages; cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(Family<[(&'static str, &'static str); 1], Counter>);

/// What came of a message, or of a packet that holds none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Set, or on the way there overtaken by a newer value.
    Taken,
    Unreadable,
    WrongId,
    WrongValue,
    /// No room for the stream.
    Full,
}

/// Turns knobs as the datagrams say that come to `socket`, until the program ends.
pub async fn serve(socket: UdpSocket, app: App, metrics: Metrics) {
    let mut phase = app.phase.clone();
    let mut ending = pin!(phase.wait_for(|phase| *phase == Phase::Ending));
    let mut pause = pin!(sleep(Duration::ZERO));
    let mut is_pausing = false;
    let mut turns = Turns::default();
    let mut sets = JoinSet::new();
    // One byte more than is read, to see that there was more.
    let mut datagram = vec![0; packet::MAX_LEN + 1];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut datagram) => Some(received),
            () = &mut pause, if is_pausing => {
                is_pausing = false;
                None
            }
            Some(_) = sets.join_next() => None,
            _ = &mut ending => return,
        };
        match received {
            Some(Ok((len, peer))) => hear(&datagram[..len], peer, &app, &metrics, &mut turns),
            Some(Err(error)) => refuse(&error).await,
            None => {}
        }
        // No stream is set before its last set is answered: so sets keep their order, and no thread is
        // asked for more than it does.
        if !is_pausing && sets.is_empty() && !turns.is_empty() {
            for turn in turns.take_due(|caller| app.quotas.may_set(caller)) {
                sets.spawn(set(turn, app.driver.clone(), metrics.clone()));
            }
            pause.set(sleep(APART));
            is_pausing = true;
        }
    }
}

/// Reads a datagram; what is right in it is put among `turns`, what is wrong is counted.
fn hear(datagram: &[u8], peer: SocketAddr, app: &App, metrics: &Metrics, turns: &mut Turns) {
    let asks = match packet::read(datagram) {
        Ok(asks) => asks,
        Err(unreadable) => {
            metrics.count(Outcome::Unreadable, 1);
            debug!(%peer, len = datagram.len(), "OSC refused: {}", unreadable.reason());
            return;
        }
    };
    for ask in asks {
        let messages = ask.messages;
        if let Err(problem) = take(ask, Caller::at(peer.ip()), app, turns) {
            metrics.count(Outcome::of(&problem), messages);
            debug!(%peer, messages, "OSC refused: {problem}");
        }
    }
}

/// What one packet asks of one stream is taken whole or refused whole.
fn take(ask: Ask, caller: Caller, app: &App, turns: &mut Turns) -> Result<(), Problem> {
    let pass = app.ids.open(&ask.id, &app.catalogue, (app.clock)())?.for_turning()?;
    let change = Change::read(&pass.origin.spec, ask.args?)?;
    turns.put(pass.origin, change.settings, caller, ask.messages)
}

/// Sets what has gathered for one stream.
async fn set(turn: Turn, driver: Handle, metrics: Metrics) {
    let stream = turn.origin.key;
    let outcome = match driver.set(turn.origin, turn.settings).await {
        Ok(_) => Outcome::Taken,
        Err(error) => {
            debug!(%stream, messages = turn.messages, "OSC refused: {error}");
            Outcome::of(&error.into())
        }
    };
    metrics.count(outcome, turn.messages);
}

/// To try again at once would only burn CPU.
async fn refuse(error: &io::Error) {
    warn!(%error, "OSC not received");
    sleep(Duration::from_millis(50)).await;
}

impl Metrics {
    /// Makes it visible in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Messages of Open Sound Control, by what came of them";
        registry.register("osc_messages", help, self.0.clone());
    }

    fn count(&self, outcome: Outcome, messages: u64) {
        self.0.get_or_create(&[("result", outcome.name())]).inc_by(messages);
    }
}

/// What has not happened yet is shown as none.
impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self(Family::default());
        Outcome::ALL.into_iter().for_each(|outcome| metrics.count(outcome, 0));
        metrics
    }
}

impl Outcome {
    const ALL: [Self; 5] =
        [Self::Taken, Self::Unreadable, Self::WrongId, Self::WrongValue, Self::Full];

    /// By what the same call would have been answered.
    fn of(problem: &Problem) -> Self {
        match problem.status() {
            StatusCode::BAD_REQUEST => Self::WrongValue,
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE => Self::WrongId,
            _ => Self::Full,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Unreadable => "unreadable",
            Self::WrongId => "wrong_id",
            Self::WrongValue => "wrong_value",
            Self::Full => "full",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType, encoder::encode};
    use serde_json::{Value, json};

    use super::*;
    use crate::routes::testbed::{TIME_TO_LIVE, Testbed, make_it};

    /// A server that takes OSC, and a sender.
    struct Desk {
        testbed: Testbed,
        metrics: Metrics,
        sender: UdpSocket,
    }

    impl Desk {
        async fn new() -> Self {
            let (testbed, metrics) = (Testbed::new(), Metrics::default());
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            sender.connect(socket.local_addr().unwrap()).await.unwrap();
            tokio::spawn(serve(socket, testbed.app.clone(), metrics.clone()));
            Self { testbed, metrics, sender }
        }

        async fn send(&self, packet: &OscPacket) {
            self.sender.send(&encode(packet).unwrap()).await.unwrap();
        }

        fn count(&self, outcome: Outcome) -> u64 {
            self.metrics.0.get_or_create(&[("result", outcome.name())]).get()
        }

        async fn wait_for(&self, outcome: Outcome, messages: u64) {
            let counted = async {
                while self.count(outcome) < messages {
                    sleep(Duration::from_millis(2)).await;
                }
            };
            let waited = tokio::time::timeout(Duration::from_secs(10), counted).await;
            assert!(waited.is_ok(), "{outcome:?}: {} of {messages}", self.count(outcome));
            assert_eq!(self.count(outcome), messages, "{outcome:?}");
        }

        async fn params(&self, id: &str) -> Value {
            self.testbed.params(id).await["params"].clone()
        }
    }

    fn message(id: &str, name: &str, value: impl Into<OscType>) -> OscPacket {
        OscPacket::Message(OscMessage { addr: format!("/{id}/{name}"), args: vec![value.into()] })
    }

    fn bundle(content: Vec<OscPacket>) -> OscPacket {
        let timetag = OscTime { seconds: u32::MAX, fractional: 0 };
        OscPacket::Bundle(OscBundle { timetag, content })
    }

    #[tokio::test]
    async fn a_message_turns_a_knob_and_a_bundle_several_and_both_at_once() {
        let desk = Desk::new().await;
        let id = desk.testbed.create("").await.id;
        desk.send(&message(&id, "level", 0.25_f32)).await;
        desk.send(&message(&id, "pitch", 440_i32)).await;
        desk.send(&message(&id, "shape", "Square".to_owned())).await;
        desk.wait_for(Outcome::Taken, 3).await;
        let values = json!({
            "level": 0.25, "pitch": 440.0, "brightness": 0.3, "density": 0.1, "shape": "square",
        });
        assert_eq!(desk.params(&id).await, values);
        desk.send(&bundle(vec![
            message(&id, "preset", "bright".to_owned()),
            message(&id, "ramp", 5.0_f32),
            bundle(vec![message(&id, "shape", 0.0_f64), message(&id, "density", 1_i64)]),
        ]))
        .await;
        desk.wait_for(Outcome::Taken, 7).await;
        let values = json!({
            "level": 0.25, "pitch": 220.5, "brightness": 0.9, "density": 1.0, "shape": "sine",
        });
        assert_eq!(desk.params(&id).await, values, "a time tag far off is not waited for");
    }

    #[tokio::test]
    async fn what_is_wrong_is_counted_by_why_and_changes_nothing() {
        let desk = Desk::new().await;
        let ids = desk.testbed.create("").await;
        let id = &*ids.id;
        let before = desk.params(id).await;
        let wrong_values: [(&str, OscType); 15] = [
            ("level", f32::NAN.into()),
            ("level", f32::INFINITY.into()),
            ("level", f64::NEG_INFINITY.into()),
            ("level", 1.5_f32.into()),
            ("level", (-1_i32).into()),
            ("level", "loud".to_owned().into()),
            ("level", true.into()),
            ("level", OscType::Nil),
            ("shape", 2_i32.into()),
            ("shape", 0.5_f32.into()),
            ("shape", "saw".to_owned().into()),
            ("volume", 1_i32.into()),
            ("", 1_i32.into()),
            ("preset", 1_i32.into()),
            ("ramp", 1_i32.into()),
        ];
        for (n, (name, value)) in (1..).zip(wrong_values) {
            desk.send(&message(id, name, value)).await;
            desk.wait_for(Outcome::WrongValue, n).await;
        }
        desk.send(&bundle(vec![message(id, "pitch", 30_i32), message(id, "level", 9_i32)])).await;
        desk.wait_for(Outcome::WrongValue, 17).await;
        for (n, wrong) in (1..).zip(["", "x", &id[1..], &ids.listen_id, "*", &"A".repeat(5000)]) {
            desk.send(&message(wrong, "level", 1_i32)).await;
            desk.wait_for(Outcome::WrongId, n).await;
        }
        for (n, garbage) in (1..).zip([&b""[..], b"level=1", &[0xFF; 60_000]]) {
            desk.sender.send(garbage).await.unwrap();
            desk.wait_for(Outcome::Unreadable, n).await;
        }
        assert_eq!((desk.params(id).await, desk.count(Outcome::Taken)), (before, 0));
        desk.send(&message(id, "level", 1_i32)).await;
        desk.wait_for(Outcome::Taken, 1).await;
    }

    #[tokio::test]
    async fn an_id_whose_time_is_over_turns_nothing() {
        let desk = Desk::new().await;
        let id = desk.testbed.create("").await.id;
        make_it(TIME_TO_LIVE);
        desk.send(&message(&id, "level", 1_i32)).await;
        desk.wait_for(Outcome::WrongId, 1).await;
    }

    #[tokio::test]
    async fn a_fader_beyond_its_share_is_where_it_was_left_as_soon_as_the_share_allows() {
        let desk = Desk::new().await;
        let id = desk.testbed.create("").await.id;
        // Eight sets may come at once, and time stands still.
        for n in 0..=500_u32 {
            desk.send(&message(&id, "level", n as f32 / 500.0)).await;
            sleep(Duration::from_micros(500)).await;
        }
        sleep(APART * 3).await;
        let taken = desk.count(Outcome::Taken);
        assert!((8..=450).contains(&taken), "{taken} messages in 8 sets");
        assert!(desk.params(&id).await["level"].as_f64() < Some(1.0));
        make_it(Duration::from_secs(1));
        desk.wait_for(Outcome::Taken, 501).await;
        assert_eq!(desk.params(&id).await["level"], json!(1.0));
    }

    #[test]
    fn an_id_needs_no_character_that_osc_keeps_for_itself() {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let every: Vec<u8> = (0..=255).collect();
        assert!(
            !URL_SAFE_NO_PAD
                .encode(every)
                .contains([' ', '#', '*', ',', '/', '?', '[', ']', '{', '}'])
        );
    }
}
