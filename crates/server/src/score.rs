//! What `perpetuo render` is to play: which performance, from where on, and what is turned when.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use perpetuo_engine::{FRAME_LEN, Position};
use perpetuo_station::{Catalogue, RANDOM, Ramp, Setting, StationSpec, Values};

use crate::{
    cli::{MAX_SEED, RenderArgs},
    serve::SAMPLE_RATE_HZ,
    stations::{find, split_setting},
};

/// The longest file, in seconds: a WAV header can hold no more than 2^32 bytes.
const MAX_SECONDS: f64 = 24_000.0;

/// Where a file may begin, in seconds: within a year.
const FROM_SECONDS: RangeInclusive<f64> = 0.0..=31_536_000.0;

/// A performance written down.
pub(crate) struct Score {
    pub(crate) spec: Arc<StationSpec>,
    pub(crate) seed: u64,
    /// Where the file begins: the frame border at or before what was asked for.
    pub(crate) from: Position,
    /// How much of it the file holds.
    pub(crate) samples: usize,
    /// From the start on.
    pub(crate) values: Values,
    /// In order; each applies at the first frame border not before its time, as on the air.
    pub(crate) settings: Vec<(Position, Setting)>,
}

impl Score {
    pub(crate) fn read(args: &RenderArgs, catalogue: &Catalogue) -> anyhow::Result<Self> {
        let spec = find(catalogue, &args.station)?;
        ensure!(
            args.seconds > 0.0 && args.seconds <= MAX_SECONDS,
            "--seconds: {} is out of range; allowed: more than 0, at most {MAX_SECONDS}",
            args.seconds
        );
        ensure!(
            FROM_SECONDS.contains(&args.from),
            "--from: {} is out of range; allowed: {} to {}",
            args.from,
            FROM_SECONDS.start(),
            FROM_SECONDS.end()
        );
        let samples = in_samples(args.seconds).max(1) as usize;
        let from = in_samples(args.from) / FRAME_LEN as u64 * FRAME_LEN as u64;
        let mut values = spec.defaults();
        if let Some(name) = &args.preset {
            let preset = preset(spec, name, args.seed).context("--preset")?;
            preset.into_iter().for_each(|setting| values.apply(setting));
        }
        for text in &args.set {
            let (name, value) = split_setting(text).context("--set")?;
            values.apply(spec.setting(name, value).context("--set")?);
        }
        let mut settings = Vec::new();
        for text in &args.at {
            let (sample, together) = read_at(spec, args.seed, text).context("--at")?;
            let end = args.from + args.seconds;
            ensure!(
                sample < from + samples as u64,
                "--at: '{text}' comes after the end at {end} s"
            );
            settings.extend(together.into_iter().map(|setting| (sample, setting)));
        }
        // Before they come to frame borders: there the last of two that have met counts.
        settings.sort_by_key(|(sample, _)| *sample);
        let border = |sample: u64| Position::new(sample.next_multiple_of(FRAME_LEN as u64));
        let settings = settings.into_iter().map(|(sample, setting)| (border(sample), setting));
        let settings = settings.collect();
        let (spec, from) = (Arc::clone(spec), Position::new(from));
        Ok(Self { spec, seed: args.seed, from, samples, values, settings })
    }
}

/// Reads `SECONDS:NAME=VALUE,...`, the names being those that `/set_param` takes; gives the sample, and
/// the preset's settings before those given by name, for of two of one parameter the last counts.
fn read_at(spec: &StationSpec, seed: u64, text: &str) -> anyhow::Result<(u64, Vec<Setting>)> {
    let wrong = || format!("'{text}' is wrong; allowed: SECONDS:NAME=VALUE,...");
    let (seconds, rest) = text.split_once(':').with_context(wrong)?;
    let seconds: f64 = seconds.parse().with_context(wrong)?;
    ensure!(Duration::try_from_secs_f64(seconds).is_ok(), wrong());
    let pairs = rest.split(',').map(split_setting).collect::<anyhow::Result<Vec<_>>>()?;
    for (n, (name, _)) in pairs.iter().enumerate() {
        let is_first = pairs[..n].iter().all(|(other, _)| other != name);
        ensure!(is_first, "{name}: given more than once; allowed: one value");
    }
    let given = |name| pairs.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    let ramp = given("ramp").map_or(Ok(Ramp::NONE), Ramp::parse)?;
    let drawn_from = given("seed").map(read_seed).transpose()?;
    ensure!(
        drawn_from.is_none() || given("preset") == Some(RANDOM),
        "seed: nothing is drawn from it; allowed: with preset={RANDOM}"
    );
    let mut settings = match given("preset") {
        Some(name) => preset(spec, name, drawn_from.unwrap_or(seed))?,
        None => Vec::new(),
    };
    let has_preset = given("preset").is_some();
    let named = pairs.iter().filter(|(name, _)| !["ramp", "preset", "seed"].contains(name));
    for (name, value) in named.clone() {
        settings.push(spec.setting(name, value)?);
    }
    ensure!(
        has_preset || named.count() > 0,
        "'{text}' sets nothing; allowed: NAME=VALUE, preset=NAME"
    );
    let settings = settings.into_iter().map(|setting| setting.over(ramp)).collect();
    Ok((in_samples(seconds), settings))
}

fn preset(spec: &StationSpec, name: &str, seed: u64) -> anyhow::Result<Vec<Setting>> {
    if name == RANDOM { Ok(spec.random(seed)) } else { Ok(spec.preset(name)?) }
}

fn read_seed(text: &str) -> anyhow::Result<u64> {
    let seed = text.parse().ok().filter(|seed| *seed <= MAX_SEED);
    seed.with_context(|| format!("seed: not a seed; allowed: a whole number from 0 to {MAX_SEED}"))
}

fn in_samples(seconds: f64) -> u64 {
    (seconds * f64::from(SAMPLE_RATE_HZ)).round() as u64
}
