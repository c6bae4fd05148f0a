//! What Graph does with a subscriber that answers late (`graph-contracts.md` section 9.4).

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// Answers are counted over this long.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// New notifications are discarded for this long.
const DROP: SignedDuration = SignedDuration::from_mins(10);
/// New notifications to a slow subscriber wait this long.
pub(super) const SLOW_DELAY: SignedDuration = SignedDuration::from_secs(10);
/// Shares say nothing about fewer answers; the service's own number is not published.
const FEWEST: usize = 10;

/// How a subscriber's address answered lately.
#[derive(Debug, Default)]
pub(super) struct Pace {
    answers: VecDeque<(Timestamp, bool)>,
    dropping_until: Option<Timestamp>,
}

/// What happens to new notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// They are sent.
    Prompt,
    /// They wait for [`SLOW_DELAY`].
    Slow,
    /// They are discarded for good.
    Drop,
}

impl Pace {
    /// Notes an answer, or that none came in time.
    pub fn answered(&mut self, now: Timestamp, late: bool) {
        self.answers.push_back((now, late));
        self.forget(now);
        if self.late_percent() > 15 {
            self.dropping_until = Some(now.saturating_add(DROP).unwrap_or(Timestamp::MAX));
        }
    }

    /// What happens to a notification that is new at `now`.
    pub fn manner(&mut self, now: Timestamp) -> Manner {
        self.forget(now);
        if self.dropping_until.is_some_and(|until| now < until) {
            return Manner::Drop;
        }
        if self.late_percent() > 10 { Manner::Slow } else { Manner::Prompt }
    }

    fn forget(&mut self, now: Timestamp) {
        while self.answers.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW) {
            self.answers.pop_front();
        }
    }

    fn late_percent(&self) -> usize {
        let late = self.answers.iter().filter(|(_, late)| *late).count();
        if self.answers.len() < FEWEST { 0 } else { late * 100 / self.answers.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(late: usize, of: usize) -> Pace {
        let mut pace = Pace::default();
        for n in 0..of {
            // The late ones last, so that few answers do not weigh too much.
            pace.answered(Timestamp::UNIX_EPOCH, n >= of - late);
        }
        pace
    }

    #[test]
    fn a_subscriber_that_is_late_too_often_waits_and_then_loses_notifications() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(pace(9, 9).manner(now), Manner::Prompt, "too few to tell");
        assert_eq!(pace(10, 100).manner(now), Manner::Prompt);
        assert_eq!(pace(11, 100).manner(now), Manner::Slow);
        assert_eq!(pace(15, 100).manner(now), Manner::Slow);
        assert_eq!(pace(16, 100).manner(now), Manner::Drop);
    }

    #[test]
    fn ten_minutes_later_it_is_forgotten() {
        let mut pace = pace(50, 100);
        let later = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        assert_eq!(pace.manner(later(9)), Manner::Drop);
        // At ten minutes sharp nothing is discarded any more, and the answers still count.
        assert_eq!(pace.manner(later(10)), Manner::Slow);
        assert_eq!(pace.manner(later(11)), Manner::Prompt);
    }
}
