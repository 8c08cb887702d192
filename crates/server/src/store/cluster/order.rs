//! Who set what last, when many nodes turn the same knobs.
//!
//! ```text
//!   set here ──► own ──► offer ──────► store, which takes it only upon what was seen of it last
//!                 ▲        taken ◄───────┤ numbered: everyone sees the same order
//!                 └─ hides ─ seen ◄──────┘
//! ```
//!
//! Of each stream the store holds one message: what was set last of each parameter that was ever set. Who
//! writes takes up what is there. So the last message is all there is to know, and who missed some of them
//! missed nothing.
//!
//! A node applies its own settings at once. Until it knows where in the order they came, what others set of
//! the same parameters is not applied here: it either came before and counts no more, or it came after,
//! and is applied when that is known. So in the end all nodes have the same values.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use perpetuo_driver::StreamKey;
use perpetuo_station::Setting;

/// What this node knows of the settings of the streams it has to do with.
#[derive(Debug, Default)]
pub(crate) struct Order {
    streams: HashMap<StreamKey, Known>,
    /// How often something was set here.
    turns: u64,
}

#[derive(Debug)]
struct Known {
    /// The message in the store that was seen last; `None` as long as none was looked for.
    last: Option<Message>,
    /// Set here and not known to be in the store, one of each parameter, each with its turn.
    own: Vec<(u64, Setting)>,
    /// The number of the record that was seen last; 0 is none.
    record: u64,
    used: Instant,
}

/// What the store holds of a stream's settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Message {
    /// Its place in the order; 0 where there is none.
    pub(crate) number: u64,
    /// One of each parameter that was ever set.
    pub(crate) settings: Vec<Setting>,
}

/// What should be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Offer {
    /// The number of the message that it takes the place of.
    pub(crate) upon: u64,
    /// One of each parameter that was ever set.
    pub(crate) settings: Vec<Setting>,
    /// It holds what was set here up to this turn.
    pub(crate) turn: u64,
}

impl Order {
    /// How long a stream is remembered that is neither played nor asked for.
    const REMEMBERED: Duration = Duration::from_secs(60);

    /// Takes note of settings made here, to be offered. Returns their turn.
    pub(crate) fn set(&mut self, key: StreamKey, settings: &[Setting], now: Instant) -> u64 {
        self.turns += 1;
        let turn = self.turns;
        let known = self.known(key, now);
        for &setting in settings {
            known.own.retain(|(_, own)| own.index() != setting.index());
            known.own.push((turn, setting));
        }
        turn
    }

    /// What should be written of a stream; `None` if the store holds it.
    pub(crate) fn offer(&mut self, key: StreamKey) -> Option<Offer> {
        let known = self.streams.get_mut(&key)?;
        let turn = known.own.iter().map(|(turn, _)| *turn).max()?;
        let last = known.last.clone().unwrap_or_default();
        let settings = merged(&last.settings, &known.own);
        if settings == last.settings {
            known.own.clear();
            return None;
        }
        Some(Offer { upon: last.number, settings, turn })
    }

    /// The store took an offer under a number. Returns whether others have written since, whose settings
    /// count from now on.
    #[must_use]
    pub(crate) fn taken(&mut self, key: StreamKey, offer: Offer, number: u64) -> Vec<Setting> {
        let Some(known) = self.streams.get_mut(&key) else { return Vec::new() };
        let (own, written): (_, Vec<_>) =
            known.own.iter().partition(|(turn, _)| *turn > offer.turn);
        known.own = own;
        let seen = known.last.get_or_insert_default();
        if seen.number <= number {
            *seen = Message { number, settings: offer.settings };
            return Vec::new();
        }
        // What was set elsewhere of other parameters was applied when it was seen.
        let was_hidden = |setting: &Setting| has(&written, *setting);
        changes(&offer.settings, &seen.settings).filter(was_hidden).collect()
    }

    /// A message was seen in the store. Returns what is to be applied here, if the stream is played here.
    #[must_use]
    pub(crate) fn seen(&mut self, key: StreamKey, message: Message) -> Vec<Setting> {
        let Some(known) = self.streams.get_mut(&key) else { return message.settings };
        let last = known.last.get_or_insert_default();
        if message.number <= last.number {
            return Vec::new();
        }
        let settled = |setting: &Setting| !has(&known.own, *setting);
        let changed = changes(&last.settings, &message.settings).filter(settled).collect();
        *last = message;
        changed
    }

    /// Of settings that were to be applied, those that still are: what was set here in the meantime hides
    /// them, and what others set later takes their place.
    pub(crate) fn still(&self, key: StreamKey, settings: Vec<Setting>) -> Vec<Setting> {
        let Some(known) = self.streams.get(&key) else { return settings };
        let latest = |setting: Setting| {
            let last = known.last.iter().flat_map(|last| &last.settings).copied();
            last.into_iter().find(|last| last.index() == setting.index()).unwrap_or(setting)
        };
        let settled = settings.into_iter().filter(|setting| !has(&known.own, *setting));
        settled.map(latest).collect()
    }

