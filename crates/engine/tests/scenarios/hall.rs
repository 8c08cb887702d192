//! A concert hall with the clock in hand: one stream, and listeners who read or do not.
//!
//! The station that plays here writes its own position into the left channel and its parameter `mark`,
//! ramps and all, into the right one, so that a test can read from the sound what was played where.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use perpetuo_engine::{
    Applied, Encoding, Lead, ListenerId, Next, Position, Report, Scratch, Stream, StreamConfig,
    Taken,
};
use perpetuo_station::{
    BLOCK_LEN, ParamSpec, Performance, Ramp, ResumeError, Setting, Snapshot, Station, StationSpec,
    Title,
};

pub(crate) const RATE: u32 = 44_100;

/// The left channel counts samples up to here and begins again.
pub(crate) const LAP: u64 = 20_000;

pub(crate) const CONFIG: StreamConfig = StreamConfig {
    sample_rate_hz: RATE,
    frozen_for: Duration::from_secs(60),
    time_to_live: Duration::from_secs(3600),
};

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A station that says where it is. Time may pass unheard: to itself it is the same.
struct Marker {
    position: u64,
    mark: f32,
    /// Where a ramp of `mark` leads, and in how many samples.
    ramp: Option<(f32, u32)>,
}

impl Marker {
    fn pass(&mut self) {
        self.position += 1;
        if let Some((goal, left)) = self.ramp {
            self.mark += (goal - self.mark) / left as f32;
            self.ramp = (left > 1).then_some((goal, left - 1));
        }
    }
}

impl Station for Marker {
    fn render(&mut self, [left, right]: &mut [&mut [f32]; 2]) {
        for (l, r) in left.iter_mut().zip(right.iter_mut()) {
            *l = (self.position % LAP) as f32 / 32_767.0;
            *r = self.mark / 32_767.0;
            self.pass();
        }
    }

    fn set(&mut self, setting: Setting) {
        if setting.index() != 1 {
            return;
        }
        let samples = setting.ramp().duration().as_secs_f64() * f64::from(RATE);
        self.ramp = Some((setting.value(), samples as u32)).filter(|(_, left)| *left > 0);
        if self.ramp.is_none() {
            self.mark = setting.value();
        }
    }

    fn skip(&mut self, samples: u64) -> u64 {
        let samples = samples.next_multiple_of(BLOCK_LEN as u64);
        (0..samples).for_each(|_| self.pass());
        samples
    }

    fn title(&self) -> Title {
        Title {
            scene: if self.position < u64::from(RATE) { "Begins" } else { "Goes on" },
            key: None,
        }
    }

    fn snapshot(&mut self) -> Snapshot {
        let mut bytes = self.position.to_le_bytes().to_vec();
        if let Some((goal, left)) = self.ramp {
            [self.mark.to_bits(), goal.to_bits(), left]
                .iter()
                .for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
        }
        Snapshot::new(&bytes).unwrap()
    }

    fn resume(&mut self, snapshot: &Snapshot) -> Result<(), ResumeError> {
        let bytes = snapshot.as_bytes();
        let (position, ramp) = bytes.split_at_checked(8).unwrap();
        self.position = u64::from_le_bytes(position.try_into().unwrap());
        let word = |at: usize| u32::from_le_bytes(ramp[at..at + 4].try_into().unwrap());
        if !ramp.is_empty() {
            self.mark = f32::from_bits(word(0));
            self.ramp = Some((f32::from_bits(word(4)), word(8)));
        }
        Ok(())
    }
}

pub(crate) fn spec() -> Arc<StationSpec> {
    const PARAMS: &[ParamSpec] = &[
        ParamSpec::number("level", "Level", 0.0..=1.0, 1.0, "Nothing."),
        ParamSpec::number("mark", "Mark", 0.0..=30_000.0, 0.0, "The right channel."),
    ];
    Arc::new(StationSpec {
        name: "marker",
        title: "Marker",
        about: "Says where it is.",
        version: 1,
        params: PARAMS,
        presets: &[],
        refill: Duration::from_secs(2),
        perform: |performance: &Performance<'_>| {
            Box::new(Marker { position: 0, mark: performance.values.at(1), ramp: None })
        },
    })
}

/// A stream, everyone who listens, and the time.
pub(crate) struct Hall {
    pub(crate) stream: Stream,
    pub(crate) now: Instant,
    pub(crate) start: Instant,
    /// Every chunk rendered: when, how large, how well in time.
    pub(crate) reports: Vec<(Duration, Report)>,
    ears: Vec<Ear>,
    scratch: Scratch,
}

/// One listener.
pub(crate) struct Ear {
    id: ListenerId,
    is_reading: bool,
    /// Everything before it has been taken.
    at: Position,
    jumps: u64,
    /// What it was sent, and when.
    pub(crate) heard: Vec<(Duration, Vec<u8>)>,
}

