//! The engine's hands: render threads, deadlines, and the hand-off to async code.
//!
//! ```text
//!   async side                      render thread, one a core            async side
//!   Handle ── Command ──► inbox ──► Agenda ──► Stream ── Chunk ──► Outlet ──► Listener ──► socket
//!          ◄── oneshot ── answer                                    ▲ wake       │
//!                                                                   └── taken ◄──┘
//! ```
//!
//! A stream lives on one thread for good, found by its key, so nothing is locked while it is rendered:
//! the only lock is an [`outlet`](crate::Listener)'s, held for as long as it takes to add a chunk or to
//! take one. The async runtime never renders.

mod agenda;
mod cpu;
mod handle;
mod metrics;
mod outlet;
mod stage;
mod thread;

use std::{io, sync::Arc, sync::mpsc, thread::JoinHandle};

pub use handle::{DriverError, Handle, Origin, StreamKey};
pub use metrics::Metrics;
pub use outlet::Listener;

use handle::Command;
use perpetuo_engine::StreamConfig;

/// What a driver is made of.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Render threads, at least 1; best one a core.
    pub threads: usize,
    /// What is the same for all streams.
    pub stream: StreamConfig,
}

/// The render threads. Dropped, they end; [`Driver::shutdown`] also waits until they have.
pub struct Driver {
    handle: Handle,
    threads: Vec<JoinHandle<()>>,
}

impl Driver {
    /// Starts the render threads.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(config: Config) -> io::Result<Self> {
        let metrics = Arc::new(Metrics::default());
        let mut inboxes = Vec::new();
        let mut threads = Vec::new();
        for index in 0..config.threads.max(1) {
            let (inbox, commands) = mpsc::channel();
            let thread = thread::RenderThread::new(
                config.stream,
                inbox.clone(),
                commands,
                Arc::clone(&metrics),
            );
            let builder = std::thread::Builder::new().name(format!("render-{index}"));
            threads.push(builder.spawn(move || thread.run())?);
            inboxes.push(inbox);
        }
        let handle = Handle::new(inboxes.into(), metrics, config.stream.sample_rate_hz);
        Ok(Self { handle, threads })
    }

    /// What the rest of the program asks things of.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Lets each thread finish its chunk, ends all streams at a frame border, and waits for the threads.
    pub fn shutdown(mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            // A render thread catches what its stations throw; if it died all the same, it has ended.
            let _ = thread.join();
        }
    }

    fn stop(&self) {
        self.handle.broadcast(|| Command::Stop);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.stop();
    }
}
