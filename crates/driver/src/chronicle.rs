//! What happens in a stream, told to whoever follows it.
//!
//! ```text
//! settings, notes ─► pending ──tell──► batch ─┬─► log, half a minute
//! state, listeners ────────────────────▲      └─► channel ─► Follower, one each
//! ```
//!
//! A stream has a chronicle while someone follows it and for half a minute after, so that who lost the
//! connection misses nothing. A stream that nobody follows has none, and its station tells no notes.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::{Duration, Instant},
};

use perpetuo_engine::{Position, State, Stream};
use perpetuo_station::{Note, Setting, Title};
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::broadcast;

/// Something that happened, and where in the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Counts up within one chronicle; an entry that only repeats how the stream stands has the number of
    /// the one before.
    pub number: u64,
    /// Where it is heard.
    pub position: Position,
    /// What happened.
    pub what: What,
}

/// What can happen in a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// It stands like this: said to whoever begins to follow, when it begins or stops to play, when what
    /// it is doing changes, and every few seconds while it plays.
    Stands(State),
    /// These were set, together.
    Set(Vec<Setting>),
    /// A note begins.
    Note(Note),
    /// So many listen from now on.
    Listeners(usize),
    /// The program is ending: what listeners are sent ends within so long, and then this.
    Ending(Duration),
}

/// What happened between two looks.
pub type Batch = Arc<[Entry]>;

/// How far a follower has come: which chronicle, and the number of the last entry it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Tells one chronicle from any other.
    pub chronicle: u64,
    /// See [`Entry::number`].
    pub number: u64,
}

/// Someone who follows a stream; dropping it is leaving.
pub struct Follower {
    chronicle: u64,
    past: Option<Batch>,
    channel: broadcast::Receiver<Batch>,
    count: Gauge,
}

impl Follower {
    /// What happened next: first what was missed, or how the stream stands. `None` when the stream is
    /// forgotten or has failed, the program ends, or the follower has fallen behind so far that it had better
    /// begin again.
    pub async fn next(&mut self) -> Option<Batch> {
        match self.past.take() {
            Some(past) => Some(past),
            None => self.channel.recv().await.ok(),
        }
    }

    /// Which chronicle it is told from.
    pub fn chronicle(&self) -> u64 {
        self.chronicle
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.count.dec();
    }
}

/// What a stream's followers are told, and what they were told last.
pub(crate) struct Chronicle {
    id: u64,
    last: u64,
    pending: Vec<Entry>,
    log: VecDeque<(Instant, Batch)>,
    channel: broadcast::Sender<Batch>,
    told: Told,
    followed: Instant,
}

/// What was last told of how the stream stands.
struct Told {
    title: Title,
    is_playing: bool,
    listeners: usize,
    at: Instant,
}

impl Told {
    fn of(stream: &Stream, at: Instant) -> Self {
        Self {
            title: stream.title(),
            is_playing: stream.is_playing(),
            listeners: stream.listeners(),
            at,
        }
    }
}

impl Chronicle {
    /// How long what happened is kept, and a chronicle that nobody follows.
    const KEPT: Duration = Duration::from_secs(30);

    /// Entries kept at most, whatever happens; settings may come by the hundred.
    const KEPT_ENTRIES: usize = 4096;

    /// Batches a follower may fall behind: ten seconds or more of a stream that plays.
    const ROOM: usize = 256;

    /// How often it is told how the stream stands, while it plays.
    const BEAT: Duration = Duration::from_secs(5);

    /// How often one should be looked at whose stream has nothing to do.
    pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

    pub(crate) fn new(stream: &Stream, now: Instant) -> Self {
        Self {
            // Different in each, also after a restart; `RandomState` is keyed by chance.
            id: RandomState::new().hash_one(0),
            last: 0,
            pending: Vec::new(),
            log: VecDeque::new(),
            channel: broadcast::Sender::new(Self::ROOM),
            told: Told::of(stream, now),
            followed: now,
        }
    }

