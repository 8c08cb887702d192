//! Writes a performance to a WAV file: `listen STATION SEED SECONDS OUT.wav [NAME=VALUE...]`.
//!
//! A value written as `NAME=VALUE@SECONDS` is set while the performance plays.

use std::{error::Error, fs::File, io::BufWriter, io::Write as _};

use perpetuo_station::{Catalogue, Performance};

const SAMPLE_RATE_HZ: u32 = 44_100;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [station, seed, seconds, path, settings @ ..] = &args[..] else {
        return Err("listen STATION SEED SECONDS OUT.wav [NAME=VALUE[@SECONDS]...]".into());
    };
    let catalogue = Catalogue::new(perpetuo_stations::all())?;
    let spec = catalogue.find(station).ok_or("no such station")?;
    let mut values = spec.defaults();
    let mut later = Vec::new();
    for setting in settings {
        let (name, value) = setting.split_once('=').ok_or("a setting is NAME=VALUE")?;
        match value.split_once('@') {
            None => values.apply(spec.setting(name, value)?),
            Some((value, at)) => later.push((at.parse::<f32>()?, spec.setting(name, value)?)),
        }
    }
    let seed = seed.parse()?;
    let performance = Performance { seed, sample_rate_hz: SAMPLE_RATE_HZ, values: &values };
    let mut station = (spec.perform)(&performance);
    let blocks = (seconds.parse::<f32>()? * SAMPLE_RATE_HZ as f32 / 64.0) as u32;
    let mut wav = BufWriter::new(File::create(path)?);
    wav.write_all(&header(blocks * 64))?;
    for block in 0..blocks {
        let now = block as f32 * 64.0 / SAMPLE_RATE_HZ as f32;
        later.retain(|(at, setting)| {
            let is_due = *at <= now;
            if is_due {
                station.set(*setting);
            }
            !is_due
        });
        let (mut left, mut right) = ([0.0; 64], [0.0; 64]);
        station.render(&mut [&mut left, &mut right]);
        for sample in left.iter().zip(&right).flat_map(|(left, right)| [*left, *right]) {
            wav.write_all(&((sample * 32_767.0).round() as i16).to_le_bytes())?;
        }
    }
    Ok(wav.flush()?)
}

/// RIFF WAVE, 16 bits, stereo: IBM, Microsoft, *Multimedia Programming Interface*, 1991.
fn header(frames: u32) -> Vec<u8> {
    let bytes = frames * 4;
    let mut header = Vec::new();
    header.extend_from_slice(b"RIFF");
    header.extend_from_slice(&(36 + bytes).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    header.extend_from_slice(&SAMPLE_RATE_HZ.to_le_bytes());
    header.extend_from_slice(&(SAMPLE_RATE_HZ * 4).to_le_bytes());
    header.extend_from_slice(b"\x04\0\x10\0data");
    header.extend_from_slice(&bytes.to_le_bytes());
    header
}
