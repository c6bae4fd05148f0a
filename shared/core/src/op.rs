//! One write to the world, printable before it is done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    azure_role::AzureRole,
    holdings::{Binding, PrincipalType, RoleRef, Subject},
    ids::{ClusterName, GroupName, NamespaceName, ObjectId, PersonId, TeamName},
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

impl Op {
    /// Whether this gives access, and so is fenced by the person's epoch. Everything else takes
    /// access away or prepares the ground.
    pub fn grants(&self) -> bool {
        matches!(
            self,
            Self::JoinGroup { .. }
                | Self::AssignRole { .. }
                | Self::BindRole { .. }
                | Self::CreateUser { .. }
                | Self::RestoreUser { .. }
                | Self::EnableSignIn { .. }
        )
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateGroup { team, group } => write!(f, "+ group {group} of team {team}"),
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
