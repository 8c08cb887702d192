//! How often one address may make streams and turn knobs.
//!
//! ```text
//!   peer, X-Forwarded-For ─► Caller ─► its share: R a second, 4 R at once ─► the route
//!                                        └─ 429
//! ```
//!
//! Source: ITU-T I.371, the generic cell rate algorithm in its form of virtual scheduling. A caller is one
//! number there: the time by which all that it was granted is paid back.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    sync::{
        PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Instant,
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use governor::{RateLimiter, clock::Clock, state::keyed::HashMapStateStore};
use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use crate::{App, Problem};

/// How many calls a second one address may make; `None` is as many as it likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// `/create_stream`.
    pub creates: Option<NonZeroU32>,
    /// `/set_param`.
    pub sets: Option<NonZeroU32>,
}

/// What each address has left, and how many calls were refused.
#[derive(Debug)]
pub struct Quotas {
    creates: RwLock<Option<Quota>>,
    sets: RwLock<Option<Quota>>,
    refused: Family<[(&'static str, &'static str); 1], Counter>,
    clock: Now,
}

/// The other end of the connection, among a request's extensions. A request without one is not limited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// In a handler's arguments before all others: the caller may make a stream now.
pub(crate) struct MayCreate;

/// In a handler's arguments before all others: the caller may turn knobs now.
pub(crate) struct MaySet;

/// An address has called more often than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooOften {
    calls: &'static str,
    per_second: NonZeroU32,
}

impl TooOften {
    /// After how many seconds a call is granted again: after 1/R, and R is a whole number.
    pub(crate) const RETRY_AFTER_S: u64 = 1;
}

impl Quotas {
    /// Everybody's whole share at these rates; `clock` says what time it is.
    pub fn new(rates: Rates, clock: fn() -> Instant) -> Self {
        let quotas = Self {
            creates: RwLock::new(None),
            sets: RwLock::new(None),
            refused: Family::default(),
            clock: Now(clock),
        };
        quotas.change(rates);
        quotas
    }

    /// From now on these rates count. Where one has changed, everybody has a whole share again.
    pub fn change(&self, rates: Rates) {
        let change = |quota: &RwLock<Option<Quota>>, call, calls, rate: Option<NonZeroU32>| {
            let refused = self.refused.get_or_create_owned(&[("call", call)]);
            let mut quota = quota.write().unwrap_or_else(PoisonError::into_inner);
            if quota.as_ref().map(|quota| quota.limit.per_second) != rate {
                let limit = rate.map(|per_second| TooOften { calls, per_second });
                *quota = limit.map(|limit| Quota::new(limit, refused, self.clock));
            }
        };
        change(&self.creates, "create_stream", "new streams", rates.creates);
        change(&self.sets, "set_param", "turns of knobs", rates.sets);
    }

    /// Makes what was refused visible in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Calls refused because their address makes too many";
        registry.register("rate_limited", help, self.refused.clone());
    }

    /// Whether `caller` may turn knobs now; if so, it has. For those who wait until they may: a no is not
    /// counted as refused.
    pub(crate) fn may_set(&self, caller: Caller) -> bool {
        read(&self.sets).as_ref().is_none_or(|quota| quota.has_left(caller))
    }
}

impl FromRequestParts<App> for MayCreate {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        grant(&app.quotas.creates, parts)?;
        Ok(Self)
    }
}

impl FromRequestParts<App> for MaySet {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        grant(&app.quotas.sets, parts)?;
        Ok(Self)
    }
}

fn read(quota: &RwLock<Option<Quota>>) -> RwLockReadGuard<'_, Option<Quota>> {
    quota.read().unwrap_or_else(PoisonError::into_inner)
}

fn grant(quota: &RwLock<Option<Quota>>, parts: &Parts) -> Result<(), TooOften> {
    match (read(quota).as_ref(), parts.extensions.get()) {
        (Some(quota), Some(Peer(peer))) => quota.grant(Caller::of(peer.ip(), &parts.headers)),
        _ => Ok(()),
    }
}

