//! How a station's energy is spread over frequency, in dB of the whole.

use perpetuo_station::StationSpec;

use crate::{
    play::{SECOND, begin, of_each, render},
    spectrum::Spectrum,
    table::{Column, Table},
};

/// Upper ends; the first begins at 20 Hz.
const BANDS_HZ: [(&str, f64); 8] = [
    ("20-60 Hz", 60.0),
    ("60-150", 150.0),
    ("150-400", 400.0),
    ("400-1k", 1000.0),
    ("1-2.5k", 2500.0),
    ("2.5-6k", 6000.0),
    ("6-12k", 12_000.0),
    ("12-20k", 20_000.0),
];

/// Measures energy by bands over 10 minutes at the defaults.
pub(crate) fn measure(specs: &[StationSpec]) -> Table {
    let columns = BANDS_HZ.map(|(name, _)| Column::new(name, 1));
    let title = "bands: energy in dB of the whole, 10 min at the defaults";
    let mut table = Table::new(title, ["station"], columns);
    for (spec, energies) in specs.iter().zip(of_each(specs, energies_db)) {
        table.push([spec.name.to_owned()], energies);
    }
    table
}

fn energies_db(spec: &StationSpec) -> [f64; BANDS_HZ.len()] {
    let mut spectrum = Spectrum::new(8192);
    let bin_hz = spectrum.bin_hz();
    let mut station = begin(spec, 1, &spec.defaults());
    let mut energies = [0.0_f64; BANDS_HZ.len()];
    for _ in 0..600 * SECOND / spectrum.window_len() {
        for channel in render(&mut *station, spectrum.window_len()) {
            for (bin, power) in spectrum.powers(&channel).enumerate() {
                let hz = bin as f64 * bin_hz;
                if hz < 20.0 {
                    continue;
                }
                if let Some(band) = BANDS_HZ.iter().position(|(_, end_hz)| hz < *end_hz) {
                    energies[band] += f64::from(power);
                }
            }
        }
    }
    let whole: f64 = energies.iter().sum();
    energies.map(|energy| 10.0 * (energy / whole).log10())
}
