//! The decoded sound changes at the position that `/set_param` names: from the sea of sound to silence.

use crate::{decoder::decode_mp3, server::Server};
use perpetuo_engine::{BitrateKbps, Encoding};

const RATE: f64 = 44_100.0;

#[test]
fn level_goes_to_nothing_at_the_named_position_and_not_before() {
    let server = Server::start();
    let id = server.create("station=acid&seed=3");
    let mut response = server.get(&format!("/stream?id={id}&lead=0.5"));
    assert_eq!(response.header("perpetuo-position"), Some("0"));
    let mut bytes = response.bytes(3 * 16_000);
    let answer = server.json(&format!("/set_param?id={id}&level=0"));
    assert_eq!(answer["params"]["level"], 0.0);
    let position = answer["position"].as_f64().unwrap();
    let audible_in = answer["audible_in"].as_f64().unwrap();
    assert!((0.4..0.9).contains(&audible_in), "{audible_in}");
    bytes.extend(response.bytes(2 * 16_000));

    let samples = decode_mp3(bytes).unwrap();
    let delay = Encoding::Mp3(BitrateKbps::DEFAULT).delay();
    let change = (position * RATE) as usize + delay;
    let peak = |from: usize, to: usize| {
        samples[from..to].iter().flatten().fold(0.0_f32, |peak, sample| peak.max(sample.abs()))
    };
    assert!(peak(change - 22_050, change - 1_152) > 0.02, "heard before");
    // The way to a new level takes 50 ms at most, a frame smears it by as much as its length.
    let silent_from = change + 2_205 + 1_152;
    assert!(samples.len() > silent_from + 11_025, "{} samples", samples.len());
    assert!(peak(silent_from, samples.len()) < 0.003, "{}", peak(silent_from, samples.len()));
}

#[test]
fn all_settings_of_a_call_are_taken_or_none() {
    let server = Server::start();
    let id = server.create("station=drift");
    let before = server.json(&format!("/params?id={id}"))["params"].clone();
    let refused = server.get(&format!("/set_param?id={id}&brightness=0.9&density=7"));
    assert_eq!(refused.status(), 400);
    assert!(refused.text().contains("density: 7 is out of range; allowed: 0 to 1"));
    assert_eq!(server.json(&format!("/params?id={id}"))["params"], before);
    server.json(&format!("/set_param?id={id}&key=brightness&value=0.9&density=0.1"));
    let after = server.json(&format!("/params?id={id}"));
    assert_eq!(after["params"]["brightness"], 0.9);
    assert_eq!(after["params"]["density"], 0.1);
}
