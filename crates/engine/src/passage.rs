//! What is kept of a performance, so that it can go on elsewhere and be heard again.
//!
//! ```text
//!   from                                   to
//!    ├─ Checkpoint ── Event ── Event ───────┤
//! ```

use perpetuo_station::{Ramp, Setting, Snapshot, Values};

use crate::Position;

/// All that a performance needs to go on from a position, tails apart; without a snapshot it is the very
/// beginning.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Where it was taken.
    pub position: Position,
    /// The values in force, or headed for.
    pub values: Values,
    /// What the station goes on from.
    pub snapshot: Option<Snapshot>,
}

/// A setting and the position at which it applies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Where it applies.
    pub position: Position,
    /// What is set.
    pub setting: Setting,
}

/// A stretch of a performance: what it began from, what was set on the way, and how far it came.
///
/// Whoever renders from `from` on and applies the events hears what was heard, from
/// [`perpetuo_station::StationSpec::refill`] on.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// Where it begins.
    pub from: Checkpoint,
    /// From `from` on and up to `to`, both included, in the order in which they apply.
    pub events: Vec<Event>,
    /// Where it ends.
    pub to: Position,
}

/// A passage that a store should keep, and what for.
#[derive(Clone, Debug, PartialEq)]
pub enum Keep {
    /// To go on from its end; it begins so much earlier that tails are back there.
    Here(Box<Passage>),
    /// To be heard again; it goes on where the one kept before ended, or before that.
    Past(Box<Passage>),
}

impl Event {
    /// Whether an earlier event need not be known when this one is. Before a ramp the last one without counts: it says
    /// where the ramp begins.
    pub(crate) fn supersedes(&self, earlier: &Self) -> bool {
        let (setting, before) = (self.setting, earlier.setting);
        earlier.position == self.position
            && before.index() == setting.index()
            && (setting.ramp() == Ramp::NONE || before.ramp() != Ramp::NONE)
    }
}

impl Passage {
    /// The beginning of a performance, and nothing yet of the rest.
    pub fn beginning(values: Values) -> Self {
        let from = Checkpoint { position: Position::START, values, snapshot: None };
        Self { from, events: Vec::new(), to: Position::START }
    }

    /// Goes on up to an event; one from before the end applies there. Of several of one parameter at one position
    /// the last counts, and before a ramp also the last without one.
    pub fn push(&mut self, event: Event) {
        self.to = self.to.max(event.position);
        let event = Event { position: self.to, ..event };
        self.events.retain(|earlier| !event.supersedes(earlier));
        self.events.push(event);
    }

    /// The values in force, or headed for, at the end.
    pub fn values(&self) -> Values {
        let mut values = self.from.values.clone();
        self.events.iter().for_each(|event| values.apply(event.setting));
        values
    }
}
