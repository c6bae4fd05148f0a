//! Takes a leaver out of every RoleBinding and ClusterRoleBinding that names them, by UPN or by
//! object id, in every governed cluster. A cluster that cannot be reached does not keep the others
//! open: it is named, and looked at again.
//!
//! Of somebody who works on, only bindings that Latchkey made for `grants` and that the policy no
//! longer gives are deleted; whatever else names them is somebody else's decision.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_core::{
    ClusterName, Decision, Names, Op, Refusal, RoleName, Timestamp,
    desired::Desired,
    holdings::{Binding, User},
    policy::gives_grant,
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
    /// What the policy grants the person by name.
    pub grants: BTreeSet<(ClusterName, RoleName)>,
    /// The person's Entra user.
    pub user: Option<User>,
    /// By what bindings may name the person.
    pub names: Names,
    /// Whether the user is a break-glass principal.
    pub protected: bool,
    /// Bindings that name the person.
    pub bindings: Vec<Binding>,
    /// Clusters that could not be seen, and why.
    pub unseen: BTreeMap<ClusterName, String>,
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
        let state = view.state(cx.now());
        let grants = Desired::of(cx.policy(), &state, cx.now()).grants;
        let user = view.user(cx).await?;
        let names = view.names(user.as_ref());
        let (bindings, unseen) = people::bindings(cx, &names).await;
        let protected = &cx.policy().protected.principals;
        let protected = names.id.as_ref().is_some_and(|id| protected.contains(id));
        let standing = state.standing();
        Ok(Facts { standing, grants, user, names, protected, bindings, unseen })
    }

    fn decide(request: &request::Person, facts: &Facts, _: Timestamp) -> Decision {
        if let (true, Some(principal)) = (facts.protected, &facts.names.id) {
            return Decision::refuse(Refusal::Protected { principal: principal.clone() });
        }
        let ops = match facts.standing {
            Standing::Left => {
                facts.bindings.iter().flat_map(|held| facts.names.out_of(held)).collect()
            }
            Standing::Active | Standing::OnLeave => surplus(facts),
            Standing::Unknown | Standing::Upcoming => {
                return Decision::refuse(Refusal::NotALeaver { person: request.person_id.clone() });
            }
        };
        Decision::Apply { ops, residue: people::unseen_lines(&facts.unseen) }
    }
}

/// Bindings of ours at clusters that the policy no longer gives.
fn surplus(facts: &Facts) -> Vec<Op> {
    let given = |held: &Binding| {
        facts.user.as_ref().is_some_and(|user| gives_grant(held, &facts.grants, user))
    };
    let ours = facts.bindings.iter().filter(|held| held.managed && held.namespace.is_none());
    ours.filter(|held| !given(held)).flat_map(|held| facts.names.out_of(held)).collect()
}

#[cfg(test)]
mod tests;
