//! The store that several servers share: key-value buckets of NATS JetStream.
//!
//! ```text
//!   keep ──► queue ──► Outbox ──► Link ══► NATS ══► Link ──► Order ──► Handle::apply ──► render thread
//!              └─ Order              ▲ acknowledged within 250 ms, or the link is given up
//! ```
//!
//! While NATS is away streams play on, and what is to be kept waits in the outbox, as much as fits.

pub(crate) mod address;
mod link;
mod order;
mod outbox;

use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow};
use bytes::Bytes;
use futures_util::{
    StreamExt,
    future::BoxFuture,
    stream::{FuturesOrdered, FuturesUnordered},
};
use perpetuo_driver::{Handle, Origin, Reading, Store, StoreAway, StreamKey, Write};
use perpetuo_engine::{Event, Keep, Passage, Position};
use perpetuo_station::{Catalogue, Setting, StationSpec};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{debug, info, warn};

use super::{
    Metrics,
    wire::{passage_from_bytes, passage_to_bytes, settings_to_bytes, turn_from_bytes},
};
use address::Address;
pub(crate) use link::Plan;
use link::{Found, Kind, Link, Seen, Watch, Written};
use order::{Message, Offer, Order};
use outbox::{Item, Outbox};

/// How many writes may wait to be taken up: the task that does it takes a few microseconds each.
const QUEUE: usize = 16_384;

/// How many messages may be under way.
const WINDOW: usize = 256;

/// How long to wait before another try to reach NATS: the first time, and at most.
const RETRY: Duration = Duration::from_millis(250);
const MAX_RETRY: Duration = Duration::from_secs(2);

/// How often [`Order`] is tidied.
const TIDY_EVERY: Duration = Duration::from_secs(10);

/// After this time a stream that was recalled is on its render thread, which is then told what has been set in
/// the meantime.
const SETTLED_AFTER: Duration = Duration::from_millis(500);

/// The store of a cluster, as one node sees it.
pub(crate) struct Cluster {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Intake>,
}

struct Shared {
    address: Address,
    plan: Plan,
    catalogue: Catalogue,
    metrics: Metrics,
    order: Mutex<Order>,
    /// The connection, or why there is none.
    link: watch::Sender<Result<Arc<Link>, String>>,
    driver: OnceLock<Handle>,
}

enum Intake {
    Put(StreamKey, Arc<StationSpec>, Item, Option<(u64, oneshot::Sender<()>)>),
    /// Tells when all is kept that waits of one stream, or of all.
    Flush(Option<StreamKey>, oneshot::Sender<()>),
}

/// Writes what comes through the queue, and sees what others write.
struct Worker {
    shared: Arc<Shared>,
    queue: mpsc::Receiver<Intake>,
    outbox: Outbox,
    flushes: Vec<oneshot::Sender<()>>,
    /// The number of the last message that was seen, and the bucket it is in.
    seen: Option<(u64, String)>,
    tidied: Instant,
}

/// What became of one thing that was written.
struct Landed {
    key: StreamKey,
    spec: Arc<StationSpec>,
    item: Item,
    offer: Option<Offer>,
    begun: Instant,
    written: anyhow::Result<Written>,
}

