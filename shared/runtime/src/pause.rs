//! The pause of a function app: its steps look and decide, and write nothing.
//!
//! It stands in the ledger, so it holds for every instance at once and says who wanted it and why.
//! It is looked up before a step asks for approvals or reserves anything, and again immediately
//! before each write. What waits for its end is listed under the pause, to be woken by whoever
//! ends it; whatever is not woken comes by itself.

use std::{fmt, time::Duration};

use latchkey_core::{
    CaseId, ObjectId, Op, Timestamp,
    case::{CaseRecord, case_stream},
    ids::digest,
    message::{About, StepMessage},
};
use latchkey_ledger::Record;
use serde::{Deserialize, Serialize};

use crate::{apps, case, cx::Cx, error::StepError, journal::append_if, mail};

/// How often a step that waits looks whether the pause is over.
const EVERY: Duration = Duration::from_secs(300);

/// One record of the stream `apps/{app}`. `Debug` hides an operator's words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "camelCase")]
pub enum AppRecord {
    /// Nothing is written from here on.
    Paused {
        /// Who wanted it: an object id.
        by: ObjectId,
        /// Why, in their words.
        reason: String,
    },
    /// It writes again.
    Resumed {
        /// Who wanted it: an object id.
        by: ObjectId,
        /// Why, in their words.
        reason: String,
    },
}

impl fmt::Debug for AppRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, by) = match self {
            Self::Paused { by, .. } => ("Paused", by),
            Self::Resumed { by, .. } => ("Resumed", by),
        };
        f.debug_struct(name).field("by", by).finish_non_exhaustive()
    }
}

/// A pause that holds. Its text says what, by whom and since when, but not the operator's words.
#[derive(Clone, PartialEq, Eq)]
pub struct Pause {
    /// Which app.
    pub app: String,
    /// Which record of the app's stream it is: no two pauses of an app have the same.
    pub number: u64,
    /// Who wanted it.
    pub by: ObjectId,
    /// Why, in their words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "app {} is paused by {} since {}", self.app, self.by, self.since)
    }
}

impl fmt::Debug for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pause({self})")
    }
}

/// What waits for the end of a pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// The case.
    pub case_id: CaseId,
    /// Whom or what the case is about.
    pub about: About,
    /// What would be written or sent, as it prints.
    pub lines: Vec<String>,
    /// The step that waits; none where a planner does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<StepMessage>,
}

/// The pause of an app; none while it writes.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn of_app(cx: &Cx, app: &str) -> Result<Option<Pause>, StepError> {
    standing(app, &cx.ledger().read(&stream(app)).await?)
}

/// The pause that keeps this function from writing.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn of(cx: &Cx) -> Result<Option<Pause>, StepError> {
    match apps::app_of(cx.function()) {
        Some(app) => of_app(cx, app).await,
        None => Ok(None),
    }
}

/// The last guard of a pause: before each write.
///
/// # Errors
/// [`StepError::Paused`] while the pause holds, and whatever the ledger answers.
pub(crate) async fn guard(cx: &Cx) -> Result<(), StepError> {
    match of(cx).await? {
        Some(pause) => Err(StepError::Paused { pause: Box::new(pause), lines: Vec::new() }),
        None => Ok(()),
    }
}

/// The error of a step that would write this.
pub(crate) fn refuse(pause: Pause, ops: &[Op]) -> StepError {
    let lines = ops.iter().map(Op::to_string).collect();
    StepError::Paused { pause: Box::new(pause), lines }
}

/// The error of writes of which some were done: when a pause came between them, with those left.
pub(crate) fn of_these(error: StepError, ops: &[Op], done: &[Op]) -> StepError {
    let StepError::Paused { pause, .. } = error else { return error };
    let left = ops.iter().filter(|op| !done.contains(op));
    StepError::Paused { pause, lines: left.map(Op::to_string).collect() }
}

/// The stream of an app.
pub fn stream(app: &str) -> String {
    format!("apps/{app}")
}

/// The pause that an app's records end with.
///
/// # Errors
/// A record of another shape.
pub fn standing(app: &str, records: &[Record]) -> Result<Option<Pause>, StepError> {
    let Some(last) = records.last() else { return Ok(None) };
    Ok(match last.parse()? {
        AppRecord::Paused { by, reason } => {
            let (number, since) = (last.sequence, last.at);
            Some(Pause { app: app.to_owned(), number, by, reason, since })
        }
        AppRecord::Resumed { .. } => None,
    })
}

