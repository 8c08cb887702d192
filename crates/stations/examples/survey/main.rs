//! Judges the stations by what can be measured: `survey [STATION...] [--what SUBJECT,...]`.
//!
//! ```text
//! StationSpec ─► play: performances ─► a subject's measure ─► Table: bars kept or missed
//! ```
//!
//! A table per subject, its bars written under the names of its columns. A line that misses a bar
//! begins with `!`, as does the figure that misses it; the program then ends with 1.

#![expect(clippy::print_stdout, reason = "tables for a person to read")]

mod bands;
mod borders;
mod clicks;
mod loudness;
mod memory;
mod meter;
mod peaks;
mod play;
mod presets;
mod profile;
mod resume;
mod sections;
mod spectrum;
mod speed;
mod stereo;
mod table;
mod unheard;
mod variety;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use perpetuo_station::StationSpec;

use table::Table;

/// Judges the stations by what can be measured.
#[derive(Parser)]
struct Args {
    /// The stations; all when none is named.
    stations: Vec<String>,
    /// What is measured; all when not given.
    #[arg(long, value_enum, value_delimiter = ',')]
    what: Vec<Subject>,
    /// Speed: one performance alone, its memory near the processor, in place of 500 in turn.
    #[arg(long)]
    hot: bool,
    /// Only instructions that every processor of this kind has.
    #[arg(long)]
    portable: bool,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// Loudness, its range, true peak and mean over 10 minutes at the defaults.
    Loudness,
    /// True peak at the ends of every parameter and at random settings.
    Peaks,
    /// Loudness of every preset.
    Presets,
    /// Side against mid, and in the bass.
    Stereo,
    /// Energy by bands of frequency.
    Bands,
    /// What the borders of blocks leave behind in the sound.
    Borders,
    /// What a jump of a parameter leaves behind in the sound.
    Clicks,
    /// Sections of an hour, and how far apart seeds are.
    Variety,
    /// The sound after a resume against the sound that was never interrupted.
    Resume,
    /// How fast time passes unheard, and what is missing afterwards.
    Unheard,
    /// Times real time, and bytes.
    Speed,
}

impl Subject {
    fn measure(self, specs: &[StationSpec], args: &Args) -> Vec<Table> {
        vec![match self {
            Self::Loudness => loudness::measure(specs),
            Self::Peaks => peaks::measure(specs),
            Self::Presets => presets::measure(specs),
            Self::Stereo => stereo::measure(specs),
            Self::Bands => bands::measure(specs),
            Self::Borders => borders::measure(specs),
            Self::Clicks => clicks::measure(specs),
            Self::Variety => variety::measure(specs),
            Self::Resume => resume::measure(specs),
            Self::Unheard => unheard::measure(specs),
            Self::Speed if args.hot => speed::measure_hot(specs),
            Self::Speed => return speed::measure(specs).into(),
        }]
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let specs = match play::named(&args.stations) {
        Ok(specs) => specs,
        Err(unknown) => {
            println!("no station '{unknown}'");
            return ExitCode::from(2);
        }
    };
    if args.portable {
        perpetuo_dsp::Instructions::Portable.choose();
    }
    let subjects = if args.what.is_empty() { Subject::value_variants() } else { &args.what };
    let mut missed = 0;
    for subject in subjects {
        for table in subject.measure(&specs, &args) {
            println!("{table}");
            missed += table.missed();
        }
    }
    if missed == 0 {
        println!("every bar is kept");
        return ExitCode::SUCCESS;
    }
    println!("lines that miss a bar: {missed}");
    ExitCode::FAILURE
}