/// One call's limit and what each caller has left of it.
#[derive(Debug)]
struct Quota {
    limit: TooOften,
    callers: RateLimiter<Caller, HashMapStateStore<Caller>, Now>,
    calls: AtomicU32,
    refused: Counter,
}

impl Quota {
    /// How many seconds' worth may come at once.
    const BURST_S: NonZeroU32 = NonZeroU32::new(4).unwrap();

    /// After how many calls those who have their whole share again are forgotten. So memory holds at most so
    /// many callers, of 40 to 80 bytes each, besides those who have not: a call's worth is back in 1/R seconds.
    const CALLS_A_SWEEP: u32 = 4096;

    fn new(limit: TooOften, refused: Counter, clock: Now) -> Self {
        let burst = limit.per_second.saturating_mul(Self::BURST_S);
        let share = governor::Quota::per_second(limit.per_second).allow_burst(burst);
        let callers = RateLimiter::hashmap_with_clock(share, clock);
        Self { limit, callers, calls: AtomicU32::new(0), refused }
    }

    fn grant(&self, caller: Caller) -> Result<(), TooOften> {
        if self.has_left(caller) {
            return Ok(());
        }
        self.refused.inc();
        Err(self.limit)
    }

    /// Takes a call from the caller's share, if one is left.
    fn has_left(&self, caller: Caller) -> bool {
        if self.calls.fetch_add(1, Relaxed).is_multiple_of(Self::CALLS_A_SWEEP) {
            self.callers.retain_recent();
        }
        self.callers.check_key(&caller).is_ok()
    }
}

/// Who calls, as far as its share goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Caller(IpAddr);

impl Caller {
    /// The peer; or, if that is a proxy on this machine, the address that the proxy itself has added to
    /// `X-Forwarded-For`, which is the last: what stands before it may be the caller's invention.
    fn of(peer: IpAddr, headers: &HeaderMap) -> Self {
        let peer = peer.to_canonical();
        let forwarded = || {
            let lines = headers.get_all("x-forwarded-for");
            let last = lines.iter().next_back()?.to_str().ok()?.rsplit(',').next()?;
            last.trim().parse().ok()
        };
        Self::at(if peer.is_loopback() { forwarded().unwrap_or(peer) } else { peer })
    }

    /// Who calls from this address. Of IPv6 the first 64 bits count: the others a host chooses for itself,
    /// and may choose anew for every call (RFC 4291, 2.5.1; RFC 8981).
    pub(crate) fn at(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(host) => Ipv6Addr::from_bits(host.to_bits() & !u128::from(u64::MAX)).into(),
        })
    }
}

/// What time it is.
#[derive(Clone, Copy, Debug)]
struct Now(fn() -> Instant);

impl Clock for Now {
    type Instant = Instant;

    fn now(&self) -> Instant {
        (self.0)()
    }
}

