//! Encodes a WAV file: `wav2mp3 in.wav out.mp3 [--bitrate 128] [--reservoir] [--flat] [--portable]`.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a program on the command line")]

mod wav;

use std::{fs, process::ExitCode};

use perpetuo_layer3::{Channels, Config, Encoder, Instructions, Reservoir, Shaping};

const USAGE: &str = "usage: wav2mp3 IN.wav OUT.mp3 [--bitrate KBPS] [--reservoir] [--flat] [--portable]

  --bitrate KBPS  constant bit rate in kbit/s, 128 if not given
  --reservoir     frames may lend each other bits: better sound, but not every frame decodes alone
  --flat          noise everywhere alike, and no low-pass: for measuring
  --portable      none but the instructions it was compiled for

IN.wav: 16-bit, 24-bit or 32-bit PCM or 32-bit float, mono or stereo, 16, 22.05, 24, 32, 44.1 or 48 kHz";

fn main() -> ExitCode {
    if std::env::args().skip(1).any(|arg| arg == "--help" || arg == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
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
            _ if arg.starts_with('-') => return Err(format!("{arg}: unknown\n{USAGE}")),
            _ => paths.push(arg),
        }
    }
    let [from, to] = paths.as_slice() else { return Err(USAGE.into()) };
    if from == to {
        return Err(format!("{to}: that is what is to be encoded"));
    }
    let bytes = fs::read(from).map_err(|error| format!("{from}: {error}"))?;
    let wav = wav::Wav::parse(&bytes).map_err(|wrong| format!("{from}: {wrong}"))?;
    config.sample_rate_hz = wav.sample_rate_hz;
    config.channels = if wav.channels == 1 { Channels::Mono } else { Channels::Stereo };
    let mut encoder = Encoder::new(&config).map_err(|wrong| format!("{from}: {wrong}"))?;
    if wav.len() == 0 {
        return Err(format!("{from}: no samples"));
    }
    let mut frames = Vec::new();
    let mut block = [[0.0; 1152]; 2];
    let mut at = 0;
    while at < wav.len() {
        let mut count = 0;
        for (channel, samples) in block.iter_mut().enumerate().take(wav.channels) {
            count = wav.read(channel, at, &mut samples[..encoder.block_len()]);
        }
        encoder.encode(&[&block[0][..count], &block[1][..count]], &mut frames);
        at += count;
    }
    encoder.flush(&mut frames);
    fs::write(to, frames).map_err(|error| format!("{to}: {error}"))
}
