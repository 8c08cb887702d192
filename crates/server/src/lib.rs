//! The program `perpetuo`: endless generated music over plain HTTP, with whatever stations it is given.

mod bench;
mod cli;
mod key;
mod log;
mod memory;
mod output;
mod reload;
mod render;
mod score;
mod serve;
mod settings;
mod signals;
mod stations;
mod store;
mod systemd;

use std::process::ExitCode;

use clap::Parser;
use perpetuo_station::{Catalogue, StationSpec};

use cli::{Cli, Command};

/// Runs the whole program, from the command line's arguments to the status it ends with; the first station
/// is what is played when none is asked for.
///
/// It is `main`, and to be called as such: once, before there are other threads.
pub fn run(stations: impl IntoIterator<Item = StationSpec>) -> ExitCode {
    memory::set_up();
    let cli = Cli::parse();
    let done =
        Catalogue::new(stations).map_err(Into::into).and_then(|catalogue| match cli.command {
            None => serve::run(cli.serve, catalogue),
            Some(Command::Serve(args)) => serve::run(args, catalogue),
            Some(Command::Render(args)) => render::run(&args, &catalogue),
            Some(Command::Stations(args)) => stations::run(&args, &catalogue),
            Some(Command::Bench(args)) => bench::run(&args, &catalogue),
        });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("perpetuo: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
