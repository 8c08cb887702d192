//! What waits to be written.
//!
//! Of each stream one thing is under way at a time, so that a stream's messages come in order whatever
//! fails: first settings, then the record, then what was heard. Settings are only marked here:
//! [`super::order::Order`] knows them. A newer record takes the place of the one that waits.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use perpetuo_driver::StreamKey;
use perpetuo_engine::Position;
use perpetuo_station::StationSpec;
use tokio::sync::oneshot;

/// All that waits, of all streams.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    lanes: HashMap<StreamKey, Lane>,
    /// Those of which something waits and nothing is under way.
    ready: VecDeque<StreamKey>,
    /// Bytes of all records and passages.
    bytes: usize,
}

/// What waits of one stream.
#[derive(Debug)]
struct Lane {
    spec: Arc<StationSpec>,
    flying: Option<Item>,
    /// Where the latest settings were made.
    settings: Option<Position>,
    /// Who is told when settings up to a turn are kept.
    turns: Vec<(u64, oneshot::Sender<()>)>,
    record: Option<Bytes>,
    past: VecDeque<(Position, Bytes)>,
    /// Who is told when nothing waits.
    flushes: Vec<oneshot::Sender<()>>,
}

/// One thing to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// Settings, the latest of which was made at this position.
    Settings(Position),
    /// What to go on from.
    Record(Bytes),
    /// What was heard, from a position on.
    Past(Position, Bytes),
}

/// There was no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom;

impl Outbox {
    /// How many streams may wait: their settings are what is kept longest.
    const MAX_STREAMS: usize = 100_000;

    /// How many bytes may wait: some ten minutes of a thousand streams.
    const MAX_BYTES: usize = 64 * 1024 * 1024;

    /// Takes something, and tells who asks when settings up to a turn are kept. Over the limit what was heard
    /// is lost first, then records, and settings last.
    pub(crate) fn put(
        &mut self,
        key: StreamKey,
        spec: &Arc<StationSpec>,
        item: Item,
        committed: Option<(u64, oneshot::Sender<()>)>,
    ) -> Result<(), NoRoom> {
        let is_full = match &item {
            Item::Settings(_) => {
                !self.lanes.contains_key(&key) && self.lanes.len() >= Self::MAX_STREAMS
            }
            Item::Record(bytes) => !self.make_room(bytes.len()),
            Item::Past(_, bytes) => self.bytes + bytes.len() > Self::MAX_BYTES,
        };
        if is_full {
            return Err(NoRoom);
        }
        let lane = self.lanes.entry(key).or_insert_with(|| Lane::new(Arc::clone(spec)));
        let was_idle = lane.len() == 0;
        match item {
            Item::Settings(position) => lane.settings = Some(position),
            Item::Record(bytes) => {
                self.bytes += bytes.len();
                self.bytes -= lane.record.replace(bytes).map_or(0, |old| old.len());
            }
            Item::Past(from, bytes) => {
                self.bytes += bytes.len();
                lane.past.push_back((from, bytes));
            }
        }
        lane.turns.extend(committed);
        if was_idle {
            self.ready.push_back(key);
        }
        Ok(())
    }

    /// What to write next; it is under way until [`Self::done`] or [`Self::again`].
    pub(crate) fn next(&mut self) -> Option<(StreamKey, Arc<StationSpec>, Item)> {
        loop {
            let key = self.ready.pop_front()?;
            let Some(lane) = self.lanes.get_mut(&key) else { continue };
            if lane.flying.is_some() {
                continue;
            }
            // What waited may have been let go of.
            let Some(item) = lane.pop() else {
                self.close(key);
                continue;
            };
            self.bytes -= item.bytes();
            lane.flying = Some(item.clone());
            return Some((key, Arc::clone(&lane.spec), item));
        }
    }

    /// What was under way is kept, or needs not be.
    pub(crate) fn done(&mut self, key: StreamKey) {
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        lane.flying = None;
        if lane.len() > 0 {
            self.ready.push_back(key);
        } else {
            self.close(key);
        }
    }

