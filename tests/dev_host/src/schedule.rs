//! When timers fire: NCRONTAB expressions of six fields, or time spans.

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::settings::time_span;

/// When a timer fires. Cron is read in UTC, the default of Functions.
#[derive(Clone, Debug)]
pub(crate) enum Schedule {
    Cron(Box<Cron>),
    Every(Duration),
}

impl Schedule {
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(period) = time_span(text) {
            return match period.is_zero() {
                true => Err("a timer's period must not be zero".to_owned()),
                false => Ok(Self::Every(period)),
            };
        }
        // NCRONTAB: day of month and day of week must both match; seconds are optional.
        let parser = CronParser::builder().seconds(Seconds::Optional).dom_and_dow(true).build();
        let cron = parser.parse(text).map_err(|e| format!("schedule {text:?}: {e}"))?;
        Ok(Self::Cron(Box::new(cron)))
    }

    /// The first instant after `now` at which the timer fires; `None`: never again.
    pub fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(period) => now.checked_add(*period).ok(),
            Self::Cron(cron) => {
                let now = now.to_zoned(TimeZone::UTC);
                cron.find_next_occurrence(&now, false).ok().map(|next| next.timestamp())
            }
        }
    }

    /// Whether two firings follow each other in less than `period`.
    pub fn is_within(&self, period: Duration) -> bool {
        match self {
            Self::Every(every) => *every < period,
            Self::Cron(_) => {
                let first = self.next_after(Timestamp::UNIX_EPOCH);
                let second = first.and_then(|first| self.next_after(first));
                first.zip(second).is_some_and(|(a, b)| b.duration_since(a).unsigned_abs() < period)
            }
        }
    }

    /// Whether daylight saving moves it.
    pub fn adjusts_for_dst(&self) -> bool {
        matches!(self, Self::Cron(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, now: &str) -> String {
        let now = now.parse::<Timestamp>().unwrap();
        Schedule::parse(expression).unwrap().next_after(now).unwrap().to_string()
    }

    #[test]
    fn ncrontab_has_seconds_first_and_both_days_must_match() {
        assert_eq!(next("0 */5 * * * *", "2026-03-02T08:00:00Z"), "2026-03-02T08:05:00Z");
        assert_eq!(next("*/10 * * * * *", "2026-03-02T08:00:01Z"), "2026-03-02T08:00:10Z");
        assert_eq!(next("0 30 9 * * 1-5", "2026-03-06T09:30:00Z"), "2026-03-09T09:30:00Z");
        assert_eq!(next("0 0 0 13 * 5", "2026-03-14T00:00:00Z"), "2026-11-13T00:00:00Z");
        assert_eq!(next("0 0 0 * * 0", "2026-03-02T08:00:00Z"), "2026-03-08T00:00:00Z");
        assert_eq!(next("0 0 0 1 Jan *", "2026-03-02T08:00:00Z"), "2027-01-01T00:00:00Z");
    }

    #[test]
    fn a_time_span_is_a_period_and_nonsense_is_refused() {
        assert_eq!(next("00:10:00", "2026-03-02T08:00:01Z"), "2026-03-02T08:10:01Z");
        assert!(Schedule::parse("every day").is_err());
        assert!(Schedule::parse("00:00:00").is_err());
        assert!(Schedule::parse("*/10 * * * * *").unwrap().is_within(Duration::from_mins(1)));
        assert!(!Schedule::parse("0 * * * * *").unwrap().is_within(Duration::from_mins(1)));
    }
}
