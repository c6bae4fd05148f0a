//! Events that are to be delivered, and when.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Knobs, Tally};
use crate::faults::unit;

/// Pauses before another try, seconds; the last one repeats.
const PAUSES: [i64; 8] = [10, 30, 60, 300, 600, 1_800, 3_600, 10_800];
/// Tries of one event.
const MOST_TRIES: u32 = 30;
/// How late an event comes that is out of order.
const LATE: SignedDuration = SignedDuration::from_secs(1);

/// One event on its way.
#[derive(Debug)]
pub(super) struct Pending {
    due: Timestamp,
    tries: u32,
    pub(super) event: Value,
}

/// The events on their way.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) knobs: Knobs,
    pub(super) tally: Tally,
    pending: Vec<Pending>,
    flying: usize,
    draws: u64,
}

impl Queue {
    pub(super) fn add(&mut self, event: Value, now: Timestamp) {
        self.tally.published += 1;
        if self.draw() < self.knobs.loss {
            self.tally.lost += 1;
            return;
        }
        let late = if self.draw() < self.knobs.reordering { LATE } else { SignedDuration::ZERO };
        let due = later(now, self.knobs.delay.saturating_add(late));
        if self.draw() < self.knobs.duplication {
            self.pending.push(Pending { due, tries: 0, event: event.clone() });
        }
        self.pending.push(Pending { due, tries: 0, event });
    }

    /// The next event to deliver now.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<Pending> {
        let at = (0..self.pending.len()).min_by_key(|at| self.pending[*at].due)?;
        let ahead = self.knobs.hurried && self.flying == 0;
        if self.pending[at].due > now && !ahead {
            return None;
        }
        self.flying += 1;
        Some(self.pending.remove(at))
    }

    /// A delivery ended.
    pub(super) fn done(&mut self, mut tried: Pending, accepted: bool, now: Timestamp) {
        self.flying -= 1;
        if accepted {
            self.tally.accepted += 1;
            return;
        }
        self.tally.failed += 1;
        let pause = PAUSES[(tried.tries as usize).min(PAUSES.len() - 1)];
        tried.tries += 1;
        if tried.tries >= MOST_TRIES {
            self.tally.dropped += 1;
            return;
        }
        tried.due = later(now, SignedDuration::from_secs(pause));
        self.pending.push(tried);
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.pending.iter().map(|pending| pending.due).min()
    }

    pub(super) fn is_quiet(&self, now: Timestamp) -> bool {
        let waits = |pending: &Pending| pending.due > now && !self.knobs.hurried;
        self.flying == 0 && self.pending.iter().all(waits)
    }

    fn draw(&mut self) -> f64 {
        self.draws += 1;
        unit(self.knobs.seed ^ self.draws.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn queue(knobs: Knobs, events: usize) -> Queue {
        let mut queue = Queue { knobs, ..Queue::default() };
        for at in 0..events {
            queue.add(json!(at), NOW);
        }
        queue
    }

    fn all(queue: &mut Queue, now: Timestamp) -> Vec<u64> {
        let next = || queue.take(now);
        std::iter::from_fn(next).map(|next| next.event.as_u64().unwrap()).collect()
    }

    #[test]
    fn without_knobs_every_event_comes_once_in_order_and_at_once() {
        let mut queue = queue(Knobs::default(), 3);
        assert_eq!(all(&mut queue, NOW), [0, 1, 2]);
        assert_eq!(queue.tally.published, 3);
    }

    #[test]
    fn what_is_lost_never_comes_and_what_is_duplicated_comes_twice() {
        let mut lost = queue(Knobs { loss: 0.3, ..Knobs::default() }, 1000);
        let came = all(&mut lost, NOW).len() as u64;
        assert_eq!(came + lost.tally.lost, 1000);
        assert!((200..400).contains(&lost.tally.lost), "{:?}", lost.tally);
        let mut twice = queue(Knobs { duplication: 1.0, ..Knobs::default() }, 2);
        assert_eq!(all(&mut twice, NOW), [0, 0, 1, 1]);
    }

    #[test]
    fn what_is_late_comes_after_its_successors() {
        let mut queue = queue(Knobs { reordering: 0.5, seed: 7, ..Knobs::default() }, 20);
        let first = all(&mut queue, NOW);
        let rest = all(&mut queue, NOW + LATE);
        assert_eq!(first.len() + rest.len(), 20);
        assert!(rest.first() < first.last(), "{first:?} {rest:?}");
    }

    #[test]
    fn a_failed_delivery_is_tried_again_after_growing_pauses_and_given_up_in_the_end() {
        let mut queue = queue(Knobs::default(), 1);
        let mut now = NOW;
        let mut pauses = Vec::new();
        while let Some(due) = queue.next_due() {
            pauses.push(due.duration_since(now).as_secs());
            now = due;
            let next = queue.take(now).unwrap();
            assert!(!queue.is_quiet(now));
            queue.done(next, false, now);
        }
        assert_eq!(pauses[..4], [0, 10, 30, 60]);
        assert_eq!((pauses.len(), queue.tally.dropped), (30, 1));
    }

    #[test]
    fn in_a_hurry_nothing_waits_for_its_time_but_order_is_kept() {
        let delay = SignedDuration::from_hours(1);
        let mut queue = queue(Knobs { delay, hurried: true, ..Knobs::default() }, 1);
        assert!(!queue.is_quiet(NOW));
        let next = queue.take(NOW).unwrap();
        queue.done(next, true, NOW);
        assert!(queue.is_quiet(NOW));
    }
}
