//! Whether an hour goes anywhere, and whether another seed is another hour.

use perpetuo_station::StationSpec;

use crate::{
    play::{SECOND, begin, of_each, render_mono},
    profile::{Profile, Profiler},
    sections::{join, mean, told_apart},
    table::{Column, Table},
};

const SEEDS: [u64; 2] = [1, 2];

/// Stretches that are looked at, in seconds; four are a minute.
const STRETCH_S: usize = 15;

/// Measures sections of an hour, and seeds against the halves of an hour.
pub(crate) fn measure(specs: &[StationSpec]) -> Table {
    let columns = [
        Column::new("sections", 0),
        Column::new("told apart", 0).at_least(6.0),
        Column::new("by 15 s", 0),
        Column::new("next minute", 2),
        Column::new("any minute", 2),
        Column::new("halves", 2),
        Column::new("seeds", 2),
        Column::new("in one key", 2),
        Column::new("onsets/s", 1),
        Column::new("centre Hz", 0),
    ];
    let title = "variety: an hour at the defaults by minute; distances in passages";
    let mut table = Table::new(title, ["station", "seed"], columns);
    for (spec, hours) in specs.iter().zip(of_each(specs, |spec| SEEDS.map(|seed| hour(spec, seed))))
    {
        for (seed, stretches) in SEEDS.iter().zip(&hours) {
            let other = mean(&hours[usize::from(*seed == SEEDS[0])]);
            let label = [spec.name.to_owned(), seed.to_string()];
            table.push(label, figures(stretches, &other));
        }
    }
    table.note(
        "sections join minutes nearer than 1; told apart are those 1 or more from each other; by 15 s: in quarters of a minute",
    );
    table.note(
        "halves: of this hour; seeds: this hour and the other's; in one key: at best transposed",
    );
    table
}

fn figures(stretches: &[Profile], other: &Profile) -> [f64; 10] {
    let minutes: Vec<Profile> = stretches.chunks(60 / STRETCH_S).map(mean).collect();
    let minutes = &minutes[..];
    let sections = join(minutes);
    let whole = mean(minutes);
    let (first, second) = minutes.split_at(minutes.len() / 2);
    let next = minutes.windows(2).map(|pair| pair[0].distance(&pair[1])).sum::<f64>();
    let pairs = minutes
        .iter()
        .enumerate()
        .flat_map(|(n, a)| minutes[n + 1..].iter().map(move |b| a.distance(b)));
    let count = minutes.len() as f64;
    [
        sections.len() as f64,
        told_apart(minutes, &sections) as f64,
        told_apart(stretches, &join(stretches)) as f64,
        next / (count - 1.0),
        pairs.sum::<f64>() / (count * (count - 1.0) / 2.0),
        mean(first).distance(&mean(second)),
        whole.distance(other),
        whole.distance_in_one_key(other),
        whole.onsets_hz,
        whole.brightness_hz(),
    ]
}

fn hour(spec: &StationSpec, seed: u64) -> Vec<Profile> {
    let mut station = begin(spec, seed, &spec.defaults());
    let mut profiler = Profiler::new();
    let stretches = (0..3600 / STRETCH_S).map(|_| render_mono(&mut *station, STRETCH_S * SECOND));
    stretches.map(|mono| profiler.profile(&mono)).collect()
}
