//! Draws the stations: `pictures DIR [STATION...]` writes a spectrogram of a minute of each, and its hour.
//!
//! ```text
//! DIR/STATION.png        30 Hz to 16 kHz over the second minute
//! DIR/STATION_hour.png   pitch classes, brightness and onsets over an hour
//! ```
//!
//! Seed 1, at the defaults.

mod canvas;
mod colour;
mod font;
mod hour;
#[path = "../survey/play.rs"]
#[expect(dead_code, reason = "a picture needs less of it than a survey")]
mod play;
#[path = "../survey/profile.rs"]
#[expect(dead_code, reason = "a picture needs less of it than a survey")]
mod profile;
mod spectrogram;
#[path = "../survey/spectrum.rs"]
mod spectrum;

use std::{error::Error, fs, path::PathBuf};

use clap::Parser;

/// Draws a spectrogram of a minute and a strip of an hour of every station.
#[derive(Parser)]
struct Args {
    /// Where the pictures go; made if it is not there.
    dir: PathBuf,
    /// The stations; all when none is named.
    stations: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let specs = play::named(&args.stations).map_err(|name| format!("no station '{name}'"))?;
    fs::create_dir_all(&args.dir)?;
    let draw = |spec: &_| (spectrogram::draw(spec), hour::draw(spec));
    for (spec, (minute, hour)) in specs.iter().zip(play::of_each(&specs, draw)) {
        minute.write(&args.dir.join(format!("{}.png", spec.name)))?;
        hour.write(&args.dir.join(format!("{}_hour.png", spec.name)))?;
    }
    Ok(())
}
