//! How wide a station is, and whether its bass stands in the middle.
//!
//! ```text
//! mid = ½·(left + right)     side = ½·(left − right)
//! ```

use perpetuo_station::StationSpec;

use crate::{
    play::{SECOND, begin, of_each, render},
    spectrum::Spectrum,
    table::{Column, Table},
};

/// Frequencies below this have no direction to speak of, and cost loudness when they are in the side.
const BASS_HZ: f64 = 120.0;

/// Measures side against mid over 10 minutes at the defaults.
pub(crate) fn measure(specs: &[StationSpec]) -> Table {
    let columns = [
        Column::new("side/mid dB", 1).at_least(-14.0),
        Column::new("below 120 Hz dB", 1).at_most(-20.0),
        Column::new("above 120 Hz dB", 1),
    ];
    let mut table = Table::new("stereo: 10 min at the defaults", ["station"], columns);
    for (spec, ratios) in specs.iter().zip(of_each(specs, ratios_db)) {
        table.push([spec.name.to_owned()], ratios);
    }
    table
}

/// Side over mid: of all, of the bass, of what is above it.
fn ratios_db(spec: &StationSpec) -> [f64; 3] {
    let mut spectrum = Spectrum::new(8192);
    let bass = (BASS_HZ / spectrum.bin_hz()).round() as usize;
    let mut station = begin(spec, 1, &spec.defaults());
    // Mid and side, bass and what is above it.
    let mut powers = [[0.0_f64; 2]; 2];
    for _ in 0..600 * SECOND / spectrum.window_len() {
        let [left, right] = render(&mut *station, spectrum.window_len());
        let mix = |sign: f32| -> Vec<f32> {
            left.iter().zip(&right).map(|(left, right)| 0.5 * (left + sign * right)).collect()
        };
        for (powers, samples) in powers.iter_mut().zip([mix(1.0), mix(-1.0)]) {
            for (bin, power) in spectrum.powers(&samples).enumerate() {
                powers[usize::from(bin >= bass)] += f64::from(power);
            }
        }
    }
    let [mid, side] = powers;
    let ratio_db = |side: f64, mid: f64| 10.0 * (side / mid).log10();
    [
        ratio_db(side[0] + side[1], mid[0] + mid[1]),
        ratio_db(side[0], mid[0]),
        ratio_db(side[1], mid[1]),
    ]
}
