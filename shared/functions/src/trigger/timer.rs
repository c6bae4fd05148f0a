//! `timerTrigger`.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Binding, Trigger};
use crate::{Malformed, payload::Time};

/// A tick of a timer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Timer {
    /// Whether the tick comes later than scheduled.
    #[serde(rename = "IsPastDue")]
    pub past_due: bool,
    /// The schedule's settings.
    #[serde(default)]
    pub schedule: Schedule,
    /// When it ran and will run; `None` without monitoring or with a period under a minute.
    #[serde(default)]
    pub schedule_status: Option<ScheduleStatus>,
}

/// The settings of a timer's schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Schedule {
    /// Whether the schedule follows daylight saving time: true for cron, false for periods.
    #[serde(rename = "AdjustForDST", default)]
    pub adjust_for_dst: bool,
}

/// When a timer ran and will run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WireStatus")]
#[non_exhaustive]
pub struct ScheduleStatus {
    /// The last tick; in the year 1 when there was none.
    pub last: Timestamp,
    /// The next tick.
    pub next: Timestamp,
    /// When this was written.
    pub last_updated: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireStatus {
    last: Time,
    next: Time,
    last_updated: Time,
}

impl From<WireStatus> for ScheduleStatus {
    fn from(wire: WireStatus) -> Self {
        Self { last: wire.last.0, next: wire.next.0, last_updated: wire.last_updated.0 }
    }
}

impl Trigger for Timer {
    fn decode(binding: &Binding<'_>) -> Result<Self, Malformed> {
        binding.value().native()
    }
}
