//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use crate::store::StoreAt;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Perpetuo: endless generated music over plain HTTP
#[derive(Debug, Parser)]
#[command(name = "perpetuo", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
#[command(after_help = AFTER_SERVE, override_usage = "perpetuo [serve] [OPTIONS]\n       perpetuo <COMMAND>")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(ServeArgs),
    Render(RenderArgs),
    Stations(StationsArgs),
    Bench(BenchArgs),
}

/// Serve streams and the player page
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = AFTER_SERVE)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR:PORT", env = "PERPETUO_LISTEN", hide_env = true)]
    pub(crate) listen: Option<SocketAddr>,

    /// Where to take Open Sound Control too, over UDP: messages as /ID/brightness 0.9; port 0 takes a free
    /// one, which the log tells [default: nowhere]
    #[arg(long, value_name = "ADDR:PORT", env = "PERPETUO_OSC", hide_env = true)]
    pub(crate) osc: Option<SocketAddr>,

    /// Where the key that signs ids is kept, and streams are remembered [default: ~/.local/share/perpetuo]
    #[arg(long, value_name = "DIR", env = "PERPETUO_DATA_DIR", hide_env = true)]
    pub(crate) data_dir: Option<PathBuf>,

    /// Where streams are remembered: file, which is in the data directory; memory, which is gone with the
    /// process; or nats://HOST:PORT[,HOST:PORT...][?replicas=3], which several servers share [default: file]
    #[arg(long, value_name = "WHERE", env = "PERPETUO_STORE", hide_env = true)]
    pub(crate) store: Option<StoreAt>,

    /// How much of what was heard of each stream can be rendered again; 0 is nothing [default: 3600]
    #[arg(long, value_name = "SECONDS", env = "PERPETUO_HISTORY", hide_env = true,
          value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_HISTORY)))]
    pub(crate) history: Option<u32>,

    /// A TOML file with any of these options
    #[arg(long, value_name = "FILE", env = "PERPETUO_CONFIG", hide_env = true)]
    pub(crate) config: Option<PathBuf>,

    /// Threads that render [default: one a core]
    #[arg(long, value_name = "N", env = "PERPETUO_THREADS", hide_env = true,
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// How much to log: error, warn, info, debug or trace [default: info]
    #[arg(
        long,
        value_name = "LEVEL",
        env = "PERPETUO_LOG_LEVEL",
        hide_env = true,
        hide_possible_values = true
    )]
    pub(crate) log_level: Option<LogLevel>,

    /// How long an unused stream is remembered and its id good [default: 86400]
    #[arg(long, value_name = "SECONDS", env = "PERPETUO_TIME_TO_LIVE", hide_env = true,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) time_to_live: Option<u32>,

    /// How many streams a second one address may make, four seconds' worth at once; 0 is no limit
    /// [default: 10, on a loopback address 0]
    #[arg(long, value_name = "N", env = "PERPETUO_CREATES_PER_SECOND", hide_env = true,
          value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_PER_SECOND)))]
    pub(crate) creates_per_second: Option<u32>,

    /// How often a second one address may turn knobs, four seconds' worth at once; 0 is no limit
    /// [default: 100, on a loopback address 0]
    #[arg(long, value_name = "N", env = "PERPETUO_SETS_PER_SECOND", hide_env = true,
          value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_PER_SECOND)))]
    pub(crate) sets_per_second: Option<u32>,

    /// Streams known at most, played or remembered; 0 is no limit [default: 100000, on a loopback
    /// address 0]
    #[arg(long, value_name = "N", env = "PERPETUO_MAX_STREAMS", hide_env = true)]
    pub(crate) max_streams: Option<u32>,

    /// Listeners at most; 0 is no limit [default: as many as there may be open files, less a tenth]
    #[arg(long, value_name = "N", env = "PERPETUO_MAX_LISTENERS", hide_env = true)]
    pub(crate) max_listeners: Option<u32>,

    /// Listeners of one stream at most; 0 is no limit [default: 0]
    #[arg(long, value_name = "N", env = "PERPETUO_MAX_LISTENERS_PER_STREAM", hide_env = true)]
    pub(crate) max_listeners_per_stream: Option<u32>,

    /// How long streams are ended over, one by one, when it is told to stop [default: 2]
    #[arg(long, value_name = "SECONDS", env = "PERPETUO_DRAIN", hide_env = true,
          value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_DRAIN)))]
    pub(crate) drain: Option<u32>,

    /// Sites whose pages may call, with scheme and host; several with commas [default: all]
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "PERPETUO_CORS_ORIGIN",
        hide_env = true,
        value_delimiter = ','
    )]
    pub(crate) cors_origin: Option<Vec<String>>,
}

const AFTER_SERVE: &str = "\
Each option can also come from the environment, --data-dir as PERPETUO_DATA_DIR and so on, or from \
the TOML file, as data_dir = \"...\". A flag beats the environment, the environment beats the file.

