//! The program `perpetuo` with one station more.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut stations = perpetuo_stations::all();
    stations.push(perpetuo_example::spec());
    perpetuo_server::run(stations)
}
