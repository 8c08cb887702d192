//! What the server is to do: flags, environment and file made one.

use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use perpetuo_http::{Key, Origins};
use serde::Deserialize;

use crate::cli::{LogLevel, ServeArgs};

/// All settings, each with its value.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) threads: usize,
    pub(crate) log_level: LogLevel,
    pub(crate) time_to_live: Duration,
    pub(crate) origins: Origins,
    /// Given, or to be found in the data directory.
    pub(crate) key: Option<Key>,
}

/// The TOML file: the same names, all optional, and no others.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<SocketAddr>,
    data_dir: Option<PathBuf>,
    threads: Option<u16>,
    log_level: Option<LogLevel>,
    time_to_live: Option<u32>,
    cors_origin: Option<Vec<String>>,
    key: Option<String>,
}

impl Settings {
    /// Reads the file that `args` name, if they do, and fills in what nobody has said.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or says what cannot be understood: the error names the line.
    pub(crate) fn gather(args: ServeArgs) -> anyhow::Result<Self> {
        let file = match &args.config {
            Some(path) => {
                let text = fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                parse(&text).with_context(|| format!("in {}", path.display()))?
            }
            None => File::default(),
        };
        // No flag: that would show the key to every user of the machine.
        Self::merge(args, std::env::var("PERPETUO_KEY").ok(), file)
    }

    fn merge(args: ServeArgs, key: Option<String>, file: File) -> anyhow::Result<Self> {
        let threads = args.threads.or(file.threads).map(usize::from);
        let seconds = args.time_to_live.or(file.time_to_live).unwrap_or(24 * 3600);
        let key = key.or(file.key);
        Ok(Self {
            listen: args.listen.or(file.listen).unwrap_or(([127, 0, 0, 1], 8000).into()),
            data_dir: args.data_dir.or(file.data_dir).map_or_else(default_data_dir, Ok)?,
            threads: threads.unwrap_or_else(cores),
            log_level: args.log_level.or(file.log_level).unwrap_or(LogLevel::Info),
            time_to_live: Duration::from_secs(seconds.into()),
            origins: origins(args.cors_origin.or(file.cors_origin))?,
            key: key.map(|text| Key::from_hex(&text).context("key")).transpose()?,
        })
    }
}

/// How many threads can run at once.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn parse(text: &str) -> anyhow::Result<File> {
    let file: File = toml::from_str(text)?;
    if file.threads == Some(0) {
        bail!("threads: 0 is out of range; allowed: 1 to 1024");
    }
    if file.time_to_live == Some(0) {
        bail!("time_to_live: 0 is out of range; allowed: 1 to {} seconds", u32::MAX);
    }
    Ok(file)
}

fn origins(list: Option<Vec<String>>) -> anyhow::Result<Origins> {
    let Some(list) = list else { return Ok(Origins::Any) };
    let read = |text: &String| {
        let is_origin = text.split_once("://").is_some_and(|(scheme, host)| {
            ["http", "https"].contains(&scheme) && !host.is_empty() && !host.contains('/')
        });
        match text.parse() {
            Ok(origin) if is_origin => Ok(origin),
            _ => bail!("cors_origin: '{text}' is no origin; allowed: as https://example.org"),
        }
    };
    Ok(Origins::These(list.iter().map(read).collect::<anyhow::Result<_>>()?))
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
    use super::*;

    fn merged(args: ServeArgs, file: &str) -> anyhow::Result<Settings> {
        Settings::merge(args, None, parse(file)?)
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
    fn an_unknown_key_is_an_error_that_names_the_line() {
        let error = wrong("threads = 2\nlisen = '127.0.0.1:1'");
        assert!(error.contains("line 2") && error.contains("lisen"), "{error}");
    }

    #[test]
    fn a_wrong_value_is_an_error_that_says_what_is_allowed() {
        assert!(wrong("listen = 'here'").contains("line 1"));
        assert!(wrong("threads = 0").contains("1 to 1024"));
        assert!(wrong("key = '5a'").contains("64 hexadecimal digits"));
        assert!(wrong("cors_origin = ['example.org']").contains("https://example.org"));
    }
}
