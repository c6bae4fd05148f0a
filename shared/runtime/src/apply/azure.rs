//! Writes through Azure Resource Manager: role assignments and clusters.

use latchkey_azure::arm::{ClusterChange, NewAssignment};
use latchkey_core::{ClusterName, Op};

use crate::{cx::Cx, error::StepError};

/// Carries one write out.
pub(super) async fn write(cx: &Cx, op: &Op) -> Result<(), StepError> {
    match op {
        Op::AssignRole { role, scope, principal, principal_type, description, .. } => {
            let new = NewAssignment {
                scope: scope.clone(),
                role: role.id(),
                principal: principal.clone(),
                principal_type: *principal_type,
                description: description.clone(),
            };
            cx.arm().assign(&new).await?;
        }
        Op::DeleteAssignment { id, .. } => cx.arm().delete_assignment(id).await?,
        Op::IntegrateEntra { cluster, admin_groups, azure_rbac, etag, .. } => {
            let change = ClusterChange::Entra {
                tenant: cx.config().tenant.clone(),
                admin_groups: admin_groups.clone(),
                azure_rbac: *azure_rbac,
            };
            change_cluster(cx, cluster, etag.as_deref(), &change).await?;
        }
        Op::DisableLocalAccounts { cluster, etag } => {
            change_cluster(cx, cluster, etag.as_deref(), &ClusterChange::NoLocalAccounts).await?;
        }
        Op::RotateCertificates { cluster } => {
            cx.arm().rotate_certificates(&cx.governed(cluster)?.resource_id).await?;
        }
        _ => {}
    }
    Ok(())
}

async fn change_cluster(
    cx: &Cx,
    cluster: &ClusterName,
    etag: Option<&str>,
    change: &ClusterChange,
) -> Result<(), StepError> {
    let id = &cx.governed(cluster)?.resource_id;
    Ok(cx.arm().change_cluster(id, etag, change).await?)
}
