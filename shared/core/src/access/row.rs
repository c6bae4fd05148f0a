//! One row: who can do what, where, through which path, since when and why.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{can::Can, link::Link, observed::PrincipalKind};
use crate::{
    Timestamp,
    ids::{ClusterName, NamespaceName, PersonId},
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
