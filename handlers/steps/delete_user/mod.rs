//! Deletes a leaver's Entra user, `people.deleteAfter` after they left: first the Azure roles and
//! bindings that would outlive it, then the user.
//!
//! Never under a legal hold, never a break-glass principal, and never while the person can still
//! sign in or is in a group they can be taken out of.

use std::collections::BTreeMap;

use latchkey_core::{
    ClusterName, Decision, GroupName, Names, Op, Refusal, Timestamp,
    holdings::{Binding, Group, RoleAssignment, User},
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
    /// Whether anything of theirs must be kept for the law.
    pub legal_hold: bool,
    /// When the user is to be deleted; never when none.
    pub due: Option<Timestamp>,
    /// The person's Entra user.
    pub user: Option<User>,
    /// Groups the user is a direct member of.
    pub groups: Vec<Group>,
    /// Groups the user owns.
    pub owned: Vec<GroupName>,
    /// By what bindings may name the person.
    pub names: Names,
    /// Whether the user is a break-glass principal.
    pub protected: bool,
    /// Azure roles that name the person.
    pub held: Vec<RoleAssignment>,
    /// Bindings that name the person.
    pub bindings: Vec<Binding>,
    /// Clusters that could not be seen, and why.
    pub unseen: BTreeMap<ClusterName, String>,
}

/// The step.
#[derive(Debug)]
pub struct DeleteUser;

impl Step for DeleteUser {
    const NAME: &'static str = "delete_user";
    const NEEDS: &'static [Need] = &[
        Graph("Directory.Read.All"),
        Graph("User.DeleteRestore.All"),
        Arm("Microsoft.Authorization/roleAssignments", &["read", "delete"]),
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
        let found = view.user_with_groups(cx).await?;
        let (user, groups) =
            found.map_or((None, Vec::new()), |(user, groups)| (Some(user), groups));
        let owned = match &user {
            Some(user) => cx.graph().owned_groups(&user.id).await?,
            None => Vec::new(),
        };
        let names = view.names(user.as_ref());
        let held = match &names.id {
            Some(id) => people::assignments(cx, id).await?,
            None => Vec::new(),
        };
        let (bindings, unseen) = people::bindings(cx, &names).await;
        let protected = &cx.policy().protected.principals;
        // The facts are read again after all else was: they decide, and must not be older.
        let state = PersonView::read(cx, &request.person_id).await?.state(cx.now());
        Ok(Facts {
            standing: state.standing(),
            legal_hold: state.legal_hold(),
            due: state.cut_since().and_then(|since| cx.policy().people.delete_at(since)),
            owned: owned.into_iter().map(|group| group.name).collect(),
            protected: names.id.as_ref().is_some_and(|id| protected.contains(id)),
            user,
            groups,
            names,
            held,
            bindings,
            unseen,
        })
    }

    fn decide(request: &request::Person, facts: &Facts, now: Timestamp) -> Decision {
        if let Some(refusal) = refusal(request, facts) {
            return Decision::refuse(refusal);
        }
        if let Some(until) = facts.due.filter(|due| *due > now) {
            return Decision::Wait { until, lines: Vec::new() };
        }
        let person = &request.person_id;
        let roles = facts.held.iter().map(|held| held.removal(person.to_string()));
        let bound = facts.bindings.iter().flat_map(|held| facts.names.out_of(held));
        let mut ops: Vec<Op> = roles.chain(bound).collect();
        let residue = left(request, facts);
        if let Some(user) = facts.user.as_ref().filter(|_| residue.is_empty()) {
            let (person, user) = (person.clone(), user.id.clone());
            ops.push(Op::DeleteUser { person, user, owned: facts.owned.clone() });
        }
        Decision::Apply { ops, residue }
    }
}

fn refusal(request: &request::Person, facts: &Facts) -> Option<Refusal> {
    let person = &request.person_id;
    if facts.standing != Standing::Left {
        return Some(Refusal::NotALeaver { person: person.clone() });
    }
    if let (true, Some(principal)) = (facts.protected, &facts.names.id) {
        return Some(Refusal::Protected { principal: principal.clone() });
    }
    let why = match (facts.legal_hold, facts.due) {
        (true, _) => "a legal hold forbids its deletion",
        (false, None) => "people.deleteAfter says that users are never deleted",
        (false, Some(_)) => return None,
    };
    Some(Refusal::NotWritable { what: format!("the user of {person}"), why: why.to_owned() })
}

/// What other steps must take first. Membership in a dynamic group ends with the user.
fn left(request: &request::Person, facts: &Facts) -> Vec<String> {
    let person = &request.person_id;
    let enabled = facts.user.as_ref().is_some_and(|user| user.enabled);
    let mut left = people::unseen_lines(&facts.unseen);
    left.extend(enabled.then(|| format!("{person} can still sign in")));
    let groups = facts.groups.iter().filter(|group| !group.dynamic);
    left.extend(groups.map(|group| format!("{person} is still in {}", group.name)));
    left
}

#[cfg(test)]
mod tests;
