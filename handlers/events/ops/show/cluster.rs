//! One cluster: what the policy declares of it, what is observed, and what would be done.

use http::StatusCode;
use latchkey_core::{
    ClusterName,
    case::{PersonRecord, cluster_stream},
};
use latchkey_runtime::{Cx, journal, secured};
use serde_json::{Value, json};

use super::{super::fault::Fault, cases, drift, id, listed};
use crate::plans::plan_cluster as planner;

/// The cluster.
pub(in super::super) async fn cluster(cx: &Cx, text: &str) -> Result<Value, Fault> {
    let name: ClusterName = id(text)?;
    let declared = cx.policy().clusters.get(&name);
    let declared =
        declared.ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, "there is no such cluster"))?;
    let planner::Seen { held, around, plan } = planner::look(cx, &name).await?;
    let (plan, stuck) = match plan {
        Ok(plan) => (plan, Vec::new()),
        Err(refusal) => (latchkey_core::Plan::default(), vec![refusal.to_string()]),
    };
    let intents: Vec<_> = plan.intents.iter().map(ToString::to_string).collect();
    let records = journal::read::<PersonRecord>(cx, &cluster_stream(&name)).await?;
    Ok(json!({
        "cluster": name,
        "declared": {
            "resourceId": declared.resource_id,
            "authorization": declared.authorization,
            "adminGroup": declared.admin_group,
            "localAccounts": declared.local_accounts,
            "requireCompliantDevice": declared.require_compliant_device,
            "entraIntegration": secured::declared(cx, &name)?.entra,
        },
        "observed": {
            "integration": held.security.integration,
            "azureRbac": held.security.azure_rbac,
            "adminGroups": held.security.admin_groups,
            "adminGroupId": held.admin_group.as_ref().map(|group| &group.id),
            "usableAdmins": held.admins.members_enabled.len(),
            "localAccounts": held.security.local_accounts,
            "changing": held.security.changing,
            "stopped": held.security.stopped,
        },
        "plan": intents,
        "waits": plan.waits,
        "residue": plan.residue.into_iter().chain(stuck).collect::<Vec<_>>(),
        "findings": plan.findings,
        "drift": drift(&around.story),
        "cases": cases(cx, &listed(records)).await?,
    }))
}
