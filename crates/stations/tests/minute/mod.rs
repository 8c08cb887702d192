//! A minute of every station, with everything that can be asked of it on the way, as a hash.

use perpetuo_station::{Performance, Ramp, Setting, Station, StationSpec};

const SAMPLE_RATE_HZ: u32 = 44_100;

/// Station, version, and the hashes of a minute at 44.1 kHz of seeds 1 and 2.
///
/// A change of code that changes the music changes these numbers: then raise the station's `version`, take
/// the new numbers from the test's message, and say in the change that the music is another.
const GOLDEN: &[(&str, u32, [u64; 2])] = &[
    ("drift", 3, [0xa90bedfa737e2963, 0xa6933d625ffb67c0]),
    ("acid", 2, [0x7f02f16f0ae91827, 0x45253d1e2cb54eb3]),
    ("kalimba", 1, [0xc0be08b8d6295784, 0x546e83632fa9a43e]),
    ("dub", 1, [0x8cbf147ac0de094c, 0xf118233356325bc7]),
    ("drone", 1, [0xe4a5f7fd41507734, 0x3c261374f6a4653f]),
    ("rain", 1, [0xc745b512d6b50b56, 0x8ba92ad02c6d8d96]),
];

/// Compares what is played now.
pub(crate) fn assert_same_as_ever() {
    let played: Vec<_> = (perpetuo_stations::all().iter())
        .map(|spec| (spec.name, spec.version, [1, 2].map(|seed| hash_of(spec, seed))))
        .collect();
    let shown: Vec<String> = (played.iter())
        .map(|(name, version, [a, b])| format!("({name:?}, {version}, [{a:#018x}, {b:#018x}]),"))
        .collect();
    assert!(played == GOLDEN, "played:\n{}", shown.join("\n"));
}

fn hash_of(spec: &StationSpec, seed: u64) -> u64 {
    let values = spec.defaults();
    let performance = Performance { seed, sample_rate_hz: SAMPLE_RATE_HZ, values: &values };
    let mut station = (spec.perform)(&performance);
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for second in 0..60 {
        for setting in settings(spec, seed, second) {
            station.set(setting);
        }
        hash = render_second(&mut *station, hash);
    }
    hash
}

/// What is asked for at a second: single values, presets, chance, ramps.
fn settings(spec: &StationSpec, seed: u64, second: usize) -> Vec<Setting> {
    let ramp = Ramp::parse("3.5").unwrap_or_default();
    match second {
        5 | 10 | 15 => (spec.params.iter().skip(second / 5).step_by(3))
            .filter_map(|param| spec.setting_of(param.id, *param.range.end()).ok())
            .collect(),
        20 => spec.random(seed),
        30 => spec.random(seed + 7).into_iter().map(|setting| setting.over(ramp)).collect(),
        40 => (spec.presets.first())
            .and_then(|preset| spec.preset(preset.name).ok())
            .unwrap_or_default(),
        50 => (spec.presets.last())
            .and_then(|preset| spec.preset(preset.name).ok())
            .map(|settings| settings.into_iter().map(|setting| setting.over(ramp)).collect())
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn render_second(station: &mut dyn Station, hash: u64) -> u64 {
    let (mut left, mut right) = ([0.0; SAMPLE_RATE_HZ as usize], [0.0; SAMPLE_RATE_HZ as usize]);
    station.render(&mut [&mut left, &mut right]);
    left.iter().chain(&right).fold(hash, fnv_1a)
}

/// FNV-1a over the words of samples: G. Fowler, L. Noll, K.-P. Vo, *The FNV Hash*, 1991.
fn fnv_1a(hash: u64, sample: &f32) -> u64 {
    (hash ^ u64::from(sample.to_bits())).wrapping_mul(0x0100_0000_01b3)
}
