use axum::{body::Body, http::Method};
use perpetuo_engine::FRAME_LEN;
use serde_json::json;

use crate::routes::testbed::{Answer, Testbed, read};

/// A server, and a stream of which a second and more was heard.
async fn heard(query: &str) -> (Testbed, String) {
    let testbed = Testbed::new();
    let id = testbed.create(query).await.id;
    let uri = format!("/stream?id={id}&format=wav");
    let response = testbed.open(Method::GET, &uri, &[], Body::empty()).await;
    read(&mut response.into_body(), 44 + 4 * 44_100).await;
    (testbed, id)
}

fn len(answer: &Answer) -> usize {
    answer.header("content-length").parse().unwrap()
}

#[tokio::test]
async fn it_is_a_file_with_a_name_a_length_and_a_position() {
    let (testbed, id) = heard("level=0.25").await;
    let wav = testbed.get(&format!("/recording?id={id}&from=0&to=1&format=wav")).await;
    assert_eq!((wav.status, wav.header("content-type")), (200, "audio/wav"));
    assert_eq!(wav.header("cache-control"), "no-store, no-transform");
    assert_eq!(wav.header("perpetuo-position"), "0");
    let named = "attachment; filename=\"perpetuo-tone-2023-11-14-2213.wav\"";
    assert_eq!(wav.header("content-disposition"), named);
    let frames = 44_100 / FRAME_LEN;
    assert_eq!((wav.body.len(), len(&wav)), (44 + frames * FRAME_LEN * 4, wav.body.len()));
    assert_eq!(wav.body[40..44], (wav.body.len() as u32 - 44).to_le_bytes());
    assert_eq!(wav.body[44..46], ((0.25 * 32_767.0_f32).round() as i16).to_le_bytes());

    let mp3 = testbed.get(&format!("/recording?id={id}&from=0.5&to=1&bitrate=64")).await;
    assert_eq!((mp3.status, mp3.header("content-type")), (200, "audio/mpeg"));
    assert_eq!((mp3.body.len(), &mp3.body[..2]), (len(&mp3), &[0xFF, 0xFB][..]));
    let position: f64 = mp3.header("perpetuo-position").parse().unwrap();
    assert!((0.47..=0.5).contains(&position), "{position}");
    assert!(mp3.header("content-disposition").ends_with(".mp3\""));
}

#[tokio::test]
async fn times_count_back_from_now_and_what_is_beyond_is_cut() {
    let (testbed, id) = heard("").await;
    let all = testbed.get(&format!("/recording?id={id}&from=0&to=-0&format=wav")).await;
    assert!(all.body.len() > 4 * 44_100);
    for (from, to) in [("-600", "-0"), ("0", "1000"), ("-31536000", "31536000")] {
        let uri = format!("/recording?id={id}&from={from}&to={to}&format=wav");
        assert_eq!(testbed.get(&uri).await.body.len(), all.body.len(), "{from} to {to}");
    }
    let last = testbed.get(&format!("/recording?id={id}&from=-0.5&to=-0&format=wav")).await;
    let frames = (last.body.len() - 44) / 4 / FRAME_LEN;
    assert!((19..=20).contains(&frames), "{frames} frames");
}

#[tokio::test]
async fn either_id_will_do_and_a_form_and_head_renders_nothing() {
    let testbed = Testbed::new();
    let ids = testbed.create("").await;
    let uri = format!("/stream?id={}", ids.id);
    let mut body = testbed.open(Method::GET, &uri, &[], Body::empty()).await.into_body();
    read(&mut body, 16_000).await;
    drop(body);
    let get = testbed.get(&format!("/recording?id={}&from=0&to=0.5", ids.id)).await;
    let uri = format!("/recording?id={}&from=0&to=0.5", ids.listen_id);
    assert_eq!(testbed.get(&uri).await.body, get.body);
    let posted = testbed.post("/recording", &format!("id={}&from=0&to=0.5", ids.id)).await;
    assert_eq!(posted.body, get.body);
    let head = testbed.head(&uri).await;
    assert_eq!((head.status, head.body.len(), len(&head)), (200, 0, get.body.len()));
    assert_eq!(head.header("content-disposition"), get.header("content-disposition"));
}

#[tokio::test]
async fn what_is_not_kept_is_refused_with_what_is() {
    let testbed = Testbed::new();
    let id = testbed.create("").await.id;
    let unheard = testbed.refusal(&format!("/recording?id={id}&from=-600&to=-0")).await;
    let detail = "nothing of that time is kept of this stream; kept: nothing";
    assert_eq!((&unheard["status"], &unheard["detail"]), (&json!(404), &json!(detail)));
    let (testbed, id) = heard("").await;
    let late = testbed.refusal(&format!("/recording?id={id}&from=100&to=200")).await;
    assert_eq!(late["status"], 404);
    let detail = late["detail"].as_str().unwrap();
    assert!(detail.contains("of this stream; kept: 0.0 to "), "{detail}");
    assert_eq!(testbed.head(&format!("/recording?id={id}&from=100&to=200")).await.status, 404);
    let unknown = testbed.refusal("/recording?id=x&from=-600&to=-0").await;
    assert_eq!((&unknown["status"], &unknown["parameter"]), (&json!(404), &json!("id")));
}

#[tokio::test]
async fn a_mistake_is_told_with_the_parameter_and_what_it_takes() {
    let (testbed, id) = heard("").await;
    for (query, parameter, told) in [
        ("to=-0", "from", "from: missing; allowed: seconds from the beginning on"),
        ("from=0", "to", "to: missing"),
        ("from=x&to=-0", "from", "from: not a time of a stream"),
        ("from=1&to=0.5", "from", "from: not before `to`; allowed: an earlier time than `to`"),
        ("from=-0&to=-1", "from", "from: not before `to`"),
        ("from=0&to=1&format=ogg", "format", "format: unknown; allowed: mp3, wav"),
        ("from=0&to=1&format=wav&bitrate=128", "bitrate", "none with wav"),
        ("from=0&to=1&bitrate=7", "bitrate", "not a bit rate of MP3"),
        ("from=0&to=1&lead=1", "lead", "allowed: id, from, to, format, bitrate"),
    ] {
        let problem = testbed.refusal(&format!("/recording?id={id}&{query}")).await;
        assert_eq!((&problem["status"], &problem["parameter"]), (&json!(400), &json!(parameter)));
        assert!(problem["detail"].as_str().unwrap().contains(told), "{problem}");
    }
}
