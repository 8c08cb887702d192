//! What is encoded as MP3 decodes in another's decoder, at the place where it should be, from any frame.

#![allow(clippy::unwrap_used, reason = "what is wrong here fails the test")]

mod decoder;

use decoder::decode_mp3;
use perpetuo_engine::{BitrateKbps, Encoding, FRAME_LEN, Position};

const RATE: u32 = 44_100;

/// Silence, and from `onset` on a tone of 1 kHz, in 40 frames.
fn frames(bitrate: u16, onset: usize) -> Vec<Vec<u8>> {
    let encoding = Encoding::Mp3(BitrateKbps::new(bitrate).unwrap());
    let mut encoder = encoding.encoder(RATE, Position::START).unwrap();
    let tone = |n: usize| {
        if n < onset { 0.0 } else { (n as f32 * std::f32::consts::TAU / 44.1).sin() * 0.5 }
    };
    let frame = |frame: usize| {
        let pcm: Vec<f32> = (frame * FRAME_LEN..(frame + 1) * FRAME_LEN).map(tone).collect();
        let mut bytes = Vec::new();
        encoder.encode([&pcm, &pcm], &mut bytes);
        bytes
    };
    (0..40).map(frame).collect()
}

#[test]
fn sound_comes_the_stated_delay_after_its_position() {
    let encoding = Encoding::Mp3(BitrateKbps::DEFAULT);
    for onset in [11_000, 20_123] {
        let samples = decode_mp3(frames(128, onset).concat()).unwrap();
        assert_eq!(samples.len(), 40 * FRAME_LEN);
        let heard = samples.iter().position(|sample| sample[0].abs() > 0.1).unwrap();
        let expected = onset + encoding.delay();
        assert!(heard.abs_diff(expected) < 100, "heard at {heard}, expected at {expected}");
    }
}

#[test]
fn every_frame_is_a_clean_entry() {
    for bitrate in BitrateKbps::ALLOWED {
        let frames = frames(bitrate, 0);
        for from in [1, 2, 3, 17] {
            let samples = decode_mp3(frames[from..].concat()).unwrap();
            assert_eq!(samples.len(), (40 - from) * FRAME_LEN, "{bitrate} kbit/s from {from}");
        }
    }
}

#[test]
fn the_judge_notices_what_is_wrong() {
    let mut bytes = frames(128, 0).concat();
    bytes.drain(5_000..5_100);
    assert!(decode_mp3(bytes).is_err());
}
