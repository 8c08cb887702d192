//! Measures how many times faster than real time each station renders: `speed [SECONDS]`.
//!
//! The unit is seconds of audio per second of this thread's processor time, for 8 seeds; the hash of
//! what was rendered tells whether two builds play the same.

#![expect(clippy::print_stdout, reason = "a table for a person to read")]

use std::{fs, time::Duration};

use perpetuo_station::{Performance, Station};

const SAMPLE_RATE_HZ: u32 = 44_100;

fn main() {
    let seconds = std::env::args().nth(1).and_then(|arg| arg.parse().ok()).unwrap_or(60_u32);
    for spec in perpetuo_stations::all() {
        let (mut speeds, mut hash) = (Vec::new(), 0xcbf2_9ce4_8422_2325_u64);
        for seed in 0..8 {
            let values = spec.defaults();
            let performance = Performance { seed, sample_rate_hz: SAMPLE_RATE_HZ, values: &values };
            let mut station = (spec.perform)(&performance);
            let start = thread_time();
            hash = render(&mut *station, seconds, hash);
            speeds.push(f64::from(seconds) / (thread_time() - start).as_secs_f64());
        }
        speeds.sort_by(f64::total_cmp);
        println!(
            "{:8} worst {:.0}  median {:.0}  best {:.0}  hash {hash:016x}",
            spec.name, speeds[0], speeds[4], speeds[7]
        );
    }
}

fn render(station: &mut dyn Station, seconds: u32, mut hash: u64) -> u64 {
    // Eight Layer III frames of 1152 samples.
    const CHUNK: usize = 9216;
    let (mut left, mut right) = (vec![0.0; CHUNK], vec![0.0; CHUNK]);
    for _ in 0..(seconds * SAMPLE_RATE_HZ) as usize / CHUNK {
        station.render(&mut [&mut left, &mut right]);
        for sample in left.iter().chain(&right).step_by(97) {
            hash = (hash ^ u64::from(sample.to_bits())).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

/// Processor time this thread has used, as the kernel counts it.
fn thread_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0);
    Duration::from_nanos(nanos)
}
