mod rest;
mod scheduling;
mod sessions;
mod settling;

use std::task::Poll;

use jiff::Timestamp;

use super::*;
use crate::Clock;

/// A namespace with queue `plain` and session queue `ordered`, by a clock that stands still.
fn namespace() -> (Broker, Clock) {
    let clock = Clock::still("2026-03-02T08:00:00Z".parse::<Timestamp>().unwrap());
    let broker = Broker::new(clock.clone());
    broker.declare_queue("plain", EntityOptions::default());
    broker.declare_queue("ordered", EntityOptions::default().sessions(true));
    (broker, clock)
}

fn plain() -> Entity {
    Entity::queue("plain")
}

fn ordered() -> Entity {
    Entity::queue("ordered")
}

fn text(delivery: &Delivery) -> &str {
    std::str::from_utf8(&delivery.message.body).unwrap()
}

fn counts(broker: &Broker, entity: &Entity) -> (usize, usize, usize, usize) {
    let counts = broker.counts()[entity];
    (counts.active, counts.scheduled, counts.locked, counts.dead)
}

/// Whether the future has nothing to say yet.
async fn waits<F: Future>(future: &mut std::pin::Pin<Box<F>>) -> bool {
    std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}
