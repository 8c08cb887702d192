//! When streams come to cost more than their thread gets, the newest are ended and the others play on.

#![allow(clippy::unwrap_used, reason = "what is wrong here fails the test")]

mod ear;
mod glutton;

use std::time::Duration;

use glutton::{driver, listen_ahead, origin};
use perpetuo_driver::Ceilings;

#[tokio::test]
async fn the_newest_are_ended_at_a_frame_border_and_the_oldest_plays_on() {
    let driver = driver(Ceilings::default());
    let handle = driver.handle();
    let mut ears = Vec::new();
    for key in 1..=3 {
        ears.push(listen_ahead(&handle, key, 5, 1.0).await.unwrap());
    }
    let (newest, newer, mut oldest) =
        (ears.pop().unwrap(), ears.pop().unwrap(), ears.pop().unwrap());
    let newest = tokio::spawn(newest.bytes_until_the_end());
    let newer = tokio::spawn(newer.bytes_until_the_end());
    let oldest = tokio::spawn(async move {
        oldest.hear(7 * 176_400).await;
        oldest
    });
    // Together 1.8 cores, of the one they have.
    for key in 1..=3 {
        let much = origin(key, 5).spec.setting("level", "0.6").unwrap();
        handle.set(origin(key, 5), vec![much]).await.unwrap();
    }
    for ended in [newest, newer] {
        let ended = tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap().unwrap();
        assert!(ended > 0 && ended.is_multiple_of(4608), "{ended} bytes");
    }
    assert_eq!(handle.metrics().shed(), 2);
    let _oldest = tokio::time::timeout(Duration::from_secs(30), oldest).await.unwrap().unwrap();
    assert_eq!(handle.metrics().shed(), 2);
    assert!(handle.describe(origin(3, 5)).await.is_ok(), "who was ended is remembered");
}
