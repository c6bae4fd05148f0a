//! Voids every refresh token a leaver may still hold.
//!
//! Guarded by its own fact, the instant from which sessions are valid, and not by whether the
//! account is disabled: after a crash between the two writes it already is.

use latchkey_core::{
    Decision, Op, Refusal, Timestamp,
    desired::{Account, Desired},
    holdings::User,
    request,
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
    /// The person's Entra user.
    pub user: Option<User>,
    /// Whether the user is a break-glass principal.
    pub protected: bool,
}

/// The step.
#[derive(Debug)]
pub struct EndSessions;

impl Step for EndSessions {
    const NAME: &'static str = "end_sessions";
    const NEEDS: &'static [Need] = &[Graph("User.Read.All"), Graph("User.RevokeSessions.All")];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Person;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Person) -> Result<Facts, StepError> {
        let view = PersonView::read(cx, &request.person_id).await?;
        let account = Desired::of(cx.policy(), &view.state(cx.now()), cx.now()).account;
        let user = view.user(cx).await?;
        let protected = &cx.policy().protected;
        let protected = user.as_ref().is_some_and(|user| protected.spares(&user.id));
        Ok(Facts { account, user, protected })
    }

    fn decide(request: &request::Person, facts: &Facts, _: Timestamp) -> Decision {
        let person = request.person_id.clone();
        let Account::Disabled { since } = facts.account else {
            return Decision::refuse(Refusal::NotALeaver { person });
        };
        let Some(user) = &facts.user else { return Decision::from_ops(None) };
        if facts.protected {
            return Decision::refuse(Refusal::Protected { principal: user.id.clone() });
        }
        let live = user.sessions_valid_from.is_none_or(|from| from < since);
        Decision::from_ops(live.then(|| Op::EndSessions { person, user: user.id.clone() }))
    }
}

#[cfg(test)]
mod tests;
