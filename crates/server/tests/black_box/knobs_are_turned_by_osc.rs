//! Open Sound Control over real UDP.

use std::{io::BufRead, net::UdpSocket, thread, time::Duration};

use crate::server::{Server, fresh_dir, perpetuo};

/// A message with one argument: `tag` is its type, `value` its bytes.
fn message(address: &str, tag: &str, value: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    for part in [address.as_bytes(), format!(",{tag}").as_bytes()] {
        packet.extend_from_slice(part);
        packet.resize((packet.len() + 1).next_multiple_of(4), 0);
    }
    packet.extend_from_slice(value);
    packet
}

/// A server that takes OSC on a free port, and a socket that leads there: the log says where that is.
fn start() -> (Server, UdpSocket) {
    let (server, mut log) = Server::start_logged(&fresh_dir(), &["--osc", "127.0.0.1:0"]);
    let mut line = String::new();
    while !line.contains("udp://") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "the log says nothing of OSC");
    }
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(line.split("udp://").nth(1).unwrap().trim_end()).unwrap();
    // So that the server can go on logging.
    thread::spawn(move || log.lines().for_each(drop));
    (server, socket)
}

#[test]
fn a_value_that_comes_by_udp_is_there_and_what_is_wrong_is_counted() {
    let (server, socket) = start();
    let id = server.create("station=drift");
    let brightness = message(&format!("/{id}/brightness"), "f", &0.75_f32.to_be_bytes());
    let scale = message(&format!("/{id}/scale"), "s", b"lydian\0\0");
    for packet in [&brightness[..], &scale, b"garbage", &message("/x/level", "i", &[0, 0, 0, 1])] {
        socket.send(packet).unwrap();
    }
    for (result, messages) in [("taken", 2.0), ("unreadable", 1.0), ("wrong_id", 1.0)] {
        let name = format!("perpetuo_osc_messages_total{{result=\"{result}\"}}");
        server.wait_for_metric(&name, messages);
    }
    let params = server.json(&format!("/params?id={id}"));
    assert_eq!(params["params"]["brightness"], 0.75);
    assert_eq!(params["params"]["scale"], "lydian");
}

#[test]
fn a_fader_of_a_thousand_messages_a_second_is_followed_to_its_end_while_music_plays() {
    let (server, socket) = start();
    let id = server.create("");
    let mut listener = server.get(&format!("/stream?id={id}&lead=0.5"));
    let address = format!("/{id}/brightness");
    for n in 0..=1000_u16 {
        let value = f32::from(n) / 1000.0;
        socket.send(&message(&address, "f", &value.to_be_bytes())).unwrap();
        thread::sleep(Duration::from_millis(1));
        if n % 10 == 0 {
            listener.bytes(100);
        }
    }
    server.wait_for_metric("perpetuo_osc_messages_total", 1001.0);
    assert_eq!(server.json(&format!("/params?id={id}"))["params"]["brightness"], 1.0);
    assert_eq!(server.metric("perpetuo_underruns_total"), 0.0);
}

#[test]
fn a_port_that_is_taken_is_an_error_in_words() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (address, dir) = (taken.local_addr().unwrap().to_string(), fresh_dir());
    let output = perpetuo()
        .args(["--listen", "127.0.0.1:0", "--osc", &address, "--data-dir"])
        .arg(&dir)
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(error.contains(&format!("Open Sound Control on {address}")), "{error}");
    assert!(error.contains("--osc"), "{error}");
    std::fs::remove_dir_all(dir).unwrap();
}
