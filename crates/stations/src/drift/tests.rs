//! What DRIFT's composer promises, over hours and without sound.

use perpetuo_dsp::{Chance, State};

use super::{
    Param,
    character::Character,
    composer::Composer,
    form::Form,
    note::{Note, PadNote},
    perform, spec,
    synth::Synth,
};
use crate::{
    performer::Composer as _,
    theory::{SCALES, Scale},
};

const SAMPLE_RATE_HZ: u32 = 44_100;
const HOUR: u64 = 3600 * SAMPLE_RATE_HZ as u64;

fn at_the_defaults(param: Param) -> f32 {
    spec().params[param as usize].default
}

fn composer(seed: u64, values: &[(Param, f32)]) -> Composer {
    Composer::new(seed, SAMPLE_RATE_HZ, &|param| {
        let value = values.iter().find(|(of, _)| *of == param);
        value.map_or(at_the_defaults(param), |(_, value)| *value)
    })
}

/// Every note of the next `samples`, with its sample.
fn notes(composer: &mut Composer, samples: u64) -> Vec<(u64, Note)> {
    let (mut at, mut notes) = (0, Vec::new());
    while at < samples {
        at += u64::from(composer.compose(&mut |note| notes.push((at, note))).max(1));
    }
    notes
}

fn pads(notes: &[(u64, Note)]) -> Vec<(u64, PadNote)> {
    let pad = |(at, note): &(u64, Note)| match note {
        Note::Pad(pad) => Some((*at, *pad)),
        _ => None,
    };
    notes.iter().filter_map(pad).collect()
}

/// How many pads are held and let go of by nobody, at each pad's beginning, and which.
fn held_at(notes: &[(u64, Note)], mut look: impl FnMut(&PadNote, &[u8])) {
    let mut held: Vec<(u64, u8)> = Vec::new();
    for (at, note) in notes {
        held.retain(|(end, _)| end > at);
        match note {
            Note::LetGo(let_go) => held.retain(|(_, note)| let_go.keep >> (note % 12) & 1 == 1),
            Note::Pad(pad) => {
                let others: Vec<u8> = held.iter().map(|(_, note)| *note).collect();
                look(pad, &others);
                held.push((at + u64::from(pad.hold), pad.note));
            }
            _ => {}
        }
    }
}

#[test]
fn same_seed_same_notes_and_another_seed_others() {
    let play = |seed| notes(&mut composer(seed, &[]), HOUR / 6);
    assert!(play(3) == play(3));
    assert!(play(3) != play(4));
}

#[test]
fn a_composer_goes_on_from_its_words_with_the_same_notes() {
    for seed in 0..6 {
        let mut whole = composer(seed, &[]);
        notes(&mut whole, HOUR / 5 + seed * 1_000_000);
        // A root that nothing has been played of yet.
        whole.set(Param::Root as usize, 1.0 + seed as f32);
        let mut words = Vec::new();
        whole.visit(&mut |word| words.push(*word));
        let (mut resumed, mut words) = (composer(seed, &[]), words.into_iter());
        resumed.visit(&mut |word| *word = words.next().unwrap());
        assert_eq!(whole.title(), resumed.title());
        assert!(notes(&mut whole, HOUR / 6) == notes(&mut resumed, HOUR / 6));
    }
}

#[test]
fn a_snapshot_has_at_most_180_words() {
    let mut words = 0;
    composer(1, &[]).visit(&mut |_| words += 1);
    Synth::new(1, SAMPLE_RATE_HZ, &at_the_defaults).visit(&mut |_| words += 1);
    assert!(words <= 180, "{words}");
}

#[test]
fn moods_come_four_times_a_second_and_an_hour_takes_few_calls() {
    let mut composer = composer(2, &[]);
    let (mut at, mut calls, mut moods) = (0_u64, 0, 0);
    while at < HOUR {
        let wait = composer.compose(&mut |note| moods += u64::from(matches!(note, Note::Mood(_))));
        assert!((1..=SAMPLE_RATE_HZ / 4).contains(&wait));
        (at, calls) = (at + u64::from(wait), calls + 1);
    }
    assert!((14_399..=14_401).contains(&moods), "{moods}");
    assert!(calls < 40_000, "{calls}");
}

#[test]
fn eight_voices_are_enough() {
    for seed in 0..8 {
        for density in [0.0, 0.5, 1.0] {
            let notes = notes(&mut composer(seed, &[(Param::Density, density)]), HOUR);
            held_at(&notes, |_, others| assert!(others.len() < 8, "{others:?}"));
        }
    }
}

#[test]
fn pads_seldom_rub() {
    for (scale, label) in SCALES.iter().enumerate() {
        let values = [(Param::Scale, scale as f32), (Param::Density, 0.8)];
        let notes = notes(&mut composer(5, &values), HOUR);
        let (mut all, mut rubs) = (0, 0);
        held_at(&notes, |pad, others| {
            all += 1;
            let rub = |other: &u8| matches!(pad.note.abs_diff(*other), 1 | 13);
            rubs += u32::from(others.iter().any(rub));
        });
        assert!(all > 200 && rubs * 40 < all, "{label}: {rubs} of {all}");
    }
}

