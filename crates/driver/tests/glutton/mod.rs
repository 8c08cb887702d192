//! A station that counts in the left channel and takes as much of a core as its seed says, in percent,
//! until its level says another share.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::{sync::Arc, time::Duration};

use perpetuo_driver::{Ceilings, Config, Driver, DriverError, Handle, Nowhere, Origin, StreamKey};
use perpetuo_engine::{Encoding, Lead, StreamConfig};
use perpetuo_station::{
    ParamSpec, Performance, ResumeError, Setting, Snapshot, Station, StationSpec, Title,
};
use rustix::time::{ClockId, clock_gettime};

use crate::ear::Ear;

const RATE: u32 = 44_100;

struct Glutton {
    share: f64,
    count: u16,
}

/// What follows a sample of the left channel.
pub(crate) fn after(sample: u16) -> u16 {
    (sample + 1) % 20_000
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

impl Station for Glutton {
    fn render(&mut self, [left, right]: &mut [&mut [f32]; 2]) {
        let until = thread_time()
            + Duration::from_secs_f64(self.share * left.len() as f64 / f64::from(RATE));
        for (left, right) in left.iter_mut().zip(right.iter_mut()) {
            (*left, *right) = (f32::from(self.count) / 32_767.0, 0.0);
            self.count = after(self.count);
        }
        while thread_time() < until {}
    }

    fn set(&mut self, setting: Setting) {
        self.share = setting.value().into();
    }

    fn skip(&mut self, samples: u64) -> u64 {
        samples
    }

    fn title(&self) -> Title {
        Title::default()
    }

    fn snapshot(&mut self) -> Snapshot {
        Snapshot::new(&self.count.to_le_bytes()).unwrap()
    }

    fn resume(&mut self, snapshot: &Snapshot) -> Result<(), ResumeError> {
        self.count = u16::from_le_bytes(snapshot.as_bytes().try_into().unwrap());
        Ok(())
    }
}

pub(crate) fn origin(key: u8, percent: u64) -> Origin {
    const PARAMS: &[ParamSpec] = &[ParamSpec::number("level", "Level", 0.0..=1.0, 0.5, "None.")];
    let spec = Arc::new(StationSpec {
        name: "glutton",
        title: "Glutton",
        about: "Takes its time.",
        version: 1,
        params: PARAMS,
        presets: &[],
        refill: Duration::from_secs(2),
        perform: |performance: &Performance<'_>| {
            Box::new(Glutton { share: performance.seed as f64 / 100.0, count: 0 })
        },
    });
    let values = spec.defaults();
    Origin { key: StreamKey([key; 16]), spec, seed: percent, values, may_begin: true }
}

pub(crate) fn driver(ceilings: Ceilings) -> Driver {
    let stream = StreamConfig {
        sample_rate_hz: RATE,
        frozen_for: Duration::from_secs(60),
        time_to_live: Duration::from_secs(3600),
    };
    let grace = Duration::from_secs(2);
    Driver::start(Config { threads: 1, stream, ceilings, grace }, Arc::new(Nowhere)).unwrap()
}

pub(crate) async fn listen(handle: &Handle, key: u8, percent: u64) -> Result<Ear, DriverError> {
    listen_ahead(handle, key, percent, 0.2).await
}

pub(crate) async fn listen_ahead(
    handle: &Handle,
    key: u8,
    percent: u64,
    lead: f64,
) -> Result<Ear, DriverError> {
    let lead = Lead::from_seconds(lead).unwrap();
    handle.listen(origin(key, percent), Encoding::Wav, lead).await.map(Ear::on)
}
