//! The store in one file: redb, written by one thread.
//!
//! ```text
//!   keep ──► queue ──► thread: what has come within 10 ms ──► one commit, one fsync ──► committed
//!                              (100 ms if nobody waits)
//! ```
//!
//! ```text
//!   seen      key             ─► when it was last written to, Unix seconds
//!   records   key             ─► the passage to go on from
//!   turns     key, number     ─► settings made together since
//!   passages  key, beginning  ─► a closed passage
//!   about     "form"          ─► FORM
//! ```
//!
//! A commit is there whole or not at all, whenever the process is killed.

use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, anyhow};
use perpetuo_driver::{Origin, Reading, Store, StoreAway, StreamKey, Write, Written};
use perpetuo_engine::{Event, Keep, Passage, Position};
use redb::{
    Builder, Database, DatabaseError, Durability, ReadableDatabase, ReadableTable, Table,
    TableDefinition, TableHandle, WriteTransaction, backends::InMemoryBackend,
};
use tokio::sync::oneshot;
use tracing::{debug, error, info, warn};

use super::{
    Kept, Metrics,
    wire::{passage_from_bytes, passage_to_bytes, settings_to_bytes, turn_from_bytes},
};

const SEEN: TableDefinition<'_, [u8; 16], u64> = TableDefinition::new("seen");
const RECORDS: TableDefinition<'_, [u8; 16], &[u8]> = TableDefinition::new("records");
const TURNS: TableDefinition<'_, ([u8; 16], u64), &[u8]> = TableDefinition::new("turns");
const PASSAGES: TableDefinition<'_, ([u8; 16], u64), &[u8]> = TableDefinition::new("passages");
const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("about");

/// Counts changes of the tables.
const FORM: u64 = 1;

/// How often there is a commit at most, and so how long whoever waits for one does.
const COMMIT_EVERY: Duration = Duration::from_millis(10);

/// How often there is a commit at least, if there is something to commit and nobody waits for it.
const COMMIT_AT_LEAST_EVERY: Duration = Duration::from_millis(100);

/// How many writes may wait: ten seconds of ten thousand streams that play.
const QUEUE: usize = 16_384;

/// How many of them go into one commit at most.
const BATCH: usize = 1024;

/// What redb keeps in memory of the file.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

/// How often what nobody has used for its time to live is swept out.
const SWEEP_EVERY: Duration = Duration::from_secs(600);

/// How many streams are swept out in one commit.
const SWEPT_AT_ONCE: usize = 100;

/// How long the process before this one may take to let go of the file.
const HANDOVER: Duration = Duration::from_secs(5);

/// How long to wait before another try, when the file could not be written to.
const RETRY: Duration = Duration::from_secs(1);

/// The store in one file, or in memory.
pub(crate) struct Embedded {
    shared: Arc<Shared>,
    queue: SyncSender<Message>,
}

struct Shared {
    /// `None` when it could not be opened again after a failure.
    database: Mutex<Option<Arc<Database>>>,
    /// `None` is memory.
    path: Option<PathBuf>,
    kept: Kept,
    metrics: Metrics,
    /// Why it cannot be written to.
    away: Mutex<Option<String>>,
    /// Whether the last reading succeeded.
    is_readable: AtomicBool,
}

enum Message {
    Write(Write),
    Flush(oneshot::Sender<()>),
}

/// Writes what comes through the queue.
struct Writer {
    shared: Arc<Shared>,
    queue: Receiver<Message>,
    /// The next number in `turns`.
    number: u64,
    swept: Option<Instant>,
}

/// A batch, and who is told when it is kept.
#[derive(Default)]
struct Batch {
    writes: Vec<Write>,
    flushes: Vec<oneshot::Sender<()>>,
    is_waited_for: bool,
}

