//! What of the policy gives access, if anything does.

use super::{link::Link, observed::Observed};
use crate::{
    Policy,
    azure_role::AzureRole,
    drift::{Exception, Found},
    holdings::{Binding, RoleAssignment, RoleRef, Subject, same_scope},
    ids::{ClusterName, ObjectId, PersonId, TeamName},
    policy::{Access, Team},
};

/// Why somebody has what the policy does not give them.
pub const NOT_IN_POLICY: &str = "not in the policy";

/// What of the policy gives something to a group or to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// Nothing.
    Nothing,
    /// A team's access: its group holds it.
    Team {
        /// Which team.
        team: TeamName,
        /// Somebody else gave it, and Latchkey took it as it is.
        adopted: bool,
    },
    /// It stands as an exception.
    Excepted(Exception),
    /// Something else, in words.
    Other(&'static str),
}

/// Who answers why: the policy and what was observed of people and groups.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reasons<'a> {
    pub policy: &'a Policy,
    pub observed: &'a Observed,
}

impl<'a> Reasons<'a> {
    /// What gives an Azure role.
    pub fn of_role(self, held: &RoleAssignment, ours: bool) -> Given {
        let gives = |team: &Team, access: &Access| {
            let at = |namespace| self.policy.scope(&access.cluster, namespace);
            let here = |scope: Option<String>| scope.is_some_and(|s| same_scope(&s, &held.scope));
            let role = self.policy.path(team, access).and_then(|path| path.azure_role());
            role.is_some_and(|role| role.id() == held.role) && here(at(access.namespace.as_ref()))
                || held.role == AzureRole::ClusterUser.id() && here(at(None))
        };
        let given = self.team(&held.principal, gives, !ours);
        self.or_exception(given, || Found::assignment(held))
    }

    /// What gives a group the role of a binding.
    pub fn of_binding(self, binding: &Binding, subject: &Subject, group: &ObjectId) -> Given {
        let gives = |team: &Team, access: &Access| {
            let path = self.policy.path(team, access);
            access.cluster == binding.cluster
                && access.namespace == binding.namespace
                && path.is_some_and(|path| path.binding() == Some(&binding.role))
        };
        let given = self.team(group, gives, !binding.managed);
        self.or_exception(given, || Found::binding(binding, subject))
    }

    /// What gives one person the role of a binding.
    pub fn of_person(
        self,
        binding: &Binding,
        subject: &Subject,
        person: Option<&PersonId>,
    ) -> Given {
        let given = self.granted(binding, person);
        self.or_exception(given, || Found::binding(binding, subject))
    }

    /// What was found and is given by nothing else may stand as an exception.
    pub fn or_exception(self, given: Given, found: impl FnOnce() -> Found) -> Given {
        if given != Given::Nothing {
            return given;
        }
        self.observed.exceptions.get(&found()).cloned().map_or(Given::Nothing, Given::Excepted)
    }

    fn granted(self, binding: &Binding, person: Option<&PersonId>) -> Given {
        let RoleRef::ClusterRole(bound) = &binding.role else { return Given::Nothing };
        let meant = person.and_then(|person| self.observed.people.get(person));
        let granted = meant.iter().flat_map(|meant| &meant.grants).any(|(cluster, role)| {
            binding.managed
                && *cluster == binding.cluster
                && binding.namespace.is_none()
                && role.cluster_role() == Some(bound)
        });
        if granted { Given::Other("granted by name") } else { Given::Nothing }
    }

    /// What makes a group an admin group of a cluster.
    pub fn of_admin_group(self, cluster: &ClusterName, group: &ObjectId) -> Given {
        let named = self.policy.clusters.get(cluster).and_then(|c| c.admin_group.as_ref());
        if named.and_then(|name| self.observed.named.get(name)) != Some(group) {
            return Given::Nothing;
        }
        match self.teams_of(group).next() {
            Some((team, _)) => Given::Team { team: team.clone(), adopted: false },
            None => Given::Other("admin group of the policy"),
        }
    }

    fn team(
        self,
        group: &ObjectId,
        gives: impl Fn(&Team, &Access) -> bool,
        adopted: bool,
    ) -> Given {
        let gives = |team: &Team| team.access.iter().any(|access| gives(team, access));
        let found = self.teams_of(group).find(|(_, team)| gives(team));
        found.map_or(Given::Nothing, |(team, _)| Given::Team { team: team.clone(), adopted })
    }

    pub fn teams_of(self, group: &ObjectId) -> impl Iterator<Item = (&'a TeamName, &'a Team)> {
        let is_theirs = |team: &Team| self.observed.named.get(&team.group) == Some(group);
        self.policy.teams.iter().filter(move |(_, team)| is_theirs(team))
    }

    /// Why somebody has what was given to the group at the end of the way they came; `way` is
    /// empty when it was given to themselves.
    pub fn why(
        self,
        given: &Given,
        id: &ObjectId,
        person: Option<&PersonId>,
        way: &[Link],
    ) -> String {
        match given {
            Given::Nothing if self.policy.protected.spares(id) => {
                "protected by the policy: never touched".to_owned()
            }
            Given::Nothing => NOT_IN_POLICY.to_owned(),
            Given::Excepted(exception) => exception.to_string(),
            Given::Other(why) => (*why).to_owned(),
            Given::Team { team, adopted } => {
                let adopted = if *adopted { ", adopted" } else { "" };
                match (self.membership(team, person, way), self.excepted(id, way)) {
                    (Ok(why), _) => format!("team {team}{adopted}{why}"),
                    (Err(_), Some(exception)) => format!("team {team}{adopted}: {exception}"),
                    (Err(but), None) => format!("{NOT_IN_POLICY}: {but} team {team}"),
                }
            }
        }
    }

    /// The exception by which they are in the group at the end of the way, or a group that leads
    /// there is.
    fn excepted(self, id: &ObjectId, way: &[Link]) -> Option<&'a Exception> {
        let group = |link: &Link| match link {
            Link::Group { id, .. } => Some(id.clone()),
            _ => None,
        };
        let (last, inner) = way.split_last()?;
        let member = inner.last().map_or_else(|| Some(id.clone()), group)?;
        self.observed.exceptions.get(&Found::member(&group(last)?, &member))
    }

    /// Why they are in the team's group, or why they should not be.
    fn membership(
        self,
        team: &TeamName,
        person: Option<&PersonId>,
        way: &[Link],
    ) -> Result<String, &'static str> {
        match way.len() {
            0 => return Ok(String::new()),
            1 => {}
            _ => return Err("a nested group leads to"),
        }
        let meant = person.and_then(|person| self.observed.people.get(person));
        let reasons = meant.map(|meant| meant.reasons(team)).filter(|why| !why.is_empty());
        let reasons = reasons.ok_or("nothing puts them into")?;
        Ok(format!(": {}", reasons.join("; ")))
    }
}
