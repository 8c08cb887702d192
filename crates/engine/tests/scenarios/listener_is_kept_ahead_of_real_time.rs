//! Whoever joins is given the lead at once and then real time, to the chunk, for as long as it lasts.

use crate::hall::{Hall, ms, seconds};
use perpetuo_engine::Encoding::Wav;

#[test]
fn the_lead_is_there_at_once() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(1250));
    hall.run(ms(1));
    let given = seconds(hall.ear(ear).samples());
    assert!((1.25..1.25 + 0.21).contains(&given), "{given} s");
    assert_eq!(hall.reports[0].1.samples, 2 * 1152, "the first bytes do not wait for more");
}

#[test]
fn what_was_sent_is_never_less_than_the_lead_ahead_nor_more_than_a_chunk_more() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(500));
    for _ in 0..2000 {
        hall.run(ms(7));
        let ahead = seconds(hall.ear(ear).samples()) - hall.elapsed().as_secs_f64();
        assert!((0.499..0.5 + 0.22).contains(&ahead), "{ahead} s at {:?}", hall.elapsed());
    }
    assert!(hall.reports.iter().all(|(_, report)| report.underruns == 0));
    assert!(hall.ear(ear).breaks().is_empty());
}

#[test]
fn after_half_an_hour_not_a_sample_is_lost() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(1000));
    for _ in 0..30 {
        hall.run(ms(60_000));
        hall.forget(ear);
    }
    let position = hall.stream.state().position;
    let ahead = position.seconds(crate::hall::RATE) - 1800.0;
    assert!((1.0..1.22).contains(&ahead), "{ahead} s");
    assert_eq!(hall.ear(ear).at(), position);
}

#[test]
fn a_second_listener_is_given_the_past() {
    let mut hall = Hall::new();
    hall.join(Wav, ms(300));
    hall.run(ms(10_000));
    let live = hall.stream.state().position;
    let second = hall.join(Wav, ms(2500));
    hall.run(ms(1));
    let given = hall.ear(second).samples();
    assert!((2.5..2.53).contains(&seconds(given)), "{} s", seconds(given));
    let first = hall.ear(second).pcm()[0][0];
    assert_eq!(u64::from(first), (live.samples() - given) % crate::hall::LAP);
}
