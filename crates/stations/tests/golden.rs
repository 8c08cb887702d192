//! Ten seconds of every station are the same bits as ever, on every machine.
//!
//! A change of code that changes the music changes these numbers: then raise the station's `version`,
//! take the new numbers from this test's message, and say in the change that the music is another.

use perpetuo_station::Performance;
use perpetuo_stations::all;

/// Station, version, and the hash of 10 s at 44.1 kHz of seed 1 at the defaults, moved once on the way.
const GOLDEN: [(&str, u32, u64); 2] =
    [("drift", 1, 0xb044d53ac4d1091d), ("acid", 1, 0xccf502d448dc77a0)];

#[test]
fn ten_seconds_are_the_same_bits_as_ever() {
    let played: Vec<_> = (all().iter())
        .map(|spec| {
            let values = spec.defaults();
            let performance = Performance { seed: 1, sample_rate_hz: 44_100, values: &values };
            let mut station = (spec.perform)(&performance);
            let mut hash = 0xcbf2_9ce4_8422_2325;
            for second in 0..10 {
                if second == 5 {
                    station.set(spec.setting("brightness", "0.9").unwrap());
                }
                let (mut left, mut right) = ([0.0; 44_100], [0.0; 44_100]);
                station.render(&mut [&mut left, &mut right]);
                hash = left.iter().chain(&right).fold(hash, fnv_1a);
            }
            (spec.name, spec.version, hash)
        })
        .collect();
    let shown: Vec<String> = (played.iter())
        .map(|(name, version, hash)| format!("({name:?}, {version}, {hash:#018x})"))
        .collect();
    assert!(played == GOLDEN, "played: {}", shown.join(", "));
}

/// FNV-1a over the words of samples: G. Fowler, L. Noll, K.-P. Vo, *The FNV Hash*, 1991.
fn fnv_1a(hash: u64, sample: &f32) -> u64 {
    (hash ^ u64::from(sample.to_bits())).wrapping_mul(0x0100_0000_01b3)
}
