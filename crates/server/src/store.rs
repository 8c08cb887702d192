//! Where streams are remembered: in a file, in memory, or in a store that several servers share.

pub(crate) mod cluster;
mod embedded;
mod metrics;
mod wire;

use std::{str::FromStr, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use perpetuo_driver::Store;
use perpetuo_http::Key;
use perpetuo_station::Catalogue;
use prometheus_client::registry::Registry;
use serde::Deserialize;
use tracing::{info, warn};

use crate::{key, serve::SAMPLE_RATE_HZ, settings::Settings};
use cluster::{Cluster, Plan, address::Address};
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
    /// NATS servers, which several of us share; or what is wrong with their address, which may hold a password:
    /// errors of options and of files would show it.
    Nats(Result<Address, String>),
}

/// How long streams and their past are kept.
#[derive(Clone, Copy, Debug)]
struct Kept {
    /// Streams, in seconds after the last write.
    time_to_live: u64,
    /// Of what was heard, in samples.
    history: u64,
}

/// How long a shared store may take to tell the key: where it is known already, and where it is not.
const KEY_CHECK: Duration = Duration::from_secs(1);
const KEY_PATIENCE: Duration = Duration::from_secs(10);

/// Opens the store that the settings name, and finds the key that signs ids, or makes one.
pub(crate) async fn open(
    settings: &Settings,
    catalogue: &Catalogue,
    registry: &mut Registry,
) -> anyhow::Result<(Arc<dyn Store>, Key)> {
    let metrics = Metrics::new();
    metrics.register(registry);
    let kept = Kept {
        time_to_live: settings.time_to_live.as_secs(),
        history: settings.history.as_secs() * u64::from(SAMPLE_RATE_HZ),
    };
    let own_key = || match settings.key.clone() {
        Some(key) => Ok(key),
        None => key::load_or_make(&settings.data_dir),
    };
    Ok(match &settings.store {
        StoreAt::File => {
            let path = settings.data_dir.join(FILE_NAME);
            (Arc::new(Embedded::open(&path, kept, metrics)?), own_key()?)
        }
        StoreAt::Memory => (Arc::new(Embedded::in_memory(kept, metrics)?), own_key()?),
        StoreAt::Nats(Err(wrong)) => bail!("--store: {wrong}"),
        StoreAt::Nats(Ok(address)) => {
            let plan = Plan { time_to_live: settings.time_to_live, history: settings.history };
            let cluster = Cluster::join(address.clone(), plan, catalogue.clone(), metrics);
            let key = shared_key(&cluster, settings).await.with_context(|| address.to_string())?;
            (Arc::new(cluster), key)
        }
    })
}

/// The key that all nodes of a cluster share: the one given, or else the one in the store, or else, if the store
/// is away, the one it told before.
async fn shared_key(cluster: &Cluster, settings: &Settings) -> anyhow::Result<Key> {
    let (given, dir) = (settings.key.clone(), &settings.data_dir);
    let known = match given.clone() {
        Some(key) => Some(key),
        None => key::load_shared(dir)?,
    };
    // One that has signed ids already stays good when its server joins a cluster that has none.
    let offered = match known.clone() {
        Some(key) => key,
        None => key::load_or_make(dir)?,
    };
    let asking = cluster.shared_key(offered.to_hex());
    let patience = if known.is_some() { KEY_CHECK } else { KEY_PATIENCE };
    let told = tokio::time::timeout(patience, asking).await;
    let told = match (told, known) {
        (Ok(told), _) => Key::from_hex(&told?).context("in the store")?,
        (Err(_), Some(known)) => {
            info!("the store was not reached: the key is the one known before");
            return Ok(known);
        }
        (Err(_), None) => {
            let why = cluster.away().unwrap_or_default();
            bail!(
                "the store was not reached within {} s, and the key that signs ids is in it: {why}; see to NATS \
                 (nats-server -js), or set PERPETUO_KEY to start without it",
                KEY_PATIENCE.as_secs()
            );
        }
    };
    match given {
        Some(given) if given != told => {
            warn!(
                "the key given is not the store's: nodes with another do not know ids of this one"
            );
            Ok(given)
        }
        Some(given) => Ok(given),
        None => {
            key::keep_shared(dir, &told)?;
            Ok(told)
        }
    }
}

impl FromStr for StoreAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "file" => Ok(Self::File),
            "memory" => Ok(Self::Memory),
            url if url.starts_with("nats://") || url.starts_with("tls://") => {
                Ok(Self::Nats(url.parse()))
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_address_is_told_without_the_password_and_what_is_no_address_as_it_is() {
        let wrong = "nats://me:secret@host:port".parse();
        let shown = format!("{wrong:?}");
        assert!(matches!(wrong, Ok(StoreAt::Nats(Err(_)))) && !shown.contains("secret"), "{shown}");
        let error = "redis://here".parse::<StoreAt>().unwrap_err();
        assert!(error.contains("allowed: file, memory or nats://HOST:PORT"), "{error}");
    }
}
