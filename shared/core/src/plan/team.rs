//! From what one team holds to what it should hold.

use std::collections::BTreeSet;

use crate::{
    Plan, Policy, Refusal,
    azure_role::AzureRole,
    holdings::{Binding, Group, RoleAssignment, RoleRef, Subject, TeamHoldings},
    ids::{RoleName, TeamName},
    invariants::check_principal,
    plan::Intent,
    policy::{Place, TeamDesired, team_grants},
    request,
};

/// Plans what brings a team's holdings to what the policy gives it: its group, its namespaces,
/// its Azure roles and its bindings; and takes back what its group holds beyond that in governed
/// clusters. Of Azure roles only those of [`AzureRole`] are taken back, of bindings only ours.
///
/// Only what can succeed now is planned: roles wait for the group, bindings for the namespace.
///
/// # Errors
/// - [`Refusal::OutsidePolicy`] when the policy has no such team.
/// - [`Refusal::Protected`] when there is something to do to a group that must not be touched.
pub fn plan_team(policy: &Policy, team: &TeamName, held: &TeamHoldings) -> Result<Plan, Refusal> {
    let desired = team_grants(policy, team)?;
    let mut plan = Plan::default();
    let role_assignable = policy.team(team)?.role_assignable;
    if held.group.is_none() {
        let team = request::Team { team: team.clone() };
        let create = if role_assignable {
            Intent::CreateRoleAssignableGroup(team)
        } else {
            Intent::CreateGroup(team)
        };
        plan.intents.push(create);
    }
    plan.intents.extend(missing_namespaces(&desired, held));
    if let Some(group) = &held.group {
        let look = Look { policy, team, group, held, desired };
        if group.role_assignable == role_assignable {
            plan.intents.extend(look.missing_roles());
            plan.intents.extend(look.missing_bindings());
        } else {
            plan.residue.push(other_kind(group));
        }
        plan.intents.extend(look.excess_roles());
        plan.intents.extend(look.excess_bindings());
        plan.residue.extend(look.unnameable());
        if !plan.intents.is_empty() {
            check_principal(policy, &group.id)?;
        }
    }
    wait_for_entra(&mut plan, held);
    Ok(plan)
}

/// Nothing is given in a cluster that Entra does not guard yet: its user credential would be an
/// admin's.
fn wait_for_entra(plan: &mut Plan, held: &TeamHoldings) {
    let mut waits = BTreeSet::new();
    plan.intents.retain(|intent| {
        let unguarded = intent.gives_in().filter(|cluster| held.unguarded.contains(*cluster));
        waits.extend(unguarded.cloned());
        unguarded.is_none()
    });
    let line = |cluster| format!("{cluster} must be integrated with Entra first");
    plan.waits.extend(waits.into_iter().map(line));
}

fn missing_namespaces<'a>(
    desired: &'a TeamDesired,
    held: &'a TeamHoldings,
) -> impl Iterator<Item = Intent> + 'a {
    let missing = desired.namespaces.iter().filter(|place| !held.namespaces.contains(place));
    missing.cloned().map(|(cluster, namespace)| {
        Intent::CreateNamespace(request::Namespace { cluster, namespace })
    })
}

/// What kind a group is, nobody can change: nothing is given to one of the wrong kind.
fn other_kind(group: &Group) -> String {
    let name = &group.name;
    if group.role_assignable {
        format!("group {name} is role-assignable: say roleAssignable in the policy, or rename it")
    } else {
        format!("group {name} is not role-assignable and cannot become so: rename or delete it")
    }
}

struct Look<'a> {
    policy: &'a Policy,
    team: &'a TeamName,
    group: &'a Group,
    held: &'a TeamHoldings,
    desired: TeamDesired,
}

