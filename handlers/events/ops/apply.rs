//! An order carried out: recorded, sent, and waited for. Writes nothing in the tenant itself.

use std::time::Duration;

use azure_functions_handler::HttpReply;
use http::{HeaderMap, StatusCode, header::LOCATION};
use latchkey_core::{
    CaseId, ObjectId, PersonId, Policy, Refusal,
    case::{CaseRecord, Cause, PersonRecord, case_stream, person_stream},
    message::{About, PlanMessage, StepMessage},
    request,
};
use latchkey_runtime::{
    Cx, PersonView, StepError, case,
    journal::append_if,
    mail::{send_plan, send_step},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{
    catalog::Offer, dry_run::read, fault::Fault, json as answer, order::Order, token::Caller,
};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks into the ledger, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));
/// The header by which a call that is sent again joins the case of the first.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The caller's key, or a random one.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<String, Fault> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(Uuid::new_v4().to_string()) };
    let text = value.to_str().ok().map(str::trim).filter(|text| (1..=200).contains(&text.len()));
    text.map(str::to_owned).ok_or_else(|| {
        let detail = "must be 1 to 200 visible ASCII characters";
        Fault::in_field(StatusCode::BAD_REQUEST, "Idempotency-Key", detail)
    })
}

/// Whose order, and for what.
struct Case<'a> {
    id: CaseId,
    about: About,
    caller: &'a Caller,
    step: &'static str,
    reason: String,
}

/// Sends what was ordered: 200 with what came of it, or 202 with the place to look.
pub(super) async fn apply(
    cx: &Cx,
    caller: &Caller,
    offer: Offer,
    order: Order,
    key: &str,
) -> Result<HttpReply, Fault> {
    let about = about(cx.policy(), &order.request)?;
    if let About::Person(person) = &about {
        not_oneself(cx, caller, person).await?;
    }
    let request = order.request.to_string();
    let id = CaseId::of(&["operator", caller.oid.as_str(), offer.name(), &request, key]);
    let case = Case { id, about, caller, step: offer.name(), reason: order.reason };
    match offer {
        Offer::Step(_) => step(cx, &case, order.request).await,
        Offer::PlanPerson | Offer::PlanTeam => plan(cx, case).await,
    }
}

/// Whom or what the order is about: its person, else its team, else the team of its namespace.
fn about(policy: &Policy, request: &Value) -> Result<About, StepError> {
    if request["personId"].is_string() {
        return Ok(About::Person(read(request["personId"].clone())?));
    }
    if request["team"].is_string() {
        return Ok(About::Team(read(request["team"].clone())?));
    }
    let wanted: request::Namespace = read(request.clone())?;
    let gives = |access: &latchkey_core::policy::Access| {
        access.cluster == wanted.cluster && access.namespace.as_ref() == Some(&wanted.namespace)
    };
    let team = policy.teams.iter().find(|(_, team)| team.access.iter().any(gives));
    let team = team.ok_or_else(|| Refusal::OutsidePolicy {
        field: "namespace".into(),
        value: wanted.namespace.to_string(),
    })?;
    Ok(About::Team(team.0.clone()))
}

/// Nobody operates on themselves: neither on the user known last nor on the one found now.
async fn not_oneself(cx: &Cx, caller: &Caller, person: &PersonId) -> Result<(), StepError> {
    let view = PersonView::read(cx, person).await?;
    let is_caller = |user: &ObjectId| *user == caller.oid;
    if view.link.as_ref().is_some_and(is_caller)
        || view.user(cx).await?.is_some_and(|user| is_caller(&user.id))
    {
        return Err(Refusal::OnOneself { person: person.clone() }.into());
    }
    Ok(())
}

async fn step(cx: &Cx, case: &Case<'_>, request: Value) -> Result<HttpReply, Fault> {
    let message = StepMessage {
        case_id: case.id.clone(),
        about: case.about.clone(),
        step: case.step.to_owned(),
        attempt: 0,
        request,
        tries: 0,
    };
    let id = message.id();
    let evidence = |records: &[CaseRecord]| {
        records.iter().find_map(|record| match record {
            CaseRecord::Evidence(evidence) if evidence.message_id == id => Some(json!(evidence)),
            _ => None,
        })
    };
    if evidence(&record(cx, case, &id).await?).is_none() {
        send_step(cx, &message, None).await?;
    }
    reply(case, "evidence", wait(cx, &case.id, PATIENCE, evidence).await)
}

/// Asks for a look. A person who is held is released, and the held cases go on.
async fn plan(cx: &Cx, own: Case<'_>) -> Result<HttpReply, Fault> {
    let held = match &own.about {
        About::Person(person) => release(cx, own.caller, person).await?,
        About::Team(_) => Vec::new(),
    };
    let mut last = None;
    for id in if held.is_empty() { vec![own.id.clone()] } else { held } {
        let case = Case { id, about: own.about.clone(), reason: own.reason.clone(), ..own };
        let asked = ask_for_look(cx, &case).await?;
        last = Some((case, asked));
    }
    let (case, asked) = last.unwrap_or((own, String::new()));
    let seen = wait(cx, &case.id, PATIENCE, |records| looked(records, &asked)).await;
    reply(&case, "look", seen)
}

