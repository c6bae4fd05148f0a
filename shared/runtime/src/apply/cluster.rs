//! Writes to a cluster's API server.

use latchkey_core::{Op, Refusal, gate::id_key};

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
        Op::GuardCluster { cluster, missing, edited } => {
            let protected = &cx.policy().protected.principals;
            cx.cluster(cluster).await?.put_guard(missing, edited, protected).await?;
        }
        Op::CutWrites { cluster, keys, entry, .. } => {
            let protected = &cx.policy().protected.principals;
            if let Some(id) = protected.iter().find(|id| keys.contains(&id_key(id))) {
                return Err(Refusal::Protected { principal: id.clone() }.into());
            }
            cx.cluster(cluster).await?.cut_writes(keys, entry).await?;
        }
        Op::RestoreWrites { cluster, entries, .. } | Op::DropEntries { cluster, entries } => {
            cx.cluster(cluster).await?.drop_entries(entries).await?;
        }
        _ => {}
    }
    Ok(())
}
