//! The station keeps what every station promises.

#[path = "../../../crates/stations/tests/contract/promises.rs"]
mod promises;

use perpetuo_station::{Catalogue, StationSpec};

fn stations() -> Vec<StationSpec> {
    vec![perpetuo_example::spec()]
}

#[test]
fn the_catalogue_takes_it_beside_the_others() {
    let beside = perpetuo_stations::all().into_iter().chain(stations());
    assert!(Catalogue::new(beside).is_ok_and(|all| all.find("weave").is_some()));
}
