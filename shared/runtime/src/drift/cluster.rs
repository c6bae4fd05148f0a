//! What gives somebody something in a cluster, seen as far as drift needs it.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, future::try_join_all, stream};
use latchkey_azure::{MemberKind, Object, arm::assignment_name};
use latchkey_core::{
    ClusterName, ObjectId, PersonId,
    access::{
        Observed,
        observed::{Assignment, Cluster, Group, Principal, PrincipalKind, Tenure},
    },
    desired::Desired,
    drift::{Found, Story, Straying, strays_of_cluster},
    holdings::{Binding, RoleAssignment, Subject},
    invariants::Admins,
    message::About,
    state::Standing,
};

use super::team::person_of;
use crate::{admins, cx::Cx, error::StepError, people::PersonView};

/// Calls at once.
const AT_ONCE: usize = 8;

/// On which side of a cluster to look: each is written by another identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Azure role assignments at the cluster and below it.
    Azure,
    /// Bindings in the cluster.
    Kubernetes,
}

/// What is seen of a cluster.
#[derive(Debug, Clone)]
pub struct Look {
    /// What nothing in the policy explains.
    pub straying: Straying,
    /// What is known of it.
    pub story: Story,
    /// The sides that were looked at.
    pub sides: Vec<Side>,
    /// Why the bindings could not be seen, if so.
    pub unseen: Option<String>,
}

impl Look {
    /// Looks at these sides of a cluster. An API server that cannot be asked does not keep the
    /// Azure side from being seen.
    ///
    /// # Errors
    /// A refusal when the policy has no such cluster; whatever Graph, ARM or the ledger answers.
    pub async fn at(
        cx: &Cx,
        name: &ClusterName,
        sides: &[Side],
        admins: &Admins,
    ) -> Result<Self, StepError> {
        let story = super::story(cx, &About::Cluster(name.clone())).await?;
        let mut sides = sides.to_vec();
        let (mut seen, mut unseen) = (nothing(name), None);
        if sides.contains(&Side::Azure) {
            seen.assignments = assignments(cx, name).await?;
        }
        if sides.contains(&Side::Kubernetes) {
            match bindings(cx, name).await {
                Ok(found) => seen.bindings = found,
                Err(error) => {
                    unseen = Some(error.to_string());
                    sides.retain(|side| *side != Side::Kubernetes);
                }
            }
        }
        let (observed, left) = observed(cx, seen).await?;
        let straying = strays_of_cluster(cx.policy(), name, &observed, &left, admins);
        Ok(Self { straying, story, sides, unseen })
    }

    /// The same, of one side, for a step.
    ///
    /// # Errors
    /// As [`Look::at`].
    pub async fn of_side(cx: &Cx, name: &ClusterName, side: Side) -> Result<Self, StepError> {
        cx.governed(name)?;
        Self::at(cx, name, &[side], &admins::of_cluster(cx, name).await?).await
    }

    /// Whether what is known would have been found if it were there.
    pub fn in_sight(&self, found: &Found) -> bool {
        match found {
            Found::Assignment { .. } => self.sides.contains(&Side::Azure),
            Found::Binding { .. } => self.sides.contains(&Side::Kubernetes),
            Found::Member { .. } => false,
        }
    }
}

fn nothing(name: &ClusterName) -> Cluster {
    let name = name.clone();
    Cluster { name, settings: None, assignments: Vec::new(), bindings: Vec::new() }
}

async fn bindings(cx: &Cx, name: &ClusterName) -> Result<Vec<Binding>, StepError> {
    Ok(cx.cluster(name).await?.all_bindings().await?)
}

async fn assignments(cx: &Cx, name: &ClusterName) -> Result<Vec<Assignment>, StepError> {
    let found = cx.arm().assignments_under(&cx.governed(name)?.scope(None)).await?;
    Ok(found.into_iter().map(assignment).collect())
}

fn assignment(held: RoleAssignment) -> Assignment {
    let name = assignment_name(&held.scope, &held.principal, held.role).to_string();
    let ours = held.id.to_ascii_lowercase().ends_with(&name);
    Assignment { held, tenure: Tenure::default(), ours }
}

