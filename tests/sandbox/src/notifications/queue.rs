//! Subscriptions and what is on its way to them: all decisions of the worker, without its sockets.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::item;
use super::knobs::{Counts, Knobs};
use super::pace::{Manner, Pace, SLOW_DELAY};
use super::subscription::Subscription;
use crate::directory::Change;
use crate::faults::unit;

/// For how long a notification is tried.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(4);
/// The pause before another try doubles this often.
const MOST_DOUBLINGS: u32 = 6;

/// A notification on its way.
#[derive(Clone)]
pub(super) struct Pending {
    subscription: String,
    url: String,
    item: Value,
    due: Timestamp,
    first: Timestamp,
    tries: u32,
}

/// One request to a subscriber.
pub(super) struct Post {
    pub url: String,
    items: Vec<Pending>,
}

impl Post {
    /// The notifications in it.
    pub fn items(&self) -> impl Iterator<Item = &Value> {
        self.items.iter().map(|pending| &pending.item)
    }
}

#[derive(Default)]
pub(super) struct Queue {
    pub knobs: Knobs,
    pub counts: Counts,
    pub tenant: String,
    subscriptions: BTreeMap<String, Subscription>,
    /// The newest change that was looked at.
    read: u64,
    pending: Vec<Pending>,
    in_flight: usize,
    paces: BTreeMap<String, Pace>,
    drawn: u64,
}

impl Queue {
    pub fn live(&self, now: Timestamp) -> impl Iterator<Item = &Subscription> {
        self.subscriptions.values().filter(move |subscription| subscription.is_live(now))
    }

    pub fn live_mut(&mut self, id: &str, now: Timestamp) -> Option<&mut Subscription> {
        self.subscriptions.get_mut(id).filter(|subscription| subscription.is_live(now))
    }

    pub fn keep(&mut self, mut subscription: Subscription, newest: u64) {
        if self.subscriptions.is_empty() {
            self.read = newest;
        }
        subscription.from = newest;
        self.subscriptions.insert(subscription.id.clone(), subscription);
    }

    pub fn remove(&mut self, id: &str) -> bool {
        self.subscriptions.remove(id).is_some()
    }

    /// The change after which there is something to look at; none when nobody subscribed.
    pub fn reads_after(&self) -> Option<u64> {
        (!self.subscriptions.is_empty()).then_some(self.read)
    }

    /// Forgets subscriptions that ended, asks for authorizations that are due.
    pub fn tidy(&mut self, now: Timestamp) {
        self.subscriptions.retain(|_, subscription| subscription.is_live(now));
        let before = self.knobs.authorize_before;
        let due = self.subscriptions.values().filter(|found| found.must_ask(now, before));
        for id in due.map(|found| found.id.clone()).collect::<Vec<_>>() {
            self.ask(&id, now);
        }
    }

    pub fn ask_all(&mut self, now: Timestamp) {
        for id in self.subscriptions.keys().cloned().collect::<Vec<_>>() {
            self.ask(&id, now);
        }
    }

    fn ask(&mut self, id: &str, now: Timestamp) {
        let Some(subscription) = self.subscriptions.get_mut(id) else { return };
        subscription.asked = Some(subscription.expires);
        let Some(url) = subscription.lifecycle_url.clone() else { return };
        let item = item::authorize(subscription, &self.tenant);
        self.add(id, url, item, now);
    }

    /// Makes the notifications of changes.
    pub fn take_in(&mut self, changes: &[Change], now: Timestamp) {
        for change in changes {
            self.read = change.seq;
            let told = self.subscriptions.values().filter(|subscription| {
                subscription.from < change.seq && subscription.tells(&change.what)
            });
            let made: Vec<_> = told
                .map(|to| {
                    let item = item::changed(to, change, &self.tenant);
                    (to.id.clone(), to.notification_url.clone(), item)
                })
                .collect();
            for (id, url, item) in made {
                self.disturbed(&id, url, item, now);
            }
        }
    }

    fn disturbed(&mut self, id: &str, url: String, item: Value, now: Timestamp) {
        if self.draw() < self.knobs.loss {
            self.counts.lost += 1;
            return;
        }
        if self.draw() < self.knobs.duplication {
            self.counts.duplicated += 1;
            self.add(id, url.clone(), item.clone(), now);
        }
        self.add(id, url, item, now);
    }

    fn add(&mut self, id: &str, url: String, item: Value, now: Timestamp) {
        if !url.starts_with("http") {
            return;
        }
        let mut due = later(now, self.knobs.delay);
        match self.paces.entry(url.clone()).or_default().manner(now) {
            Manner::Prompt => {}
            Manner::Slow => due = later(due, SLOW_DELAY),
            Manner::Drop => {
                self.counts.discarded += 1;
                return;
            }
        }
        let subscription = id.to_owned();
        self.pending.push(Pending { subscription, url, item, due, first: now, tries: 0 });
    }

    /// What must be sent at `now`, by address; whoever takes it reports by [`Self::sent`].
    pub fn take_due(&mut self, now: Timestamp) -> Vec<Post> {
        if self.knobs.held {
            return Vec::new();
        }
        let (mut due, rest) =
            self.pending.drain(..).partition::<Vec<_>, _>(|pending| pending.due <= now);
        self.pending = rest;
        due.retain(|pending| self.subscriptions.contains_key(&pending.subscription));
        if self.knobs.reorder {
            let mut drawn: Vec<_> = due.into_iter().map(|pending| (self.draw(), pending)).collect();
            drawn.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            due = drawn.into_iter().map(|(_, pending)| pending).collect();
        }
        let mut posts: Vec<Post> = Vec::new();
        for pending in due {
            let room = |post: &&mut Post| {
                post.url == pending.url && post.items.len() < self.knobs.batch.max(1)
            };
            match posts.iter_mut().rev().find(room) {
                Some(post) => post.items.push(pending),
                None => posts.push(Post { url: pending.url.clone(), items: vec![pending] }),
            }
        }
        self.in_flight += posts.len();
        self.counts.posts += posts.len() as u64;
        posts
    }

    /// What came of a request: taken or not, in time or late.
    pub fn sent(&mut self, post: Post, taken: bool, late: bool, now: Timestamp) {
        self.in_flight -= 1;
        self.paces.entry(post.url).or_default().answered(now, late);
        if taken {
            self.counts.delivered += post.items.len() as u64;
            return;
        }
        for mut pending in post.items {
            let pause = self.knobs.again_after * 2_i32.pow(pending.tries.min(MOST_DOUBLINGS));
            pending.tries += 1;
            pending.due = later(now, pause);
            if pending.due.duration_since(pending.first) > TRIED_FOR {
                self.counts.given_up += 1;
            } else {
                self.counts.put_off += 1;
                self.pending.push(pending);
            }
        }
    }

    /// When something is due next.
    pub fn next_due(&self) -> Option<Timestamp> {
        let due = self.pending.iter().map(|pending| pending.due);
        due.min().filter(|_| !self.knobs.held)
    }

    /// Whether everything up to the change `newest` that is due was dealt with.
    pub fn is_quiet(&self, newest: u64, now: Timestamp) -> bool {
        let seen = self.subscriptions.is_empty() || self.read >= newest;
        seen && self.in_flight == 0 && self.next_due().is_none_or(|due| due > now)
    }

    fn draw(&mut self) -> f64 {
        self.drawn += 1;
        unit(self.knobs.seed ^ self.drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
