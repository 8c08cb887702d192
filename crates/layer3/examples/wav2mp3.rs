//! Encodes a WAV file: `wav2mp3 in.wav out.mp3 [--bitrate 128] [--reservoir] [--flat] [--portable]`.

#![expect(clippy::print_stderr, reason = "a program on the command line")]

use std::{fs, process::ExitCode};

use perpetuo_layer3::{Channels, Config, Encoder, Instructions, Reservoir, Shaping};

const USAGE: &str = "usage: wav2mp3 IN.wav OUT.mp3 [--bitrate KBPS] [--reservoir] [--flat] [--portable]

  --bitrate KBPS  constant bit rate in kbit/s, 128 if not given
  --reservoir     frames may lend each other bits: better sound, but not every frame decodes alone
  --flat          noise everywhere alike, and no low-pass: for measuring
  --portable      none but the instructions it was compiled for

IN.wav: 16-bit, 24-bit or 32-bit PCM or 32-bit float, mono or stereo, 16, 22.05, 24, 32, 44.1 or 48 kHz";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            eprintln!("wav2mp3: {wrong}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut paths = Vec::new();
    let mut config = Config::new(44_100, Channels::Stereo, 128);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--bitrate" => {
                let value = args.next().ok_or("--bitrate needs a number")?;
                config.bitrate_kbps =
                    value.parse().map_err(|_| format!("--bitrate: '{value}' is no number"))?;
            }
            "--reservoir" => config.reservoir = Reservoir::Full,
            "--flat" => config.shaping = Shaping::Flat,
            "--portable" => config.instructions = Instructions::Portable,
            "--help" | "-h" => return Err(USAGE.into()),
            _ if arg.starts_with('-') => return Err(format!("{arg}: unknown\n{USAGE}")),
            _ => paths.push(arg),
        }
    }
    let [from, to] = paths.as_slice() else { return Err(USAGE.into()) };
    let bytes = fs::read(from).map_err(|error| format!("{from}: {error}"))?;
    let wav = Wav::parse(&bytes).map_err(|wrong| format!("{from}: {wrong}"))?;
    config.sample_rate_hz = wav.sample_rate_hz;
    config.channels = if wav.channels.len() == 1 { Channels::Mono } else { Channels::Stereo };
    let mut encoder = Encoder::new(&config).map_err(|wrong| wrong.to_string())?;
    let mut frames = Vec::new();
    let len = wav.channels[0].len();
    for at in (0..len).step_by(encoder.block_len()) {
        let end = (at + encoder.block_len()).min(len);
        let block: Vec<&[f32]> = wav.channels.iter().map(|channel| &channel[at..end]).collect();
        encoder.encode(&block, &mut frames);
    }
    encoder.flush(&mut frames);
    fs::write(to, frames).map_err(|error| format!("{to}: {error}"))
}

/// Samples of a file, ±1, by channel.
struct Wav {
    sample_rate_hz: u32,
    channels: Vec<Vec<f32>>,
}

impl Wav {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
            return Err("no WAV file".into());
        }
        let mut format = None;
        let mut rest = &bytes[12..];
        while let Some((head, body)) = rest.split_at_checked(8) {
            let len = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
            // The length of a file that was written while it grew may be too large.
            let (chunk, behind) = body.split_at(len.min(body.len()));
            match &head[..4] {
                b"fmt " if chunk.len() >= 16 => format = Some(chunk),
                b"data" => return Self::samples(format.ok_or("no format before the data")?, chunk),
                _ => {}
            }
            rest = behind.get(len % 2..).unwrap_or_default();
        }
        Err("no samples".into())
    }

    fn samples(format: &[u8], data: &[u8]) -> Result<Self, String> {
        let word = |at: usize| u16::from_le_bytes([format[at], format[at + 1]]);
        let (mut tag, count, bits) = (word(0), usize::from(word(2)), word(14));
        if tag == 0xFFFE && format.len() >= 26 {
            tag = word(24);
        }
        if !(1..=2).contains(&count) {
            return Err(format!("{count} channels; allowed: 1, 2"));
        }
        let sample: fn(&[u8]) -> f32 = match (tag, bits) {
            (1, 16) => |b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0,
            (1, 24) => |b| i32::from_le_bytes([0, b[0], b[1], b[2]]) as f32 / 2_147_483_648.0,
            (1, 32) => |b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]) as f32 / 2_147_483_648.0,
            (3, 32) => |b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
            _ => {
                return Err(format!(
                    "samples of format {tag} with {bits} bits; allowed: PCM of 16, 24 or 32 bits, \
                     float of 32"
                ));
            }
        };
        let len = usize::from(bits / 8);
        let channels = (0..count)
            .map(|channel| {
                data.chunks_exact(len * count).map(|all| sample(&all[channel * len..])).collect()
            })
            .collect();
        Ok(Self { sample_rate_hz: u32::from(word(4)) | u32::from(word(6)) << 16, channels })
    }
}
