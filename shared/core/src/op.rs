//! One write to the world, printable before it is done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    azure_role::AzureRole,
    holdings::{Binding, PrincipalType, RoleRef, Subject},
    ids::{ClusterName, GroupName, NamespaceName, ObjectId, PersonId, Reference, TeamName},
    policy::Rule,
};

/// One write. `Display` is the dry run, the log line, the audit record and the test snapshot;
/// it names people by person id only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase")]
pub enum Op {
    /// Create a security group.
    CreateGroup {
        /// The team it is for.
        team: TeamName,
        /// Its display name.
        group: GroupName,
        /// Whether only privileged administrators may change it.
        role_assignable: bool,
    },
    /// Delete a group of ours (it can be restored for 30 days).
    DeleteGroup {
        /// The team it was for.
        team: TeamName,
        /// The group.
        group: ObjectId,
        /// Its display name.
        name: GroupName,
    },
    /// Delete the Entra user (it can be restored for 30 days).
    DeleteUser {
        /// Whose.
        person: PersonId,
        /// The user.
        user: ObjectId,
    },
    /// Create an Entra user.
    CreateUser {
        /// Whose.
        person: PersonId,
        /// Everything Graph needs.
        user: NewUser,
    },
    /// Bring a soft-deleted user back.
    RestoreUser {
        /// Whose.
        person: PersonId,
        /// The user.
        user: ObjectId,
    },
    /// Let the account sign in (again).
    EnableSignIn {
        /// Whose.
        person: PersonId,
        /// The user.
        user: ObjectId,
    },
    /// Stop the account from signing in.
    DisableSignIn {
        /// Whose.
        person: PersonId,
        /// The user.
        user: ObjectId,
    },
    /// Void every refresh token issued so far.
    EndSessions {
        /// Whose.
        person: PersonId,
        /// The user.
        user: ObjectId,
    },
    /// Make the user a member.
    JoinGroup {
        /// Who.
        person: PersonId,
        /// The user.
        user: ObjectId,
        /// The group's name.
        name: GroupName,
        /// The group.
        group: ObjectId,
    },
    /// End the user's membership.
    LeaveGroup {
        /// Who.
        person: PersonId,
        /// The user.
        user: ObjectId,
        /// The group's name.
        name: GroupName,
        /// The group.
        group: ObjectId,
    },
    /// Make the user eligible for membership (PIM for Groups).
    MakeEligible {
        /// Who and of which group.
        membership: Membership,
    },
    /// End the user's eligibility.
    EndEligibility {
        /// Who and of which group.
        membership: Membership,
    },
    /// Make the user a member for a time (PIM for Groups).
    GrantForATime {
        /// Who and of which group.
        membership: Membership,
        /// Until when.
        until: Timestamp,
        /// What justifies it.
        reference: Reference,
    },
    /// End a membership for a time.
    EndGrant {
        /// Who and of which group.
        membership: Membership,
    },
    /// Give an Azure role.
    AssignRole {
        /// The role.
        role: AzureRole,
        /// The full scope.
        scope: String,
        /// Cluster, or cluster and namespace, for people to read.
        place: String,
        /// To whom.
        principal: ObjectId,
        /// What that is.
        principal_type: PrincipalType,
        /// Group name or person id, for people to read.
        holder: String,
        /// Free text kept with the assignment.
        description: String,
    },
    /// Take an Azure role away.
    DeleteAssignment {
        /// The assignment's ARM id.
        id: String,
        /// Role name, or the definition's id when it is none of ours.
        role: String,
        /// Where.
        scope: String,
        /// Group name or person id, for people to read.
        holder: String,
    },
    /// Create a namespace.
    CreateNamespace {
        /// Where.
        cluster: ClusterName,
        /// Which.
        namespace: NamespaceName,
    },
    /// Write a Role of ours.
    PutRole {
        /// Where.
        cluster: ClusterName,
        /// Where.
        namespace: NamespaceName,
        /// The Role's name.
        name: String,
        /// Its rules.
        rules: Vec<Rule>,
    },
    /// Bind a role to a group.
    BindRole {
        /// Where.
        cluster: ClusterName,
        /// Where.
        namespace: NamespaceName,
        /// The binding's name.
        name: String,
        /// What it gives.
        role: RoleRef,
        /// To whom.
        group: ObjectId,
        /// The group's name, for people to read.
        holder: GroupName,
    },
    /// Bind a ClusterRole at the whole cluster.
    BindClusterRole {
        /// Where.
        cluster: ClusterName,
        /// The binding's name.
        name: String,
        /// The ClusterRole.
        role: String,
        /// To whom.
        subject: Subject,
        /// Group name or person id, for people to read.
        holder: String,
    },
    /// Delete a namespace with all that is in it.
    DeleteNamespace {
        /// Where.
        cluster: ClusterName,
        /// Which.
        namespace: NamespaceName,
        /// The object's uid: another namespace of that name is not meant.
        uid: String,
    },
    /// Integrate a cluster with Entra, or move it from the legacy integration.
    IntegrateEntra {
        /// The cluster.
        cluster: ClusterName,
        /// The integration so far.
        from: Integration,
        /// Groups whose members are admins.
        admin_groups: Vec<ObjectId>,
        /// Whether Azure role assignments authorize inside the cluster.
        azure_rbac: bool,
        /// The cluster as read; the write is guarded by it. None where the service gave none.
        etag: Option<String>,
    },
    /// Switch local accounts off.
    DisableLocalAccounts {
        /// The cluster.
        cluster: ClusterName,
        /// The cluster as read; the write is guarded by it.
        etag: Option<String>,
    },
    /// Rotate the cluster's certificates: every client certificate issued so far is void.
    RotateCertificates {
        /// The cluster.
        cluster: ClusterName,
    },
    /// Create or change the Conditional Access policy that asks for a compliant device.
    RequireCompliantDevice {
        /// The cluster.
        cluster: ClusterName,
        /// The policy to change; none to create it.
        id: Option<ObjectId>,
        /// Its display name.
        name: String,
        /// Groups it applies to.
        groups: Vec<ObjectId>,
        /// The break-glass group, excluded.
        except_group: Option<ObjectId>,
        /// Break-glass principals, excluded.
        except: Vec<ObjectId>,
        /// Whether it bites, or only reports.
        enforced: bool,
    },
    /// Delete a binding that is ours.
    DeleteBinding {
        /// The binding as observed; the delete is guarded by its uid and version.
        binding: Binding,
        /// Group name or person id, for people to read.
        holder: String,
    },
    /// Take one subject out of a binding.
    RemoveSubject {
        /// The binding as observed; the write is guarded by its version.
        binding: Binding,
        /// Whom to take out.
        subject: Subject,
        /// Person id, for people to read.
        holder: String,
    },
}

