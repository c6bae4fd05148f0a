//! Stops a leaver's account from signing in. The first door to shut.

use latchkey_core::{
    Decision, Op, PersonId, Policy, Refusal, Timestamp,
    holdings::User,
    invariants::{Admins, may_cut_off},
    request,
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Graph},
    PersonView, Step, StepError, admins, people,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The person.
    pub person: PersonId,
    /// The policy, for its invariants.
    pub policy: Policy,
    /// How the person stands.
    pub standing: Standing,
    /// The person's Entra user.
    pub user: Option<User>,
    /// Clusters the user administers.
    pub admins: Vec<Admins>,
}

/// The step.
#[derive(Debug)]
pub struct DisableSignIn;

impl Step for DisableSignIn {
    const NAME: &'static str = "disable_sign_in";
    const NEEDS: &'static [Need] = &[
        Graph("User.Read.All"),
        Graph("Directory.Read.All"),
        Graph("User.EnableDisableAccount.All"),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Person;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Person) -> Result<Facts, StepError> {
        let view = PersonView::read(cx, &request.person_id).await?;
        let standing = view.state(cx.now()).standing();
        let (user, admins) = match view.user_with_groups(cx).await? {
            Some((user, groups)) => (Some(user), admins::at_stake(cx, &groups).await?),
            None => (None, Vec::new()),
        };
        let (person, policy) = (request.person_id.clone(), cx.policy().clone());
        Ok(Facts { person, policy, standing, user, admins })
    }

    fn decide(request: &request::Person, facts: &Facts, _: Timestamp) -> Decision {
        let person = request.person_id.clone();
        if !matches!(facts.standing, Standing::Left | Standing::OnLeave) {
            return Decision::refuse(Refusal::NotALeaver { person });
        }
        let Some(user) = facts.user.as_ref().filter(|user| user.enabled) else {
            return Decision::from_ops(None);
        };
        match may_cut_off(&facts.policy, &facts.admins, &user.id) {
            Ok(()) => Decision::from_ops([Op::DisableSignIn { person, user: user.id.clone() }]),
            Err(refusal) => Decision::refuse(refusal),
        }
    }

    async fn reserve(cx: &Cx, facts: &Facts) -> Result<(), StepError> {
        let Some(user) = &facts.user else { return Ok(()) };
        admins::reserve(cx, &facts.admins, &user.id).await?;
        people::note_sign_in(cx, &facts.person, false).await
    }
}

#[cfg(test)]
mod tests;
