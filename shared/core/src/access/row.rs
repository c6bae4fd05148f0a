//! One row: who can do what, where, through which path, since when and why.

use std::fmt;

use serde::{Serialize, Serializer};

use super::observed::{PrincipalKind, Tenure};
use crate::{
    Timestamp,
    ids::{ClusterName, NamespaceName, ObjectId, PersonId},
};

/// Who can do what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The cluster.
    pub cluster: ClusterName,
    /// The namespace; none for the whole cluster.
    pub namespace: Option<NamespaceName>,
    /// Who.
    pub who: Who,
    /// What.
    pub can: Can,
    /// By which path: from the group they are in to what gives the right.
    pub through: Vec<Link>,
    /// Whether it holds now.
    pub standing: Standing,
    /// Since when.
    pub since: Since,
    /// Why: what of the policy gives it, if anything does.
    pub why: String,
}

/// Who: never a name or a mail address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Who {
    /// The person, when it is linked to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// What it is.
    pub kind: WhoKind,
    /// The object id; of what Entra does not know, a name that no person bears, or a digest.
    pub id: String,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.person {
            Some(person) => write!(f, "{person}"),
            None => write!(f, "{} {}", self.kind, self.id),
        }
    }
}

/// What can have access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WhoKind {
    /// A user of this tenant.
    User,
    /// A user of another tenant.
    Guest,
    /// A service principal or managed identity.
    ServicePrincipal,
    /// A group as such: nobody is in it, or its members could not be seen.
    Group,
    /// A device or something new.
    Other,
    /// A service account of Kubernetes, `namespace/name`, or a group of them.
    ServiceAccount,
    /// Everybody who can sign in, by Kubernetes' name for them.
    Everybody,
    /// Whoever holds the static credential of the cluster.
    LocalAccount,
    /// A name or id that the directory does not know; a name as a digest.
    Unknown,
}

impl From<PrincipalKind> for WhoKind {
    fn from(kind: PrincipalKind) -> Self {
        match kind {
            PrincipalKind::User => Self::User,
            PrincipalKind::Guest => Self::Guest,
            PrincipalKind::ServicePrincipal => Self::ServicePrincipal,
            PrincipalKind::Other => Self::Other,
        }
    }
}

impl fmt::Display for WhoKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Guest => "guest",
            Self::ServicePrincipal => "service principal",
            Self::Group => "group",
            Self::Other => "other",
            Self::ServiceAccount => "service account",
            Self::Everybody => "everybody",
            Self::LocalAccount => "local account",
            Self::Unknown => "unknown",
        })
    }
}

/// What somebody can do, in plain words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Can {
    /// Reads most objects, no secrets.
    Reader,
    /// Reads and writes most objects, secrets included.
    Writer,
    /// Everything in a namespace, roles included.
    Admin,
    /// Everything.
    ClusterAdmin,
    /// What a role of this name says.
    Own(String),
    /// Writes the cluster's own settings, and so can let themselves in.
    ChangesCluster,
    /// Downloads the static credential of an administrator.
    TakesAdminCredentials,
    /// Runs commands in the cluster through ARM.
    RunsCommands,
    /// Gives Azure roles, to themselves too.
    AssignsRoles,
}

impl Can {
    /// What a role of this name says. A name that is one of our own words is told apart from it by
    /// the kind of role.
    pub(super) fn own(name: &str, kind: &str) -> Self {
        let words = [
            Self::Reader,
            Self::Writer,
            Self::Admin,
            Self::ClusterAdmin,
            Self::ChangesCluster,
            Self::TakesAdminCredentials,
            Self::RunsCommands,
            Self::AssignsRoles,
        ];
        let taken = words.iter().any(|word| word.to_string() == name);
        Self::Own(if taken { format!("{kind} {name}") } else { name.to_owned() })
    }
}

impl fmt::Display for Can {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Admin => "admin",
            Self::ClusterAdmin => "cluster-admin",
            Self::Own(name) => name,
            Self::ChangesCluster => "changes the cluster",
            Self::TakesAdminCredentials => "takes admin credentials",
            Self::RunsCommands => "runs commands",
            Self::AssignsRoles => "assigns roles",
        })
    }
}

impl Serialize for Can {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One link of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// A member of this group, or eligible to become one.
    Group {
        /// Object id.
        id: ObjectId,
        /// Display name, or the object id when it could not be seen.
        name: String,
        /// How.
        tenure: Tenure,
    },
    /// An Azure role.
    Role {
        /// The role's name.
        name: String,
        /// Where it is assigned, in plain words.
        at: String,
        /// How.
        tenure: Tenure,
        /// It applies under a condition.
        conditional: bool,
    },
    /// A binding in the cluster.
    Binding {
        /// `RoleBinding frontend/name`, `ClusterRoleBinding name`.
        name: String,
        /// What it refers to.
        role: String,
    },
    /// The cluster's admin groups, by its Entra integration.
    AdminGroup,
    /// The user's kubeconfig of a cluster without Entra integration, which is an administrator's.
    UserCredential,
    /// The cluster's static credential.
    LocalAccount,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group { name, tenure, .. } => {
                write!(f, "{}group {name}{}", before(*tenure), after(*tenure))
            }
            Self::Role { name, at, tenure, conditional } => {
                let condition = if *conditional { " under a condition" } else { "" };
                let (before, after) = (before(*tenure), after(*tenure));
                write!(f, "{before}Azure role {name} at {at}{condition}{after}")
            }
            Self::Binding { name, role } => write!(f, "{name} to {role}"),
            Self::AdminGroup => f.write_str("admin group of the cluster"),
            Self::UserCredential => {
                f.write_str("user credential, an admin's without Entra integration")
            }
            Self::LocalAccount => f.write_str("static credential of the cluster"),
        }
    }
}

fn before(tenure: Tenure) -> &'static str {
    if tenure.eligible { "eligible for " } else { "" }
}

fn after(tenure: Tenure) -> String {
    tenure.until.map(|until| format!(" until {until}")).unwrap_or_default()
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether it holds now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// How it stands.
    pub state: State,
    /// Until when, if it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What keeps it from working, or what else to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

/// How access stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// It works.
    Active,
    /// It has to be activated first (PIM).
    Eligible,
    /// It does not work as things are, and would if they changed.
    Dormant,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Active => "active",
            State::Eligible => "eligible",
            State::Dormant => "dormant",
        })?;
        if let Some(until) = self.until {
            write!(f, " until {until}")?;
        }
        match self.note {
            Some(note) => write!(f, " ({note})"),
            None => Ok(()),
        }
    }
}

/// Since when access is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "known", content = "at", rename_all = "camelCase")]
pub enum Since {
    /// Since then.
    Exactly(Timestamp),
    /// Not before then: the beginning of some link is unknown, as that of a plain membership is.
    NotBefore(Timestamp),
    /// Nothing tells.
    Unknown,
}

impl Since {
    /// Of a path whose links began then.
    pub fn of(links: impl IntoIterator<Item = Option<Timestamp>>) -> Self {
        let links: Vec<_> = links.into_iter().collect();
        match links.iter().flatten().max() {
            None => Self::Unknown,
            Some(at) if links.contains(&None) => Self::NotBefore(*at),
            Some(at) => Self::Exactly(*at),
        }
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(at) => write!(f, "{at}"),
            Self::NotBefore(at) => write!(f, "not before {at}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}
