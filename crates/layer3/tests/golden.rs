//! The bytes themselves: a change of the encoder that should not change its output does not.
//!
//! Who changes the output on purpose measures its quality, looks at the new numbers that this test prints,
//! and puts them here. The signal is made of integers alone, so that it is the same everywhere; the
//! encoder's tables come from the sines of the platform, rounded to `f32`.

#![expect(clippy::unwrap_used, reason = "what is wrong here fails the test")]

use perpetuo_layer3::{Channels, Config, Encoder, Reservoir};

/// Sample rate, channels, bit rate, reservoir, and the hash of two seconds.
const GOLDEN: [(u32, Channels, u16, Reservoir, u64); 5] = [
    (44_100, Channels::Stereo, 128, Reservoir::None, 11_443_331_888_129_493_398),
    (44_100, Channels::Stereo, 320, Reservoir::None, 9_276_094_844_353_355_348),
    (48_000, Channels::Stereo, 96, Reservoir::Full, 6_504_813_994_469_959_508),
    (32_000, Channels::Mono, 64, Reservoir::None, 1_687_183_872_018_470_837),
    (22_050, Channels::Stereo, 48, Reservoir::None, 9_576_808_852_720_527_543),
];

#[test]
fn the_bytes_are_those_they_were() {
    let heard = GOLDEN.map(|(hz, channels, kbps, reservoir, _)| {
        let config = Config { reservoir, ..Config::new(hz, channels, kbps) };
        (hz, channels, kbps, reservoir, hash(&encode(&config)))
    });
    assert_eq!(heard, GOLDEN);
}

fn encode(config: &Config) -> Vec<u8> {
    let mut encoder = Encoder::new(config).unwrap();
    let [left, right] = signal(2 * config.sample_rate_hz as usize);
    let mut frames = Vec::new();
    let len = encoder.block_len();
    for (left, right) in left.chunks(len).zip(right.chunks(len)) {
        encoder.encode(&[left, right], &mut frames);
    }
    encoder.flush(&mut frames);
    frames
}

/// Triangles that slide, noise, and a click every 10,000 samples.
fn signal(len: usize) -> [Vec<f32>; 2] {
    let mut seed = 1_u32;
    [3_u32, 4].map(|step| {
        let mut phase = 0_u32;
        (0..len as u32)
            .map(|n| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                phase = phase.wrapping_add(step * 2_000_000 + n * 800);
                let triangle = (phase as i32).unsigned_abs() as i32 as f32 / 2_147_483_648.0 - 0.5;
                let noise = seed as i32 as f32 / 2_147_483_648.0;
                let click = if n % 10_000 < 40 { 1.0 } else { 0.02 };
                0.5 * triangle + 0.4 * click * noise
            })
            .collect()
    })
}

/// FNV-1a (Fowler, Noll, Vo), 64 bits.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
