//! Whether a performance that goes on from a snapshot is the one that was interrupted.
//!
//! ```text
//! slot      |─ moved ─── 2..12 s ─── snapshot ───────────────────────────────────| 20 of 36 s
//! resumed                               |── refill ──|─ 1 ─|─ 2 ─|─ 3 .. 12 ─|
//!                                                     unheard  second  after that
//! ```
//!
//! The difference is relative to what should sound. That the notes to come are the same is told by its
//! staying small: a note more, less or other is as loud as the music.

use perpetuo_dsp::Chance;
use perpetuo_station::{BLOCK_LEN, Setting, Station, StationSpec, Values};

use crate::{
    play::{SECOND, begin, heard, of_each, render, setting_at},
    table::{Column, Table},
};

const SLOTS: u32 = 20;

/// The longest refill, 10 s, and what is compared fit into a slot after its snapshot.
const SLOT: usize = 36 * SECOND;

const SEED: u64 = 1;

/// Measures differences after the refill, at the defaults and while parameters move.
pub(crate) fn measure(specs: &[StationSpec]) -> Table {
    let columns = [
        Column::new("2nd s, median", 1),
        Column::new("worst", 1).at_most(-40.0),
        Column::new("next 10 s, worst", 1).at_most(-40.0),
        Column::new("bytes", 0),
    ];
    let title = "resume: difference in dB of the signal after the refill, at 20 places in 12 min";
    let mut table = Table::new(title, ["station", "values"], columns);
    let places = of_each(specs, |spec| [at_the_defaults(spec), while_moved(spec)]);
    for (spec, [at_the_defaults, while_moved]) in specs.iter().zip(places) {
        for (kind, places) in [("defaults", at_the_defaults), ("moved", while_moved)] {
            table.push([spec.name.to_owned(), kind.to_owned()], figures(&places));
            if let Some(worst) = places.last() {
                table.note(format!("{}, {kind}: worst {}", spec.name, worst.label));
            }
        }
    }
    table
}

/// What one place showed, in dB: the second compared, and the worst of the ten after it.
struct Place {
    label: String,
    second: f64,
    after: f64,
    bytes: usize,
}

fn figures(places: &[Place]) -> [f64; 4] {
    let worst = |values: &dyn Fn(&Place) -> f64| places.iter().map(values).fold(-200.0, larger);
    [
        places[places.len() / 2].second,
        worst(&|place| place.second),
        worst(&|place| place.after),
        worst(&|place| place.bytes as f64),
    ]
}

fn at_the_defaults(spec: &StationSpec) -> Vec<Place> {
    places(spec, |_| None)
}

/// One parameter after the other moves some seconds before a snapshot and stays there.
fn while_moved(spec: &StationSpec) -> Vec<Place> {
    let chance = Chance::new(37);
    let movable: Vec<usize> = heard(spec).collect();
    places(spec, |slot| {
        let index = movable.get(chance.below(0, slot, movable.len() as u32) as usize)?;
        Some(setting_at(spec, *index, hundredths(chance.unit(1, slot))))
    })
}

/// A share that is short to write.
fn hundredths(share: f32) -> f32 {
    (share * 100.0).round() / 100.0
}

/// Compares at every place of a performance, each after the move for its slot; the worst comes last.
fn places(spec: &StationSpec, move_of: impl Fn(u32) -> Option<Setting>) -> Vec<Place> {
    let chance = Chance::new(36);
    let mut values = spec.defaults();
    let mut whole = begin(spec, SEED, &values);
    let mut places: Vec<Place> = (0..SLOTS)
        .map(|slot| {
            let wait = (chance.between(0, slot, 2.0, 12.0) * SECOND as f32) as usize;
            let wait = wait / BLOCK_LEN * BLOCK_LEN;
            let at_s = (slot as usize * SLOT + wait) / SECOND;
            if let Some(setting) = move_of(slot) {
                whole.set(setting);
                values.apply(setting);
            }
            let label = format!("at {at_s} s{}", moved(spec, &values));
            render(&mut *whole, wait);
            let bytes = whole.snapshot().as_bytes().len();
            let ([second, after], compared) = compare(spec, &mut *whole, &values);
            render(&mut *whole, SLOT - wait - compared);
            Place { label, second, after, bytes }
        })
        .collect();
    places.sort_by(|a, b| a.second.total_cmp(&b.second));
    places
}

/// The parameters that are not at their defaults, in words.
fn moved(spec: &StationSpec, values: &Values) -> String {
    let params = spec.params.iter().zip(values.iter());
    let moved = params.filter(|(param, value)| param.default != *value);
    moved.map(|(param, value)| format!(", {} {}", param.id, param.show(value))).collect()
}

/// Goes on from a snapshot beside the performance it is of; the differences, and how many samples both played.
fn compare(spec: &StationSpec, whole: &mut dyn Station, values: &Values) -> ([f64; 2], usize) {
    let mut resumed = begin(spec, SEED, values);
    if resumed.resume(&whole.snapshot()).is_err() {
        return ([f64::NAN; 2], 0);
    }
    let refill = spec.refill.as_secs() as usize * SECOND;
    for _ in 0..spec.refill.as_secs() + 1 {
        render(whole, SECOND);
        render(&mut *resumed, SECOND);
    }
    let mut next_db = || difference_db(&render(whole, SECOND), &render(&mut *resumed, SECOND));
    let second_db = next_db();
    let after_db = (0..10).map(|_| next_db()).fold(-200.0, larger);
    ([second_db, after_db], refill + 12 * SECOND)
}

/// The power of what differs, relative to what should sound or to −60 dB of full scale.
fn difference_db(whole: &[Vec<f32>; 2], resumed: &[Vec<f32>; 2]) -> f64 {
    let samples = || whole.iter().flatten().zip(resumed.iter().flatten());
    let power: f64 = samples().map(|(a, _)| f64::from(a * a)).sum();
    let difference: f64 = samples().map(|(a, b)| f64::from((a - b) * (a - b))).sum();
    let least = 1e-6 * 2.0 * SECOND as f64;
    10.0 * (difference / power.max(least)).max(1e-20).log10()
}

/// The larger of the two; no number if either is none.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}
