use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderName, Method, Version},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    Limits,
    routes::testbed::{Testbed, make_it, read},
    serve::converse,
};

/// What a stream that nobody has touched looks like: position, listeners, whether it plays.
async fn standing(testbed: &Testbed, id: &str) -> (f64, Value, Value) {
    let params = testbed.params(id).await;
    let position = params["position"].as_f64().unwrap();
    (position, params["listeners"].clone(), params["playing"].clone())
}

async fn open(testbed: &Testbed, uri: &str, headers: &[(&str, &str)]) -> Body {
    let response = testbed.open(Method::GET, uri, headers, Body::empty()).await;
    assert_eq!(response.status(), 200, "{uri}");
    response.into_body()
}

#[tokio::test]
async fn a_stream_is_answered_as_http_1_0_with_these_headers_and_no_others() {
    let testbed = Testbed::new();
    let id = testbed.create("").await.id;
    let expected = [
        ("accept-ranges", "none"),
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "*"),
        ("cache-control", "no-store, no-transform"),
        ("content-type", "audio/mpeg"),
        ("icy-br", "128"),
        ("icy-description", "One value, for ever – naïve."),
        ("icy-name", "Perpetuo - Tön"),
        ("icy-pub", "0"),
        ("perpetuo-position", "0"),
        ("referrer-policy", "no-referrer"),
        ("x-accel-buffering", "no"),
        ("x-content-type-options", "nosniff"),
    ];
    let answer = testbed.get(&format!("/stream?id={id}")).await;
    assert_eq!((answer.status, answer.version), (200, Version::HTTP_10));
    let mut names: Vec<_> = answer.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let found: Vec<_> = names.into_iter().map(|name| (name, answer.header(name))).collect();
    assert_eq!(found, expected);
    assert_eq!(answer.body[..2], [0xFF, 0xFB]);
}

#[tokio::test]
async fn a_stream_is_reached_by_query_form_and_path_and_by_either_id() {
    let testbed = Testbed::new();
    let ids = testbed.create("").await;
    for id in [&ids.id, &ids.listen_id] {
        for (uri, media_type, first) in [
            (format!("/stream?id={id}"), "audio/mpeg", [0xFF, 0xFB]),
            (format!("/stream?id={id}&format=wav"), "audio/wav", *b"RI"),
            (format!("/stream/{id}"), "audio/mpeg", [0xFF, 0xFB]),
            (format!("/stream/{id}.mp3"), "audio/mpeg", [0xFF, 0xFB]),
            (format!("/stream/{id}.wav"), "audio/wav", *b"RI"),
            (
                format!("/stream/{id}.mp3?format=mp3&bitrate=192&lead=0.5"),
                "audio/mpeg",
                [0xFF, 0xFB],
            ),
        ] {
            let answer = testbed.get(&uri).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, media_type), "{uri}");
            assert_eq!(answer.body[..2], first, "{uri}");
        }
        let posted = testbed.post("/stream", &format!("id={id}&bitrate=64")).await;
        assert_eq!((posted.status, posted.header("icy-br")), (200, "64"));
    }
}

#[tokio::test]
async fn head_options_and_probes_touch_nothing() {
    let testbed = Testbed::new();
    let id = testbed.create("").await.id;
    for uri in [format!("/stream?id={id}"), format!("/stream/{id}.mp3")] {
        let head = testbed.head(&uri).await;
        assert_eq!((head.status, head.version), (200, Version::HTTP_10));
        assert_eq!(head.header("content-type"), "audio/mpeg");
        assert!(!head.headers.contains_key("content-length"));
        assert!(head.body.is_empty());
        let options = testbed.ask(Method::OPTIONS, &uri, &[], Body::empty()).await;
        assert_eq!(options.status, 200);
        let probe = testbed.get_with(&uri, &[("range", "bytes=0-1")]).await;
        assert_eq!((probe.status, probe.version), (206, Version::HTTP_11));
        assert_eq!(probe.header("content-range"), "bytes 0-1/*");
        assert_eq!(probe.header("content-length"), "2");
        assert_eq!(probe.body, [0xFF, 0xFB]);
    }
    assert_eq!(standing(&testbed, &id).await, (0.0, json!(0), json!(false)));
}

#[tokio::test]
async fn a_probe_is_answered_with_the_first_bytes_of_the_encoding_asked_for() {
    let testbed = Testbed::new();
    let id = testbed.create("").await.id;
    for (query, range, bytes) in [
        ("bitrate=320", "bytes=0-0", &[0xFF][..]),
        ("format=wav", "bytes=0-1", b"RI"),
        ("format=wav", "bytes=0-3", b"RIFF"),
    ] {
        let probe =
            testbed.get_with(&format!("/stream?id={id}&{query}"), &[("range", range)]).await;
        assert_eq!((probe.status, &*probe.body), (206, bytes), "{query} {range}");
    }
    let uri = format!("/stream?id={id}&bitrate=320");
    let probe = testbed.get_with(&uri, &[("range", "bytes=0-3")]).await;
    let played = read(&mut open(&testbed, &uri, &[]).await, 4).await;
    // The padding bit and all of the fourth byte but the mode are each frame's own.
    assert_eq!(probe.body[..2], played[..2]);
    assert_eq!(probe.body[2] & 0xFD, played[2] & 0xFD);
    assert_eq!(probe.body[3] & 0xC0, played[3] & 0xC0);
}

