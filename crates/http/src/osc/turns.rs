//! Settings that wait to be made: the newest value of each parameter of each stream.

use perpetuo_driver::Origin;
use perpetuo_station::Setting;

use crate::{Problem, quota::Caller};
use axum::http::StatusCode;

/// What is to be set at one stream, all of it together.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) origin: Origin,
    /// At most one a parameter.
    pub(super) settings: Vec<Setting>,
    /// Whose share it is taken from: who has sent last.
    caller: Caller,
    /// How many messages have come to this.
    pub(super) messages: u64,
}

/// Those that wait, of each stream one, the longest waiting first.
#[derive(Debug, Default)]
pub(super) struct Turns(Vec<Turn>);

impl Turns {
    /// As many streams may wait at once; each takes less than 1 KiB.
    const MAX: usize = 1024;

    /// As many of them may be one address's, so that those whose share is used up leave room for others.
    const MAX_OF_CALLER: usize = 128;

    /// Lets settings wait, in place of those of the same parameters of the same stream.
    ///
    /// # Errors
    ///
    /// When there is no room for another stream.
    pub(super) fn put(
        &mut self,
        origin: Origin,
        settings: Vec<Setting>,
        caller: Caller,
        messages: u64,
    ) -> Result<(), Problem> {
        let at = self.0.iter().position(|turn| turn.origin.key == origin.key);
        let turn = match at {
            Some(at) => &mut self.0[at],
            None => {
                self.room_for(caller)?;
                self.0.push(Turn { origin, settings: Vec::new(), caller, messages: 0 });
                let last = self.0.len() - 1;
                &mut self.0[last]
            }
        };
        turn.caller = caller;
        turn.messages += messages;
        for setting in settings {
            match turn.settings.iter_mut().find(|other| other.index() == setting.index()) {
                Some(older) => *older = setting,
                None => turn.settings.push(setting),
            }
        }
        Ok(())
    }

    /// Takes out those whose callers may set, in order.
    pub(super) fn take_due(&mut self, mut may_set: impl FnMut(Caller) -> bool) -> Vec<Turn> {
        self.0.extract_if(.., |turn| may_set(turn.caller)).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn room_for(&self, caller: Caller) -> Result<(), Problem> {
        let of_caller = self.0.iter().filter(|turn| turn.caller == caller).count();
        if self.0.len() < Self::MAX && of_caller < Self::MAX_OF_CALLER {
            return Ok(());
        }
        let detail = format!("{of_caller} streams wait for their turn by this address alone");
        Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use perpetuo_driver::StreamKey;

    use super::*;
    use crate::routes::testbed::Testbed;

    fn caller(n: u8) -> Caller {
        Caller::at(Ipv4Addr::new(192, 0, 2, n).into())
    }

    /// Puts settings of stream `n` of the station `tone`.
    fn put(turns: &mut Turns, n: u32, values: &[(&str, &str)], caller: Caller) -> bool {
        let catalogue = Testbed::new().app.catalogue;
        let spec = catalogue.first().clone();
        let settings = values.iter().map(|(name, text)| spec.setting(name, text).unwrap());
        let settings = settings.collect();
        let mut key = StreamKey([0; 16]);
        key.0[..4].copy_from_slice(&n.to_be_bytes());
        let values = spec.defaults();
        turns
            .put(Origin { key, spec, seed: 1, values, may_begin: true }, settings, caller, 1)
            .is_ok()
    }

    fn streams(due: &[Turn]) -> Vec<u8> {
        due.iter().map(|turn| turn.origin.key.0[3]).collect()
    }

    #[test]
    fn of_each_parameter_the_newest_value_waits_and_all_messages_are_counted() {
        let mut turns = Turns::default();
        put(&mut turns, 1, &[("level", "0.1"), ("pitch", "100")], caller(1));
        put(&mut turns, 1, &[("level", "0.2")], caller(1));
        put(&mut turns, 1, &[("shape", "square"), ("level", "0.3")], caller(2));
        let due = turns.take_due(|_| true);
        let values: Vec<_> =
            due[0].settings.iter().map(|setting| (setting.index(), setting.value())).collect();
        assert_eq!(values, [(0, 0.3), (1, 100.0), (4, 1.0)]);
        assert_eq!((due.len(), due[0].messages, due[0].caller), (1, 3, caller(2)));
        assert!(turns.is_empty());
    }

    #[test]
    fn who_has_no_share_left_waits_and_who_waits_longest_is_first() {
        let mut turns = Turns::default();
        for (stream, sender) in [(1, 1), (2, 2), (3, 1)] {
            put(&mut turns, stream, &[("level", "0.1")], caller(sender));
        }
        assert_eq!(streams(&turns.take_due(|who| who == caller(2))), [2]);
        let mut once = Some(());
        assert_eq!(streams(&turns.take_due(|_| once.take().is_some())), [1]);
        put(&mut turns, 1, &[("level", "0.2")], caller(1));
        let mut once = Some(());
        assert_eq!(streams(&turns.take_due(|_| once.take().is_some())), [3]);
    }

    #[test]
    fn so_many_streams_may_wait_of_one_address_and_of_all() {
        let mut turns = Turns::default();
        let mut n = 0;
        let mut fill = |turns: &mut Turns, sender| {
            let mut taken = 0;
            while put(turns, n, &[("level", "0.1")], caller(sender)) {
                (n, taken) = (n + 1, taken + 1);
            }
            taken
        };
        assert_eq!(fill(&mut turns, 0), Turns::MAX_OF_CALLER);
        let others: usize = (1..20).map(|sender| fill(&mut turns, sender)).sum();
        assert_eq!(others + Turns::MAX_OF_CALLER, Turns::MAX);
        assert!(put(&mut turns, 0, &[("level", "0.2")], caller(0)), "those that wait may change");
    }
}
