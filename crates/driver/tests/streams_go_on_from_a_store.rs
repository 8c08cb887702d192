//! A stream that the render threads do not know goes on from what the store knows of it; without an answer it
//! goes on from what is here.

#![allow(clippy::unwrap_used, reason = "what is wrong here fails the test")]

mod ear;
mod glutton;

use std::{
    collections::HashMap,
    ops::RangeInclusive,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use ear::Ear;
use perpetuo_driver::{
    Ceilings, Config, Driver, DriverError, Handle, Origin, Reading, Store, StoreAway, StreamKey,
    Write, Written,
};
use perpetuo_engine::{Encoding, Event, Keep, Lead, Passage, Position, StreamConfig};
use perpetuo_station::Setting;

/// A store in memory that others may share, and that can be far away.
#[derive(Default)]
struct Shelf {
    records: Mutex<HashMap<StreamKey, Passage>>,
    past: Mutex<Vec<Passage>>,
    is_shared: bool,
    is_silent: AtomicBool,
}

impl Store for Shelf {
    fn keep(&self, Write { key, what, .. }: Write) {
        let mut records = self.records.lock().unwrap();
        match what {
            Written::Passage(Keep::Here(passage)) => {
                records.insert(key, *passage);
            }
            Written::Passage(Keep::Past(passage)) => self.past.lock().unwrap().push(*passage),
            Written::Set { position, settings, committed } => {
                if let Some(record) = records.get_mut(&key) {
                    let event = |setting| Event { position, setting };
                    settings.into_iter().for_each(|setting| record.push(event(setting)));
                    if let Some(committed) = committed {
                        let _ = committed.send(());
                    }
                }
            }
            Written::Forgotten => {
                records.remove(&key);
            }
        }
    }

    fn recall<'a>(&'a self, origin: &'a Origin) -> Reading<'a, Option<Passage>> {
        Box::pin(async {
            if self.is_silent.load(Relaxed) {
                std::future::pending::<()>().await;
            }
            Ok(self.records.lock().unwrap().get(&origin.key).cloned())
        })
    }

    fn passages<'a>(
        &'a self,
        _: &'a Origin,
        span: RangeInclusive<Position>,
    ) -> Reading<'a, Vec<Passage>> {
        let past = self.past.lock().unwrap().clone();
        let within = move |passage: &Passage| passage.from.position <= *span.end();
        Box::pin(async move { Ok(past.into_iter().filter(within).collect()) })
    }

    fn flush(&self) -> Reading<'_, ()> {
        Box::pin(async { Err(StoreAway) })
    }

    fn is_shared(&self) -> bool {
        self.is_shared
    }

    fn away(&self) -> Option<String> {
        None
    }
}

fn driver(store: &Arc<Shelf>) -> Driver {
    let stream = StreamConfig {
        sample_rate_hz: 44_100,
        frozen_for: Duration::from_secs(60),
        time_to_live: Duration::from_secs(60),
    };
    let (ceilings, grace) = (Ceilings::default(), Duration::ZERO);
    Driver::start(Config { threads: 1, stream, ceilings, grace }, store.clone()).unwrap()
}

fn origin(key: u8) -> Origin {
    glutton::origin(key, 0)
}

fn late(key: u8) -> Origin {
    Origin { may_begin: false, ..origin(key) }
}

fn level(value: &str) -> Setting {
    origin(1).spec.setting("level", value).unwrap()
}

/// Listens for a moment.
async fn listen(handle: &Handle, key: u8) -> Position {
    let lead = Lead::from_seconds(0.5).unwrap();
    let seat = handle.listen(origin(key), Encoding::Wav, lead).await.unwrap();
    let start = seat.start();
    Ear::on(seat).hear(176_400).await;
    // It is the socket that tells.
    while handle.describe(origin(key)).await.unwrap().is_playing {}
    start
}