/// Puts a step off that may not write: says so in its case, lists it, and sends it again.
/// Doing it twice changes nothing.
///
/// # Errors
/// Whatever the ledger or Service Bus answers.
pub(crate) async fn put_off(
    cx: &Cx,
    message: &StepMessage,
    pause: &Pause,
    lines: Vec<String>,
) -> Result<(), StepError> {
    let first = StepMessage { tries: 0, ..message.clone() };
    let id = first.id();
    let waiting = Waiting {
        case_id: message.case_id.clone(),
        about: message.about.clone(),
        lines,
        message: Some(first),
    };
    note(cx, pause, &waiting, Some((&message.step, &id))).await?;
    let at = next_look(cx.now(), &id);
    mail::send_step_again(cx, message, &format!("paused until {at}"), Some(at)).await?;
    tracing::warn!(case = %message.case_id, step = message.step, app = pause.app, by = %pause.by, "paused");
    Ok(())
}

/// Notes that something waits: in its case, and under the pause.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn note(
    cx: &Cx,
    pause: &Pause,
    waiting: &Waiting,
    step: Option<(&str, &str)>,
) -> Result<(), StepError> {
    let record = CaseRecord::Paused {
        app: pause.app.clone(),
        by: pause.by.clone(),
        reason: pause.reason.clone(),
        since: pause.since,
        lines: waiting.lines.clone(),
        step: step.map(|(step, _)| step.to_owned()),
        message_id: step.map(|(_, id)| id.to_owned()),
    };
    append_if(cx, &case_stream(&waiting.case_id), |seen: &[CaseRecord]| {
        (!seen.contains(&record)).then(|| record.clone())
    })
    .await?;
    let key = step.map_or_else(|| waiting.case_id.to_string(), |(_, id)| id.to_owned());
    cx.ledger().create_once(&format!("{}/{key}", folder(pause)), cx.now(), waiting).await?;
    Ok(())
}

fn folder(pause: &Pause) -> String {
    format!("paused/{}-{}", pause.app, pause.number)
}

/// An instant of the grid on which a step that waits looks again: a delivery that dies between
/// sending and settling sends the same message once more, and not another one.
fn next_look(now: Timestamp, id: &str) -> Timestamp {
    let every = i64::try_from(EVERY.as_secs()).unwrap_or(i64::MAX);
    let place =
        i64::from_str_radix(id.get(..8).unwrap_or_default(), 16).unwrap_or_default() % every;
    let after = now.as_second() + 1;
    let wait = (place - after).rem_euclid(every);
    Timestamp::from_second(after + wait.max(1)).unwrap_or(Timestamp::MAX)
}

/// What still waits under a pause, at most so many; with whether there may be more.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn waiting(
    cx: &Cx,
    pause: &Pause,
    most: usize,
) -> Result<(Vec<(Waiting, Timestamp)>, bool), StepError> {
    let streams = cx.ledger().streams(&folder(pause)).await?;
    let more = streams.len() > most;
    let mut all = Vec::new();
    for stream in streams.into_iter().take(most) {
        for record in cx.ledger().read(&stream).await? {
            let waiting: Waiting = record.parse()?;
            if still(&waiting, &case::read(cx, &waiting.case_id).await?) {
                all.push((waiting, record.at));
            }
        }
    }
    Ok((all, more))
}

/// Whether the case still owes what was put off.
fn still(waiting: &Waiting, records: &[CaseRecord]) -> bool {
    let Some(message) = &waiting.message else {
        return !case::is_closed(records) && case::is_paused(records);
    };
    !case::has_answer(records, &message.id())
}

/// Wakes what waited under a pause that is over. Doing it twice changes nothing; what is not
/// woken comes by itself. Gives how much was woken.
///
/// # Errors
/// Whatever the ledger or Service Bus answers.
pub async fn wake(cx: &Cx, pause: &Pause, most: usize) -> Result<usize, StepError> {
    let (all, _) = waiting(cx, pause, most).await?;
    for (waiting, _) in &all {
        let nonce = digest(&["resumed", &pause.app, &pause.number.to_string()]);
        match &waiting.message {
            Some(message) => mail::send_step_again(cx, message, &nonce, None).await?,
            None => {
                let records = case::read(cx, &waiting.case_id).await?;
                crate::approvals::wake(cx, &waiting.case_id, &waiting.about, &records).await?;
            }
        }
    }
    Ok(all.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_waits_looks_at_most_once_in_five_minutes_and_always_at_the_same_instants() {
        let id = digest(&["any"]);
        let start = Timestamp::UNIX_EPOCH;
        let first = next_look(start, &id);
        let second = next_look(first, &id);
        assert_eq!(second.duration_since(first).as_secs(), 300);
        assert_eq!(next_look(first - jiff::SignedDuration::from_secs(10), &id), first);
        assert!(first > start);
    }
}
