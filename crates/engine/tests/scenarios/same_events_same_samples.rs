//! A stream is a value: the same seed and the same settings at the same positions give the same samples,
//! live or offline, and whatever rests there were in between.

use crate::hall::{Hall, RATE, ms, spec};
use perpetuo_engine::{Encoding::Wav, FRAME_LEN, Performer};

#[test]
fn what_was_heard_live_can_be_rendered_again() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(250));
    let mut events = Vec::new();
    for mark in 1..30_u16 {
        hall.run(ms(97));
        events.push((hall.set("mark", mark.into()).position.samples(), mark));
    }
    hall.run(ms(500));
    let live = hall.ear(ear).pcm();

    let spec = spec();
    let mut performer = Performer::new(spec.clone(), 1, spec.defaults(), RATE);
    let mut again = Vec::new();
    for frame in 0..live.len() / FRAME_LEN {
        let at = (frame * FRAME_LEN) as u64;
        for (_, mark) in events.iter().filter(|(position, _)| *position == at) {
            performer.set(spec.setting_of("mark", f32::from(*mark)).unwrap());
        }
        if frame % 100 == 50 {
            performer.rest();
        }
        let (mut left, mut right) = ([0.0; FRAME_LEN], [0.0; FRAME_LEN]);
        performer.render([&mut left, &mut right]);
        let word = |sample: f32| (sample * 32_767.0).round() as u16;
        again.extend(left.iter().zip(right).map(|(l, r)| [word(*l), word(r)]));
    }
    assert!(live == again);
}