    /// Everything that was set of a stream, if that is known without asking the store.
    pub(crate) fn recall(&mut self, key: StreamKey, now: Instant) -> Option<Vec<Setting>> {
        let known = self.known(key, now);
        let last = known.last.as_ref()?;
        Some(merged(&last.settings, &known.own))
    }

    /// What others set since that was all there was.
    pub(crate) fn since(&self, key: StreamKey, settings: &[Setting]) -> Vec<Setting> {
        let Some(known) = self.streams.get(&key) else { return Vec::new() };
        let last = known.last.as_ref().map_or(&[][..], |last| &last.settings);
        changes(settings, last).filter(|setting| !has(&known.own, *setting)).collect()
    }

    /// What was set here is lost before it could be written. Returns what others set instead.
    #[must_use]
    pub(crate) fn give_up(&mut self, key: StreamKey) -> Vec<Setting> {
        let Some(known) = self.streams.get_mut(&key) else { return Vec::new() };
        let own = std::mem::take(&mut known.own);
        let last = known.last.iter().flat_map(|last| &last.settings).copied();
        last.filter(|setting| has(&own, *setting)).collect()
    }

    /// The store holds nothing of a stream's settings any more.
    pub(crate) fn vanished(&mut self, key: StreamKey) {
        if let Some(known) = self.streams.get_mut(&key) {
            known.last.get_or_insert_default().number = 0;
        }
    }

    /// The number of the record of a stream that was seen last; 0 is none.
    pub(crate) fn record(&self, key: StreamKey) -> u64 {
        self.streams.get(&key).map_or(0, |known| known.record)
    }

    /// A stream's record was seen, or there is none, which is 0.
    pub(crate) fn record_seen(&mut self, key: StreamKey, number: u64) {
        if let Some(known) = self.streams.get_mut(&key) {
            known.record = number;
        }
    }

    /// A stream is played here.
    pub(crate) fn is_used(&mut self, key: StreamKey, now: Instant) {
        self.known(key, now);
    }

    /// The store's numbers begin anew.
    pub(crate) fn begin_anew(&mut self) {
        for known in self.streams.values_mut() {
            known.last = None;
            known.record = 0;
        }
    }

    /// Forgets streams that were neither played nor asked for of late. Messages about them that are still
    /// seen are applied as they come.
    pub(crate) fn tidy(&mut self, now: Instant) {
        let is_used = |known: &Known| now.duration_since(known.used) < Self::REMEMBERED;
        self.streams.retain(|_, known| is_used(known) || !known.own.is_empty());
    }

    fn known(&mut self, key: StreamKey, now: Instant) -> &mut Known {
        let new = || Known { last: None, own: Vec::new(), record: 0, used: now };
        let known = self.streams.entry(key).or_insert_with(new);
        known.used = now;
        known
    }
}

fn has(own: &[(u64, Setting)], setting: Setting) -> bool {
    own.iter().any(|(_, own)| own.index() == setting.index())
}

/// Settings, in the order of their parameters, with others in the place of those of the same parameters.
fn merged(settings: &[Setting], own: &[(u64, Setting)]) -> Vec<Setting> {
    let kept = settings.iter().copied().filter(|setting| !has(own, *setting));
    let mut all: Vec<_> = kept.chain(own.iter().map(|(_, setting)| *setting)).collect();
    all.sort_by_key(|setting| setting.index());
    all
}

