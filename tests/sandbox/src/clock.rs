//! The sandbox's time, which tests can turn.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

#[derive(Clone, Copy)]
enum Mode {
    Running { ahead: SignedDuration },
    Still(Timestamp),
}

/// A clock shared by all services of one sandbox; clones show the same time.
#[derive(Clone)]
pub struct Clock {
    mode: Arc<Mutex<Mode>>,
    turned: Arc<watch::Sender<u64>>,
}

impl Clock {
    /// Runs with the machine's clock until it is turned, and from there on.
    pub fn running() -> Clock {
        Clock::with(Mode::Running { ahead: SignedDuration::ZERO })
    }

    /// Stands still at `at` and moves only when turned.
    pub fn still(at: Timestamp) -> Clock {
        Clock::with(Mode::Still(at))
    }

    fn with(mode: Mode) -> Clock {
        Clock { mode: Arc::new(Mutex::new(mode)), turned: Arc::new(watch::Sender::new(0)) }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        match *self.mode.lock().unwrap_or_else(PoisonError::into_inner) {
            Mode::Running { ahead } => later(Timestamp::now(), ahead),
            Mode::Still(at) => at,
        }
    }

    /// Moves the present by `by` and wakes everybody who waits for a change.
    pub fn advance(&self, by: SignedDuration) {
        self.turn(|mode| match mode {
            Mode::Running { ahead } => Mode::Running { ahead: ahead.saturating_add(by) },
            Mode::Still(at) => Mode::Still(later(at, by)),
        });
    }

    /// Makes `to` the present and wakes everybody who waits for a change.
    pub fn set(&self, to: Timestamp) {
        self.turn(|mode| match mode {
            Mode::Running { .. } => Mode::Running { ahead: to.duration_since(Timestamp::now()) },
            Mode::Still(_) => Mode::Still(to),
        });
    }

    /// Notified at each [`advance`](Self::advance) and [`set`](Self::set), not as time runs.
    pub fn turns(&self) -> watch::Receiver<u64> {
        self.turned.subscribe()
    }

    fn turn(&self, change: impl FnOnce(Mode) -> Mode) {
        {
            let mut mode = self.mode.lock().unwrap_or_else(PoisonError::into_inner);
            *mode = change(*mode);
        }
        self.turned.send_modify(|turns| *turns += 1);
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_still_clock_moves_only_when_turned() {
        let clock = Clock::still(Timestamp::UNIX_EPOCH);
        let mut turns = clock.turns();
        assert!(!turns.has_changed().expect("the clock lives"));
        clock.advance(SignedDuration::from_hours(30));
        assert_eq!(clock.now().as_second(), 30 * 3600);
        assert!(turns.has_changed().expect("the clock lives"));
        turns.mark_unchanged();
        clock.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
    }
}
