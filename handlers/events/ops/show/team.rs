//! One team: what it should hold, what its group holds, and what is missing.

use http::StatusCode;
use latchkey_core::{
    CaseId, ClusterName, Policy, TeamName,
    azure_role::AzureRole,
    case::{PersonRecord, team_stream},
    holdings::TeamHoldings,
    plan::plan_team,
    policy::{TeamDesired, team_grants},
};
use latchkey_runtime::{Cx, journal};
use serde_json::{Value, json};

use super::{
    super::fault::Fault,
    cases, id,
    row::{Row, azure_role, binding},
};
use crate::plans::plan_team as planner;

/// The team.
pub(in super::super) async fn team(cx: &Cx, text: &str) -> Result<Value, Fault> {
    let name: TeamName = id(text)?;
    let team = cx.policy().team(&name);
    let team = team.map_err(|_| Fault::new(StatusCode::NOT_FOUND, "there is no such team"))?;
    let held = planner::observe(cx, &name).await?;
    let plan = plan_team(cx.policy(), &name, &held)?;
    let intents: Vec<_> = plan.intents.iter().map(ToString::to_string).collect();
    let records = journal::read::<PersonRecord>(cx, &team_stream(&name)).await?;
    Ok(json!({
        "team": name,
        "group": team.group,
        "groupId": held.group.as_ref().map(|group| &group.id),
        "access": team.access,
        "holdings": rows(cx.policy(), &team_grants(cx.policy(), &name)?, &held),
        "plan": intents,
        "residue": plan.residue,
        "cases": cases(cx, &listed(records)).await?,
    }))
}

fn listed(records: Vec<PersonRecord>) -> Vec<CaseId> {
    let cases = records.into_iter().filter_map(|record| match record {
        PersonRecord::Case { case_id } => Some(case_id),
        _ => None,
    });
    cases.collect()
}

fn rows(policy: &Policy, desired: &TeamDesired, held: &TeamHoldings) -> Vec<Row> {
    let roles = held.assignments.iter().map(|held| azure_role(policy, held, ""));
    let bindings = held.bindings.iter().map(|held| binding(held, ""));
    let roles = roles.map(|row| Row { why: why(gives_role(policy, desired, &row)), ..row });
    let bindings = bindings.map(|row| Row { why: why(binds(policy, desired, &row)), ..row });
    roles.chain(bindings).collect()
}

fn why(given: bool) -> String {
    if given { "given by the policy" } else { "not given by the policy" }.to_owned()
}

/// Whether the policy gives the Azure role of a row: one of the team's, or the right to download
/// the kubeconfig.
fn gives_role(policy: &Policy, desired: &TeamDesired, row: &Row) -> bool {
    let at = |cluster: &ClusterName| row.cluster.as_deref() == Some(cluster.as_str());
    let named = |role: AzureRole| row.role == Some(role.to_string());
    let of_team = desired.azure.iter().any(|(cluster, namespace, role)| {
        let found = policy.clusters.get(cluster).and_then(|cluster| cluster.azure_role(role));
        at(cluster)
            && namespace.as_ref().map(ToString::to_string) == row.namespace
            && found.is_some_and(named)
    });
    let user = AzureRole::ClusterUser;
    of_team || row.namespace.is_none() && named(user) && desired.cluster_access.iter().any(at)
}

fn binds(policy: &Policy, desired: &TeamDesired, row: &Row) -> bool {
    desired.bindings.iter().any(|(cluster, namespace, role)| {
        let found = policy.clusters.get(cluster).and_then(|found| found.kubernetes_role(role));
        row.cluster.as_deref() == Some(cluster.as_str())
            && row.namespace.as_deref() == Some(namespace.as_str())
            && found.is_some_and(|found| row.role == Some(found.to_string()))
    })
}