#[test]
fn a_new_root_is_heard_within_a_second_and_nothing_of_the_old_key_is_held() {
    for seed in 0..10 {
        let mut composer = composer(seed, &[(Param::Scale, 1.0)]);
        notes(&mut composer, 40 * u64::from(SAMPLE_RATE_HZ));
        composer.set(Param::Root as usize, 8.0);
        let after = notes(&mut composer, 4 * u64::from(SAMPLE_RATE_HZ));
        let scale = Scale::of(1, 8);
        let let_go = after.iter().find_map(|(at, note)| match note {
            Note::LetGo(let_go) => Some((*at, let_go.keep)),
            _ => None,
        });
        let (at, keep) = let_go.unwrap();
        assert!(at < u64::from(SAMPLE_RATE_HZ) / 4);
        assert!((0..12).all(|note| (keep >> note & 1 == 1) == scale.has(note as f32)));
        let pads = pads(&after);
        assert!(pads.iter().all(|(_, pad)| scale.has(pad.note.into())), "{pads:?}");
        assert!(pads[0].0 < u64::from(SAMPLE_RATE_HZ));
    }
}

#[test]
fn every_eighth_scene_ends_in_a_hush_without_pads_and_then_another_key_comes() {
    for seed in 0..5 {
        let mut composer = composer(seed, &[]);
        let (mut titles, mut pads_in_hush) = (vec![composer.title()], 0);
        let mut at = 0;
        while at < 2 * HOUR {
            let mut count = 0;
            at +=
                u64::from(composer.compose(&mut |n| count += u32::from(matches!(n, Note::Pad(_)))));
            let title = composer.title();
            if titles.last() != Some(&title) {
                titles.push(title);
            }
            pads_in_hush += if title.scene == "Hush" { count } else { 0 };
        }
        assert_eq!(pads_in_hush, 0);
        let scenes: Vec<&str> = titles.iter().map(|title| title.scene).collect();
        let mut between = scenes.split(|scene| *scene == "Hush");
        let cycles = between.clone().count();
        assert!((5..=11).contains(&cycles), "{cycles}");
        for cycle in between.by_ref().take(cycles - 1) {
            let set: std::collections::BTreeSet<&str> = cycle.iter().copied().collect();
            assert_eq!((set.len(), cycle.len()), (8, 8), "{cycle:?}");
        }
        for pair in titles.windows(2).filter(|pair| pair[0].scene == "Hush") {
            assert_ne!(pair[0].key, pair[1].key);
        }
    }
}

#[test]
fn density_and_bells_do_what_they_say() {
    let count = |values: &[(Param, f32)], is: &dyn Fn(&Note) -> bool| {
        let notes = notes(&mut composer(9, values), HOUR);
        notes.iter().filter(|(_, note)| is(note)).count()
    };
    let is_pad = |note: &Note| matches!(note, Note::Pad(_));
    let [few, some, many] = [0.0, 0.5, 1.0].map(|d| count(&[(Param::Density, d)], &is_pad));
    assert!(few > 200 && few * 3 < some * 2 && some * 5 < many * 4, "{few} {some} {many}");
    // The pulse is no bell.
    let is_bell = |note: &Note| matches!(note, Note::Stroke(_));
    let [none, some, many] = [0.0, 0.5, 1.0].map(|b| count(&[(Param::Bells, b)], &is_bell));
    assert!(none + 500 < some && some + 500 < many, "{none} {some} {many}");
}

#[test]
fn layers_never_jump_and_tides_rise_and_fall() {
    for seed in 0..4 {
        let chance = Chance::new(seed);
        let character = Character::new(&chance);
        let mut form = Form::new(&chance, &character, 44_100.0);
        let mut last = form.layers(&chance, &character, 44_100.0);
        let (mut lowest, mut highest) = (1.0_f32, 0.0_f32);
        for _ in 0..4 * 3600 * 2 {
            form.pass(11_025, &chance, &character, 44_100.0);
            let now = form.layers(&chance, &character, 44_100.0);
            for (a, b) in [(last.pads, now.pads), (last.drone, now.drone), (last.light, now.light)]
            {
                assert!((a - b).abs() < 0.13, "{last:?} {now:?}");
            }
            last = now;
            let tide = form.tide(&character);
            (lowest, highest) = (lowest.min(tide), highest.max(tide));
        }
        assert!(lowest < 0.01 && highest > 0.99);
    }
}

#[test]
fn an_hour_skipped_ends_where_an_hour_composed_does() {
    let values = spec().defaults();
    let performance =
        perpetuo_station::Performance { seed: 4, sample_rate_hz: SAMPLE_RATE_HZ, values: &values };
    let mut station = perform(&performance);
    let passed = station.skip(HOUR);
    let mut composer = composer(4, &[]);
    let mut at = 0;
    while at < passed {
        at += u64::from(composer.compose(&mut |_| {}));
    }
    assert_eq!(station.title(), composer.title());
}
