//! A chunk is a quarter of the smallest lead, within 2 to 8 frames: who wants knobs to answer at once
//! gets small chunks, and who does not costs little.

use crate::hall::{Hall, ms};
use perpetuo_engine::{Encoding::Wav, FRAME_LEN};

fn steady_frames(hall: &Hall) -> usize {
    hall.reports.last().unwrap().1.samples / FRAME_LEN
}

#[test]
fn from_two_frames_to_eight() {
    for (lead_ms, frames) in [(50, 2), (200, 2), (420, 4), (600, 5), (1250, 8), (10_000, 8)] {
        let mut hall = Hall::new();
        hall.join(Wav, ms(lead_ms));
        hall.run(ms(3000));
        assert_eq!(steady_frames(&hall), frames, "lead {lead_ms} ms");
        let all = hall.reports.iter().map(|(_, report)| report.samples / FRAME_LEN);
        assert!(
            all.clone().all(|frames| (2..=8).contains(&frames)),
            "{:?}",
            all.collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_most_demanding_listener_decides_while_it_is_there() {
    let mut hall = Hall::new();
    hall.join(Wav, ms(1250));
    hall.run(ms(2000));
    assert_eq!(steady_frames(&hall), 8);
    let hasty = hall.join(Wav, ms(200));
    hall.run(ms(1000));
    assert_eq!(steady_frames(&hall), 2);
    hall.leave(hasty);
    hall.run(ms(1000));
    assert_eq!(steady_frames(&hall), 8);
}
