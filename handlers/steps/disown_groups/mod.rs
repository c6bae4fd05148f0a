//! Ends a leaver's ownership of every group that the policy speaks of: an owner could take themselves
//! in again, or let somebody else in.
//!
//! Graph keeps the last owner of a group. Such a group is named, for somebody to give it another.

use latchkey_core::{
    Decision, ObjectId, Op, Refusal, Timestamp, holdings::Owned, op::Membership, request,
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Graph},
    PersonView, Step, StepError, held,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// How the person stands.
    pub standing: Standing,
    /// The person's Entra user.
    pub user: Option<ObjectId>,
    /// Whether the user is a break-glass principal.
    pub protected: bool,
    /// Groups that the user owns.
    pub owned: Vec<Owned>,
}

/// The step.
#[derive(Debug)]
pub struct DisownGroups;

impl Step for DisownGroups {
    const NAME: &'static str = "disown_groups";
    const NEEDS: &'static [Need] = &[
        Graph("Directory.Read.All"),
        // Graph knows no narrower right to change who owns a group.
        Graph("Group.ReadWrite.All"),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Person;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Person) -> Result<Facts, StepError> {
        let view = PersonView::read(cx, &request.person_id).await?;
        let standing = view.state(cx.now()).standing();
        let (user, owned) = held::owned(cx, &view).await?;
        let spared = &cx.policy().protected.principals;
        let protected = user.as_ref().is_some_and(|user| spared.contains(user));
        Ok(Facts { standing, user, protected, owned })
    }

    fn decide(request: &request::Person, facts: &Facts, _: Timestamp) -> Decision {
        let person = &request.person_id;
        if facts.standing != Standing::Left {
            return Decision::refuse(Refusal::NotALeaver { person: person.clone() });
        }
        let Some(user) = &facts.user else { return Decision::from_ops(None) };
        if facts.protected {
            return Decision::refuse(Refusal::Protected { principal: user.clone() });
        }
        let (last, others): (Vec<_>, Vec<_>) = facts.owned.iter().partition(|owned| owned.last);
        let disown = |owned: &Owned| Op::RemoveOwner {
            membership: Membership {
                person: person.clone(),
                user: user.clone(),
                name: owned.group.name.clone(),
                group: owned.group.id.clone(),
            },
        };
        Decision::Apply {
            ops: others.into_iter().map(disown).collect(),
            residue: last.into_iter().map(|owned| owned.as_last(person)).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
