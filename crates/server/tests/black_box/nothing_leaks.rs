//! Two thousand connections of all kinds later, the server holds what it held before.

use std::{fs, io::Read, net::Shutdown, thread, time::Duration};

use crate::server::Server;

const CLIENTS: usize = 8;
const ROUNDS: usize = 50;

fn descriptors(server: &Server) -> usize {
    fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count()
}

/// Five connections that end in five ways.
fn churn(server: &Server, id: &str, round: usize) {
    drop(server.get(&format!("/stream?id={id}&lead=0.2")));
    let mut read = server.get(&format!("/stream?id={id}&lead=1"));
    read.bytes(417 * (1 + round % 20));
    drop(read);
    let half = server.get(&format!("/stream?id={id}&lead=0.5"));
    half.socket.get_ref().shutdown(Shutdown::Write).unwrap();
    drop(half);
    drop(server.connect());
    let mut refused = server.get(&format!("/set_param?id={id}&level=7"));
    let mut text = Vec::new();
    refused.socket.read_to_end(&mut text).unwrap();
}

#[test]
fn streams_listeners_and_descriptors_are_as_before() {
    let server = Server::start();
    let ids: Vec<_> = (0..CLIENTS).map(|_| server.create("station=acid")).collect();
    // Each stream is known from the first touch on, and no more are.
    for id in &ids {
        drop(server.get(&format!("/stream?id={id}")));
    }
    server.wait_for_metric("perpetuo_listeners", 0.0);
    server.wait_for_metric("perpetuo_streams_idle", CLIENTS as f64);
    thread::sleep(Duration::from_millis(200));
    let before = descriptors(&server);

    thread::scope(|scope| {
        for id in &ids {
            let server = &server;
            scope.spawn(move || (0..ROUNDS).for_each(|round| churn(server, id, round)));
        }
    });

    server.wait_for_metric("perpetuo_listeners", 0.0);
    server.wait_for_metric("perpetuo_streams_playing", 0.0);
    server.wait_for_metric("perpetuo_streams_idle", CLIENTS as f64);
    thread::sleep(Duration::from_millis(500));
    let after = descriptors(&server);
    assert!(after <= before + 1, "{before} descriptors before, {after} after");
}
