//! The arrows between the rooms of the workspace all run the way they are meant to.

#![expect(clippy::expect_used, clippy::panic, reason = "what is wrong here fails the test")]

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

/// What each room may use of ours, to run and to build. Its tests may use the same, and no more: a test
/// that needs a room further up belongs to that room.
const ARROWS: &[(&str, &[&str])] = &[
    ("dsp", &[]),
    ("station", &[]),
    ("stations", &["dsp", "station"]),
    ("layer3", &[]),
    ("engine", &["layer3", "station"]),
    ("driver", &["engine", "station"]),
    ("http", &["driver", "engine", "station"]),
    ("server", &["driver", "engine", "http", "station", "stations"]),
    ("example", &["dsp", "server", "station", "stations"]),
];

/// The rooms that stand alone: outside of their tests they use nothing at all, of ours or of others.
const ALONE: &[&str] = &["dsp", "layer3", "station"];

/// An arrow's head, and the kind of dependency: `normal`, `build` or `dev`.
type Arrow = (String, String);

#[test]
fn every_room_uses_only_the_rooms_it_may() {
    for (room, arrows) in rooms() {
        let allowed = ARROWS.iter().find(|(of, _)| *of == room);
        let Some((_, allowed)) = allowed else {
            panic!("the crate '{room}' is new: say in ARROWS what it may use");
        };
        for (name, kind) in arrows {
            let Some(to) = name.strip_prefix("perpetuo-") else { continue };
            assert!(
                allowed.contains(&to),
                "{room} uses {to} ({kind}); allowed: {}",
                if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed.join(", ") }
            );
        }
    }
}

#[test]
fn sound_and_the_port_it_plugs_into_stand_alone() {
    let rooms = rooms();
    for room in ALONE {
        let used: Vec<_> = rooms[*room].iter().filter(|(_, kind)| kind != "dev").collect();
        assert!(used.is_empty(), "{room} uses {used:?}; allowed: nothing");
    }
}

#[test]
fn every_room_that_has_arrows_is_there() {
    let rooms = rooms();
    for (room, _) in ARROWS {
        assert!(rooms.contains_key(*room), "there is no crate '{room}': strike it out of ARROWS");
    }
}

/// The crates of the workspace by folder, with everything that each depends on.
fn rooms() -> BTreeMap<String, Vec<Arrow>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    packages.iter().map(|package| (room(package), arrows(package))).collect()
}

fn room(package: &Value) -> String {
    let name = package["name"].as_str().expect("a package has a name");
    let room = name.strip_prefix("perpetuo-").unwrap_or_else(|| {
        panic!("{name}: the crates of the workspace are named perpetuo-FOLDER");
    });
    room.to_owned()
}

fn arrows(package: &Value) -> Vec<Arrow> {
    let dependencies = package["dependencies"].as_array().expect("a list of dependencies");
    let arrow = |dependency: &Value| {
        let name = dependency["name"].as_str().expect("a dependency has a name");
        (name.to_owned(), dependency["kind"].as_str().unwrap_or("normal").to_owned())
    };
    dependencies.iter().map(arrow).collect()
}
