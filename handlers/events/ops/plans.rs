//! Decisions that await an approval: what is asked, and the approval itself.

use azure_functions_handler::HttpReply;
use http::StatusCode;
use latchkey_core::{
    Approval, GroupName, ObjectId, PersonId, PlanHash,
    approval::{Ask, Standing},
    case::{CaseRecord, Cause},
    message::About,
};
use latchkey_runtime::{
    Cx, PersonView, StepError,
    approvals::{self, Found},
};
use serde_json::{Value, json};

use super::{fault::Fault, json as answer, order, token::Caller};

/// The plan of a hash: what is asked of whom, and how that stands.
pub(super) async fn show(cx: &Cx, hash: &str) -> Result<Value, Fault> {
    let found = find(cx, hash).await?;
    Ok(told(&found, &found.records))
}

/// Approves a plan: 200 also when the same person approved it before.
pub(super) async fn approve(
    cx: &Cx,
    caller: &Caller,
    hash: &str,
    body: &[u8],
) -> Result<HttpReply, Fault> {
    caller.may_approve()?;
    let reason = order::reason(body)?;
    let found = find(cx, hash).await?;
    entitled(cx, caller, &found).await?;
    let records = approvals::approve(cx, &found, &caller.oid, &reason).await?;
    match found.ask.standing(&records) {
        Standing::Approved { approver } if *approver == caller.oid => {}
        Standing::Approved { .. } => return Err(conflict("somebody else approved it already")),
        Standing::Awaiting | Standing::Void => {
            return Err(conflict(
                "nobody need approve it any more: the world moved, or it is done",
            ));
        }
    }
    if found.ask.is_ripe(&found.case_id, &records) {
        approvals::go_on(cx, &found, &records).await?;
    }
    answer(StatusCode::OK, &told(&found, &records))
}

async fn find(cx: &Cx, hash: &str) -> Result<Found, Fault> {
    let absent = || Fault::new(StatusCode::NOT_FOUND, "nobody asked for the approval of this plan");
    let hash: PlanHash = hash.parse().map_err(|_| absent())?;
    approvals::find(cx, &hash).await?.ok_or_else(absent)
}

fn told(found: &Found, records: &[CaseRecord]) -> Value {
    let Found { case_id, about, ask, .. } = found;
    let (state, approver) = match ask.standing(records) {
        Standing::Awaiting => ("awaiting", None),
        Standing::Approved { approver } => ("approved", Some(approver)),
        Standing::Void => ("void", None),
    };
    json!({
        "planHash": ask.plan_hash,
        "state": state,
        "by": ask.by.to_string(),
        "approver": approver,
        "step": ask.step,
        "request": ask.request,
        "lines": ask.lines,
        "about": about,
        "caseId": case_id,
        "case": format!("/api/cases/{case_id}"),
        "approve": format!("/api/plans/{}/approve", ask.plan_hash),
    })
}

/// What is asked, for an answer about something else.
pub(super) fn brief(ask: &Ask) -> Value {
    json!({
        "planHash": ask.plan_hash,
        "step": ask.step,
        "lines": ask.lines,
        "by": ask.by.to_string(),
        "plan": format!("/api/plans/{}", ask.plan_hash),
        "approve": format!("/api/plans/{}/approve", ask.plan_hash),
    })
}

/// Refuses who may not approve this plan: who asked for it, whom it is about, who lacks the role
/// or is no member of the group.
async fn entitled(cx: &Cx, caller: &Caller, found: &Found) -> Result<(), Fault> {
    if requesters(&found.records).any(|requester| requester == caller.oid.as_str()) {
        return Err(forbidden("nobody approves what they asked for themselves"));
    }
    for person in concerned(found) {
        if is_user_of(cx, &caller.oid, &person).await? {
            return Err(forbidden("nobody approves what is about themselves"));
        }
    }
    match &found.ask.by {
        Approval::Operator => caller.may_operate(),
        Approval::MemberOf(group) if is_member(cx, &caller.oid, group).await? => Ok(()),
        Approval::MemberOf(group) => {
            Err(forbidden(&format!("only a member of {group} approves it")))
        }
    }
}

/// Everybody who asked for something in the case.
fn requesters(records: &[CaseRecord]) -> impl Iterator<Item = &str> {
    records.iter().filter_map(|record| match record {
        CaseRecord::Opened { cause: Cause::Operator { requester }, .. }
        | CaseRecord::Requested { requester, .. } => Some(requester.as_str()),
        _ => None,
    })
}

/// The people a plan is about: its case's, and its request's.
fn concerned(found: &Found) -> Vec<PersonId> {
    let opened = found.records.iter().find_map(|record| match record {
        CaseRecord::Opened { about, .. } => Some(about),
        _ => None,
    });
    let abouts = [Some(&found.about), opened].into_iter().flatten();
    let mut people: Vec<_> = abouts
        .filter_map(|about| match about {
            About::Person(person) => Some(person.clone()),
            About::Team(_) | About::Cluster(_) => None,
        })
        .collect();
    people.extend(found.ask.request["personId"].as_str().and_then(|id| id.parse().ok()));
    people.dedup();
    people
}

/// Whether the user is the person's: the one known last, or the one found now.
async fn is_user_of(cx: &Cx, user: &ObjectId, person: &PersonId) -> Result<bool, StepError> {
    let view = PersonView::read(cx, person).await?;
    Ok(view.link.as_ref() == Some(user)
        || view.user(cx).await?.is_some_and(|found| found.id == *user))
}

/// Members of groups in the group count.
async fn is_member(cx: &Cx, user: &ObjectId, group: &GroupName) -> Result<bool, StepError> {
    let found = cx.graph().groups_by_name(std::slice::from_ref(group)).await?;
    let Some(group) = found.get(group) else { return Ok(false) };
    Ok(cx.graph().is_member(user, &group.id).await?)
}

fn forbidden(detail: &str) -> Fault {
    Fault::new(StatusCode::FORBIDDEN, detail)
}

fn conflict(detail: &str) -> Fault {
    Fault::new(StatusCode::CONFLICT, detail)
}
