//! Plans: which steps bring the world from what is held to what is desired.

mod cluster;
mod direct;
mod drift;
#[cfg(test)]
mod model;
mod person;
mod pim;
mod team;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ClusterName, case::PersonRecord, policy::place, request};

pub use cluster::{ClusterHeld, plan_cluster};
pub use drift::{plan_strangers, plan_strays};
pub use person::plan_person;
pub use pim::{Held, Place, lacks, place as place_in_team};
pub use team::plan_team;

/// One step to send: a step's name and its request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", content = "request", rename_all = "snake_case")]
pub enum Intent {
    /// The team's group exists.
    CreateGroup(request::Team),
    /// The team's group exists and only privileged administrators can change it.
    CreateRoleAssignableGroup(request::Team),
    /// The person's Entra user exists and may sign in.
    CreateUser(request::Person),
    /// The person is a member.
    JoinGroups(request::JoinGroups),
    /// The person is no member.
    LeaveGroups(request::LeaveGroups),
    /// The team may download the kubeconfig.
    GrantClusterAccess(request::TeamAtCluster),
    /// The team holds an Azure role.
    GrantNamespaceScope(request::TeamRole),
    /// The team holds no Azure role there that the policy does not give.
    RevokeNamespaceScope(request::TeamScope),
    /// The namespace exists.
    CreateNamespace(request::Namespace),
    /// The team is bound to a role.
    BindNamespaceRole(request::TeamRole),
    /// The team has no binding there that the policy does not give.
    UnbindNamespaceRole(request::TeamScope),
    /// The person owns no group of the policy.
    DisownGroups(request::Person),
    /// The account cannot sign in.
    DisableSignIn(request::Person),
    /// Refresh tokens are void.
    EndSessions(request::Person),
    /// No Azure role names the person.
    RevokeRoleAssignments(request::Person),
    /// No binding names the person.
    UnbindPerson(request::Person),
    /// The person's writes are refused in every cluster.
    CutWrites(request::Person),
    /// The person's writes are refused nowhere.
    RestoreWrites(request::Person),
    /// What refuses leavers' writes in the cluster stands as it should.
    GuardCluster(request::Cluster),
    /// Everything that was taken from the person is really gone.
    ProveRevoked(request::Proof),
    /// The person is in the groups that a case took them out of.
    RejoinGroups(request::Undo),
    /// The person owns the groups that a case took from them.
    ReownGroups(request::Undo),
    /// The person is in the bindings that a case took them out of.
    RebindPerson(request::Undo),
    /// The person may ask for membership.
    MakeEligible(request::TeamMember),
    /// The person is a member for a time.
    GrantJustInTime(request::JustInTime),
    /// The person is neither a member for a time nor may they ask.
    EndJustInTime(request::TeamMember),
    /// A role at the cluster is bound in it.
    BindClusterRole(request::ClusterRole),
    /// The person's Entra user is deleted.
    DeleteUser(request::Person),
    /// The cluster is integrated with Entra as declared.
    EnableEntraIntegration(request::Cluster),
    /// Local accounts are off.
    DisableLocalAccounts(request::Cluster),
    /// Sign-in to the cluster needs a compliant device.
    RequireCompliantDevice(request::Cluster),
    /// Nobody is in the team's group whom the policy wants out of it.
    EvictMembers(request::Team),
    /// No Azure role is assigned in the cluster that the policy wants gone.
    RemoveAssignments(request::Cluster),
    /// No binding gives somebody in the cluster what the policy wants gone.
    RemoveBindings(request::Cluster),
}

/// Steps in the order they should be sent, and what needs a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The steps.
    pub intents: Vec<Intent>,
    /// What no step can do, and what a person must do about it. A case with any does not close.
    pub residue: Vec<String>,
    /// What must come first and another plan sees to, which then wakes the case. Until then the
    /// case rests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<String>,
    /// Worth knowing, nothing to do: recorded once.
    pub findings: Vec<String>,
    /// Of somebody who is cut off: when they are out, once the plan is carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<String>,
    /// Of somebody who left: what cannot be seen from here, for the receipt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_visible: Vec<String>,
    /// What was found that the policy does not give, as far as that is new: the planner records it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<PersonRecord>,
}

