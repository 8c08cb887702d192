//! `perpetuo render`: a station into a file.

use std::{
    fs::{self, File},
    io::{BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use perpetuo_engine::{
    BitrateKbps, Encoding, Event, FRAME_LEN, Passage, Position, Recital, wav_header,
};
use perpetuo_station::Catalogue;

use crate::{cli::RenderArgs, output, score::Score, serve::SAMPLE_RATE_HZ};

/// How much is rendered unheard before a file that does not begin at the start, if its station needs no
/// more: longer than any sound that has begun before lasts.
const LEAD_IN: Duration = Duration::from_secs(60);

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
    let from = score.from.seconds(SAMPLE_RATE_HZ);
    let from = if from > 0.0 { format!(" from {from:.1} s on") } else { String::new() };
    output::note(&format!(
        "{}, seed {}: {heard:.1} s{from} in {:.2} s, {:.0} times real time: {}",
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
    let mut bytes = Vec::new();
    let mut recital = recital(score)?;
    let mut encoder = encoding.encoder(SAMPLE_RATE_HZ, recital.position())?;
    let lead_in = score.from.since(recital.position()) as usize;
    let frames = (score.samples + encoding.delay()).div_ceil(FRAME_LEN);
    let progress = progress(lead_in + frames * FRAME_LEN);
    // The encoder hears the lead-in too, so that the frames are those of the air.
    for _ in 0..lead_in / FRAME_LEN {
        encoder.encode(recital.render().each_ref().map(|channel| &channel[..]), &mut bytes);
        bytes.clear();
        progress.inc(FRAME_LEN as u64);
    }
    if encoding == Encoding::Wav {
        bytes.extend_from_slice(&wav_header(Some(score.samples as u32), SAMPLE_RATE_HZ));
    }
    for frame in 0..frames {
        encoder.encode(recital.render().each_ref().map(|channel| &channel[..]), &mut bytes);
        if encoding == Encoding::Wav && frame + 1 == frames {
            bytes.truncate(bytes.len() - (frames * FRAME_LEN - score.samples) * 4);
        }
        file.write_all(&bytes).with_context(|| format!("cannot write {}", path.display()))?;
        bytes.clear();
        progress.inc(FRAME_LEN as u64);
    }
    progress.finish_and_clear();
    file.flush().with_context(|| format!("cannot write {}", path.display()))
}

/// What a score says, from some time before the frame border where it begins. What comes before that is composed
/// only.
fn recital(score: &Score) -> anyhow::Result<Recital> {
    let mut passage = Passage::beginning(score.values.clone());
    for &(position, setting) in &score.settings {
        passage.push(Event { position, setting });
    }
    let (spec, all) = (Arc::clone(&score.spec), vec![passage]);
    let recital = Recital::new(spec, score.seed, all, score.from, SAMPLE_RATE_HZ);
    let mut recital = recital.context("there is nothing to render")?;
    let lead_in = score.spec.refill.max(LEAD_IN).as_secs_f64() * f64::from(SAMPLE_RATE_HZ);
    let lead_in = (lead_in as u64).next_multiple_of(FRAME_LEN as u64);
    recital.skip_to(Position::new(score.from.samples().saturating_sub(lead_in)));
    Ok(recital)
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use clap::Parser;
    use perpetuo_station::{
        Applies, ParamSpec, Preset, ResumeError, Setting, Snapshot, Station, StationSpec, Title,
    };

    use super::*;
    use crate::cli::{Cli, Command};

    /// Plays its position, in frames, on the left and `mark` on the right. After time that was skipped it
    /// is silent for all of the lead-in but a frame.
    struct Page {
        position: u64,
        silent: u64,
        mark: f32,
        /// What `mark` moves by each sample, and for how many.
        ramp: (f32, u64),
    }

    impl Page {
        fn pass(&mut self, samples: u64) {
            let glides = samples.min(self.ramp.1);
            self.mark += self.ramp.0 * glides as f32;
            self.ramp.1 -= glides;
            self.position += samples;
            self.silent = self.silent.saturating_sub(samples);
        }
    }

    impl Station for Page {
        fn render(&mut self, [left, right]: &mut [&mut [f32]; 2]) {
            for (left, right) in left.iter_mut().zip(right.iter_mut()) {
                let page = (self.position / FRAME_LEN as u64 % 30_000) as f32;
                let heard = if self.silent > 0 { 0.0 } else { 1.0 / 32_767.0 };
                (*left, *right) = (page * heard, self.mark * heard);
                self.pass(1);
            }
        }

        fn set(&mut self, setting: Setting) {
            if setting.index() == 1 {
                let seconds = setting.ramp().duration().as_secs_f64();
                let samples = (seconds * f64::from(SAMPLE_RATE_HZ)) as u64;
                let way = setting.value() - self.mark;
                self.ramp = (way / samples.max(1) as f32, samples);
                self.mark += if samples == 0 { way } else { 0.0 };
            }
        }

        fn skip(&mut self, samples: u64) -> u64 {
            self.pass(samples);
            self.silent = 60 * u64::from(SAMPLE_RATE_HZ);
            samples
        }

        fn title(&self) -> Title {
            Title::default()
        }

        fn snapshot(&mut self) -> Snapshot {
            Snapshot::new(&[]).unwrap()
        }

        fn resume(&mut self, _: &Snapshot) -> Result<(), ResumeError> {
            Ok(())
        }
    }

    const PARAMS: &[ParamSpec] = &[
        ParamSpec::number("level", "Level", 0.0..=1.0, 1.0, "Nothing."),
        ParamSpec::number("mark", "Mark", 0.0..=30_000.0, 3.0, "The right channel."),
        ParamSpec::choice("kind", "Kind", &["a", "b"], 0, "Nothing.").applies(Applies::Section),
    ];

    fn catalogue() -> Catalogue {
        let spec = StationSpec {
            name: "page",
            title: "Page",
            about: "Says where it is.",
            version: 1,
            params: PARAMS,
            presets: &[Preset { name: "seven", title: "Seven", values: &[("mark", 7.0)] }],
            refill: Duration::from_secs(2),
            perform: |performance| {
                let mark = performance.values.at(1);
                Box::new(Page { position: 0, silent: 0, mark, ramp: (0.0, 0) })
            },
        };
        Catalogue::new([spec]).unwrap()
    }

    fn score(args: &str) -> anyhow::Result<Score> {
        let words = ["perpetuo", "render", "page", "-o", "x.wav"].into_iter();
        match Cli::try_parse_from(words.chain(args.split_whitespace())).unwrap().command {
            Some(Command::Render(args)) => Score::read(&args, &catalogue()),
            other => panic!("{other:?}"),
        }
    }

    /// Left and right of every sample of the file.
    fn pcm(args: &str) -> Vec<[u16; 2]> {
        static FILES: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("perpetuo-render-{}-{}", std::process::id(), FILES.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        write(&score(args).unwrap(), Encoding::Wav, &path).unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(path).unwrap();
        let word = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]);
        bytes[44..].chunks(4).map(|sample| [word(&sample[..2]), word(&sample[2..])]).collect()
    }

    #[test]
    fn a_file_begins_at_the_frame_asked_for_after_a_lead_in() {
        for (from, page) in [("0", 0), ("1", 38), ("59.98", 2296), ("61", 2335), ("3600", 17_812)] {
            let pcm = pcm(&format!("--from {from} --seconds 0.1"));
            assert_eq!(pcm.len(), 4410, "{from}");
            assert_eq!((pcm[0], pcm[FRAME_LEN][0]), ([page, 3], page + 1), "{from}");
        }
    }

    #[test]
    fn a_year_is_skipped_in_no_time_and_what_is_turned_meanwhile_counts() {
        let begun = Instant::now();
        let pcm = pcm("--from 31536000 --seconds 1 --at 5:mark=4 --at 31535000.5:mark=9 \
                       --at 31535990:kind=b --at 31536000.5:mark=11");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        let frames = 31_536_000 * 44_100_u64 / FRAME_LEN as u64;
        assert_eq!(pcm[0], [(frames % 30_000) as u16, 9]);
        assert_eq!((pcm[22_000][1], pcm[22_050 + FRAME_LEN][1]), (9, 11));
    }

    #[test]
    fn a_ramp_that_begins_before_the_file_goes_on_in_it() {
        for (from, at) in [("5", "0"), ("1000", "995"), ("1000", "900")] {
            let seconds: f32 = from.parse::<f32>().unwrap() - at.parse::<f32>().unwrap();
            let ramp = 2.0 * seconds;
            let pcm = pcm(&format!("--from {from} --seconds 0.1 --at {at}:mark=20003,ramp={ramp}"));
            assert!((9_900..10_100).contains(&pcm[0][1]), "{from}: {}", pcm[0][1]);
        }
    }

    #[test]
    fn presets_and_draws_begin_with_and_are_turned_to() {
        let mark = |args: &str| pcm(&format!("--seconds 0.1 {args}")).last().unwrap()[1];
        let drawn = |seed| catalogue().first().random(seed)[0].value().round() as u16;
        assert_eq!(mark(""), 3);
        assert_eq!(mark("--preset seven"), 7);
        assert_eq!(mark("--preset seven --set mark=8"), 8);
        assert_eq!(mark("--preset random --seed 5"), drawn(5));
        assert_eq!(mark("--at 0.01:preset=seven"), 7);
        assert_eq!(mark("--at 0.01:mark=8,preset=seven"), 8);
        assert_eq!(mark("--at 0.01:preset=random --seed 5"), drawn(5));
        assert_eq!(mark("--at 0.01:preset=random,seed=6 --seed 5"), drawn(6));
        assert_eq!(mark("--at 0.02:mark=9 --at 0.01:mark=10"), 9);
    }

    #[test]
    fn what_cannot_be_played_is_told_with_what_can() {
        let after = "0:mark=1,mark=2";
        for (args, told) in [
            ("--from -1", "--from: -1 is out of range; allowed: 0 to 31536000"),
            ("--from NaN", "--from: NaN is out of range; allowed: 0 to 31536000"),
            ("--preset eight", "--preset: unknown preset 'eight'; allowed: seven, random"),
            ("--at 0:preset=eight", "--at: unknown preset 'eight'; allowed: seven, random"),
            ("--at 0:mark=1,ramp=601", "--at: ramp: '601' is no time; allowed: 0 to 600 s"),
            ("--at 0:mark=1,seed=1", "seed: nothing is drawn from it; allowed: with preset=random"),
            ("--at 0:preset=seven,seed=1", "seed: nothing is drawn from it"),
            ("--at 0:preset=random,seed=-1", "seed: not a seed; allowed: a whole number from 0 to"),
            ("--at 0:ramp=1", "'0:ramp=1' sets nothing; allowed: NAME=VALUE, preset=NAME"),
            ("--at 0:", "'' is no setting; allowed: NAME=VALUE"),
            ("--at 0:mark=1,", "'' is no setting; allowed: NAME=VALUE"),
            (&format!("--at {after}"), "mark: given more than once; allowed: one value"),
            ("--at 0:kind=c", "'c' is not among its labels; allowed: a, b"),
            ("--from 5 --at 65:mark=1", "'65:mark=1' comes after the end at 65 s"),
        ] {
            let error = format!("{:#}", score(args).err().unwrap());
            assert!(error.contains(told), "{args}: {error}");
        }
    }
}
