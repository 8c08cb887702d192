//! Create, listen, and what any client may send on top.

use crate::{
    decoder::decode_mp3,
    server::{Server, frames},
};

fn loudness(samples: &[[f32; 2]]) -> f32 {
    let sum: f32 = samples.iter().flatten().map(|sample| sample * sample).sum();
    (sum / samples.len() as f32 / 2.0).sqrt()
}

#[test]
fn every_station_decodes_without_a_warning_and_is_not_silent() {
    let server = Server::start();
    let stations = server.json("/stations");
    for station in stations["stations"].as_array().unwrap() {
        let name = station["name"].as_str().unwrap();
        let id = server.create(&format!("station={name}&seed=5"));
        let mut response = server.get(&format!("/stream?id={id}&lead=8"));
        assert_eq!(response.status(), 200);
        let samples = decode_mp3(response.bytes(8 * 16_000)).unwrap();
        assert!(samples.len() > 7 * 44_100, "{name}");
        assert!(loudness(&samples) > 0.01, "{name}: {}", loudness(&samples));
        assert!(samples.iter().flatten().all(|sample| sample.abs() <= 1.1), "{name}");
    }
}

#[test]
fn the_body_is_close_delimited_whatever_the_client_asks() {
    let server = Server::start();
    let id = server.create("");
    for request in [
        format!("GET /stream?id={id} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET /stream?id={id} HTTP/1.0\r\n\r\n"),
        format!("GET /stream/{id}.mp3 HTTP/1.1\r\nHost: x\r\nRange: bytes=0-\r\n\r\n"),
        format!("GET /stream?id={id} HTTP/1.1\r\nHost: x\r\nRange: bytes=100000-\r\n\r\n"),
    ] {
        let mut response = server.request(&request);
        assert_eq!(response.status(), 200);
        assert!(response.head.starts_with("HTTP/1.0 200"), "{}", response.head);
        assert_eq!(response.header("content-type"), Some("audio/mpeg"));
        assert_eq!(response.header("content-length"), None);
        assert_eq!(response.header("transfer-encoding"), None);
        let body = response.bytes(8_000);
        assert!(frames(&body).len() >= 18);
    }
}

#[test]
fn a_probe_gets_two_bytes_and_touches_nothing() {
    let server = Server::start();
    let id = server.create("");
    let mut probe = server
        .request(&format!("GET /stream?id={id} HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n\r\n"));
    assert_eq!(probe.status(), 206);
    assert_eq!(probe.header("content-length"), Some("2"));
    assert_eq!(probe.bytes(2), [0xFF, 0xFB]);
    for method in ["HEAD", "OPTIONS"] {
        let request =
            format!("{method} /stream?id={id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_eq!(server.request(&request).status(), 200);
    }
    let state = server.json(&format!("/params?id={id}"));
    assert_eq!((state["position"].as_f64(), state["listeners"].as_u64()), (Some(0.0), Some(0)));
}

#[test]
fn titles_come_to_who_asks_for_them() {
    let server = Server::start();
    let id = server.create("station=drift");
    let mut response =
        server.request(&format!("GET /stream?id={id}&lead=2 HTTP/1.0\r\nIcy-MetaData: 1\r\n\r\n"));
    let interval: usize = response.header("icy-metaint").unwrap().parse().unwrap();
    let audio = response.bytes(interval);
    assert!(decode_mp3(audio).is_ok());
    let len = usize::from(response.bytes(1)[0]) * 16;
    let title = String::from_utf8(response.bytes(len)).unwrap();
    assert!(title.starts_with("StreamTitle='Drift"), "{title}");
}

#[test]
fn playlists_lead_to_the_stream() {
    let server = Server::start();
    let id = server.create("");
    for kind in ["m3u", "pls"] {
        let response = server.request(&format!(
            "GET /listen/{id}.{kind} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            server.address
        ));
        let list = response.text();
        let url = format!("http://{}/stream/{id}.mp3", server.address);
        assert!(list.contains(&url), "{list}");
    }
}