impl Plan {
    /// Whether observation agrees with what is desired.
    pub fn is_done(&self) -> bool {
        self.intents.is_empty() && self.residue.is_empty() && self.waits.is_empty()
    }

    /// Whether it is the plan for somebody who left: only of them is said what cannot be seen.
    pub fn is_of_leaver(&self) -> bool {
        !self.not_visible.is_empty()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_done() && self.findings.is_empty() {
            return f.write_str("nothing to do");
        }
        let steps = self.intents.iter().map(ToString::to_string);
        let left = self.residue.iter().map(|line| format!("! {line}"));
        let waits = self.waits.iter().map(|line| format!("waits: {line}"));
        let notes = self.findings.iter().map(|line| format!("note: {line}"));
        let forecast = self.forecast.iter().map(|line| format!("when: {line}"));
        f.write_str(
            &steps
                .chain(left)
                .chain(waits)
                .chain(forecast)
                .chain(notes)
                .collect::<Vec<_>>()
                .join("\n"),
        )
    }
}

impl Intent {
    /// The cluster in which it gives or makes something; none for what takes away, or is elsewhere.
    pub fn gives_in(&self) -> Option<&ClusterName> {
        match self {
            Self::GrantClusterAccess(r) => Some(&r.cluster),
            Self::GrantNamespaceScope(r) | Self::BindNamespaceRole(r) => Some(&r.cluster),
            Self::CreateNamespace(r) => Some(&r.cluster),
            Self::BindClusterRole(r) => Some(&r.cluster),
            _ => None,
        }
    }

