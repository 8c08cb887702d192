//! When streams that play must go for the others to play on.
//!
//! A chunk that comes late may be a moment's doing or the beginning of the end. What the streams of a
//! thread cost over what it gets says how many are too many; where by that reckoning none is, lateness that
//! grows from look to look says that the reckoning is wrong. Lateness that shrinks is being made up for.

use std::time::{Duration, Instant};

use crate::Load;

/// Looks after one thread's lateness.
#[derive(Debug, Default)]
pub struct Watch {
    last: Option<Look>,
}

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Instant,
    late: Duration,
    has_grown: bool,
}

/// What is to be done about a chunk that came so late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing, or nothing yet.
    PlayOn,
    /// As many must go as are too many for what the thread gets; there may be none.
    ShedExcess,
    /// The same, and one at least.
    ShedOne,
}

impl Watch {
    /// How long what was done is given to show an effect.
    const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

    /// A look so long ago says nothing about the next.
    const STALE: Duration = Duration::from_secs(1);

    /// Looks at a chunk that came `late` for listeners with a lead of `lead` or more. It is too late from
    /// [`Load::SHED_AT`] of the lead on, and never before [`Load::MAX_LAG`]: who asks for a tiny lead has no
    /// claim that others make room for it.
    pub fn look(&mut self, late: Duration, lead: Duration, now: Instant) -> Verdict {
        if late <= lead.mul_f64(Load::SHED_AT).max(Load::MAX_LAG) {
            return Verdict::PlayOn;
        }
        let last = self.last.filter(|last| now < last.at + Self::STALE);
        if last.is_some_and(|last| now < last.at + Self::BETWEEN_LOOKS) {
            return Verdict::PlayOn;
        }
        let has_grown = last.is_some_and(|last| late > last.late);
        let goes_on_growing = has_grown && last.is_some_and(|last| last.has_grown);
        self.last = Some(Look { at: now, late, has_grown });
        if goes_on_growing { Verdict::ShedOne } else { Verdict::ShedExcess }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAD: Duration = Duration::from_millis(1250);

    #[expect(clippy::disallowed_methods, reason = "an instant to count from")]
    fn start() -> Instant {
        Instant::now()
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// What is said of chunks that come so late, so long after the start, in milliseconds.
    fn verdicts(chunks: impl IntoIterator<Item = (u64, u64)>) -> Vec<Verdict> {
        let (start, mut watch) = (start(), Watch::default());
        chunks.into_iter().map(|(at, late)| watch.look(ms(late), LEAD, start + ms(at))).collect()
    }

    #[test]
    fn a_second_in_which_the_machine_stood_still_costs_nobody_its_stream() {
        let making_up = (0..100).map(|n| (10 * n, 1000_u64.saturating_sub(8 * n)));
        assert!(!verdicts(making_up).contains(&Verdict::ShedOne));
        let every_minute = (0..100).map(|n| (60_000 * n, 600 + n));
        assert!(!verdicts(every_minute).contains(&Verdict::ShedOne));
    }

    #[test]
    fn as_long_as_chunks_come_ever_later_one_goes_every_tenth_of_a_second() {
        let ever_later = verdicts((0..100).map(|n| (10 * n, 600 + n)));
        let shed = ever_later.iter().filter(|verdict| **verdict == Verdict::ShedOne).count();
        assert_eq!(shed, 8, "{ever_later:?}");
        assert_eq!(ever_later[0], Verdict::ShedExcess);
    }

    #[test]
    fn a_tiny_lead_asks_nobody_to_make_room() {
        let mut watch = Watch::default();
        assert_eq!(watch.look(ms(100), ms(52), start()), Verdict::PlayOn);
        assert_eq!(watch.look(ms(101), ms(52), start()), Verdict::ShedExcess);
        assert_eq!(Watch::default().look(ms(562), LEAD, start()), Verdict::PlayOn);
        assert_eq!(Watch::default().look(ms(563), LEAD, start()), Verdict::ShedExcess);
    }
}
