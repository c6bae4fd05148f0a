//! Faults on demand: rules look at each request and say what goes wrong with it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::door::Service;

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429 with `Retry-After`; nothing is done.
    Throttle {
        /// The wait the answer asks for.
        retry_after: Duration,
    },
    /// This 5xx status; nothing is done.
    ServerError(u16),
    /// The connection dies before anything is done.
    DropBefore,
    /// Everything is done, then the connection dies without an answer.
    LoseAnswer,
}

/// What a rule sees of a request.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// Where the request goes.
    pub service: Service,
    /// HTTP method.
    pub method: &'a str,
    /// Path with query, as sent.
    pub path: &'a str,
    /// The calling function, when the User-Agent names one.
    pub function: Option<&'a str>,
    /// It changes something. Requests inside a `$batch` are writes of their own, the envelope is not.
    pub write: bool,
    /// It is a request inside a `$batch`.
    pub inner: bool,
    /// This is the n-th write (from 1) since the rule was set; for reads, the writes so far.
    pub write_index: usize,
    /// This is the n-th request (from 1) since the rule was set.
    pub index: usize,
}

/// A rule: the first rule that names a fault decides.
pub type Rule = Box<dyn FnMut(&Seen<'_>) -> Option<Fault> + Send>;

struct Active {
    rule: Rule,
    seen: usize,
    writes: usize,
}

/// The rules in force.
#[derive(Default)]
pub struct Faults {
    any: AtomicBool,
    rules: Mutex<Vec<Active>>,
}

impl Faults {
    /// Replaces all rules by `rule`.
    pub fn set(&self, rule: Rule) {
        self.clear();
        self.add(rule);
    }

    /// Adds `rule` after those in force.
    pub fn add(&self, rule: Rule) {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.push(Active { rule, seen: 0, writes: 0 });
        self.any.store(true, Ordering::Release);
    }

    /// No faults from here on.
    pub fn clear(&self) {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.clear();
        self.any.store(false, Ordering::Release);
    }

    /// What goes wrong with `seen`, whose counters are filled in here for each rule.
    pub fn decide(&self, seen: &Seen<'_>) -> Option<Fault> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut decided = None;
        for active in self.rules.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            active.seen += 1;
            active.writes += usize::from(seen.write);
            let seen = Seen { index: active.seen, write_index: active.writes, ..seen.clone() };
            if decided.is_none() {
                decided = (active.rule)(&seen);
            }
        }
        decided
    }
}

/// Nothing ever goes wrong.
pub fn none() -> Rule {
    Box::new(|_| None)
}

/// The connection of the `n`-th write (from 1) dies before anything is done; once.
pub fn before_write(n: usize) -> Rule {
    at_write(n, Fault::DropBefore)
}

/// The `n`-th write (from 1) is done and its answer lost; once.
pub fn after_write(n: usize) -> Rule {
    at_write(n, Fault::LoseAnswer)
}

fn at_write(n: usize, fault: Fault) -> Rule {
    Box::new(move |seen| (seen.write && seen.write_index == n).then_some(fault))
}

/// The first request of each method and path is throttled, its repetition is not. Tokens are spared:
/// how a credential library retries is not what is tested with this.
pub fn throttle_each_once(retry_after: Duration) -> Rule {
    let mut known = HashSet::new();
    Box::new(move |seen| {
        if seen.service == Service::Authority {
            return None;
        }
        let first = known.insert(format!("{:?} {} {}", seen.service, seen.method, seen.path));
        first.then_some(Fault::Throttle { retry_after })
    })
}

/// Shares of requests, from 0 to 1, that meet each fault.
#[derive(Clone, Copy, Debug)]
pub struct FaultMix {
    /// Answered 429.
    pub throttle: f64,
    /// Answered 503.
    pub server_error: f64,
    /// Dropped before anything was done.
    pub dropped: f64,
    /// Done, the answer lost.
    pub lost_answer: f64,
    /// What a 429 asks to wait.
    pub retry_after: Duration,
}

impl Default for FaultMix {
    fn default() -> FaultMix {
        FaultMix {
            throttle: 0.05,
            server_error: 0.03,
            dropped: 0.01,
            lost_answer: 0.03,
            retry_after: Duration::from_secs(1),
        }
    }
}

/// Faults drawn from `mix` by a generator over `seed` and the number of the request. Tokens are
/// spared, as in [`throttle_each_once`].
pub fn seeded(seed: u64, mix: FaultMix) -> Rule {
    Box::new(move |seen| {
        if seen.service == Service::Authority {
            return None;
        }
        let draw = unit(seed ^ (seen.index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let shares = [
            (mix.throttle, Fault::Throttle { retry_after: mix.retry_after }),
            (mix.server_error, Fault::ServerError(503)),
            (mix.dropped, Fault::DropBefore),
            (mix.lost_answer, Fault::LoseAnswer),
        ];
        let mut edge = 0.0;
        shares.into_iter().find_map(|(share, fault)| {
            edge += share;
            (draw < edge).then_some(fault)
        })
    })
}

/// SplitMix64's finaliser, mapped to `[0, 1)`.
pub(crate) fn unit(mut z: u64) -> f64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(write: bool) -> Seen<'static> {
        let (method, path) = if write { ("POST", "/v1.0/users") } else { ("GET", "/v1.0/users") };
        Seen {
            service: Service::Graph,
            method,
            path,
            function: None,
            write,
            inner: false,
            write_index: 0,
            index: 0,
        }
    }

    #[test]
    fn the_second_write_dies_once() {
        let faults = Faults::default();
        faults.set(before_write(2));
        let met: Vec<_> = [true, false, true, true].map(|w| faults.decide(&seen(w))).into();
        assert_eq!(met, [None, None, Some(Fault::DropBefore), None]);
    }

    #[test]
    fn a_seed_repeats_its_faults_in_about_the_wanted_shares() {
        let draw = |seed| {
            let faults = Faults::default();
            faults.set(seeded(seed, FaultMix::default()));
            (0..10_000).map(|_| faults.decide(&seen(true))).collect::<Vec<_>>()
        };
        let first = draw(7);
        assert_eq!(first, draw(7));
        assert_ne!(first, draw(8));
        let throttled = first.iter().filter(|f| matches!(f, Some(Fault::Throttle { .. }))).count();
        assert!((400..600).contains(&throttled), "{throttled} of 10000 throttled");
    }

    #[test]
    fn each_request_is_throttled_once() {
        let faults = Faults::default();
        faults.set(throttle_each_once(Duration::from_secs(3)));
        assert!(matches!(faults.decide(&seen(true)), Some(Fault::Throttle { .. })));
        assert_eq!(faults.decide(&seen(true)), None);
        assert!(faults.decide(&seen(false)).is_some());
    }
}