impl Embedded {
    /// Opens the store in `path`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// A file that cannot be opened, is no store, or is damaged: it is left as it is, and the error says how to
    /// go on.
    pub(crate) fn open(path: &Path, kept: Kept, metrics: Metrics) -> anyhow::Result<Self> {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)
                .with_context(|| format!("cannot make {}", dir.display()))?;
        }
        if std::fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0) {
            warn!(path = %path.display(), "the store is empty, as after a power cut: streams begin again");
        }
        let begun = Instant::now();
        let database = loop {
            match open_file(path) {
                Err(DatabaseError::DatabaseAlreadyOpen) if begun.elapsed() < HANDOVER => {
                    thread::sleep(Duration::from_millis(50));
                }
                opened => break opened.map_err(|error| explain(&error, path))?,
            }
        };
        let store = Self::start(database, Some(path.to_owned()), kept, metrics)?;
        if begun.elapsed() > Duration::from_secs(1) {
            info!(seconds = begun.elapsed().as_secs_f32(), "the store was checked");
        }
        Ok(store)
    }

    /// A store that is gone with the process.
    pub(crate) fn in_memory(kept: Kept, metrics: Metrics) -> anyhow::Result<Self> {
        let database = Builder::new()
            .set_cache_size(CACHE_BYTES)
            .create_with_backend(InMemoryBackend::new())
            .context("cannot make a store in memory")?;
        Self::start(database, None, kept, metrics)
    }

    fn start(
        database: Database,
        path: Option<PathBuf>,
        kept: Kept,
        metrics: Metrics,
    ) -> anyhow::Result<Self> {
        let named = path.as_deref().unwrap_or(Path::new("memory"));
        let number = prepare(&database).map_err(|error| match error {
            Unprepared::Foreign => damaged(&"another program made it", named),
            Unprepared::Newer(form) => anyhow!(
                "{} is of form {form}, from a newer perpetuo: start that one, or move the file away",
                named.display()
            ),
            Unprepared::Failed(error) => damaged(&error, named),
        })?;
        let (queue, messages) = sync_channel(QUEUE);
        let shared = Arc::new(Shared {
            database: Mutex::new(Some(Arc::new(database))),
            path,
            kept,
            metrics,
            away: Mutex::default(),
            is_readable: AtomicBool::new(true),
        });
        let writer = Writer { shared: Arc::clone(&shared), queue: messages, number, swept: None };
        thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.run())
            .context("cannot start the store's thread")?;
        Ok(Self { shared, queue })
    }

    /// Runs a reading where it may wait for the disk.
    fn read<T: Send + 'static, F>(
        &self,
        read: F,
    ) -> impl Future<Output = Result<T, StoreAway>> + use<T, F>
    where
        F: FnOnce(&Database) -> Result<T, redb::Error> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let reading = tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            let database = shared.database().ok_or(StoreAway)?;
            let read = read(&database);
            shared.metrics.reads.observe(begun.elapsed().as_secs_f64());
            let was_readable = shared.is_readable.swap(read.is_ok(), Relaxed);
            read.map_err(|error| {
                shared.metrics.failures.inc();
                if was_readable {
                    error!(%error, "the store cannot be read");
                }
                StoreAway
            })
        });
        async { reading.await.unwrap_or(Err(StoreAway)) }
    }
}

impl Store for Embedded {
    fn keep(&self, write: Write) {
        self.shared.metrics.waiting.inc();
        if self.queue.try_send(Message::Write(write)).is_err() {
            self.shared.metrics.waiting.dec();
            self.shared.metrics.lost.inc();
        }
    }

    fn recall<'a>(&'a self, origin: &'a Origin) -> Reading<'a, Option<Passage>> {
        let asked = origin.clone();
        Box::pin(self.read(move |database| recall(database, &asked)))
    }

