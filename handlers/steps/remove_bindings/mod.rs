//! Takes subjects out of bindings in a cluster to whom nothing in the policy gives what the binding
//! gives, where the policy wants it gone. A binding of which nobody would be left is deleted.
//!
//! What the planner has found is decided again here, by the same rules.

use std::collections::BTreeMap;

use latchkey_core::{
    Decision, Op, Policy, Timestamp,
    access::Who,
    drift::{Astray, Found},
    holdings::{Binding, Subject},
    request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube},
    Step, StepError,
    drift::{Look, Side},
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The policy.
    pub policy: Policy,
    /// What is bound, and what is known of it.
    pub look: Look,
}

/// The step.
#[derive(Debug)]
pub struct RemoveBindings;

impl Step for RemoveBindings {
    const NAME: &'static str = "remove_bindings";
    const NEEDS: &'static [Need] = &[
        Graph("User.Read.All"),
        Graph("GroupMember.Read.All"),
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("rolebindings", &["get", "list", "update", "delete"]),
        Kube("clusterrolebindings", &["get", "list", "update", "delete"]),
        // Whoever rewrites a binding must be able to make it, also to take a subject out.
        Kube("roles", &["bind"]),
        Kube("clusterroles", &["bind"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Cluster;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Cluster) -> Result<Facts, StepError> {
        let look = Look::of_side(cx, &request.cluster, Side::Kubernetes).await?;
        Ok(Facts { policy: cx.policy().clone(), look })
    }

    fn decide(request: &request::Cluster, facts: &Facts, now: Timestamp) -> Decision {
        let Facts { policy, look } = facts;
        let sight = |found: &Found| look.in_sight(found);
        let judged = look.straying.judge(policy, &look.story, sight, now);
        let mut residue = judged.residue.clone();
        let blind = look.unseen.iter();
        residue.extend(
            blind.map(|why| format!("bindings in {} could not be seen: {why}", request.cluster)),
        );
        Decision::Apply { ops: removals(look.straying.removals(&judged)), residue }
    }
}

/// The writes, binding by binding.
fn removals<'a>(strays: impl Iterator<Item = &'a Astray>) -> Vec<Op> {
    let mut bindings: BTreeMap<_, (&Binding, Vec<(&Subject, &Who)>)> = BTreeMap::new();
    for astray in strays {
        let Astray::Bound(binding, subject, who) = astray else { continue };
        let key = (&binding.namespace, &binding.name);
        let (_, subjects) = bindings.entry(key).or_insert_with(|| (binding, Vec::new()));
        subjects.push((subject, who));
    }
    bindings.into_values().flat_map(|(binding, subjects)| out_of(binding, &subjects)).collect()
}

fn out_of(binding: &Binding, subjects: &[(&Subject, &Who)]) -> Vec<Op> {
    let goes = |subject: &Subject| subjects.iter().any(|(stray, _)| *stray == subject);
    let holder = |who: &Who| format!("{} {}", who.kind, who.id);
    if binding.subjects.iter().all(goes) {
        let holders: Vec<_> = subjects.iter().map(|(_, who)| holder(who)).collect();
        return vec![Op::DeleteBinding { binding: binding.clone(), holder: holders.join(", ") }];
    }
    let remove = |(subject, who): &(&Subject, &Who)| Op::RemoveSubject {
        binding: binding.clone(),
        subject: (*subject).clone(),
        holder: holder(who),
    };
    subjects.iter().map(remove).collect()
}

#[cfg(test)]
mod tests;
