//! The messages of one queue or subscription, and every change of their state. No clock and no
//! waiting in here: the time is an argument.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::message::{DESCRIPTION, REASON};
use super::{Counts, Entity, EntityOptions, Message};

/// Messages in order of their sequence numbers.
type Line = BTreeMap<i64, Message>;

/// One queue or subscription.
#[derive(Debug)]
pub(super) struct Store {
    entity: Entity,
    pub options: EntityOptions,
    /// Deliverable, by session; without sessions all in the line `None`.
    ready: BTreeMap<Option<String>, Line>,
    scheduled: BTreeMap<(Timestamp, i64), Message>,
    locked: BTreeMap<Uuid, Locked>,
    sessions: BTreeMap<String, SessionLock>,
    dead: Vec<Message>,
    dead_locks: BTreeMap<Uuid, (Message, Timestamp)>,
    /// Whether anybody ever asked for messages here.
    pub consumed: bool,
    /// Whether any message ever had a time to live; without, nothing needs to be looked through.
    perishable: bool,
}

#[derive(Debug)]
struct Locked {
    message: Message,
    until: Timestamp,
    session: Option<String>,
}

#[derive(Debug)]
struct SessionLock {
    token: Uuid,
    until: Timestamp,
}

/// A message or session just locked: its token and the end of the lock.
pub(super) type Lock = (Uuid, Timestamp);

impl Store {
    pub fn new(entity: Entity, options: EntityOptions) -> Self {
        Self {
            entity,
            options,
            ready: BTreeMap::new(),
            scheduled: BTreeMap::new(),
            locked: BTreeMap::new(),
            sessions: BTreeMap::new(),
            dead: Vec::new(),
            dead_locks: BTreeMap::new(),
            consumed: false,
            perishable: false,
        }
    }

    /// Takes a new message in: to wait for its time, or to be delivered.
    pub fn put(&mut self, mut message: Message, now: Timestamp) {
        self.perishable |= message.time_to_live.is_some();
        if self.options.requires_session && message.session_id.is_none() {
            self.bury(message, "Session ID is null", "The entity requires sessions.");
            return;
        }
        match message.scheduled_enqueue_time {
            Some(at) if at > now => {
                message.enqueued_time = now; // until it arrives
                self.scheduled.insert((at, message.sequence_number), message);
            }
            _ => self.enqueue(message, now),
        }
    }

    fn enqueue(&mut self, mut message: Message, now: Timestamp) {
        message.enqueued_time = now;
        self.line_up(message);
    }

    fn line_up(&mut self, message: Message) {
        let session = if self.options.requires_session { message.session_id.clone() } else { None };
        self.ready.entry(session).or_default().insert(message.sequence_number, message);
    }