/// What is not in `old` as it is in `new`.
fn changes(old: &[Setting], new: &[Setting]) -> impl Iterator<Item = Setting> {
    new.iter().copied().filter(|setting| !old.contains(setting))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use perpetuo_station::StationSpec;
    use perpetuo_stations::all;

    use super::*;

    const KEY: StreamKey = StreamKey([7; 16]);

    /// What the store holds, and all it ever held.
    #[derive(Default)]
    struct Store(Vec<Message>);

    /// A node, and its render thread, which is told later.
    #[derive(Default)]
    struct Node {
        order: Order,
        values: [f32; 4],
        told: VecDeque<Vec<Setting>>,
        sent: Option<Offer>,
        answer: Option<Result<u64, Message>>,
        watched: usize,
    }

    impl Store {
        fn last(&self) -> Message {
            self.0.last().cloned().unwrap_or_default()
        }

        fn write(&mut self, offer: &Offer) -> Result<u64, Message> {
            let last = self.last();
            if offer.upon != last.number {
                return Err(last);
            }
            let number = last.number + 3;
            self.0.push(Message { number, settings: offer.settings.clone() });
            Ok(number)
        }
    }

    impl Node {
        fn set(&mut self, setting: Setting) {
            self.values[setting.index()] = setting.value();
            self.order.set(KEY, &[setting], Instant::now());
        }

        fn send(&mut self) {
            self.sent = self.sent.take().or_else(|| self.order.offer(KEY));
        }

        fn arrive(&mut self, store: &mut Store) {
            if let (Some(offer), None) = (&self.sent, &self.answer) {
                self.answer = Some(store.write(offer));
            }
        }

        fn hear(&mut self) {
            let (Some(offer), Some(answer)) = (self.sent.take(), self.answer.take()) else {
                return;
            };
            self.told.push_back(match answer {
                Ok(number) => self.order.taken(KEY, offer, number),
                Err(message) => self.order.seen(KEY, message),
            });
        }

        /// What is missed is not seen any more.
        fn watch(&mut self, store: &Store, missed: usize) {
            self.watched += missed;
            if let Some(message) = store.0.get(self.watched.min(store.0.len().max(1) - 1)) {
                self.watched = self.watched.min(store.0.len() - 1) + 1;
                self.told.push_back(self.order.seen(KEY, message.clone()));
            }
        }

        fn render(&mut self) {
            let settings = self.told.pop_front().unwrap_or_default();
            for setting in self.order.still(KEY, settings) {
                self.values[setting.index()] = setting.value();
            }
        }
    }

    fn drift() -> StationSpec {
        all().into_iter().find(|spec| spec.name == "drift").unwrap()
    }

    /// Of the first four parameters, one.
    fn setting(spec: &StationSpec, draw: u64) -> Setting {
        let param = &spec.params[draw as usize % 4];
        let (from, to) = (*param.range.start(), *param.range.end());
        let share = (draw >> 8) as u8 as f32 / 255.0;
        spec.setting_of(param.id, (from + share * (to - from)).clamp(from, to)).unwrap()
    }

    #[test]
    fn in_the_end_all_nodes_have_the_values_that_were_set_last() {
        let spec = drift();
        for seed in 0..3000_u64 {
            let mut state = seed;
            let mut draw = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 24) as usize
            };
            let mut store = Store::default();
            let mut nodes: [Node; 3] = Default::default();
            for node in &mut nodes {
                node.order.recall(KEY, Instant::now());
            }
            for _ in 0..300 {
                let node = &mut nodes[draw() % 3];
                match draw() % 16 {
                    0 | 1 => node.set(setting(&spec, draw() as u64)),
                    2..=4 => node.send(),
                    5..=7 => node.arrive(&mut store),
                    8 | 9 => node.hear(),
                    10 => (node.sent, node.answer) = (None, None),
                    11..=13 => node.watch(&store, draw() % 3),
                    _ => node.render(),
                }
            }
            let waits =
                |node: &Node| !node.told.is_empty() || !node.order.streams[&KEY].own.is_empty();
            while nodes.iter().any(waits) {
                for node in &mut nodes {
                    node.send();
                    node.arrive(&mut store);
                    node.hear();
                    node.render();
                }
            }
            for node in &mut nodes {
                while node.watched < store.0.len() {
                    node.watch(&store, 0);
                }
                while !node.told.is_empty() {
                    node.render();
                }
            }
            for last in store.last().settings {
                let values = nodes.each_ref().map(|node| node.values[last.index()]);
                assert_eq!(values, [last.value(); 3], "seed {seed}, parameter {}", last.index());
            }
        }
    }

    #[test]
    fn what_others_set_before_counts_no_more_and_what_they_set_after_counts() {
        let spec = drift();
        let level = |value: &str| spec.setting("level", value).unwrap();
        let now = Instant::now();
        let mut order = Order::default();
        order.set(KEY, &[level("0.5")], now);
        let offer = order.offer(KEY).unwrap();
        let earlier = Message { number: 1, settings: vec![level("0.1")] };
        assert_eq!(order.seen(KEY, earlier.clone()), []);
        assert_eq!(order.still(KEY, earlier.settings), [], "it was told before this was set");
        let later = Message { number: 3, settings: vec![level("0.9")] };
        assert_eq!(order.seen(KEY, later), [], "it may as well have come before");
        assert_eq!(order.taken(KEY, offer, 2), [level("0.9")]);
        assert_eq!(order.recall(KEY, now), Some(vec![level("0.9")]));
    }

    #[test]
    fn what_the_store_holds_already_is_not_written_again() {
        let spec = drift();
        let level = spec.setting("level", "0.5").unwrap();
        let mut order = Order::default();
        order.set(KEY, &[level], Instant::now());
        let offer = order.offer(KEY).unwrap();
        // The answer was lost.
        assert_eq!(order.seen(KEY, Message { number: 1, settings: offer.settings }), []);
        assert_eq!(order.offer(KEY), None);
    }

    #[test]
    fn a_stream_that_nobody_uses_is_forgotten_unless_something_waits_to_be_written() {
        let spec = drift();
        let (now, other) = (Instant::now(), StreamKey([8; 16]));
        let mut order = Order::default();
        assert_eq!(order.recall(KEY, now), None);
        order.set(other, &[spec.setting("level", "0.5").unwrap()], now);
        order.tidy(now + Order::REMEMBERED);
        assert!(!order.streams.contains_key(&KEY) && order.offer(other).is_some());
    }
}
