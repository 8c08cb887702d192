//! Settings that are taken again while it runs.

use std::sync::Arc;

use perpetuo_driver::Handle;
use perpetuo_http::Quotas;
use tracing::{error, info, warn};

use crate::{cli::ServeArgs, log::Log, settings::Settings, systemd};

/// Where settings come from, and whom they are for.
pub(crate) struct Reloader {
    pub(crate) args: ServeArgs,
    pub(crate) descriptors: u64,
    pub(crate) log: Log,
    pub(crate) driver: Handle,
    pub(crate) quotas: Arc<Quotas>,
}

impl Reloader {
    /// Reads the settings again, and lets count what can change without dropping anyone. Those that are wrong
    /// change nothing.
    pub(crate) fn reload(&self, settings: &mut Settings) {
        systemd::tell_reloading();
        match Settings::gather(self.args.clone(), self.descriptors) {
            Ok(new) => self.take(settings, new),
            Err(error) => error!("the settings stay as they are: {error:#}"),
        }
        systemd::tell_ready();
    }

    fn take(&self, settings: &mut Settings, new: Settings) {
        let changes = settings.take_over(new);
        self.log.set_level(settings.log_level);
        self.driver.limit(settings.ceilings);
        self.quotas.change(settings.rates);
        match changes.taken.is_empty() {
            true => info!("settings read again: nothing has changed that counts now"),
            false => info!(changed = changes.taken.join(", "), "settings read again"),
        }
        if !changes.waiting.is_empty() {
            let changed = changes.waiting.join(", ");
            warn!(changed, "these settings have changed too, and count after a restart");
        }
    }
}
