//! An hour at a glance: which notes, how bright, how busy, how loud, every 10 seconds.

use perpetuo_station::StationSpec;

use crate::{
    canvas::{Align, Canvas},
    colour::{self, Colour, FAINT, GRID, INK},
    play::{SECOND, begin, render_mono},
    profile::{Profile, Profiler},
};

/// What a column shows.
const STEP_S: usize = 10;
const STEPS: usize = 3600 / STEP_S;

const WIDTH: usize = 856;
const LEFT: usize = 86;
const TOP: usize = 34;

/// Room for the names of curves.
const RIGHT: usize = 84;
const BOTTOM: usize = 38;

/// Pixels of a row of notes.
const NOTE_HEIGHT: usize = 17;

/// Pixels of a curve, and between curves.
const CURVE_HEIGHT: usize = 38;
const GAP: usize = 9;

/// The first curve.
const CURVES_TOP: usize = TOP + 12 * NOTE_HEIGHT + GAP;

const NAMES: [&str; 12] = ["C", "", "D", "", "E", "F", "", "G", "", "A", "", "B"];

/// A quality of a stretch, drawn as a curve.
struct Curve {
    name: &'static str,
    colour: Colour,
    /// What is drawn at the bottom and at the top.
    ends: [f64; 2],
    value: fn(&Profile) -> f64,
}

/// Brightness in octaves of hertz: 256 Hz to 4 kHz; onsets a second; level in dB.
const CURVES: [Curve; 3] = [
    Curve {
        name: "bright",
        colour: colour::GOLD,
        ends: [8.0, 12.0],
        value: |profile| profile.brightness_hz().log2(),
    },
    Curve {
        name: "onsets",
        colour: colour::ROSE,
        ends: [0.0, 6.0],
        value: |profile| profile.onsets_hz,
    },
    Curve {
        name: "level",
        colour: colour::TEAL,
        ends: [-30.0, -12.0],
        value: |profile| profile.level_db,
    },
];

/// Draws the first hour.
pub(crate) fn draw(spec: &StationSpec) -> Canvas {
    let mut station = begin(spec, 1, &spec.defaults());
    let mut profiler = Profiler::new();
    let profiles: Vec<Profile> = (0..STEPS)
        .map(|_| profiler.profile(&render_mono(&mut *station, STEP_S * SECOND)))
        .collect();

    let bottom = CURVES_TOP + CURVES.len() * (CURVE_HEIGHT + GAP) - GAP;
    let mut canvas = Canvas::new(LEFT + WIDTH + RIGHT, bottom + BOTTOM);
    canvas.write_text(spec.title, [LEFT, TOP / 2], Align::Left, INK);
    canvas.write_text("seed 1, an hour", [LEFT + WIDTH, TOP / 2], Align::Right, FAINT);
    draw_notes(&mut canvas, &profiles);
    for (index, curve) in CURVES.iter().enumerate() {
        draw_curve(&mut canvas, CURVES_TOP + index * (CURVE_HEIGHT + GAP), curve, &profiles);
    }
    for minute in (0..=60).step_by(10) {
        let x = LEFT + minute * (WIDTH - 1) / 60;
        canvas.fill([x, bottom], [1, 6], FAINT);
        canvas.write_text(&minute.to_string(), [x, bottom + 19], Align::Middle, FAINT);
    }
    canvas.write_text("min", [LEFT + WIDTH + 19, bottom + 19], Align::Left, FAINT);
    canvas
}

fn draw_notes(canvas: &mut Canvas, profiles: &[Profile]) {
    for (class, name) in NAMES.iter().enumerate() {
        let top = TOP + (11 - class) * NOTE_HEIGHT;
        canvas.write_text(name, [LEFT - 10, top + NOTE_HEIGHT / 2], Align::Right, FAINT);
        for (profile, [x, width]) in profiles.iter().zip(columns()) {
            // A note that has a third of the sound is as light as can be.
            let share = (profile.chroma[class] as f32 * 3.0).powf(0.75);
            canvas.fill([x, top], [width, NOTE_HEIGHT - 1], colour::of_share(share));
        }
    }
}

fn draw_curve(canvas: &mut Canvas, top: usize, curve: &Curve, profiles: &[Profile]) {
    canvas.fill([LEFT, top], [WIDTH, CURVE_HEIGHT], GRID);
    let middle = [LEFT + WIDTH + 10, top + CURVE_HEIGHT / 2];
    canvas.write_text(curve.name, middle, Align::Left, curve.colour);
    let [low, high] = curve.ends;
    for (profile, [x, width]) in profiles.iter().zip(columns()) {
        let share = ((curve.value)(profile) - low) / (high - low);
        let height = (share.clamp(0.0, 1.0) * (CURVE_HEIGHT - 1) as f64) as usize + 1;
        canvas.fill([x, top + CURVE_HEIGHT - height], [width, height], curve.colour);
    }
}

/// Where each step begins and how wide it is.
fn columns() -> impl Iterator<Item = [usize; 2]> {
    let x = |step: usize| LEFT + step * WIDTH / STEPS;
    (0..STEPS).map(move |step| [x(step), x(step + 1) - x(step)])
}