impl Cluster {
    /// Begins to look for the cluster; it is away until it is found. To be called where tasks can be spawned.
    pub(crate) fn join(
        address: Address,
        plan: Plan,
        catalogue: Catalogue,
        metrics: Metrics,
    ) -> Self {
        let (queue, intake) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared {
            address,
            plan,
            catalogue,
            metrics,
            order: Mutex::default(),
            link: watch::Sender::new(Err("it was not reached yet".to_owned())),
            driver: OnceLock::new(),
        });
        shared.metrics.away.set(1);
        let worker = Worker {
            shared: Arc::clone(&shared),
            queue: intake,
            outbox: Outbox::default(),
            flushes: Vec::new(),
            seen: None,
            tidied: Instant::now(),
        };
        tokio::spawn(worker.run());
        Self { shared, queue }
    }

    /// The key that all nodes share, 64 hexadecimal digits: the one in the store, or else `offered`, which is
    /// in the store from now on. It waits for the store as long as it takes.
    pub(crate) fn shared_key(
        &self,
        offered: String,
    ) -> impl Future<Output = anyhow::Result<String>> + use<> {
        let shared = Arc::clone(&self.shared);
        async move {
            let mut links = shared.link.subscribe();
            loop {
                let link = links.wait_for(Result::is_ok).await.context("no store")?.clone();
                if let Ok(link) = link
                    && let Ok(key) = link.shared_key(&offered).await
                {
                    return Ok(key);
                }
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Has something written, unless there is no room.
    fn put(&self, permit: mpsc::Permit<'_, Intake>, write: Write) {
        let Write { key, spec, what } = write;
        let now = Instant::now();
        let (item, committed) = match what {
            perpetuo_driver::Written::Set { position, settings, committed } => {
                let turn = self.shared.order().set(key, &settings, now);
                // While the store is away nobody can be told that it has anything.
                let committed = committed.filter(|_| self.shared.link.borrow().is_ok());
                (Item::Settings(position), committed.map(|committed| (turn, committed)))
            }
            perpetuo_driver::Written::Passage(Keep::Here(passage)) => {
                self.shared.order().is_used(key, now);
                (Item::Record(passage_to_bytes(&spec, &passage).into()), None)
            }
            perpetuo_driver::Written::Passage(Keep::Past(passage)) => {
                if self.shared.plan.history.is_zero() {
                    return;
                }
                let bytes = passage_to_bytes(&spec, &passage).into();
                (Item::Past(passage.from.position, bytes), None)
            }
            // Another node may need it.
            perpetuo_driver::Written::Forgotten => return,
        };
        permit.send(Intake::Put(key, spec, item, committed));
    }

    async fn flushed(&self, key: Option<StreamKey>) -> Result<(), StoreAway> {
        let (done, flushed) = oneshot::channel();
        self.queue.try_send(Intake::Flush(key, done)).map_err(|_| StoreAway)?;
        flushed.await.map_err(|_| StoreAway)
    }
}

impl Store for Cluster {
    fn attach(&self, driver: Handle) {
        // A second driver would not be told what others set.
        let _ = self.shared.driver.set(driver);
    }

    fn keep(&self, write: Write) {
        match self.queue.try_reserve() {
            Ok(permit) => self.put(permit, write),
            Err(_) => {
                self.shared.metrics.lost.inc();
            }
        }
    }

    fn recall<'a>(&'a self, origin: &'a Origin) -> Reading<'a, Option<Passage>> {
        Box::pin(async {
            let begun = Instant::now();
            let recalled = self.shared.recall(origin).await;
            self.shared.metrics.reads.observe(begun.elapsed().as_secs_f64());
            recalled.map_err(|why| self.shared.failed(&why))
        })
    }

    fn passages<'a>(
        &'a self,
        origin: &'a Origin,
        span: RangeInclusive<Position>,
    ) -> Reading<'a, Vec<Passage>> {
        Box::pin(async move {
            // What has just been closed may not be there yet.
            self.flushed(Some(origin.key)).await?;
            let passages = self.shared.passages(origin, &span).await;
            passages.map_err(|why| self.shared.failed(&why))
        })
    }

    fn flush(&self) -> Reading<'_, ()> {
        Box::pin(self.flushed(None))
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn away(&self) -> Option<String> {
        self.shared.link.borrow().as_ref().err().cloned()
    }
}

