//! A stream that nobody took lets go of its station and its encoders. Whoever comes back hears it go on as if
//! it had not.

use perpetuo_engine::{BitrateKbps, Encoding::Mp3, FRAME_LEN, Next};

use crate::{
    decoder::decode_mp3,
    hall::{Hall, ms},
};

/// How far, in dB, what is heard across a pause differs from what an uninterrupted listener hears.
fn difference_db(pause_ms: u64) -> f64 {
    let mp3 = Mp3(BitrateKbps::DEFAULT);
    let mut whole = Hall::new();
    let ear = whole.join(mp3, ms(500));
    whole.run(ms(8000));
    let whole = decode_mp3(whole.ear(ear).bytes()).unwrap();

    let mut hall = Hall::new();
    let first = hall.join(mp3, ms(500));
    hall.run(ms(3000));
    hall.leave(first);
    hall.run(ms(pause_ms));
    assert!(!hall.stream.is_resting());
    let seam = hall.stream.state().position.samples() as usize;
    let again = hall.join(mp3, ms(500));
    hall.run(ms(3000));
    let heard = decode_mp3(hall.ear(again).bytes()).unwrap();
    let begin = hall.ear(again).at().samples() as usize - heard.len();
    assert!(begin < seam && seam < begin + heard.len(), "{begin} {seam}");

    // A decoder that begins in the middle is right from its third frame on.
    let (mut error, mut signal) = (0.0, 0.0);
    for n in 2 * FRAME_LEN..heard.len() {
        for channel in 0..2 {
            let (is, was) = (f64::from(heard[n][channel]), f64::from(whole[begin + n][channel]));
            error += (is - was) * (is - was);
            signal += was * was;
        }
    }
    10.0 * (error.max(1e-30) / signal).log10()
}

#[test]
fn a_stream_that_has_to_wake_lets_those_that_play_go_before_it_and_is_not_late_for_that() {
    let mp3 = Mp3(BitrateKbps::DEFAULT);
    let mut hall = Hall::new();
    let first = hall.join(mp3, ms(500));
    let is_urgent = |hall: &mut Hall| match hall.stream.poll(hall.now) {
        Next::Render { at, deadline } => deadline <= at + ms(600),
        _ => false,
    };
    assert!(is_urgent(&mut hall), "one at its beginning has nothing to wake");
    hall.run(ms(3000));
    hall.leave(first);
    hall.run(ms(10_000));
    hall.join(mp3, ms(500));
    assert!(!is_urgent(&mut hall));
    // As many do when a server has been restarted.
    hall.sleep(ms(1500));
    hall.reports.clear();
    hall.run(ms(2000));
    assert!(hall.reports[0].1.has_woken && is_urgent(&mut hall));
    assert!(hall.reports.iter().all(|(_, report)| report.late <= ms(1) && report.underruns == 0));
}

#[test]
fn after_a_moment_not_a_bit_differs_and_after_half_a_minute_nothing_that_is_heard() {
    assert!(difference_db(1000) < -200.0, "{} dB", difference_db(1000));
    assert!(difference_db(30_000) < -40.0, "{} dB", difference_db(30_000));
}
