//! `handle_setting` names a position; from that sample on the value counts, not before, and the answer
//! also knows when it will be heard.

use crate::hall::{Hall, ms};
use perpetuo_engine::{Encoding::Wav, FRAME_LEN};

#[test]
fn from_the_named_sample_on_and_not_before() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(300));
    let mut expected = vec![(0, 0)];
    for mark in 1..50_u16 {
        hall.run(ms(u64::from(mark) * 3));
        let applied = hall.set("mark", mark.into());
        assert_eq!(applied.position.samples() % FRAME_LEN as u64, 0);
        expected.push((applied.position.samples() as usize, mark));
    }
    hall.run(ms(1000));
    let pcm = hall.ear(ear).pcm();
    for (n, (from, mark)) in expected.iter().enumerate() {
        let until = expected.get(n + 1).map_or(pcm.len(), |(next, _)| *next);
        assert!(pcm[*from..until].iter().all(|sample| sample[1] == *mark), "mark {mark}");
    }
}

#[test]
fn the_time_until_it_is_heard_is_the_lead_and_at_most_a_chunk() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(200));
    for step in 0..40 {
        hall.run(ms(31 + step));
        let applied = hall.set("mark", step as f32);
        let audible_in = applied.audible_in.unwrap();
        assert!(audible_in >= ms(200) && audible_in <= ms(200 + 80), "{audible_in:?}");
        // A player that was given its lead at once began at once: it plays sample n at n / rate. The
        // lead is rounded up to whole frames.
        let heard_at = applied.position.seconds(crate::hall::RATE);
        let promised = (hall.elapsed() + audible_in).as_secs_f64();
        assert!((heard_at - promised).abs() < 1e-6, "{heard_at} {promised}");
    }
    assert!(hall.ear(ear).breaks().is_empty());
}

#[test]
fn with_nobody_there_it_waits_for_the_next_listener() {
    let mut hall = Hall::new();
    let applied = hall.set("mark", 7.0);
    assert_eq!((applied.position.samples(), applied.audible_in), (0, None));
    let ear = hall.join(Wav, ms(100));
    hall.run(ms(100));
    assert!(hall.ear(ear).pcm().iter().all(|sample| sample[1] == 7));
}

#[test]
fn the_last_of_several_at_one_position_counts() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(100));
    hall.run(ms(500));
    let positions: Vec<_> = (1..=100).map(|mark| hall.set("mark", mark as f32).position).collect();
    assert!(positions.iter().all(|position| *position == positions[0]));
    hall.run(ms(200));
    assert_eq!(hall.ear(ear).pcm()[positions[0].samples() as usize][1], 100);
}
