//! Makes sure that a person with an active spell has an Entra user that may sign in.
//!
//! A soft-deleted user is restored rather than made anew, so that nobody ends up with two. The
//! password of a new user is random and known to nobody: the first credential is a Temporary
//! Access Pass that an administrator hands over.

use latchkey_core::{
    Decision, Op, PersonId, Refusal, Timestamp,
    desired::{Account, Desired},
    fact::Attributes,
    holdings::User,
    op::NewUser,
    request,
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Graph},
    PersonView, Step, StepError,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// How the account should be.
    pub account: Account,
    /// How the person stands.
    pub standing: Standing,
    /// The latest HR attributes in effect.
    pub attributes: Attributes,
    /// The live user, if there is one.
    pub user: Option<User>,
    /// A soft-deleted user with the person's id, if there is one.
    pub deleted: Option<User>,
    /// Whether the policy lets us create users.
    pub may_create: bool,
}

/// The step.
#[derive(Debug)]
pub struct CreateUser;

impl Step for CreateUser {
    const NAME: &'static str = "create_user";
    const NEEDS: &'static [Need] = &[Graph("User.ReadWrite.All")];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Person;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Person) -> Result<Facts, StepError> {
        let view = PersonView::read(cx, &request.person_id).await?;
        let state = view.state(cx.now());
        let user = view.user(cx).await?;
        let deleted = match &user {
            Some(_) => None,
            None => cx.graph().deleted_user_by_employee_id(view.person.as_str()).await?,
        };
        Ok(Facts {
            account: Desired::of(cx.policy(), &state, cx.now()).account,
            standing: state.standing(),
            attributes: state.identity().cloned().unwrap_or_default(),
            user,
            deleted,
            may_create: cx.policy().people.create,
        })
    }

    fn decide(request: &request::Person, facts: &Facts, _: Timestamp) -> Decision {
        let person = request.person_id.clone();
        match facts.account {
            Account::Enabled => exists(person, facts),
            Account::Disabled { .. } => overtaken(person, facts),
            Account::Untouched => Decision::refuse(Refusal::Unknown { person }),
        }
    }
}

fn exists(person: PersonId, facts: &Facts) -> Decision {
    match (&facts.user, &facts.deleted) {
        (Some(user), _) if user.enabled => Decision::from_ops(None),
        (Some(user), _) => Decision::from_ops([Op::EnableSignIn { person, user: user.id.clone() }]),
        (None, Some(deleted)) => {
            Decision::from_ops([Op::RestoreUser { person, user: deleted.id.clone() }])
        }
        (None, None) if !facts.may_create => Decision::refuse(Refusal::NoUser { person }),
        (None, None) => match new_user(&person, &facts.attributes) {
            Ok(user) => Decision::from_ops([Op::CreateUser { person, user }]),
            Err(refusal) => Decision::refuse(refusal),
        },
    }
}

/// The person left while this was on its way: what was just given is taken back.
fn overtaken(person: PersonId, facts: &Facts) -> Decision {
    match facts.user.as_ref().filter(|user| user.enabled) {
        Some(user) => Decision::from_ops([Op::DisableSignIn { person, user: user.id.clone() }]),
        None => Decision::refuse(Refusal::Tombstoned { person }),
    }
}

fn new_user(person: &PersonId, attributes: &Attributes) -> Result<NewUser, Refusal> {
    let upn = attributes.user_principal_name.clone().ok_or_else(|| Refusal::Field {
        field: "data.attributes.userPrincipalName".into(),
        why: "creating an Entra user needs it".into(),
    })?;
    let local = upn.split('@').next().unwrap_or_default().to_owned();
    Ok(NewUser {
        display_name: attributes.display_name.clone().unwrap_or(local),
        upn,
        employee_id: person.to_string(),
        department: attributes.department.clone(),
        job_title: attributes.job_title.clone(),
    })
}

#[cfg(test)]
mod tests;
