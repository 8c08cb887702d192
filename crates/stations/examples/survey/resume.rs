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
use perpetuo_station::{BLOCK_LEN, Station, StationSpec, Values};

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
        Column::new("at s", 0),
        Column::new("bytes", 0),
    ];
    let title = "resume: difference in dB of the signal after the refill, at 20 places in 12 min";
    let mut table = Table::new(title, ["station", "values"], columns);
    let kinds = [("defaults", false), ("moved before", true)];
    let rows = of_each(specs, |spec| kinds.map(|(_, is_moved)| differences(spec, is_moved)));
    for (spec, rows) in specs.iter().zip(rows) {
        for ((kind, _), values) in kinds.iter().zip(rows) {
            table.push([spec.name.to_owned(), (*kind).to_owned()], values);
        }
    }
    table
}

/// What one place showed: the second compared, the worst of the ten after it, where it was.
struct Place {
    second_db: f64,
    after_db: f64,
    at_s: f64,
}

fn differences(spec: &StationSpec, is_moved: bool) -> [f64; 5] {
    let chance = Chance::new(36);
    let mut values = spec.defaults();
    let mut whole = begin(spec, SEED, &values);
    let movable: Vec<usize> = heard(spec).collect();
    let mut bytes = 0;
    let mut places: Vec<Place> = (0..SLOTS)
        .map(|slot| {
            if is_moved && !movable.is_empty() {
                let index = movable[chance.below(0, slot, movable.len() as u32) as usize];
                let setting = setting_at(spec, index, chance.unit(1, slot));
                whole.set(setting);
                values.apply(setting);
            }
            let wait = (chance.between(2, slot, 2.0, 12.0) * SECOND as f32) as usize;
            let wait = wait / BLOCK_LEN * BLOCK_LEN;
            render(&mut *whole, wait);
            bytes = bytes.max(whole.snapshot().as_bytes().len());
            let (second_db, after_db, compared) = compare(spec, &mut *whole, &values);
            render(&mut *whole, SLOT - wait - compared);
            let at_s = (slot as usize * SLOT + wait) as f64 / SECOND as f64;
            Place { second_db, after_db, at_s }
        })
        .collect();
    places.sort_by(|a, b| a.second_db.total_cmp(&b.second_db));
    let worst = places.iter().map(|place| place.second_db).fold(f64::NEG_INFINITY, nan_or_larger);
    let after = places.iter().map(|place| place.after_db).fold(f64::NEG_INFINITY, nan_or_larger);
    let at_s = places.iter().find(|place| place.after_db == after).map_or(0.0, |place| place.at_s);
    [places[places.len() / 2].second_db, worst, after, at_s, bytes as f64]
}

/// Goes on from a snapshot beside the performance it is of; how many samples were played by both.
fn compare(spec: &StationSpec, whole: &mut dyn Station, values: &Values) -> (f64, f64, usize) {
    let mut resumed = begin(spec, SEED, values);
    if resumed.resume(&whole.snapshot()).is_err() {
        return (f64::NAN, f64::NAN, 0);
    }
    let refill = spec.refill.as_secs() as usize * SECOND;
    for _ in 0..spec.refill.as_secs() + 1 {
        render(whole, SECOND);
        render(&mut *resumed, SECOND);
    }
    let mut next_db = || difference_db(&render(whole, SECOND), &render(&mut *resumed, SECOND));
    let second_db = next_db();
    let after_db = (0..10).map(|_| next_db()).fold(f64::NEG_INFINITY, nan_or_larger);
    (second_db, after_db, refill + 12 * SECOND)
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
fn nan_or_larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}
