//! What the server is to do: flags, environment and file made one.

use std::{env::VarError, fs, net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use anyhow::{Context, anyhow, bail};
use perpetuo_driver::Ceilings;
use perpetuo_http::{HeaderValue, Key, KeyError, Origins, Rates};
use serde::Deserialize;

use crate::{
    cli::{LogLevel, MAX_DRAIN, MAX_HISTORY, MAX_PER_SECOND, ServeArgs},
    store::StoreAt,
};

/// All settings, each with its value.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    /// Where Open Sound Control is taken, if it is.
    pub(crate) osc: Option<SocketAddr>,
    pub(crate) data_dir: PathBuf,
    pub(crate) store: StoreAt,
    /// How much of what was heard is kept.
    pub(crate) history: Duration,
    pub(crate) threads: usize,
    pub(crate) log_level: LogLevel,
    pub(crate) time_to_live: Duration,
    pub(crate) rates: Rates,
    pub(crate) ceilings: Ceilings,
    /// How long streams are ended over.
    pub(crate) drain: Duration,
    pub(crate) origins: Origins,
    /// Given, or to be found in the data directory.
    pub(crate) key: Option<Key>,
}

/// The TOML file: the same names, all optional, and no others. What is wrong in it is found while it is
/// read, so that the error names the line.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<SocketAddr>,
    osc: Option<SocketAddr>,
    data_dir: Option<PathBuf>,
    store: Option<StoreAt>,
    history: Option<SecondsUpTo<MAX_HISTORY>>,
    threads: Option<Threads>,
    log_level: Option<LogLevel>,
    time_to_live: Option<Seconds>,
    creates_per_second: Option<PerSecond>,
    sets_per_second: Option<PerSecond>,
    max_streams: Option<u32>,
    max_listeners: Option<u32>,
    max_listeners_per_stream: Option<u32>,
    drain: Option<SecondsUpTo<MAX_DRAIN>>,
    cors_origin: Option<Vec<Origin>>,
    key: Option<HexKey>,
}

/// 1 to 1024.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u16")]
struct Threads(u16);

/// 0 to so many.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
struct SecondsUpTo<const MOST: u32>(u32);

/// At least 1.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
struct Seconds(u32);

/// 0, which is no limit, to [`MAX_PER_SECOND`].
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
struct PerSecond(u32);

/// A site, as browsers write it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Origin(HeaderValue);

#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct HexKey(Key);

/// Names of settings that have changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// They count from now on.
    pub(crate) taken: Vec<&'static str>,
    /// They count from the next start on.
    pub(crate) waiting: Vec<&'static str>,
}

impl Settings {
    /// Reads the file that `args` name, if they do, and fills in what nobody has said, for a process that
    /// may have so many descriptors.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or says what cannot be understood: the error names the line.
    pub(crate) fn gather(args: ServeArgs, descriptors: u64) -> anyhow::Result<Self> {
        let file = match &args.config {
            Some(path) => {
                let text = fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                toml::from_str(&text).with_context(|| format!("in {}", path.display()))?
            }
            None => File::default(),
        };
        // No flag: that would show the key to every user of the machine.
        let key = match std::env::var("PERPETUO_KEY") {
            Ok(text) => {
                Some(HexKey::try_from(text).map_err(|wrong| anyhow!("PERPETUO_KEY: {wrong}"))?)
            }
            Err(VarError::NotPresent) => None,
            Err(VarError::NotUnicode(_)) => bail!("PERPETUO_KEY: {KeyError}"),
        };
        Self::merge(args, key, file, descriptors)
    }

