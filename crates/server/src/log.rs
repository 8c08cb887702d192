//! The log, on standard error.

use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    Registry, filter::filter_fn, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

use crate::cli::LogLevel;

/// The log's level, which can change.
pub(crate) struct Log(reload::Handle<LevelFilter, Registry>);

impl Log {
    /// Begins to log; once a process.
    pub(crate) fn to_stderr(level: LogLevel) -> Self {
        let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        let lines =
            tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal);
        let (filter, handle) = reload::Layer::new(filter(level));
        tracing_subscriber::registry().with(filter).with(filter_fn(is_news)).with(lines).init();
        Self(handle)
    }

    pub(crate) fn set_level(&self, level: LogLevel) {
        // It is there as long as the log is.
        let _ = self.0.reload(filter(level));
    }
}

/// What the client of NATS says of its connections, the store says itself.
fn is_news(metadata: &Metadata<'_>) -> bool {
    !metadata.target().starts_with("async_nats") || *metadata.level() > Level::INFO
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}