#[tokio::test]
async fn any_other_range_is_answered_with_the_stream() {
    let testbed = Testbed::new();
    let id = testbed.create("").await.id;
    for range in ["bytes=0-", "bytes=0-4", "bytes=100000-", "bytes=0-1,5-6", "frames=0-1", "x"] {
        let answer = testbed.get_with(&format!("/stream?id={id}"), &[("range", range)]).await;
        assert_eq!((answer.status, answer.version), (200, Version::HTTP_10), "{range}");
        assert!(!answer.headers.contains_key("content-range"), "{range}");
    }
}

#[tokio::test]
async fn what_cannot_be_had_is_refused_with_what_can() {
    let testbed = Testbed::new();
    let id = testbed.create("").await.id;
    let leads = "0.05 to 10 seconds";
    let rates = "32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 (kbit/s)";
    for (uri, parameter, allowed) in [
        (format!("/stream?id={id}&lead=-1"), "lead", leads),
        (format!("/stream?id={id}&lead=11"), "lead", leads),
        (format!("/stream?id={id}&lead=0.04"), "lead", leads),
        (format!("/stream?id={id}&lead=x"), "lead", leads),
        (format!("/stream?id={id}&lead="), "lead", leads),
        (format!("/stream?id={id}&lead=NaN"), "lead", leads),
        (format!("/stream?id={id}&lead=1e999"), "lead", leads),
        (format!("/stream?id={id}&bitrate=129"), "bitrate", rates),
        (format!("/stream?id={id}&bitrate=0"), "bitrate", rates),
        (format!("/stream?id={id}&bitrate=65664"), "bitrate", rates),
        (format!("/stream?id={id}&bitrate=x"), "bitrate", rates),
        (format!("/stream?id={id}&format=wav&bitrate=128"), "bitrate", "none with wav"),
        (format!("/stream/{id}.wav?bitrate=128"), "bitrate", "none with wav"),
        (format!("/stream?id={id}&format=ogg"), "format", "mp3, wav"),
        (format!("/stream/{id}.ogg"), "format", "mp3, wav"),
        (format!("/stream/{id}."), "format", "mp3, wav"),
        (format!("/stream/{id}.mp3?format=wav"), "format", "mp3"),
        (format!("/stream?id={id}&led=1"), "led", "id, format, bitrate, lead"),
        (format!("/stream/{id}.mp3?id={id}"), "id", "format, bitrate, lead"),
        ("/stream".to_owned(), "id", "an id from /create_stream"),
    ] {
        let problem = testbed.refusal(&uri).await;
        assert_eq!(problem["status"], 400, "{uri}");
        assert_eq!(problem["parameter"], parameter, "{uri}");
        assert_eq!(problem["allowed"], allowed, "{uri}");
    }
    assert_eq!(testbed.refusal("/stream?id=x").await["status"], 404);
    assert_eq!(testbed.refusal("/stream/x.mp3").await["status"], 404);
    assert_eq!(testbed.refusal("/stream/%FF.mp3").await["status"], 400);
    assert_eq!(standing(&testbed, &id).await, (0.0, json!(0), json!(false)));
}

#[tokio::test]
async fn head_and_probes_are_refused_what_get_is_refused() {
    let testbed = Testbed::new();
    let id = testbed.create("").await.id;
    for uri in ["/stream", "/stream?id=x", &format!("/stream?id={id}&lead=11")] {
        let status = testbed.get(uri).await.status;
        assert_eq!(testbed.head(uri).await.status, status, "{uri}");
        assert_eq!(testbed.get_with(uri, &[("range", "bytes=0-1")]).await.status, status, "{uri}");
    }
    make_it(Duration::from_secs(25 * 3600));
    let uri = format!("/stream?id={id}");
    assert_eq!(testbed.head(&uri).await.status, 410);
    assert_eq!(testbed.get_with(&uri, &[("range", "bytes=0-1")]).await.status, 410);
}

#[tokio::test]
async fn titles_come_to_who_asks_for_them() {
    let testbed = Testbed::new();
    let id = testbed.create("").await.id;
    let uri = format!("/stream?id={id}&lead=2");
    let titled = testbed.get_with(&uri, &[("icy-metadata", "1")]).await;
    assert_eq!(titled.header("icy-metaint"), "16000");
    let mut body = open(&testbed, &uri, &[("icy-metadata", "1")]).await;
    let bytes = read(&mut body, 16_100).await;
    let title = "StreamTitle='Tön - Steady, D lydian';";
    assert_eq!(usize::from(bytes[16_000]), title.len().div_ceil(16));
    assert_eq!(&bytes[16_001..][..title.len()], title.as_bytes());
    let untitled = testbed.get_with(&uri, &[("icy-metadata", "0")]).await;
    assert!(!untitled.headers.contains_key("icy-metaint"));
}

