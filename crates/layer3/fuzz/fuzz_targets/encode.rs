//! Any configuration, any floats, any blocks and flushes: what comes out parses strictly.
//!
//! ```text
//! rate │ bit rate │ options │ operation │ length │ samples │ operation ...
//!   1  │     1    │    1    │     1     │    2   │ as said │
//! ```
//!
//! In bytes; a sample is read as its bits, or made small, or repeated, so that the fuzzer finds sound as
//! easily as what is none.
//!
//! `cargo fuzz run encode`, in the directory of the crate; a stable compiler needs `--sanitizer none` too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perpetuo_layer3::{
    Channels, Config, Encoder, Instructions, MPEG1_BITRATES_KBPS, MPEG2_BITRATES_KBPS, Reservoir,
    Shaping,
};

#[path = "../../tests/parser/mod.rs"]
mod parser;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let config = input.config();
    let mut encoder = Encoder::new(&config).unwrap();
    let mut portable =
        Encoder::new(&Config { instructions: Instructions::Portable, ..config.clone() }).unwrap();
    let mut frames = Vec::new();
    let mut portable_frames = Vec::new();
    while let Some(operation) = input.byte() {
        if operation % 16 == 15 {
            encoder.flush(&mut frames);
            portable.flush(&mut portable_frames);
            hold_the_laws(&config, &frames);
            assert!(frames == portable_frames, "portable bytes differ");
            frames.clear();
            portable_frames.clear();
            continue;
        }
        // Blocks that are too short, or too long, or have too few or too many channels.
        let channels: Vec<_> = (0..operation % 4).map(|_| input.samples(operation / 4)).collect();
        let channels: Vec<_> = channels.iter().map(Vec::as_slice).collect();
        let before = frames.len();
        encoder.encode(&channels, &mut frames);
        portable.encode(&channels, &mut portable_frames);
        assert!(config.reservoir == Reservoir::Full || frames.len() > before, "no frame a block");
    }
    encoder.flush(&mut frames);
    portable.flush(&mut portable_frames);
    hold_the_laws(&config, &frames);
    assert!(frames == portable_frames, "portable bytes differ");
});

fn hold_the_laws(config: &Config, stream: &[u8]) {
    let frames = parser::parse(stream).unwrap_or_else(|refusal| panic!("{config:?}: {refusal}"));
    for frame in frames {
        assert_eq!(frame.side_info.format.sample_rate_hz, config.sample_rate_hz);
        assert_eq!(frame.side_info.format.bitrate_kbps, config.bitrate_kbps);
        assert_eq!(frame.side_info.format.channels, config.channels.count());
        let has_reservoir = config.reservoir == Reservoir::Full;
        assert!(has_reservoir || frame.side_info.main_data_begin == 0);
    }
}

/// What is left of the fuzzer's bytes.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// One that exists.
    fn config(&mut self) -> Config {
        let mut byte = || usize::from(self.byte().unwrap_or(0));
        let rate = byte() % 6;
        let hz = [44_100, 48_000, 32_000, 22_050, 24_000, 16_000][rate];
        let bitrates = if rate < 3 { MPEG1_BITRATES_KBPS } else { MPEG2_BITRATES_KBPS };
        let kbps = bitrates[byte() % bitrates.len()];
        let options = byte();
        let channels = if options & 1 == 0 { Channels::Stereo } else { Channels::Mono };
        Config {
            reservoir: if options & 2 == 0 { Reservoir::None } else { Reservoir::Full },
            shaping: if options & 4 == 0 { Shaping::Masked } else { Shaping::Flat },
            ..Config::new(hz, channels, kbps)
        }
    }

    /// Up to 2047 samples.
    fn samples(&mut self, kind: u8) -> Vec<f32> {
        let len =
            usize::from(u16::from_le_bytes([0; 2].map(|_: u8| self.byte().unwrap_or(0)))) % 2048;
        match kind % 5 {
            // Any bits at all.
            0 => self
                .take(len * 4)
                .as_chunks()
                .0
                .iter()
                .map(|bits| f32::from_le_bytes(*bits))
                .collect(),
            // A byte a sample.
            1 => self.take(len).iter().map(|&x| f32::from(x as i8) / 128.0).collect(),
            // One sample that stays.
            2 => vec![f32::from_le_bytes([0; 4].map(|_: u8| self.byte().unwrap_or(0))); len],
            // A tone over the faintest noise.
            3 => {
                let step =
                    f32::from(u16::from_le_bytes([0; 2].map(|_: u8| self.byte().unwrap_or(0))))
                        / 65_536.0;
                let hiss = self.take(len);
                (0..len)
                    .map(|n| {
                        let tone = 0.5 * (std::f32::consts::TAU * (step * n as f32).fract()).sin();
                        tone + hiss.get(n).map_or(0.0, |&x| f32::from(x as i8) * 1e-7)
                    })
                    .collect()
            }
            // A few bytes over and over.
            _ => {
                let period = 1 + usize::from(self.byte().unwrap_or(0));
                let wave = self.take(period);
                wave.iter().cycle().take(len).map(|&x| f32::from(x as i8) / 100.0).collect()
            }
        }
    }

    fn take(&mut self, len: usize) -> &[u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }
}
