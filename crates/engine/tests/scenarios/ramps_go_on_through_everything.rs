//! A ramp takes its time whatever happens meanwhile: checkpoints, rests, another encoding, a replay. The
//! samples are those of a performance that was never interrupted.

use crate::hall::{Hall, RATE, ms, spec};
use perpetuo_engine::{
    BitrateKbps,
    Encoding::{Mp3, Wav},
    FRAME_LEN, Performer, Position,
};
use perpetuo_station::{Ramp, Setting};

/// What is set, and where.
type Events = Vec<(Position, Setting)>;

fn mark(value: f32, ramp: &str) -> Setting {
    spec().setting_of("mark", value).unwrap().over(Ramp::parse(ramp).unwrap())
}

/// Both channels of `frames` frames from `from` on, rendered from the very beginning; before each frame
/// `meanwhile` may do to the performer what it likes.
fn performed(
    events: &Events,
    from: Position,
    frames: usize,
    meanwhile: &dyn Fn(usize, &mut Performer),
) -> Vec<[u16; 2]> {
    let spec = spec();
    let mut performer = Performer::new(spec.clone(), 1, spec.defaults(), RATE);
    let mut pcm = Vec::new();
    while pcm.len() < frames * FRAME_LEN {
        let at = performer.position();
        let frame = at.samples() as usize / FRAME_LEN;
        meanwhile(frame, &mut performer);
        for (_, setting) in events.iter().filter(|(position, _)| *position == at) {
            performer.set(*setting);
            meanwhile(frame, &mut performer);
        }
        let (mut left, mut right) = ([0.0; FRAME_LEN], [0.0; FRAME_LEN]);
        performer.render([&mut left, &mut right]);
        if at >= from {
            let word = |sample: f32| (sample * 32_767.0).round() as u16;
            pcm.extend(left.iter().zip(right).map(|(l, r)| [word(*l), word(r)]));
        }
    }
    pcm
}

fn uninterrupted(events: &Events, from: Position, frames: usize) -> Vec<[u16; 2]> {
    performed(events, from, frames, &|_, _| {})
}

#[test]
fn a_ramp_takes_the_time_it_was_given_and_ends_at_the_value() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(200));
    hall.run(ms(1_000));
    let from = hall.glide("mark", 20_000.0, "2").position.samples() as usize;
    hall.run(ms(3_000));
    let pcm = hall.ear(ear).pcm();
    let at = |samples: usize| i32::from(pcm[from + samples][1]);
    let second = RATE as usize;
    assert_eq!((at(0), at(2 * second - 1)), (0, 20_000), "a sample's step is less than 1");
    // In f32, step by step, the test's station is off by a little.
    assert!((at(second) - 10_000).abs() <= 20, "half way after half the time: {}", at(second));
    assert!(pcm[from + 2 * second..].iter().all(|sample| sample[1] == 20_000));
}

#[test]
fn while_a_value_glides_the_stream_tells_where_to() {
    let mut hall = Hall::new();
    hall.join(Wav, ms(200));
    hall.run(ms(500));
    hall.glide("mark", 20_000.0, "60");
    hall.run(ms(500));
    assert_eq!(hall.stream.state().values.at(1), 20_000.0);
}

#[test]
fn a_ramp_goes_on_after_a_rest_as_if_there_had_been_none() {
    // The ramp begins at the very start, and long before everything that is still known of it.
    for before_ms in [0, 3_000] {
        let mut hall = Hall::new();
        let first = hall.join(Wav, ms(500));
        hall.run(ms(before_ms));
        let mut events = vec![(hall.glide("mark", 30_000.0, "40").position, mark(30_000.0, "40"))];
        hall.run(ms(15_000));
        hall.leave(first);
        hall.run(ms(70_000));
        assert!(hall.stream.is_resting());
        // One more is set while it rests.
        events.push((hall.glide("mark", 10.0, "5").position, mark(10.0, "5")));
        let again = hall.join(Wav, ms(500));
        hall.run(ms(6_000));
        let pcm = hall.ear(again).pcm();
        assert!(hall.ear(again).breaks().is_empty());
        let heard = uninterrupted(&events, events[1].0, pcm.len() / FRAME_LEN);
        assert!(pcm[0][1] > 8_000 && pcm == heard, "after {before_ms} ms");
    }
}

