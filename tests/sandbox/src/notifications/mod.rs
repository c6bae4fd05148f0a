//! Graph's change notifications: who subscribed, and the worker that delivers.
//!
//! Contract: `graph-contracts.md` section 9. Real HTTP is spoken to the subscriber, at creation (the
//! handshake) and at delivery. Subscriptions to Event Grid are kept and not delivered here.

mod handshake;
mod item;
mod knobs;
mod pace;
mod queue;
mod subscription;
mod worker;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::world::World;

pub use handshake::Mistake;
pub(crate) use handshake::ask;
pub use knobs::{Counts, Knobs};
pub use subscription::Subscription;
pub(crate) use worker::work;

use queue::Queue;

/// A subscription to users or groups ends no later than this after it was made or renewed.
pub const LONGEST: SignedDuration = SignedDuration::from_mins(41_760);
/// Subscriptions that one application may have in the tenant.
pub const MOST: usize = 100;

/// Subscriptions, what is on its way to subscribers, and what disturbs it.
pub struct Notifications {
    queue: Mutex<Queue>,
    http: OnceLock<reqwest::Client>,
    /// Wakes the worker.
    woken: watch::Sender<u64>,
    /// Tells that the worker did something.
    moved: watch::Sender<u64>,
}

impl Default for Notifications {
    fn default() -> Notifications {
        Notifications {
            queue: Mutex::default(),
            http: OnceLock::new(),
            woken: watch::Sender::new(0),
            moved: watch::Sender::new(0),
        }
    }
}

impl Notifications {
    /// Turns the knobs, from the next change on.
    pub fn set(&self, turn: impl FnOnce(&mut Knobs)) {
        turn(&mut self.queue().knobs);
        self.wake();
    }

    /// What became of notifications so far.
    pub fn counts(&self) -> Counts {
        self.queue().counts
    }

    /// The subscriptions that have not ended at `now`, by id.
    pub fn subscriptions(&self, now: Timestamp) -> Vec<Subscription> {
        self.queue().live(now).cloned().collect()
    }

    /// Ends a subscription before its time, which the real service announces to nobody; whether
    /// there was one.
    pub fn lose(&self, id: &str) -> bool {
        self.queue().remove(id)
    }

    /// Asks every subscriber to authorize its subscription anew, as Graph does now and then.
    pub fn ask_to_authorize(&self, world: &World) {
        self.queue().ask_all(world.clock.now());
        self.wake();
    }

    /// Waits until everything that is due was delivered, lost or put off. What waits for the clock
    /// or is held back is not waited for.
    pub async fn settled(&self, world: &World) {
        let mut moved = self.moved.subscribe();
        // What the clock alone brings about is due as well.
        self.queue().tidy(world.clock.now());
        self.wake();
        loop {
            moved.borrow_and_update();
            let newest = {
                let directory = world.directory.write();
                directory.unwrap_or_else(PoisonError::into_inner).last_change()
            };
            if self.queue().is_quiet(newest, world.clock.now()) || moved.changed().await.is_err() {
                return;
            }
        }
    }

    pub(crate) fn knobs(&self) -> Knobs {
        self.queue().knobs.clone()
    }

    /// Keeps a subscription whose addresses answered; changes after `newest` are its own.
    pub(crate) fn keep(&self, subscription: Subscription, newest: u64) {
        self.queue().keep(subscription, newest);
        self.wake();
    }

    /// Changes the live subscription `id` of `app`; what it is then.
    pub(crate) fn change(
        &self,
        app: &str,
        id: &str,
        now: Timestamp,
        change: impl FnOnce(&mut Subscription),
    ) -> Option<Subscription> {
        let mut queue = self.queue();
        let subscription = queue.live_mut(id, now).filter(|found| found.app_id == app)?;
        change(subscription);
        let changed = subscription.clone();
        drop(queue);
        self.wake();
        Some(changed)
    }

    /// Ends the live subscription `id` of `app`; whether there was one.
    pub(crate) fn end(&self, app: &str, id: &str, now: Timestamp) -> bool {
        let mut queue = self.queue();
        let found = queue.live_mut(id, now).is_some_and(|found| found.app_id == app);
        found && queue.remove(id)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        self.woken.send_modify(|times| *times += 1);
    }

    fn tell(&self) {
        self.moved.send_modify(|times| *times += 1);
    }

    /// A client that goes nowhere but to the subscriber.
    fn http(&self, world: &World) -> Result<reqwest::Client, reqwest::Error> {
        if let Some(http) = self.http.get() {
            return Ok(http.clone());
        }
        let authority = reqwest::Certificate::from_pem(world.launcher.ca_pem.as_bytes())?;
        let builder = reqwest::Client::builder().tls_certs_only([authority]).no_proxy();
        let http = builder.redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(self.http.get_or_init(|| http).clone())
    }
}
