//! What one render thread can carry: costs measured, reserved at once, and limited.
//!
//! ```text
//! utilisation = Σ cost / availability
//! cost          CPU time a stream takes for a second of its audio
//! availability  CPU time the thread got / time in which it wanted to run
//! ```
//!
//! A thread that shares its core gets less of it, so the same streams use it more. Both are running means
//! of what was measured; whoever is let in is reserved what its station is known to cost, and measured
//! from then on.

use std::{collections::HashMap, fmt, time::Duration};

/// The costs of one thread's streams, and what there is to pay them with.
#[derive(Debug)]
pub struct Load {
    /// Of a stream of each station, without its listeners.
    stations: HashMap<&'static str, Cost>,
    /// Of feeding one listener.
    listener: Cost,
    /// Of all streams that play.
    reserved: f64,
    availability: f64,
    lag: Duration,
}

/// How full a thread is: a copy, to be asked from anywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// [`Load::utilisation`].
    pub utilisation: f64,
    /// The share of its core that the thread gets when it wants to run.
    pub availability: f64,
    /// How late what is due comes.
    pub lag: Duration,
}

/// What one stream that plays is reckoned to cost, as a share of a core.
#[derive(Debug)]
pub struct Cost {
    share: f64,
    /// Seconds of audio by which it was measured, up to those it is averaged over.
    measured: f64,
}

/// Why nobody can be let in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Overload {
    /// The processor would be used beyond [`Load::LIMIT`]: how far it is used, as a share.
    Busy(f64),
    /// What is rendered comes later than [`Load::MAX_LAG`]: how late.
    Late(Duration),
}

impl Load {
    /// How far a thread may be used, as a share of what it gets. Beyond 0.9 every design measured lets
    /// some chunks come late; the rest is room for what costs differ by (2 cores, 1,000 streams, 2026-11).
    pub const LIMIT: f64 = 0.85;

    /// How late chunks may come for someone to be let in.
    pub const MAX_LAG: Duration = Duration::from_millis(100);

    /// The share of its lead by which a stream may be late; beyond, the newest make room.
    pub const SHED_AT: f64 = 0.45;

    /// What a stream is taken to cost whose station has not been measured: three times one of ours.
    pub const UNKNOWN_STATION: f64 = 0.003;

    /// What feeding one listener is taken to cost before it has been measured.
    const UNKNOWN_LISTENER: f64 = 0.000_05;

    /// The time over which availability is averaged.
    const AVAILABILITY_OVER: Duration = Duration::from_millis(300);

    /// The audio over which a stream's cost is averaged.
    const COST_OVER: Duration = Duration::from_secs(4);

    /// The audio of all its streams over which a station's is, and of any streams a listener's.
    const STATION_COST_OVER: Duration = Duration::from_secs(60);

    /// A thread that has all of its core and nothing to do.
    #[expect(clippy::new_without_default, reason = "it is made once a thread")]
    pub fn new() -> Self {
        Self {
            stations: HashMap::new(),
            listener: Cost { share: Self::UNKNOWN_LISTENER, measured: 0.0 },
            reserved: 0.0,
            availability: 1.0,
            lag: Duration::ZERO,
        }
    }

    /// Whether a stream of this station may begin to play.
    ///
    /// # Errors
    ///
    /// [`Overload`] if it may not.
    pub fn admit(&self, station: &str) -> Result<(), Overload> {
        self.level().admit(self.station(station) + self.listener.share)
    }

    /// Whether a stream that plays may have a listener more.
    ///
    /// # Errors
    ///
    /// [`Overload`] if it may not.
    pub fn admit_listener(&self) -> Result<(), Overload> {
        self.level().admit(self.listener.share)
    }

    /// Sets aside what a stream of this station will cost.
    pub fn reserve(&mut self, station: &str) -> Cost {
        let cost = self.station(station) + self.listener.share;
        self.reserved += cost;
        Cost { share: cost, measured: 0.0 }
    }

    /// Adds another encoding to what was set aside, at what all of a stream costs: to begin it, some of the
    /// past is rendered again. What it costs from then on is measured.
    pub fn reserve_encoding(&mut self, cost: &mut Cost, station: &str) {
        let more = self.station(station) + self.listener.share;
        self.reserved += more;
        cost.share += more;
    }