impl Shared {
    async fn recall(self: &Arc<Self>, origin: &Origin) -> anyhow::Result<Option<Passage>> {
        let link = self.link()?;
        let known = self.order().recall(origin.key, Instant::now());
        let reading_settings = async {
            match known {
                Some(_) => Ok(None),
                None => link.read(origin.key, Kind::Settings).await,
            }
        };
        let (record, found) =
            tokio::try_join!(link.read(origin.key, Kind::Record), reading_settings)?;
        if known.is_none() {
            let settings = self.settings_seen(origin.key, &origin.spec, found);
            self.apply(origin.key, settings);
        }
        let settings = {
            let mut order = self.order();
            order.record_seen(origin.key, record.as_ref().map_or(0, |record| record.number));
            order.recall(origin.key, Instant::now()).unwrap_or_default()
        };
        self.apply_later(origin.key, settings.clone());
        let passage = match record.map(|record| passage_from_bytes(&origin.spec, &record.payload)) {
            Some(Ok(passage)) => passage,
            Some(Err(error)) => {
                warn!(stream = %origin.key, %error, "what is kept of a stream cannot be read: it begins anew");
                Passage::beginning(origin.values.clone())
            }
            None if settings.is_empty() => return Ok(None),
            None => Passage::beginning(origin.values.clone()),
        };
        Ok(Some(with(passage, &settings)))
    }

    /// Takes note of what is in the store of a stream's settings. Returns what is to be applied.
    fn settings_seen(
        &self,
        key: StreamKey,
        spec: &StationSpec,
        found: Option<Found>,
    ) -> Vec<Setting> {
        match found {
            Some(found) => self.order().seen(key, message(spec, &found)),
            None => {
                self.order().vanished(key);
                Vec::new()
            }
        }
    }

    async fn passages(
        &self,
        origin: &Origin,
        span: &RangeInclusive<Position>,
    ) -> anyhow::Result<Vec<Passage>> {
        let link = self.link()?;
        let mut beginnings = link.beginnings(origin.key).await?;
        let before = beginnings.iter().rposition(|from| from < span.start()).unwrap_or(0);
        beginnings.drain(..before);
        beginnings.retain(|from| from <= span.end());
        let reading = beginnings.into_iter().map(|from| link.read_past(origin.key, from));
        let mut reading: FuturesOrdered<_> = reading.collect();
        let mut passages = Vec::new();
        while let Some(found) = reading.next().await {
            // One that has been forgotten in the meantime, or cannot be read, is a gap.
            let passage = found?.map(|found| passage_from_bytes(&origin.spec, &found.payload));
            passages.extend(passage.and_then(Result::ok));
        }
        Ok(passages)
    }

    /// Has settings of others applied, if the stream is known here.
    fn apply(self: &Arc<Self>, key: StreamKey, settings: Vec<Setting>) {
        let Some(driver) = self.driver.get().filter(|_| !settings.is_empty()) else { return };
        let shared = Arc::clone(self);
        driver.apply(key, move || shared.order().still(key, settings));
    }

    /// Has applied what others set from now on until the stream is on its render thread, which could not be told
    /// of it as it came.
    fn apply_later(self: &Arc<Self>, key: StreamKey, settings: Vec<Setting>) {
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(SETTLED_AFTER).await;
            let since = shared.order().since(key, &settings);
            shared.apply(key, since);
        });
    }

    fn order(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn link(&self) -> anyhow::Result<Arc<Link>> {
        self.link.borrow().clone().map_err(|why| anyhow!(why))
    }

    fn failed(&self, why: &anyhow::Error) -> StoreAway {
        debug!(error = explain(why), "the store was not read");
        self.metrics.failures.inc();
        StoreAway
    }
}

impl Worker {
    /// As long as the process lives.
    async fn run(mut self) {
        let mut pause = RETRY;
        let mut has_been = true;
        loop {
            let why = match self.open().await {
                Ok((link, watch)) => {
                    info!(
                        waiting = self.outbox.len(),
                        "the store is here: {}", self.shared.address
                    );
                    (pause, has_been) = (RETRY, true);
                    self.shared.metrics.away.set(0);
                    let link = Arc::new(link);
                    let _ = self.shared.link.send_replace(Ok(Arc::clone(&link)));
                    self.serve(&link, watch).await
                }
                Err(why) => why,
            };
            let why = explain(&why);
            self.shared.metrics.failures.inc();
            self.shared.metrics.away.set(1);
            if std::mem::take(&mut has_been) {
                warn!(
                    "the store is away: {}: {why}; streams play on without it",
                    self.shared.address
                );
            }
            let _ = self.shared.link.send_replace(Err(why));
            self.outbox.again_all();
            self.taking_in(tokio::time::sleep(pause)).await;
            pause = (2 * pause).min(MAX_RETRY);
        }
    }

