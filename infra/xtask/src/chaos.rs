//! Kills the handler now and then, at random but repeatable points.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use latchkey_core::ids::digest;

use crate::stage::Stage;

/// Kills that a message may live through: the queue dead-letters it at ten deliveries.
const MOST_KILLS: u64 = 6;
/// A kill comes up to so many milliseconds after its request: some hit the request, some what the
/// handler does next.
const LATEST: u64 = 20;

/// Counts the requests that the tenant gets, and at some of them kills the handler that sent it.
#[derive(Debug)]
pub struct Chaos {
    requests: Arc<AtomicUsize>,
    kills: Arc<AtomicUsize>,
}

impl Chaos {
    /// Kills the handler a few times within the next `requests` requests, where the seed says.
    pub fn start(stage: &Stage, seed: u64, requests: usize) -> Self {
        let most = 1 + draw(seed, "kills", MOST_KILLS);
        let kills = (0..most).map(|n| {
            let at = draw(seed, &format!("at {n}"), u64::try_from(requests).unwrap_or(u64::MAX));
            usize::try_from(at).unwrap_or_default() + 1
        });
        Self::kill_at(stage, seed, kills.collect())
    }

    /// Kills nobody.
    pub fn none(stage: &Stage) -> Self {
        Self::kill_at(stage, 0, BTreeSet::new())
    }

    /// Requests so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Kills so far.
    pub fn kills(&self) -> usize {
        self.kills.load(Ordering::Relaxed)
    }

    fn kill_at(stage: &Stage, seed: u64, mut points: BTreeSet<usize>) -> Self {
        let chaos = Self { requests: Arc::default(), kills: Arc::default() };
        let (seen, kills) = (Arc::clone(&chaos.requests), Arc::clone(&chaos.kills));
        let kill = Arc::new(stage.host.killer());
        stage.sandbox.world.faults.add(Box::new(move |request| {
            seen.store(request.index, Ordering::Relaxed);
            // A request that met a fault is not shown here: its kill comes with the next one.
            if points.first().is_some_and(|point| *point <= request.index) {
                points.pop_first();
                let wait = draw(seed, &format!("wait {}", request.index), LATEST);
                let kill = Arc::clone(&kill);
                let function = request.function.map(str::to_owned);
                kills.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    kill(function.as_deref());
                });
            }
            None
        }));
        chaos
    }
}

/// A number below `below`.
fn draw(seed: u64, what: &str, below: u64) -> u64 {
    let digest = digest(&[&seed.to_string(), what]);
    u64::from_str_radix(&digest[..12], 16).unwrap_or_default() % below.max(1)
}
