//! An id needs the key and nothing else; when its time is over it says so.

use std::{fs, thread, time::Duration};

use crate::server::{Server, fresh_dir};

#[test]
fn the_same_key_after_a_restart_takes_the_same_ids() {
    let dir = fresh_dir();
    let mut server = Server::start_with(&dir, &[]);
    let id = server.create("station=acid&seed=9&tempo=120");
    let before = server.json(&format!("/params?id={id}"));
    server.terminate();
    let again = Server::start_with(&dir, &[]);
    assert_eq!(again.json(&format!("/params?id={id}")), before);
    let stranger = Server::start();
    assert_eq!(stranger.get(&format!("/params?id={id}")).status(), 404);
    assert!(!fs::read_to_string(dir.join("key")).unwrap().contains(&id));
}

#[test]
fn a_stream_goes_on_where_it_was_when_its_server_was_killed() {
    let dir = fresh_dir();
    let mut server = Server::start_with(&dir, &[]);
    let id = server.create("station=drone&seed=3");
    let mut listening = server.get(&format!("/stream?id={id}&lead=0.5"));
    listening.bytes(40_000);
    let set = server.json(&format!("/set_param?id={id}&brightness=0.25&ramp=2&durable=1"));
    assert_eq!(set["durable"], true);
    assert_eq!(server.json(&format!("/set_param?id={id}&level=0.5"))["durable"], false);
    let was = set["position"].as_f64().unwrap();
    server.signal("KILL");
    listening.rest();

    let again = Server::start_with(&dir, &[]);
    let params = again.json(&format!("/params?id={id}"));
    assert_eq!(params["params"]["brightness"], 0.25);
    assert!(params["position"].as_f64().unwrap() >= was, "{params} {was}");
    let mut stream = again.get(&format!("/stream?id={id}&lead=0.5"));
    let start: f64 = stream.header("Perpetuo-Position").unwrap().parse().unwrap();
    assert!((was..was + 10.0).contains(&start), "{start} {was}");
    stream.bytes(20_000);
}

#[test]
fn nothing_outlives_a_process_that_was_to_remember_in_memory() {
    let dir = fresh_dir();
    let mut server = Server::start_with(&dir, &["--store", "memory"]);
    let id = server.create("");
    assert_eq!(server.json(&format!("/set_param?id={id}&level=0.5&durable=1"))["durable"], true);
    server.terminate();
    let again = Server::start_with(&dir, &["--store", "memory"]);
    assert_eq!(again.json(&format!("/params?id={id}"))["params"]["level"], 1.0);
    assert!(!dir.join("streams.redb").exists());
}

#[test]
fn an_id_expires_unless_its_stream_is_still_known() {
    let server = Server::start_with(&fresh_dir(), &["--time-to-live", "2"]);
    let (unused, used) = (server.create(""), server.create(""));
    let mut listening = server.get(&format!("/stream?id={used}"));
    thread::sleep(Duration::from_secs(3));
    let expired = server.get(&format!("/stream?id={unused}"));
    assert_eq!(expired.status(), 410);
    assert!(expired.text().contains("no longer known"));
    listening.bytes(20_000);
    assert_eq!(server.json(&format!("/params?id={used}"))["playing"], true);
    drop(listening);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(server.get(&format!("/params?id={used}")).status(), 410);
}
