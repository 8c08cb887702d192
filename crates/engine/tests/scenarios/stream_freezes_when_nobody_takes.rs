//! A stream costs nothing while nobody drains it, and goes on where it was.

use std::time::Duration;

use crate::hall::{Hall, LAP, ms};
use perpetuo_engine::{
    BitrateKbps,
    Encoding::{Mp3, Wav},
    Next,
};

#[test]
fn the_only_listener_that_stalls_freezes_it_and_misses_nothing() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(1250));
    hall.run(ms(5000));
    hall.set_reading(ear, false);
    hall.run(ms(2000));
    assert!(!hall.stream.is_playing());
    let position = hall.stream.state().position;
    let chunks = hall.reports.len();
    hall.run(ms(18_000));
    assert_eq!(hall.reports.len(), chunks, "nothing is rendered");
    hall.set_reading(ear, true);
    hall.run(ms(3000));
    assert!(hall.stream.state().position > position);
    assert!(hall.ear(ear).breaks().is_empty(), "not a sample is missing");
    assert_eq!(hall.ear(ear).jumps(), 0);
    assert!(hall.reports.iter().all(|(_, report)| report.underruns == 0));
}

#[test]
fn a_listener_who_comes_back_goes_on_where_the_stream_was() {
    let mut hall = Hall::new();
    let first = hall.join(Wav, ms(500));
    hall.run(ms(10_000));
    hall.leave(first);
    assert!(!hall.stream.is_playing());
    hall.run(ms(30_000));
    let live = hall.stream.state().position.samples();
    let again = hall.join(Wav, ms(500));
    hall.run(ms(2000));
    let ear = hall.ear(again);
    assert!(ear.breaks().is_empty());
    let begin = u64::from(ear.pcm()[0][0]);
    let behind = (live + LAP - begin) % LAP;
    assert!(
        (22_050..22_050 + 1152).contains(&(behind + LAP)) || behind < 22_050 + 1152,
        "{behind}"
    );
}

#[test]
fn after_a_minute_only_a_snapshot_is_left_and_it_still_goes_on_where_it_was() {
    let mut hall = Hall::new();
    let first = hall.join(Wav, ms(500));
    hall.run(ms(8_000));
    hall.set("mark", 5.0);
    hall.run(ms(2_000));
    hall.leave(first);
    hall.run(ms(30_000));
    assert!(!hall.stream.is_resting());
    hall.set("mark", 9.0);
    hall.run(ms(61_000));
    assert!(hall.stream.is_resting());
    let live = hall.stream.state().position.samples();
    let again = hall.join(Wav, ms(500));
    hall.run(ms(2_000));
    let pcm = hall.ear(again).pcm();
    assert_eq!(u64::from(pcm[0][0]), live % LAP, "the next sample it would have played");
    assert_eq!(pcm[0][1], 9, "with the value set meanwhile");
    assert!(hall.ear(again).breaks().is_empty());
}

#[test]
fn it_is_forgotten_when_its_time_to_live_is_over_and_use_prolongs_it() {
    let mut hall = Hall::new();
    let ear = hall.join(Mp3(BitrateKbps::DEFAULT), ms(500));
    hall.run(ms(1000));
    hall.leave(ear);
    hall.run(Duration::from_secs(3500));
    assert!(matches!(hall.stream.poll(hall.now), Next::Wait(_)));
    hall.set("mark", 1.0);
    hall.run(Duration::from_secs(3500));
    assert!(matches!(hall.stream.poll(hall.now), Next::Wait(_)));
    hall.run(Duration::from_secs(101));
    assert_eq!(hall.stream.poll(hall.now), Next::Expired);
}
