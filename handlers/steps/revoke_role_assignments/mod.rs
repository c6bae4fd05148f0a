//! Deletes every Azure role that names a leaver, at, above or below a governed cluster.

use std::collections::BTreeMap;

use latchkey_core::{
    Decision, ObjectId, Refusal, Timestamp, holdings::RoleAssignment, request, state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph},
    PersonView, Step, StepError, people,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// How the person stands.
    pub standing: Standing,
    /// Whether the person's user is a break-glass principal.
    pub protected: Option<ObjectId>,
    /// Roles that name the person.
    pub held: Vec<RoleAssignment>,
}

/// The step.
#[derive(Debug)]
pub struct RevokeRoleAssignments;

impl Step for RevokeRoleAssignments {
    const NAME: &'static str = "revoke_role_assignments";
    const NEEDS: &'static [Need] = &[
        Graph("User.Read.All"),
        Arm("Microsoft.Authorization/roleAssignments", &["read", "delete"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Person;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Person) -> Result<Facts, StepError> {
        let view = PersonView::read(cx, &request.person_id).await?;
        let standing = view.state(cx.now()).standing();
        let user = view.user_id(cx).await?;
        let held = match &user {
            Some(user) => people::assignments(cx, user).await?,
            None => Vec::new(),
        };
        let protected = user.filter(|user| cx.policy().protected.principals.contains(user));
        Ok(Facts { standing, protected, held })
    }

    fn decide(request: &request::Person, facts: &Facts, _: Timestamp) -> Decision {
        let person = &request.person_id;
        if facts.standing != Standing::Left {
            return Decision::refuse(Refusal::NotALeaver { person: person.clone() });
        }
        if let Some(principal) = &facts.protected {
            return Decision::refuse(Refusal::Protected { principal: principal.clone() });
        }
        let held: BTreeMap<_, _> = facts.held.iter().map(|held| (&held.id, held)).collect();
        Decision::from_ops(held.into_values().map(|held| held.removal(person.to_string())))
    }
}

#[cfg(test)]
mod tests;
