//! The HTTP side: three calls, an endless body, a page.
//!
//! ```text
//!   request ─► Args (query or form) ─► Ids::open ─► Setting, Lead, Encoding ─► driver::Handle
//!                    │ 400                │ 403 404 410        │ 400                │ 410 503
//!                    └────────────────────┴──── Problem ───────┴────────────────────┘
//! ```
//!
//! Text becomes types here and nowhere else. Every answer's form is in `openapi.json`, which a test
//! holds true. Beside the routes there is a second door to the same knobs, [`osc`].

mod answer;
mod args;
mod id;
pub mod osc;
mod problem;
mod quota;
mod routes;
mod serve;
mod takeover;

use std::{sync::Arc, time::SystemTime};

use axum::{Router, middleware};
use perpetuo_driver::Handle;
use perpetuo_station::Catalogue;
use prometheus_client::registry::Registry;
use tokio::sync::watch;

pub use axum::http::HeaderValue;
pub use id::{IdError, Ids, Key, KeyError};
pub use problem::Problem;
pub use quota::{Quotas, Rates};
pub use serve::{Limits, serve};

/// What the routes work with; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The render threads.
    pub driver: Handle,
    /// The stations there are.
    pub catalogue: Catalogue,
    /// Makes and opens ids.
    pub ids: Ids,
    /// What `/metrics` prints.
    pub registry: Arc<Registry>,
    /// What time it is, for the age of ids.
    pub clock: fn() -> SystemTime,
    /// How often one address may call.
    pub quotas: Arc<Quotas>,
    /// How far the program is.
    pub phase: watch::Receiver<Phase>,
}

/// What a program goes through, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Everyone is welcome.
    #[default]
    Serving,
    /// Streams are being ended and none begins; connections are accepted, for one answer each.
    Draining {
        /// When it is over at the latest.
        until: SystemTime,
    },
    /// No connection is accepted any more.
    Ending,
}

impl App {
    /// Whether the program is about to end.
    fn is_draining(&self) -> bool {
        *self.phase.borrow() != Phase::Serving
    }
}

/// Who may call from another site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Everyone.
    Any,
    /// Pages of these sites, written as browsers do: `https://example.org`.
    These(Vec<HeaderValue>),
}

/// All routes.
pub fn router(app: App, origins: &Origins) -> Router {
    routes::all()
        .layer(middleware::from_fn(answer::dress))
        .layer(answer::cors(origins))
        .layer(middleware::from_fn(answer::seal))
        .layer(middleware::from_fn_with_state(app.clone(), answer::put_off))
        .with_state(app)
}
