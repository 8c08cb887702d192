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