The key that signs ids is made on the first start, in DATA_DIR/key, readable by its owner alone. \
Servers that are to take each other's ids need the same one: 64 hexadecimal digits in that file, in \
PERPETUO_KEY or as key in the TOML file. ($XDG_DATA_HOME, if set, takes the place of ~/.local/share.)

Examples:
  perpetuo                                   serve at http://127.0.0.1:8000/
  perpetuo serve --listen 0.0.0.0:80         serve to everyone
  curl -s localhost:8000/create_stream       a new stream's id
  mpv 'http://localhost:8000/stream?id=ID'   hear it
  curl 'localhost:8000/set_param?id=ID&brightness=0.9'";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The most calls a second that a limit can be: far more than a machine answers.
pub(crate) const MAX_PER_SECOND: u32 = 1_000_000;

/// The longest past that can be kept, in seconds: a week.
pub(crate) const MAX_HISTORY: u32 = 7 * 24 * 3600;

/// The longest drain, in seconds: systemd gives no more time when it is asked for it.
pub(crate) const MAX_DRAIN: u32 = 3600;

/// The largest seed: integers up to it are exact in every reader of JSON.
pub(crate) const MAX_SEED: u64 = (1 << 53) - 1;

/// Render a station to a file, as fast as it goes; the same sound as on the air
#[derive(Debug, Args)]
#[command(after_help = AFTER_RENDER)]
pub(crate) struct RenderArgs {
    /// The station; `perpetuo stations` lists them
    pub(crate) station: String,

    /// How much of it
    #[arg(long, value_name = "SECONDS", default_value = "60", allow_negative_numbers = true)]
    pub(crate) seconds: f64,

    /// Where in the performance to begin; what comes before is composed, but not rendered
    #[arg(long, value_name = "SECONDS", default_value = "0", allow_negative_numbers = true)]
    pub(crate) from: f64,

    /// Where its chance is drawn from, 0 to 9007199254740991
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u64).range(..=MAX_SEED))]
    pub(crate) seed: u64,

    /// A preset's values from the start on; `random` draws them from the seed
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,

    /// A parameter's value from the start on, whatever the preset says; may be repeated
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub(crate) set: Vec<String>,

    /// Values from some time of the performance on; may be repeated
    #[arg(long, value_name = "SECONDS:NAME=VALUE,...", allow_hyphen_values = true)]
    pub(crate) at: Vec<String>,

    /// kbit/s of an MP3 file [default: 128]
    #[arg(long, value_name = "KBPS")]
    pub(crate) bitrate: Option<u16>,

    /// Where to write; the name ends in .mp3 or .wav
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

const AFTER_RENDER: &str = "\
--at takes what /set_param takes, with commas between: values by name, ramp=SECONDS in which numbers \
glide, preset=NAME, and preset=random with seed=N, without which it draws from the performance's seed. \
All of them begin at one time: the first border of a frame, 1152 samples, not before SECONDS. Times \
count from the beginning of the performance, wherever the file begins.

Examples:
  perpetuo render drift -o drift.mp3                            its first minute
  perpetuo render drift --from 3600 --seconds 600 -o hour.wav   ten minutes after an hour
  perpetuo render acid --at 30:brightness=0.9,density=1,ramp=10 --at 50:preset=random -o acid.mp3";

/// List the stations, or the parameters and presets of one
#[derive(Debug, Args)]
pub(crate) struct StationsArgs {
    /// The station whose parameters and presets to list
    pub(crate) name: Option<String>,
}

/// Measure what this machine can carry: a whole server and its listeners, in one process, in real time
#[derive(Debug, Args)]
#[command(after_help = AFTER_BENCH)]
pub(crate) struct BenchArgs {
    /// How many streams, over the stations in turn
    #[arg(long, value_name = "N", default_value = "100",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) streams: u32,

    /// As many streams as are let in
    #[arg(long, conflicts_with = "streams")]
    pub(crate) find_max: bool,

    /// A station to play, instead of all; several with commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) station: Vec<String>,

    /// How many streams begin a second
    #[arg(long, value_name = "N", default_value = "100",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) ramp: u32,

    /// How long to measure, after 5 seconds for the start
    #[arg(long, value_name = "SECONDS", default_value = "10",
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) seconds: u32,

    /// Threads that render [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// How far listeners are served ahead of real time, 0.05 to 10
    #[arg(long, value_name = "SECONDS", default_value = "1.25")]
    pub(crate) lead: f64,

    /// kbit/s of MP3
    #[arg(long, value_name = "KBPS", default_value = "128")]
    pub(crate) bitrate: u16,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const AFTER_BENCH: &str = "\
Listeners take the machine's time too; theirs is told apart, and in no other figure. To compare two \
machines, compare the streams a core; to compare two versions, run both on one machine, in turn.

Examples:
  perpetuo bench                         100 streams, what each costs
  perpetuo bench --find-max --json       how many are let in, and how they fare";
