//! Before the driver ends, its streams are ended at an even pace, and those who follow know it.

#![allow(clippy::unwrap_used, reason = "what is wrong here fails the test")]

mod ear;
mod glutton;

use std::time::{Duration, Instant};

use glutton::{driver, listen, origin};
use perpetuo_driver::{Batch, Ceilings, Driver, DriverError, Follower, What};

/// Bytes of a frame of WAV.
const FRAME: usize = 4608;

/// What a follower is told of the end.
async fn ending(follower: &mut Follower) -> Duration {
    let within = |batch: Batch| {
        batch.iter().find_map(|entry| match entry.what {
            What::Ending(within) => Some(within),
            _ => None,
        })
    };
    loop {
        if let Some(within) = within(follower.next().await.unwrap()) {
            return within;
        }
    }
}

/// How long a drain takes.
async fn drain(driver: &Driver, within: Duration) -> Duration {
    let begun = Instant::now();
    driver.drain(within).await;
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn they_end_at_a_frame_border_spread_evenly_and_the_newest_last() {
    let driver = driver(Ceilings::default());
    let handle = driver.handle();
    let mut ears = Vec::new();
    for key in 1..=4 {
        let mut ear = listen(&handle, key, 0).await.unwrap();
        ear.hear(FRAME).await;
        ears.push(ear);
    }
    let begun = Instant::now();
    let ends: Vec<_> = ears
        .into_iter()
        .map(|ear| tokio::spawn(async move { (ear.bytes_until_the_end().await, begun.elapsed()) }))
        .collect();
    let took = drain(&driver, Duration::from_millis(1500)).await;
    driver.shutdown();
    for (n, end) in ends.into_iter().enumerate() {
        let (bytes, at) = end.await.unwrap();
        assert_eq!(bytes % FRAME, 0);
        let due = Duration::from_millis(500) * n as u32;
        assert!(at >= due && at < due + Duration::from_millis(400), "{n}: {at:?}");
    }
    assert!(took < Duration::from_millis(1900), "{took:?}");
}

#[tokio::test]
async fn who_follows_is_told_and_what_is_here_can_still_be_turned() {
    let driver = driver(Ceilings::default());
    let handle = driver.handle();
    let mut follower = handle.follow(origin(1, 0), None).await.unwrap();
    let mut heard = listen(&handle, 2, 0).await.unwrap();
    heard.hear(FRAME).await;
    driver.drain(Duration::from_secs(3)).await;
    assert_eq!(ending(&mut follower).await, Duration::from_secs(3));
    let level = || vec![origin(1, 0).spec.setting("level", "0.25").unwrap()];
    for key in [1, 2] {
        assert_eq!(listen(&handle, key, 0).await.err(), Some(DriverError::ShuttingDown));
        assert!(handle.set(origin(key, 0), level()).await.is_ok());
        assert!(handle.describe(origin(key, 0)).await.is_ok());
    }
    let is_told = |what: &What| matches!(what, What::Set(_));
    let told = follower.next().await.unwrap();
    assert!(told.iter().any(|entry| is_told(&entry.what)), "it goes on: {told:?}");
    // Another node may know more of it.
    let stranger = Some(DriverError::ShuttingDown);
    assert_eq!(handle.set(origin(3, 0), level()).await.err(), stranger);
    assert_eq!(handle.describe(origin(3, 0)).await.err(), stranger);
    assert_eq!(handle.follow(origin(3, 0), None).await.err(), stranger);
}

#[tokio::test]
async fn where_nobody_listens_or_all_have_gone_it_takes_no_time() {
    let driver = driver(Ceilings::default());
    let handle = driver.handle();
    let _follower = handle.follow(origin(1, 0), None).await.unwrap();
    let long = Duration::from_secs(60);
    assert!(drain(&driver, long).await < Duration::from_secs(1));

    let driver = glutton::driver(Ceilings::default());
    let handle = driver.handle();
    let mut ears = vec![];
    for key in 1..=3 {
        ears.push(listen(&handle, key, 0).await.unwrap());
    }
    let leave = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(ears);
    };
    let (took, ()) = tokio::join!(drain(&driver, long), leave);
    assert!(took < Duration::from_secs(2), "{took:?}");
}
