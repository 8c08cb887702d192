//! Whose turn it is: what is due, earliest deadline first.
//!
//! Two heaps, each one piece of memory. What is struck out or put down anew stays in them until it comes up,
//! and is known by its number to be void; when there is more of that than of the rest, it is swept out.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    time::{Duration, Instant},
};

/// Things to do at a time, each before a deadline.
pub(crate) struct Agenda<K> {
    entries: HashMap<K, Entry>,
    /// By the time from which they may be done.
    waiting: BinaryHeap<Reverse<Turn<K>>>,
    /// Due, by deadline.
    due: BinaryHeap<Reverse<Turn<K>>>,
    /// How often something has been put down.
    number: u64,
}

#[derive(Clone, Copy)]
struct Entry {
    deadline: Instant,
    number: u64,
}

/// When, the number of its entry, and what.
type Turn<K> = (Instant, u64, K);

impl<K: Copy + Ord + std::hash::Hash> Agenda<K> {
    pub(crate) fn new() -> Self {
        Self {
            entries: HashMap::new(),
            waiting: BinaryHeap::new(),
            due: BinaryHeap::new(),
            number: 0,
        }
    }

    /// Puts `key` down for `at`, in place of what it was put down for before.
    pub(crate) fn set(&mut self, key: K, at: Instant, deadline: Instant) {
        self.number += 1;
        self.entries.insert(key, Entry { deadline, number: self.number });
        self.waiting.push(Reverse((at, self.number, key)));
        self.sweep();
    }

    /// Strikes `key` out.
    pub(crate) fn remove(&mut self, key: K) {
        self.entries.remove(&key);
        self.sweep();
    }

    /// Strikes out and returns, of all that is due at `now`, what has the earliest deadline.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<K> {
        while let Some(&Reverse((at, number, key))) = self.waiting.peek()
            && at <= now
        {
            self.waiting.pop();
            if let Some(entry) = self.entries.get(&key).filter(|entry| entry.number == number) {
                self.due.push(Reverse((entry.deadline, number, key)));
            }
        }
        while let Some(Reverse((_, number, key))) = self.due.pop() {
            if is_valid(&self.entries, number, key) {
                self.entries.remove(&key);
                return Some(key);
            }
        }
        None
    }

    /// How long nothing will be due, or a little less; `None` where nothing ever will.
    pub(crate) fn patience(&self, now: Instant) -> Option<Duration> {
        if !self.due.is_empty() {
            return Some(Duration::ZERO);
        }
        self.waiting.peek().map(|Reverse((at, ..))| at.saturating_duration_since(now))
    }

    fn sweep(&mut self) {
        let (turns, few) = (self.waiting.len() + self.due.len(), 64);
        if turns > 2 * self.entries.len() + few {
            let entries = &self.entries;
            self.waiting.retain(|&Reverse((_, number, key))| is_valid(entries, number, key));
            self.due.retain(|&Reverse((_, number, key))| is_valid(entries, number, key));
        }
    }
}

fn is_valid<K: Copy + Eq + std::hash::Hash>(
    entries: &HashMap<K, Entry>,
    number: u64,
    key: K,
) -> bool {
    entries.get(&key).is_some_and(|entry| entry.number == number)
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

    #[test]
    fn what_is_void_does_not_pile_up() {
        let start = Instant::now();
        let mut agenda = Agenda::new();
        let day = Duration::from_secs(86_400);
        for n in 0..100_000_u32 {
            agenda.set(n % 100, start + day, start + day);
        }
        assert!(agenda.waiting.len() <= 300, "{} turns", agenda.waiting.len());
        assert_eq!(agenda.pop(start), None);
        let mut keys: Vec<_> = std::iter::from_fn(|| agenda.pop(start + day)).collect();
        keys.sort_unstable();
        assert_eq!(keys, (0..100).collect::<Vec<_>>());
    }
}
