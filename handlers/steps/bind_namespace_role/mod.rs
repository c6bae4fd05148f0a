//! Binds a team's group to a Kubernetes role in a namespace, writing the Role first when it is
//! one of the policy's own.

use latchkey_core::{
    Decision, Op, Refusal, Timestamp,
    holdings::{Binding, Group, RoleRef, Subject},
    policy::{Rule, place},
    request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube},
    Step, StepError, teams,
};

/// What is seen.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What gives the role asked for; none when an Azure role does.
    pub role: Option<RoleRef>,
    /// What the binding is called.
    pub name: String,
    /// The rules the policy wants of a Role of ours, and those it has.
    pub rules: Option<(Vec<Rule>, Option<Vec<Rule>>)>,
    /// The team's group.
    pub group: Option<Group>,
    /// The bindings of the namespace.
    pub bindings: Vec<Binding>,
}

/// The step.
#[derive(Debug)]
pub struct BindNamespaceRole;

impl Step for BindNamespaceRole {
    const NAME: &'static str = "bind_namespace_role";
    const NEEDS: &'static [Need] = &[
        Graph("GroupMember.Read.All"),
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("roles", &["get", "create", "patch", "bind", "escalate"]),
        Kube("clusterroles", &["bind"]),
        Kube("rolebindings", &["list", "create", "patch"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::TeamRole;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::TeamRole) -> Result<Facts, StepError> {
        let resolved = cx.policy().resolve(request)?;
        let role = resolved.binding().cloned();
        let Some(namespace) = &request.namespace else {
            return Ok(Facts::default());
        };
        let group = teams::group_of(cx, &request.team).await?;
        let name = role.as_ref().zip(group.as_ref());
        let name = name.map(|(role, group)| resolved.binding_name(role, &group.id));
        let name = name.unwrap_or_default();
        let cluster = cx.cluster(&request.cluster).await?;
        let bindings = cluster.bindings_in(namespace).await?;
        let rules = match cx.policy().roles.get(&request.role) {
            Some(own) => {
                Some((own.rules.clone(), cluster.role(namespace, request.role.as_str()).await?))
            }
            None => None,
        };
        Ok(Facts { role, name, rules, group, bindings })
    }

    fn decide(request: &request::TeamRole, facts: &Facts, _: Timestamp) -> Decision {
        let Some(role) = &facts.role else {
            let (field, value) = ("role".into(), request.role.to_string());
            return Decision::refuse(Refusal::OutsidePolicy { field, value });
        };
        let Some(group) = &facts.group else {
            let residue = vec![format!("the group of team {} does not exist", request.team)];
            return Decision::Apply { ops: Vec::new(), residue };
        };
        if let Some(other) = in_the_way(facts, role, group) {
            let what = format!(
                "binding {} in {}",
                other.name,
                place(&request.cluster, request.namespace.as_ref())
            );
            let residue = vec![format!("{what} gives something else: rename it, or name another")];
            return Decision::Apply { ops: Vec::new(), residue };
        }
        let writes = [put_role(request, facts), bind(request, facts, role, group)];
        Decision::from_ops(writes.into_iter().flatten())
    }
}

/// Somebody else's binding that has the name ours is to have, and gives something else.
fn in_the_way<'a>(facts: &'a Facts, role: &RoleRef, group: &Group) -> Option<&'a Binding> {
    let own = Subject::Group(group.id.to_string());
    let gives = |held: &Binding| held.role == *role && held.subjects == [own.clone()];
    let named = |held: &&Binding| held.name == facts.name && !held.managed;
    facts.bindings.iter().find(|held| named(held) && !gives(held))
}

fn put_role(request: &request::TeamRole, facts: &Facts) -> Option<Op> {
    let (wanted, found) = facts.rules.as_ref()?;
    (found.as_ref() != Some(wanted)).then_some(())?;
    Some(Op::PutRole {
        cluster: request.cluster.clone(),
        namespace: request.namespace.clone()?,
        name: request.role.to_string(),
        rules: wanted.clone(),
    })
}

/// What makes the group's binding ours: nothing when it is, a mark on one that somebody else made
/// for this group alone, else a new one.
fn bind(request: &request::TeamRole, facts: &Facts, role: &RoleRef, group: &Group) -> Option<Op> {
    let subject = Subject::Group(group.id.to_string());
    let gives = |b: &&Binding| b.role == *role && b.subjects.contains(&subject);
    let mut giving = facts.bindings.iter().filter(gives);
    if giving.clone().any(|binding| binding.managed) {
        return None;
    }
    if let Some(binding) = giving.find(|binding| binding.is_adoptable_for(&subject)) {
        let holder = group.name.to_string();
        return Some(Op::AdoptBinding { binding: binding.clone(), holder });
    }
    Some(Op::BindRole {
        cluster: request.cluster.clone(),
        namespace: request.namespace.clone()?,
        name: facts.name.clone(),
        role: role.clone(),
        group: group.id.clone(),
        holder: group.name.clone(),
    })
}

#[cfg(test)]
mod tests;