    /// The step's name.
    pub fn step(&self) -> &'static str {
        match self {
            Self::CreateGroup(_) => "create_group",
            Self::CreateRoleAssignableGroup(_) => "create_role_assignable_group",
            Self::CreateUser(_) => "create_user",
            Self::JoinGroups(_) => "join_groups",
            Self::LeaveGroups(_) => "leave_groups",
            Self::GrantClusterAccess(_) => "grant_cluster_access",
            Self::GrantNamespaceScope(_) => "grant_namespace_scope",
            Self::RevokeNamespaceScope(_) => "revoke_namespace_scope",
            Self::CreateNamespace(_) => "create_namespace",
            Self::BindNamespaceRole(_) => "bind_namespace_role",
            Self::UnbindNamespaceRole(_) => "unbind_namespace_role",
            Self::DisownGroups(_) => "disown_groups",
            Self::DisableSignIn(_) => "disable_sign_in",
            Self::EndSessions(_) => "end_sessions",
            Self::RevokeRoleAssignments(_) => "revoke_role_assignments",
            Self::UnbindPerson(_) => "unbind_person",
            Self::CutWrites(_) => "cut_writes",
            Self::RestoreWrites(_) => "restore_writes",
            Self::GuardCluster(_) => "guard_cluster",
            Self::ProveRevoked(_) => "prove_revoked",
            Self::RejoinGroups(_) => "rejoin_groups",
            Self::ReownGroups(_) => "reown_groups",
            Self::RebindPerson(_) => "rebind_person",
            Self::MakeEligible(_) => "make_eligible",
            Self::GrantJustInTime(_) => "grant_just_in_time",
            Self::EndJustInTime(_) => "end_just_in_time",
            Self::BindClusterRole(_) => "bind_cluster_role",
            Self::DeleteUser(_) => "delete_user",
            Self::EnableEntraIntegration(_) => "enable_entra_integration",
            Self::DisableLocalAccounts(_) => "disable_local_accounts",
            Self::RequireCompliantDevice(_) => "require_compliant_device",
            Self::EvictMembers(_) => "evict_members",
            Self::RemoveAssignments(_) => "remove_assignments",
            Self::RemoveBindings(_) => "remove_bindings",
        }
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateGroup(r) => write!(f, "+ group of team {}", r.team),
            Self::CreateRoleAssignableGroup(r) => {
                write!(f, "+ role-assignable group of team {}", r.team)
            }
            Self::CreateUser(r) => write!(f, "+ Entra user of {}", r.person_id),
            Self::JoinGroups(r) => write!(f, "+ {} into {}", r.person_id, names(&r.teams)),
            Self::LeaveGroups(r) if r.everything => write!(f, "- {} from every group", r.person_id),
            Self::LeaveGroups(r) => write!(f, "- {} from {}", r.person_id, names(&r.teams)),
            Self::GrantClusterAccess(r) => write!(f, "+ {} at {}", r.team, r.cluster),
            Self::GrantNamespaceScope(r) => {
                write!(
                    f,
                    "+ Azure role {} of {} at {}",
                    r.role,
                    r.team,
                    place(&r.cluster, r.namespace.as_ref())
                )
            }
            Self::RevokeNamespaceScope(r) => {
                write!(
                    f,
                    "- Azure roles of {} at {}",
                    r.team,
                    place(&r.cluster, r.namespace.as_ref())
                )
            }
            Self::CreateNamespace(r) => write!(f, "+ namespace {}/{}", r.cluster, r.namespace),
            Self::BindNamespaceRole(r) => {
                write!(
                    f,
                    "+ role {} of {} in {}",
                    r.role,
                    r.team,
                    place(&r.cluster, r.namespace.as_ref())
                )
            }
            Self::UnbindNamespaceRole(r) => {
                write!(f, "- bindings of {} in {}", r.team, place(&r.cluster, r.namespace.as_ref()))
            }
            Self::DisownGroups(r) => write!(f, "- ownerships of {}", r.person_id),
            Self::DisableSignIn(r) => write!(f, "- sign-in of {}", r.person_id),
            Self::EndSessions(r) => write!(f, "- sessions of {}", r.person_id),
            Self::RevokeRoleAssignments(r) => write!(f, "- Azure roles of {}", r.person_id),
            Self::UnbindPerson(r) => write!(f, "- bindings of {}", r.person_id),
            Self::CutWrites(r) => write!(f, "- writes of {}", r.person_id),
            Self::RestoreWrites(r) => write!(f, "+ writes of {}", r.person_id),
            Self::GuardCluster(r) => write!(f, "+ guard of {}", r.cluster),
            Self::ProveRevoked(r) => write!(f, "? everything of {} is gone", r.person_id),
            Self::RejoinGroups(r) => write!(f, "+ groups of {}, {}", r.person_id, taken(r)),
            Self::ReownGroups(r) => write!(f, "+ ownerships of {}, {}", r.person_id, taken(r)),
            Self::RebindPerson(r) => write!(f, "+ bindings of {}, {}", r.person_id, taken(r)),
            Self::MakeEligible(r) => write!(f, "+ {} eligible for {}", r.person_id, r.team),
            Self::GrantJustInTime(r) => {
                write!(f, "+ {} into {} until {}", r.person_id, r.team, r.until)
            }
            Self::EndJustInTime(r) => write!(f, "- {} just in time from {}", r.person_id, r.team),
            Self::BindClusterRole(r) => {
                write!(f, "+ role {} of {} at {}", r.role, r.holder, r.cluster)
            }
            Self::DeleteUser(r) => write!(f, "- Entra user of {}", r.person_id),
            Self::EnableEntraIntegration(r) => write!(f, "+ Entra integration of {}", r.cluster),
            Self::DisableLocalAccounts(r) => write!(f, "- local accounts of {}", r.cluster),
            Self::RequireCompliantDevice(r) => write!(f, "+ compliant device for {}", r.cluster),
            Self::EvictMembers(r) => write!(f, "- strangers from {}", r.team),
            Self::RemoveAssignments(r) => write!(f, "- stray Azure roles in {}", r.cluster),
            Self::RemoveBindings(r) => write!(f, "- stray bindings in {}", r.cluster),
        }
    }
}

/// Which of what a case took.
fn taken(asked: &request::Undo) -> String {
    let which = if asked.privileged { "those that make powerful, " } else { "" };
    format!("{which}as {} took them", asked.case_id)
}

fn names(teams: &std::collections::BTreeSet<crate::TeamName>) -> String {
    teams.iter().map(crate::TeamName::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