    fn passages<'a>(
        &'a self,
        origin: &'a Origin,
        span: RangeInclusive<Position>,
    ) -> Reading<'a, Vec<Passage>> {
        let asked = origin.clone();
        Box::pin(async move {
            // What has just been closed may not be in the file yet.
            self.flush().await?;
            self.read(move |database| passages(database, &asked, &span)).await
        })
    }

    fn flush(&self) -> Reading<'_, ()> {
        Box::pin(async {
            let (done, kept) = oneshot::channel();
            self.queue.try_send(Message::Flush(done)).map_err(|_| StoreAway)?;
            kept.await.map_err(|_| StoreAway)
        })
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn away(&self) -> Option<String> {
        self.shared.away.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    fn database(&self) -> Option<Arc<Database>> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn say_away(&self, why: Option<String>) {
        self.metrics.away.set(why.is_some().into());
        *self.away.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Opens the file again: after a failure to write, redb takes no more.
    fn reopen(&self) {
        let Some(path) = &self.path else { return };
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        *database = None;
        match open_file(path) {
            Ok(opened) => *database = Some(Arc::new(opened)),
            // Whoever still reads from it holds it open.
            Err(DatabaseError::DatabaseAlreadyOpen) => {}
            // It is tried again, and has been told of.
            Err(error) => debug!(%error, "the store cannot be opened again"),
        }
    }
}

impl Writer {
    /// Until nobody can give it anything any more.
    fn run(mut self) {
        let mut committed = None;
        while let Some(batch) = self.gather(committed) {
            committed = Some(Instant::now());
            self.keep(batch);
        }
    }

    /// Waits for something to do, and until a commit is due.
    fn gather(&mut self, committed: Option<Instant>) -> Option<Batch> {
        let mut batch = Batch::default();
        match self.queue.recv_timeout(SWEEP_EVERY) {
            Ok(message) => batch.push(message),
            Err(RecvTimeoutError::Timeout) => return Some(batch),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
        let begun = Instant::now();
        let due = committed.map_or(begun, |committed| committed + COMMIT_EVERY);
        let overdue = begun + COMMIT_AT_LEAST_EVERY;
        while batch.writes.len() < BATCH {
            let until = if batch.is_waited_for { due } else { overdue };
            let left = until.saturating_duration_since(Instant::now());
            match self.queue.recv_timeout(left) {
                Ok(message) => batch.push(message),
                Err(_) => break,
            }
        }
        Some(batch)
    }

    /// Keeps a batch, however often it takes.
    fn keep(&mut self, batch: Batch) {
        let begun = Instant::now();
        let len = batch.writes.len();
        let mut has_failed = false;
        while let Err(error) = self.try_keep(&batch.writes) {
            self.shared.metrics.failures.inc();
            if !has_failed {
                error!(%error, "the store cannot be written to; streams go on without it");
            }
            has_failed = true;
            self.shared.say_away(Some(error.to_string()));
            thread::sleep(RETRY);
            self.shared.reopen();
        }
        if has_failed {
            info!("the store can be written to again");
            self.shared.say_away(None);
        }
        let metrics = &self.shared.metrics;
        metrics.waiting.dec_by(len as i64);
        metrics.writes.inc_by(len as u64);
        metrics.commits.observe(begun.elapsed().as_secs_f64());
        batch.tell();
    }

    fn try_keep(&mut self, writes: &[Write]) -> Result<(), redb::Error> {
        let database = self.shared.database().ok_or(redb::Error::PreviousIo)?;
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        let now = unix_seconds();
        let mut tables = Tables::open(&transaction)?;
        for write in writes {
            self.write(&mut tables, write, now)?;
        }
        if self.swept.is_none_or(|swept| swept.elapsed() >= SWEEP_EVERY) {
            let oldest = now.saturating_sub(self.shared.kept.time_to_live);
            if tables.sweep(oldest)? < SWEPT_AT_ONCE {
                self.swept = Some(Instant::now());
            }
        }
        drop(tables);
        transaction.commit()?;
        Ok(())
    }

    fn write(
        &mut self,
        tables: &mut Tables<'_>,
        write: &Write,
        now: u64,
    ) -> Result<(), redb::Error> {
        let Kept { time_to_live, history } = self.shared.kept;
        let Write { key, spec, what } = write;
        match what {
            Written::Passage(Keep::Here(passage)) => {
                tables.records.insert(key.0, &passage_to_bytes(spec, passage)[..])?;
                tables.turns.retain_in(all_of(*key), |_, _| false)?;
                tables.see(*key, now, time_to_live)
            }
            Written::Passage(Keep::Past(passage)) if history > 0 => {
                let at = (key.0, passage.from.position.samples());
                tables.passages.insert(at, &passage_to_bytes(spec, passage)[..])?;
                // It takes the place of those that begin after it: of what was played on after this, and lost by
                // a crash.
                let after = (key.0, at.1 + 1)..=(key.0, u64::MAX);
                tables.passages.retain_in(after, |_, _| false)?;
                tables.forget_before(*key, passage.to.samples().saturating_sub(history))
            }
            Written::Passage(Keep::Past(_)) => Ok(()),
            Written::Set { position, settings, .. } => {
                let bytes = settings_to_bytes(spec, *position, settings);
                tables.turns.insert((key.0, self.number), &bytes[..])?;
                self.number += 1;
                tables.see(*key, now, time_to_live)
            }
            Written::Forgotten => tables.forget(*key),
        }
    }
}

/// What a transaction writes to; opened once, for that takes longer than most writes.
struct Tables<'a> {
    seen: Table<'a, [u8; 16], u64>,
    records: Table<'a, [u8; 16], &'static [u8]>,
    turns: Table<'a, ([u8; 16], u64), &'static [u8]>,
    passages: Table<'a, ([u8; 16], u64), &'static [u8]>,
}

impl<'a> Tables<'a> {
    fn open(transaction: &'a WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            seen: transaction.open_table(SEEN)?,
            records: transaction.open_table(RECORDS)?,
            turns: transaction.open_table(TURNS)?,
            passages: transaction.open_table(PASSAGES)?,
        })
    }

    /// Notes that a stream is used, unless that was noted within a hundredth of its time to live.
    fn see(&mut self, key: StreamKey, now: u64, time_to_live: u64) -> Result<(), redb::Error> {
        let seen = self.seen.get(key.0)?.map(|seen| seen.value());
        if seen.is_none_or(|seen| now > seen + time_to_live / 100) {
            self.seen.insert(key.0, now)?;
        }
        Ok(())
    }

    /// Forgets the passages of a stream that are not needed from a position on: all before the one that holds
    /// there.
    fn forget_before(&mut self, key: StreamKey, oldest: u64) -> Result<(), redb::Error> {
        let needed = self.passages.range((key.0, 0)..=(key.0, oldest))?.next_back();
        let Some(needed) = needed.transpose()?.map(|(at, _)| at.value()) else { return Ok(()) };
        self.passages.retain_in((key.0, 0)..needed, |_, _| false)?;
        Ok(())
    }

    fn forget(&mut self, key: StreamKey) -> Result<(), redb::Error> {
        self.seen.remove(key.0)?;
        self.records.remove(key.0)?;
        self.turns.retain_in(all_of(key), |_, _| false)?;
        self.passages.retain_in(all_of(key), |_, _| false)?;
        Ok(())
    }

    /// Forgets streams that nobody has used since `oldest`, so many at a time, and tells how many.
    fn sweep(&mut self, oldest: u64) -> Result<usize, redb::Error> {
        let mut unused = Vec::new();
        for seen in self.seen.iter()? {
            let (key, seen) = seen?;
            if seen.value() < oldest {
                unused.push(StreamKey(key.value()));
            }
            if unused.len() == SWEPT_AT_ONCE {
                break;
            }
        }
        unused.iter().try_for_each(|key| self.forget(*key))?;
        Ok(unused.len())
    }
}