impl Hall {
    #[expect(clippy::disallowed_methods, reason = "an instant to count from")]
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let spec = spec();
        let values = spec.defaults();
        Self {
            stream: Stream::new(spec, 1, values, 0.5, CONFIG, now),
            now,
            start: now,
            reports: Vec::new(),
            ears: Vec::new(),
            scratch: Scratch::new(),
        }
    }

    /// Someone begins to listen, and to read.
    pub(crate) fn join(&mut self, encoding: Encoding, lead: Duration) -> usize {
        let lead = Lead::new(lead).unwrap();
        let (id, at) = self.stream.handle_join(encoding, lead, self.now).unwrap();
        self.ears.push(Ear { id, is_reading: true, at, jumps: 0, heard: Vec::new() });
        self.ears.len() - 1
    }

    pub(crate) fn leave(&mut self, ear: usize) {
        self.ears[ear].is_reading = false;
        self.stream.handle_leave(self.ears[ear].id, self.now);
    }

    pub(crate) fn set_reading(&mut self, ear: usize, is_reading: bool) {
        self.ears[ear].is_reading = is_reading;
    }

    /// Lets go of what a listener has heard.
    pub(crate) fn forget(&mut self, ear: usize) {
        self.ears[ear].heard.clear();
    }

    pub(crate) fn set(&mut self, name: &str, value: f32) -> Applied {
        let setting = self.stream.spec().setting_of(name, value).unwrap();
        self.stream.handle_setting(setting, self.now)
    }

    /// Sets a parameter by a ramp of so many seconds.
    pub(crate) fn glide(&mut self, name: &str, value: f32, seconds: &str) -> Applied {
        let setting = self.stream.spec().setting_of(name, value).unwrap();
        self.stream.handle_setting(setting.over(Ramp::parse(seconds).unwrap()), self.now)
    }

    pub(crate) fn ear(&self, ear: usize) -> &Ear {
        &self.ears[ear]
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    /// Lets time pass, rendering what is due when it is due.
    pub(crate) fn run(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            self.read();
            match self.stream.poll(self.now) {
                Next::Render { at, .. } if at <= self.now => self.render(),
                Next::Render { at, .. } | Next::Wait(at) if at < until => {
                    // Whoever reads again is noticed within 10 ms.
                    self.now = at.min(self.now + ms(10));
                }
                _ if self.now + ms(10) < until => self.now += ms(10),
                _ => break,
            }
        }
        self.now = until;
    }

    /// Lets time pass in which nothing at all happens, as on a machine that sleeps.
    pub(crate) fn sleep(&mut self, time: Duration) {
        self.now += time;
    }

    fn render(&mut self) {
        let report = self.stream.render(&mut self.scratch, self.now);
        self.reports.push((self.elapsed(), report));
        self.stream.encode(&mut self.scratch);
    }

    fn read(&mut self) {
        let elapsed = self.elapsed();
        for ear in self.ears.iter_mut().filter(|ear| ear.is_reading) {
            while let Some(Taken { bytes, end, has_jumped }) = self.stream.take(ear.id, self.now) {
                ear.at = end;
                ear.jumps += u64::from(has_jumped);
                ear.heard.push((elapsed, bytes.to_vec()));
            }
        }
    }
}

impl Ear {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.heard.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect()
    }

    /// Samples a channel that it has been sent, of WAV.
    pub(crate) fn samples(&self) -> u64 {
        self.heard.iter().map(|(_, bytes)| bytes.len() as u64 / 4).sum()
    }

    /// Left and right of every sample, of WAV.
    pub(crate) fn pcm(&self) -> Vec<[u16; 2]> {
        let bytes = self.bytes();
        let word = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]);
        bytes.chunks(4).map(|sample| [word(&sample[..2]), word(&sample[2..])]).collect()
    }

    pub(crate) fn jumps(&self) -> u64 {
        self.jumps
    }

    pub(crate) fn at(&self) -> Position {
        self.at
    }

    /// Where the left channel does not simply go on: index and sample before and after.
    pub(crate) fn breaks(&self) -> Vec<(usize, u16, u16)> {
        let pcm = self.pcm();
        let is_break =
            |pair: &[[u16; 2]]| u64::from(pair[1][0]) != (u64::from(pair[0][0]) + 1) % LAP;
        let pairs = pcm.windows(2).enumerate();
        pairs.filter(|(_, pair)| is_break(pair)).map(|(n, p)| (n, p[0][0], p[1][0])).collect()
    }
}

pub(crate) fn seconds(samples: u64) -> f64 {
    samples as f64 / f64::from(RATE)
}