/// What is needed to create an Entra user. `Debug` hides who it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewUser {
    /// User principal name.
    pub upn: String,
    /// Display name.
    pub display_name: String,
    /// The person id, kept as `employeeId`.
    pub employee_id: String,
    /// Department.
    pub department: Option<String>,
    /// Job title.
    pub job_title: Option<String>,
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser").field("employee_id", &self.employee_id).finish_non_exhaustive()
    }
}

/// A user in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// Who.
    pub person: PersonId,
    /// The user.
    pub user: ObjectId,
    /// The group's name.
    pub name: GroupName,
    /// The group.
    pub group: ObjectId,
}

impl fmt::Display for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in group {}", self.person, self.name)
    }
}

/// How a cluster is integrated with Entra.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Integration {
    /// Not at all: everybody's user credential is an admin's.
    None,
    /// By a server and a client application of the tenant's own: retired.
    Legacy,
    /// AKS-managed.
    Managed,
}

impl fmt::Display for Integration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Legacy => "legacy",
            Self::Managed => "managed",
        })
    }
}

impl Op {
    /// Whether this gives access, and so is fenced by the person's epoch. Everything else takes
    /// access away or prepares the ground.
    pub fn grants(&self) -> bool {
        matches!(
            self,
            Self::JoinGroup { .. }
                | Self::AssignRole { .. }
                | Self::BindRole { .. }
                | Self::BindClusterRole { .. }
                | Self::MakeEligible { .. }
                | Self::GrantForATime { .. }
                | Self::CreateUser { .. }
                | Self::RestoreUser { .. }
                | Self::EnableSignIn { .. }
        )
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateGroup { team, group, role_assignable } => {
                let kind = if *role_assignable { "role-assignable group" } else { "group" };
                write!(f, "+ {kind} {group} of team {team}")
            }
            Self::DeleteGroup { team, name, .. } => write!(f, "- group {name} of team {team}"),
            Self::DeleteUser { person, .. } => write!(f, "- Entra user of {person}"),
            Self::MakeEligible { membership } => write!(f, "+ eligible: {membership}"),
            Self::EndEligibility { membership } => write!(f, "- eligible: {membership}"),
            Self::GrantForATime { membership, until, reference } => {
                write!(f, "+ {membership} until {until} ({reference})")
            }
            Self::EndGrant { membership } => write!(f, "- for a time: {membership}"),
            Self::BindClusterRole { cluster, role, holder, .. } => {
                write!(f, "+ ClusterRole/{role} at {cluster} to {holder}")
            }
            Self::DeleteNamespace { cluster, namespace, .. } => {
                write!(f, "- namespace {cluster}/{namespace}")
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
            Self::RemoveSubject { binding, holder, .. } => {
                write!(f, "- {holder} from binding {} {}", binding.name, place(binding))
            }
        }
    }
}

fn place(binding: &Binding) -> String {
    match &binding.namespace {
        Some(namespace) => format!("in {}/{namespace}", binding.cluster),
        None => format!("at {}", binding.cluster),
    }
}
