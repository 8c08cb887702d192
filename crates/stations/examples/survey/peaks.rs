//! Whether any setting leaves full scale: 30 s at either end of each parameter and at random settings.

use perpetuo_station::{StationSpec, Values};

use crate::{
    meter,
    play::{SECOND, begin, of_each, random_values, values_at},
    table::{Column, Table},
};

const RANDOM_SETTINGS: u32 = 20;

/// Measures loudness and true peaks of every setting.
pub(crate) fn measure(specs: &[StationSpec]) -> Table {
    let columns = [Column::new("LUFS", 1), Column::new("peak dBTP", 1).at_most(-1.0)];
    let title = "peaks: 30 s, one parameter at an end, or all at random";
    let mut table = Table::new(title, ["station", "setting"], columns);
    let readings = of_each(specs, |spec| {
        let read = |(label, values): (String, Values)| {
            let reading = meter::read(&mut *begin(spec, 1, &values), 30 * SECOND);
            (label, [reading.lufs, reading.true_peak_dbtp])
        };
        settings(spec).map(read).collect::<Vec<_>>()
    });
    for (spec, readings) in specs.iter().zip(readings) {
        for (label, values) in readings {
            table.push([spec.name.to_owned(), label], values);
        }
    }
    table
}

fn settings(spec: &StationSpec) -> impl Iterator<Item = (String, Values)> + '_ {
    let ends = (0..spec.params.len()).flat_map(|index| [(index, 0.0), (index, 1.0)]);
    let at_ends = ends.map(|(index, share)| {
        let (param, values) = (&spec.params[index], values_at(spec, index, share));
        (format!("{} {}", param.id, param.show(values.at(index))), values)
    });
    let at_random = (0..RANDOM_SETTINGS)
        .map(|draw| (format!("random {}", draw + 1), random_values(spec, draw)));
    at_ends.chain(at_random)
}
