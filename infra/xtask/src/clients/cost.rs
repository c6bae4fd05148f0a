//! What a procedure costs: requests by service, and time.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sandbox::{Service, World};

/// Services by the name they have in tables.
const SERVICES: [(&str, Service); 4] = [
    ("authority", Service::Authority),
    ("graph", Service::Graph),
    ("arm", Service::Arm),
    ("kubernetes", Service::Kubernetes),
];

/// What was spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// HTTP requests by service.
    pub requests: BTreeMap<&'static str, u64>,
    /// Processes of `az`, `kubectl` and shells.
    pub processes: u64,
    /// From the first to the last, as the clock on the wall goes.
    pub wall: Duration,
}

impl Cost {
    /// Requests to all services.
    pub fn total(&self) -> u64 {
        self.requests.values().sum()
    }
}

/// Counts from a moment on.
pub(super) struct Meter(Mutex<Mark>);

struct Mark {
    since: Instant,
    requests: BTreeMap<&'static str, u64>,
    processes: u64,
}

impl Meter {
    pub(super) fn new(world: &World) -> Self {
        Self(Mutex::new(mark(world)))
    }

    pub(super) fn reset(&self, world: &World) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = mark(world);
    }

    pub(super) fn started(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).processes += 1;
    }

    pub(super) fn cost(&self, world: &World) -> Cost {
        let mark = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut requests = counted(world);
        for (service, count) in &mut requests {
            *count = count.saturating_sub(mark.requests.get(service).copied().unwrap_or(0));
        }
        Cost { requests, processes: mark.processes, wall: mark.since.elapsed() }
    }
}

fn mark(world: &World) -> Mark {
    Mark { since: Instant::now(), requests: counted(world), processes: 0 }
}

fn counted(world: &World) -> BTreeMap<&'static str, u64> {
    SERVICES.iter().map(|(name, service)| (*name, world.calls.of(*service))).collect()
}