#[tokio::test]
async fn what_one_process_played_the_next_one_goes_on_with() {
    let store = Arc::new(Shelf::default());
    let before = driver(&store);
    assert_eq!(before.handle().describe(late(1)).await.err(), Some(DriverError::Expired));
    listen(&before.handle(), 1).await;
    let set = before.handle().set_durably(origin(1), vec![level("0.125")]).await.unwrap();
    assert!(set.1);
    let was = before.handle().describe(origin(1)).await.unwrap();
    before.shutdown();

    let after = driver(&store);
    let is = after.handle().describe(late(1)).await.unwrap();
    assert_eq!((is.position, is.values), (was.position, was.values));
    assert_eq!(after.handle().metrics().population(), (0, 0), "looking leaves nothing behind");
    assert_eq!(listen(&after.handle(), 1).await, was.position);
    let past = after.handle().passages(late(1), |to| Position::START..=to).await.unwrap();
    assert_eq!(past[0].from.position, Position::START);
    assert_eq!(past.last().unwrap().to, after.handle().describe(late(1)).await.unwrap().position);
}

#[tokio::test]
async fn what_others_played_is_gone_on_with_though_the_stream_is_known_here() {
    let store = Arc::new(Shelf { is_shared: true, ..Shelf::default() });
    let (here, there) = (driver(&store), driver(&store));
    let (here, there) = (here.handle(), there.handle());
    listen(&here, 1).await;
    let left = here.describe(origin(1)).await.unwrap().position;
    assert_eq!(listen(&there, 1).await, left);
    let right = there.describe(origin(1)).await.unwrap().position;
    assert!(right > left);
    assert_eq!(here.describe(origin(1)).await.unwrap().position, right);
    assert_eq!(listen(&here, 1).await, right);
}

#[tokio::test]
async fn what_was_set_elsewhere_is_applied_where_the_stream_is_known() {
    let driver = driver(&Arc::new(Shelf::default()));
    let handle = driver.handle();
    handle.set(origin(1), vec![level("0.5")]).await.unwrap();
    handle.apply(origin(1).key, || vec![level("0.25")]);
    handle.apply(origin(2).key, || vec![level("0.25")]);
    assert_eq!(handle.describe(origin(1)).await.unwrap().values.at(0), 0.25);
    assert_eq!(handle.describe(origin(2)).await.unwrap().values, origin(2).values);
}

#[tokio::test]
async fn what_is_begun_without_an_answer_does_not_take_the_place_of_what_is_kept() {
    let store = Arc::new(Shelf::default());
    let before = driver(&store);
    listen(&before.handle(), 1).await;
    before.handle().set(origin(1), vec![level("0.125")]).await.unwrap();
    let was = before.handle().describe(origin(1)).await.unwrap();
    before.shutdown();

    store.is_silent.store(true, Relaxed);
    let after = driver(&store);
    assert_eq!(listen(&after.handle(), 1).await, Position::START, "it plays all the same");
    store.is_silent.store(false, Relaxed);
    let is = after.handle().describe(origin(1)).await.unwrap();
    assert_eq!((is.position, is.values), (was.position, was.values), "as soon as it can be known");
    assert_eq!(listen(&after.handle(), 1).await, was.position);
    after.shutdown();
    assert!(store.records.lock().unwrap()[&origin(1).key].to > was.position);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_waited_for_a_moment_and_then_done_without() {
    let store = Arc::new(Shelf::default());
    let driver = driver(&store);
    let handle = driver.handle();
    handle.set(origin(3), vec![level("0.5")]).await.unwrap();
    store.is_silent.store(true, Relaxed);
    let begun = Instant::now();
    let set = handle.set_durably(origin(1), vec![level("0.5")]).await.unwrap();
    assert!(begun.elapsed() >= Handle::STORE_PATIENCE);
    assert!(!set.1);
    assert_eq!(handle.describe(late(2)).await.err(), Some(DriverError::StoreAway));
    // One that is known here needs no store.
    let begun = Instant::now();
    handle.set(late(3), vec![level("0.75")]).await.unwrap();
    assert!(begun.elapsed() < Handle::STORE_PATIENCE);
}