    /// Takes of `new` what can change while it runs.
    pub(crate) fn take_over(&mut self, new: Self) -> Changes {
        let Self {
            listen,
            osc,
            data_dir,
            store,
            history,
            threads,
            log_level,
            time_to_live,
            rates,
            ceilings,
            drain,
            origins,
            key,
        } = new;
        let taken = [
            ("log_level", self.log_level != log_level),
            ("creates_per_second", self.rates.creates != rates.creates),
            ("sets_per_second", self.rates.sets != rates.sets),
            ("max_streams", self.ceilings.streams != ceilings.streams),
            ("max_listeners", self.ceilings.listeners != ceilings.listeners),
            (
                "max_listeners_per_stream",
                self.ceilings.listeners_per_stream != ceilings.listeners_per_stream,
            ),
            ("drain", self.drain != drain),
        ];
        let waiting = [
            ("listen", self.listen != listen),
            ("osc", self.osc != osc),
            ("data_dir", self.data_dir != data_dir),
            ("store", self.store != store),
            ("history", self.history != history),
            ("threads", self.threads != threads),
            ("time_to_live", self.time_to_live != time_to_live),
            ("cors_origin", self.origins != origins),
            ("key", self.key != key),
        ];
        (self.log_level, self.rates) = (log_level, rates);
        (self.ceilings, self.drain) = (ceilings, drain);
        let changed = |names: &[(&'static str, bool)]| {
            names.iter().filter(|(_, has_changed)| *has_changed).map(|(name, _)| *name).collect()
        };
        Changes { taken: changed(&taken), waiting: changed(&waiting) }
    }

    fn merge(
        args: ServeArgs,
        key: Option<HexKey>,
        file: File,
        descriptors: u64,
    ) -> anyhow::Result<Self> {
        let threads = args.threads.or(file.threads.map(|Threads(n)| n));
        let seconds = args.time_to_live.or(file.time_to_live.map(|Seconds(n)| n));
        let origins = match args.cors_origin {
            Some(list) => {
                Some(list.into_iter().map(Origin::try_from).collect::<Result<Vec<_>, _>>())
            }
            None => file.cors_origin.map(Ok),
        };
        let origins = origins.transpose().map_err(|wrong| anyhow!("--cors-origin: {wrong}"))?;
        let listen = args.listen.or(file.listen).unwrap_or(([127, 0, 0, 1], 8000).into());
        let is_private = listen.ip().to_canonical().is_loopback();
        let rate = |flag: Option<u32>, file: Option<PerSecond>, default| {
            let given = flag.or(file.map(|PerSecond(n)| n));
            NonZeroU32::new(given.unwrap_or(if is_private { 0 } else { default }))
        };
        let ceiling = |flag: Option<u32>, file: Option<u32>, default| {
            let given = flag.or(file).unwrap_or(default);
            (given > 0).then_some(given as usize)
        };
        Ok(Self {
            listen,
            osc: args.osc.or(file.osc),
            data_dir: args.data_dir.or(file.data_dir).map_or_else(default_data_dir, Ok)?,
            store: args.store.or(file.store).unwrap_or(StoreAt::File),
            history: Duration::from_secs(
                args.history.or(file.history.map(|SecondsUpTo(n)| n)).unwrap_or(3600).into(),
            ),
            threads: threads.map_or_else(cores, usize::from),
            log_level: args.log_level.or(file.log_level).unwrap_or(LogLevel::Info),
            time_to_live: Duration::from_secs(seconds.unwrap_or(24 * 3600).into()),
            // Enough for a house full of people: a page makes a stream a click and turns knobs at most 15
            // times a second.
            rates: Rates {
                creates: rate(args.creates_per_second, file.creates_per_second, 10),
                sets: rate(args.sets_per_second, file.sets_per_second, 100),
            },
            ceilings: Ceilings {
                // Those remembered take 2 KiB each.
                streams: ceiling(
                    args.max_streams,
                    file.max_streams,
                    if is_private { 0 } else { 100_000 },
                ),
                listeners: ceiling(args.max_listeners, file.max_listeners, listeners(descriptors)),
                listeners_per_stream: ceiling(
                    args.max_listeners_per_stream,
                    file.max_listeners_per_stream,
                    0,
                ),
            },
            drain: Duration::from_secs(
                args.drain.or(file.drain.map(|SecondsUpTo(n)| n)).unwrap_or(2).into(),
            ),
            origins: origins.map_or(Origins::Any, |list| {
                Origins::These(list.into_iter().map(|Origin(origin)| origin).collect())
            }),
            key: key.or(file.key).map(|HexKey(key)| key),
        })
    }
}

impl TryFrom<u16> for Threads {
    type Error = String;

    fn try_from(threads: u16) -> Result<Self, String> {
        match threads {
            1..=1024 => Ok(Self(threads)),
            _ => Err(format!("{threads} is out of range; allowed: 1 to 1024")),
        }
    }
}

impl TryFrom<u32> for Seconds {
    type Error = String;

