//! One stream on its thread, with its outlets and the seats of its listeners.

use std::{
    sync::{Arc, mpsc},
    time::Instant,
};

use perpetuo_engine::{Applied, Cursor, Encoding, Lead, ListenerId, Next, Report, Scratch, Stream};
use perpetuo_station::Setting;

use crate::{
    DriverError, Listener, Metrics, StreamKey,
    cpu::CpuLaps,
    handle::Command,
    outlet::{Outlet, Seat},
};

/// One stream and everything that hangs on it.
pub(crate) struct Stage {
    pub(crate) stream: Stream,
    outlets: Vec<(Encoding, Arc<Outlet>)>,
    seats: Vec<(ListenerId, Arc<Seat>)>,
    is_counted_playing: Option<bool>,
}

/// What a listener takes along when it leaves the thread.
pub(crate) struct Door<'a> {
    pub(crate) key: StreamKey,
    pub(crate) inbox: &'a mpsc::Sender<Command>,
    pub(crate) metrics: &'a Arc<Metrics>,
    pub(crate) sample_rate_hz: u32,
}

impl Stage {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, outlets: Vec::new(), seats: Vec::new(), is_counted_playing: None }
    }

    /// Seats a listener.
    pub(crate) fn listen(
        &mut self,
        encoding: Encoding,
        lead: Lead,
        door: &Door<'_>,
        now: Instant,
    ) -> Result<Listener, DriverError> {
        let lead_samples = lead.samples(door.sample_rate_hz);
        let outlet = self.outlet(encoding);
        self.stream
            .handle_encoding(encoding, lead, &mut |_, chunk| outlet.push(chunk))
            .map_err(|_| DriverError::NoEncoder)?;
        let start = outlet.entry(lead_samples);
        let id = self.stream.handle_join(encoding, lead, start, now);
        let seat = Arc::new(Seat::new(start));
        self.seats.push((id, Arc::clone(&seat)));
        door.metrics.listeners.inc();
        Ok(Listener {
            outlet,
            seat,
            cursor: Cursor::new(start, lead_samples, door.sample_rate_hz),
            start,
            key: door.key,
            id,
            inbox: door.inbox.clone(),
            metrics: Arc::clone(door.metrics),
        })
    }

    /// Empties a seat.
    pub(crate) fn leave(&mut self, id: ListenerId, metrics: &Metrics, now: Instant) {
        if let Some(index) = self.seats.iter().position(|(seat, _)| *seat == id) {
            self.seats.swap_remove(index);
            metrics.listeners.dec();
        }
        self.stream.handle_leave(id, now);
    }

    /// Applies settings together; without any, says where one would apply.
    pub(crate) fn set(&mut self, settings: &[Setting], now: Instant) -> Applied {
        let position = self.stream.state().position;
        let nothing = Applied { position, audible_in: None };
        settings.iter().fold(nothing, |_, setting| self.stream.handle_setting(*setting, now))
    }

    /// Asks the stream what to do next, after telling it how far its listeners are.
    pub(crate) fn poll(&mut self, now: Instant) -> Next {
        self.note_progress(now);
        let mut next = self.stream.poll(now);
        self.tell_frozen();
        if !self.stream.is_playing() && !self.seats.is_empty() {
            // Someone may have taken a chunk just before it could see that the stream had frozen.
            self.note_progress(now);
            next = self.stream.poll(now);
            self.tell_frozen();
        }
        if self.stream.is_resting() {
            self.outlets.clear();
        }
        next
    }

    /// Renders, encodes and hands over one chunk, and counts what it cost.
    pub(crate) fn render(
        &mut self,
        scratch: &mut Scratch,
        metrics: &Metrics,
        now: Instant,
    ) -> Report {
        let mut laps = CpuLaps::start();
        let report = self.stream.render(scratch, now);
        metrics.render.inc_by(laps.lap().as_secs_f64());
        let outlets = &self.outlets;
        self.stream.encode(scratch, &mut |encoding, chunk| {
            if let Some((_, outlet)) = outlets.iter().find(|(of, _)| *of == encoding) {
                outlet.push(chunk);
            }
        });
        let stream = &self.stream;
        self.outlets.retain(|(encoding, _)| stream.has_rendition(*encoding));
        self.wake();
        metrics.encode.inc_by(laps.lap().as_secs_f64());
        report
    }

    /// Ends what every listener is sent.
    pub(crate) fn end(&mut self) {
        self.outlets.iter().for_each(|(_, outlet)| outlet.end());
        self.wake();
    }

    /// Keeps the gauges of streams and listeners true, also when the stage is dropped after `None`.
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
        match is_playing {
            Some(is_playing) => drop(gauge(is_playing).inc()),
            None => drop(metrics.listeners.dec_by(self.seats.len() as i64)),
        }
    }

    fn outlet(&mut self, encoding: Encoding) -> Arc<Outlet> {
        if let Some((_, outlet)) = self.outlets.iter().find(|(of, _)| *of == encoding) {
            return Arc::clone(outlet);
        }
        let outlet = Arc::new(Outlet::new(self.stream.state().position));
        self.outlets.push((encoding, Arc::clone(&outlet)));
        outlet
    }

    fn tell_frozen(&self) {
        let is_frozen = !self.stream.is_playing();
        self.outlets.iter().for_each(|(_, outlet)| outlet.set_frozen(is_frozen));
    }

    fn note_progress(&mut self, now: Instant) {
        for (id, seat) in &self.seats {
            self.stream.on_taken(*id, seat.taken(), now);
        }
    }

    fn wake(&self) {
        self.seats.iter().for_each(|(_, seat)| seat.wake());
    }
}
