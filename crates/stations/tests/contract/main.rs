//! The stations there are keep what every station promises.

mod promises;

use perpetuo_station::{Catalogue, StationSpec};

fn stations() -> Vec<StationSpec> {
    perpetuo_stations::all()
}

#[test]
fn the_catalogue_takes_them_all() {
    let catalogue = Catalogue::new(stations()).unwrap();
    let names: Vec<&str> = catalogue.iter().map(|spec| spec.name).collect();
    assert_eq!(names, ["drift", "acid", "kalimba", "dub", "drone", "rain"]);
}

#[test]
fn each_has_three_to_six_presets() {
    for spec in stations() {
        assert!((3..=6).contains(&spec.presets.len()), "{}", spec.name);
    }
}
