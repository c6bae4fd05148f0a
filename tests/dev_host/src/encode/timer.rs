//! `timerTrigger`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{BindingData, Context, HostValue};

/// A tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// True for cron schedules, false for periods.
    pub adjust_for_dst: bool,
    /// Absent without monitoring and for periods under a minute.
    pub status: Option<ScheduleStatus>,
    /// Whether it comes late.
    pub past_due: bool,
}

/// When a timer ran and will run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleStatus {
    /// The last tick, if there was one.
    pub last: Option<Timestamp>,
    /// The next tick.
    pub next: Timestamp,
    /// When this was written.
    pub last_updated: Timestamp,
}

/// The body of an invocation by a timer.
#[must_use]
pub fn timer(context: &Context, binding: &str, timer: &Timer) -> Value {
    let status = timer.status.as_ref().map(|status| {
        json!({
            "Last": status.last.map_or_else(never, offset),
            "Next": offset(status.next),
            "LastUpdated": offset(status.last_updated),
        })
    });
    let object = Map::from_iter([
        ("Schedule".into(), json!({ "AdjustForDST": timer.adjust_for_dst })),
        ("ScheduleStatus".into(), status.unwrap_or_default()),
        ("IsPastDue".into(), timer.past_due.into()),
    ]);
    context.body(binding, &HostValue::Object(object), BindingData::default())
}

/// The zone of the host is taken to be UTC.
fn offset(time: Timestamp) -> String {
    format!("{}+00:00", time.to_string().trim_end_matches('Z'))
}

/// `DateTime.MinValue`.
fn never() -> String {
    "0001-01-01T00:00:00+00:00".to_owned()
}
