//! How a write prints.

use std::fmt;

use super::{Membership, Op};
use crate::{
    holdings::Binding,
    ids::{GroupName, ObjectId},
};

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateGroup { team, group, role_assignable } => {
                let kind = if *role_assignable { "role-assignable group" } else { "group" };
                write!(f, "+ {kind} {group} of team {team}")
            }
            Self::DeleteGroup { team, name, .. } => write!(f, "- group {name} of team {team}"),
            Self::DeleteUser { person, owned, .. } if owned.is_empty() => {
                write!(f, "- Entra user of {person}")
            }
            Self::DeleteUser { person, owned, .. } => {
                let owned = owned.iter().map(GroupName::as_str).collect::<Vec<_>>().join(", ");
                write!(f, "- Entra user of {person} (owner of {owned}, which need another)")
            }
            Self::MakeEligible { membership } => write!(f, "+ eligible: {membership}"),
            Self::EndEligibility { membership } => write!(f, "- eligible: {membership}"),
            Self::GrantForATime { membership, until, reference } => {
                write!(f, "+ {membership} until {until} ({reference})")
            }
            Self::EndGrant { membership } => write!(f, "- for a time: {membership}"),
            Self::BindClusterRole { cluster, role, holder, .. } => {
                write!(f, "+ ClusterRole/{role} at {cluster} to {holder}")
            }
            Self::DeleteNamespace { cluster, namespace, uid } => {
                write!(f, "- namespace {cluster}/{namespace} ({uid})")
            }
            Self::IntegrateEntra { cluster, from, admin_groups, azure_rbac, .. } => {
                let rbac = if *azure_rbac { "Azure RBAC" } else { "Kubernetes RBAC" };
                let admins = admin_groups.iter().map(ObjectId::as_str).collect::<Vec<_>>();
                let admins = admins.join(", ");
                write!(
                    f,
                    "+ managed Entra integration of {cluster} (was {from}), {rbac}, admins [{admins}]"
                )
            }
            Self::DisableLocalAccounts { cluster, .. } => {
                write!(f, "- local accounts of {cluster}")
            }
            Self::RotateCertificates { cluster } => {
                write!(f, "- certificates of {cluster} issued so far (up to 30 minutes of outage)")
            }
            Self::RequireCompliantDevice { cluster, id, enforced, .. } => {
                let sign = if id.is_some() { "~" } else { "+" };
                let how = if *enforced { "enforced" } else { "report-only" };
                write!(f, "{sign} compliant device for sign-in to {cluster}, {how}")
            }
            Self::CreateUser { person, .. } => write!(f, "+ Entra user of {person}"),
            Self::RestoreUser { person, .. } => write!(f, "+ deleted Entra user of {person}"),
            Self::EnableSignIn { person, .. } => write!(f, "+ sign-in of {person}"),
            Self::DisableSignIn { person, .. } => write!(f, "- sign-in of {person}"),
            Self::EndSessions { person, .. } => write!(f, "- sessions of {person}"),
            Self::JoinGroup { person, name, .. } => write!(f, "+ {person} into group {name}"),
            Self::LeaveGroup { person, name, .. } => write!(f, "- {person} from group {name}"),
            Self::RemoveOwner { membership } => {
                let Membership { person, name, .. } = membership;
                write!(f, "- {person} as owner of group {name}")
            }
            Self::EvictMember { name, member, kind, .. } => {
                write!(f, "- {kind} {member} from group {name}")
            }
            Self::AssignRole { role, place, holder, .. } => {
                write!(f, "+ Azure role {role} at {place} to {holder}")
            }
            Self::DeleteAssignment { role, scope, holder, .. } => {
                write!(f, "- Azure role {role} at {scope} from {holder}")
            }
            Self::CreateNamespace { cluster, namespace } => {
                write!(f, "+ namespace {cluster}/{namespace}")
            }
            Self::PutRole { cluster, namespace, name, .. } => {
                write!(f, "+ Role {name} in {cluster}/{namespace}")
            }
            Self::BindRole { cluster, namespace, role, holder, .. } => {
                write!(f, "+ {role} in {cluster}/{namespace} to {holder}")
            }
            Self::DeleteBinding { binding, holder } => {
                write!(f, "- {} {} from {holder}", binding.role, place(binding))
            }
            Self::AdoptBinding { binding, holder } => {
                let Binding { name, role, .. } = binding;
                write!(f, "= binding {name} of {role} {} to {holder}, adopted", place(binding))
            }
            Self::Gate { cluster, change } => change.fmt(f, cluster),
            Self::GiveBack(what) => what.fmt(f),
            Self::RemoveSubject { binding, holder, .. } => {
                write!(f, "- {holder} from binding {} {}", binding.name, place(binding))
            }
        }
    }
}

pub(super) fn place(binding: &Binding) -> String {
    match &binding.namespace {
        Some(namespace) => format!("in {}/{namespace}", binding.cluster),
        None => format!("at {}", binding.cluster),
    }
}
