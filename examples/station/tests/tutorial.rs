//! What the tutorial quotes is what there is.

const TUTORIAL: &str = include_str!("../../../docs/your-own-station.md");

const SOURCES: [&str; 5] = [
    include_str!("../src/main.rs"),
    include_str!("../src/lib.rs"),
    include_str!("../src/composer.rs"),
    include_str!("../src/synth.rs"),
    include_str!("contract.rs"),
];

#[test]
fn every_piece_of_code_in_the_tutorial_is_a_piece_of_the_example() {
    let pieces: Vec<&str> = (TUTORIAL.split("```rust\n").skip(1))
        .map(|rest| rest.split_once("```").map_or(rest, |(piece, _)| piece))
        .collect();
    assert!(pieces.len() > 10, "{} pieces", pieces.len());
    for piece in pieces {
        assert!(
            SOURCES.iter().any(|source| source.contains(piece)),
            "not in the example:\n{piece}"
        );
    }
}