#[test]
fn another_encoding_is_given_the_ramp_as_it_was() {
    // The ramp begins before, and within, the past that is rendered again.
    for gliding_ms in [20_000, 1_000] {
        let mut hall = Hall::new();
        hall.join(Mp3(BitrateKbps::DEFAULT), ms(500));
        hall.run(ms(5_000));
        let events = vec![(hall.glide("mark", 30_000.0, "50").position, mark(30_000.0, "50"))];
        hall.run(ms(gliding_ms));
        let live = hall.stream.state().position;
        let wav = hall.join(Wav, ms(2_000));
        hall.run(ms(1));
        let given = hall.ear(wav).samples();
        assert!(given >= 2 * u64::from(RATE), "{given}");
        hall.run(ms(1_000));
        let pcm = hall.ear(wav).pcm();
        let from = Position::new(live.samples() - given);
        assert!(pcm == uninterrupted(&events, from, pcm.len() / FRAME_LEN), "{gliding_ms}");
    }
}

#[test]
fn what_was_heard_live_with_ramps_can_be_rendered_again() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(250));
    let mut events = Events::new();
    for (step, ramp) in ["0.5", "0", "3", "0.07", "8", "0.001"].iter().cycle().take(40).enumerate()
    {
        hall.run(ms(331));
        let value = (step * 7_919 % 30_000) as f32;
        events.push((hall.glide("mark", value, ramp).position, mark(value, ramp)));
    }
    hall.run(ms(500));
    let live = hall.ear(ear).pcm();
    let frames = live.len() / FRAME_LEN;
    assert!(live == uninterrupted(&events, Position::START, frames));
    let with_rests = performed(&events, Position::START, frames, &|frame, performer| {
        if frame % 20 == 10 {
            performer.rest();
        }
    });
    assert!(live == with_rests);
}

#[test]
fn a_ramp_begins_where_a_value_set_at_the_same_position_led() {
    let at = |frame: usize| Position::new((frame * FRAME_LEN) as u64);
    let events = vec![
        (at(100), mark(5_000.0, "0")),
        (at(200), mark(1.0, "9")),
        (at(200), mark(20_000.0, "0")),
        (at(200), mark(2.0, "7")),
        (at(200), mark(10_000.0, "2")),
    ];
    let whole = uninterrupted(&events, Position::START, 400);
    assert!((19_990..=20_000).contains(&whole[200 * FRAME_LEN + 5][1]));
    assert_eq!(whole[200 * FRAME_LEN + 2 * RATE as usize][1], 10_000);
    // Resting, it knows of its events alone; at frame 200 it rests after each of them.
    for rest in [150, 200, 201, 210, 399] {
        let rested = performed(&events, Position::START, 400, &|frame, performer| {
            if frame == rest {
                performer.rest();
            }
        });
        assert!(whole == rested, "{rest}");
    }
}

#[test]
fn skipped_time_passes_with_its_ramps_and_goes_on_through_a_rest() {
    let at = |frame: usize| Position::new((frame * FRAME_LEN) as u64);
    let (begin, end) = (mark(30_000.0, "300"), mark(0.0, "100"));
    let events = vec![(at(200), begin), (at(9_000), end)];
    let spec = spec();
    let mut performer = Performer::new(spec.clone(), 1, spec.defaults(), RATE);
    for (position, setting) in &events {
        performer.skip_to(*position);
        assert_eq!(performer.set(*setting), *position);
    }
    performer.skip_to(at(9_400));
    performer.skip_to(at(9_000));
    assert_eq!(performer.position(), at(9_400));
    performer.rest();
    let whole = uninterrupted(&events, at(9_400), 200);
    for frame in whole.chunks(FRAME_LEN) {
        let (mut left, mut right) = ([0.0; FRAME_LEN], [0.0; FRAME_LEN]);
        performer.render([&mut left, &mut right]);
        let word = |sample: f32| (sample * 32_767.0).round() as u16;
        assert!(frame.iter().zip(left).all(|(heard, l)| heard[0] == word(l)));
        assert!(frame.iter().zip(right).all(|(heard, r)| heard[1] == word(r)));
    }
}

#[test]
fn the_stream_tells_what_its_station_is_doing() {
    let mut hall = Hall::new();
    assert_eq!(hall.stream.state().title.to_string(), "", "nothing yet");
    let ear = hall.join(Wav, ms(200));
    hall.run(ms(400));
    assert_eq!(hall.stream.state().title.to_string(), "Begins");
    hall.run(ms(1_000));
    assert_eq!(hall.stream.state().title.to_string(), "Goes on");
    hall.leave(ear);
    hall.run(ms(70_000));
    assert!(hall.stream.is_resting());
    assert_eq!(hall.stream.state().title.to_string(), "Goes on");
}
