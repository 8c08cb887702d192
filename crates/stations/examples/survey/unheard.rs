//! How fast an hour passes unheard, and what is missing when a minute of it has been rendered after all.

use perpetuo_station::StationSpec;

use crate::{
    play::{SECOND, begin, of_each, render_mono},
    speed::thread_time,
    table::{Column, Table},
};

/// Where the comparison is made: ten minutes in, so that the whole way can be rendered for it.
const AT_S: usize = 600;

/// Rendered before it, as `perpetuo render --from` does.
const LEAD_IN_S: usize = 60;

/// Measures an hour unheard, and the difference of ten seconds after a passage unheard.
pub(crate) fn measure(specs: &[StationSpec]) -> Table {
    let columns =
        [Column::new("hour, ms", 1).at_most(100.0), Column::new("levels apart dB", 2).at_most(1.5)];
    let title = "unheard: an hour composed, and 10 s after 9 min unheard and 1 min heard";
    let mut table = Table::new(title, ["station"], columns);
    let readings = of_each(specs, |spec| {
        let mut station = begin(spec, 1, &spec.defaults());
        let start = thread_time();
        station.skip(3600 * SECOND as u64);
        let hour = (thread_time() - start).as_secs_f64() * 1e3;
        let mut whole = begin(spec, 1, &spec.defaults());
        let mut passage = begin(spec, 1, &spec.defaults());
        // Whole blocks: what is skipped ends with one.
        let unheard = (AT_S - LEAD_IN_S) * SECOND / 64 * 64;
        passage.skip(unheard as u64);
        render_mono(&mut *whole, unheard + LEAD_IN_S * SECOND);
        render_mono(&mut *passage, LEAD_IN_S * SECOND);
        let whole = render_mono(&mut *whole, 10 * SECOND);
        let passage = render_mono(&mut *passage, 10 * SECOND);
        [hour, apart_db(&whole, &passage)]
    });
    for (spec, figures) in specs.iter().zip(readings) {
        table.push([spec.name.to_owned()], figures);
    }
    table
}

/// How far the levels of two passages are apart, tenth of a second by tenth of a second: small if the same
/// notes are played, whatever the phases of what runs freely.
fn apart_db(a: &[f32], b: &[f32]) -> f64 {
    let levels = |samples: &[f32]| -> Vec<f64> {
        let power = |x: &[f32]| x.iter().map(|x| f64::from(x * x)).sum::<f64>() / x.len() as f64;
        samples
            .chunks_exact(SECOND / 10)
            .map(|tenth| 10.0 * (power(tenth) + 1e-9).log10())
            .collect()
    };
    let (a, b) = (levels(a), levels(b));
    a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.len() as f64
}
