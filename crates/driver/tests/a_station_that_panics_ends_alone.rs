//! A station's panic ends its own stream, with what was rendered until then, and nobody else's.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what is wrong here fails the test")]

mod ear;

use std::{sync::Arc, time::Duration};

use ear::Ear;
use perpetuo_driver::{Ceilings, Config, Driver, DriverError, Handle, Nowhere, Origin, StreamKey};
use perpetuo_engine::{Encoding, Lead, StreamConfig};
use perpetuo_station::{
    ParamSpec, Performance, ResumeError, Setting, Snapshot, Station, StationSpec,
};

/// A hum that panics when it comes to a sample, or when a knob is turned too far.
struct Grenade {
    left: u64,
}

impl Station for Grenade {
    fn skip(&mut self, samples: u64) -> u64 {
        samples
    }

    fn title(&self) -> perpetuo_station::Title {
        perpetuo_station::Title::default()
    }

    fn render(&mut self, [left, right]: &mut [&mut [f32]; 2]) {
        left.fill(0.1);
        right.fill(0.1);
        self.left = self.left.checked_sub(left.len() as u64).unwrap();
    }

    fn set(&mut self, setting: Setting) {
        if setting.value() > 0.9 {
            panic!("turned too far");
        }
    }

    fn snapshot(&mut self) -> Snapshot {
        Snapshot::new(&[]).unwrap()
    }

    fn resume(&mut self, _: &Snapshot) -> Result<(), ResumeError> {
        Ok(())
    }
}

/// The seed is how many samples it lives.
fn spec() -> Arc<StationSpec> {
    const PARAMS: &[ParamSpec] = &[ParamSpec::number("level", "Level", 0.0..=1.0, 0.5, "Fuse.")];
    Arc::new(StationSpec {
        name: "grenade",
        title: "Grenade",
        about: "Hums, then panics.",
        version: 1,
        params: PARAMS,
        presets: &[],
        refill: Duration::from_secs(2),
        perform: |performance: &Performance<'_>| {
            assert!(performance.seed > 0, "a dud");
            Box::new(Grenade { left: performance.seed })
        },
    })
}

fn origin(key: u8, seed: u64) -> Origin {
    let spec = spec();
    let values = spec.defaults();
    Origin { key: StreamKey([key; 16]), spec, seed, values, may_begin: true }
}

fn driver() -> Driver {
    let stream = StreamConfig {
        sample_rate_hz: 44_100,
        frozen_for: Duration::from_secs(60),
        time_to_live: Duration::from_secs(3600),
    };
    let grace = Duration::from_secs(2);
    Driver::start(
        Config { threads: 1, stream, ceilings: Ceilings::default(), grace },
        Arc::new(Nowhere),
    )
    .unwrap()
}

async fn listen(handle: &Handle, key: u8, seed: u64) -> Result<Ear, DriverError> {
    let lead = Lead::from_seconds(0.2).unwrap();
    handle.listen(origin(key, seed), Encoding::Wav, lead).await.map(Ear::on)
}

#[tokio::test]
async fn while_it_renders() {
    let driver = driver();
    let handle = driver.handle();
    let mut neighbour = listen(&handle, 1, u64::MAX).await.unwrap();
    let doomed = listen(&handle, 2, 44_100).await.unwrap();
    let len = doomed.bytes_until_the_end().await;
    assert!((100_000..=44_100 * 4).contains(&len) && len.is_multiple_of(4608), "{len} bytes");

    neighbour.hear(2 * 176_400).await;
    assert_eq!(listen(&handle, 2, 44_100).await.err(), Some(DriverError::Failed));
    assert_eq!(handle.describe(origin(2, 44_100)).await.err(), Some(DriverError::Failed));
    assert_eq!(handle.metrics().population(), (1, 1));
    assert_eq!(handle.metrics().underruns(), 0);
    driver.shutdown();
    assert!(neighbour.bytes_until_the_end().await < 176_400, "what was there, and the end");
}

#[tokio::test]
async fn when_a_knob_is_turned() {
    let driver = driver();
    let handle = driver.handle();
    let neighbour = listen(&handle, 1, u64::MAX).await.unwrap();
    let mut doomed = listen(&handle, 2, u64::MAX).await.unwrap();
    doomed.hear(1).await;
    let too_far = spec().setting("level", "1").unwrap();
    let set = handle.set(origin(2, u64::MAX), vec![too_far]).await;
    assert_eq!(set.err(), Some(DriverError::Failed));
    doomed.bytes_until_the_end().await;
    assert!(handle.describe(origin(1, u64::MAX)).await.unwrap().is_playing);
    drop(neighbour);
}

#[tokio::test]
async fn when_it_is_made() {
    let driver = driver();
    let handle = driver.handle();
    let doomed = listen(&handle, 2, 0).await.unwrap();
    assert_eq!(doomed.bytes_until_the_end().await, 0);
    assert_eq!(listen(&handle, 2, 0).await.err(), Some(DriverError::Failed));
    assert!(listen(&handle, 1, u64::MAX).await.is_ok());
}
