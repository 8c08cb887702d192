//! Whether a listener can leave the volume where it is: 10 minutes at the defaults, four seeds.

use perpetuo_station::StationSpec;

use crate::{
    meter,
    play::{SECOND, begin, of_each},
    table::{Column, Table},
};

const SEEDS: [u64; 4] = [1, 2, 3, 4];

/// Measures loudness, its range, true peak and mean.
pub(crate) fn measure(specs: &[StationSpec]) -> Table {
    let columns = [
        Column::new("LUFS", 1).at_least(-18.0).at_most(-16.0),
        Column::new("range LU", 1),
        Column::new("peak dBTP", 1).at_most(-1.0),
        Column::new("mean dBFS", 0).at_most(-60.0),
    ];
    let mut table = Table::new("loudness: 10 min at the defaults", ["station", "seed"], columns);
    let readings = of_each(specs, |spec| {
        SEEDS.map(|seed| meter::read(&mut *begin(spec, seed, &spec.defaults()), 600 * SECOND))
    });
    for (spec, readings) in specs.iter().zip(readings) {
        for (seed, reading) in SEEDS.iter().zip(readings) {
            table.push(
                [spec.name.to_owned(), seed.to_string()],
                [reading.lufs, reading.range_lu, reading.true_peak_dbtp, reading.mean_db],
            );
        }
    }
    table
}
