//! Deadlines are absolute: who wakes up late renders what is missing at once, and no lateness stays. A
//! machine that slept does not render its night.

use crate::hall::{Hall, ms, seconds};
use perpetuo_engine::Encoding::Wav;

#[test]
fn within_the_lead_nobody_notices() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(1250));
    hall.run(ms(5000));
    hall.sleep(ms(1000));
    hall.run(ms(1));
    let ahead = seconds(hall.ear(ear).samples()) - hall.elapsed().as_secs_f64();
    assert!(ahead >= 1.249, "{ahead} s");
    assert!(hall.reports.iter().all(|(_, report)| report.underruns == 0));
    let worst = hall.reports.iter().map(|(_, report)| report.late).max().unwrap();
    assert!(worst >= ms(790) && worst <= ms(1000), "{worst:?}");
}

#[test]
fn beyond_the_lead_it_is_counted_as_an_underrun_and_made_good() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(500));
    hall.run(ms(5000));
    hall.sleep(ms(1500));
    hall.run(ms(1));
    assert!(hall.reports.iter().any(|(_, report)| report.underruns == 1));
    let ahead = seconds(hall.ear(ear).samples()) - hall.elapsed().as_secs_f64();
    assert!(ahead >= 0.499, "{ahead} s");
}

#[test]
fn a_night_is_not_rendered_and_the_lead_is_there_again() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(500));
    hall.run(ms(5000));
    let (chunks, given) = (hall.reports.len(), hall.ear(ear).samples());
    hall.sleep(ms(8 * 3600 * 1000));
    let awake = hall.elapsed();
    hall.run(ms(1000));
    let rendered = hall.reports.len() - chunks;
    assert!(rendered < 30, "{rendered} chunks for a second");
    let ahead = seconds(hall.ear(ear).samples() - given) - (hall.elapsed() - awake).as_secs_f64();
    assert!((0.49..0.75).contains(&ahead), "{ahead} s");
}

/// It takes what comes first only after the stream has been asked again what to do.
#[test]
fn a_listener_is_not_taken_for_stalled_because_the_thread_was_late() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(1250));
    hall.run(ms(5000));
    hall.set_reading(ear, false);
    hall.sleep(ms(1000));
    hall.run(ms(1));
    assert!(hall.stream.is_playing());
    hall.run(ms(100));
    hall.set_reading(ear, true);
    hall.run(ms(1000));
    let ahead = seconds(hall.ear(ear).samples()) - hall.elapsed().as_secs_f64();
    assert!((1.249..1.25 + 0.22).contains(&ahead), "the lead is what it was: {ahead} s");
}
