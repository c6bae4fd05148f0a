//! Writes to a cluster's API server.

use latchkey_core::{ClusterName, Op, Refusal, gate::id_key, op::Gate};

use crate::{cx::Cx, error::StepError};

/// Carries one write out.
pub(super) async fn write(cx: &Cx, op: &Op) -> Result<(), StepError> {
    match op {
        Op::CreateNamespace { cluster, namespace } => {
            cx.cluster(cluster).await?.create_namespace(namespace).await?;
        }
        Op::DeleteNamespace { cluster, namespace, uid } => {
            cx.cluster(cluster).await?.delete_namespace(namespace, uid).await?;
        }
        Op::PutRole { cluster, namespace, name, rules } => {
            cx.cluster(cluster).await?.apply_role(namespace, name, rules).await?;
        }
        Op::BindRole { cluster, namespace, name, role, group, .. } => {
            cx.cluster(cluster).await?.bind(namespace, name, role, group).await?;
        }
        Op::BindClusterRole { cluster, name, role, subject, .. } => {
            cx.cluster(cluster).await?.bind_cluster(name, role, subject).await?;
        }
        Op::DeleteBinding { binding, .. } => {
            cx.cluster(&binding.cluster).await?.delete_binding(binding).await?;
        }
        Op::AdoptBinding { binding, .. } => {
            cx.cluster(&binding.cluster).await?.adopt_binding(binding).await?;
        }
        Op::RemoveSubject { binding, subject, .. } => {
            cx.cluster(&binding.cluster).await?.remove_subject(binding, subject).await?;
        }
        Op::Gate { cluster, change } => gate(cx, cluster, change).await?,
        _ => {}
    }
    Ok(())
}

/// A protected principal is never listed, whatever a decision said.
async fn gate(cx: &Cx, name: &ClusterName, change: &Gate) -> Result<(), StepError> {
    let protected = &cx.policy().protected.principals;
    if let Gate::Cut { keys, .. } = change
        && let Some(id) = protected.iter().find(|id| keys.contains(&id_key(id)))
    {
        return Err(Refusal::Protected { principal: id.clone() }.into());
    }
    let cluster = cx.cluster(name).await?;
    match change {
        Gate::Guard { missing, edited } => cluster.put_guard(missing, edited, protected).await?,
        Gate::Cut { keys, entry, .. } => cluster.cut_writes(keys, entry).await?,
        Gate::Restore { entries, .. } | Gate::Drop { entries } => {
            cluster.drop_entries(entries).await?;
        }
    }
    Ok(())
}