    /// Lets time do its work: due messages arrive, run-out locks fall, expired messages go.
    /// Says whether anything changed.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        if !self.is_due(now) {
            return false;
        }
        self.unlock_dead(|_, until| until <= now);
        let moved = [self.arrive(now), self.unlock_expired(now), self.expire(now)];
        moved.contains(&true)
    }

    /// Whether time has anything to do here.
    fn is_due(&self, now: Timestamp) -> bool {
        self.is_watched() || self.next_due().is_some_and(|due| due <= now)
    }

    /// Whether time may have something to do here that [`Store::next_due`] does not tell.
    pub fn is_watched(&self) -> bool {
        self.perishable || !self.dead_locks.is_empty()
    }

    fn arrive(&mut self, now: Timestamp) -> bool {
        let later = self.scheduled.split_off(&(now, i64::MAX));
        let due = std::mem::replace(&mut self.scheduled, later);
        let arrived = !due.is_empty();
        due.into_values().for_each(|message| self.enqueue(message, now));
        arrived
    }

    /// The next message that was put off by no more than this when it was sent: how far ahead it
    /// is by now says nothing, for everything comes near in the end.
    pub fn next_within(&self, horizon: SignedDuration) -> Option<(Timestamp, i64)> {
        let soon = |(at, message): (Timestamp, &Message)| {
            at.duration_since(message.enqueued_time) <= horizon
        };
        self.scheduled.iter().find(|((at, _), message)| soon((*at, message))).map(|(key, _)| *key)
    }

    /// Delivers a message that waits, before its time.
    pub fn arrive_early(&mut self, key: (Timestamp, i64), now: Timestamp) {
        if let Some(message) = self.scheduled.remove(&key) {
            self.enqueue(message, now);
        }
    }

    fn unlock_expired(&mut self, now: Timestamp) -> bool {
        let lost: Vec<_> = self.sessions.extract_if(.., |_, lock| lock.until <= now).collect();
        for (session, _) in &lost {
            self.fail_where(|locked| locked.session.as_ref() == Some(session));
        }
        let failed = self.fail_where(|locked| locked.session.is_none() && locked.until <= now);
        failed || !lost.is_empty()
    }

    fn fail_where(&mut self, mut which: impl FnMut(&Locked) -> bool) -> bool {
        let lost: Vec<_> = self.locked.extract_if(.., |_, locked| which(locked)).collect();
        let any = !lost.is_empty();
        lost.into_iter().for_each(|(_, locked)| self.fail(locked.message));
        any
    }

    fn expire(&mut self, now: Timestamp) -> bool {
        if !self.perishable {
            return false;
        }
        let mut expired = Vec::new();
        for line in self.ready.values_mut() {
            expired.extend(line.extract_if(.., |_, message| message.expires_at() <= now));
        }
        self.ready.retain(|_, line| !line.is_empty());
        let any = !expired.is_empty();
        if self.options.dead_letter_on_expiration {
            for (_, message) in expired {
                self.bury(message, "TTLExpiredException", "The message expired.");
            }
        }
        any
    }

    /// Locks the next message of an entity without sessions.
    pub fn take(&mut self, now: Timestamp) -> Option<(Message, Lock)> {
        self.take_from(&None, now)
    }

    /// Locks the session that has waited longest among those nobody holds.
    pub fn accept(&mut self, now: Timestamp) -> Option<(String, Lock)> {
        let free = self.ready.iter().filter_map(|(session, line)| {
            let session = session.as_ref()?;
            let first = line.first_key_value()?.0;
            (!self.sessions.contains_key(session)).then_some((first, session))
        });
        let session = free.min()?.1.clone();
        let lock = (Uuid::new_v4(), self.lock_end(now));
        self.sessions.insert(session.clone(), SessionLock { token: lock.0, until: lock.1 });
        Some((session, lock))
    }

    /// Locks the next message of a held session. `None` when there is none; `Some(None)` when the
    /// session is no longer held with this token.
    pub fn take_in(
        &mut self,
        session: &str,
        token: Uuid,
        now: Timestamp,
    ) -> Option<Option<(Message, Lock)>> {
        match self.sessions.get(session) {
            Some(lock) if lock.token == token => {
                self.take_from(&Some(session.to_owned()), now).map(Some)
            }
            _ => Some(None),
        }
    }

    fn take_from(&mut self, session: &Option<String>, now: Timestamp) -> Option<(Message, Lock)> {
        let line = self.ready.get_mut(session)?;
        let (_, mut message) = line.pop_first()?;
        if line.is_empty() {
            self.ready.remove(session);
        }
        message.delivery_count += 1;
        let lock = (Uuid::new_v4(), self.lock_end(now));
        let locked = Locked { message: message.clone(), until: lock.1, session: session.clone() };
        self.locked.insert(lock.0, locked);
        Some((message, lock))
    }

    fn lock_end(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.options.lock_duration).unwrap_or(Timestamp::MAX)
    }

    /// Gives a session back; messages of it that are still locked count as failed.
    pub fn release(&mut self, session: &str, token: Uuid) {
        if self.sessions.get(session).is_some_and(|lock| lock.token == token) {
            self.sessions.remove(session);
            self.fail_where(|locked| locked.session.as_deref() == Some(session));
        }
    }

    /// The message is done. `false`: the lock is lost.
    pub fn complete(&mut self, token: Uuid) -> bool {
        self.locked.remove(&token).is_some()
    }

    /// The message goes back to where it was. `false`: the lock is lost.
    pub fn abandon(&mut self, token: Uuid) -> bool {
        self.locked.remove(&token).map(|locked| self.fail(locked.message)).is_some()
    }

    /// The message goes to the dead-letter queue. `false`: the lock is lost.
    pub fn dead_letter(&mut self, token: Uuid, reason: &str, description: &str) -> bool {
        let locked = self.locked.remove(&token);
        locked.map(|locked| self.bury(locked.message, reason, description)).is_some()
    }

    /// Moves the end of a message's lock, and of its session's. `None`: the lock is lost.
    pub fn renew(&mut self, token: Uuid, now: Timestamp) -> Option<Timestamp> {
        let until = self.lock_end(now);
        let locked = self.locked.get_mut(&token)?;
        locked.until = until;
        if let Some(lock) = locked.session.as_ref().and_then(|name| self.sessions.get_mut(name)) {
            lock.until = until;
        }
        Some(until)
    }

    fn fail(&mut self, message: Message) {
        if message.delivery_count < self.options.max_delivery_count {
            return self.line_up(message);
        }
        let count = message.delivery_count;
        let description = format!(
            "Message could not be consumed after {count} delivery attempts: it was abandoned or its lock expired."
        );
        self.bury(message, "MaxDeliveryCountExceeded", &description);
    }

    fn bury(&mut self, mut message: Message, reason: &str, description: &str) {
        message.properties.insert(REASON.into(), reason.into());
        message.properties.insert(DESCRIPTION.into(), description.into());
        message.dead_letter_source = Some(self.entity.to_string());
        self.dead.push(message);
    }

    /// The dead letters, oldest first; locked ones are among them.
    pub fn dead(&self) -> Vec<Message> {
        let locked = self.dead_locks.values().map(|(message, _)| message);
        let mut dead: Vec<_> = self.dead.iter().chain(locked).cloned().collect();
        dead.sort_by_key(|message| message.sequence_number);
        dead
    }

    /// Locks the oldest dead letter that nobody holds.
    pub fn take_dead(&mut self, now: Timestamp) -> Option<(Message, Lock)> {
        let at = (0..self.dead.len()).min_by_key(|at| self.dead[*at].sequence_number)?;
        let message = self.dead.remove(at);
        let lock = (Uuid::new_v4(), self.lock_end(now));
        self.dead_locks.insert(lock.0, (message.clone(), lock.1));
        Some((message, lock))
    }

    /// A dead letter is gone for good. `false`: the lock is lost.
    pub fn complete_dead(&mut self, token: Uuid) -> bool {
        self.dead_locks.remove(&token).is_some()
    }

    /// A dead letter is given back. `false`: the lock is lost.
    pub fn release_dead(&mut self, token: Uuid) -> bool {
        self.unlock_dead(|held, _| held == token)
    }

    fn unlock_dead(&mut self, which: impl Fn(Uuid, Timestamp) -> bool) -> bool {
        let over: Vec<_> =
            self.dead_locks.extract_if(.., |token, (_, until)| which(*token, *until)).collect();
        let any = !over.is_empty();
        self.dead.extend(over.into_iter().map(|(_, (message, _))| message));
        any
    }

    /// Takes a message out of the dead-letter queue.
    pub fn exhume(&mut self, sequence_number: i64) -> Option<Message> {
        let at = self.dead.iter().position(|m| m.sequence_number == sequence_number)?;
        Some(self.dead.remove(at))
    }

    pub fn counts(&self) -> Counts {
        Counts {
            active: self.ready.values().map(Line::len).sum(),
            scheduled: self.scheduled.len(),
            locked: self.locked.len(),
            dead: self.dead.len() + self.dead_locks.len(),
        }
    }

    /// Whether nothing is deliverable or locked.
    pub fn is_quiet(&self) -> bool {
        self.ready.is_empty() && self.locked.is_empty()
    }

    /// Loses what waits for its time.
    pub fn lose_scheduled(&mut self) -> usize {
        std::mem::take(&mut self.scheduled).len()
    }

    /// The earliest scheduled instant.
    pub fn next_scheduled(&self) -> Option<Timestamp> {
        self.scheduled.first_key_value().map(|((at, _), _)| *at)
    }

    /// The earliest instant at which [`Store::tick`] would do something.
    pub fn next_due(&self) -> Option<Timestamp> {
        let locks = self.locked.values().filter(|l| l.session.is_none()).map(|l| l.until);
        let sessions = self.sessions.values().map(|lock| lock.until);
        self.next_scheduled().into_iter().chain(locks).chain(sessions).min()
    }
}
