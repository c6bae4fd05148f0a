//! One person: how they stand, what they should hold and do hold, and why.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_core::{
    Holdings, PersonId, Policy, Refusal, TeamName,
    access::NOT_IN_POLICY,
    desired::Desired,
    drift::{Exception, Found},
    holdings::{Group, PimMembership, Subject, names_user},
    message::About,
    policy::{Access, gives_grant},
    state::Standing,
};
use latchkey_runtime::{Cx, PersonView, StepError, drift as story, people};
use serde_json::{Map, Value, json};

use super::{
    super::fault::Fault,
    cases, drift, id,
    offered::offered,
    row::{Row, azure_role, binding},
};
use crate::plans::plan_person::{self, Seen};

type Exceptions = BTreeMap<Found, Exception>;

/// The policy's `grants` give this.
const GRANTED: &str = "granted by name";

/// The person.
pub(in super::super) async fn person(cx: &Cx, text: &str) -> Result<Value, Fault> {
    let person: PersonId = id(text)?;
    let view = PersonView::read(cx, &person).await?;
    if view.facts.is_empty() && view.cases.is_empty() {
        return Err(Refusal::Unknown { person }.into());
    }
    let state = view.state(cx.now());
    let mut seen = plan_person::look(cx, &view).await?;
    complete(cx, &view, &mut seen.held, state.standing()).await?;
    let (plan, residue) = plan(&seen);
    let exceptions = exceptions(cx, &view).await?;
    Ok(json!({
        "personId": person,
        "state": state.standing(),
        "held": view.held,
        "nextChange": state.next_change,
        "user": view.link,
        "account": seen.desired.account,
        "desired": desired(&seen.desired),
        "findings": seen.plan.as_ref().map_or(&seen.desired.findings, |plan| &plan.findings),
        "holdings": rows(cx.policy(), &seen, &exceptions),
        "pim": pim(&seen.held),
        "unseen": people::unseen_lines(&seen.held.unseen),
        "plan": plan,
        "residue": residue,
        "offered": offered(cx, &view, &seen).await?,
        "drift": drift(&view.drift),
        "cases": cases(cx, &view.cases).await?,
    }))
}

/// The planner looks at direct roles and bindings of leavers only; here everybody's are shown.
async fn complete(
    cx: &Cx,
    view: &PersonView,
    held: &mut Holdings,
    standing: Standing,
) -> Result<(), StepError> {
    let Some(user) = held.user.as_ref().filter(|_| standing != Standing::Left) else {
        return Ok(());
    };
    let names = view.names(Some(user));
    let (assignments, (bindings, unseen)) =
        futures::join!(people::assignments(cx, &user.id), people::bindings(cx, &names));
    held.assignments = assignments?;
    (held.bindings, held.unseen) = (bindings, unseen);
    Ok(())
}

fn plan(seen: &Seen) -> (Vec<String>, Vec<String>) {
    match &seen.plan {
        Ok(plan) => (plan.intents.iter().map(ToString::to_string).collect(), plan.residue.clone()),
        Err(refusal) => (Vec::new(), vec![refusal.to_string()]),
    }
}

fn desired(desired: &Desired) -> Map<String, Value> {
    let teams: BTreeSet<&TeamName> = desired
        .teams
        .keys()
        .chain(desired.eligible.keys())
        .chain(desired.just_in_time.keys())
        .collect();
    let why = |team: &TeamName| desired.reasons(team).join("; ");
    teams.into_iter().map(|team| (team.to_string(), json!(why(team)))).collect()
}

/// What PIM keeps: who may ask for membership, and who is a member until when.
fn pim(held: &Holdings) -> Vec<Value> {
    let row = |kept: &PimMembership| {
        json!({
            "group": kept.group.name,
            "form": kept.form,
            "since": kept.since,
            "until": kept.until,
        })
    };
    held.pim.iter().map(row).collect()
}

/// What stands although the policy does not give it: in the person's own name, or in a cluster.
async fn exceptions(cx: &Cx, view: &PersonView) -> Result<Exceptions, StepError> {
    let clusters = cx.policy().clusters.keys().cloned().map(About::Cluster);
    let mut all = story::exceptions(cx, clusters).await?;
    let own = view.drift.exceptions(cx.now());
    all.extend(own.map(|(found, known)| (found.clone(), known)));
    Ok(all)
}

fn rows(policy: &Policy, seen: &Seen, exceptions: &Exceptions) -> Vec<Row> {
    let (held, desired) = (&seen.held, &seen.desired);
    let user = held.user.as_ref();
    let why = |found: Option<Found>| {
        let exception = found.and_then(|found| exceptions.get(&found));
        exception.map_or_else(|| NOT_IN_POLICY.to_owned(), ToString::to_string)
    };
    let groups = held.groups.iter().flat_map(|group| {
        let found = user.map(|user| Found::member(&group.id, &user.id));
        group_rows(policy, desired, group, &why(found))
    });
    let roles = held
        .assignments
        .iter()
        .map(|held| azure_role(policy, held, &why(Some(Found::assignment(held)))));
    let bindings = held.bindings.iter().map(|found| {
        let given = user.is_some_and(|user| gives_grant(found, &desired.grants, user));
        let theirs = |subject: &&Subject| user.is_some_and(|user| names_user(subject, user));
        let subject = found.subjects.iter().find(theirs);
        let other = why(subject.map(|subject| Found::binding(found, subject)));
        binding(found, if given { GRANTED } else { &other })
    });
    groups.chain(roles).chain(bindings).collect()
}

/// A membership, once for everything that the team gives. `otherwise` says why, when nothing puts
/// the person there.
fn group_rows(policy: &Policy, desired: &Desired, group: &Group, otherwise: &str) -> Vec<Row> {
    let row = |access: Option<&Access>, why: &str| Row {
        path: "group",
        cluster: access.map(|access| access.cluster.to_string()),
        namespace: access.and_then(|access| access.namespace.as_ref()).map(ToString::to_string),
        role: access.map(|access| access.role.to_string()),
        via: group.name.to_string(),
        why: why.to_owned(),
    };
    let Some((name, team)) = policy.team_of_group(&group.name) else {
        return vec![row(None, "no group of a team")];
    };
    let why = match desired.reasons(name) {
        none if none.is_empty() => otherwise.to_owned(),
        reasons => reasons.join("; "),
    };
    if team.access.is_empty() {
        return vec![row(None, &why)];
    }
    team.access.iter().map(|access| row(Some(access), &why)).collect()
}
