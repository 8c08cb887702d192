//! A recording is rendered while it is taken, by a thread of its own, and what goes wrong with it ends it alone.

#![allow(clippy::unwrap_used, reason = "what is wrong here fails the test")]

mod ear;
mod glutton;

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use ear::Ear;
use perpetuo_driver::{Ceilings, Driver, DriverError, Handle, Origin, Recording};
use perpetuo_engine::{Encoding, Lead, Position};
use perpetuo_station::{
    ParamSpec, Performance, ResumeError, Setting, Snapshot, Station, StationSpec, Title,
};

const RATE: u64 = 44_100;

/// A stream with the seed 1 panics here.
static FUSE: AtomicU64 = AtomicU64::new(u64::MAX);

struct Hum {
    position: u64,
    has_fuse: bool,
}

impl Station for Hum {
    fn render(&mut self, [left, right]: &mut [&mut [f32]; 2]) {
        left.fill(0.1);
        right.fill(0.1);
        self.position += left.len() as u64;
        assert!(!self.has_fuse || self.position < FUSE.load(Relaxed), "the fuse has burnt down");
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

fn hum(seed: u64) -> Origin {
    const PARAMS: &[ParamSpec] = &[ParamSpec::number("level", "Level", 0.0..=1.0, 0.5, "None.")];
    let spec = StationSpec {
        name: "hum",
        title: "Hum",
        about: "Hums.",
        version: 1,
        params: PARAMS,
        presets: &[],
        refill: Duration::from_secs(2),
        perform: |performance: &Performance<'_>| {
            Box::new(Hum { position: 0, has_fuse: performance.seed == 1 })
        },
    };
    let values = spec.defaults();
    Origin { spec: spec.into(), values, ..glutton::origin(1, seed) }
}

/// A driver, on which five seconds of a stream have been heard.
async fn heard(origin: &Origin) -> (Driver, Handle) {
    let driver = glutton::driver(Ceilings::default());
    let handle = driver.handle();
    let lead = Lead::from_seconds(5.0).unwrap();
    let seat = handle.listen(origin.clone(), Encoding::Wav, lead).await.unwrap();
    Ear::on(seat).hear(5 * RATE as usize * 4).await;
    (driver, handle)
}

async fn recording(handle: &Handle, origin: &Origin, seconds: u64) -> Recording {
    let span = |_| Position::START..Position::new(seconds * RATE);
    handle.recording(origin.clone(), Encoding::Wav, span).await.unwrap()
}

/// What comes of it, until it ends.
async fn all(recording: Recording) -> Vec<u8> {
    let mut pieces = recording.render().await.unwrap();
    let mut all = Vec::new();
    while let Some(piece) = pieces.recv().await {
        all.extend(piece);
    }
    all
}

#[tokio::test]
async fn as_long_as_it_said_and_no_longer_than_was_heard() {
    let origin = hum(0);
    let (_driver, handle) = heard(&origin).await;
    for seconds in [1, 4, 1000] {
        let recording = recording(&handle, &origin, seconds).await;
        let (len, end) = (recording.len(), recording.span().end);
        assert!(end.samples() <= seconds * RATE);
        assert_eq!(len, 44 + 4 * end.samples());
        assert_eq!(all(recording).await.len() as u64, len);
    }
    let beyond = |live: Position| live..live + RATE;
    let recording = handle.recording(origin, Encoding::Wav, beyond).await.unwrap();
    assert!(recording.is_empty());
}

#[tokio::test]
async fn a_station_that_panics_ends_the_file_and_nothing_else() {
    let origin = hum(1);
    let (_driver, handle) = heard(&origin).await;
    FUSE.store(3 * RATE, Relaxed);
    let broken = recording(&handle, &origin, 4).await;
    let len = broken.len();
    let came = all(broken).await.len() as u64;
    assert!((1..len).contains(&came), "{came} of {len} bytes");
    let whole = recording(&handle, &origin, 2).await;
    let len = whole.len();
    assert_eq!(all(whole).await.len() as u64, len);
    assert!(handle.describe(origin).await.is_ok());
}

#[tokio::test]
async fn who_does_not_take_it_holds_up_nobody_and_who_goes_ends_the_work() {
    let origin = hum(0);
    let (_driver, handle) = heard(&origin).await;
    let mut idle = Vec::new();
    // One render thread, one at work, sixteen places.
    for _ in 0..16 {
        idle.push(recording(&handle, &origin, 4).await.render().await.unwrap());
    }
    let refused = recording(&handle, &origin, 4).await.render().await;
    assert_eq!(refused.err(), Some(DriverError::NoTurn));
    drop(idle);
    let again = async || {
        while recording(&handle, &origin, 4).await.render().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), again()).await.unwrap();
}