async fn ask_for_look(cx: &Cx, case: &Case<'_>) -> Result<String, StepError> {
    let message = PlanMessage {
        case_id: case.id.clone(),
        about: case.about.clone(),
        attempt: next_look(&case::read(cx, &case.id).await?, case),
        tries: 0,
    };
    let id = message.id();
    if looked(&record(cx, case, &id).await?, &id).is_none() {
        send_plan(cx, &message, None).await?;
    }
    Ok(id)
}

/// The look after all that were made or asked for: its message is no duplicate of theirs. An order
/// that is sent again asks for the same look.
fn next_look(records: &[CaseRecord], case: &Case<'_>) -> u32 {
    let own = matches!(
        records.first(),
        None | Some(CaseRecord::Opened { cause: Cause::Operator { .. }, .. })
    );
    if own && case.step == case.about.planner() {
        return 1;
    }
    let looks = records.iter().map(|record| match record {
        CaseRecord::Planned { attempt, .. } => *attempt,
        _ => 0,
    });
    let asked = records.iter().filter(|record| matches!(record, CaseRecord::Requested { .. }));
    looks.max().unwrap_or(0) + u32::try_from(asked.count()).unwrap_or(0) + 1
}

/// What a planner recorded after the look was asked for.
fn looked(records: &[CaseRecord], asked: &str) -> Option<Value> {
    let asked = |record: &CaseRecord| matches!(record, CaseRecord::Requested { message_id, .. } if message_id == asked);
    let after = records.iter().skip_while(|record| !asked(record));
    let mut looks = after.filter(|record| {
        matches!(
            record,
            CaseRecord::Planned { .. }
                | CaseRecord::Waiting { .. }
                | CaseRecord::Stuck { .. }
                | CaseRecord::Closed { .. }
        )
    });
    looks.next().map(|record| json!(record))
}

/// Lets the cases go on that the mass-leaver brake holds. Gives them, oldest first.
async fn release(cx: &Cx, caller: &Caller, person: &PersonId) -> Result<Vec<CaseId>, StepError> {
    let released = PersonRecord::Released { requester: caller.oid.to_string() };
    let mut held = Vec::new();
    append_if(cx, &person_stream(person), |seen: &[PersonRecord]| {
        held = held_cases(seen);
        (!held.is_empty()).then(|| released.clone())
    })
    .await?;
    Ok(held)
}

fn held_cases(records: &[PersonRecord]) -> Vec<CaseId> {
    let mut held = Vec::new();
    for record in records {
        match record {
            PersonRecord::Held { case_id } => held.push(case_id.clone()),
            PersonRecord::Released { .. } => held.clear(),
            _ => {}
        }
    }
    held
}

/// Records who asks and why, before anything is sent. Gives the case so far.
async fn record(cx: &Cx, case: &Case<'_>, message_id: &str) -> Result<Vec<CaseRecord>, StepError> {
    let requester = case.caller.oid.to_string();
    case::open(cx, &case.id, &case.about, Cause::Operator { requester: requester.clone() }).await?;
    let requested = CaseRecord::Requested {
        requester,
        reason: case.reason.clone(),
        step: case.step.to_owned(),
        message_id: message_id.to_owned(),
    };
    let known = |record: &CaseRecord| matches!(record, CaseRecord::Requested { message_id: known, .. } if known == message_id);
    let (_, records) = append_if(cx, &case_stream(&case.id), |seen: &[CaseRecord]| {
        (!seen.iter().any(known)).then(|| requested.clone())
    })
    .await?;
    tracing::info!(case = %case.id, step = case.step, "an operator asked");
    Ok(records)
}

/// Looks into the ledger until it holds what is waited for. A ledger that cannot be read now is
/// looked into again: the order has been sent.
async fn wait(
    cx: &Cx,
    id: &CaseId,
    patience: Duration,
    find: impl Fn(&[CaseRecord]) -> Option<Value>,
) -> Option<Value> {
    let until = Instant::now() + patience;
    let (mut pause, longest) = PAUSE;
    loop {
        match case::read(cx, id).await {
            Ok(records) => {
                if let Some(found) = find(&records) {
                    return Some(found);
                }
            }
            Err(error) => tracing::warn!(case = %id, %error, "the case could not be read"),
        }
        if Instant::now() + pause > until {
            return None;
        }
        sleep(pause).await;
        pause = (pause * 3 / 2).min(longest);
    }
}

fn reply(case: &Case<'_>, name: &str, seen: Option<Value>) -> Result<HttpReply, Fault> {
    let place = format!("/api/cases/{}", case.id);
    let mut body = json!({ "caseId": case.id, "step": case.step, "case": place });
    let status = match seen {
        Some(seen) => {
            body[name] = seen;
            StatusCode::OK
        }
        None => StatusCode::ACCEPTED,
    };
    Ok(answer(status, &body)?.header(LOCATION, place))
}

#[cfg(test)]
mod tests;