impl Batch {
    fn push(&mut self, message: Message) {
        match message {
            Message::Write(write) => {
                self.is_waited_for |= matches!(write.what, Written::Set { committed: Some(_), .. });
                self.writes.push(write);
            }
            Message::Flush(done) => {
                self.is_waited_for = true;
                self.flushes.push(done);
            }
        }
    }

    /// Tells everyone who waits. Who has gone need not be told.
    fn tell(self) {
        for write in self.writes {
            if let Written::Set { committed: Some(committed), .. } = write.what {
                let _ = committed.send(());
            }
        }
        for done in self.flushes {
            let _ = done.send(());
        }
    }
}

fn open_file(path: &Path) -> Result<Database, DatabaseError> {
    let mut builder = Builder::new();
    // A damaged file is found out here, not by whoever listens.
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    builder.create(path)
}

fn explain(error: &DatabaseError, path: &Path) -> anyhow::Error {
    let named = path.display();
    match error {
        DatabaseError::DatabaseAlreadyOpen => anyhow!(
            "{named} is in use by another perpetuo; give this one a directory of its own with \
             --data-dir, or --store memory"
        ),
        DatabaseError::Storage(redb::StorageError::Io(error))
            if error.kind() != std::io::ErrorKind::InvalidData
                && error.kind() != std::io::ErrorKind::UnexpectedEof =>
        {
            anyhow!("cannot open {named}: {error}")
        }
        error => damaged(&error.to_string(), path),
    }
}

