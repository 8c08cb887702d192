//! The engine's hands: render threads, deadlines, sockets.
//!
//! ```text
//!   async side                          render thread, one a core
//!   Handle ── Command ──► inbox ──► Agenda ──► Stage: Stream ── take ──► Feed ──► socket
//!          ◄── oneshot ── answer                 │ admit, cost
//!                                               Load         Store ◄── Write ── Stage, when it is time to
//! ```
//!
//! A stream lives on one thread for good, found by its key, and so do its listeners' sockets: nothing is
//! locked and nothing handed over between a sample and the socket it goes to. The async runtime reads
//! requests; it never renders, and once a listener is served it is out of it.

mod agenda;
mod chronicle;
mod cpu;
mod dial;
mod feed;
mod handle;
mod lateness;
mod metrics;
mod recording;
mod stage;
mod stages;
mod store;
mod thread;

use std::{
    io,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};

pub use chronicle::{Batch, Entry, Follower, Mark, What};
pub use feed::Interleave;
pub use handle::{DriverError, Full, Handle, Origin, Seat, StreamKey};
pub use lateness::Lateness;
pub use metrics::{Metrics, Spent};
pub use recording::Recording;
pub use store::{Nowhere, Reading, Store, StoreAway, Write, Written};

use dial::Dial;
use handle::{Command, Inbox, Post};
use perpetuo_engine::StreamConfig;

/// What a driver is made of.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Render threads, at least 1; best one a core.
    pub threads: usize,
    /// What is the same for all streams.
    pub stream: StreamConfig,
    /// How many there may be.
    pub ceilings: Ceilings,
    /// How long listeners have to take what is left for them when the driver ends.
    pub grace: Duration,
}

/// How many there may be at most, whatever the processor could carry; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceilings {
    /// Streams known, played or not. Of those that are not, 2 KiB each are kept.
    pub streams: Option<usize>,
    /// Listeners, and followers, who need a connection as well.
    pub listeners: Option<usize>,
    /// Listeners of one stream.
    pub listeners_per_stream: Option<usize>,
}

/// The render threads. Dropped, they end; [`Driver::shutdown`] also waits until they have.
pub struct Driver {
    handle: Handle,
    threads: Vec<JoinHandle<()>>,
}

impl Driver {
    /// Starts the render threads, which tell `store` of their streams.
    ///
    /// # Errors
    ///
    /// When the system gives no thread, or nothing to wait for sockets with.
    pub fn start(config: Config, store: Arc<dyn Store>) -> io::Result<Self> {
        let metrics = Arc::new(Metrics::default());
        let mut posts = Vec::new();
        let mut threads = Vec::new();
        for index in 0..config.threads.max(1) {
            let (sender, commands) = mpsc::channel();
            let dial = Arc::new(Dial::default());
            let sockets = thread::Sockets::new()?;
            let inbox = Inbox { commands: sender, waker: sockets.waker()? };
            posts.push(Post { inbox: inbox.clone(), dial: Arc::clone(&dial) });
            let thread = thread::RenderThread::new(
                index,
                config,
                sockets,
                (inbox, commands),
                dial,
                (Arc::clone(&metrics), Arc::clone(&store)),
            )?;
            let builder = std::thread::Builder::new().name(format!("render-{index}"));
            threads.push(builder.spawn(move || thread.run())?);
        }
        let handle = Handle::new(posts.into(), metrics, store, config.stream.sample_rate_hz);
        Ok(Self { handle, threads })
    }

    /// What the rest of the program asks things of.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Ends the streams that are listened to, each at a frame border, one after the other and spread evenly over
    /// `within`; returns when it is the turn of each thread's last, which [`Driver::shutdown`] ends. Who follows is
    /// told at the beginning. From then on nobody may listen, and of streams that are not known here no more becomes
    /// known: [`DriverError::ShuttingDown`].
    pub async fn drain(&self, within: Duration) {
        let ends: Vec<_> = self.handle.drain(within).collect();
        for end in ends {
            // A thread that has ended has ended its streams.
            let _ = end.await;
        }
    }

    /// Lets each thread finish its chunk, ends all streams at a frame border, gives listeners
    /// [`Config::grace`] to take what is there, and waits for the threads.
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