    /// Lets someone follow, who was told up to `mark`, from there on if that is still known.
    pub(crate) fn follow(
        &mut self,
        stream: &Stream,
        mark: Option<Mark>,
        count: Gauge,
        now: Instant,
    ) -> Follower {
        self.tell(stream, now);
        let past = mark.and_then(|mark| self.since(mark)).unwrap_or_else(|| {
            let state = stream.state();
            let position = state.position;
            Arc::from([Entry { number: self.last, position, what: What::Stands(state) }])
        });
        count.inc();
        Follower {
            chronicle: self.id,
            past: (!past.is_empty()).then_some(past),
            channel: self.channel.subscribe(),
            count,
        }
    }

    /// Notes that these were set together.
    pub(crate) fn on_set(&mut self, position: Position, settings: &[Setting]) {
        self.note(position, What::Set(settings.to_vec()));
    }

    /// Notes that the stream will be ended.
    pub(crate) fn on_ending(&mut self, position: Position, within: Duration) {
        self.note(position, What::Ending(within));
    }

    /// Notes that a note begins.
    pub(crate) fn on_note(&mut self, position: Position, note: Note) {
        self.note(position, What::Note(note));
    }

    /// Tells what has happened since the last time.
    pub(crate) fn tell(&mut self, stream: &Stream, now: Instant) {
        if self.channel.receiver_count() > 0 {
            self.followed = now;
        }
        let seen = Told::of(stream, now);
        let has_changed = (seen.title, seen.is_playing) != (self.told.title, self.told.is_playing);
        if has_changed || (seen.is_playing && now >= self.told.at + Self::BEAT) {
            let state = stream.state();
            self.note(state.position, What::Stands(state));
            self.told = seen;
        } else if seen.listeners != self.told.listeners {
            self.note(stream.position(), What::Listeners(seen.listeners));
            self.told.listeners = seen.listeners;
        }
        if self.pending.is_empty() {
            return;
        }
        let batch = Batch::from(std::mem::take(&mut self.pending));
        self.log.push_back((now, Arc::clone(&batch)));
        self.forget(now);
        // Nobody there is no error: someone may come back.
        let _ = self.channel.send(batch);
    }

