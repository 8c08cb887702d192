//! Whose turn it is: what is due, earliest deadline first.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

/// Things to do at a time, each before a deadline.
pub(crate) struct Agenda<K> {
    entries: HashMap<K, Entry>,
    /// By the time from which they may be done.
    waiting: BTreeSet<(Instant, K)>,
    /// Due, by deadline.
    due: BTreeSet<(Instant, K)>,
}

#[derive(Clone, Copy)]
struct Entry {
    at: Instant,
    deadline: Instant,
}

impl<K: Copy + Ord + std::hash::Hash> Agenda<K> {
    pub(crate) fn new() -> Self {
        Self { entries: HashMap::new(), waiting: BTreeSet::new(), due: BTreeSet::new() }
    }

    /// Puts `key` down for `at`, in place of what it was put down for before.
    pub(crate) fn set(&mut self, key: K, at: Instant, deadline: Instant) {
        self.remove(key);
        self.entries.insert(key, Entry { at, deadline });
        self.waiting.insert((at, key));
    }

    /// Strikes `key` out.
    pub(crate) fn remove(&mut self, key: K) {
        if let Some(entry) = self.entries.remove(&key) {
            self.waiting.remove(&(entry.at, key));
            self.due.remove(&(entry.deadline, key));
        }
    }

    /// Strikes out and returns, of all that is due at `now`, what has the earliest deadline.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<K> {
        while let Some(&(at, key)) = self.waiting.first()
            && at <= now
        {
            self.waiting.pop_first();
            self.due.insert((self.entries[&key].deadline, key));
        }
        let (_, key) = self.due.pop_first()?;
        self.entries.remove(&key);
        Some(key)
    }

    /// How long nothing will be due; `None` where nothing ever will.
    pub(crate) fn patience(&self, now: Instant) -> Option<Duration> {
        if !self.due.is_empty() {
            return Some(Duration::ZERO);
        }
        self.waiting.first().map(|&(at, _)| at.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_comes_by_deadline_and_nothing_comes_early() {
        let start = Instant::now();
        let ms = |ms| start + Duration::from_millis(ms);
        let mut agenda = Agenda::new();
        agenda.set('a', ms(1), ms(100));
        agenda.set('b', ms(2), ms(50));
        agenda.set('c', ms(3), ms(10));
        assert_eq!(agenda.pop(ms(0)), None);
        assert_eq!(agenda.patience(ms(0)), Some(Duration::from_millis(1)));
        assert_eq!(agenda.pop(ms(2)), Some('b'));
        assert_eq!(agenda.pop(ms(3)), Some('c'));
        assert_eq!(agenda.patience(ms(0)), Some(Duration::ZERO), "'a' is due");
        assert_eq!(agenda.pop(ms(3)), Some('a'));
        assert_eq!(agenda.pop(ms(9)), None);
    }

    #[test]
    fn what_is_put_down_again_or_struck_out_does_not_come_twice() {
        let start = Instant::now();
        let ms = |ms| start + Duration::from_millis(ms);
        let mut agenda = Agenda::new();
        agenda.set('a', ms(1), ms(5));
        agenda.set('b', ms(1), ms(6));
        assert_eq!(agenda.pop(ms(1)), Some('a'));
        agenda.set('b', ms(4), ms(6));
        assert_eq!(agenda.pop(ms(3)), None);
        assert_eq!(agenda.pop(ms(4)), Some('b'));
        agenda.set('c', ms(5), ms(6));
        agenda.remove('c');
        assert_eq!(agenda.pop(ms(9)), None);
        assert_eq!(agenda.patience(ms(9)), None);
    }
}
