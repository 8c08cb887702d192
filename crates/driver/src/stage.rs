//! One stream on its thread, with the seats of its listeners and what it costs.

use std::time::{Duration, Instant};

use perpetuo_engine::{
    Applied, Cost, Encoding, Lead, ListenerId, Load, Next, Position, Report, Scratch, Stream,
};
use perpetuo_station::Setting;
use prometheus_client::metrics::gauge::Gauge;

use crate::{
    DriverError, Follower, Mark, Metrics,
    chronicle::Chronicle,
    cpu::CpuLaps,
    feed::{FeedId, Feeds, Served},
};

/// One stream and everything that hangs on it.
pub(crate) struct Stage {
    pub(crate) stream: Stream,
    seats: Vec<Seat>,
    /// How many of the seats, from the first on, have been served since the last chunk.
    served: usize,
    /// How long the last chunk lasts.
    last_chunk: Duration,
    /// What it was let in with, while it plays.
    admission: Option<Admission>,
    spent: Spent,
    /// Chunks one after another that took longer than they may.
    overruns: u32,
    is_counted_playing: Option<bool>,
    /// Whether it began though the store could not say what it knows: then it is not kept, lest it take the place of
    /// what is, until the store has said.
    is_unread: bool,
    /// While someone follows, and a while after.
    chronicle: Option<Box<Chronicle>>,
}

struct Seat {
    listener: ListenerId,
    encoding: Encoding,
    /// `None` until its socket comes.
    feed: Option<FeedId>,
}

struct Admission {
    /// Of two, the one let in later has the larger.
    number: u64,
    cost: Cost,
}

/// CPU time since the last chunk was reckoned.
#[derive(Default)]
struct Spent {
    made: Duration,
    fed: Duration,
}

/// What all stages of a thread work with.
pub(crate) struct Hands<'a> {
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) feeds: &'a mut Feeds,
    pub(crate) metrics: &'a Metrics,
    pub(crate) now: Instant,
}

impl Stage {
    /// Listeners served at a stretch, before whoever is more urgent has its turn; some 0.5 ms.
    const STRETCH: usize = 64;

