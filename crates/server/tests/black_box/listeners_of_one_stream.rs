//! Many listeners on one id, some of whom stop reading.

use std::{thread, time::Duration};

use crate::server::{Server, frames};

#[test]
fn two_listeners_get_the_same_frames() {
    let server = Server::start();
    let id = server.create("");
    let listen_id =
        server.json(&format!("/params?id={id}"))["listen_id"].as_str().unwrap().to_owned();
    let mut first = server.get(&format!("/stream?id={id}&lead=1"));
    let a = first.bytes(2 * 16_000);
    let mut second = server.get(&format!("/stream?id={listen_id}&lead=1"));
    let position: f64 = second.header("perpetuo-position").unwrap().parse().unwrap();
    let b = second.bytes(16_000);
    let a = [a, first.bytes(2 * 16_000)].concat();
    let (a, b) = (frames(&a), frames(&b));
    let from = (position * 44_100.0 / 1152.0).round() as usize;
    assert!(b.len() > 30);
    assert_eq!(a[from..from + b.len()], b[..]);
}

/// The kernel holds some ten seconds for a client that does not read; after that the stream waits for
/// its only listener, and goes on when it reads again.
#[test]
fn an_only_listener_that_stops_reading_stops_the_stream_and_nothing_is_lost() {
    let server = Server::start();
    let id = server.create("");
    let mut response = server.get(&format!("/stream?id={id}&lead=10&format=wav"));
    let mut count = response.bytes(44).len();
    thread::sleep(Duration::from_secs(4));
    let stopped = server.json(&format!("/params?id={id}"));
    assert_eq!(stopped["playing"], false, "{stopped}");
    let position = stopped["position"].as_f64().unwrap();
    thread::sleep(Duration::from_secs(1));
    assert_eq!(server.json(&format!("/params?id={id}"))["position"].as_f64(), Some(position));
    while (count as f64) < (position + 1.0) * 176_400.0 {
        count += response.bytes(4608).len();
    }
    assert_eq!(server.json(&format!("/params?id={id}"))["playing"], true);
    assert_eq!(server.metric("perpetuo_jumps_to_live_total"), 0.0);
}

#[test]
fn a_listener_who_may_only_listen_turns_nothing() {
    let server = Server::start();
    let id = server.create("");
    let listen_id =
        server.json(&format!("/params?id={id}"))["listen_id"].as_str().unwrap().to_owned();
    let refused = server.get(&format!("/set_param?id={listen_id}&level=0.5"));
    assert_eq!(refused.status(), 403);
    assert!(refused.text().contains("may listen, not turn knobs"));
}
