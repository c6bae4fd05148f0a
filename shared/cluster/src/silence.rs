//! Clusters that take requests and do not answer: the next requests do not wait for them as long.
//!
//! A request that waited in vain makes its cluster silent, unless the cluster answered another one
//! meanwhile. Requests to a silent cluster are busy at once; every few seconds, while somebody
//! wants something of it, a request of our own finds out whether it answers again. Nobody waits for
//! that one, so nobody who gives up can end it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// For how long a silent cluster is left alone, and for how long the request waits that finds out.
pub(crate) const PAUSE: Duration = Duration::from_secs(5);

/// What is known of each cluster, by its key. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Silences(Arc<Mutex<BTreeMap<String, Heard>>>);

#[derive(Default)]
struct Heard {
    /// When the last answer came.
    answered: Option<Instant>,
    silent: Option<Silent>,
}

enum Silent {
    /// Nothing is sent before this instant.
    Until(Instant),
    /// A request is on its way that finds out.
    Tried,
}

/// A request on its way.
pub(crate) struct Attempt {
    silences: Silences,
    key: String,
    sent: Instant,
    /// Whether it finds out if a silent cluster answers again.
    finds_out: bool,
}

impl Silences {
    /// A request that is sent at this instant; none where the cluster is silent.
    pub(crate) fn attempt(&self, key: &str, now: Instant) -> Option<Attempt> {
        self.all().entry(key.to_owned()).or_default().silent.is_none().then(|| Attempt {
            silences: self.clone(),
            key: key.to_owned(),
            sent: now,
            finds_out: false,
        })
    }

    /// The request that finds out if a silent cluster answers again; none where it is too early or
    /// one is on its way.
    pub(crate) fn find_out(&self, key: &str, now: Instant) -> Option<Attempt> {
        let mut all = self.all();
        let silent = all.get_mut(key)?.silent.as_mut()?;
        if !matches!(silent, Silent::Until(instant) if *instant <= now) {
            return None;
        }
        *silent = Silent::Tried;
        drop(all);
        Some(Attempt { silences: self.clone(), key: key.to_owned(), sent: now, finds_out: true })
    }

    /// Whether the cluster is silent.
    pub(crate) fn is_silent(&self, key: &str) -> bool {
        self.all().get(key).is_some_and(|heard| heard.silent.is_some())
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// The cluster answered, whatever it said.
    pub(crate) fn answered(mut self, now: Instant) {
        self.finds_out = false;
        let mut all = self.silences.all();
        let heard = all.entry(self.key.clone()).or_default();
        *heard = Heard { answered: Some(now), silent: None };
    }

    /// It waited as long as it may, in vain.
    pub(crate) fn in_vain(self, now: Instant) {
        let mut all = self.silences.all();
        let heard = all.entry(self.key.clone()).or_default();
        if heard.answered.is_none_or(|at| at < self.sent) {
            heard.silent = Some(Silent::Until(now + PAUSE));
        }
        drop(all);
    }
}

impl Drop for Attempt {
    /// No answer came to the request that was to find out: the cluster is left alone once more.
    fn drop(&mut self) {
        if !self.finds_out {
            return;
        }
        let mut all = self.silences.all();
        if let Some(silent @ Silent::Tried) =
            all.get_mut(&self.key).and_then(|heard| heard.silent.as_mut())
        {
            *silent = Silent::Until(Instant::now() + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "aks";
    /// Longer than any request waits.
    const LONG: Duration = Duration::from_secs(60);

    /// A cluster that is silent, and since when.
    fn silent() -> (Silences, Instant) {
        let (silences, now) = (Silences::default(), Instant::now());
        silences.attempt(KEY, now).expect("nothing is known").in_vain(now + LONG);
        (silences, now + LONG)
    }

    #[test]
    fn a_cluster_that_does_not_answer_is_left_alone_until_one_request_finds_out() {
        let (silences, since) = silent();
        assert!(silences.is_silent(KEY) && silences.find_out(KEY, since).is_none());
        assert!(silences.attempt(KEY, since + LONG).is_none());
        assert!(silences.attempt("another", since).is_some());
        let first = silences.find_out(KEY, since + PAUSE).expect("it is time");
        assert!(silences.find_out(KEY, since + LONG).is_none(), "one at a time");
        first.answered(since + LONG);
        assert!(!silences.is_silent(KEY) && silences.attempt(KEY, since + LONG).is_some());
    }

    #[test]
    fn a_cluster_that_stays_silent_is_asked_again_and_again() {
        let (silences, since) = silent();
        for _ in 0..3 {
            drop(silences.find_out(KEY, since + LONG).expect("it is time"));
            assert!(silences.is_silent(KEY) && silences.attempt(KEY, since + LONG).is_none());
        }
    }

    #[test]
    fn one_slow_answer_among_others_makes_nobody_silent() {
        let (silences, now) = (Silences::default(), Instant::now());
        let slow = silences.attempt(KEY, now).expect("nothing is known");
        silences.attempt(KEY, now).expect("nothing is known").answered(now + PAUSE);
        slow.in_vain(now + LONG);
        assert!(!silences.is_silent(KEY));
    }
}
