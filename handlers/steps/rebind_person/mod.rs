//! Names somebody whose end was taken back again in the bindings that Latchkey took them out of, where
//! the cluster's policy only wants to be told of what it does not give.
//!
//! Only a binding that is still the one it was is written: none is made anew. Bindings of whole
//! clusters, and those that give `cluster-admin`, need a second operator. Given back once, from the
//! records of the case.

use std::collections::BTreeMap;

use latchkey_core::{
    Approval, ClusterName, Decision, Names, Op, Refusal, Timestamp,
    holdings::{Binding, Subject, User},
    op::GiveBack,
    request,
    revocation::{
        Path,
        undo::{Return, Taken},
    },
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube},
    PersonView, Step, StepError, people,
    undo::Asked,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// How the person stands.
    pub standing: Standing,
    /// Why nothing is given back.
    pub refusal: Option<Refusal>,
    /// Whether that was done before.
    pub done: bool,
    /// The person's Entra user.
    pub user: Option<User>,
    /// By what bindings may name the person.
    pub names: Names,
    /// Whether the user is a break-glass principal.
    pub protected: bool,
    /// What was taken and comes back by this request.
    pub taken: Vec<Taken>,
    /// The bindings of the clusters where that was, whomever they name.
    pub bindings: Vec<Binding>,
    /// Clusters among them that could not be seen, and why.
    pub unseen: BTreeMap<ClusterName, String>,
}

/// The step.
#[derive(Debug)]
pub struct RebindPerson;

impl Step for RebindPerson {
    const NAME: &'static str = "rebind_person";
    const NEEDS: &'static [Need] = &[
        Graph("User.Read.All"),
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("rolebindings", &["get", "list", "update"]),
        Kube("clusterrolebindings", &["get", "list", "update"]),
        // Whoever rewrites a binding must be able to make it.
        Kube("roles", &["bind"]),
        Kube("clusterroles", &["bind"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Undo;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Undo) -> Result<Facts, StepError> {
        let view = PersonView::read(cx, &request.person_id).await?;
        let user = view.user(cx).await?;
        let asked = Asked::read(cx, &view, Self::NAME, request).await?;
        let wanted = if request.privileged { Return::Approved } else { Return::Back };
        let becomes = asked.terms(cx, &view).all(&asked.taken);
        let mut taken = asked.taken;
        taken.retain(|taken| matches!(taken.path, Path::Binding { .. }));
        taken.retain(|taken| becomes.get(&taken.path) == Some(&wanted));
        let is_taken = |binding: &Binding| taken.iter().any(|taken| is_of(&taken.path, binding));
        let (bindings, mut unseen) = people::bindings_where(cx, is_taken).await;
        unseen.retain(|cluster, _| taken.iter().any(|taken| is_at(&taken.path, cluster)));
        let names = view.names(user.as_ref());
        let spared = &cx.policy().protected.principals;
        let protected = names.id.as_ref().is_some_and(|id| spared.contains(id));
        let Asked { standing, refusal, done, .. } = asked;
        Ok(Facts { standing, refusal, done, user, names, protected, taken, bindings, unseen })
    }

    fn decide(request: &request::Undo, facts: &Facts, _: Timestamp) -> Decision {
        if let (true, Some(principal)) = (facts.protected, &facts.names.id) {
            return Decision::refuse(Refusal::Protected { principal: principal.clone() });
        }
        if let Some(refusal) = &facts.refusal {
            let again = taken_again(facts);
            return if again.is_empty() {
                Decision::refuse(refusal.clone())
            } else {
                Decision::from_ops(again)
            };
        }
        let Some(user) = &facts.user else {
            return Decision::refuse(Refusal::NoUser { person: request.person_id.clone() });
        };
        if facts.done {
            return Decision::from_ops(None);
        }
        let (mut ops, mut residue) = (Vec::new(), people::unseen_lines(&facts.unseen));
        for taken in &facts.taken {
            match still(facts, taken) {
                Still::Unseen => {}
                Still::Gone(why) => residue.push(format!("{}: {why}", taken.path)),
                Still::There(binding) if binding.names(user) => {}
                Still::There(binding) => ops.push(Op::GiveBack(GiveBack::Subject {
                    binding: binding.clone(),
                    subject: subject(&taken.path, user),
                    holder: request.person_id.to_string(),
                })),
            }
        }
        Decision::Apply { ops, residue }
    }

    fn approval(request: &request::Undo, _: &Facts) -> Option<Approval> {
        request.privileged.then_some(Approval::Operator)
    }
}

/// What became of a binding since the person was taken out of it.
enum Still<'a> {
    There(&'a Binding),
    Gone(&'static str),
    Unseen,
}

fn still<'a>(facts: &'a Facts, taken: &Taken) -> Still<'a> {
    let Path::Binding { cluster, role, .. } = &taken.path else { return Still::Unseen };
    if facts.unseen.contains_key(cluster) {
        return Still::Unseen;
    }
    let found = facts.bindings.iter().find(|binding| is_of(&taken.path, binding));
    match found {
        None => Still::Gone("it is gone since: ask who administers the cluster"),
        Some(other) if other.role != *role || other.created.is_some_and(|at| at > taken.at) => {
            Still::Gone("another one has its name since: ask whose it is")
        }
        Some(same) => Still::There(same),
    }
}

/// Of somebody who left once more meanwhile: what was just given back goes again.
fn taken_again(facts: &Facts) -> Vec<Op> {
    let left = facts.standing == Standing::Left;
    let bindings = facts.bindings.iter().filter(|_| left);
    bindings.flat_map(|binding| facts.names.out_of(binding)).collect()
}

/// The person by the name that the binding had for them, as it is spelled today.
fn subject(path: &Path, user: &User) -> Subject {
    match path {
        Path::Binding { by_id: true, .. } => Subject::User(user.id.to_string()),
        _ => user.subject(),
    }
}

fn is_of(path: &Path, binding: &Binding) -> bool {
    matches!(path, Path::Binding { cluster, namespace, name, .. }
        if *cluster == binding.cluster && *namespace == binding.namespace && *name == binding.name)
}

fn is_at(path: &Path, at: &ClusterName) -> bool {
    matches!(path, Path::Binding { cluster, .. } if cluster == at)
}

#[cfg(test)]
mod tests;
