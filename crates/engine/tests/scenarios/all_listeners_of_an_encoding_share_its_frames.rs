//! One render, one encoding, any number of listeners: the same frames to the byte. Another encoding of
//! the same stream has the same music.

use crate::hall::{Hall, ms};
use perpetuo_engine::{
    BitrateKbps, Encoding,
    Encoding::{Mp3, Wav},
};

const MP3: Encoding = Mp3(BitrateKbps::DEFAULT);

#[test]
fn two_listeners_get_the_same_frames() {
    let mut hall = Hall::new();
    let first = hall.join(MP3, ms(300));
    hall.run(ms(3000));
    let second = hall.join(MP3, ms(700));
    hall.run(ms(3000));
    let (a, b) = (hall.ear(first).bytes(), hall.ear(second).bytes());
    assert!(b.len() > 3 * 16_000);
    assert!(a.ends_with(&b), "what the second got is the end of what the first got");
    assert_eq!(b[..2], [0xFF, 0xFB], "from a frame border on");
}

#[test]
fn another_encoding_begins_at_the_live_edge_and_keeps_step() {
    let mut hall = Hall::new();
    let mp3 = hall.join(MP3, ms(500));
    hall.run(ms(3000));
    let live = hall.stream.state().position.samples();
    let wav = hall.join(Wav, ms(500));
    hall.run(ms(3000));
    assert_eq!(u64::from(hall.ear(wav).pcm()[0][0]), live % crate::hall::LAP);
    assert_eq!(hall.ear(wav).at(), hall.ear(mp3).at());
    hall.leave(wav);
    hall.run(ms(5_000));
    assert!(hall.stream.has_rendition(Wav), "kept up for a while");
    hall.run(ms(6_000));
    assert!(!hall.stream.has_rendition(Wav));
    assert!(hall.stream.has_rendition(MP3));
}
