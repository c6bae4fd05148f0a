//! Pausing and resuming a function app, and what waits because of a pause.

use http::StatusCode;
use latchkey_core::{PersonId, Timestamp, message::About, state::Standing};
use latchkey_runtime::{
    Cx, PersonView, StepError, apps,
    journal::append_if,
    pause::{self, AppRecord, Pause, Waiting},
};
use serde_json::{Value, json};

use super::{fault::Fault, order, token::Caller};
use crate::step;

/// Most waiting things that are looked at for one answer.
const SHOWN: usize = 200;
/// Most that one call wakes; what is not woken comes by itself within minutes.
const WOKEN: usize = 1_000;

/// Every app: what runs in it, whether it is paused and by whom, and what waits for that.
pub(super) async fn list(cx: &Cx) -> Result<Value, StepError> {
    let mut all = Vec::new();
    let mut leavers = 0;
    for (app, functions) in apps::all() {
        let told = told(cx, app, functions).await?;
        leavers += told["leaversWaiting"].as_array().map_or(0, Vec::len);
        all.push(told);
    }
    Ok(match leavers {
        0 => json!({ "apps": all }),
        _ => json!({ "warning": warning(leavers), "apps": all }),
    })
}

/// Nothing is written by the app from here on.
pub(super) async fn pause(
    cx: &Cx,
    caller: &Caller,
    app: &str,
    body: &[u8],
) -> Result<Value, Fault> {
    let (app, functions) = writing(app)?;
    let paused = AppRecord::Paused { by: caller.oid.clone(), reason: order::reason(body)? };
    let (wrote, _) = append_if(cx, &pause::stream(app), |seen: &[AppRecord]| {
        let stands = matches!(seen.last(), Some(AppRecord::Paused { .. }));
        (!stands).then(|| paused.clone())
    })
    .await?;
    tracing::warn!(app, by = %caller.oid, wrote, "an app was paused");
    let mut answer = told(cx, app, functions).await?;
    if functions.iter().any(|name| ["disable_sign_in", "end_sessions"].contains(&name.as_str())) {
        answer["warning"] = "the doors of leavers stay OPEN until this app is resumed: \
            sign-in is not disabled and sessions are not ended; GET /api/apps names who waits"
            .into();
    }
    Ok(answer)
}

/// The app writes again, and what waited is woken.
pub(super) async fn resume(
    cx: &Cx,
    caller: &Caller,
    app: &str,
    body: &[u8],
) -> Result<Value, Fault> {
    let (app, functions) = writing(app)?;
    let resumed = AppRecord::Resumed { by: caller.oid.clone(), reason: order::reason(body)? };
    append_if(cx, &pause::stream(app), |seen: &[AppRecord]| {
        let stands = matches!(seen.last(), Some(AppRecord::Paused { .. }));
        stands.then(|| resumed.clone())
    })
    .await?;
    tracing::warn!(app, by = %caller.oid, "an app was resumed");
    // Also when it had been resumed before: whoever did may have died before waking anybody.
    let woken = match last(cx, app).await? {
        Some(over) => pause::wake(cx, &over, WOKEN).await?,
        None => 0,
    };
    let mut answer = told(cx, app, functions).await?;
    answer["woken"] = woken.into();
    Ok(answer)
}

/// The pause that was the app's last one.
async fn last(cx: &Cx, app: &str) -> Result<Option<Pause>, StepError> {
    let records = cx.ledger().read(&pause::stream(app)).await?;
    for end in (1..=records.len()).rev() {
        if let Some(over) = pause::standing(app, &records[..end])? {
            return Ok(Some(over));
        }
    }
    Ok(None)
}

/// The app of this name, if pausing it stops anything.
fn writing(app: &str) -> Result<(&'static str, &'static [String]), Fault> {
    let known = || apps::all().map(|(name, _)| name).collect::<Vec<_>>();
    let found = apps::all().find(|(name, _)| *name == app).ok_or_else(|| {
        Fault::new(StatusCode::NOT_FOUND, "there is no such app").with("known", json!(known()))
    })?;
    if writes(found.1) {
        return Ok(found);
    }
    let detail = format!("{app} writes nothing in the tenant: there is nothing to pause");
    Err(Fault::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
}

fn writes(functions: &[String]) -> bool {
    functions.iter().any(|name| step(name).is_some())
}

async fn told(cx: &Cx, app: &str, functions: &[String]) -> Result<Value, StepError> {
    let Some(pause) = pause::of_app(cx, app).await? else {
        let state = if writes(functions) { "writes" } else { "writes nothing" };
        return Ok(json!({ "app": app, "functions": functions, "state": state }));
    };
    let (waiting, more) = pause::waiting(cx, &pause, SHOWN).await?;
    let leavers = leavers(cx, &waiting).await?;
    let mut told = json!({
        "app": app,
        "functions": functions,
        "state": "paused",
        "pause": brief(&pause),
        "leaversWaiting": leavers,
        "waiting": waiting.iter().map(|(waiting, since)| shown(waiting, *since)).collect::<Vec<_>>(),
        "moreWaiting": more,
    });
    if !leavers.is_empty() {
        told["warning"] = warning(leavers.len()).into();
    }
    Ok(told)
}

fn warning(leavers: usize) -> String {
    format!("{leavers} LEAVERS WAIT because of a pause: what they hold is not taken away")
}

/// A pause, for people to read.
pub(super) fn brief(pause: &Pause) -> Value {
    json!({
        "app": pause.app, "by": pause.by, "reason": pause.reason, "since": pause.since,
        "resume": format!("/api/apps/{}/resume", pause.app),
    })
}

fn shown(waiting: &Waiting, since: Timestamp) -> Value {
    json!({
        "caseId": waiting.case_id,
        "case": format!("/api/cases/{}", waiting.case_id),
        "about": waiting.about,
        "lines": waiting.lines,
        "since": since,
    })
}

/// Leavers among what waits, each with since when and what of theirs is not done.
pub(super) async fn leavers(
    cx: &Cx,
    waiting: &[(Waiting, Timestamp)],
) -> Result<Vec<Value>, StepError> {
    let mut found: Vec<(PersonId, Timestamp, Vec<&str>)> = Vec::new();
    for (waiting, since) in waiting {
        let About::Person(person) = &waiting.about else { continue };
        let lines = waiting.lines.iter().map(String::as_str);
        if let Some((_, first, known)) = found.iter_mut().find(|(known, ..)| known == person) {
            *first = (*first).min(*since);
            known.extend(lines);
        } else if left(cx, person).await? {
            found.push((person.clone(), *since, lines.collect()));
        }
    }
    let told = found.into_iter().map(|(person, since, mut lines)| {
        lines.sort_unstable();
        lines.dedup();
        json!({ "personId": person, "since": since, "lines": lines })
    });
    Ok(told.collect())
}

async fn left(cx: &Cx, person: &PersonId) -> Result<bool, StepError> {
    let view = PersonView::read(cx, person).await?;
    Ok(view.state(cx.now()).standing() == Standing::Left)
}
