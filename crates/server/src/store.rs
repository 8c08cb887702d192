//! Where streams are remembered: in a file, in memory, or in a store that several servers share.

mod embedded;
mod metrics;
mod wire;

use std::{str::FromStr, sync::Arc};

use anyhow::bail;
use perpetuo_driver::Store;
use prometheus_client::registry::Registry;
use serde::Deserialize;

use crate::{serve::SAMPLE_RATE_HZ, settings::Settings};
use embedded::Embedded;
use metrics::Metrics;

/// The file in the data directory.
const FILE_NAME: &str = "streams.redb";

/// Which store there is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum StoreAt {
    /// A file in the data directory.
    File,
    /// Memory, gone with the process.
    Memory,
    /// NATS servers, which several of us share.
    Nats(String),
}

/// How long streams and their past are kept.
#[derive(Clone, Copy, Debug)]
struct Kept {
    /// Streams, in seconds after the last write.
    time_to_live: u64,
    /// Of what was heard, in samples.
    history: u64,
}

/// Opens the store that the settings name.
pub(crate) fn open(settings: &Settings, registry: &mut Registry) -> anyhow::Result<Arc<dyn Store>> {
    let metrics = Metrics::new();
    metrics.register(registry);
    let kept = Kept {
        time_to_live: settings.time_to_live.as_secs(),
        history: settings.history.as_secs() * u64::from(SAMPLE_RATE_HZ),
    };
    match &settings.store {
        StoreAt::File => {
            let path = settings.data_dir.join(FILE_NAME);
            Ok(Arc::new(Embedded::open(&path, kept, metrics)?))
        }
        StoreAt::Memory => Ok(Arc::new(Embedded::in_memory(kept, metrics)?)),
        StoreAt::Nats(_) => bail!("NATS is not yet here"),
    }
}

impl FromStr for StoreAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "file" => Ok(Self::File),
            "memory" => Ok(Self::Memory),
            url if url.starts_with("nats://") => Ok(Self::Nats(url.to_owned())),
            _ => Err(format!("'{text}' is no store; allowed: file, memory or nats://HOST:PORT")),
        }
    }
}

impl TryFrom<String> for StoreAt {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
