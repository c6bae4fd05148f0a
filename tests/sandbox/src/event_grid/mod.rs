//! Event Grid: what happens in the subscription and, through a partner topic, in the directory,
//! delivered at least once and in no order.
//!
//! Contracts: `arm-k8s-contracts.md` section 9.2, `graph-contracts.md` section 9.6.

mod arm;
mod graph;
mod queue;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::world::World;
pub(crate) use arm::{Done, arm_event};
use queue::Queue;

/// Where events go: answers whether the delivery was accepted.
pub type Sink = Arc<dyn Fn(Value) -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// How deliveries go wrong; by default they do not. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Knobs {
    /// How long after it happened an event is delivered, by the sandbox clock.
    pub delay: SignedDuration,
    /// Share of events that are never delivered.
    pub loss: f64,
    /// Share of events that are delivered twice.
    pub duplication: f64,
    /// Share of events that are delivered a second later than they should.
    pub reordering: f64,
    /// What the shares are drawn with.
    pub seed: u64,
    /// Nobody waits for delays and for the pauses before another try: what is not due yet is
    /// delivered as soon as nothing else is.
    pub hurried: bool,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            delay: SignedDuration::ZERO,
            loss: 0.0,
            duplication: 0.0,
            reordering: 0.0,
            seed: 0,
            hurried: false,
        }
    }
}

/// A subscription of Graph's change notifications whose notifications go to a partner topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// `clientState` of the subscription.
    pub client_state: String,
    /// Its id.
    pub subscription_id: String,
    /// When it ends; nothing comes afterwards.
    pub expires: Timestamp,
}

/// How many events came and went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// That happened while somebody was subscribed.
    pub published: u64,
    /// That are never delivered.
    pub lost: u64,
    /// Deliveries that were accepted.
    pub accepted: u64,
    /// Deliveries that failed, and are tried again.
    pub failed: u64,
    /// Events given up after the last try.
    pub dropped: u64,
}

/// The topics of one tenant and its subscription. Clones are the same.
#[derive(Clone)]
pub struct EventGrid(Arc<Inner>);

struct Inner {
    clock: Clock,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    queue: Queue,
    sink: Option<Sink>,
    /// Which sink it is, so that the worker of an earlier one ends.
    generation: u64,
    world: Weak<World>,
    partner: Option<Partner>,
    /// The last change of the directory that was looked at.
    seen: u64,
}

impl EventGrid {
    /// Topics that nobody is subscribed to, and that live by `clock`.
    pub fn new(clock: Clock) -> Self {
        let (changed, _) = watch::channel(());
        Self(Arc::new(Inner { clock, state: Mutex::default(), changed }))
    }

    /// Lets directory changes be read from `world`.
    pub(crate) fn attach(&self, world: &Arc<World>) {
        self.state().world = Arc::downgrade(world);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, act: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let answer = act(&mut self.state(), self.0.clock.now());
        self.0.changed.send_replace(());
        answer
    }

    /// How deliveries go wrong from now on.
    pub fn set(&self, knobs: Knobs) {
        self.change(|state, _| state.queue.knobs = knobs);
    }

    /// Hurries deliveries along, or stops doing so; see [`Knobs::hurried`].
    pub fn hurry(&self, on: bool) {
        self.change(|state, _| state.queue.knobs.hurried = on);
    }

    /// Sends what changes in the directory from now on through `partner`; none, the default, sends
    /// nothing.
    pub fn set_partner(&self, partner: Option<Partner>) {
        let last = self.last_change();
        self.change(|state, _| {
            state.partner = partner;
            state.seen = last.unwrap_or(state.seen);
        });
    }

    fn last_change(&self) -> Option<u64> {
        let world = self.state().world.upgrade()?;
        let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
        Some(directory.last_change())
    }

    /// Delivers every event to `sink` from now on, on the current tokio runtime. Nobody being
    /// subscribed before, what happened until now is not delivered.
    pub fn connect(&self, sink: Sink) {
        let generation = self.change(|state, _| {
            state.sink = Some(sink);
            state.generation += 1;
            state.generation
        });
        tokio::spawn(self.clone().deliver(generation));
        tokio::spawn(self.clone().follow_directory(generation));
    }

    /// Something happened; not delivered when nobody is subscribed.
    pub fn publish(&self, event: Value) {
        self.change(|state, now| {
            if state.sink.is_some() {
                state.queue.add(event, now);
            }
        });
    }

    /// How many events came and went.
    pub fn tally(&self) -> Tally {
        self.state().queue.tally
    }

    /// Whether nothing is due or being delivered; while [hurried](Knobs::hurried), whether nothing
    /// waits for its time either.
    pub fn idle(&self) -> bool {
        self.read_directory();
        let state = self.state();
        state.sink.is_none() || state.queue.is_quiet(self.0.clock.now())
    }

    /// Waits until it is [idle](Self::idle).
    pub async fn settled(&self) {
        let mut changed = self.0.changed.subscribe();
        loop {
            changed.borrow_and_update();
            if self.idle() {
                return;
            }
            // Delivering changes the queue, and so does whatever falls due.
            let _ = tokio::time::timeout(Duration::from_millis(50), changed.changed()).await;
        }
    }

    async fn deliver(self, generation: u64) {
        let (mut changed, mut turned) = (self.0.changed.subscribe(), self.0.clock.turns());
        loop {
            changed.borrow_and_update();
            turned.borrow_and_update();
            let now = self.0.clock.now();
            let (sink, next, due) = {
                let mut state = self.state();
                if state.generation != generation {
                    return;
                }
                let next = state.queue.take(now);
                (state.sink.clone(), next, state.queue.next_due())
            };
            if let (Some(sink), Some(next)) = (sink, next) {
                let grid = self.clone();
                tokio::spawn(async move {
                    let accepted = sink(next.event.clone()).await;
                    grid.change(|state, now| state.queue.done(next, accepted, now));
                });
                continue;
            }
            tokio::select! {
                _ = changed.changed() => {}
                _ = turned.changed() => {}
                () = sleep_until(&self.0.clock, due) => {}
            }
        }
    }

    async fn follow_directory(self, generation: u64) {
        let Some(world) = self.state().world.upgrade() else { return };
        let mut changing = {
            let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
            directory.changing()
        };
        drop(world);
        while changing.changed().await.is_ok() && self.state().generation == generation {
            self.read_directory();
        }
    }

    /// Publishes the changes of the directory that were not yet.
    fn read_directory(&self) {
        let (Some(world), Some(partner)) = ({
            let state = self.state();
            (state.world.upgrade(), state.partner.clone())
        }) else {
            return;
        };
        let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
        // Under both locks, so that no change is published twice.
        let mut state = self.state();
        let changes = directory.changes_since(state.seen);
        let Some(last) = changes.last() else { return };
        let last = last.seq;
        let events = changes.iter().filter(|change| change.at < partner.expires);
        let events: Vec<_> = events.map(|c| graph::event(&world.config, &partner, c)).collect();
        state.seen = last;
        let now = self.0.clock.now();
        for event in events.into_iter().flatten() {
            if state.sink.is_some() {
                state.queue.add(event, now);
            }
        }
        drop(state);
        self.0.changed.send_replace(());
    }
}

async fn sleep_until(clock: &Clock, due: Option<Timestamp>) {
    let Some(due) = due else { return std::future::pending().await };
    let wait = Duration::try_from(due.duration_since(clock.now())).unwrap_or_default();
    tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
}

impl fmt::Debug for EventGrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EventGrid").field(&self.tally()).finish()
    }
}
