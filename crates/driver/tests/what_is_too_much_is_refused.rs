//! Who comes when there is no room is refused, and told why; who is there notices nothing.

#![allow(clippy::unwrap_used, reason = "what is wrong here fails the test")]

mod ear;
mod glutton;

use std::time::Duration;

use glutton::{driver, listen, origin};
use perpetuo_driver::{Ceilings, DriverError, Full};

#[tokio::test]
async fn another_listener_than_may_listen() {
    let driver = driver(Ceilings { listeners: Some(2), ..Ceilings::default() });
    let handle = driver.handle();
    let one = listen(&handle, 1, 0).await.unwrap();
    let _two = listen(&handle, 2, 0).await.unwrap();
    for key in [1, 3] {
        let refused = listen(&handle, key, 0).await.err();
        assert_eq!(refused, Some(DriverError::Full(Full::Listeners(2))), "{key}");
    }
    drop(one);
    let again = async || while listen(&handle, 3, 0).await.is_err() {};
    tokio::time::timeout(Duration::from_secs(5), again()).await.unwrap();
}

#[tokio::test]
async fn another_listener_than_one_stream_may_have() {
    let driver = driver(Ceilings { listeners_per_stream: Some(2), ..Ceilings::default() });
    let handle = driver.handle();
    let _all = [listen(&handle, 1, 0).await.unwrap(), listen(&handle, 1, 0).await.unwrap()];
    let refused = listen(&handle, 1, 0).await.err();
    assert_eq!(refused, Some(DriverError::Full(Full::ListenersOfStream(2))));
    assert!(listen(&handle, 2, 0).await.is_ok());
}

#[tokio::test]
async fn another_stream_than_may_be_known() {
    let driver = driver(Ceilings { streams: Some(2), ..Ceilings::default() });
    let handle = driver.handle();
    let _one = listen(&handle, 1, 0).await.unwrap();
    let level = || vec![origin(2, 0).spec.setting("level", "0.25").unwrap()];
    handle.set(origin(2, 0), level()).await.unwrap();
    let full = Some(DriverError::Full(Full::Streams(2)));
    assert_eq!(listen(&handle, 3, 0).await.err(), full);
    assert_eq!(handle.set(origin(3, 0), level()).await.err(), full);
    assert!(handle.set(origin(2, 0), level()).await.is_ok(), "one that is known");
    assert!(listen(&handle, 2, 0).await.is_ok());
}

#[tokio::test]
async fn how_many_there_may_be_can_change_and_who_is_there_stays() {
    let driver = driver(Ceilings { listeners: Some(2), ..Ceilings::default() });
    let handle = driver.handle();
    let mut all = vec![listen(&handle, 1, 0).await.unwrap(), listen(&handle, 2, 0).await.unwrap()];
    handle.limit(Ceilings { listeners: Some(3), ..Ceilings::default() });
    all.push(listen(&handle, 3, 0).await.unwrap());
    handle.limit(Ceilings { listeners: Some(1), ..Ceilings::default() });
    let refused = listen(&handle, 4, 0).await.err();
    assert_eq!(refused, Some(DriverError::Full(Full::Listeners(3))));
    for ear in &mut all {
        assert!(ear.hear_some().await > 0);
    }
}

/// One that takes 70 % of a core leaves no room for another.
#[tokio::test]
async fn another_stream_than_the_processor_carries() {
    let driver = driver(Ceilings::default());
    let handle = driver.handle();
    let mut first = listen(&handle, 1, 70).await.unwrap();
    // The chunk with which a station wakes is not counted.
    first.hear(4 * 4608).await;
    let refused = listen(&handle, 2, 70).await.err();
    assert!(matches!(refused, Some(DriverError::Full(Full::Processor(_)))), "{refused:?}");
    let placed = handle.place("glutton", [origin(3, 70)], |origin| origin.key);
    // The thread may not have shown yet what it has measured.
    if let Err(full) = placed {
        assert!(matches!(full, Full::Processor(_)), "{full}");
    }
    drop(first);
    let again = async || while listen(&handle, 2, 0).await.is_err() {};
    tokio::time::timeout(Duration::from_secs(5), again()).await.unwrap();
}

#[tokio::test]
async fn a_station_that_takes_too_long_for_too_long_is_ended_and_its_neighbour_plays_on() {
    let driver = driver(Ceilings::default());
    let handle = driver.handle();
    // The older of two: on a machine that has much to do, it is not the one to make room.
    let glutton = listen(&handle, 2, 40).await.unwrap();
    let mut neighbour = listen(&handle, 1, 0).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(60), glutton.bytes_until_the_end());
    // 50 chunks of at least two frames.
    assert!(ended.await.unwrap() >= 50 * 2 * 4608);
    assert_eq!(listen(&handle, 2, 40).await.err(), Some(DriverError::Failed));
    assert!(handle.describe(origin(1, 0)).await.is_ok());
    assert!(neighbour.hear_some().await > 0);
}

/// More than are served at a stretch.
#[tokio::test]
async fn of_many_listeners_everyone_is_given_the_same() {
    let driver = driver(Ceilings::default());
    let handle = driver.handle();
    let mut all = Vec::new();
    for _ in 0..200 {
        all.push(listen(&handle, 1, 0).await.unwrap());
    }
    // Those who go make nobody wait, and nobody hear something twice.
    all.truncate(150);
    let mut hearing = tokio::task::JoinSet::new();
    for mut ear in all {
        hearing.spawn(async move { ear.hear(3 * 176_400).await });
    }
    let heard = tokio::time::timeout(Duration::from_secs(20), hearing.join_all()).await.unwrap();
    let is_one_run = |bytes: &Vec<u8>| {
        let samples =
            bytes.chunks_exact(4).map(|sample| u16::from_le_bytes([sample[0], sample[1]]));
        let samples: Vec<_> = samples.collect();
        samples.windows(2).all(|pair| pair[1] == glutton::after(pair[0]))
    };
    assert!(heard.iter().all(is_one_run));
    assert_eq!(handle.metrics().underruns(), 0);
}
