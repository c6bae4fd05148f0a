//! All entities of a namespace: who gets a sent message, and what duplicates are.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::store::Store;
use super::{BusError, Entity, EntityOptions, Message};

/// Largest message of the Standard tier.
const MAX_BYTES: usize = 256 * 1024;
/// Longest MessageId and SessionId.
const MAX_ID: usize = 128;

/// What [`super::Broker::send`] did with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is in the entity, under this sequence number.
    Accepted(i64),
    /// Its MessageId was seen within the window: answered like a success, and dropped.
    Duplicate,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub stores: BTreeMap<Entity, Store>,
    doors: BTreeMap<String, Door>,
    sequence: i64,
    /// That nothing is to be done before this instant (ever, if none), as long as nothing changes.
    rests: Option<Option<Timestamp>>,
    /// How far ahead of its time a scheduled message may be delivered when nothing else is to do.
    pub fast_forward: Option<SignedDuration>,
}

/// Something one can send to.
#[derive(Debug)]
struct Door {
    options: EntityOptions,
    routes: Vec<Route>,
    seen: Seen,
}

#[derive(Debug)]
struct Route {
    label: Option<String>,
    to: Entity,
}

impl State {
    pub fn declare_queue(&mut self, name: &str, options: &EntityOptions) {
        let entity = Entity::queue(name);
        let route = Route { label: None, to: entity.clone() };
        self.door(name, options).routes = vec![route];
        self.store(&entity, options);
    }

    pub fn declare_topic(&mut self, name: &str, options: &EntityOptions) {
        self.door(name, options);
    }

    pub fn declare_subscription(
        &mut self,
        entity: &Entity,
        label: Option<&str>,
        options: &EntityOptions,
    ) -> Result<(), BusError> {
        let Some(door) = self.doors.get_mut(entity.door()) else {
            return Err(BusError::NoEntity(entity.door().to_owned()));
        };
        door.routes.retain(|route| route.to != *entity);
        door.routes.push(Route { label: label.map(str::to_owned), to: entity.clone() });
        self.store(entity, options);
        Ok(())
    }

    fn door(&mut self, name: &str, options: &EntityOptions) -> &mut Door {
        let new = || Door { options: *options, routes: Vec::new(), seen: Seen::default() };
        let door = self.doors.entry(name.to_owned()).or_insert_with(new);
        door.options = *options;
        door
    }

    fn store(&mut self, entity: &Entity, options: &EntityOptions) {
        let new = || Store::new(entity.clone(), *options);
        self.stores.entry(entity.clone()).or_insert_with(new).options = *options;
    }

    /// Refuses what Service Bus refuses; [`State::send`] then cannot fail.
    pub fn check(&self, door: &str, message: &Message) -> Result<(), BusError> {
        let Some(found) = self.doors.get(door) else {
            return Err(BusError::NoEntity(door.to_owned()));
        };
        let session = message.session_id.as_deref();
        let only_queue = matches!(&found.routes[..], [Route { to: Entity::Queue(_), .. }]);
        if only_queue && found.options.requires_session && session.is_none() {
            return Err(BusError::NoSession(door.to_owned()));
        }
        if message.message_id.len() > MAX_ID || session.is_some_and(|id| id.len() > MAX_ID) {
            return Err(BusError::IdTooLong);
        }
        let bytes = message.size();
        if bytes > MAX_BYTES { Err(BusError::TooLarge { bytes }) } else { Ok(()) }
    }

    /// Puts a checked message into every entity behind the door that wants it.
    pub fn send(
        &mut self,
        door: &str,
        mut message: Message,
        now: Timestamp,
    ) -> Result<Sent, BusError> {
        self.check(door, &message)?;
        if message.message_id.is_empty() {
            message.message_id = Uuid::new_v4().simple().to_string();
        }
        let Some(found) = self.doors.get_mut(door) else {
            return Err(BusError::NoEntity(door.to_owned()));
        };
        if let Some(window) = found.options.duplicate_detection
            && !found.seen.is_new(&message.message_id, now, window)
        {
            return Ok(Sent::Duplicate);
        }
        self.sequence += 1;
        message.sequence_number = self.sequence;
        message.delivery_count = 0;
        let wanted = |route: &&Route| route.label.is_none() || route.label == message.label;
        for route in found.routes.iter().filter(wanted) {
            if let Some(store) = self.stores.get_mut(&route.to) {
                store.put(message.clone(), now);
            }
        }
        Ok(Sent::Accepted(self.sequence))
    }

    /// Something was changed: time may have work at once.
    pub fn changed(&mut self) {
        self.rests = None;
    }

    /// Lets time do its work in every entity. Says whether anything changed.
    ///
    /// Everybody who waits for anything asks at every change: all but the first learn from `rests`
    /// that there is nothing to do.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        if self.rests.is_some_and(|until| until.is_none_or(|until| until > now)) {
            return false;
        }
        let mut moved = false;
        for store in self.stores.values_mut() {
            moved |= store.tick(now);
        }
        let moved = self.skip_ahead(now) || moved;
        let is_known = !moved && !self.stores.values().any(Store::is_watched);
        self.rests = is_known.then(|| self.due());
        moved
    }

    /// With fast-forward on and nothing else to do, delivers the next scheduled messages early.
    /// Entities that nobody reads hold nothing back.
    fn skip_ahead(&mut self, now: Timestamp) -> bool {
        let Some(horizon) = self.fast_forward else { return false };
        if self.stores.values().any(|store| store.consumed && !store.is_quiet()) {
            return false;
        }
        let waiting = self.stores.values_mut().filter(|store| store.consumed);
        let next = waiting.filter_map(|store| Some((store.next_within(horizon)?, store)));
        let Some((key, store)) = next.min_by_key(|(key, _)| *key) else { return false };
        store.arrive_early(key, now);
        true
    }

    /// The earliest instant at which [`State::tick`] would do something by itself.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.rests.unwrap_or_else(|| self.due())
    }

    fn due(&self) -> Option<Timestamp> {
        self.stores.values().filter_map(Store::next_due).min()
    }

    /// Whether nothing is deliverable or locked anywhere.
    pub fn is_quiet(&self) -> bool {
        self.stores.values().all(Store::is_quiet)
    }

    /// Whether nothing is waiting for its time anywhere.
    pub fn nothing_scheduled(&self) -> bool {
        self.stores.values().all(|store| store.next_scheduled().is_none())
    }
}

/// The MessageIds of the duplicate-detection window.
#[derive(Debug, Default)]
struct Seen {
    since: HashMap<String, Timestamp>,
    order: VecDeque<(Timestamp, String)>,
}

impl Seen {
    fn is_new(&mut self, id: &str, now: Timestamp, window: SignedDuration) -> bool {
        let edge = now.saturating_sub(window).unwrap_or(Timestamp::MIN);
        while let Some((at, old)) = self.order.pop_front_if(|(at, _)| *at <= edge) {
            if self.since.get(&old) == Some(&at) {
                self.since.remove(&old);
            }
        }
        if self.since.contains_key(id) {
            return false;
        }
        self.since.insert(id.to_owned(), now);
        self.order.push_back((now, id.to_owned()));
        true
    }
}
