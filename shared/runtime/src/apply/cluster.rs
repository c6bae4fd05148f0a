//! Writes to a cluster's API server.

use latchkey_core::Op;

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
        _ => {}
    }
    Ok(())
}
