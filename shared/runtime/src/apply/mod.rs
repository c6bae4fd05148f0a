//! Carries writes out. The only place where anything in the tenant changes, and where a pause is
//! looked up once more before each change.

mod azure;
mod cluster;
mod directory;
mod governance;

use std::collections::BTreeMap;

use futures::future::join_all;
use latchkey_core::{ObjectId, Op, Refusal, op::GiveBack};

use crate::{cx::Cx, error::StepError, pause};

type Applied = (Op, Result<(), StepError>);

/// Carries the writes out in order, memberships of one user in one batch. A failed grant stops
/// what follows; a failed revocation does not, but what must come last ([`Op::is_final`]) is then
/// left undone. Of writes `in_order` nothing follows one that failed.
///
/// Revocations in clusters come side by side, in order within each: one cluster that does not
/// answer keeps no other open.
pub async fn apply(cx: &Cx, ops: &[Op], in_order: bool) -> Vec<Applied> {
    let (memberships, rest): (Vec<&Op>, Vec<&Op>) = ops.iter().partition(|op| membership(op));
    let aside = |op: &&Op| !in_order && op.side_by_side().is_some();
    let (aside, rest): (Vec<&Op>, Vec<&Op>) = rest.into_iter().partition(aside);
    let mut results = side_by_side(cx, &aside).await;
    for op in rest {
        if (in_order || op.is_final()) && results.iter().any(|(_, result)| result.is_err()) {
            break;
        }
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

/// What each cluster loses, all clusters at once. The results come in the order of the writes.
async fn side_by_side(cx: &Cx, ops: &[&Op]) -> Vec<Applied> {
    let mut of_clusters: BTreeMap<_, Vec<(usize, &Op)>> = BTreeMap::new();
    for (at, op) in ops.iter().enumerate() {
        of_clusters.entry(op.side_by_side()).or_default().push((at, op));
    }
    let all = join_all(of_clusters.into_values().map(|ops| in_one_cluster(cx, ops))).await;
    let mut results: Vec<_> = all.into_iter().flatten().collect();
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

async fn in_one_cluster(cx: &Cx, ops: Vec<(usize, &Op)>) -> Vec<(usize, Applied)> {
    let mut results = Vec::new();
    for (at, op) in ops {
        results.push((at, (op.clone(), one(cx, op).await)));
    }
    results
}

fn membership(op: &Op) -> bool {
    matches!(op, Op::JoinGroup { .. } | Op::LeaveGroup { .. })
}

async fn one(cx: &Cx, op: &Op) -> Result<(), StepError> {
    pause::guard(cx).await?;
    tracing::info!(%op, "writing");
    match op {
        Op::CreateGroup { .. }
        | Op::DeleteGroup { .. }
        | Op::CreateUser { .. }
        | Op::DeleteUser { .. }
        | Op::RestoreUser { .. }
        | Op::EnableSignIn { .. }
        | Op::DisableSignIn { .. }
        | Op::EndSessions { .. }
        | Op::RemoveOwner { .. }
        | Op::EvictMember { .. } => directory::write(cx, op).await,
        Op::MakeEligible { .. }
        | Op::EndEligibility { .. }
        | Op::GrantForATime { .. }
        | Op::EndGrant { .. }
        | Op::RequireCompliantDevice { .. } => governance::write(cx, op).await,
        Op::AssignRole { .. }
        | Op::DeleteAssignment { .. }
        | Op::IntegrateEntra { .. }
        | Op::DisableLocalAccounts { .. }
        | Op::RotateCertificates { .. } => azure::write(cx, op).await,
        Op::CreateNamespace { .. }
        | Op::DeleteNamespace { .. }
        | Op::PutRole { .. }
        | Op::BindRole { .. }
        | Op::BindClusterRole { .. }
        | Op::DeleteBinding { .. }
        | Op::AdoptBinding { .. }
        | Op::RemoveSubject { .. }
        | Op::Gate { .. } => cluster::write(cx, op).await,
        Op::GiveBack(what) => give_back(cx, what).await,
        Op::JoinGroup { .. } | Op::LeaveGroup { .. } => Ok(()),
    }
}

async fn give_back(cx: &Cx, what: &GiveBack) -> Result<(), StepError> {
    match what {
        GiveBack::Owner { membership, .. } => {
            let user = not_protected(cx, &membership.user)?;
            cx.graph().add_owner(&membership.group, user).await?;
        }
        GiveBack::Subject { binding, subject, .. } => {
            cx.cluster(&binding.cluster).await?.add_subject(binding, subject).await?;
        }
    }
    Ok(())
}

/// The last guard before a principal is touched, whatever a decision said.
fn not_protected<'a>(cx: &Cx, principal: &'a ObjectId) -> Result<&'a ObjectId, StepError> {
    if cx.policy().protected.principals.contains(principal) {
        return Err(Refusal::Protected { principal: principal.clone() }.into());
    }
    Ok(principal)
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
    if let Err(paused) = pause::guard(cx).await {
        return ops.first().map(|op| ((*op).clone(), Err(paused))).into_iter().collect();
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
