//! Makes somebody whose end was taken back an owner again of the groups that Latchkey took from them.
//!
//! An owner can let anybody in, so a second operator approves it, and sees who owns each group now:
//! whom others have been named in place of, the approver knows. Given back once, from the records of
//! the case.

use std::collections::BTreeSet;

use latchkey_core::{
    Approval, Decision, GroupName, ObjectId, Op, Refusal, Timestamp,
    holdings::{Group, User},
    op::{GiveBack, Membership},
    request,
    revocation::{Path, undo::Return},
};
use latchkey_runtime::{
    Cx,
    Need::{self, Graph},
    PersonView, Step, StepError,
    undo::Asked,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Why nothing is given back.
    pub refusal: Option<Refusal>,
    /// Whether that was done before.
    pub done: bool,
    /// The person's Entra user.
    pub user: Option<User>,
    /// Whether the user is a break-glass principal.
    pub protected: bool,
    /// Groups whose ownership was taken, with who owns them now.
    pub groups: Vec<(Group, BTreeSet<ObjectId>)>,
    /// Groups whose ownership was taken and that are gone since, or kept elsewhere.
    pub gone: BTreeSet<GroupName>,
}

/// The step.
#[derive(Debug)]
pub struct ReownGroups;

impl Step for ReownGroups {
    const NAME: &'static str = "reown_groups";
    const NEEDS: &'static [Need] = &[
        Graph("Directory.Read.All"),
        // Graph knows no narrower right to change who owns a group.
        Graph("Group.ReadWrite.All"),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Undo;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Undo) -> Result<Facts, StepError> {
        let view = PersonView::read(cx, &request.person_id).await?;
        let user = view.user(cx).await?;
        let asked = Asked::read(cx, &view, Self::NAME, request).await?;
        let taken = asked.terms(cx, &view).all(&asked.taken).into_iter();
        let taken = taken.filter_map(|(path, becomes)| match path {
            Path::Owner { group, name } if becomes == Return::Approved => Some((group, name)),
            _ => None,
        });
        let taken: Vec<_> = taken.collect();
        let ids: Vec<_> = taken.iter().map(|(id, _)| id.clone()).collect();
        let groups = if ids.is_empty() { Vec::new() } else { owned(cx, &ids).await? };
        let gone = taken.into_iter().filter(|(id, _)| groups.iter().all(|(g, _)| g.id != *id));
        let gone = gone.map(|(_, name)| name).collect();
        let spared = &cx.policy().protected.principals;
        let protected = user.as_ref().is_some_and(|user| spared.contains(&user.id));
        let Asked { refusal, done, .. } = asked;
        Ok(Facts { refusal, done, user, protected, groups, gone })
    }

    fn decide(request: &request::Undo, facts: &Facts, _: Timestamp) -> Decision {
        let person = &request.person_id;
        let Some(user) = &facts.user else {
            return Decision::refuse(Refusal::NoUser { person: person.clone() });
        };
        if facts.protected {
            return Decision::refuse(Refusal::Protected { principal: user.id.clone() });
        }
        if let Some(refusal) = &facts.refusal {
            return Decision::refuse(refusal.clone());
        }
        if facts.done {
            return Decision::from_ops(None);
        }
        let lacking = facts.groups.iter().filter(|(_, owners)| !owners.contains(&user.id));
        let ops = lacking.map(|(group, owners)| {
            let membership = Membership {
                person: person.clone(),
                user: user.id.clone(),
                name: group.name.clone(),
                group: group.id.clone(),
            };
            Op::GiveBack(GiveBack::Owner { membership, beside: owners.clone() })
        });
        let line = |name| {
            format!("group {name} is gone since, or kept elsewhere: {person} does not own it")
        };
        Decision::Apply { ops: ops.collect(), residue: facts.gone.iter().map(line).collect() }
    }

    fn approval(_: &request::Undo, _: &Facts) -> Option<Approval> {
        Some(Approval::Operator)
    }
}

/// Those of the groups that still exist and can be owned by writing, with their owners.
async fn owned(cx: &Cx, ids: &[ObjectId]) -> Result<Vec<(Group, BTreeSet<ObjectId>)>, StepError> {
    let mut groups = cx.graph().groups_by_id(ids).await?;
    groups.retain(|group| !group.synced && !group.role_assignable);
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = groups.iter().map(|group| group.id.clone()).collect();
    let owners = cx.graph().owners_of(&ids).await?;
    Ok(groups.into_iter().zip(owners).collect())
}

#[cfg(test)]
mod tests;
