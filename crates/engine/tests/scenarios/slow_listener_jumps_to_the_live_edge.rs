//! A listener that stops taking is not waited for; when it takes again it goes on at the live edge, at a
//! frame border, and its neighbours notice nothing.

use crate::hall::{Hall, LAP, ms, seconds};
use perpetuo_engine::{Encoding::Wav, FRAME_LEN};

#[test]
fn after_twenty_seconds_it_lands_its_lead_behind_live() {
    let mut hall = Hall::new();
    let good = hall.join(Wav, ms(500));
    let slow = hall.join(Wav, ms(500));
    hall.run(ms(5000));
    hall.set_reading(slow, false);
    hall.run(ms(20_000));
    let before = hall.ear(slow).samples();
    hall.set_reading(slow, true);
    hall.run(ms(1));
    let burst = hall.ear(slow).samples() - before;
    assert!((0.5..0.53).contains(&seconds(burst)), "{} s", seconds(burst));
    hall.run(ms(5000));

    assert_eq!(hall.ear(slow).jumps(), 1);
    let breaks = hall.ear(slow).breaks();
    assert_eq!(breaks.len(), 1, "{breaks:?}");
    let (index, ..) = breaks[0];
    assert_eq!((index + 1) % FRAME_LEN, 0, "cut at a frame border");

    assert!(hall.ear(good).breaks().is_empty() && hall.ear(good).jumps() == 0);
    assert!(hall.reports.iter().all(|(_, report)| report.underruns == 0));
    let tail = |ear: usize| hall.ear(ear).pcm().last().unwrap()[0];
    assert_eq!(tail(slow), tail(good), "both are at the live edge");
    assert!(u64::from(tail(good)) < LAP);
}

#[test]
fn a_stall_shorter_than_the_lead_loses_nothing() {
    let mut hall = Hall::new();
    hall.join(Wav, ms(500));
    let slow = hall.join(Wav, ms(1250));
    hall.run(ms(5000));
    hall.set_reading(slow, false);
    hall.run(ms(1200));
    hall.set_reading(slow, true);
    hall.run(ms(3000));
    assert!(hall.ear(slow).breaks().is_empty());
    assert_eq!(hall.ear(slow).jumps(), 0);
}
