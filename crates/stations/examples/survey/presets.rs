//! Whether presets are of a loudness that one can go between.

use perpetuo_station::{StationSpec, Values};

use crate::{
    meter,
    play::{SECOND, begin, of_each},
    table::{Column, Table},
};

/// Measures 2 minutes of every preset.
pub(crate) fn measure(specs: &[StationSpec]) -> Table {
    let columns = [
        Column::new("LUFS", 1).at_least(-24.0).at_most(-12.0),
        Column::new("range LU", 1),
        Column::new("peak dBTP", 1).at_most(-1.0),
    ];
    let mut table = Table::new("presets: 2 min of each", ["station", "preset"], columns);
    let readings = of_each(specs, |spec| {
        let read = |(name, values): (&'static str, Values)| {
            (name, meter::read(&mut *begin(spec, 1, &values), 120 * SECOND))
        };
        presets(spec).into_iter().map(read).collect::<Vec<_>>()
    });
    for (spec, readings) in specs.iter().zip(readings) {
        for (name, reading) in readings {
            table.push(
                [spec.name.to_owned(), name.to_owned()],
                [reading.lufs, reading.range_lu, reading.true_peak_dbtp],
            );
        }
    }
    table
}

/// The names of a station's presets and the values they stand for.
fn presets(spec: &StationSpec) -> Vec<(&'static str, Values)> {
    let names = spec.presets.iter().map(|preset| preset.name);
    names
        .filter_map(|name| {
            let mut values = spec.defaults();
            spec.preset(name).ok()?.into_iter().for_each(|setting| values.apply(setting));
            Some((name, values))
        })
        .collect()
}
