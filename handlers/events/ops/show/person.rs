//! One person: how they stand, what they should hold and do hold, and why.

use std::collections::BTreeSet;

use latchkey_core::{
    Holdings, PersonId, Policy, Refusal, TeamName,
    access::NOT_IN_POLICY,
    desired::Desired,
    holdings::{Group, PimMembership},
    policy::{Access, gives_grant},
    state::Standing,
};
use latchkey_runtime::{Cx, PersonView, StepError, people};
use serde_json::{Map, Value, json};

use super::{
    super::fault::Fault,
    cases, id,
    row::{Row, azure_role, binding},
};
use crate::plans::plan_person::{self, Seen};

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
    Ok(json!({
        "personId": person,
        "state": state.standing(),
        "held": view.held,
        "nextChange": state.next_change,
        "user": view.link,
        "account": seen.desired.account,
        "desired": desired(&seen.desired),
        "findings": seen.desired.findings,
        "holdings": rows(cx.policy(), &seen),
        "pim": pim(&seen.held),
        "unseen": people::unseen_lines(&seen.held.unseen),
        "plan": plan,
        "residue": residue,
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

fn rows(policy: &Policy, seen: &Seen) -> Vec<Row> {
    let held = &seen.held;
    let groups = held.groups.iter().flat_map(|group| group_rows(policy, &seen.desired, group));
    let roles = held.assignments.iter().map(|held| azure_role(policy, held, NOT_IN_POLICY));
    let bindings = held.bindings.iter().map(|found| {
        let user = held.user.as_ref();
        let given = user.is_some_and(|user| gives_grant(found, &seen.desired.grants, user));
        binding(found, if given { GRANTED } else { NOT_IN_POLICY })
    });
    groups.chain(roles).chain(bindings).collect()
}

/// A membership, once for everything that the team gives.
fn group_rows(policy: &Policy, desired: &Desired, group: &Group) -> Vec<Row> {
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
        none if none.is_empty() => NOT_IN_POLICY.to_owned(),
        reasons => reasons.join("; "),
    };
    if team.access.is_empty() {
        return vec![row(None, &why)];
    }
    team.access.iter().map(|access| row(Some(access), &why)).collect()
}