    fn try_from(seconds: u32) -> Result<Self, String> {
        match seconds {
            0 => Err(format!("0 is out of range; allowed: 1 to {} seconds", u32::MAX)),
            _ => Ok(Self(seconds)),
        }
    }
}

impl<const MOST: u32> TryFrom<u32> for SecondsUpTo<MOST> {
    type Error = String;

    fn try_from(seconds: u32) -> Result<Self, String> {
        match seconds <= MOST {
            true => Ok(Self(seconds)),
            false => Err(format!("{seconds} is out of range; allowed: 0 to {MOST} seconds")),
        }
    }
}

impl TryFrom<u32> for PerSecond {
    type Error = String;

    fn try_from(n: u32) -> Result<Self, String> {
        match n {
            0..=MAX_PER_SECOND => Ok(Self(n)),
            _ => Err(format!("{n} is out of range; allowed: 0 to {MAX_PER_SECOND}")),
        }
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_origin = text.split_once("://").is_some_and(|(scheme, host)| {
            ["http", "https"].contains(&scheme) && !host.is_empty() && !host.contains('/')
        });
        match text.parse() {
            Ok(origin) if is_origin => Ok(Self(origin)),
            _ => Err(format!("'{text}' is no origin; allowed: as https://example.org")),
        }
    }
}

impl TryFrom<String> for HexKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        Key::from_hex(&text).map(Self)
    }
}

/// As many listeners as leave a tenth of the descriptors, and some, for everything else.
fn listeners(descriptors: u64) -> u32 {
    let listeners = (descriptors - descriptors / 10).saturating_sub(32).max(1);
    u32::try_from(listeners).unwrap_or(u32::MAX)
}

