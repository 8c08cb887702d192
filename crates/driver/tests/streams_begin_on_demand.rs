//! A stream is what its origin says; nothing is kept of it until someone listens or sets.

#![allow(clippy::unwrap_used, reason = "what is wrong here fails the test")]

mod ear;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ear::Ear;
use perpetuo_driver::{Ceilings, Config, Driver, DriverError, Nowhere, Origin, StreamKey};
use perpetuo_engine::{BitrateKbps, Encoding, Lead, StreamConfig};
use perpetuo_station::{
    ParamSpec, Performance, ResumeError, Setting, Snapshot, Station, StationSpec,
};

/// Half full scale, for ever.
struct Constant;

impl Station for Constant {
    fn skip(&mut self, samples: u64) -> u64 {
        samples
    }

    fn title(&self) -> perpetuo_station::Title {
        perpetuo_station::Title::default()
    }

    fn render(&mut self, out: &mut [&mut [f32]; 2]) {
        out.iter_mut().for_each(|channel| channel.fill(0.5));
    }

    fn set(&mut self, _: Setting) {}

    fn snapshot(&mut self) -> Snapshot {
        Snapshot::new(&[]).unwrap()
    }

    fn resume(&mut self, _: &Snapshot) -> Result<(), ResumeError> {
        Ok(())
    }
}

fn origin(key: u8, may_begin: bool) -> Origin {
    const PARAMS: &[ParamSpec] = &[ParamSpec::number("level", "Level", 0.0..=1.0, 0.5, "None.")];
    let spec = Arc::new(StationSpec {
        name: "constant",
        title: "Constant",
        about: "Half full scale.",
        version: 1,
        params: PARAMS,
        presets: &[],
        refill: Duration::from_secs(2),
        perform: |_: &Performance<'_>| Box::new(Constant),
    });
    let values = spec.defaults();
    Origin { key: StreamKey([key; 16]), spec, seed: 1, values, may_begin }
}

fn driver(threads: usize) -> Driver {
    let stream = StreamConfig {
        sample_rate_hz: 44_100,
        frozen_for: Duration::from_secs(60),
        time_to_live: Duration::from_secs(1),
    };
    let grace = Duration::from_secs(2);
    Driver::start(
        Config { threads, stream, ceilings: Ceilings::default(), grace },
        Arc::new(Nowhere),
    )
    .unwrap()
}

fn lead(seconds: f64) -> Lead {
    Lead::from_seconds(seconds).unwrap()
}

#[tokio::test]
async fn describing_leaves_nothing_behind_and_setting_does() {
    let driver = driver(2);
    let handle = driver.handle();
    for key in 0..100 {
        handle.describe(origin(key, true)).await.unwrap();
    }
    assert_eq!(handle.metrics().population(), (0, 0));
    let setting = origin(1, true).spec.setting("level", "0.25").unwrap();
    let applied = handle.set(origin(1, true), vec![setting]).await.unwrap();
    assert_eq!(applied.position.samples(), 0);
    assert_eq!(handle.metrics().population(), (1, 0));
    assert_eq!(handle.describe(origin(1, false)).await.unwrap().values.at(0), 0.25);
}

#[tokio::test]
async fn one_that_may_not_begin_is_reached_only_while_it_is_known() {
    let driver = driver(1);
    let handle = driver.handle();
    let mp3 = Encoding::Mp3(BitrateKbps::DEFAULT);
    let refused = handle.listen(origin(1, false), mp3, lead(0.5)).await;
    assert_eq!(refused.err(), Some(DriverError::Expired));
    let listener = handle.listen(origin(1, true), mp3, lead(0.5)).await.unwrap();
    assert!(handle.listen(origin(1, false), mp3, lead(0.5)).await.is_ok());
    drop(listener);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(handle.describe(origin(1, false)).await.err(), Some(DriverError::Expired));
    assert_eq!(handle.metrics().population(), (0, 0));
}

#[tokio::test]
async fn a_listener_who_leaves_frees_its_stream_and_real_time_is_kept() {
    let driver = driver(1);
    let handle = driver.handle();
    let seat = handle.listen(origin(1, true), Encoding::Wav, lead(0.5)).await.unwrap();
    let mut listener = Ear::on(seat);
    let started = Instant::now();
    let mut len = 0;
    while started.elapsed() < Duration::from_secs(2) {
        let next = tokio::time::timeout(Duration::from_secs(1), listener.hear_some());
        len += next.await.unwrap();
    }
    let heard = len as f64 / 176_400.0;
    assert!((2.4..3.2).contains(&heard), "{heard} s in 2 s with a lead of 0.5 s");
    drop(listener);
    // It is the socket that tells.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let state = handle.describe(origin(1, true)).await.unwrap();
    assert_eq!((state.listeners, state.is_playing), (0, false));
}

#[tokio::test]
async fn when_the_driver_has_ended_everyone_is_told() {
    let driver = driver(1);
    let handle = driver.handle();
    driver.shutdown();
    let refused = handle.listen(origin(1, true), Encoding::Wav, lead(0.5)).await;
    assert_eq!(refused.err(), Some(DriverError::ShuttingDown));
}
