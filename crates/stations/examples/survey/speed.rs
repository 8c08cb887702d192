//! How many performances one core carries.
//!
//! The unit is seconds of audio per second of this thread's processor time. 500 performances take turns
//! of four frames, as streams on one core of a server do, so that each finds its memory cold. The hash of
//! what was rendered tells whether two builds play the same.

use std::time::Duration;

use perpetuo_station::{Station, StationSpec};
use rustix::time::{ClockId, clock_gettime};

use crate::{
    memory,
    play::{SAMPLE_RATE_HZ, SECOND, begin, hear},
    table::{Column, Table},
};

const PERFORMANCES: u64 = 500;

/// Four Layer III frames.
const TURN: usize = 4 * 1152;

/// Played by each before it is measured: voices are then in use as they will ever be.
const WARM_UP: usize = 4 * SECOND;

/// Turns of each performance: 1.7 s.
const TURNS: usize = 16;

/// Measures 500 performances of each station in turn.
pub(crate) fn measure(specs: &[StationSpec]) -> [Table; 2] {
    let columns = [
        Column::new("x real time", 0).at_least(800.0),
        Column::new("us/100 ms p50", 1),
        Column::new("p99", 1),
        Column::new("KiB each", 1).at_most(128.0),
    ];
    let title = format!("speed: {PERFORMANCES} performances in turn, {TURN} samples at a time");
    let mut table = Table::new(title, ["station", "hash"], columns);
    let mut speeds = Vec::new();
    for spec in specs {
        let (hash, figures) = in_turn(spec);
        speeds.push(figures[0]);
        table.push([spec.name.to_owned(), hash], figures);
    }
    // The middle station is held to another bar than the slowest.
    let columns = [Column::new("x real time", 0).at_least(1500.0)];
    let mut middle = Table::new("speed: the middle station", ["stations"], columns);
    middle.push([specs.len().to_string()], [median(&mut speeds)]);
    [table, middle]
}

/// Measures one performance alone, eight seeds one after the other.
pub(crate) fn measure_hot(specs: &[StationSpec]) -> Table {
    let columns =
        [Column::new("worst", 0), Column::new("median x real time", 0), Column::new("best", 0)];
    let title = "speed: one performance alone, 60 s of 8 seeds";
    let mut table = Table::new(title, ["station", "hash"], columns);
    for spec in specs {
        let mut hash = Hash::new();
        let mut speeds: Vec<f64> = (0..8)
            .map(|seed| {
                let mut station = begin(spec, seed, &spec.defaults());
                let start = thread_time();
                hear(&mut *station, 60 * SECOND, |left, right| {
                    left.iter().chain(right).step_by(97).for_each(|sample| hash.add(*sample));
                });
                real_time(60 * SECOND, thread_time() - start)
            })
            .collect();
        let median = median(&mut speeds);
        table.push([spec.name.to_owned(), hash.to_string()], [speeds[0], median, speeds[7]]);
    }
    table
}

fn in_turn(spec: &StationSpec) -> (String, [f64; 4]) {
    let before = memory::in_use();
    let mut stations: Vec<Box<dyn Station>> =
        (0..PERFORMANCES).map(|seed| begin(spec, seed, &spec.defaults())).collect();
    let bytes = (memory::in_use() - before) as f64 / PERFORMANCES as f64;
    for station in &mut stations {
        hear(&mut **station, WARM_UP, |_, _| ());
    }
    let (mut left, mut right) = ([0.0; TURN], [0.0; TURN]);
    let (mut hash, mut turns) = (Hash::new(), Vec::with_capacity(TURNS * stations.len()));
    for _ in 0..TURNS {
        for station in &mut stations {
            let start = thread_time();
            station.render(&mut [&mut left, &mut right]);
            turns.push(thread_time() - start);
            left.iter().chain(&right).step_by(97).for_each(|sample| hash.add(*sample));
        }
    }
    turns.sort();
    let whole: Duration = turns.iter().sum();
    let per_100_ms =
        |turn: Duration| turn.as_secs_f64() * 1e6 * (0.1 * f64::from(SAMPLE_RATE_HZ)) / TURN as f64;
    let figures = [
        real_time(TURN * turns.len(), whole),
        per_100_ms(turns[turns.len() / 2]),
        per_100_ms(turns[turns.len() * 99 / 100]),
        bytes / 1024.0,
    ];
    (hash.to_string(), figures)
}

/// How often a time of the processor goes into the time of so many samples.
fn real_time(samples: usize, time: Duration) -> f64 {
    samples as f64 / f64::from(SAMPLE_RATE_HZ) / time.as_secs_f64()
}

/// The middle value, the lower of two; sorts them on the way.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = ((values.len() - 1) / 2, values.len() / 2);
    0.5 * (values[low] + values[high])
}

/// Processor time this thread has used; what waits or belongs to others is not in it.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// FNV-1a over the words of samples: G. Fowler, L. Noll, K.-P. Vo, *The FNV Hash*, 1991.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, sample: f32) {
        self.0 = (self.0 ^ u64::from(sample.to_bits())).wrapping_mul(0x0100_0000_01b3);
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