impl Look<'_> {
    fn missing_roles(&self) -> Vec<Intent> {
        let held: BTreeSet<_> = self.roles().collect();
        let lacks = |place: Place, role| !held.contains(&(place, role));
        let access = self.desired.lacks_download();
        let access = access.filter(|c| lacks(((*c).clone(), None), AzureRole::ClusterUser));
        let access = access.map(|cluster| {
            let (team, cluster) = (self.team.clone(), cluster.clone());
            Intent::GrantClusterAccess(request::TeamAtCluster { team, cluster })
        });
        let roles = self.desired.azure.iter();
        let roles = roles.filter(|((place, _), azure)| lacks(place.clone(), **azure));
        let roles =
            roles.map(|((place, role), _)| Intent::GrantNamespaceScope(self.role(place, role)));
        access.chain(roles).collect()
    }

    fn missing_bindings(&self) -> Vec<Intent> {
        let missing = self.desired.bindings.iter().filter(|((place, role), bound)| {
            self.is_ready(place) && !self.is_bound(place, role, bound)
        });
        missing.map(|((place, role), _)| self.bind(place, role)).collect()
    }

    /// A namespace must be there before anything can be bound in it.
    fn is_ready(&self, (cluster, namespace): &Place) -> bool {
        let there = |name| self.held.namespaces.iter().any(|(c, n)| c == cluster && n == name);
        namespace.as_ref().is_none_or(there)
    }

    fn is_bound(&self, place: &Place, role: &RoleName, bound: &RoleRef) -> bool {
        let (cluster, namespace) = place;
        let written = |held: &(_, _, String)| {
            held.0 == *cluster && Some(&held.1) == namespace.as_ref() && held.2 == role.as_str()
        };
        let has_role = !self.policy.roles.contains_key(role) || self.held.roles.iter().any(written);
        has_role && self.bindings().any(|held| place_of(held) == *place && held.role == *bound)
    }

    fn bind(&self, place: &Place, role: &RoleName) -> Intent {
        match &place.1 {
            Some(_) => Intent::BindNamespaceRole(self.role(place, role)),
            None => Intent::BindClusterRole(request::ClusterRole {
                cluster: place.0.clone(),
                role: role.clone(),
                holder: request::Holder::Team(self.team.clone()),
            }),
        }
    }

    fn excess_roles(&self) -> Vec<Intent> {
        let excess = self.roles().filter(|(place, role)| !self.wants(place, *role));
        let places: BTreeSet<Place> = excess.map(|(place, _)| place).collect();
        let revoke = |place| Intent::RevokeNamespaceScope(self.scope(place));
        places.into_iter().map(revoke).collect()
    }

    fn wants(&self, place: &Place, role: AzureRole) -> bool {
        self.desired.azure_at(place).contains(&role)
    }

    fn excess_bindings(&self) -> Vec<Intent> {
        let wanted = |held: &&Binding| self.desired.bound_at(&place_of(held)).contains(&held.role);
        let excess = self.bindings().filter(|binding| !wanted(binding));
        let places: BTreeSet<Place> = excess.map(place_of).collect();
        let unbind = |place| Intent::UnbindNamespaceRole(self.scope(place));
        places.into_iter().map(unbind).collect()
    }

    /// Our roles below a governed cluster at something that no request can name.
    fn unnameable(&self) -> Vec<String> {
        let odd = self.ours().filter(|(assignment, _)| {
            let scope = &assignment.scope;
            self.policy.governs_scope(scope) && self.policy.place_of_scope(scope).is_none()
        });
        odd.map(|(assignment, role)| {
            format!("{} holds {role} at {}: remove it by hand", self.group.name, assignment.scope)
        })
        .collect()
    }

    /// The group's own assignments of roles that we give.
    fn ours(&self) -> impl Iterator<Item = (&RoleAssignment, AzureRole)> {
        let own = self.held.assignments.iter().filter(|held| held.principal == self.group.id);
        own.filter_map(|held| Some((held, AzureRole::from_id(held.role)?)))
    }

    /// The same, by place.
    fn roles(&self) -> impl Iterator<Item = (Place, AzureRole)> {
        self.ours().filter_map(|(held, role)| {
            let (cluster, namespace) = self.policy.place_of_scope(&held.scope)?;
            Some(((cluster.clone(), namespace), role))
        })
    }

    /// Bindings of ours that name the group, in governed clusters.
    fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.held.bindings.iter().filter(|binding| {
            let named = |subject: &Subject| {
                matches!(subject, Subject::Group(id) if id == self.group.id.as_str())
            };
            binding.managed
                && !binding.reserved
                && self.policy.clusters.contains_key(&binding.cluster)
                && binding.subjects.iter().any(named)
        })
    }

    fn role(&self, (cluster, namespace): &Place, role: &RoleName) -> request::TeamRole {
        request::TeamRole {
            team: self.team.clone(),
            cluster: cluster.clone(),
            namespace: namespace.clone(),
            role: role.clone(),
        }
    }

    fn scope(&self, (cluster, namespace): Place) -> request::TeamScope {
        request::TeamScope { team: self.team.clone(), cluster, namespace }
    }
}

fn place_of(binding: &Binding) -> Place {
    (binding.cluster.clone(), binding.namespace.clone())
}