    /// What was under way is not kept, and waits again, unless something newer does.
    pub(crate) fn again(&mut self, key: StreamKey) {
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        let Some(item) = lane.flying.take() else { return };
        match item {
            Item::Settings(position) => lane.settings = lane.settings.max(Some(position)),
            Item::Record(bytes) if lane.record.is_none() => {
                self.bytes += bytes.len();
                lane.record = Some(bytes);
            }
            Item::Record(_) => {}
            Item::Past(from, bytes) => {
                self.bytes += bytes.len();
                lane.past.push_front((from, bytes));
            }
        }
        self.ready.push_back(key);
    }

    /// Nothing that is under way will be heard of again.
    pub(crate) fn again_all(&mut self) {
        let is_flying = |(_, lane): &(&StreamKey, &Lane)| lane.flying.is_some();
        let flying: Vec<_> = self.lanes.iter().filter(is_flying).map(|(key, _)| *key).collect();
        flying.into_iter().for_each(|key| self.again(key));
    }

    /// A stream's settings up to a turn are kept.
    pub(crate) fn committed(&mut self, key: StreamKey, turn: u64) {
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        for (_, committed) in lane.turns.extract_if(.., |(of, _)| *of <= turn) {
            let _ = committed.send(());
        }
    }

    /// Tells when all is kept that waits of a stream.
    pub(crate) fn flush(&mut self, key: StreamKey, done: oneshot::Sender<()>) {
        match self.lanes.get_mut(&key) {
            Some(lane) => lane.flushes.push(done),
            None => {
                let _ = done.send(());
            }
        }
    }

    /// How much waits, what is under way included.
    pub(crate) fn len(&self) -> usize {
        self.lanes.values().map(Lane::len).sum()
    }

    /// Of how many streams something waits.
    pub(crate) fn streams(&self) -> usize {
        self.lanes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    fn close(&mut self, key: StreamKey) {
        for done in self.lanes.remove(&key).into_iter().flat_map(|lane| lane.flushes) {
            // Who asked may have gone.
            let _ = done.send(());
        }
    }

    /// Lets go of what was heard until so many bytes more have room.
    fn make_room(&mut self, bytes: usize) -> bool {
        for lane in self.lanes.values_mut() {
            while self.bytes + bytes > Self::MAX_BYTES
                && let Some((_, past)) = lane.past.pop_front()
            {
                self.bytes -= past.len();
            }
        }
        self.bytes + bytes <= Self::MAX_BYTES
    }
}

impl Lane {
    fn new(spec: Arc<StationSpec>) -> Self {
        let (turns, flushes, past) = (Vec::new(), Vec::new(), VecDeque::new());
        Self { spec, flying: None, settings: None, turns, record: None, past, flushes }
    }

    fn pop(&mut self) -> Option<Item> {
        let settings = self.settings.take().map(Item::Settings);
        let record = || self.record.take().map(Item::Record);
        let past = || self.past.pop_front().map(|(from, bytes)| Item::Past(from, bytes));
        settings.or_else(record).or_else(past)
    }