fn damaged(error: &dyn std::fmt::Display, path: &Path) -> anyhow::Error {
    let named = path.display();
    anyhow!(
        "{named} is damaged, or no store of streams: {error}\n\
         To go on, put a copy of yours back, or begin with an empty one:\n  mv '{named}' '{named}.damaged'\n\
         Ids given out stay good, but their streams begin again."
    )
}

enum Unprepared {
    /// A file of redb that someone else made.
    Foreign,
    Newer(u64),
    Failed(redb::Error),
}

impl<E: Into<redb::Error>> From<E> for Unprepared {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Sees to it that all tables are there, and tells the first number that is free among the turns.
fn prepare(database: &Database) -> Result<u64, Unprepared> {
    let transaction = database.begin_write()?;
    let is_known = |table: &redb::UntypedTableHandle| table.name() == ABOUT.name();
    let tables: Vec<_> = transaction.list_tables()?.collect();
    if !tables.is_empty() && !tables.iter().any(is_known) {
        return Err(Unprepared::Foreign);
    }
    let number = {
        let mut about = transaction.open_table(ABOUT)?;
        let form = about.get("form")?.map(|form| form.value());
        match form {
            Some(FORM) => {}
            None => {
                about.insert("form", FORM)?;
            }
            Some(form) => return Err(Unprepared::Newer(form)),
        }
        transaction.open_table(SEEN)?;
        transaction.open_table(RECORDS)?;
        transaction.open_table(PASSAGES)?;
        let turns = transaction.open_table(TURNS)?;
        let mut number = 0;
        for turn in turns.iter()? {
            number = number.max(turn?.0.value().1 + 1);
        }
        number
    };
    transaction.commit()?;
    Ok(number)
}

/// The latest record with all that was set since.
fn recall(database: &Database, origin: &Origin) -> Result<Option<Passage>, redb::Error> {
    let transaction = database.begin_read()?;
    let (key, spec) = (origin.key, &origin.spec);
    let record = transaction.open_table(RECORDS)?.get(key.0)?;
    let mut passage = record.and_then(|bytes| {
        let read = passage_from_bytes(spec, bytes.value());
        read.inspect_err(|wrong| warn!(stream = %key, "its record is {wrong}")).ok()
    });
    for turn in transaction.open_table(TURNS)?.range(all_of(key))? {
        let (_, bytes) = turn?;
        let Ok(turn) = turn_from_bytes(bytes.value()) else {
            warn!(stream = %key, "a change is damaged");
            continue;
        };
        let passage = passage.get_or_insert_with(|| Passage::beginning(origin.values.clone()));
        for setting in turn.settings(spec) {
            passage.push(Event { position: turn.position, setting });
        }
    }
    Ok(passage)
}

fn passages(
    database: &Database,
    origin: &Origin,
    span: &RangeInclusive<Position>,
) -> Result<Vec<Passage>, redb::Error> {
    let transaction = database.begin_read()?;
    let table = transaction.open_table(PASSAGES)?;
    let key = origin.key.0;
    let (first, last) = (span.start().samples(), span.end().samples());
    let before = table.range((key, 0)..(key, first))?.next_back();
    let within = table.range((key, first)..=(key, last))?;
    let mut passages = Vec::new();
    for passage in before.into_iter().chain(within) {
        let (_, bytes) = passage?;
        match passage_from_bytes(&origin.spec, bytes.value()) {
            Ok(passage) => passages.push(passage),
            Err(wrong) => warn!(stream = %origin.key, "a passage is {wrong}"),
        }
    }
    Ok(passages)
}

fn all_of(key: StreamKey) -> RangeInclusive<([u8; 16], u64)> {
    (key.0, 0)..=(key.0, u64::MAX)
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests;