/// What explains what was seen: the roles, the policy's groups, who is a person and how they stand.
async fn observed(cx: &Cx, seen: Cluster) -> Result<(Observed, BTreeSet<PersonId>), StepError> {
    let names: Vec<_> = cx.policy().governed_groups().into_iter().cloned().collect();
    let found = cx.graph().groups_by_name(&names).await?;
    let group = |group: &latchkey_core::holdings::Group| {
        (group.id.clone(), Group { name: group.name.clone(), members: None })
    };
    let groups: BTreeMap<_, _> = found.values().map(group).collect();
    let mut observed = Observed {
        groups,
        named: found.into_iter().map(|(name, group)| (name, group.id)).collect(),
        ..Observed::default()
    };
    learn_roles(cx, &mut observed, &seen).await?;
    let mut left = BTreeSet::new();
    for (object, person) in users(cx, &seen).await? {
        if let Some(person) = &person {
            let view = PersonView::read(cx, person).await?;
            let state = view.state(cx.now());
            if state.standing() == Standing::Left {
                left.insert(person.clone());
            }
            let desired = Desired::of(cx.policy(), &state, cx.now());
            observed.people.insert(person.clone(), desired);
        }
        observed.principals.insert(object.id.clone(), principal(object, person));
    }
    observed.clusters = vec![seen];
    Ok((observed, left))
}

fn principal(object: Object, person: Option<PersonId>) -> Principal {
    let kind = match object.kind {
        MemberKind::User => PrincipalKind::User,
        MemberKind::Guest => PrincipalKind::Guest,
        MemberKind::ServicePrincipal => PrincipalKind::ServicePrincipal,
        MemberKind::Group | MemberKind::Other => PrincipalKind::Other,
    };
    Principal { kind, person, upn: object.upn, enabled: object.enabled != Some(false) }
}

/// Learns what the assigned roles permit. A role that is gone gives nothing.
async fn learn_roles(cx: &Cx, observed: &mut Observed, seen: &Cluster) -> Result<(), StepError> {
    let scope = cx.governed(&seen.name)?.scope(None);
    let wanted: BTreeSet<_> = seen.assignments.iter().map(|given| given.held.role).collect();
    let reads = wanted.into_iter().map(|id| {
        let scope = &scope;
        async move { (id, cx.arm().role_definition(scope, id).await) }
    });
    let read: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
    for (id, role) in read {
        match role {
            Err(error) if error.is_not_found() => {}
            role => drop(observed.roles.insert(id, role?)),
        }
    }
    Ok(())
}

/// The users that are named in their own name, and protected principals, who may be named in any
/// way; with the person each is.
async fn users(cx: &Cx, seen: &Cluster) -> Result<Vec<(Object, Option<PersonId>)>, StepError> {
    let (mut ids, mut upns) = (BTreeSet::new(), BTreeSet::new());
    ids.extend(seen.assignments.iter().map(|given| given.held.principal.clone()));
    let own = seen.bindings.iter().filter(|binding| !binding.reserved);
    for subject in own.flat_map(|binding| &binding.subjects) {
        let Subject::User(name) = subject else { continue };
        match ObjectId::new(name.to_ascii_lowercase()) {
            Ok(id) => drop(ids.insert(id)),
            Err(_) if name.contains('@') => drop(upns.insert(name.clone())),
            Err(_) => {}
        }
    }
    ids.extend(cx.policy().protected.principals.iter().cloned());
    let ids: Vec<_> = ids.into_iter().collect();
    let mut objects = cx.graph().objects(&ids).await?;
    let upns: Vec<_> = upns.into_iter().collect();
    for found in cx.graph().users_by_upn(&upns).await {
        objects.extend(found?.map(|object| (object.id.clone(), object)));
    }
    let persons = objects.into_values().filter(|object| object.kind != MemberKind::Group);
    let persons = persons.map(|object| async move {
        let person = person_of(cx, &object).await?;
        Ok::<_, StepError>((object, person))
    });
    try_join_all(persons).await
}
