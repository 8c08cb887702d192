//! Strict real time: when which position is due.
//!
//! ```text
//! due(p) = anchor + (p − from) / sample rate,   never before the anchor
//! ```
//!
//! All deadlines hang on one anchor, so lateness never adds up: who wakes up late catches up at once.

use std::time::{Duration, Instant};

use crate::{Position, position::duration_of};

/// One straight line through time and position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    anchor: Instant,
    from: Position,
    sample_rate_hz: u32,
}

impl Pace {
    /// Everything before `from` is due at `now`, and what follows in real time.
    pub(crate) fn new(from: Position, sample_rate_hz: u32, now: Instant) -> Self {
        Self { anchor: now, from, sample_rate_hz }
    }

    /// The same, begun anew at `now`.
    pub(crate) fn begin_again(self, now: Instant) -> Self {
        Self { anchor: now, ..self }
    }

    /// When the chunk that begins at `position` is to be rendered.
    pub(crate) fn due(&self, position: Position) -> Instant {
        self.anchor + duration_of(position.since(self.from), self.sample_rate_hz)
    }

    /// When a listener who is kept `lead` ahead, and began to play at once, comes to `position`.
    pub(crate) fn deadline(&self, position: Position, lead: Duration) -> Instant {
        let missing = duration_of(self.ahead(position), self.sample_rate_hz);
        self.due(position) + lead.saturating_sub(missing)
    }

    /// Samples from `position` to where real time begins; 0 from there on.
    pub(crate) fn ahead(&self, position: Position) -> u64 {
        self.from.since(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "an instant to count from")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn what_lies_before_the_anchor_is_due_at_once() {
        let now = start();
        let pace = Pace::new(Position::new(44_100), 44_100, now);
        assert_eq!(pace.due(Position::START), now);
        assert_eq!(pace.due(Position::new(88_200)), now + Duration::from_secs(1));
        assert_eq!(pace.ahead(Position::new(100)), 44_000);
    }

    #[test]
    fn of_several_who_begin_each_gets_its_first_chunk_before_anyone_gets_all_of_them() {
        let now = start();
        let lead = Duration::from_secs(1);
        let pace = Pace::new(Position::new(44_100), 44_100, now);
        let later = Pace::new(Position::new(44_100), 44_100, now + Duration::from_millis(10));
        assert_eq!(pace.deadline(Position::START, lead), now);
        let second_chunk = Position::new(2 * 1152);
        assert!(later.deadline(Position::START, lead) < pace.deadline(second_chunk, lead));
        assert_eq!(pace.deadline(Position::new(44_100), lead), now + lead);
    }

    #[test]
    fn a_year_later_not_a_sample_is_lost() {
        let now = start();
        let pace = Pace::new(Position::START, 44_100, now);
        let year = Duration::from_secs(365 * 24 * 3600);
        assert_eq!(pace.due(Position::new(44_100 * year.as_secs())), now + year);
    }
}