impl fmt::Display for TooOften {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, per_second } = self;
        let seconds = Self::RETRY_AFTER_S;
        write!(
            f,
            "more {calls} from your address than {per_second} a second; try again in {seconds} s"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::routes::testbed::{make_it, now};

    const SECOND: Duration = Duration::from_secs(1);

    fn quota(per_second: u32) -> Quota {
        make_it(Duration::ZERO);
        let limit = TooOften { calls: "calls", per_second: NonZeroU32::new(per_second).unwrap() };
        Quota::new(limit, Counter::default(), Now(now))
    }

    fn caller(peer: &str) -> Caller {
        Caller::of(peer.parse().unwrap(), &HeaderMap::new())
    }

    fn nth(n: u32) -> Caller {
        Caller(IpAddr::from(n.to_be_bytes()))
    }

    fn granted(quota: &Quota, caller: Caller) -> usize {
        (0..10_000).take_while(|_| quota.grant(caller).is_ok()).count()
    }

    #[test]
    fn four_seconds_worth_may_come_at_once_and_then_so_many_a_second() {
        for per_second in [1, 10, 100] {
            let quota = quota(per_second);
            let per_second = per_second as usize;
            assert_eq!(granted(&quota, nth(1)), 4 * per_second);
            make_it(SECOND);
            assert_eq!(granted(&quota, nth(1)), per_second);
            make_it(SECOND * 3);
            assert_eq!(granted(&quota, nth(1)), 2 * per_second);
            make_it(SECOND * 100);
            assert_eq!(granted(&quota, nth(1)), 4 * per_second);
        }
    }

    #[test]
    fn after_the_seconds_told_a_call_is_granted_again() {
        let quota = quota(1);
        granted(&quota, nth(1));
        make_it(Duration::from_secs(TooOften::RETRY_AFTER_S));
        assert_eq!(granted(&quota, nth(1)), 1);
    }

    #[test]
    fn where_the_rate_has_changed_everybody_has_a_whole_share_and_elsewhere_what_was_left() {
        let quotas = Quotas::new(Rates { creates: None, sets: NonZeroU32::new(1) }, now);
        let sets = || (0..1000).take_while(|_| quotas.may_set(nth(1))).count();
        assert_eq!(sets(), 4);
        quotas.change(Rates { creates: NonZeroU32::new(1), sets: NonZeroU32::new(1) });
        assert_eq!(sets(), 0);
        quotas.change(Rates { creates: None, sets: NonZeroU32::new(2) });
        assert_eq!(sets(), 8);
        quotas.change(Rates::default());
        assert_eq!(sets(), 1000);
    }

    #[test]
    fn every_address_has_a_share_of_its_own_and_a_refusal_is_counted() {
        let quota = quota(2);
        assert_eq!(granted(&quota, caller("192.0.2.1")), 8);
        assert_eq!(granted(&quota, caller("192.0.2.2")), 8);
        assert_eq!(granted(&quota, caller("::ffff:192.0.2.1")), 0, "the same, on a socket of both");
        assert_eq!(quota.refused.get(), 3);
    }

    #[test]
    fn a_network_of_64_bits_shares_one() {
        let same = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::", "2001:db8:1:2:8000:1:2:3"];
        assert_eq!(same.map(caller), [caller("2001:db8:1:2::"); 3]);
        assert_ne!(caller("2001:db8:1:3::1"), caller("2001:db8:1:2::1"));
    }

    #[test]
    fn behind_a_proxy_on_this_machine_the_address_that_it_has_added_counts() {
        for (peer, lines, who) in [
            ("127.0.0.1", &["192.0.2.7"][..], "192.0.2.7"),
            ("::1", &["198.51.100.1, 192.0.2.7"], "192.0.2.7"),
            ("::ffff:127.0.0.1", &["198.51.100.1", "x,2001:db8::7"], "2001:db8::7"),
            ("127.0.0.1", &["192.0.2.7, unknown"], "127.0.0.1"),
            ("127.0.0.1", &[""], "127.0.0.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("203.0.113.1", &["192.0.2.7"], "203.0.113.1"),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            assert_eq!(
                Caller::of(peer.parse().unwrap(), &headers),
                caller(who),
                "{peer} {lines:?}"
            );
        }
    }

    #[test]
    fn who_has_its_whole_share_again_is_forgotten_and_nobody_else() {
        let quota = quota(1);
        for n in 0..3 * Quota::CALLS_A_SWEEP {
            make_it(2 * SECOND * n);
            assert_eq!(quota.grant(nth(n)), Ok(()));
            assert!(quota.callers.len() <= Quota::CALLS_A_SWEEP as usize);
        }
        let greedy = caller("192.0.2.1");
        assert_eq!(granted(&quota, greedy), 4);
        (0..2 * Quota::CALLS_A_SWEEP).for_each(|n| assert_eq!(quota.grant(nth(n)), Ok(())));
        assert_eq!(granted(&quota, greedy), 0);
    }
}
