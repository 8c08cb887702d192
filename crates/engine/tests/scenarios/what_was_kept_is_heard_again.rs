//! A recital plays what was heard, sample by sample, from wherever it is asked for, through rests and, where
//! something was lost, from there on again.

use perpetuo_engine::{Encoding::Wav, FRAME_LEN, Keep, Passage, Position, Recital};

use crate::hall::{Hall, RATE, ms, seconds, spec};

/// A stream that played for so many seconds, rested, and played again, knobs turned all the time: what was heard
/// and what was kept, in the order of its beginnings.
fn concert(lengths: [u64; 2]) -> (Vec<[u16; 2]>, Vec<Passage>) {
    let mut hall = Hall::new();
    let mut passages = Vec::new();
    let mut live = Vec::new();
    for length in lengths {
        let ear = hall.join(Wav, ms(250));
        for second in 0..length {
            hall.run(ms(700));
            hall.glide("mark", f32::from(second as u16 % 90 * 10), "1.5");
            hall.run(ms(300));
            keep(&mut hall, &mut passages);
        }
        hall.leave(ear);
        hall.run(ms(90_000));
        live.extend(hall.ear(ear).pcm());
        keep(&mut hall, &mut passages);
    }
    passages.push(hall.stream.open_passage());
    passages.sort_by_key(|passage| passage.from.position);
    (live, passages)
}

fn keep(hall: &mut Hall, passages: &mut Vec<Passage>) {
    while let Some(keep) = hall.stream.poll_keep() {
        if let Keep::Past(passage) = keep {
            passages.push(*passage);
        }
    }
}

/// What a recital plays of so many frames.
fn heard(passages: &[Passage], from: Position, frames: usize) -> Vec<[u16; 2]> {
    let mut recital = Recital::new(spec(), 1, passages.to_vec(), from, RATE).unwrap();
    while recital.position() < from {
        recital.render();
    }
    let word = |sample: f32| (sample * 32_767.0).round() as u16;
    let mut heard = Vec::new();
    for _ in 0..frames {
        let [left, right] = recital.render();
        heard.extend(left.iter().zip(right).map(|(l, r)| [word(*l), word(r)]));
    }
    heard
}

/// The frame border at a second or before it.
fn border(second: usize) -> usize {
    second * RATE as usize / FRAME_LEN * FRAME_LEN
}

#[test]
fn bit_for_bit_from_wherever_it_is_asked_for() {
    let (live, passages) = concert([150, 70]);
    assert!(passages.len() >= 5, "{} passages", passages.len());
    for second in [0, 1, 59, 61, 100, 148, 151, 170, 200] {
        let (from, frames) = (border(second), 700);
        let again = heard(&passages, Position::new(from as u64), frames);
        assert!(again == live[from..from + again.len()], "from {second} s");
    }
}

#[test]
fn bit_for_bit_also_when_it_rested_shortly_after_a_passage_was_closed() {
    for pause in 60..66 {
        let (live, passages) = concert([pause, 70]);
        let frames = live.len() / FRAME_LEN;
        let again = heard(&passages, Position::START, frames);
        assert!(again == live[..again.len()], "a rest after {pause} s");
    }
}

#[test]
fn it_begins_where_a_passage_does_half_a_minute_before_or_more() {
    let (_, passages) = concert([150, 70]);
    for second in [0, 50, 85, 95, 100, 125, 200] {
        let from = Position::new(border(second) as u64);
        let recital = Recital::new(spec(), 1, passages.clone(), from, RATE).unwrap();
        let begins = recital.position().seconds(RATE);
        assert!(passages.iter().any(|passage| passage.from.position == recital.position()));
        let lead_in = second as f64 - begins;
        let is_first = begins == 0.0 && lead_in < 92.0;
        assert!(is_first || (29.9..92.0).contains(&lead_in), "{second} s: {begins} s");
    }
    assert!(Recital::new(spec(), 1, Vec::new(), Position::START, RATE).is_none());
}

#[test]
fn what_was_lost_is_passed_over_and_what_comes_after_it_is_heard_as_it_was() {
    let (live, mut passages) = concert([150, 70]);
    let lost = passages.remove(1);
    let next = passages[1].from.position;
    assert!(seconds(next.since(lost.from.position)) > 50.0);
    let takes_over = next.samples() as usize + border(2) + 2 * FRAME_LEN;
    let again = heard(&passages, Position::new(border(90) as u64), 4000);
    let (before, after) = again.split_at(takes_over - border(90));
    assert!(after == &live[takes_over..takes_over + after.len()]);
    let here = border(90)..takes_over;
    assert!(before.iter().zip(&live[here]).all(|(again, live)| again[0] == live[0]));
    assert!(before[0][1] != live[border(90)][1], "what was turned there is lost");
}
