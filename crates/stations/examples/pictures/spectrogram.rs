//! A minute as frequencies over time.
//!
//! ```text
//! low  ◄──────────────────── frequency ────────────────────► high
//! 16 384 samples     8192      4096      2048         seen through a window, blended in dB
//! ```
//!
//! A long window tells neighbouring notes apart, a short one tells when something was struck.

use perpetuo_station::StationSpec;

use crate::{
    canvas::{Align, Canvas},
    colour::{self, FAINT, INK},
    play::{SECOND, begin, hear, render_mono},
    spectrum::Spectrum,
};

const WIDTH: usize = 856;
const HEIGHT: usize = 330;
const LEFT: usize = 86;
const TOP: usize = 34;

/// Room for the scale of dB and its labels.
const RIGHT: usize = 84;
const BOTTOM: usize = 38;

const LOWEST_HZ: f64 = 30.0;
const HIGHEST_HZ: f64 = 16_000.0;

/// What is drawn darkest and lightest, in dB of a full-scale sine.
const QUIET_DB: f32 = -90.0;
const LOUD_DB: f32 = -15.0;

const BEGIN_S: usize = 60;
const LEN_S: usize = 60;

/// What is rendered before and after, so that the longest window is full at both ends.
const MARGIN: usize = 8192;

/// Windows, and up to which frequency each is seen alone; an octave above, the next is.
const WINDOWS: [(usize, f64); 4] =
    [(16_384, 180.0), (8192, 500.0), (4096, 1800.0), (2048, f64::MAX)];

/// Draws the second minute.
pub(crate) fn draw(spec: &StationSpec) -> Canvas {
    let mut station = begin(spec, 1, &spec.defaults());
    hear(&mut *station, BEGIN_S * SECOND - MARGIN, |_, _| ());
    let mono = render_mono(&mut *station, LEN_S * SECOND + 2 * MARGIN);
    let levels: Vec<Vec<f32>> = WINDOWS.iter().map(|(len, _)| levels_db(&mono, *len)).collect();

    let mut canvas = Canvas::new(LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM);
    for y in 0..HEIGHT {
        let (window, next) = blend(hz_at(y as f64 + 0.5));
        for x in 0..WIDTH {
            let at = |window: usize| levels[window][y * WIDTH + x];
            let level = (1.0 - next) * at(window) + next * at((window + 1).min(WINDOWS.len() - 1));
            let share = (level - QUIET_DB) / (LOUD_DB - QUIET_DB);
            canvas.dot(LEFT + x, TOP + y, colour::of_share(share));
        }
    }
    label(&mut canvas, spec);
    canvas
}

/// The level at every pixel, row by row.
fn levels_db(mono: &[f32], window_len: usize) -> Vec<f32> {
    let mut spectrum = Spectrum::new(window_len);
    let bin_hz = spectrum.bin_hz();
    let rows: Vec<[f64; 2]> =
        (0..HEIGHT).map(|y| [y + 1, y].map(|edge| hz_at(edge as f64) / bin_hz)).collect();
    let pixel_len = (mono.len() - 2 * MARGIN) as f64 / WIDTH as f64;
    let looks = (2.0 * pixel_len / window_len as f64).ceil() as usize;
    let mut levels = vec![0.0; WIDTH * HEIGHT];
    for x in 0..WIDTH {
        for look in 0..looks {
            // Looks are spread over the pixel, each in the middle of its share.
            let middle = (x as f64 + (look as f64 + 0.5) / looks as f64) * pixel_len;
            let start = MARGIN + middle as usize - window_len / 2;
            let powers: Vec<f32> = spectrum.powers(&mono[start..]).collect();
            for (y, edges) in rows.iter().enumerate() {
                levels[y * WIDTH + x] += power_between(&powers, *edges) / looks as f32;
            }
        }
    }
    levels.iter().map(|power| 10.0 * power.max(1e-12).log10()).collect()
}

/// The largest power between two places, which may lie between bins.
fn power_between(powers: &[f32], [low, high]: [f64; 2]) -> f32 {
    let at = |place: f64| {
        let (bin, above) = (place as usize, place.fract() as f32);
        (1.0 - above) * powers[bin] + above * powers[bin + 1]
    };
    let first = low.ceil() as usize;
    let inside = &powers[first..(high as usize + 1).max(first)];
    inside.iter().copied().fold(at(low).max(at(high)), f32::max)
}

/// The window for a frequency, and the share of the next in what is drawn.
fn blend(hz: f64) -> (usize, f32) {
    for (window, (_, end_hz)) in WINDOWS.iter().enumerate() {
        if hz < *end_hz {
            return (window, 0.0);
        }
        if hz < 2.0 * end_hz {
            return (window, (hz / end_hz).log2() as f32);
        }
    }
    (WINDOWS.len() - 1, 0.0)
}

/// The frequency at a height, from the top down.
fn hz_at(y: f64) -> f64 {
    LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ).powf(1.0 - y / HEIGHT as f64)
}

fn y_of(hz: f64) -> usize {
    let share = (hz / LOWEST_HZ).ln() / (HIGHEST_HZ / LOWEST_HZ).ln();
    TOP + ((1.0 - share) * HEIGHT as f64).round() as usize
}

fn label(canvas: &mut Canvas, spec: &StationSpec) {
    canvas.write_text(spec.title, [LEFT, TOP / 2], Align::Left, INK);
    let right = LEFT + WIDTH;
    canvas.write_text("seed 1, the second minute", [right, TOP / 2], Align::Right, FAINT);
    for (hz, text) in [
        (50.0, "50 Hz"),
        (100.0, "100 Hz"),
        (200.0, "200 Hz"),
        (500.0, "500 Hz"),
        (1e3, "1 kHz"),
        (2e3, "2 kHz"),
        (5e3, "5 kHz"),
        (1e4, "10 kHz"),
    ] {
        let y = y_of(hz);
        canvas.fill([LEFT - 6, y], [6, 1], FAINT);
        canvas.write_text(text, [LEFT - 10, y], Align::Right, FAINT);
    }
    for second in (0..=LEN_S).step_by(10) {
        let x = LEFT + second * (WIDTH - 1) / LEN_S;
        canvas.fill([x, TOP + HEIGHT], [1, 6], FAINT);
        let at = BEGIN_S + second;
        let text = format!("{}:{:02}", at / 60, at % 60);
        canvas.write_text(&text, [x, TOP + HEIGHT + 19], Align::Middle, FAINT);
    }
    let scale = right + 14;
    for y in 0..HEIGHT {
        let share = 1.0 - y as f32 / (HEIGHT - 1) as f32;
        canvas.fill([scale, TOP + y], [10, 1], colour::of_share(share));
    }
    for db in [-80, -60, -40, -20] {
        let share = (db as f32 - QUIET_DB) / (LOUD_DB - QUIET_DB);
        let y = TOP + ((1.0 - share) * (HEIGHT - 1) as f32) as usize;
        canvas.fill([scale + 10, y], [5, 1], FAINT);
        canvas.write_text(&db.to_string(), [scale + 19, y], Align::Left, FAINT);
    }
    canvas.write_text("dB", [scale + 19, TOP / 2], Align::Left, FAINT);
}
