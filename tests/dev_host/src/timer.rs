//! Timer triggers.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sandbox::Clock;
use tokio_util::sync::CancellationToken;

use crate::binding::Function;
use crate::encode::{ScheduleStatus, Timer, timer};
use crate::invoke::{Cause, Invoker};
use crate::schedule::Schedule;

/// A firing later than this is past due: the clock was turned, or the last run took too long.
const LATE: SignedDuration = SignedDuration::from_secs(1);

/// One function's timer. Runs one invocation at a time; occurrences missed meanwhile are one.
pub(crate) struct TimerTrigger {
    pub invoker: Invoker,
    pub function: Arc<Function>,
    pub schedule: Schedule,
    pub run_on_startup: bool,
    pub monitor: bool,
    /// Occurrences after this instant count.
    pub from: Timestamp,
    pub stop: CancellationToken,
}

impl TimerTrigger {
    /// Fires until stopped.
    pub async fn run(self) {
        let clock = self.invoker.options.clock.clone();
        let mut last = None;
        let mut from = self.from;
        if self.run_on_startup {
            self.fire(&mut last, false).await;
        }
        while let Some(next) = self.schedule.next_after(from) {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = wait_until(&clock, next) => {}
            }
            let now = clock.now();
            from = now.max(next);
            self.fire(&mut last, now.duration_since(next) > LATE).await;
        }
    }

    /// Fires once; a failure is in the record and has no other consequence.
    pub async fn fire(&self, last: &mut Option<Timestamp>, past_due: bool) {
        let now = self.invoker.options.clock.now();
        let next = self.schedule.next_after(now).filter(|_| self.monitor);
        let status = next.map(|next| ScheduleStatus { last: *last, next, last_updated: now });
        let tick = Timer { adjust_for_dst: self.schedule.adjusts_for_dst(), status, past_due };
        *last = Some(now);
        let binding = &self.function.binding;
        let run = self.invoker.run(
            &self.function,
            Cause::once("timer"),
            |context| timer(context, binding, &tick),
            |_| Ok(()),
        );
        let _ = run.await;
    }
}

/// Waits until the clock shows `at`, whether it runs there or is turned.
async fn wait_until(clock: &Clock, at: Timestamp) {
    let mut turns = clock.turns();
    loop {
        turns.borrow_and_update();
        let left = at.duration_since(clock.now());
        if !left.is_positive() {
            return;
        }
        let left = Duration::try_from(left).unwrap_or_default().min(Duration::from_hours(1));
        tokio::select! {
            () = tokio::time::sleep(left) => {}
            _ = turns.changed() => {}
        }
    }
}