    /// Whether nobody has followed for so long that it need not be kept.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.channel.receiver_count() == 0 && now >= self.followed + Self::KEPT
    }

    fn note(&mut self, position: Position, what: What) {
        self.last += 1;
        self.pending.push(Entry { number: self.last, position, what });
    }

    /// What happened after `mark`, if all of it is still known.
    fn since(&self, mark: Mark) -> Option<Batch> {
        let oldest = self.log.front().map_or(self.last + 1, |(_, batch)| batch[0].number);
        let is_known = mark.chronicle == self.id && (oldest - 1..=self.last).contains(&mark.number);
        is_known.then(|| {
            let entries = self.log.iter().flat_map(|(_, batch)| batch.iter());
            entries.filter(|entry| entry.number > mark.number).cloned().collect()
        })
    }

    fn forget(&mut self, now: Instant) {
        let entries = |log: &VecDeque<(Instant, Batch)>| -> usize {
            log.front().map_or(0, |(_, oldest)| (self.last + 1 - oldest[0].number) as usize)
        };
        while self.log.front().is_some_and(|(at, _)| now >= *at + Self::KEPT)
            || (self.log.len() > 1 && entries(&self.log) > Self::KEPT_ENTRIES)
        {
            self.log.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use perpetuo_engine::StreamConfig;
    use perpetuo_station::{ParamSpec, StationSpec};

    use super::*;

    const PARAMS: &[ParamSpec] = &[ParamSpec::number("level", "Level", 0.0..=1.0, 0.5, "None.")];

    /// A stream that nobody listens to.
    fn stream(now: Instant) -> Stream {
        let spec = StationSpec {
            name: "silence",
            title: "Silence",
            about: "None.",
            version: 1,
            params: PARAMS,
            presets: &[],
            refill: Duration::from_secs(2),
            perform: |_| unreachable!("nobody listens"),
        };
        let day = Duration::from_secs(86_400);
        let config = StreamConfig { sample_rate_hz: 44_100, frozen_for: day, time_to_live: day };
        let values = spec.defaults();
        Stream::new(Arc::new(spec), 1, values, 0.0, config, now)
    }

    fn set(chronicle: &mut Chronicle, stream: &Stream, level: f32, now: Instant) {
        let setting = stream.spec().setting_of("level", level).unwrap();
        chronicle.on_set(stream.position(), &[setting]);
        chronicle.tell(stream, now);
    }

    fn levels(batch: Option<&Batch>) -> Vec<f32> {
        let entries = batch.into_iter().flat_map(|batch| batch.iter());
        let level = |entry: &Entry| match &entry.what {
            What::Set(settings) => Some(settings[0].value()),
            _ => None,
        };
        entries.filter_map(level).collect()
    }

    #[test]
    fn it_is_kept_while_someone_follows_and_half_a_minute_more() {
        let now = Instant::now();
        let (stream, count) = (stream(now), Gauge::default());
        let mut chronicle = Chronicle::new(&stream, now);
        let follower = chronicle.follow(&stream, None, count.clone(), now);
        let later = now + 10 * Chronicle::KEPT;
        chronicle.tell(&stream, later);
        assert!(!chronicle.is_over(later + Chronicle::KEPT));
        assert_eq!(count.get(), 1);
        drop(follower);
        assert_eq!(count.get(), 0);
        assert!(!chronicle.is_over(later));
        assert!(chronicle.is_over(later + Chronicle::KEPT));
    }

    #[test]
    fn what_was_missed_is_told_as_long_as_all_of_it_is_known() {
        let now = Instant::now();
        let stream = stream(now);
        let mut chronicle = Chronicle::new(&stream, now);
        let mark = Mark { chronicle: chronicle.id, number: 1 };
        let missed = |chronicle: &mut Chronicle, mark, at| {
            chronicle.follow(&stream, Some(mark), Gauge::default(), at).past.take()
        };
        for (seconds, level) in [(0, 0.1), (1, 0.2), (2, 0.3)] {
            set(&mut chronicle, &stream, level, now + Duration::from_secs(seconds));
        }
        assert_eq!(levels(missed(&mut chronicle, mark, now).as_ref()), [0.2, 0.3]);
        let all = Mark { number: 3, ..mark };
        assert_eq!(missed(&mut chronicle, all, now), None);
        let late = now + Chronicle::KEPT + Duration::from_secs(1);
        set(&mut chronicle, &stream, 0.4, late);
        assert_eq!(
            levels(missed(&mut chronicle, Mark { number: 2, ..mark }, late).as_ref()),
            [0.3, 0.4]
        );
        // What follows on 1 is forgotten; 4 has not been told; another chronicle is another.
        for unknown in [
            mark,
            Mark { number: 5, ..mark },
            Mark { number: u64::MAX, ..mark },
            Mark { chronicle: !chronicle.id, number: 3 },
        ] {
            let told = missed(&mut chronicle, unknown, late).unwrap();
            assert!(matches!(told[..], [Entry { number: 4, what: What::Stands(_), .. }]));
        }
    }

    #[test]
    fn of_a_flood_so_many_entries_are_kept() {
        let now = Instant::now();
        let stream = stream(now);
        let mut chronicle = Chronicle::new(&stream, now);
        for _ in 0..3 * Chronicle::KEPT_ENTRIES {
            set(&mut chronicle, &stream, 0.1, now);
        }
        let kept: usize = chronicle.log.iter().map(|(_, batch)| batch.len()).sum();
        assert_eq!(kept, Chronicle::KEPT_ENTRIES);
    }

    #[tokio::test]
    async fn who_falls_behind_too_far_had_better_begin_again() {
        let now = Instant::now();
        let stream = stream(now);
        let mut chronicle = Chronicle::new(&stream, now);
        let mut follower = chronicle.follow(&stream, None, Gauge::default(), now);
        assert!(follower.next().await.is_some());
        for _ in 0..=Chronicle::ROOM {
            set(&mut chronicle, &stream, 0.1, now);
        }
        assert_eq!(follower.next().await, None);
    }
}
