//! Binds a role at a whole cluster: to a team's group, or to a person of `grants` by the name under
//! which the cluster knows them.
//!
//! A person who is no longer granted it (they left meanwhile, say) loses the binding of ours again.

use latchkey_core::{
    Decision, ObjectId, Op, PersonId, Refusal, TeamName, Timestamp,
    desired::Desired,
    holdings::{Binding, RoleRef, Subject},
    policy::Grant,
    request::{self, ClusterRole, Holder},
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube},
    PersonView, Step, StepError, teams,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Why the policy does not give it to the holder now.
    pub not_given: Option<Refusal>,
    /// The ClusterRole.
    pub role: String,
    /// The holder as the cluster knows them; none when there is no such group or user.
    pub subject: Option<Known>,
    /// The name that a binding of ours gets.
    pub name: String,
    /// Bindings at the cluster that have that name, or give the role to the holder.
    pub found: Vec<Binding>,
}

/// A holder that the cluster can know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The name that bindings give.
    pub subject: Subject,
    /// Object id.
    pub id: ObjectId,
    /// Whether it is a break-glass principal.
    pub protected: bool,
    /// Group name or person id, for people to read.
    pub holder: String,
}

/// The step.
#[derive(Debug)]
pub struct BindClusterRole;

impl Step for BindClusterRole {
    const NAME: &'static str = "bind_cluster_role";
    const NEEDS: &'static [Need] = &[
        Graph("User.Read.All"),
        Graph("GroupMember.Read.All"),
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("clusterroles", &["bind"]),
        Kube("clusterrolebindings", &["list", "create", "patch", "delete"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = ClusterRole;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &ClusterRole) -> Result<Facts, StepError> {
        let cluster = cx.cluster(&request.cluster).await?;
        let role = request.role.cluster_role();
        let role = role.ok_or_else(|| outside("role", request.role.as_str()))?.to_owned();
        let holder = match &request.holder {
            Holder::Team(team) => of_team(cx, request, team, &role).await?,
            Holder::Person(person) => of_person(cx, request, person, &role).await?,
        };
        let (not_given, subject, name) = holder;
        let mut found = cluster.cluster_bindings().await?;
        let gives = |b: &Binding| subject.as_ref().is_some_and(|known| known.is_bound(b, &role));
        found.retain(|binding| binding.name == name || gives(binding));
        Ok(Facts { not_given, role, subject, name, found })
    }

    fn decide(request: &ClusterRole, facts: &Facts, _: Timestamp) -> Decision {
        if let Some(refusal) = &facts.not_given {
            let ours: Vec<_> = facts.found.iter().filter(|binding| binding.managed).collect();
            return match ours.is_empty() {
                false => Decision::from_ops(ours.into_iter().map(|held| take_back(request, held))),
                true => Decision::refuse(refusal.clone()),
            };
        }
        let Some(known) = &facts.subject else { return nobody(&request.holder) };
        if known.protected {
            return Decision::refuse(Refusal::Protected { principal: known.id.clone() });
        }
        let mut giving = facts.found.iter().filter(|held| known.is_bound(held, &facts.role));
        if giving.clone().any(|held| held.managed && held.subjects.len() == 1) {
            return Decision::from_ops([]);
        }
        if let Some(binding) = giving.find(|held| held.is_adoptable_for(&known.subject)) {
            let (binding, holder) = (binding.clone(), known.holder.clone());
            return Decision::from_ops([Op::AdoptBinding { binding, holder }]);
        }
        if facts.found.iter().any(|held| held.name == facts.name && !held.managed) {
            let residue = format!("binding {} gives something else: rename it", facts.name);
            return Decision::Apply { ops: Vec::new(), residue: vec![residue] };
        }
        Decision::from_ops([bind(request, facts, known)])
    }
}

impl Known {
    /// Whether a binding gives the role to the holder, be it beside others.
    fn is_bound(&self, binding: &Binding, role: &str) -> bool {
        binding.role == RoleRef::ClusterRole(role.to_owned())
            && binding.subjects.contains(&self.subject)
    }
}

fn bind(request: &ClusterRole, facts: &Facts, known: &Known) -> Op {
    Op::BindClusterRole {
        cluster: request.cluster.clone(),
        name: facts.name.clone(),
        role: facts.role.clone(),
        subject: known.subject.clone(),
        holder: known.holder.clone(),
    }
}

fn take_back(request: &ClusterRole, binding: &Binding) -> Op {
    Op::DeleteBinding { binding: binding.clone(), holder: request.holder.to_string() }
}

fn nobody(holder: &Holder) -> Decision {
    match holder {
        Holder::Team(team) => Decision::Apply {
            ops: Vec::new(),
            residue: vec![format!("the group of team {team} does not exist")],
        },
        Holder::Person(person) => Decision::refuse(Refusal::NoUser { person: person.clone() }),
    }
}

/// Why it is not given, the holder, and the name of the binding.
type Seen = (Option<Refusal>, Option<Known>, String);

async fn of_team(
    cx: &Cx,
    request: &ClusterRole,
    team: &TeamName,
    role: &str,
) -> Result<Seen, StepError> {
    let asked = request::TeamRole {
        team: team.clone(),
        cluster: request.cluster.clone(),
        namespace: None,
        role: request.role.clone(),
    };
    let resolved = cx.policy().resolve(&asked)?;
    let not_given = resolved.binding().is_none().then(|| outside("role", request.role.as_str()));
    let Some(group) = teams::group_of(cx, team).await? else {
        return Ok((not_given, None, String::new()));
    };
    let name = resolved.binding_name(&RoleRef::ClusterRole(role.to_owned()), &group.id);
    let known = Known {
        subject: Subject::Group(group.id.to_string()),
        protected: is_protected(cx, &group.id),
        holder: group.name.to_string(),
        id: group.id,
    };
    Ok((not_given, Some(known), name))
}

/// The person's facts are read again after Graph was: they decide, and must not be older.
async fn of_person(
    cx: &Cx,
    request: &ClusterRole,
    person: &PersonId,
    role: &str,
) -> Result<Seen, StepError> {
    let user = PersonView::read(cx, person).await?.user(cx).await?;
    let state = PersonView::read(cx, person).await?.state(cx.now());
    let grant = (request.cluster.clone(), request.role.clone());
    let given = Desired::of(cx.policy(), &state, cx.now()).grants.contains(&grant);
    let not_given = (!given).then(|| match state.standing() {
        Standing::Left => Refusal::Tombstoned { person: person.clone() },
        _ => outside("holder", person.as_str()),
    });
    let known = user.map(|user| Known {
        subject: user.subject(),
        protected: is_protected(cx, &user.id),
        holder: person.to_string(),
        id: user.id,
    });
    Ok((not_given, known, Grant::binding_name(role, person)))
}

fn is_protected(cx: &Cx, id: &ObjectId) -> bool {
    cx.policy().protected.spares(id)
}

fn outside(field: &str, value: &str) -> Refusal {
    Refusal::OutsidePolicy { field: field.to_owned(), value: value.to_owned() }
}

#[cfg(test)]
mod tests;
