//! An order carried out: recorded, sent, and waited for. Writes nothing in the tenant itself.

mod let_go;
mod look;
mod wait;

use azure_functions_handler::HttpReply;
use http::{HeaderMap, StatusCode, header::LOCATION};
use latchkey_core::{
    CaseId, ObjectId, PersonId, Policy, Refusal,
    approval::awaiting,
    case::{CaseRecord, Cause, Evidence, Outcome, case_stream},
    message::{About, StepMessage},
    policy::Access,
    request::{self, Holder},
};
use latchkey_runtime::{
    Cx, PersonView, StepError, case,
    journal::append_if,
    mail::send_step,
    pause::{self, Pause},
};
use serde_json::{Value, json};
use uuid::Uuid;
use wait::{PATIENCE, wait};

use super::{
    apps, catalog::Offer, dry_run::read, fault::Fault, json as answer, order::Order, plans,
    token::Caller,
};

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
        Offer::PlanPerson | Offer::PlanTeam | Offer::PlanCluster => look::ask(cx, case).await,
    }
}

/// Whom or what the order is about: its person, else its team, else its holder, else the
/// team of its namespace, else its cluster.
fn about(policy: &Policy, request: &Value) -> Result<About, StepError> {
    if request["personId"].is_string() {
        return Ok(About::Person(read(request["personId"].clone())?));
    }
    if request["team"].is_string() {
        return Ok(About::Team(read(request["team"].clone())?));
    }
    if request["holder"].is_object() {
        return Ok(match read(request["holder"].clone())? {
            Holder::Person(person) => About::Person(person),
            Holder::Team(team) => About::Team(team),
        });
    }
    if request["namespace"].is_null() {
        let cluster = read(request["cluster"].clone())?;
        return Ok(About::Cluster(policy.cluster(&cluster).map(|_| cluster)?));
    }
    let wanted: request::Namespace = read(request.clone())?;
    let gives = |access: &Access| {
        access.cluster == wanted.cluster && access.namespace.as_ref() == Some(&wanted.namespace)
    };
    let team = policy.teams.iter().find(|(_, team)| team.access.iter().any(gives));
    Ok(match team {
        Some((team, _)) => About::Team(team.clone()),
        None => About::Cluster(policy.cluster(&wanted.cluster).map(|_| wanted.cluster)?),
    })
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
    if latest(&record(cx, case, &id).await?).is_none() {
        let_go::let_go(cx, case).await?;
        send_step(cx, &message, None).await?;
        if let Some(pause) = pause_of(cx, case.step).await? {
            let (status, mut body) = placed(&case.id, case.step, "", None);
            body["paused"] = apps::brief(&pause);
            let place = body["case"].as_str().unwrap_or_default();
            return Ok(answer(status, &body)?.header(LOCATION, place));
        }
    }
    let seen = wait(cx, &case.id, PATIENCE, |records| latest(records).cloned()).await;
    let awaits = match &seen {
        Some(evidence) if evidence.outcome == Outcome::Waiting => {
            awaiting(&case::read(cx, &case.id).await?).map(plans::brief).next()
        }
        _ => None,
    };
    match awaits {
        Some(plan) => pending(case, &plan),
        None => reply(case, "evidence", seen.map(|evidence| json!(evidence))),
    }
}

/// The pause that keeps a step from writing.
async fn pause_of(cx: &Cx, step: &str) -> Result<Option<Pause>, StepError> {
    match latchkey_runtime::apps::app_of(step) {
        Some(app) => pause::of_app(cx, app).await,
        None => Ok(None),
    }
}

/// How the step ended last: after an approval it runs once more, with a message of its own.
fn latest(records: &[CaseRecord]) -> Option<&Evidence> {
    records.iter().rev().find_map(|record| match record {
        CaseRecord::Evidence(evidence) => Some(evidence),
        _ => None,
    })
}

/// Nothing was written: somebody must approve it first.
fn pending(case: &Case<'_>, plan: &Value) -> Result<HttpReply, Fault> {
    let (status, mut body) = placed(&case.id, case.step, "", None);
    body["awaitsApproval"] = plan.clone();
    let place = plan["approve"].as_str().unwrap_or_default();
    Ok(answer(status, &body)?.header(LOCATION, place))
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

fn reply(case: &Case<'_>, name: &str, seen: Option<Value>) -> Result<HttpReply, Fault> {
    let (status, body) = placed(&case.id, case.step, name, seen);
    let place = body["case"].as_str().unwrap_or_default();
    Ok(answer(status, &body)?.header(LOCATION, place))
}

/// What came of it under this name, or that it is not known yet; either way where to look.
fn placed(id: &CaseId, step: &str, name: &str, seen: Option<Value>) -> (StatusCode, Value) {
    let mut body = json!({ "caseId": id, "step": step, "case": format!("/api/cases/{id}") });
    let Some(seen) = seen else { return (StatusCode::ACCEPTED, body) };
    body[name] = seen;
    (StatusCode::OK, body)
}

#[cfg(test)]
mod tests;