    /// Adds a listener to what was set aside.
    pub fn reserve_listener(&mut self, cost: &mut Cost) {
        self.reserved += self.listener.share;
        cost.share += self.listener.share;
    }

    /// Frees what a stream cost.
    pub fn release(&mut self, Cost { share, .. }: Cost) {
        // Rounding must not add up over the years.
        self.reserved = (self.reserved - share).max(0.0);
    }

    /// Notes what `audio` of a stream took: CPU time to make it, and to feed it to so many listeners.
    pub fn on_chunk(
        &mut self,
        cost: &mut Cost,
        station: &'static str,
        made: Duration,
        fed: (Duration, usize),
        audio: Duration,
    ) {
        let share = |cpu: Duration| cpu.as_secs_f64() / audio.as_secs_f64();
        let before = cost.share;
        cost.measure(share(made + fed.0), audio, Self::COST_OVER);
        self.reserved = (self.reserved + cost.share - before).max(0.0);
        let station = self.stations.entry(station).or_insert(Cost { share: 0.0, measured: 0.0 });
        station.measure(share(made), audio, Self::STATION_COST_OVER);
        if fed.1 > 0 {
            let each = share(fed.0) / fed.1 as f64;
            self.listener.measure(each, audio, Self::STATION_COST_OVER);
        }
    }

    /// Notes how much CPU time the thread got in `wall`, all of which it wanted to run. Of a machine that
    /// stood still nothing is learnt but that: a turn counts as 20 ms at most.
    pub fn on_turn(&mut self, got: Duration, wall: Duration) {
        let wall = wall.as_secs_f64().clamp(1e-6, 0.02);
        let weight = (wall / Self::AVAILABILITY_OVER.as_secs_f64()).min(1.0);
        let share = (got.as_secs_f64() / wall).clamp(0.01, 1.0);
        approach(&mut self.availability, share, weight);
    }

    /// Notes how late what is due comes; zero when nothing is.
    pub fn on_lag(&mut self, lag: Duration) {
        self.lag = lag;
    }

    /// How far the thread is used: 1 is all of what it gets.
    pub fn utilisation(&self) -> f64 {
        self.reserved / self.availability
    }

    /// How full the thread is.
    pub fn level(&self) -> Level {
        let (utilisation, availability, lag) = (self.utilisation(), self.availability, self.lag);
        Level { utilisation, availability, lag }
    }

    /// What a stream of each station costs, without its listeners, as a share of a core.
    pub fn stations(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.stations.iter().map(|(&station, cost)| (station, cost.share))
    }

    fn station(&self, station: &str) -> f64 {
        self.stations.get(station).map_or(Self::UNKNOWN_STATION, Cost::share)
    }
}

impl Level {
    /// Of a thread that has all of its core and nothing to do.
    pub const EMPTY: Self = Self { utilisation: 0.0, availability: 1.0, lag: Duration::ZERO };

    /// Whether something of such a cost, as a share of a core, may be let in.
    ///
    /// # Errors
    ///
    /// [`Overload`] if it may not.
    pub fn admit(&self, cost: f64) -> Result<(), Overload> {
        if self.lag > Load::MAX_LAG {
            return Err(Overload::Late(self.lag));
        }
        if self.utilisation + cost / self.availability > Load::LIMIT {
            return Err(Overload::Busy(self.utilisation));
        }
        Ok(())
    }
}

/// Moves a running mean towards what was measured.
fn approach(mean: &mut f64, measured: f64, weight: f64) {
    *mean += (measured - *mean) * weight;
}

impl Cost {
    /// As a share of a core.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// Takes what `audio` has cost into a mean over the last so much of it; the first counts at once.
    fn measure(&mut self, share: f64, audio: Duration, over: Duration) {
        self.measured = (self.measured + audio.as_secs_f64()).min(over.as_secs_f64());
        approach(&mut self.share, share, (audio.as_secs_f64() / self.measured).min(1.0));
    }
}

