//! SIGTERM: no chunk is cut, and it does not take long.

use std::time::Duration;

use crate::server::{Server, frames};

#[test]
fn streams_end_at_a_frame_border_and_the_program_with_status_0() {
    let mut server = Server::start();
    let id = server.create("station=acid");
    let mut streams: Vec<_> =
        (0..5).map(|_| server.get(&format!("/stream?id={id}&lead=1"))).collect();
    // One who does not read does not hold the others up.
    let idle = server.get(&format!("/stream?id={id}&lead=10&format=wav"));
    let head = streams[0].bytes(20_000);
    let (status, took) = server.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(3), "{took:?}");
    let body = [head, streams[0].rest()].concat();
    let whole: usize = frames(&body).iter().map(|frame| frame.len()).sum();
    assert_eq!(whole, body.len());
    for stream in &mut streams[1..] {
        let body = stream.rest();
        assert_eq!(frames(&body).iter().map(|frame| frame.len()).sum::<usize>(), body.len());
    }
    drop(idle);
}

#[test]
fn a_signal_right_after_the_start_line_is_caught() {
    for signal in ["TERM", "INT", "TERM", "INT", "TERM", "INT"] {
        let mut server = Server::start();
        let (status, _) = server.signal(signal);
        assert_eq!(status.code(), Some(0), "SIG{signal}");
    }
}
