//! The program `perpetuo`: endless generated music over plain HTTP.

mod bench;
mod cli;
mod key;
mod memory;
mod output;
mod render;
mod score;
mod serve;
mod settings;
mod stations;

use std::process::ExitCode;

use clap::Parser;
use perpetuo_station::Catalogue;

use cli::{Cli, Command};

fn main() -> ExitCode {
    memory::set_up();
    let cli = Cli::parse();
    let done =
        Catalogue::new(perpetuo_stations::all()).map_err(Into::into).and_then(
            |catalogue| match cli.command {
                None => serve::run(cli.serve, catalogue),
                Some(Command::Serve(args)) => serve::run(args, catalogue),
                Some(Command::Render(args)) => render::run(&args, &catalogue),
                Some(Command::Stations(args)) => stations::run(&args, &catalogue),
                Some(Command::Bench(args)) => bench::run(&args, &catalogue),
            },
        );
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("perpetuo: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