#[tokio::test]
async fn who_joins_hears_as_much_of_the_past_as_its_lead_is_long() {
    let testbed = Testbed::new();
    let id = testbed.create("").await.id;
    let mut first = open(&testbed, &format!("/stream?id={id}&lead=2"), &[]).await;
    read(&mut first, 2 * 16_000).await;
    let joined = testbed.get(&format!("/stream?id={id}&lead=0.5")).await;
    let live = testbed.params(&id).await["position"].as_f64().unwrap();
    let start: f64 = joined.header("perpetuo-position").parse().unwrap();
    assert!((0.4..0.9).contains(&(live - start)), "from {start}, live at {live}");
}

#[tokio::test]
async fn a_media_element_is_given_the_lead_it_needs_and_others_less() {
    let testbed = Testbed::new();
    let media_element = [("sec-fetch-dest", "audio")];
    for (bitrate, headers, lead) in [
        (128, &media_element[..], 2.5),
        (192, &media_element, 1.4),
        (128, &[("sec-fetch-dest", "empty")], 1.25),
        (128, &[], 1.25),
    ] {
        let id = testbed.create("").await.id;
        let mut body = open(&testbed, &format!("/stream?id={id}&bitrate={bitrate}"), headers).await;
        // All that comes at once, before real time sets the pace.
        let burst = (lead * f64::from(bitrate) * 125.0) as usize;
        read(&mut body, burst).await;
        let set = testbed.get(&format!("/set_param?id={id}&level=1")).await.json();
        let audible_in = set["audible_in"].as_f64().unwrap();
        // A chunk is at most 0.21 s; below, there is room for a machine that has much to do.
        assert!((lead - 0.7..lead + 0.3).contains(&audible_in), "{bitrate}, {lead}: {audible_in}");
    }
}

#[tokio::test]
async fn when_the_server_ends_the_body_ends_and_no_other_begins() {
    let mut testbed = Testbed::new();
    let id = testbed.create("").await.id;
    let uri = format!("/stream?id={id}");
    let mut body = open(&testbed, &uri, &[]).await;
    read(&mut body, 1000).await;
    testbed.shut_down();
    while crate::routes::testbed::piece(&mut body).await.is_some() {}
    let refused = testbed.get(&uri).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "1"));
}

/// Sends a request over a connection; answers the head, and the connection behind it.
async fn over_a_connection(testbed: &Testbed, request: &str) -> (String, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap());
    let (client, accepted) = tokio::join!(client, listener.accept());
    let (mut client, accepted) = (client.unwrap(), accepted.unwrap());
    let (limits, phase) = (Limits::default(), testbed.phase());
    tokio::spawn(converse(accepted, testbed.router.clone(), limits, phase));
    client.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    (String::from_utf8(head).unwrap(), client)
}

#[tokio::test]
async fn on_the_wire_a_stream_has_no_length_and_no_chunks_and_ends_with_the_connection() {
    let mut testbed = Testbed::new();
    let id = testbed.create("").await.id;
    for (version, more) in [
        ("1.1", ""),
        ("1.0", ""),
        ("1.0", "Connection: keep-alive\r\n"),
        ("1.1", "Range: bytes=0-\r\n"),
    ] {
        let request = format!("GET /stream?id={id} HTTP/{version}\r\nHost: x\r\n{more}\r\n");
        let (head, mut connection) = over_a_connection(&testbed, &request).await;
        assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
        let head = head.to_lowercase();
        for line in ["content-length", "transfer-encoding", "keep-alive"] {
            assert!(!head.contains(line), "{request}{head}");
        }
        let first = connection.read_u16().await.unwrap();
        assert_eq!(first, 0xFFFB, "{request}");
    }
    let request = format!("GET /stream?id={id} HTTP/1.1\r\nHost: x\r\n\r\n");
    let (_, mut connection) = over_a_connection(&testbed, &request).await;
    testbed.shut_down();
    let mut rest = Vec::new();
    connection.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest[..2], [0xFF, 0xFB]);
}

#[tokio::test]
async fn on_the_wire_head_has_no_length_and_no_body() {
    let testbed = Testbed::new();
    let id = testbed.create("").await.id;
    let request = format!("HEAD /stream?id={id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let (head, mut connection) = over_a_connection(&testbed, &request).await;
    assert!(head.contains(" 200 OK\r\n"), "{head}");
    for line in ["content-length", "transfer-encoding"] {
        assert!(!head.to_lowercase().contains(line), "{head}");
    }
    let mut rest = Vec::new();
    connection.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
}
