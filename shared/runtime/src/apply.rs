//! Carries writes out. The only place where anything in the tenant changes.

use latchkey_azure::arm::NewAssignment;
use latchkey_core::{ObjectId, Op, Refusal};

use crate::{cx::Cx, error::StepError};

type Applied = (Op, Result<(), StepError>);

/// Carries the writes out in order, memberships of one user in one batch. A failed grant stops
/// what follows; a failed revocation does not.
pub async fn apply(cx: &Cx, ops: &[Op]) -> Vec<Applied> {
    let (memberships, rest): (Vec<&Op>, Vec<&Op>) = ops.iter().partition(|op| membership(op));
    let mut results = Vec::new();
    for op in rest {
        let result = one(cx, op).await;
        let stop = result.is_err() && op.grants();
        results.push((op.clone(), result));
        if stop {
            return results;
        }
    }
    results.extend(change_memberships(cx, &memberships).await);
    results
}

fn membership(op: &Op) -> bool {
    matches!(op, Op::JoinGroup { .. } | Op::LeaveGroup { .. })
}

async fn one(cx: &Cx, op: &Op) -> Result<(), StepError> {
    tracing::info!(%op, "writing");
    match op {
        Op::CreateGroup { .. } | Op::CreateUser { .. } => create(cx, op).await,
        Op::RestoreUser { user, .. } => {
            Ok(cx.graph().restore_user(not_protected(cx, user)?).await?)
        }
        Op::EnableSignIn { user, .. } => {
            Ok(cx.graph().set_sign_in(not_protected(cx, user)?, true).await?)
        }
        Op::DisableSignIn { user, .. } => {
            Ok(cx.graph().set_sign_in(not_protected(cx, user)?, false).await?)
        }
        Op::EndSessions { user, .. } => {
            Ok(cx.graph().revoke_sessions(not_protected(cx, user)?).await?)
        }
        Op::AssignRole { .. } => assign(cx, op).await,
        Op::DeleteAssignment { id, .. } => Ok(cx.arm().delete_assignment(id).await?),
        Op::JoinGroup { .. } | Op::LeaveGroup { .. } => Ok(()),
        _ => in_cluster(cx, op).await,
    }
}

/// The last guard before a user is touched, whatever a decision said.
fn not_protected<'a>(cx: &Cx, user: &'a ObjectId) -> Result<&'a ObjectId, StepError> {
    if cx.policy().protected.principals.contains(user) {
        return Err(Refusal::Protected { principal: user.clone() }.into());
    }
    Ok(user)
}

async fn create(cx: &Cx, op: &Op) -> Result<(), StepError> {
    match op {
        Op::CreateGroup { team, group } => {
            let description = format!("Team {team}, kept by Latchkey");
            cx.graph().create_group(group, team.as_str(), &description).await?;
        }
        Op::CreateUser { user, .. } => {
            cx.graph().create_user(user).await?;
        }
        _ => {}
    }
    Ok(())
}

async fn assign(cx: &Cx, op: &Op) -> Result<(), StepError> {
    if let Op::AssignRole { role, scope, principal, principal_type, description, .. } = op {
        let new = NewAssignment {
            scope: scope.clone(),
            role: role.id(),
            principal: principal.clone(),
            principal_type: *principal_type,
            description: description.clone(),
        };
        cx.arm().assign(&new).await?;
    }
    Ok(())
}

async fn in_cluster(cx: &Cx, op: &Op) -> Result<(), StepError> {
    match op {
        Op::CreateNamespace { cluster, namespace } => {
            Ok(cx.cluster(cluster).await?.create_namespace(namespace).await?)
        }
        Op::PutRole { cluster, namespace, name, rules } => {
            Ok(cx.cluster(cluster).await?.apply_role(namespace, name, rules).await?)
        }
        Op::BindRole { cluster, namespace, name, role, group, .. } => {
            Ok(cx.cluster(cluster).await?.bind(namespace, name, role, group).await?)
        }
        Op::DeleteBinding { binding, .. } => {
            Ok(cx.cluster(&binding.cluster).await?.delete_binding(binding).await?)
        }
        Op::RemoveSubject { binding, subject, .. } => {
            Ok(cx.cluster(&binding.cluster).await?.remove_subject(binding, subject).await?)
        }
        _ => Ok(()),
    }
}

/// One batch per user; the answers are read item by item.
async fn change_memberships(cx: &Cx, ops: &[&Op]) -> Vec<Applied> {
    let (mut join, mut leave, mut of) = (Vec::new(), Vec::new(), None);
    for op in ops {
        match op {
            Op::JoinGroup { user, group, .. } => (join.push(group.clone()), of = Some(user)).1,
            Op::LeaveGroup { user, group, .. } => (leave.push(group.clone()), of = Some(user)).1,
            _ => {}
        }
    }
    let Some(user) = of else { return Vec::new() };
    if let Err(refusal) = not_protected(cx, user) {
        return ops.first().map(|op| ((*op).clone(), Err(refusal))).into_iter().collect();
    }
    for op in ops {
        tracing::info!(%op, "writing");
    }
    let mut answers = cx.graph().change_memberships(user, &join, &leave).await;
    ops.iter().filter_map(|op| Some(((*op).clone(), answer(&mut answers, op)?))).collect()
}

fn answer(
    answers: &mut Vec<(ObjectId, Result<(), latchkey_core::CallError>)>,
    op: &Op,
) -> Option<Result<(), StepError>> {
    let (Op::JoinGroup { group, .. } | Op::LeaveGroup { group, .. }) = op else { return None };
    let at = answers.iter().position(|(id, _)| id == group)?;
    Some(answers.swap_remove(at).1.map_err(StepError::from))
}
