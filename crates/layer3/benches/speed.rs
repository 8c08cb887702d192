//! How fast the encoder is: `cargo bench -p perpetuo-layer3 [-- IN.wav]`.
//!
//! Prints times real time on one core by the thread's CPU time: one encoder at each bit rate, the portable
//! instructions, and 500 encoders a frame each in turn, whose states no cache holds. Without a file it
//! encodes a mix of its own: chords, noise and a drum.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program on the command line")]

#[path = "../examples/wav/mod.rs"]
mod wav;

use std::{fs, time::Duration};

use perpetuo_layer3::{Channels, Config, Encoder, Instructions, Reservoir};

/// Seconds of sound each figure is of, at least.
const SECONDS: usize = 600;

/// Times each figure is taken; the median counts.
const RUNS: usize = 5;

/// Encoders that take turns.
const MANY: usize = 500;

fn main() {
    let path = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let (hz, channels) = path.map_or_else(mix, |path| {
        let bytes = fs::read(path).expect("a file");
        let wav = wav::Wav::parse(&bytes).expect("a WAV file");
        let channels = (0..wav.channels).map(|channel| {
            let mut samples = vec![0.0; wav.len()];
            wav.read(channel, 0, &mut samples);
            samples
        });
        (wav.sample_rate_hz, channels.collect())
    });
    let count = if channels.len() == 1 { Channels::Mono } else { Channels::Stereo };
    let bench = Bench { hz, channels };
    let config = |kbps| Config::new(hz, count, kbps);
    println!("times real time on one core, median of {RUNS}");
    for kbps in [64, 96, 128, 192, 320] {
        println!("{kbps:4} kbit/s            {:7.0}", bench.one(&config(kbps)));
    }
    let portable = Config { instructions: Instructions::Portable, ..config(128) };
    println!(" 128 kbit/s, portable  {:7.0}", bench.one(&portable));
    let reservoir = Config { reservoir: Reservoir::Full, ..config(128) };
    println!(" 128 kbit/s, reservoir {:7.0}", bench.one(&reservoir));
    let (one, many) = (bench.one(&config(128)), bench.many(&config(128)));
    println!(
        " 128 kbit/s, {MANY} encoders in turn {many:.0}, one {one:.0}: {:+.1} %",
        (many / one - 1.0) * 100.0
    );
    println!("an encoder holds {} bytes", Encoder::new(&config(128)).expect("a rate").state_len());
}

/// Sound to encode, and how often.
struct Bench {
    hz: u32,
    channels: Vec<Vec<f32>>,
}

impl Bench {
    fn block<'a>(&'a self, block: usize, len: usize, into: &mut Vec<&'a [f32]>) {
        let at = block % (self.channels[0].len() / len) * len;
        into.clear();
        into.extend(self.channels.iter().map(|channel| &channel[at..at + len]));
    }

    /// One encoder that has a core for itself.
    fn one(&self, config: &Config) -> f64 {
        self.times_real_time(|| {
            let mut encoder = Encoder::new(config).expect("a rate that there is");
            let len = encoder.block_len();
            let blocks = SECONDS * self.hz as usize / len;
            let (mut frames, mut pcm) = (Vec::new(), Vec::new());
            for block in 0..blocks {
                frames.clear();
                self.block(block, len, &mut pcm);
                encoder.encode(&pcm, &mut frames);
            }
            blocks * len
        })
    }

    /// Many encoders that take turns, each at another place of the sound.
    fn many(&self, config: &Config) -> f64 {
        let mut encoders: Vec<Encoder> =
            (0..MANY).map(|_| Encoder::new(config).expect("a rate that there is")).collect();
        let len = encoders[0].block_len();
        let rounds = (SECONDS * self.hz as usize / len).div_ceil(MANY);
        let mut begin = 0;
        self.times_real_time(|| {
            let (mut frames, mut pcm) = (Vec::new(), Vec::new());
            for round in 0..rounds {
                for (n, encoder) in encoders.iter_mut().enumerate() {
                    frames.clear();
                    self.block(begin + round + n * 37, len, &mut pcm);
                    encoder.encode(&pcm, &mut frames);
                }
            }
            begin += rounds;
            rounds * MANY * len
        })
    }

    fn times_real_time(&self, mut samples: impl FnMut() -> usize) -> f64 {
        samples();
        let mut all: Vec<f64> = (0..RUNS)
            .map(|_| {
                let begin = cpu_time();
                let seconds = samples() as f64 / f64::from(self.hz);
                seconds / (cpu_time() - begin).as_secs_f64()
            })
            .collect();
        all.sort_by(f64::total_cmp);
        all[RUNS / 2]
    }
}

/// What this thread has had of a processor; on other systems than Linux, the time that passed.
fn cpu_time() -> Duration {
    fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|stat| stat.split(' ').next()?.parse().ok())
        .map_or_else(
            || std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970"),
            Duration::from_nanos,
        )
}

/// Ten seconds of chords under a low-pass that moves, wide noise, and a drum twice a second.
fn mix() -> (u32, Vec<Vec<f32>>) {
    const HZ: u32 = 44_100;
    let mut seed = 1_u32;
    let mut noise = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed as f32 / u32::MAX as f32 * 2.0 - 1.0
    };
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut smooth = [0.0; 2];
    for n in 0..10 * HZ {
        let t = n as f32 / HZ as f32;
        let chord: f32 = [220.0, 277.2, 329.6, 440.4]
            .iter()
            .map(|hz| {
                let phase = (t * hz).fract();
                (1..12)
                    .map(|k| (std::f32::consts::TAU * phase * k as f32).sin() / k as f32)
                    .sum::<f32>()
            })
            .sum();
        let drum = (-20.0 * (t % 0.5)).exp();
        for (channel, smooth) in [&mut left, &mut right].into_iter().zip(&mut smooth) {
            *smooth += (0.2 + 0.15 * (t * 0.7).sin()) * (noise() - *smooth);
            channel.push(0.08 * chord + 0.1 * *smooth + 0.4 * drum * noise());
        }
    }
    (HZ, vec![left, right])
}
