//! Takes a leaver out of every RoleBinding and ClusterRoleBinding that names them, by UPN or by
//! object id, in every governed cluster. A cluster that cannot be reached does not keep the others
//! open: it is named, and looked at again.

use latchkey_core::{
    Decision, Op, Refusal, Timestamp,
    holdings::{Binding, User, names_user},
    request,
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube},
    PersonView, Step, StepError, people,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// How the person stands.
    pub standing: Standing,
    /// The person's Entra user.
    pub user: Option<User>,
    /// Whether the user is a break-glass principal.
    pub protected: bool,
    /// Bindings that name the user.
    pub bindings: Vec<Binding>,
    /// Clusters that could not be seen, and why.
    pub unseen: Vec<String>,
}

/// The step.
#[derive(Debug)]
pub struct UnbindPerson;

impl Step for UnbindPerson {
    const NAME: &'static str = "unbind_person";
    const NEEDS: &'static [Need] = &[
        Graph("User.Read.All"),
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("rolebindings", &["get", "list", "update", "delete"]),
        Kube("clusterrolebindings", &["get", "list", "update", "delete"]),
        // Whoever rewrites a binding must be able to make it, also to take a subject out.
        Kube("roles", &["bind"]),
        Kube("clusterroles", &["bind"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Person;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Person) -> Result<Facts, StepError> {
        let view = PersonView::read(cx, &request.person_id).await?;
        let standing = view.state(cx.now()).standing();
        let user = view.user(cx).await?;
        let (bindings, unseen) = match &user {
            Some(user) => people::bindings(cx, user).await,
            None => (Vec::new(), Vec::new()),
        };
        let protected = &cx.policy().protected.principals;
        let protected = user.as_ref().is_some_and(|user| protected.contains(&user.id));
        Ok(Facts { standing, user, protected, bindings, unseen })
    }

    fn decide(request: &request::Person, facts: &Facts, _: Timestamp) -> Decision {
        let person = &request.person_id;
        if facts.standing != Standing::Left {
            return Decision::refuse(Refusal::NotALeaver { person: person.clone() });
        }
        let Some(user) = &facts.user else { return Decision::from_ops(None) };
        if facts.protected {
            return Decision::refuse(Refusal::Protected { principal: user.id.clone() });
        }
        let removals = facts.bindings.iter().flat_map(|binding| {
            let named = binding.subjects.iter().filter(|subject| names_user(subject, user));
            named.map(|subject| Op::RemoveSubject {
                binding: binding.clone(),
                subject: subject.clone(),
                holder: person.to_string(),
            })
        });
        Decision::Apply { ops: removals.collect(), residue: facts.unseen.clone() }
    }
}

#[cfg(test)]
mod tests;