impl fmt::Display for Overload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(used) => {
                let (used, limit) = (100.0 * used, 100.0 * Load::LIMIT);
                write!(f, "the processor is used to {used:.0} %, the limit is {limit:.0} %")
            }
            Self::Late(lag) => {
                let (lag, limit) = (lag.as_millis(), Load::MAX_LAG.as_millis());
                write!(f, "audio comes {lag} ms late, the limit is {limit} ms")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: Duration = Duration::from_millis(200);

    /// Plays `chunks` of a stream that takes `cpu` for each.
    fn play(load: &mut Load, cost: &mut Cost, cpu: Duration, chunks: usize) {
        for _ in 0..chunks {
            load.on_chunk(cost, "tone", cpu, (Duration::ZERO, 1), CHUNK);
        }
    }

    /// Lets streams in, each measured for a while, until one is refused.
    fn fill(load: &mut Load, cpu: Duration) -> Vec<Cost> {
        let mut streams = Vec::new();
        while load.admit("tone").is_ok() {
            let mut cost = load.reserve("tone");
            play(load, &mut cost, cpu, 200);
            streams.push(cost);
        }
        streams
    }

    #[test]
    fn streams_are_let_in_up_to_the_limit_of_what_they_were_measured_to_cost() {
        let mut load = Load::new();
        let streams = fill(&mut load, CHUNK / 100);
        assert_eq!(streams.len(), 84);
        assert!((0.84..0.85).contains(&load.utilisation()), "{}", load.utilisation());
        assert!(matches!(load.admit("tone"), Err(Overload::Busy(_))));
    }

    #[test]
    fn a_crowd_is_reserved_what_its_station_costs_before_any_of_it_is_measured() {
        let mut load = Load::new();
        let mut first = load.reserve("tone");
        play(&mut load, &mut first, CHUNK / 10, 200);
        let mut let_in = 1;
        while load.admit("tone").is_ok() {
            load.reserve("tone");
            let_in += 1;
        }
        assert_eq!(let_in, 8);
    }

    #[test]
    fn a_thread_that_gets_half_its_core_carries_half_the_streams() {
        let mut load = Load::new();
        for _ in 0..1000 {
            load.on_turn(Duration::from_millis(1), Duration::from_millis(2));
        }
        assert_eq!(fill(&mut load, CHUNK / 100).len(), 42);
        for _ in 0..1000 {
            load.on_turn(Duration::from_millis(1), Duration::from_millis(1));
        }
        assert!(load.admit("tone").is_ok());
    }

    #[test]
    fn a_machine_that_stood_still_for_a_minute_is_no_overload() {
        let mut load = Load::new();
        let streams = fill(&mut load, CHUNK / 100);
        load.on_turn(Duration::from_millis(1), Duration::from_secs(60));
        assert_eq!(streams.len(), 84);
        assert!(load.utilisation() < 0.95, "{}", load.utilisation());
    }

    #[test]
    fn who_leaves_makes_room_and_leaves_nothing_behind() {
        let mut load = Load::new();
        for _ in 0..100 {
            let streams = fill(&mut load, CHUNK / 19);
            assert_eq!(streams.len(), 16);
            streams.into_iter().for_each(|cost| load.release(cost));
            assert!(load.utilisation() < 1e-9, "{}", load.utilisation());
        }
    }

    #[test]
    fn listeners_cost_what_feeding_them_took() {
        let mut load = Load::new();
        let mut cost = load.reserve("tone");
        for _ in 0..200 {
            let fed = (CHUNK / 10, 1000);
            load.on_chunk(&mut cost, "tone", CHUNK / 100, fed, CHUNK);
        }
        assert!((cost.share() - 0.11).abs() < 1e-3, "{}", cost.share());
        let before = load.utilisation();
        load.reserve_listener(&mut cost);
        assert!((load.utilisation() - before - 0.0001).abs() < 1e-6);
    }

    #[test]
    fn nobody_is_let_in_while_audio_comes_late() {
        let mut load = Load::new();
        load.on_lag(Duration::from_millis(101));
        assert_eq!(load.admit("tone"), Err(Overload::Late(Duration::from_millis(101))));
        assert!(load.admit_listener().is_err());
        load.on_lag(Duration::from_millis(100));
        assert!(load.admit("tone").is_ok());
    }
}
