//! What a store is given is enough: a stream goes on from it elsewhere, at the position it had reached and with
//! the values it was headed for, and all of its past can be rendered again.

use perpetuo_engine::{Encoding::Wav, Event, FRAME_LEN, Keep, Passage, Performer, Stream};

use crate::hall::{CONFIG, Hall, RATE, ms, seconds, spec};

/// What the stream wants to be kept by now.
fn kept(hall: &mut Hall) -> Vec<Keep> {
    std::iter::from_fn(|| hall.stream.poll_keep()).collect()
}

/// The passages to go on from among these.
fn records(kept: Vec<Keep>) -> Vec<Passage> {
    let record = |keep| if let Keep::Here(passage) = keep { Some(*passage) } else { None };
    kept.into_iter().filter_map(record).collect()
}

/// Lets someone listen to a stream for so many seconds, knobs turned on the way, and gathers what is kept.
fn play(hall: &mut Hall, for_seconds: u16) -> Vec<Keep> {
    let mut all = kept(hall);
    for second in 0..for_seconds {
        hall.run(ms(700));
        hall.glide("mark", f32::from(second % 90 * 10), "1.5");
        hall.run(ms(300));
        all.extend(kept(hall));
    }
    all
}

#[test]
fn every_nine_seconds_while_it_plays_and_when_it_ceases_to() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(250));
    assert_eq!(kept(&mut hall), [], "a stream at its beginning is what its origin says");
    let played = records(play(&mut hall, 45));
    let ends: Vec<_> = played.iter().map(|record| seconds(record.to.samples())).collect();
    assert_eq!(ends.len(), 4, "{ends:?}");
    assert!(ends.windows(2).all(|pair| (9.0..10.1).contains(&(pair[1] - pair[0]))), "{ends:?}");
    hall.leave(ear);
    let [Keep::Here(record)] = &kept(&mut hall)[..] else { panic!("not one record") };
    assert_eq!(record.to, hall.stream.position());
    hall.run(ms(10_000));
    assert!(records(kept(&mut hall)).is_empty(), "nothing has happened since");
}

#[test]
fn it_goes_on_elsewhere_with_the_same_samples() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(250));
    let mut record = records(play(&mut hall, 25)).pop().unwrap();
    let after = record.to;
    let late = hall.set("mark", 25_000.0).position;
    hall.run(ms(3000));
    let live = hall.ear(ear).pcm();

    // What was set after the record was kept by itself.
    let setting = spec().setting_of("mark", 25_000.0).unwrap();
    record.push(Event { position: late, setting });
    let mut elsewhere = Hall::new();
    elsewhere.stream = Stream::resume(spec(), 1, record, 0.5, CONFIG, elsewhere.now);
    assert!(late > after && elsewhere.stream.position() == late);
    assert_eq!(elsewhere.stream.state().values.at(1), 25_000.0);
    let ear = elsewhere.join(Wav, ms(250));
    elsewhere.run(ms(2000));
    let again = elsewhere.ear(ear).pcm();
    let at = late.samples() as usize;
    let both = again.len().min(live.len() - at);
    assert!(both > 80_000, "{both} samples");
    assert!(again[..both] == live[at..at + both]);
}

#[test]
fn however_often_it_is_interrupted_there_is_little_to_render_before_it_goes_on() {
    let mut hall = Hall::new();
    hall.join(Wav, ms(250));
    let mut record = records(play(&mut hall, 25)).pop().unwrap();
    for _ in 0..10 {
        let mut next = Hall::new();
        next.stream = Stream::resume(spec(), 1, record.clone(), 0.5, CONFIG, next.now);
        assert_eq!(kept(&mut next), [], "nothing has happened yet");
        next.join(Wav, ms(250));
        // It is killed before the ten seconds are over, but something was set.
        let latest = records(play(&mut next, 4)).pop();
        record = latest.unwrap_or(record);
        let position = next.set("level", 0.5).position;
        let setting = spec().setting_of("level", 0.5).unwrap();
        record.push(Event { position, setting });
        let unheard = seconds(record.to.since(record.from.position));
        assert!(unheard < 2.0 + 2.0 + 10.0 + 1.0, "{unheard} s");
    }
}

#[test]
fn what_was_heard_through_rests_and_moves_can_be_rendered_from_the_passages() {
    let mut hall = Hall::new();
    let ear = hall.join(Wav, ms(250));
    let mut all = play(&mut hall, 150);
    hall.leave(ear);
    hall.run(ms(90_000));
    all.extend(kept(&mut hall));
    assert!(hall.stream.is_resting());
    let again = hall.join(Wav, ms(250));
    all.extend(play(&mut hall, 70));
    let live = [hall.ear(ear).pcm(), hall.ear(again).pcm()].concat();

    let past = |keep| if let Keep::Past(passage) = keep { Some(*passage) } else { None };
    let mut passages: Vec<_> = all.into_iter().filter_map(past).collect();
    passages.push(hall.stream.open_passage());
    assert!(passages.len() >= 5, "{} passages", passages.len());
    for (n, passage) in passages.iter().enumerate() {
        let next = passages.get(n + 1).map_or(passage.to, |next| next.from.position);
        assert!(next <= passage.to, "no hole after passage {n}");
        let (from, to) = (passage.from.position.samples(), passage.to.samples());
        let heard = live.len().min(to as usize);
        assert!(rendered(passage) == live[from as usize..heard], "passage {n}");
    }
}

/// A passage rendered from its beginning to its end.
fn rendered(passage: &Passage) -> Vec<[u16; 2]> {
    let start = Passage { events: Vec::new(), to: passage.from.position, ..passage.clone() };
    let mut performer = Performer::resume(spec(), 1, start, RATE);
    let mut heard = Vec::new();
    while performer.position() < passage.to {
        let here = performer.position();
        for event in passage.events.iter().filter(|event| event.position == here) {
            performer.set(event.setting);
        }
        let (mut left, mut right) = ([0.0; FRAME_LEN], [0.0; FRAME_LEN]);
        performer.render([&mut left, &mut right]);
        let word = |sample: f32| (sample * 32_767.0).round() as u16;
        heard.extend(left.iter().zip(right).map(|(l, r)| [word(*l), word(r)]));
    }
    heard
}
