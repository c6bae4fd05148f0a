//! Writes to the directory: users and groups.

use latchkey_core::{GroupName, Op, TeamName, holdings::Group};

use super::not_protected;
use crate::{cx::Cx, error::StepError};

/// Carries one write out.
pub(super) async fn write(cx: &Cx, op: &Op) -> Result<(), StepError> {
    let graph = cx.graph();
    match op {
        Op::CreateGroup { team, group, role_assignable } => {
            let description = Group::text_for(team);
            let nickname = nickname(group, team);
            graph.create_group(group, nickname, &description, *role_assignable).await?;
        }
        Op::CreateUser { user, .. } => {
            graph.create_user(user).await?;
        }
        Op::DeleteGroup { group, .. } => graph.delete_group(not_protected(cx, group)?).await?,
        Op::DeleteUser { user, .. } => graph.delete_user(not_protected(cx, user)?).await?,
        Op::RestoreUser { user, .. } => graph.restore_user(not_protected(cx, user)?).await?,
        Op::EnableSignIn { user, .. } => graph.set_sign_in(not_protected(cx, user)?, true).await?,
        Op::DisableSignIn { user, .. } => {
            graph.set_sign_in(not_protected(cx, user)?, false).await?;
        }
        Op::EndSessions { user, .. } => graph.revoke_sessions(not_protected(cx, user)?).await?,
        Op::RemoveOwner { membership } => {
            let user = not_protected(cx, &membership.user)?;
            graph.remove_owner(&membership.group, user).await?;
        }
        Op::EvictMember { group, member, .. } => {
            let member = not_protected(cx, member)?;
            let leave = std::slice::from_ref(group);
            for (_, left) in graph.change_memberships(member, &[], leave).await {
                left?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The group's mail nickname: its own name where Entra takes that, so that whoever looks for both
/// finds it, as `az ad group create` does; else the team's.
fn nickname<'a>(group: &'a GroupName, team: &'a TeamName) -> &'a str {
    let name = group.as_str();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.len() <= 64 && name.chars().all(fits) { name } else { team.as_str() }
}
