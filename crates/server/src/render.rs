//! `perpetuo render`: a station into a file.

use std::{
    fs::{self, File},
    io::{BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use perpetuo_engine::{BitrateKbps, Encoding, FRAME_LEN, Performer, wav_header};
use perpetuo_station::{Catalogue, Setting, StationSpec, Values};

use crate::{
    cli::RenderArgs,
    output,
    serve::SAMPLE_RATE_HZ,
    stations::{find, split_setting},
};

/// The longest file, in seconds: a WAV header can hold no more than 2^32 bytes.
const MAX_SECONDS: f64 = 24_000.0;

/// A performance written down: what, how long, and what is turned when.
struct Score {
    spec: Arc<StationSpec>,
    seed: u64,
    samples: usize,
    /// From the start on.
    values: Values,
    /// In order; each applies at the first frame border not before its sample, as on the air.
    settings: Vec<(usize, Setting)>,
}

/// Renders, with a progress bar on a terminal; the file is there when it is whole.
pub(crate) fn run(args: &RenderArgs, catalogue: &Catalogue) -> anyhow::Result<()> {
    let encoding = encoding(&args.output, args.bitrate)?;
    let score = Score::read(args, catalogue)?;
    let started = Instant::now();
    let draft = draft(&args.output);
    let done = write(&score, encoding, &draft).and_then(|()| {
        fs::rename(&draft, &args.output).with_context(|| args.output.display().to_string())
    });
    if done.is_err() {
        // There may be no draft yet.
        let _ = fs::remove_file(&draft);
    }
    done?;
    let (heard, took) = (score.samples as f64 / f64::from(SAMPLE_RATE_HZ), started.elapsed());
    output::note(&format!(
        "{}, seed {}: {heard:.1} s in {:.2} s, {:.0} times real time: {}",
        score.spec.name,
        score.seed,
        took.as_secs_f64(),
        heard / took.as_secs_f64().max(1e-9),
        args.output.display(),
    ));
    Ok(())
}

fn encoding(output: &Path, bitrate: Option<u16>) -> anyhow::Result<Encoding> {
    match output.extension().and_then(|extension| extension.to_str()) {
        Some("wav") if bitrate.is_some() => bail!("--bitrate: a WAV file has none"),
        Some("wav") => Ok(Encoding::Wav),
        Some("mp3") => {
            let bitrate = bitrate.map_or(Ok(BitrateKbps::DEFAULT), BitrateKbps::new);
            Ok(Encoding::Mp3(bitrate.context("--bitrate")?))
        }
        _ => bail!("{}: unknown kind of file; allowed: .mp3, .wav", output.display()),
    }
}

fn draft(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn write(score: &Score, encoding: Encoding, path: &Path) -> anyhow::Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut file = BufWriter::new(file);
    let progress = progress(score.samples);
    let mut performer =
        Performer::new(Arc::clone(&score.spec), score.seed, score.values.clone(), SAMPLE_RATE_HZ);
    let mut encoder = encoding.encoder(SAMPLE_RATE_HZ)?;
    let mut settings = score.settings.iter().peekable();
    let mut bytes = Vec::new();
    if encoding == Encoding::Wav {
        bytes.extend_from_slice(&wav_header(Some(score.samples as u32), SAMPLE_RATE_HZ));
    }
    let frames = (score.samples + encoding.delay()).div_ceil(FRAME_LEN);
    for frame in 0..frames {
        let at = frame * FRAME_LEN;
        while let Some((_, setting)) = settings.next_if(|(from, _)| *from <= at) {
            performer.set(*setting);
        }
        let (mut left, mut right) = ([0.0; FRAME_LEN], [0.0; FRAME_LEN]);
        performer.render([&mut left, &mut right]);
        encoder.encode([&left, &right], &mut bytes);
        if encoding == Encoding::Wav && frame + 1 == frames {
            bytes.truncate(bytes.len() - (frames * FRAME_LEN - score.samples) * 4);
        }
        file.write_all(&bytes).with_context(|| format!("cannot write {}", path.display()))?;
        bytes.clear();
        progress.set_position(at as u64);
    }
    progress.finish_and_clear();
    file.flush().with_context(|| format!("cannot write {}", path.display()))
}

fn progress(samples: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(samples as u64);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent} %  {eta} left") {
        bar.set_style(style);
    }
    bar
}

impl Score {
    fn read(args: &RenderArgs, catalogue: &Catalogue) -> anyhow::Result<Self> {
        let spec = find(catalogue, &args.station)?;
        ensure!(
            args.seconds > 0.0 && args.seconds <= MAX_SECONDS,
            "--seconds: {} is out of range; allowed: more than 0, at most {MAX_SECONDS}",
            args.seconds
        );
        let samples = in_samples(args.seconds).max(1);
        let mut values = spec.defaults();
        for text in &args.set {
            let (name, value) = split_setting(text).context("--set")?;
            values.apply(spec.setting(name, value).context("--set")?);
        }
        let mut settings = Vec::new();
        for text in &args.at {
            let (from, setting) = read_at(spec, text).context("--at")?;
            ensure!(from < samples, "--at: '{text}' comes after the end at {} s", args.seconds);
            settings.push((from, setting));
        }
        settings.sort_by_key(|(from, _)| *from);
        Ok(Self { spec: Arc::clone(spec), seed: args.seed, samples, values, settings })
    }
}

/// Reads `SECONDS:NAME=VALUE`.
fn read_at(spec: &StationSpec, text: &str) -> anyhow::Result<(usize, Setting)> {
    let wrong = || format!("'{text}' is wrong; allowed: SECONDS:NAME=VALUE");
    let (seconds, setting) = text.split_once(':').with_context(wrong)?;
    let seconds: f64 = seconds.parse().with_context(wrong)?;
    ensure!(Duration::try_from_secs_f64(seconds).is_ok(), wrong());
    let (name, value) = split_setting(setting)?;
    Ok((in_samples(seconds), spec.setting(name, value)?))
}

fn in_samples(seconds: f64) -> usize {
    (seconds * f64::from(SAMPLE_RATE_HZ)).round() as usize
}
