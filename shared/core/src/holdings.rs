//! What was observed: users, groups, role assignments, bindings.

mod assignment;
mod person;
mod scope;
mod team;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    ids::{ClusterName, GroupName, NamespaceName, ObjectId, TeamName},
};

pub use assignment::{PrincipalType, RoleAssignment};
pub use person::{HandedOut, Holdings, Nested, Owned};
pub use scope::same_scope;
pub use team::TeamHoldings;

/// An Entra user. `Debug` hides who it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Object id.
    pub id: ObjectId,
    /// User principal name.
    pub upn: String,
    /// The HR id that Entra holds.
    pub employee_id: Option<String>,
    /// Whether the account may sign in.
    pub enabled: bool,
    /// Refresh tokens issued before this instant are void.
    pub sessions_valid_from: Option<Timestamp>,
    /// A B2B guest: its home tenant keeps the sessions.
    pub guest: bool,
}

impl User {
    /// How Kubernetes knows the user: by UPN, exactly as Entra spells it; a guest by object id.
    ///
    /// Source: the AKS guidance for bindings of users inside and outside of the tenant.
    pub fn subject(&self) -> Subject {
        Subject::User(if self.guest { self.id.to_string() } else { self.upn.clone() })
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("enabled", &self.enabled)
            .field("guest", &self.guest)
            .finish_non_exhaustive()
    }
}

/// An Entra group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Object id.
    pub id: ObjectId,
    /// Display name.
    pub name: GroupName,
    /// Members follow a rule and cannot be written.
    pub dynamic: bool,
    /// Members come from an on-premises directory and cannot be written.
    pub synced: bool,
    /// The group may hold directory roles.
    pub role_assignable: bool,
}

impl Group {
    /// The description that Latchkey gives the group it makes for a team.
    pub fn text_for(team: &TeamName) -> String {
        format!("Team {team}, kept by Latchkey")
    }

    /// What a person must do to end a membership that we cannot end by an ordinary write; none when
    /// we can.
    pub fn by_hand(&self) -> Option<&'static str> {
        if self.dynamic {
            Some("its members follow a rule: change the attribute that the rule looks at")
        } else if self.synced {
            Some("its members come from the on-premises directory: take the member out there")
        } else if self.role_assignable {
            Some("it is role-assignable: only a privileged administrator can take the member out")
        } else {
            None
        }
    }

    /// Whether members can be written through Graph.
    pub fn writable(&self) -> bool {
        !self.dynamic && !self.synced
    }
}

/// A membership that PIM for Groups keeps: in force for a time, or only to be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PimMembership {
    /// The group.
    pub group: Group,
    /// Whether it is in force.
    pub form: PimForm,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Until when; for ever when none.
    pub until: Option<Timestamp>,
}

/// What PIM for Groups keeps of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PimForm {
    /// The user may ask for membership and is no member yet.
    Eligible,
    /// The user is a member: also found in [`Holdings::groups`].
    Active,
}

/// A subject of a Kubernetes binding. Kubernetes compares its name case-sensitively.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "name")]
pub enum Subject {
    /// A user, by UPN, or by object id for guests and service principals.
    User(String),
    /// A group, by object id.
    Group(String),
    /// `namespace/name` of a service account.
    ServiceAccount(String),
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(_) => f.write_str("User(…)"),
            Self::Group(id) => write!(f, "Group({id})"),
            Self::ServiceAccount(name) => write!(f, "ServiceAccount({name})"),
        }
    }
}

/// What a binding gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "name")]
pub enum RoleRef {
    /// A Role of the binding's namespace.
    Role(String),
    /// A ClusterRole.
    ClusterRole(String),
}

impl fmt::Display for RoleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(name) => write!(f, "Role/{name}"),
            Self::ClusterRole(name) => write!(f, "ClusterRole/{name}"),
        }
    }
}

/// A RoleBinding, or a ClusterRoleBinding when there is no namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The cluster.
    pub cluster: ClusterName,
    /// The namespace; none for a ClusterRoleBinding.
    pub namespace: Option<NamespaceName>,
    /// The object's name.
    pub name: String,
    /// What it gives.
    pub role: RoleRef,
    /// To whom.
    pub subjects: Vec<Subject>,
    /// The object's uid, for guarded deletes.
    pub uid: String,
    /// The object's resource version, for guarded writes.
    pub resource_version: String,
    /// Carries our `app.kubernetes.io/managed-by=latchkey` label.
    pub managed: bool,
    /// Belongs to AKS or Kubernetes itself (`aks-*`, `system:*`, addon-manager labels): never touched.
    pub reserved: bool,
    /// When the object was created.
    #[serde(default)]
    pub created: Option<Timestamp>,
}

impl Binding {
    /// Whether somebody else made it, and it is for this one subject: then it can be ours.
    pub fn is_adoptable_for(&self, subject: &Subject) -> bool {
        !self.managed && !self.reserved && self.subjects == [subject.clone()]
    }

    /// Whether the user is named, by UPN or by object id.
    pub fn names(&self, user: &User) -> bool {
        self.subjects.iter().any(|subject| names_user(subject, user))
    }
}

/// Whether a subject is this user.
pub fn names_user(subject: &Subject, user: &User) -> bool {
    matches!(subject, Subject::User(name)
        if name.eq_ignore_ascii_case(&user.upn) || name.eq_ignore_ascii_case(user.id.as_str()))
}
