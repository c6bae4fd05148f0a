//! How clusters are secured, as ARM tells it.

use std::time::Duration;

use latchkey_azure::ManagedCluster;
use latchkey_core::{
    Call, ClusterName, Service,
    cluster::{Declared, Security},
    holdings::Group,
};

use crate::{cx::Cx, error::StepError};

/// How soon a cluster that is being changed is looked at again.
const SOON: Duration = Duration::from_secs(15);

/// What is observed of a cluster of the policy.
///
/// # Errors
/// A refusal when the policy has no such cluster; whatever ARM answers.
pub async fn look(cx: &Cx, name: &ClusterName) -> Result<Security, StepError> {
    let found = cx.arm().cluster(&cx.governed(name)?.resource_id).await?;
    Ok(security(found))
}

/// The same of a cluster in which no operation is in progress.
///
/// # Errors
/// As [`look`], and [`StepError::Busy`] while one is in progress: what is seen does not hold yet.
pub async fn look_when_settled(cx: &Cx, name: &ClusterName) -> Result<Security, StepError> {
    let seen = look(cx, name).await?;
    match &seen.changing {
        None => Ok(seen),
        Some(state) => Err(StepError::Busy {
            call: Call { service: Service::Arm, what: "GET managedCluster" },
            retry_after: Some(SOON),
            source: Some(format!("the cluster is {state}").into()),
        }),
    }
}

/// What the policy declares of a cluster.
///
/// # Errors
/// A refusal when the policy has no such cluster.
pub fn declared(cx: &Cx, name: &ClusterName) -> Result<Declared, StepError> {
    Ok(Declared::of(cx.governed(name)?, &cx.config().tenant))
}

/// The group that the policy names as the cluster's admins; none when it names or finds none.
///
/// # Errors
/// A refusal when the policy has no such cluster; whatever Graph answers.
pub async fn admin_group(cx: &Cx, name: &ClusterName) -> Result<Option<Group>, StepError> {
    let Some(group) = &cx.governed(name)?.admin_group else { return Ok(None) };
    Ok(cx.graph().groups_by_name(std::slice::from_ref(group)).await?.into_values().next())
}

fn security(found: ManagedCluster) -> Security {
    Security {
        integration: found.integration(),
        changing: found.is_changing().then(|| found.provisioning_state.clone()),
        tenant: found.tenant,
        azure_rbac: found.azure_rbac,
        admin_groups: found.admin_groups.into_iter().collect(),
        local_accounts: !found.local_accounts_disabled,
        stopped: found.power_state == "Stopped",
        etag: found.etag,
    }
}
