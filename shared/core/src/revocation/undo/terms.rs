//! What the policy lets come back.

use std::{collections::BTreeMap, fmt};

use super::Taken;
use crate::{
    Policy, Timestamp,
    desired::Desired,
    drift::Past,
    holdings::{PimForm, RoleRef},
    ids::{ClusterName, GroupName, RoleName},
    policy::{Grant, OF_PEOPLE, OF_STRANGERS, OnDrift, place, same_group},
    revocation::{Membership, Path},
    state::{PersonState, Spell},
};

/// What becomes of a way in that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Return {
    /// It is given back.
    Back,
    /// It is given back once a second operator has approved it.
    Approved,
    /// The policy gives it: the plan sees to it.
    ByPolicy,
    /// It is not given back.
    Not(Why),
}

/// Why something is not given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Its time is over.
    Expired,
    /// The policy does not give it, and would have it taken away again.
    NotInPolicy,
    /// It stood as an exception, which ends with the employment.
    Exception,
    /// Nobody gives it: it follows from something else.
    Follows,
    /// It is beyond the rights of Latchkey.
    Privileged,
    /// PIM keeps it.
    Pim,
    /// A credential stays void.
    Credential,
    /// It was gone before a step of ours came.
    NotOurs,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "its time is over",
            Self::NotInPolicy => "the policy does not give it and would have it taken away again",
            Self::Exception => "it was an exception, which ends with the employment",
            Self::Follows => "nobody gives it: it comes back with what it follows from",
            Self::Privileged => "ask who administers it: Latchkey may not give it",
            Self::Pim => "ask for it in PIM",
            Self::Credential => "a credential stays void",
            Self::NotOurs => "it was gone before Latchkey came: ask its owner",
        })
    }
}

/// What decides about everything that was taken from one person.
#[derive(Debug)]
pub struct Terms<'a> {
    policy: &'a Policy,
    state: &'a PersonState,
    past: Past<'a>,
    desired: Desired,
    now: Timestamp,
}

impl<'a> Terms<'a> {
    /// The terms for a person in this state at this instant.
    pub fn new(policy: &'a Policy, state: &'a PersonState, past: Past<'a>, now: Timestamp) -> Self {
        Self { policy, state, past, desired: Desired::of(policy, state, now), now }
    }

    /// What becomes of what was taken, each way in once, as the case that took it last tells.
    pub fn all(&self, taken: &[Taken]) -> BTreeMap<Path, Return> {
        let become_of = |taken: &Taken| match self.judge(&taken.path) {
            Return::Back | Return::Approved if !taken.ours => Return::Not(Why::NotOurs),
            other => other,
        };
        taken.iter().map(|taken| (taken.path.clone(), become_of(taken))).collect()
    }

    /// What becomes of one way in, had we taken it.
    pub fn judge(&self, path: &Path) -> Return {
        match path {
            Path::SignIn | Path::Sessions | Path::Writes => Return::ByPolicy,
            Path::Group { name, membership, .. } => self.group(name, membership),
            Path::Owner { .. } => Return::Approved,
            Path::Pim { name, form, until, .. } => self.pim(name, *form, *until),
            Path::AzureRole { eligible: true, .. } => Return::Not(Why::Pim),
            Path::AzureRole { .. } => Return::Not(Why::Privileged),
            Path::Binding { cluster, namespace, name, role, .. } => {
                self.binding(cluster, namespace.is_none(), name, role)
            }
            Path::AdminCredential { .. } => Return::Not(Why::Credential),
        }
    }

