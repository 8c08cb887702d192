//! Whether a parameter that jumps is heard as a click.
//!
//! ```text
//! values low and high:  ──────────────── one each, for as long ──► steady
//! jumping:              low ─► high ─► low ─► high ─► ...       ──► in the second after each jump
//! ```
//!
//! All three play the same seed for the same time, so that what the music itself does is in the steady
//! measure too. An onset that only the changed music has can still be the roughest moment after one of
//! the jumps, but not after two: the bar is for the second worst of them.

use perpetuo_station::{Curve, StationSpec};

use crate::{
    play::{SECOND, begin, of_each, render, setting_at, values_at},
    table::{Column, Table},
};

/// From one jump to the next, in seconds: no multiple of a usual beat.
const PERIOD_S: f64 = 2.73;

/// Jumps to each end.
const JUMPS: usize = 5;

/// Measures the largest third difference after jumps between the ends of every parameter.
pub(crate) fn measure(specs: &[StationSpec]) -> Table {
    let columns = [
        Column::new("second worst", 2).at_most(1.5),
        Column::new("worst", 2),
        Column::new("steady", 4),
    ];
    let title = "clicks: largest third difference after a jump, relative to the steady one";
    let mut table = Table::new(title, ["station", "jump"], columns);
    let rows = of_each(specs, |spec| {
        let jumps = (0..spec.params.len()).flat_map(|index| {
            jumps(&spec.params[index].curve).into_iter().map(move |ends| (index, ends))
        });
        jumps.map(|(index, ends)| row(spec, index, ends)).collect::<Vec<_>>()
    });
    for (spec, rows) in specs.iter().zip(rows) {
        for (label, values) in rows {
            table.push([spec.name.to_owned(), label], values);
        }
    }
    table
}

/// `| x[n] − 3·x[n−1] + 3·x[n−2] − x[n−3] |`, from the fourth sample on.
pub(crate) fn third_differences(samples: &[f32]) -> impl Iterator<Item = f32> + '_ {
    samples.windows(4).map(|x| (x[3] - 3.0 * (x[2] - x[1]) - x[0]).abs())
}

/// The ways a parameter jumps, as shares of its travel: end to end, and choices to the next as well.
fn jumps(curve: &Curve) -> Vec<[f32; 2]> {
    match curve {
        Curve::Stepped(labels) if labels.len() > 2 => {
            let last = (labels.len() - 1) as f32;
            let middle = (last / 2.0).floor();
            vec![[0.0, 1.0], [middle / last, (middle + 1.0) / last]]
        }
        _ => vec![[0.0, 1.0]],
    }
}

fn row(spec: &StationSpec, index: usize, ends: [f32; 2]) -> (String, [f64; 3]) {
    let param = &spec.params[index];
    let begin_at = |share| begin(spec, 5, &values_at(spec, index, share));
    let period = (PERIOD_S * SECOND as f64) as usize;
    let steady = (ends.iter())
        .flat_map(|share| render(&mut *begin_at(*share), 2 * JUMPS * period))
        .map(|channel| roughness(&channel))
        .fold(0.0, f32::max);
    let mut station = begin_at(ends[0]);
    let mut moved: Vec<f32> = (ends.into_iter().rev().cycle().take(2 * JUMPS - 1))
        .map(|share| {
            let before = render(&mut *station, period - SECOND);
            station.set(setting_at(spec, index, share));
            let after = render(&mut *station, SECOND);
            let joined = before
                .iter()
                .zip(&after)
                .map(|(before, after)| [&before[before.len() - 3..], after].concat());
            joined.map(|channel| roughness(&channel)).fold(0.0, f32::max)
        })
        .collect();
    moved.sort_by(|a, b| f32::total_cmp(b, a));
    let label = ends.map(|share| param.show(setting_at(spec, index, share).value()));
    let relative = |moved: f32| f64::from(moved / steady);
    let values = [relative(moved[1]), relative(moved[0]), steady.into()];
    (format!("{} {}", param.id, label.join(" / ")), values)
}

fn roughness(samples: &[f32]) -> f32 {
    third_differences(samples).fold(0.0, f32::max)
}
