//! Limits on how often one address may call.

use crate::server::{Server, fresh_dir};

#[test]
fn one_address_may_make_so_many_streams_and_turn_so_many_knobs_and_no_more() {
    let limits = ["--creates-per-second", "1", "--sets-per-second", "2"];
    let server = Server::start_with(&fresh_dir(), &limits);
    for (call, rate) in [("create_stream", 1), ("set_param", 2)] {
        let mut answers = (0..100).map(|_| server.get(&format!("/{call}")));
        let refused = answers.find(|answer| answer.status() == 429).expect(call);
        assert_eq!(refused.header("retry-after"), Some("1"), "{call}");
        let limit = format!("from your address than {rate} a second; try again in 1 s");
        assert!(refused.text().contains(&limit), "{call}");
        assert!(server.metric(&format!("perpetuo_rate_limited_total{{call=\"{call}\"}}")) >= 1.0);
    }
    let forwarded = "GET /create_stream HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n";
    assert_eq!(server.request(forwarded).status(), 200, "from another address");
}

#[test]
fn on_a_loopback_address_nobody_is_limited_unless_it_is_said() {
    let server = Server::start();
    for _ in 0..100 {
        assert_eq!(server.get("/create_stream").status(), 200);
    }
}
