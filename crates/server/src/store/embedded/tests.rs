use std::{fs, path::PathBuf};

use perpetuo_engine::Checkpoint;
use perpetuo_station::Snapshot;
use perpetuo_stations::all;

use super::*;

const SECOND: u64 = 44_100;

const KEPT: Kept = Kept { time_to_live: 3600, history: 100 * SECOND };

/// A folder that is gone with the test.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("perpetuo-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn file(&self) -> PathBuf {
        self.0.join("streams.redb")
    }

    fn open(&self) -> anyhow::Result<Embedded> {
        Embedded::open(&self.file(), KEPT, Metrics::new())
    }

    /// The file as a crash at this moment would leave it.
    fn crashed(&self) -> Self {
        let other = Self(self.0.with_extension("crashed"));
        fs::create_dir_all(&other.0).unwrap();
        fs::copy(self.file(), other.file()).unwrap();
        other
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn origin(n: u8) -> Origin {
    let spec = Arc::new(all().remove(0));
    let values = spec.defaults();
    Origin { key: StreamKey([n; 16]), spec, seed: 1, values, may_begin: true }
}

/// From so many seconds to so many others.
fn passage(from: u64, to: u64) -> Passage {
    let values = origin(1).values;
    let snapshot = Some(Snapshot::new(&[from as u8; 700]).unwrap());
    let from = Checkpoint { position: Position::new(from * SECOND), values, snapshot };
    Passage { from, events: Vec::new(), to: Position::new(to * SECOND) }
}

fn event(at: u64, brightness: &str) -> Event {
    let setting = origin(1).spec.setting("brightness", brightness).unwrap();
    Event { position: Position::new(at * SECOND), setting }
}

impl Embedded {
    fn write(&self, n: u8, what: Written) {
        let origin = origin(n);
        self.keep(Write { key: origin.key, spec: origin.spec, what });
    }

    fn here(&self, n: u8, passage: Passage) {
        self.write(n, Written::Passage(Keep::Here(Box::new(passage))));
    }

    fn past(&self, n: u8, passage: Passage) {
        self.write(n, Written::Passage(Keep::Past(Box::new(passage))));
    }

    fn set(&self, n: u8, Event { position, setting }: Event) -> oneshot::Receiver<()> {
        let (committed, is_committed) = oneshot::channel();
        let settings = vec![setting];
        self.write(n, Written::Set { position, settings, committed: Some(committed) });
        is_committed
    }

    async fn recalled(&self, n: u8) -> Option<Passage> {
        self.recall(&origin(n)).await.unwrap()
    }

    async fn beginnings(&self, n: u8, from: u64, to: u64) -> Vec<u64> {
        let span = Position::new(from * SECOND)..=Position::new(to * SECOND);
        let passages = self.passages(&origin(n), span).await.unwrap();
        passages.iter().map(|passage| passage.from.position.samples() / SECOND).collect()
    }
}

#[tokio::test]
async fn what_was_said_to_be_committed_is_there_after_a_crash() {
    let dir = Dir::new("crash");
    let store = dir.open().unwrap();
    store.here(1, passage(8, 20));
    let set = [event(21, "0.1"), event(22, "0.2"), event(23, "0.3")];
    for set in set {
        store.set(1, set).await.unwrap();
        let crashed = dir.crashed();
        let restarted = crashed.open().unwrap();
        let recalled = restarted.recalled(1).await.unwrap();
        assert_eq!(recalled.events.last(), Some(&set));
        assert_eq!(recalled.to, set.position);
    }
    let mut expected = passage(8, 20);
    set.into_iter().for_each(|event| expected.push(event));
    assert_eq!(store.recalled(1).await, Some(expected));
}

#[tokio::test]
async fn the_latest_record_counts_and_only_what_was_set_since() {
    let dir = Dir::new("latest");
    let store = dir.open().unwrap();
    assert_eq!(store.recalled(1).await, None);
    store.here(1, passage(0, 10));
    store.set(1, event(12, "0.1")).await.unwrap();
    store.here(1, passage(8, 20));
    store.flush().await.unwrap();
    assert_eq!(store.recalled(1).await, Some(passage(8, 20)));
    assert_eq!(store.recalled(2).await, None, "another stream's");
}

#[tokio::test]
async fn what_is_set_before_anyone_listens_is_kept_with_the_beginning() {
    let dir = Dir::new("beginning");
    let store = dir.open().unwrap();
    store.set(1, event(0, "0.7")).await.unwrap();
    let mut expected = Passage::beginning(origin(1).values);
    expected.push(event(0, "0.7"));
    assert_eq!(store.recalled(1).await, Some(expected));
}

#[tokio::test]
async fn passages_are_given_from_the_one_before_the_span_on_and_kept_for_the_history() {
    let dir = Dir::new("passages");
    let store = dir.open().unwrap();
    for from in [0, 60, 120] {
        store.past(1, passage(from, from + 60));
        store.past(2, passage(from, from + 60));
    }
    assert_eq!(store.beginnings(1, 130, 170).await, [120]);
    assert_eq!(store.beginnings(1, 120, 170).await, [60, 120]);
    // 100 s before the end of the last: the one that holds there is needed.
    assert_eq!(store.beginnings(1, 0, 1000).await, [60, 120]);
    store.past(1, passage(180, 240));
    assert_eq!(store.beginnings(1, 0, 1000).await, [120, 180]);
    assert_eq!(store.beginnings(2, 0, 1000).await, [60, 120]);
}

#[tokio::test]
async fn a_passage_takes_the_place_of_those_that_begin_after_it() {
    let dir = Dir::new("superseded");
    let store = dir.open().unwrap();
    for (from, to) in [(0, 60), (60, 64), (50, 110)] {
        store.past(1, passage(from, to));
    }
    assert_eq!(store.beginnings(1, 0, 1000).await, [0, 50]);
}

#[tokio::test]
async fn a_file_of_redb_that_another_program_made_is_left_alone() {
    let dir = Dir::new("foreign");
    let database = open_file(&dir.file()).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(TableDefinition::<u64, u64>::new("theirs")).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = dir.open().err().unwrap().to_string();
    assert!(error.contains("another program"), "{error}");
}

#[tokio::test]
async fn what_is_forgotten_or_unused_for_its_time_to_live_is_gone() {
    let dir = Dir::new("forgotten");
    let store = dir.open().unwrap();
    for n in [1, 2, 3] {
        store.here(n, passage(0, 10));
        store.past(n, passage(0, 10));
        store.set(n, event(11, "0.5")).await.unwrap();
    }
    store.write(2, Written::Forgotten);
    store.flush().await.unwrap();
    assert_eq!(store.recalled(2).await, None);
    assert!(store.beginnings(2, 0, 100).await.is_empty());
    let database = store.shared.database().unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(SEEN).unwrap().insert([1; 16], 1000).unwrap();
    let mut tables = Tables::open(&transaction).unwrap();
    assert_eq!(tables.sweep(1000).unwrap(), 0);
    assert_eq!(tables.sweep(1001).unwrap(), 1);
    drop(tables);
    transaction.commit().unwrap();
    assert_eq!(store.recalled(1).await, None);
    assert!(store.recalled(3).await.is_some());
}

#[tokio::test]
async fn a_damaged_or_foreign_file_is_told_with_how_to_go_on_and_left_as_it_is() {
    let dir = Dir::new("damaged");
    let store = dir.open().unwrap();
    for n in 0..50 {
        store.here(n, passage(0, 10));
        store.past(n, passage(0, 10));
        store.set(n, event(11, "0.5")).await.unwrap();
    }
    store.flush().await.unwrap();
    let good = fs::read(dir.file()).unwrap();
    drop(store);
    let broken = Dir::new("broken");
    let mut refused = 0;
    let mut try_bytes = async |bytes: &[u8], what: String| {
        fs::write(broken.file(), bytes).unwrap();
        match broken.open() {
            Ok(store) => {
                // What was torn was not in use; all else is there.
                for n in 0..50 {
                    assert!(store.recalled(n).await.is_some(), "{what}: stream {n}");
                }
            }
            Err(error) => {
                refused += 1;
                let error = format!("{error:#}");
                assert!(error.contains("damaged") && error.contains("mv '"), "{what}: {error}");
            }
        }
    };
    try_bytes(b"ID3 is no store, but a file somebody put there", "foreign".to_owned()).await;
    for len in (1..good.len()).step_by(good.len() / 17) {
        try_bytes(&good[..len], format!("cut to {len} bytes")).await;
    }
    for at in (0..good.len()).step_by(good.len() / 61) {
        let mut bytes = good.clone();
        let end = bytes.len().min(at + 64);
        bytes[at..end].iter_mut().for_each(|byte| *byte ^= 0x5a);
        try_bytes(&bytes, format!("64 bytes torn at {at}")).await;
    }
    assert!(refused > 20, "{refused}");
}

#[tokio::test]
async fn a_store_of_a_newer_program_is_refused() {
    let dir = Dir::new("newer");
    drop(dir.open().unwrap());
    // Its thread lets go of the file in its own time.
    let database = loop {
        if let Ok(database) = open_file(&dir.file()) {
            break database;
        }
    };
    let transaction = database.begin_write().unwrap();
    transaction.open_table(ABOUT).unwrap().insert("form", FORM + 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = dir.open().err().unwrap().to_string();
    assert!(error.contains("newer"), "{error}");
}

#[test]
fn what_cannot_be_opened_says_why() {
    let dir = Dir::new("why");
    fs::create_dir_all(dir.file()).unwrap();
    let error = dir.open().err().unwrap().to_string();
    assert!(error.contains("cannot open") && error.contains("streams.redb"), "{error}");
    let in_use = explain(&DatabaseError::DatabaseAlreadyOpen, &dir.file()).to_string();
    assert!(in_use.contains("--data-dir"), "{in_use}");
}
