//! Writes to identity governance: PIM for Groups and Conditional Access.

use latchkey_azure::graph::{NewDevicePolicy, PolicyState};
use latchkey_core::Op;

use super::not_protected;
use crate::{cx::Cx, error::StepError};

/// Carries one write out.
pub(super) async fn write(cx: &Cx, op: &Op) -> Result<(), StepError> {
    let graph = cx.graph();
    match op {
        Op::MakeEligible { membership: of } => {
            graph.make_eligible(not_protected(cx, &of.user)?, &of.group, cx.now()).await?;
        }
        Op::EndEligibility { membership: of } => {
            graph.end_eligibility(not_protected(cx, &of.user)?, &of.group).await?;
        }
        Op::GrantForATime { membership: of, until, reference } => {
            let user = not_protected(cx, &of.user)?;
            graph.grant_until(user, &of.group, *until, reference, cx.now()).await?;
        }
        Op::EndGrant { membership: of } => {
            graph.end_grant(not_protected(cx, &of.user)?, &of.group).await?;
        }
        Op::RequireCompliantDevice { .. } => require_compliant_device(cx, op).await?,
        _ => {}
    }
    Ok(())
}

async fn require_compliant_device(cx: &Cx, op: &Op) -> Result<(), StepError> {
    let Op::RequireCompliantDevice { id, name, groups, except_group, except, enforced, .. } = op
    else {
        return Ok(());
    };
    let new = NewDevicePolicy {
        name,
        groups,
        except_groups: except_group.as_slice(),
        except_users: except,
        state: if *enforced { PolicyState::Enabled } else { PolicyState::ReportOnly },
    };
    match id {
        Some(id) => cx.graph().change_device_policy(id, &new).await?,
        None => cx.graph().create_device_policy(&new).await?,
    }
    Ok(())
}
