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

/// Its past is rendered again, so that it is given its lead like anyone.
#[test]
fn another_encoding_is_given_the_past_and_keeps_step() {
    for (playing_ms, lead_ms) in [(300, 200), (3_000, 500), (20_000, 2_500)] {
        let mut hall = Hall::new();
        let mp3 = hall.join(MP3, ms(500));
        hall.run(ms(playing_ms));
        hall.set("mark", 5.0);
        hall.run(ms(playing_ms / 2));
        let marked = hall.set("mark", 6.0).position.samples();
        hall.run(ms(100));
        let live = hall.stream.state().position.samples();
        let wav = hall.join(Wav, ms(lead_ms));
        hall.run(ms(1));
        let given = hall.ear(wav).samples();
        let lead = (44_100 * lead_ms / 1000).next_multiple_of(1152);
        assert!((lead..lead + 1152).contains(&given), "{given} of {lead}");
        hall.run(ms(3000));
        let pcm = hall.ear(wav).pcm();
        let begin = live - given;
        assert_eq!(u64::from(pcm[0][0]), begin % crate::hall::LAP);
        assert!(hall.ear(wav).breaks().is_empty());
        let mark_at = |position: u64| pcm[(position - begin) as usize][1];
        assert_eq!((mark_at(marked - 1), mark_at(marked)), (5, 6), "events come where they came");
        assert_eq!(hall.ear(wav).at(), hall.ear(mp3).at());
    }
}

#[test]
fn an_encoding_nobody_listens_to_is_dropped_after_a_while() {
    let mut hall = Hall::new();
    hall.join(MP3, ms(500));
    let wav = hall.join(Wav, ms(500));
    hall.run(ms(3_000));
    hall.leave(wav);
    hall.run(ms(5_000));
    assert!(hall.stream.has_rendition(Wav), "kept up for a while");
    hall.run(ms(6_000));
    assert!(!hall.stream.has_rendition(Wav));
    assert!(hall.stream.has_rendition(MP3));
}