    /// Groups that the policy does not speak of are as they were; of the others, those of teams
    /// follow the policy, and the rest makes people powerful.
    fn group(&self, name: &GroupName, membership: &Membership) -> Return {
        match membership {
            Membership::Dynamic | Membership::Synced | Membership::Nested { .. } => {
                return Return::Not(Why::Follows);
            }
            Membership::RoleAssignable if self.policy.team_of_group(name).is_none() => {
                return Return::Not(Why::Privileged);
            }
            Membership::RoleAssignable | Membership::Assigned => {}
        }
        let Some((team, declared)) = self.policy.team_of_group(name) else {
            let governed = self.policy.governs_group(name);
            return if governed { Return::Approved } else { Return::Back };
        };
        if self.desired.justifies(team) || self.desired.eligible.contains_key(team) {
            return Return::ByPolicy;
        }
        let asked = |spell: &Spell| {
            spell.requests.get(team).is_some_and(|asked| asked.over || asked.until <= self.now)
        };
        if self.state.spells.values().any(asked) {
            return Return::Not(Why::Expired);
        }
        let rule = declared.drift.as_ref().unwrap_or(&OF_PEOPLE);
        // What the facts once gave is left like after a move, whatever `drift` says.
        match self.past.ever_gave(self.policy, &self.state.person, team, self.now) {
            true => Return::Not(Why::NotInPolicy),
            false if *membership == Membership::RoleAssignable => Return::Not(Why::Privileged),
            false if self.makes_admin(name) => kept(rule, Return::Approved),
            false => kept(rule, Return::Back),
        }
    }

    /// Whether members of the group administer a cluster.
    fn makes_admin(&self, name: &GroupName) -> bool {
        let admins = self.policy.clusters.keys().flat_map(|name| self.policy.admin_groups(name));
        admins.into_iter().any(|group| same_group(group, name))
    }

    fn pim(&self, name: &GroupName, form: PimForm, until: Option<Timestamp>) -> Return {
        let team = self.policy.team_of_group(name).map(|(team, _)| team);
        let given = |team| self.desired.justifies(team) || self.desired.eligible.contains_key(team);
        match (team, form) {
            (Some(team), _) if given(team) => Return::ByPolicy,
            _ if until.is_some_and(|until| until <= self.now) => Return::Not(Why::Expired),
            (Some(_), PimForm::Eligible) => Return::Not(Why::NotInPolicy),
            _ => Return::Not(Why::Pim),
        }
    }

    fn binding(
        &self,
        cluster: &ClusterName,
        everywhere: bool,
        name: &str,
        role: &RoleRef,
    ) -> Return {
        let Some(declared) = self.policy.clusters.get(cluster) else {
            return Return::Not(Why::NotInPolicy);
        };
        if let (true, RoleRef::ClusterRole(role)) = (everywhere, role)
            && Grant::binding_name(role, &self.state.person) == name
        {
            let given = |(at, granted): &(ClusterName, RoleName)| {
                at == cluster && granted.cluster_role() == Some(role.as_str())
            };
            let given = self.desired.grants.iter().any(given);
            return if given { Return::ByPolicy } else { Return::Not(Why::NotInPolicy) };
        }
        let admin = *role == RoleRef::ClusterRole("cluster-admin".to_owned());
        let back = if everywhere || admin { Return::Approved } else { Return::Back };
        kept(declared.drift.as_ref().unwrap_or(&OF_STRANGERS), back)
    }
}

/// What becomes of something that the policy does not give, by what it says of such things.
fn kept(rule: &OnDrift, back: Return) -> Return {
    match rule {
        OnDrift::Report => back,
        OnDrift::Remove => Return::Not(Why::NotInPolicy),
        OnDrift::Adopt(_) => Return::Not(Why::Exception),
    }
}

/// How somebody in a new employment gets what they once had: what was taken is offered, never
/// given. None for what comes by itself and for what nobody should have again.
pub fn how_to_ask(policy: &Policy, path: &Path) -> Option<String> {
    match path {
        Path::SignIn | Path::Sessions | Path::Writes | Path::AdminCredential { .. } => None,
        Path::Group {
            membership: Membership::Dynamic | Membership::Synced | Membership::Nested { .. },
            ..
        } => None,
        Path::Group { name, .. } | Path::Pim { name, .. } => {
            Some(match policy.team_of_group(name) {
                Some((team, declared)) if declared.requestable => {
                    format!("access.requested.v1 for team {team}")
                }
                Some((team, _)) => format!("team {team}, which the policy gives by attributes"),
                None => format!("an owner of group {name}"),
            })
        }
        Path::Owner { name, .. } => Some(format!("an owner of group {name}")),
        Path::AzureRole { scope, .. } => Some(match policy.place_of_scope(scope) {
            Some((cluster, namespace)) => {
                format!("who administers {}", place(cluster, namespace.as_ref()))
            }
            None => format!("who administers {scope}"),
        }),
        Path::Binding { cluster, namespace, .. } => {
            Some(format!("who administers {}", place(cluster, namespace.as_ref())))
        }
    }
}
