//! What in a cluster gives somebody something, in their own name, that nothing in the policy
//! explains.

use super::{
    matters,
    names::{Named, Names},
    observed::{Assignment, Cluster, Observed},
    place::{called, lies_below},
    row::{Who, WhoKind},
    why::{Given, Reasons},
};
use crate::{
    Policy,
    azure_role::AzureRole,
    gate::is_probe,
    holdings::{Binding, PrincipalType, RoleAssignment, RoleRef, Subject},
    ids::{ClusterName, ObjectId},
    policy::place,
};

/// What gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via<'a> {
    /// An Azure role at the cluster or below it.
    Role(&'a RoleAssignment),
    /// A binding in the cluster, to this subject.
    Binding(&'a Binding, &'a Subject),
}

/// Something that nothing in the policy explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexplained<'a> {
    /// What gives it.
    pub via: Via<'a>,
    /// To whom.
    pub who: Who,
    /// The same for people to read; it names nobody.
    pub what: String,
    /// Whether it may make somebody an admin of the cluster.
    pub makes_admin: bool,
}

/// What nothing in the policy explains in a cluster, of what was observed.
///
/// Left out are protected principals; what belongs to Kubernetes, to AKS or to service accounts;
/// what only lies above the cluster, or has to be activated first; and what other plans see to:
/// the roles that Latchkey gives to teams' own groups, its bindings of those, and its bindings of
/// single people at the whole cluster.
pub fn unexplained<'a>(
    policy: &'a Policy,
    observed: &'a Observed,
    name: &ClusterName,
) -> Vec<Unexplained<'a>> {
    let look = Look { reasons: Reasons { policy, observed }, names: Names::new(observed) };
    let seen = observed.clusters.iter().filter(|seen| seen.name == *name);
    seen.flat_map(|seen| look.roles(seen).into_iter().chain(look.bindings(seen))).collect()
}

struct Look<'a> {
    reasons: Reasons<'a>,
    names: Names<'a>,
}

impl<'a> Look<'a> {
    fn roles(&self, seen: &'a Cluster) -> Vec<Unexplained<'a>> {
        let policy = self.reasons.policy;
        let Some(cluster) = policy.clusters.get(&seen.name) else { return Vec::new() };
        let here =
            |given: &&Assignment| !given.tenure.eligible && lies_below(cluster, &given.held.scope);
        seen.assignments.iter().filter(here).filter_map(|given| self.role(given)).collect()
    }

    fn role(&self, given: &'a Assignment) -> Option<Unexplained<'a>> {
        let held = &given.held;
        let role = self.reasons.observed.roles.get(&held.role).filter(|role| matters(role))?;
        let known = AzureRole::from_id(held.role);
        let of_team = known.is_some() && self.is_of_team(&held.principal);
        let explained = self.reasons.of_role(held, given.ours) != Given::Nothing;
        if of_team || explained || self.is_protected(&held.principal) {
            return None;
        }
        let who = self.who(
            &held.principal,
            match held.principal_type {
                PrincipalType::User => WhoKind::User,
                PrincipalType::ServicePrincipal => WhoKind::ServicePrincipal,
                PrincipalType::Group => WhoKind::Group,
                PrincipalType::ForeignGroup | PrincipalType::Device => WhoKind::Other,
            },
        );
        let modest = [AzureRole::ClusterUser, AzureRole::RbacReader, AzureRole::RbacWriter];
        Some(Unexplained {
            via: Via::Role(held),
            what: format!(
                "Azure role {} at {} of {} {}",
                role.name,
                called(self.reasons.policy, &held.scope),
                who.kind,
                who.id
            ),
            who,
            makes_admin: !known.is_some_and(|role| modest.contains(&role)),
        })
    }

    fn bindings(&self, seen: &'a Cluster) -> Vec<Unexplained<'a>> {
        let own = seen.bindings.iter().filter(|binding| !binding.reserved && !is_probe(binding));
        let of = |binding: &'a Binding| {
            binding.subjects.iter().filter_map(|subject| self.binding(binding, subject))
        };
        own.flat_map(of).collect()
    }

    fn binding(&self, binding: &'a Binding, subject: &'a Subject) -> Option<Unexplained<'a>> {
        let (Subject::User(name) | Subject::Group(name)) = subject else { return None };
        let protected = ObjectId::new(name.to_ascii_lowercase());
        if name.starts_with("system:") || protected.is_ok_and(|id| self.is_protected(&id)) {
            return None;
        }
        let who = self.holder(binding, subject)?;
        let at = match &binding.namespace {
            Some(_) => format!("RoleBinding {}", binding.name),
            None => format!("ClusterRoleBinding {}", binding.name),
        };
        let modest = |role: &RoleRef| matches!(role, RoleRef::ClusterRole(name) if ["view", "edit"].contains(&name.as_str()));
        Some(Unexplained {
            via: Via::Binding(binding, subject),
            what: format!(
                "{at} to {} in {} of {} {}",
                binding.role,
                place(&binding.cluster, binding.namespace.as_ref()),
                who.kind,
                who.id
            ),
            who,
            makes_admin: binding.namespace.is_none() && !modest(&binding.role),
        })
    }

    /// Who holds what a binding gives, unless something explains it or another plan sees to it.
    fn holder(&self, binding: &Binding, subject: &Subject) -> Option<Who> {
        match self.names.of(subject) {
            Named::Group(id) => {
                let explained = self.reasons.of_binding(binding, subject, &id) != Given::Nothing;
                let planned = binding.managed && self.is_of_team(&id);
                (!explained && !planned).then(|| self.who(&id, WhoKind::Group))
            }
            Named::Principal { id, .. } => {
                let who = self.who(&id, WhoKind::User);
                let explained =
                    self.reasons.of_person(binding, subject, who.person.as_ref()) != Given::Nothing;
                let planned =
                    binding.managed && binding.namespace.is_none() && who.person.is_some();
                (!explained && !planned && !self.is_protected(&id)).then_some(who)
            }
            Named::Foreign { kind: WhoKind::ServiceAccount, .. } => None,
            Named::Foreign { kind, id } => Some(Who { person: None, kind, id }),
        }
    }

    fn who(&self, id: &ObjectId, told: WhoKind) -> Who {
        let found = self.reasons.observed.principals.get(id);
        Who {
            person: found.and_then(|found| found.person.clone()),
            kind: found.map_or(told, |found| found.kind.into()),
            id: id.to_string(),
        }
    }

    fn is_protected(&self, id: &ObjectId) -> bool {
        self.reasons.policy.protected.spares(id)
    }

    /// Whether it is the group of a team, to whose plan what Latchkey itself gives is left.
    fn is_of_team(&self, id: &ObjectId) -> bool {
        self.reasons.teams_of(id).next().is_some()
    }
}