    /// One in so many: the part of a core that a stream may take without being counted.
    const BUDGET: u32 = 4;

    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream,
            seats: Vec::new(),
            served: 0,
            last_chunk: Duration::ZERO,
            admission: None,
            spent: Spent::default(),
            overruns: 0,
            is_counted_playing: None,
            is_unread: false,
            chronicle: None,
        }
    }

    /// One that rested, and was counted as idle.
    pub(crate) fn rested(stream: Stream) -> Self {
        Self { is_counted_playing: Some(false), ..Self::new(stream) }
    }

    /// Whether nothing hangs on it any more and its stream keeps but a snapshot.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.stream.is_resting()
            && self.seats.is_empty()
            && self.chronicle.is_none()
            && !self.is_unread
            && self.is_counted_playing == Some(false)
    }

    /// Seats a listener, who is not yet served.
    pub(crate) fn join(
        &mut self,
        encoding: Encoding,
        lead: Lead,
        metrics: &Metrics,
        now: Instant,
    ) -> Result<(ListenerId, Position), DriverError> {
        let joined = self.stream.handle_join(encoding, lead, now);
        let (listener, start) = joined.map_err(|_| DriverError::NoEncoder)?;
        self.seats.push(Seat { listener, encoding, feed: None });
        metrics.on_join(encoding);
        Ok((listener, start))
    }

    /// Serves a listener by a socket from now on; one that has gone meanwhile, no more.
    pub(crate) fn attach(&mut self, listener: ListenerId, feed: FeedId, hands: &mut Hands<'_>) {
        let Some(seat) = self.seats.iter_mut().rfind(|seat| seat.listener == listener) else {
            hands.feeds.remove(feed, hands.metrics);
            return;
        };
        seat.feed = Some(feed);
        let mut laps = CpuLaps::start();
        let served = hands.feeds.serve(feed, &mut self.stream, hands.metrics, hands.now);
        self.note_fed(laps.lap(), hands.metrics);
        if served == Served::Gone {
            self.leave(listener, hands);
        }
    }

    /// Goes on serving a listener whose socket takes again.
    pub(crate) fn resume(&mut self, listener: ListenerId, feed: FeedId, hands: &mut Hands<'_>) {
        let stream = Some(&mut self.stream);
        let mut laps = CpuLaps::start();
        let served = hands.feeds.resume(feed, stream, hands.metrics, hands.now);
        self.note_fed(laps.lap(), hands.metrics);
        if served == Served::Gone {
            self.leave(listener, hands);
        }
    }

    /// Empties a seat and closes its socket.
    pub(crate) fn leave(&mut self, listener: ListenerId, hands: &mut Hands<'_>) {
        if let Some(index) = self.seats.iter().position(|seat| seat.listener == listener) {
            let seat = self.empty(index);
            hands.metrics.on_leave(seat.encoding);
            if let Some(feed) = seat.feed {
                hands.feeds.remove(feed, hands.metrics);
            }
        }
        self.stream.handle_leave(listener, hands.now);
    }

    /// Applies settings together; without any, says where one would apply.
    pub(crate) fn set(&mut self, settings: &[Setting], now: Instant) -> Applied {
        let nothing = Applied { position: self.stream.position(), audible_in: None };
        let handle = |_, setting: &Setting| self.stream.handle_setting(*setting, now);
        let applied = settings.iter().fold(nothing, handle);
        if let Some(chronicle) = &mut self.chronicle {
            chronicle.on_set(applied.position, settings);
        }
        applied
    }

    /// The same, begun without knowing what the store knows.
    pub(crate) fn unread(stream: Stream) -> Self {
        Self { is_unread: true, ..Self::new(stream) }
    }

    pub(crate) fn is_unread(&self) -> bool {
        self.is_unread
    }

    /// Notes that the store has said what it knows.
    pub(crate) fn on_read(&mut self) {
        self.is_unread = false;
    }

    /// Goes on from elsewhere, if nobody listens: another stream of that name came further.
    pub(crate) fn adopt(&mut self, stream: Stream) {
        if self.seats.is_empty() {
            self.stream = stream;
        }
    }

    /// Lets someone follow what happens, from `mark` on if that is still known; `count` counts them.
    pub(crate) fn follow(&mut self, mark: Option<Mark>, count: Gauge, now: Instant) -> Follower {
        let chronicle =
            self.chronicle.get_or_insert_with(|| Box::new(Chronicle::new(&self.stream, now)));
        chronicle.follow(&self.stream, mark, count, now)
    }

    /// Tells those who follow what has happened; without any for a while, no more.
    pub(crate) fn tell(&mut self, now: Instant) {
        if let Some(chronicle) = &mut self.chronicle {
            chronicle.tell(&self.stream, now);
        }
        self.chronicle.take_if(|chronicle| chronicle.is_over(now));
    }

    /// Tells those who follow that the stream will be ended within so long.
    pub(crate) fn announce_end(&mut self, within: Duration) {
        if let Some(chronicle) = &mut self.chronicle {
            chronicle.on_ending(self.stream.position(), within);
        }
    }

    /// Ends what followers are told.
    pub(crate) fn close(&mut self) {
        self.chronicle = None;
    }

    /// What it wants to do next: to go on serving before it renders the next chunk, and by so much earlier.
    pub(crate) fn poll(&mut self, now: Instant) -> Next {
        match self.stream.poll(now) {
            Next::Render { deadline, .. } if self.is_serving() => {
                Next::Render { at: now, deadline: deadline - self.last_chunk }
            }
            Next::Wait(_) if self.is_serving() => Next::Render { at: now, deadline: now },
            Next::Wait(until) if self.chronicle.is_some() => {
                Next::Wait(until.min(now + Chronicle::PATIENCE))
            }
            next => next,
        }
    }

    /// Whether not everyone has been given the last chunk.
    pub(crate) fn is_serving(&self) -> bool {
        self.served < self.seats.len()
    }

    /// Renders and encodes one chunk; its listeners are to be served.
    pub(crate) fn render(&mut self, hands: &mut Hands<'_>) -> Report {
        let mut laps = CpuLaps::start();
        let report = match &mut self.chronicle {
            Some(chronicle) => {
                let tell = &mut |position, note| chronicle.on_note(position, note);
                self.stream.render_telling(hands.scratch, tell, hands.now)
            }
            None => self.stream.render(hands.scratch, hands.now),
        };
        let rendered = laps.lap();
        self.stream.encode(hands.scratch);
        let encoded = laps.lap();
        hands.metrics.render.inc_by(rendered.as_secs_f64());
        hands.metrics.encode.inc_by(encoded.as_secs_f64());
        self.spent.made = rendered + encoded;
        self.served = 0;
        report
    }

    /// Serves those who wait for the last chunk, so many at a stretch.
    pub(crate) fn serve(&mut self, hands: &mut Hands<'_>) {
        let mut laps = CpuLaps::start();
        let mut gone = Vec::new();
        let until = self.seats.len().min(self.served + Self::STRETCH);
        for seat in &self.seats[self.served..until] {
            let Some(feed) = seat.feed else { continue };
            let served = hands.feeds.serve(feed, &mut self.stream, hands.metrics, hands.now);
            if served == Served::Gone {
                gone.push(seat.listener);
            }
        }
        self.served = until;
        gone.into_iter().for_each(|listener| self.leave(listener, hands));
        self.note_fed(laps.lap(), hands.metrics);
    }

    /// Reckons what a chunk that lasts for `audio` cost: what it took to make, and to serve the one before.
    /// One for which the station had to wake says nothing of the next.
    pub(crate) fn reckon(&mut self, load: &mut Load, audio: Duration, has_woken: bool) {
        self.last_chunk = audio;
        if has_woken {
            self.spent = Spent::default();
            return;
        }
        let Spent { made, fed } = std::mem::take(&mut self.spent);
        let station = self.stream.spec().name;
        if let Some(Admission { cost, .. }) = &mut self.admission {
            load.on_chunk(cost, station, made, (fed, self.seats.len()), audio);
        }
        self.overruns = if made >= audio / Self::BUDGET { self.overruns + 1 } else { 0 };
    }

    /// Chunks that it took too long for, one after another.
    pub(crate) fn overruns(&self) -> u32 {
        self.overruns
    }

    /// Ends what every listener is sent.
    pub(crate) fn end(&mut self, hands: &mut Hands<'_>) {
        for seat in std::mem::take(&mut self.seats) {
            hands.metrics.on_leave(seat.encoding);
            if let Some(feed) = seat.feed {
                hands.feeds.end(feed, &mut self.stream, hands.metrics, hands.now);
            }
            self.stream.handle_leave(seat.listener, hands.now);
        }
        self.served = 0;
    }

    pub(crate) fn listeners(&self) -> usize {
        self.seats.len()
    }

    /// Whether a place is set aside for it to play.
    pub(crate) fn is_admitted(&self) -> bool {
        self.admission.is_some()
    }

    /// Notes that it was let in, as the so manyth.
    pub(crate) fn admit(&mut self, number: u64, cost: Cost) {
        self.admission = Some(Admission { number, cost });
    }

    /// Sets aside what another listener will cost, and its encoding if that is a new one.
    pub(crate) fn reserve(&mut self, is_new_encoding: bool, load: &mut Load) {
        match &mut self.admission {
            Some(Admission { cost, .. }) if is_new_encoding => {
                load.reserve_encoding(cost, self.stream.spec().name);
            }
            Some(Admission { cost, .. }) => load.reserve_listener(cost),
            None => {}
        }
    }

    /// Gives back its place, of which it tells the number.
    pub(crate) fn dismiss(&mut self, load: &mut Load) -> Option<u64> {
        let Admission { number, cost } = self.admission.take()?;
        load.release(cost);
        Some(number)
    }

    /// Keeps the gauges of streams true, also when the stage is dropped after `None`.
    pub(crate) fn count(&mut self, is_playing: Option<bool>, metrics: &Metrics) {
        let gauge = |is_playing: bool| match is_playing {
            true => &metrics.streams_playing,
            false => &metrics.streams_idle,
        };
        if is_playing == self.is_counted_playing {
            return;
        }
        if let Some(was_playing) = std::mem::replace(&mut self.is_counted_playing, is_playing) {
            gauge(was_playing).dec();
        }
        if let Some(is_playing) = is_playing {
            gauge(is_playing).inc();
        }
    }

    fn note_fed(&mut self, cpu: Duration, metrics: &Metrics) {
        self.spent.fed += cpu;
        metrics.deliver.inc_by(cpu.as_secs_f64());
    }

    /// Takes a seat away without making anyone wait or be served twice.
    fn empty(&mut self, index: usize) -> Seat {
        if index >= self.served {
            return self.seats.swap_remove(index);
        }
        self.served -= 1;
        self.seats.swap(index, self.served);
        self.seats.swap_remove(self.served)
    }
}
