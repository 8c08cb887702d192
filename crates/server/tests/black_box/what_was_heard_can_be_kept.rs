//! A file of what was heard is what was sent, at the same positions, knobs turned and all, also after a restart.

use crate::server::{Server, fresh_dir};

const FRAME: usize = 4 * 1152;

/// The file, behind its header, and the position of its first sample.
fn recording(server: &Server, id: &str, from: &str, to: &str) -> (Vec<u8>, usize) {
    let uri = format!("/recording?id={id}&from={from}&to={to}&format=wav");
    let mut response = server.get(&uri);
    assert_eq!(response.status(), 200, "{uri}");
    let position: f64 = response.header("perpetuo-position").unwrap().parse().unwrap();
    let len: usize = response.header("content-length").unwrap().parse().unwrap();
    let file = response.bytes(len);
    assert_eq!(file[40..44], (len as u32 - 44).to_le_bytes());
    (file[44..].to_vec(), (position * 44_100.0).round() as usize)
}

#[test]
fn bit_for_bit_from_the_beginning_on_and_after_a_restart() {
    let dir = fresh_dir();
    let mut server = Server::start_with(&dir, &[]);
    let id = server.create("station=acid&seed=3");
    let mut live = Vec::new();
    let mut response = server.get(&format!("/stream?id={id}&format=wav&lead=1"));
    for ask in ["brightness=0.9&ramp=1", "preset=random&seed=5&ramp=0.5", "space=1"] {
        live.extend(response.bytes(20 * FRAME));
        server.json(&format!("/set_param?id={id}&{ask}"));
    }
    live.extend(response.bytes(40 * FRAME));
    drop(response);
    let live = &live[44..live.len() / FRAME * FRAME];
    let whole = live.len() / FRAME * FRAME;

    let (kept, position) = recording(&server, &id, "0", "-0");
    assert_eq!(position, 0);
    assert!(kept[..whole] == live[..whole], "it is what was sent");
    let (part, position) = recording(&server, &id, "1", "1.5");
    assert!(part == live[4 * position..4 * position + part.len()]);
    let refused = server.get(&format!("/recording?id={id}&from=100&to=200"));
    assert_eq!(refused.status(), 404);

    server.terminate();
    let server = Server::start_with(&dir, &[]);
    let (kept, _) = recording(&server, &id, "0", "-0");
    assert!(kept[..whole] == live[..whole], "it is what was sent before");
}
