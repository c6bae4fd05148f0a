//! One team: what it should hold, what its group holds, and what is missing.

use http::StatusCode;
use latchkey_core::{
    Policy, TeamName,
    access::NOT_IN_POLICY,
    azure_role::AzureRole,
    case::{PersonRecord, team_stream},
    holdings::{Binding, RoleAssignment, TeamHoldings},
    policy::{TeamDesired, team_grants},
};
use latchkey_runtime::{Cx, journal};
use serde_json::{Value, json};

use super::{
    super::fault::Fault,
    cases, drift, id, listed,
    row::{Row, azure_role, binding},
};
use crate::plans::plan_team as planner;

/// The team.
pub(in super::super) async fn team(cx: &Cx, text: &str) -> Result<Value, Fault> {
    let name: TeamName = id(text)?;
    let team = cx.policy().team(&name);
    let team = team.map_err(|_| Fault::new(StatusCode::NOT_FOUND, "there is no such team"))?;
    let planner::Seen { held, members, plan } = planner::look(cx, &name).await?;
    let plan = plan?;
    let intents: Vec<_> = plan.intents.iter().map(ToString::to_string).collect();
    let records = journal::read::<PersonRecord>(cx, &team_stream(&name)).await?;
    Ok(json!({
        "team": name,
        "group": team.group,
        "groupId": held.group.as_ref().map(|group| &group.id),
        "access": team.access,
        "holdings": rows(cx.policy(), &team_grants(cx.policy(), &name)?, &held),
        "plan": intents,
        "waits": plan.waits,
        "residue": plan.residue,
        "findings": plan.findings,
        "drift": drift(&members.story),
        "cases": cases(cx, &listed(records)).await?,
    }))
}

fn rows(policy: &Policy, desired: &TeamDesired, held: &TeamHoldings) -> Vec<Row> {
    let roles = held.assignments.iter().map(|held| {
        let given = gives_role(policy, desired, held);
        azure_role(policy, held, why(given))
    });
    let bindings = held.bindings.iter().map(|held| binding(held, why(binds(desired, held))));
    roles.chain(bindings).collect()
}

fn why(given: bool) -> &'static str {
    if given { "given by the policy" } else { NOT_IN_POLICY }
}

/// Whether the policy gives the Azure role: one of the team's, or the right to download the
/// kubeconfig.
fn gives_role(policy: &Policy, desired: &TeamDesired, held: &RoleAssignment) -> bool {
    let place = policy.place_of_scope(&held.scope);
    let role = AzureRole::from_id(held.role);
    place.zip(role).is_some_and(|((cluster, namespace), role)| {
        desired.azure_at(&(cluster.clone(), namespace)).contains(&role)
    })
}

fn binds(desired: &TeamDesired, held: &Binding) -> bool {
    desired.bound_at(&(held.cluster.clone(), held.namespace.clone())).contains(&held.role)
}