    /// Connects, and watches from where the last connection ended.
    async fn open(&mut self) -> anyhow::Result<(Link, Watch)> {
        let shared = Arc::clone(&self.shared);
        let link = self.taking_in(Link::open(&shared.address, shared.plan)).await?;
        let (last, born) = link.beginning();
        let seen = match &self.seen {
            Some((seen, of)) if of == born && *seen <= last => *seen,
            Some(_) => {
                warn!("the store was made anew: what was kept there before is gone");
                shared.order().begin_anew();
                0
            }
            None => last,
        };
        self.seen = Some((seen, born.to_owned()));
        let watch = self.taking_in(link.watch(seen + 1)).await?;
        Ok((link, watch))
    }

    /// Writes and watches until the connection is lost, and returns why.
    async fn serve(&mut self, link: &Arc<Link>, mut watch: Watch) -> anyhow::Error {
        let mut flying: FuturesUnordered<BoxFuture<'static, Landed>> = FuturesUnordered::new();
        loop {
            while flying.len() < WINDOW
                && let Some((key, spec, item)) = self.outbox.next()
            {
                flying.extend(self.send(link, key, spec, item));
            }
            self.shared.metrics.waiting.set(self.outbox.streams() as i64);
            if self.outbox.is_empty() {
                for done in self.flushes.drain(..) {
                    // Who asked may have gone.
                    let _ = done.send(());
                }
            }
            tokio::select! {
                Some(intake) = self.queue.recv() => self.take_in(intake),
                Some(landed) = flying.next() => {
                    if let Err(why) = self.land(landed) {
                        return why;
                    }
                }
                seen = watch.next() => match seen {
                    Ok(seen) => self.see(&seen),
                    Err(why) => return why,
                },
                () = link.lost() => return anyhow!("the connection was lost"),
                () = tokio::time::sleep_until((self.tidied + TIDY_EVERY).into()) => self.tidy(),
            }
        }
    }

