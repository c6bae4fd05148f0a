//! Taking messages out: peek-lock, sessions, settlement.

use jiff::Timestamp;
use uuid::Uuid;

use super::state::State;
use super::store::Store;
use super::{Broker, BusError, Delivery, Entity, Message};

impl Broker {
    /// Waits for the next message of an entity without sessions and locks it. Cancel-safe.
    ///
    /// # Errors
    /// [`BusError::NoEntity`]; [`BusError::NeedsSession`] when the entity has sessions.
    pub async fn receive(&self, entity: &Entity) -> Result<Delivery, BusError> {
        self.until(|state, now| {
            let store = match Self::consume(state, entity) {
                Ok(store) if store.options.requires_session => {
                    return Some(Err(BusError::NeedsSession(entity.to_string())));
                }
                Ok(store) => store,
                Err(error) => return Some(Err(error)),
            };
            let (message, lock) = store.take(now)?;
            Some(Ok(Self::delivery(entity, message, lock)))
        })
        .await
    }

    /// Waits for a session that has messages and no consumer, and locks it. Cancel-safe.
    ///
    /// # Errors
    /// [`BusError::NoEntity`]; [`BusError::NeedsSession`] when the entity has no sessions.
    pub async fn accept_session(&self, entity: &Entity) -> Result<Session, BusError> {
        let (id, lock) = self
            .until(|state, now| match Self::consume(state, entity) {
                Ok(store) if store.options.requires_session => store.accept(now).map(Ok),
                Ok(_) => Some(Err(BusError::NeedsSession(entity.to_string()))),
                Err(error) => Some(Err(error)),
            })
            .await?;
        Ok(Session { broker: self.clone(), entity: entity.clone(), id, token: lock.0 })
    }

    /// The next message of a held session, if there is one now.
    fn take_in(
        &self,
        entity: &Entity,
        session: &str,
        token: Uuid,
    ) -> Result<Option<Delivery>, BusError> {
        self.change(|state, now| match Self::consume(state, entity)?.take_in(session, token, now) {
            None => Ok(None),
            Some(None) => Err(BusError::LockLost),
            Some(Some((message, lock))) => Ok(Some(Self::delivery(entity, message, lock))),
        })
    }

    fn release(&self, entity: &Entity, session: &str, token: Uuid) {
        self.change(|state, _| {
            if let Some(store) = state.stores.get_mut(entity) {
                store.release(session, token);
            }
        });
    }

    fn consume<'a>(state: &'a mut State, entity: &Entity) -> Result<&'a mut Store, BusError> {
        if state.stores.get(entity).is_some_and(|store| !store.consumed) {
            state.changed();
        }
        let store = state.stores.get_mut(entity);
        let store = store.ok_or_else(|| BusError::NoEntity(entity.to_string()))?;
        store.consumed = true;
        Ok(store)
    }

    fn delivery(entity: &Entity, message: Message, lock: (Uuid, Timestamp)) -> Delivery {
        Delivery { entity: entity.clone(), message, lock_token: lock.0, locked_until: lock.1 }
    }

    /// Settles a delivery as done.
    ///
    /// # Errors
    /// [`BusError::LockLost`]: it will be, or already was, delivered again.
    pub fn complete(&self, delivery: &Delivery) -> Result<(), BusError> {
        self.settle(delivery, |store| store.complete(delivery.lock_token))
    }

    /// Gives a delivery back; it is deliverable again at once, or dead-lettered as the 10th failure.
    ///
    /// # Errors
    /// [`BusError::LockLost`].
    pub fn abandon(&self, delivery: &Delivery) -> Result<(), BusError> {
        self.settle(delivery, |store| store.abandon(delivery.lock_token))
    }

    /// Moves a delivery to the dead-letter queue.
    ///
    /// # Errors
    /// [`BusError::LockLost`].
    pub fn dead_letter(
        &self,
        delivery: &Delivery,
        reason: &str,
        description: &str,
    ) -> Result<(), BusError> {
        self.settle(delivery, |store| store.dead_letter(delivery.lock_token, reason, description))
    }

    fn settle(
        &self,
        delivery: &Delivery,
        act: impl FnOnce(&mut Store) -> bool,
    ) -> Result<(), BusError> {
        let done = self.change(|state, _| state.stores.get_mut(&delivery.entity).is_some_and(act));
        done.then_some(()).ok_or(BusError::LockLost)
    }

    /// Renews the lock of a delivery, and of the session it came from. Returns its new end.
    ///
    /// # Errors
    /// [`BusError::LockLost`].
    pub fn renew(&self, delivery: &Delivery) -> Result<Timestamp, BusError> {
        self.change(|state, now| {
            let store = state.stores.get_mut(&delivery.entity);
            store.and_then(|store| store.renew(delivery.lock_token, now)).ok_or(BusError::LockLost)
        })
    }
}

/// A session somebody holds: the only way to its messages. Given back when dropped.
#[derive(Debug)]
pub struct Session {
    broker: Broker,
    entity: Entity,
    id: String,
    token: Uuid,
}

impl Session {
    /// The SessionId.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The next message of the session in order, locked, if there is one at this moment.
    ///
    /// # Errors
    /// [`BusError::LockLost`] when the session's lock ran out.
    pub fn next(&self) -> Result<Option<Delivery>, BusError> {
        self.broker.take_in(&self.entity, &self.id, self.token)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.broker.release(&self.entity, &self.id, self.token);
    }
}