/// How many threads can run at once.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Where programs keep data for their user (XDG Base Directory Specification 0.8).
fn default_data_dir() -> anyhow::Result<PathBuf> {
    let path_in =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data =
        path_in("XDG_DATA_HOME").or_else(|| path_in("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("perpetuo"))
        .context("no home directory; say where with --data-dir DIR")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn merged(args: ServeArgs, file: &str) -> anyhow::Result<Settings> {
        Settings::merge(args, None, toml::from_str(file)?, 1024)
    }

    fn wrong(file: &str) -> String {
        let args = ServeArgs { data_dir: Some("/data".into()), ..ServeArgs::default() };
        format!("{:#}", merged(args, file).unwrap_err())
    }

    #[test]
    fn a_flag_beats_the_file_and_the_file_beats_the_default() {
        let args =
            ServeArgs { threads: Some(3), data_dir: Some("/a".into()), ..Default::default() };
        let file = "threads = 5\ndata_dir = '/b'\nlisten = '0.0.0.0:80'\nlog_level = 'debug'";
        let settings = merged(args, file).unwrap();
        assert_eq!(settings.threads, 3);
        assert_eq!(settings.data_dir, PathBuf::from("/a"));
        assert_eq!(settings.listen.to_string(), "0.0.0.0:80");
        assert_eq!(settings.log_level, LogLevel::Debug);
        assert_eq!(settings.time_to_live, Duration::from_secs(86_400));
        assert_eq!(settings.origins, Origins::Any);
    }

    #[test]
    fn open_sound_control_is_off_unless_it_is_asked_for() {
        let osc = |flag: Option<&str>, file: &str| {
            let osc = flag.map(|address| address.parse().unwrap());
            let args = ServeArgs { osc, data_dir: Some("/a".into()), ..Default::default() };
            merged(args, file).unwrap().osc.map(|address| address.to_string())
        };
        assert_eq!(osc(None, "listen = '0.0.0.0:80'"), None);
        assert_eq!(osc(None, "osc = '10.0.0.1:9000'").as_deref(), Some("10.0.0.1:9000"));
        let both = osc(Some("[::1]:9"), "osc = '10.0.0.1:9000'");
        assert_eq!(both.as_deref(), Some("[::1]:9"));
    }

    #[test]
    fn calls_are_limited_where_others_can_call_and_0_is_no_limit() {
        let rates = |listen: &str, limits: &str| {
            let args = ServeArgs { data_dir: Some("/a".into()), ..Default::default() };
            let Rates { creates, sets } =
                merged(args, &format!("listen = '{listen}'\n{limits}")).unwrap().rates;
            [creates, sets].map(|rate| rate.map_or(0, NonZeroU32::get))
        };
        for listen in ["127.0.0.1:80", "127.1.2.3:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert_eq!(rates(listen, ""), [0, 0], "{listen}");
            assert_eq!(rates(listen, "creates_per_second = 3"), [3, 0], "{listen}");
        }
        for listen in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80"] {
            assert_eq!(rates(listen, ""), [10, 100], "{listen}");
            assert_eq!(rates(listen, "creates_per_second = 0"), [0, 100], "{listen}");
            assert_eq!(rates(listen, "sets_per_second = 1000000"), [10, 1_000_000], "{listen}");
        }
    }

    #[test]
    fn there_are_as_many_listeners_as_descriptors_allow_and_limits_only_where_others_can_come() {
        let ceilings = |listen: &str, limits: &str| {
            let args = ServeArgs { data_dir: Some("/data".into()), ..ServeArgs::default() };
            let ceilings =
                merged(args, &format!("listen = '{listen}'\n{limits}")).unwrap().ceilings;
            (ceilings.streams, ceilings.listeners, ceilings.listeners_per_stream)
        };
        assert_eq!(ceilings("127.0.0.1:1", ""), (None, Some(890), None));
        assert_eq!(ceilings("0.0.0.0:1", ""), (Some(100_000), Some(890), None));
        let given = "max_streams = 7\nmax_listeners = 0\nmax_listeners_per_stream = 9";
        assert_eq!(ceilings("127.0.0.1:1", given), (Some(7), None, Some(9)));
    }

    #[test]
    fn limits_and_the_log_level_can_change_while_it_runs_and_the_others_are_named() {
        let settings = |file: &str| {
            let args =
                ServeArgs { threads: Some(3), data_dir: Some("/a".into()), ..Default::default() };
            merged(args, file).unwrap()
        };
        let mut running = settings("threads = 5");
        let new = "log_level = 'debug'\nmax_listeners = 7\nlisten = '127.0.0.1:1'\nthreads = 6\ndrain = 9";
        let changes = running.take_over(settings(new));
        assert_eq!(changes.taken, ["log_level", "max_listeners", "drain"]);
        assert_eq!(changes.waiting, ["listen"], "a flag says how many threads");
        assert_eq!(running.log_level, LogLevel::Debug);
        assert_eq!(running.ceilings.listeners, Some(7));
        assert_eq!(running.drain, Duration::from_secs(9));
        // What waits goes on waiting; what was taken is taken.
        let again = running.take_over(settings(new));
        assert_eq!(again, Changes { taken: vec![], waiting: vec!["listen"] });
    }

    /// `deploy/perpetuo.toml`: a line that begins with `#` and a name is a setting that is left out.
    #[test]
    fn the_sample_file_shows_every_setting_and_can_be_read() {
        let sample = include_str!("../../../deploy/perpetuo.toml");
        let settings = sample.lines().filter_map(|line| line.strip_prefix('#'));
        let settings: Vec<_> =
            settings.filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase())).collect();
        toml::from_str::<File>(&settings.join("\n")).unwrap();
        let shown =
            settings.iter().filter_map(|line| line.split(' ').next()).collect::<BTreeSet<_>>();
        let error = toml::from_str::<File>("x = 1").unwrap_err().to_string();
        let known = error.split_once("expected").unwrap().1.split('`').skip(1).step_by(2);
        assert_eq!(shown, known.collect());
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_the_line() {
        let error = wrong("threads = 2\nlisen = '127.0.0.1:1'");
        assert!(error.contains("line 2") && error.contains("lisen"), "{error}");
    }

    #[test]
    fn a_wrong_value_is_an_error_that_names_the_line_and_says_what_is_allowed() {
        for (line, allowed) in [
            ("listen = 'here'", ""),
            ("osc = '9000'", ""),
            ("threads = 0", "1 to 1024"),
            ("threads = 5000", "1 to 1024"),
            ("time_to_live = 0", "1 to"),
            ("store = 'redis://here'", "file, memory or nats://"),
            ("history = 604801", "0 to 604800"),
            ("creates_per_second = 1000001", "0 to 1000000"),
            ("sets_per_second = 1000001", "0 to 1000000"),
            ("drain = 3601", "0 to 3600"),
            ("key = '5a'", "64 hexadecimal digits"),
            ("cors_origin = ['example.org']", "https://example.org"),
        ] {
            let error = wrong(&format!("\n{line}"));
            assert!(error.contains("line 2") && error.contains(allowed), "{error}");
        }
    }
}