    /// Sends one thing, unless the store has it.
    fn send(
        &mut self,
        link: &Arc<Link>,
        key: StreamKey,
        spec: Arc<StationSpec>,
        item: Item,
    ) -> Option<BoxFuture<'static, Landed>> {
        let (link, begun) = (Arc::clone(link), Instant::now());
        let mut offer = None;
        if let Item::Settings(_) = item {
            offer = self.shared.order().offer(key);
            if offer.is_none() {
                self.outbox.committed(key, u64::MAX);
                self.outbox.done(key);
                return None;
            }
        }
        let record = self.shared.order().record(key);
        Some(Box::pin(async move {
            let written = match (&item, &offer) {
                (Item::Settings(position), Some(Offer { upon, settings, .. })) => {
                    let bytes = settings_to_bytes(&spec, *position, settings).into();
                    link.write(key, Kind::Settings, bytes, *upon).await
                }
                (Item::Record(bytes), _) => {
                    link.write(key, Kind::Record, bytes.clone(), record).await
                }
                (Item::Past(from, bytes), _) => link.write_past(key, *from, bytes.clone()).await,
                (Item::Settings(_), None) => Ok(Written::TooLarge),
            };
            Landed { key, spec, item, offer, begun, written }
        }))
    }

    /// # Errors
    ///
    /// What was wrong with the connection.
    fn land(&mut self, landed: Landed) -> anyhow::Result<()> {
        let Landed { key, spec, item, offer, begun, written } = landed;
        let shared = Arc::clone(&self.shared);
        match written? {
            Written::Taken(number) => {
                shared.metrics.commits.observe(begun.elapsed().as_secs_f64());
                shared.metrics.writes.inc();
                if let Some(offer) = offer {
                    self.outbox.committed(key, offer.turn);
                    let settings = shared.order().taken(key, offer, number);
                    shared.apply(key, settings);
                } else if let Item::Record(_) = item {
                    shared.order().record_seen(key, number);
                }
                self.outbox.done(key);
            }
            Written::TooLarge => {
                warn!(stream = %key, "too large for the store, and lost");
                shared.metrics.lost.inc();
                if offer.is_some() {
                    let settings = shared.order().give_up(key);
                    shared.apply(key, settings);
                }
                self.outbox.done(key);
            }
            Written::Conflict(found) if offer.is_some() => {
                let settings = shared.settings_seen(key, &spec, found);
                shared.apply(key, settings);
                self.outbox.again(key);
            }
            Written::Conflict(found) => {
                shared.order().record_seen(key, found.as_ref().map_or(0, |found| found.number));
                if found.is_some_and(|found| is_further(&spec, &found, &item)) {
                    self.outbox.done(key);
                } else {
                    self.outbox.again(key);
                }
            }
        }
        Ok(())
    }

    /// Has applied what somebody set.
    fn see(&mut self, seen: &Seen) {
        let Seen { key, found } = seen;
        if let Some((last, _)) = &mut self.seen {
            *last = found.number;
        }
        let shared = &self.shared;
        let spec = turn_from_bytes(&found.payload)
            .ok()
            .and_then(|turn| shared.catalogue.find(turn.station));
        match spec {
            Some(spec) => {
                let settings = shared.order().seen(*key, message(spec, found));
                shared.apply(*key, settings);
            }
            None => debug!(stream = %key, "settings that cannot be read"),
        }
    }

    fn take_in(&mut self, intake: Intake) {
        match intake {
            Intake::Put(key, spec, item, committed) => {
                let is_setting = matches!(item, Item::Settings(_));
                if self.outbox.put(key, &spec, item, committed).is_err() {
                    self.shared.metrics.lost.inc();
                    if is_setting {
                        let settings = self.shared.order().give_up(key);
                        self.shared.apply(key, settings);
                    }
                }
            }
            Intake::Flush(Some(key), done) => self.outbox.flush(key, done),
            Intake::Flush(None, done) => self.flushes.push(done),
        }
    }

    /// Waits for something, and takes in what comes meanwhile.
    async fn taking_in<T>(&mut self, something: impl Future<Output = T>) -> T {
        let mut something = std::pin::pin!(something);
        loop {
            self.shared.metrics.waiting.set(self.outbox.len() as i64);
            tokio::select! {
                done = &mut something => return done,
                Some(intake) = self.queue.recv() => self.take_in(intake),
            }
        }
    }

    fn tidy(&mut self) {
        self.tidied = Instant::now();
        self.shared.order().tidy(self.tidied);
    }
}

/// An error and what caused it, but what says nothing new.
fn explain(why: &anyhow::Error) -> String {
    let mut text = why.to_string();
    for cause in why.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Settings in the store, as far as this program knows their station.
fn message(spec: &StationSpec, found: &Found) -> Message {
    let settings = turn_from_bytes(&found.payload).map(|turn| turn.settings(spec).collect());
    Message { number: found.number, settings: settings.unwrap_or_default() }
}

/// A passage, with what has been set since at its end.
fn with(mut passage: Passage, settings: &[Setting]) -> Passage {
    let (values, position) = (passage.values(), passage.to);
    let changes = |setting: &&Setting| values.at(setting.index()) != setting.value();
    for &setting in settings.iter().filter(changes) {
        passage.push(Event { position, setting });
    }
    passage
}

/// Whether a record in the store came further than one that was to take its place.
fn is_further(spec: &StationSpec, found: &Found, item: &Item) -> bool {
    let end = |bytes: &Bytes| {
        passage_from_bytes(spec, bytes).map_or(Position::START, |passage| passage.to)
    };
    matches!(item, Item::Record(bytes) if end(&found.payload) > end(bytes))
}
