//! Clients that say nothing, say it slowly, or never listen.

use std::{
    io::{Read, Write},
    thread,
    time::{Duration, Instant},
};

use crate::server::Server;

/// Waits for the server to end a connection.
fn time_to_end(socket: &mut impl Read) -> Duration {
    let started = Instant::now();
    let mut rest = Vec::new();
    // Closed or reset: both are an end.
    let _ = socket.read_to_end(&mut rest);
    started.elapsed()
}

#[test]
fn one_that_sends_nothing_is_let_go_after_ten_seconds() {
    let server = Server::start();
    let mut socket = server.connect();
    let took = time_to_end(&mut socket);
    assert!((8..15).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn one_that_sends_a_byte_a_second_is_let_go_as_soon() {
    let server = Server::start();
    let mut socket = server.connect();
    let mut writer = socket.try_clone().unwrap();
    let slow = thread::spawn(move || {
        for byte in b"GET /stations HTTP/1.1\r\n" {
            if writer.write_all(&[*byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_secs(1));
        }
    });
    let took = time_to_end(&mut socket);
    assert!((8..15).contains(&took.as_secs()), "{took:?}");
    slow.join().unwrap();
}

#[test]
fn one_that_sends_a_form_a_byte_a_second_is_told_so() {
    let server = Server::start();
    let mut socket = server.connect();
    socket
        .write_all(
            b"POST /set_param HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\
              Content-Type: application/x-www-form-urlencoded\r\n\r\nid=",
        )
        .unwrap();
    let mut answer = String::new();
    let _ = socket.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[test]
fn one_that_never_reads_is_let_go_after_half_a_minute_and_the_others_notice_nothing() {
    let server = Server::start();
    let id = server.create("");
    let mut good = server.get(&format!("/stream?id={id}&format=wav&lead=1"));
    let idle = server.get(&format!("/stream?id={id}&format=wav&lead=10"));
    let reader = thread::spawn(move || {
        // 40 s of audio.
        for _ in 0..40 {
            good.bytes(176_400);
        }
    });
    server.wait_for_metric("perpetuo_listeners", 2.0);
    reader.join().unwrap();
    server.wait_for_metric("perpetuo_listeners", 0.0);
    assert_eq!(server.metric("perpetuo_underruns_total"), 0.0);
    drop(idle);
}

#[test]
fn a_request_that_is_none_gets_400() {
    let server = Server::start();
    let response = server.request("FOO BAR BAZ\r\n\r\n");
    assert_eq!(response.status(), 400);
}
