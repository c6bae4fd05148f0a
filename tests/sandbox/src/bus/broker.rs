//! The broker: the namespace's state behind a lock, and the waiting.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::state::State;
use super::store::Store;
use super::{BusError, Counts, Entity, EntityOptions, Message, Sent};
use crate::clock::Clock;

/// An in-memory Service Bus namespace. Clones are the same namespace.
#[derive(Clone)]
pub struct Broker {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Clock,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

impl Broker {
    /// A namespace without entities that lives by `clock`.
    pub fn new(clock: Clock) -> Self {
        let (changed, _) = watch::channel(());
        Self { inner: Arc::new(Inner { clock, state: Mutex::default(), changed }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `act` on the present state and wakes everybody who waits.
    pub(super) fn change<T>(&self, act: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let answer = {
            let mut state = self.state();
            let now = self.inner.clock.now();
            state.tick(now);
            let answer = act(&mut state, now);
            state.changed();
            state.tick(now);
            answer
        };
        self.inner.changed.send_replace(());
        answer
    }

    fn look<T>(&self, act: impl FnOnce(&State) -> T) -> T {
        self.attempt(|state, _| act(state))
    }

    /// Runs `act`, and wakes those who wait only if time did something. What `act` changes it has to
    /// [say](State::changed).
    fn attempt<T>(&self, act: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let (moved, answer) = {
            let mut state = self.state();
            let now = self.inner.clock.now();
            let moved = state.tick(now);
            (moved, act(&mut state, now))
        };
        if moved {
            self.inner.changed.send_replace(());
        }
        answer
    }

    /// Waits until `attempt` has an answer, trying again after every change of the broker or turn of
    /// the clock, and when something falls due. Cancel-safe: nothing is taken without being returned.
    pub(super) async fn until<T>(
        &self,
        mut attempt: impl FnMut(&mut State, Timestamp) -> Option<T>,
    ) -> T {
        let mut changed = self.inner.changed.subscribe();
        let mut turned = self.inner.clock.turns();
        loop {
            changed.borrow_and_update();
            turned.borrow_and_update();
            let (answer, due) = self.attempt(|state, now| {
                let mut answer = attempt(state, now);
                // Asking makes an entity one that somebody reads, which may let time skip ahead.
                while answer.is_none() && state.tick(now) {
                    answer = attempt(state, now);
                }
                if answer.is_some() {
                    state.changed();
                }
                (answer, state.next_due())
            });
            if let Some(answer) = answer {
                return answer;
            }
            tokio::select! {
                _ = changed.changed() => {}
                _ = turned.changed() => {}
                () = self.sleep_until(due) => {}
            }
        }
    }

    async fn sleep_until(&self, due: Option<Timestamp>) {
        let Some(due) = due else { return std::future::pending().await };
        let wait = due.duration_since(self.inner.clock.now());
        let wait = Duration::try_from(wait).unwrap_or_default();
        tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
    }

    /// Makes sure the queue exists. Declared again, it keeps its messages and takes the new options.
    pub fn declare_queue(&self, name: &str, options: EntityOptions) {
        self.change(|state, _| state.declare_queue(name, &options));
    }

    /// Makes sure the topic exists; see [`Broker::declare_queue`].
    pub fn declare_topic(&self, name: &str, options: EntityOptions) {
        self.change(|state, _| state.declare_topic(name, &options));
    }

    /// Makes sure the subscription exists. With a label it gets only messages of that label.
    ///
    /// # Errors
    /// [`BusError::NoEntity`] when the topic was not declared.
    pub fn declare_subscription(
        &self,
        topic: &str,
        name: &str,
        label: Option<&str>,
        options: EntityOptions,
    ) -> Result<(), BusError> {
        let entity = Entity::subscription(topic, name);
        self.change(|state, _| state.declare_subscription(&entity, label, &options))
    }

    /// Sends to a queue or topic.
    ///
    /// # Errors
    /// What Service Bus refuses: unknown entity, missing session, too long an id, too large a message.
    pub fn send(&self, entity: &str, message: Message) -> Result<Sent, BusError> {
        self.change(|state, now| state.send(entity, message, now))
    }

    /// Sends all of these or, when one is refused, none.
    ///
    /// # Errors
    /// As [`Broker::send`].
    pub fn send_batch(&self, entity: &str, messages: Vec<Message>) -> Result<Vec<Sent>, BusError> {
        self.change(|state, now| {
            messages.iter().try_for_each(|message| state.check(entity, message))?;
            messages.into_iter().map(|message| state.send(entity, message, now)).collect()
        })
    }

    /// Loses every message that waits for its time, and says how many there were.
    pub fn lose_scheduled(&self) -> usize {
        self.change(|state, _| state.stores.values_mut().map(Store::lose_scheduled).sum())
    }

    /// How many messages of each entity are in which state.
    pub fn counts(&self) -> BTreeMap<Entity, Counts> {
        self.look(|state| {
            state.stores.iter().map(|(entity, store)| (entity.clone(), store.counts())).collect()
        })
    }

    /// Whether nothing is deliverable or locked; scheduled messages may be waiting.
    pub fn idle(&self) -> bool {
        self.look(State::is_quiet)
    }

    /// Waits until the broker is [idle](Broker::idle); with `scheduled`, until nothing waits for its
    /// time either. A message that one settlement brings about is there before the settlement is, so
    /// this does not return between the two.
    pub async fn settled(&self, scheduled: bool) {
        let quiet = |state: &mut State, _| {
            (state.is_quiet() && (!scheduled || state.nothing_scheduled())).then_some(())
        };
        self.until(quiet).await;
    }

    /// Changes of the broker, for waiting on anything else; every change marks it.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.inner.changed.subscribe()
    }

    /// The dead-letter queue of an entity, oldest first.
    pub fn dead_letters(&self, entity: &Entity) -> Vec<Message> {
        let dead = |state: &State| state.stores.get(entity).map(Store::dead);
        self.look(dead).unwrap_or_default()
    }

    /// Sends a dead letter again, as a new message with a new id (the old one may still be in the
    /// duplicate-detection window), mended with another payload if one is given. Returns the new id.
    ///
    /// # Errors
    /// [`BusError::NoMessage`] when no dead letter has this sequence number; else as [`Broker::send`].
    pub fn resubmit(
        &self,
        entity: &Entity,
        sequence_number: i64,
        mended: Option<Bytes>,
    ) -> Result<String, BusError> {
        self.change(|state, now| {
            let store = state.stores.get_mut(entity);
            let store = store.ok_or_else(|| BusError::NoEntity(entity.to_string()))?;
            let dead = store.exhume(sequence_number).ok_or(BusError::NoMessage)?;
            let copy = dead.copy(mended);
            let id = copy.message_id.clone();
            state.send(entity.door(), copy, now)?;
            Ok(id)
        })
    }

    /// While on, a scheduled message is delivered as soon as nothing else is deliverable or locked,
    /// so nobody waits for delays. The clock stays as it is.
    pub fn fast_forward(&self, on: bool) {
        self.fast_forward_within(on.then_some(SignedDuration::MAX));
    }

    /// [`Broker::fast_forward`] for messages put off by `horizon` at most; `None` is off.
    pub fn fast_forward_within(&self, horizon: Option<SignedDuration>) {
        self.change(|state, _| state.fast_forward = horizon);
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.counts()).finish()
    }
}
