//! Whether the steps of control are heard: roughness by the place in a block.
//!
//! ```text
//! d[n] = | x[n] − 3·x[n−1] + 3·x[n−2] − x[n−3] |     m[i] = mean of d[n] where n mod 64 = i
//! ```
//!
//! Music knows no blocks, so that all 64 means are alike; a corner or a jump at each block's border
//! lifts those beside it.

use perpetuo_station::{BLOCK_LEN, StationSpec};

use crate::{
    clicks::third_differences,
    play::{SECOND, begin, of_each, render},
    table::{Column, Table},
};

/// Measures the largest mean against the median.
pub(crate) fn measure(specs: &[StationSpec]) -> Table {
    let columns = [Column::new("max / median", 3).at_most(1.05), Column::new("in sample", 0)];
    let title = "borders: mean third difference by place in a block, 5 min at the defaults";
    let mut table = Table::new(title, ["station"], columns);
    for (spec, largest) in specs.iter().zip(of_each(specs, largest)) {
        table.push([spec.name.to_owned()], largest);
    }
    table
}

/// The largest mean relative to the median, and its place.
fn largest(spec: &StationSpec) -> [f64; 2] {
    let mut station = begin(spec, 1, &spec.defaults());
    let mut sums = [0.0_f64; BLOCK_LEN];
    // Ten seconds are whole blocks, so that places in them are places in a block.
    for channel in (0..30).flat_map(|_| render(&mut *station, 10 * SECOND)) {
        // The first difference is that of sample 3.
        for (n, difference) in third_differences(&channel).enumerate() {
            sums[(n + 3) % BLOCK_LEN] += f64::from(difference);
        }
    }
    let mut sorted = sums;
    sorted.sort_by(f64::total_cmp);
    let largest = sorted[BLOCK_LEN - 1];
    let place = sums.iter().position(|sum| *sum == largest).unwrap_or(0);
    [largest / sorted[BLOCK_LEN / 2], place as f64]
}
