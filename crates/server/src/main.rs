//! The program `perpetuo` with the stations there are.

use std::process::ExitCode;

fn main() -> ExitCode {
    perpetuo_server::run(perpetuo_stations::all())
}
