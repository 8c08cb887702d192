//! Who follows a stream is told its notes where they begin; a stream that nobody follows tells none.

#![allow(clippy::unwrap_used, reason = "what is wrong here fails the test")]

mod ear;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use ear::Ear;
use perpetuo_driver::{
    Ceilings, Config, Driver, DriverError, Full, Nowhere, Origin, StreamKey, What,
};
use perpetuo_engine::{BitrateKbps, Encoding, Lead, StreamConfig};
use perpetuo_station::{
    Note, ParamSpec, ResumeError, Setting, Snapshot, Station, StationSpec, Title,
};

/// Chunks that were rendered without telling, and with.
static CHUNKS: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

/// Half full scale, for ever, a note each time it is asked.
struct Constant;

impl Station for Constant {
    fn render(&mut self, out: &mut [&mut [f32]; 2]) {
        CHUNKS[0].fetch_add(1, Relaxed);
        out.iter_mut().for_each(|channel| channel.fill(0.5));
    }

    fn render_telling(&mut self, out: &mut [&mut [f32]; 2], tell: &mut dyn FnMut(Note)) {
        CHUNKS[1].fetch_add(1, Relaxed);
        out.iter_mut().for_each(|channel| channel.fill(0.5));
        tell(Note { at: 100, part: "bell", pitch: Some(60.0), velocity: 1.0, pan: 0.0 });
    }

    fn set(&mut self, _: Setting) {}

    fn skip(&mut self, samples: u64) -> u64 {
        samples
    }

    fn title(&self) -> Title {
        Title::default()
    }

    fn snapshot(&mut self) -> Snapshot {
        Snapshot::new(&[]).unwrap()
    }

    fn resume(&mut self, _: &Snapshot) -> Result<(), ResumeError> {
        Ok(())
    }
}

fn origin() -> Origin {
    const PARAMS: &[ParamSpec] = &[ParamSpec::number("level", "Level", 0.0..=1.0, 0.5, "None.")];
    let spec = Arc::new(StationSpec {
        name: "constant",
        title: "Constant",
        about: "None.",
        version: 1,
        params: PARAMS,
        presets: &[],
        refill: Duration::from_secs(2),
        perform: |_| Box::new(Constant),
    });
    let values = spec.defaults();
    Origin { key: StreamKey([1; 16]), spec, seed: 0, values, may_begin: true }
}

fn driver(listeners: usize) -> Driver {
    let stream = StreamConfig {
        sample_rate_hz: 44_100,
        frozen_for: Duration::from_secs(60),
        time_to_live: Duration::from_secs(60),
    };
    let ceilings = Ceilings { listeners: Some(listeners), ..Ceilings::default() };
    Driver::start(Config { threads: 1, stream, ceilings, grace: Duration::ZERO }, Arc::new(Nowhere))
        .unwrap()
}

const MP3: Encoding = Encoding::Mp3(BitrateKbps::DEFAULT);

#[tokio::test]
async fn notes_are_told_to_who_follows_and_to_nobody_else() {
    let driver = driver(2);
    let handle = driver.handle();
    let lead = Lead::new(Duration::from_millis(100)).unwrap();
    let mut ear = Ear::on(handle.listen(origin(), MP3, lead).await.unwrap());
    ear.hear(10_000).await;
    let [quiet, told] = CHUNKS.each_ref().map(|count| count.load(Relaxed));
    assert!(quiet > 0);
    assert_eq!(told, 0);

    let mut follower = handle.follow(origin(), None).await.unwrap();
    let mut notes = Vec::new();
    while notes.len() < 3 {
        let batch = follower.next().await.unwrap();
        notes.extend(batch.iter().filter_map(|entry| match entry.what {
            What::Note(note) => Some((entry.position.samples(), note.part)),
            _ => None,
        }));
    }
    for pair in notes.windows(2) {
        let apart = pair[1].0 - pair[0].0;
        assert_eq!((apart % 1152, apart > 0, pair[0].1), (0, true, "bell"));
    }
}

#[tokio::test]
async fn followers_count_against_the_listeners_there_may_be() {
    let driver = driver(1);
    let handle = driver.handle();
    let follower = handle.follow(origin(), None).await.unwrap();
    let full = DriverError::Full(Full::Listeners(1));
    assert_eq!(handle.follow(origin(), None).await.err(), Some(full));
    let lead = Lead::new(Duration::from_millis(100)).unwrap();
    assert_eq!(handle.listen(origin(), MP3, lead).await.err(), Some(full));
    drop(follower);
    assert!(handle.follow(origin(), None).await.is_ok());
}
