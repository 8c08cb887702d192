//! SIGTERM: no chunk is cut, and it does not take long.

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use crate::server::{Response, Server, frames, fresh_dir};

/// Whether these are whole frames.
fn are_whole(bytes: &[u8]) -> bool {
    frames(bytes).iter().map(|frame| frame.len()).sum::<usize>() == bytes.len()
}

/// Reads what is left, and tells whether it ends with a whole frame, and when it has ended.
fn end_of(mut stream: Response, begun: Instant) -> (bool, Duration) {
    let rest = stream.rest();
    (are_whole(&rest), begun.elapsed())
}

#[test]
fn streams_end_at_a_frame_border_and_the_program_with_status_0() {
    let mut server = Server::start_with(&fresh_dir(), &["--drain", "1"]);
    let id = server.create("station=acid");
    let mut streams: Vec<_> =
        (0..5).map(|_| server.get(&format!("/stream?id={id}&lead=1"))).collect();
    // One who does not read does not hold the others up.
    let idle = server.get(&format!("/stream?id={id}&lead=10&format=wav"));
    let head = streams[0].bytes(20_000);
    let (status, took) = server.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert!(are_whole(&[head, streams[0].rest()].concat()));
    for stream in &mut streams[1..] {
        assert!(are_whole(&stream.rest()));
    }
    drop(idle);
}

#[test]
fn streams_are_ended_one_by_one_over_the_time_there_is() {
    let mut server = Server::start_with(&fresh_dir(), &["--drain", "3", "--threads", "1"]);
    let streams: Vec<_> = (0..4)
        .map(|_| server.get(&format!("/stream?id={}&lead=0.2", server.create("station=drone"))))
        .collect();
    let begun = Instant::now();
    server.send("TERM");
    let ends: Vec<_> = streams
        .into_iter()
        .map(|stream| std::thread::spawn(move || end_of(stream, begun)))
        .collect();
    for (n, end) in ends.into_iter().enumerate() {
        let (is_whole, at) = end.join().unwrap();
        assert!(is_whole);
        let due = Duration::from_secs(n as u64);
        assert!(at >= due && at < due + Duration::from_millis(900), "{n}: {at:?}");
    }
    assert_eq!(server.end().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[test]
fn while_it_drains_nobody_new_is_let_in_and_what_is_here_can_be_turned() {
    let mut server = Server::start_with(&fresh_dir(), &["--drain", "20", "--threads", "1"]);
    let ids = [server.create("station=drone"), server.create("station=rain")];
    let [first, mut second] = ids.each_ref().map(|id| server.get(&format!("/stream?id={id}")));
    second.bytes(1000);
    let mut events = server.get(&format!("/events?id={}", ids[1]));
    let mut idle = server.connect();
    idle.write_all(b"GET /health/ready HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    let mut answer = [0; 15];
    idle.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    server.send("TERM");
    assert!(end_of(first, Instant::now()).0);

    // A connection without a request is closed, and who comes without asking for it is told to close.
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).unwrap();
    let ready = server.request("GET /health/ready HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!((ready.status(), ready.header("connection")), (503, Some("close")));
    assert_eq!(ready.text(), "the server is shutting down\n");
    for call in ["/create_stream".to_owned(), format!("/stream?id={}", ids[1])] {
        let refused = server.get(&call);
        assert_eq!(refused.status(), 503, "{call}");
        let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((15..=20).contains(&seconds), "{call}: {seconds}");
    }
    assert_eq!(server.get("/health/live").status(), 200);
    assert_eq!(server.json(&format!("/params?id={}", ids[1]))["playing"], true);
    server.text(&format!("/set_param?id={}&brightness=0.25", ids[1]));
    drop(second);
    let mut told = String::new();
    events.socket.read_to_string(&mut told).unwrap();
    let ending = told.find("event: ending\ndata: {\"position\":").expect(&told);
    assert!(told[ending..].lines().nth(1).unwrap().ends_with("\"within\":20.0}"), "{told}");
    assert!(
        told[ending..].contains("event: param\ndata: {\"params\":{\"brightness\":0.25}"),
        "{told}"
    );
    assert_eq!(server.end().code(), Some(0));
}

#[test]
fn with_nobody_there_it_takes_no_time_and_a_second_signal_none_in_any_case() {
    let mut server = Server::start_with(&fresh_dir(), &["--drain", "60"]);
    let (status, took) = server.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(1), "{took:?}");

    let mut server = Server::start_with(&fresh_dir(), &["--drain", "60", "--threads", "1"]);
    let streams: Vec<_> =
        (0..2).map(|_| server.get(&format!("/stream?id={}", server.create("")))).collect();
    server.send("TERM");
    std::thread::sleep(Duration::from_millis(300));
    let (status, took) = server.terminate();
    assert_eq!(status.code(), Some(130));
    assert!(took < Duration::from_secs(1), "{took:?}");
    drop(streams);
}

#[test]
fn a_signal_right_after_the_start_line_is_caught() {
    for signal in ["TERM", "INT", "HUP", "TERM", "INT", "HUP"] {
        let mut server = Server::start();
        let (status, _) = server.signal(signal);
        assert_eq!(status.code(), Some(0), "SIG{signal}");
    }
}