    fn len(&self) -> usize {
        let ones = [self.flying.is_some(), self.settings.is_some(), self.record.is_some()];
        ones.into_iter().filter(|is_there| *is_there).count() + self.past.len()
    }
}

impl Item {
    fn bytes(&self) -> usize {
        match self {
            Self::Settings(_) => 0,
            Self::Record(bytes) | Self::Past(_, bytes) => bytes.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use perpetuo_stations::all;

    use super::*;

    const KEY: StreamKey = StreamKey([1; 16]);
    const OTHER: StreamKey = StreamKey([2; 16]);

    fn at(seconds: u64) -> Position {
        Position::new(seconds * 44_100)
    }

    fn put(outbox: &mut Outbox, key: StreamKey, item: Item) -> Result<(), NoRoom> {
        let spec = Arc::new(all().into_iter().next().unwrap());
        outbox.put(key, &spec, item, None)
    }

    fn next(outbox: &mut Outbox) -> Option<(StreamKey, Item)> {
        outbox.next().map(|(key, _, item)| (key, item))
    }

    #[test]
    fn of_one_stream_one_thing_is_under_way_and_settings_come_first() {
        let mut outbox = Outbox::default();
        put(&mut outbox, KEY, Item::Past(at(0), "heard".into())).unwrap();
        put(&mut outbox, KEY, Item::Record("old".into())).unwrap();
        put(&mut outbox, KEY, Item::Record("new".into())).unwrap();
        put(&mut outbox, KEY, Item::Settings(at(1))).unwrap();
        put(&mut outbox, OTHER, Item::Settings(at(2))).unwrap();
        assert_eq!(outbox.len(), 4);
        assert_eq!(next(&mut outbox), Some((KEY, Item::Settings(at(1)))));
        assert_eq!(next(&mut outbox), Some((OTHER, Item::Settings(at(2)))));
        assert_eq!(next(&mut outbox), None);
        outbox.done(KEY);
        assert_eq!(next(&mut outbox), Some((KEY, Item::Record("new".into()))));
        outbox.done(KEY);
        assert_eq!(next(&mut outbox), Some((KEY, Item::Past(at(0), "heard".into()))));
        outbox.done(KEY);
        outbox.done(OTHER);
        assert!(outbox.is_empty() && outbox.bytes == 0);
    }

    #[test]
    fn what_was_not_kept_waits_again_unless_something_newer_does() {
        let mut outbox = Outbox::default();
        put(&mut outbox, KEY, Item::Record("old".into())).unwrap();
        next(&mut outbox).unwrap();
        outbox.again_all();
        assert_eq!(next(&mut outbox), Some((KEY, Item::Record("old".into()))));
        put(&mut outbox, KEY, Item::Record("new".into())).unwrap();
        outbox.again(KEY);
        assert_eq!(next(&mut outbox), Some((KEY, Item::Record("new".into()))));
        outbox.done(KEY);
        assert!(outbox.is_empty() && outbox.bytes == 0);
    }

    #[test]
    fn who_asked_is_told_when_its_turn_is_kept_and_who_flushes_when_all_is() {
        let mut outbox = Outbox::default();
        let spec = Arc::new(all().into_iter().next().unwrap());
        let [mut first, mut second] = [7, 8].map(|turn| {
            let (committed, told) = oneshot::channel();
            outbox.put(KEY, &spec, Item::Settings(at(0)), Some((turn, committed))).unwrap();
            told
        });
        let (done, mut flushed) = oneshot::channel();
        outbox.flush(KEY, done);
        next(&mut outbox).unwrap();
        outbox.committed(KEY, 7);
        assert!(first.try_recv().is_ok() && second.try_recv().is_err());
        assert!(flushed.try_recv().is_err());
        outbox.done(KEY);
        assert!(flushed.try_recv().is_ok());
    }

    #[test]
    fn over_the_limit_what_was_heard_is_lost_first_and_settings_last() {
        let mut outbox = Outbox::default();
        let large = || Bytes::from(vec![0; Outbox::MAX_BYTES / 4]);
        for start in 0..4 {
            put(&mut outbox, KEY, Item::Past(at(start), large())).unwrap();
        }
        assert_eq!(put(&mut outbox, KEY, Item::Past(at(4), large())), Err(NoRoom));
        for stream in 2..6 {
            put(&mut outbox, StreamKey([stream; 16]), Item::Record(large())).unwrap();
        }
        assert_eq!(outbox.lanes[&KEY].past.len(), 0);
        assert_eq!(put(&mut outbox, KEY, Item::Record(large())), Err(NoRoom));
        put(&mut outbox, KEY, Item::Settings(at(5))).unwrap();
    }
}
