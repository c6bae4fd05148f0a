//! Access that came about behind our back: what was found, what becomes of it, and who did it.
//!
//! Whoever finds it makes a [`Stray`] of it; [`judge`] holds what was found against the policy's
//! word and against what is known of it already ([`Story`]), and says what is to be taken away,
//! what is excepted, what is only told, and what of that is new and to be recorded.

mod cluster;
mod judge;
mod member;
mod story;
mod team;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    holdings::{Binding, RoleAssignment, Subject},
    ids::{ClusterName, NamespaceName, ObjectId, TeamName, digest},
};

pub use cluster::{Astray, Straying, strays_of_cluster};
pub use judge::{Brake, Judged, Stray, judge};
pub use member::Past;
pub(crate) use member::SHUT_BY_HAND;
pub(crate) use member::of_person;
pub use story::{Known, Story};
pub use team::{Stranger, judge_team};

/// Something that gives access and that the policy does not give. It names no person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
pub enum Found {
    /// A direct member of a team's group.
    #[serde(rename_all = "camelCase")]
    Member {
        /// The group.
        group: ObjectId,
        /// The member: a user, a group or a service principal.
        member: ObjectId,
    },
    /// An Azure role assignment at a governed cluster or in it.
    #[serde(rename_all = "camelCase")]
    Assignment {
        /// Its ARM id.
        id: String,
    },
    /// A binding in a governed cluster.
    #[serde(rename_all = "camelCase")]
    Binding {
        /// The cluster.
        cluster: ClusterName,
        /// The namespace; none for a ClusterRoleBinding.
        namespace: Option<NamespaceName>,
        /// The binding's name.
        name: String,
        /// A digest of one subject and of the role that it is given: the same binding with another
        /// subject is another finding.
        subject: String,
    },
}

impl Found {
    /// A member of a group.
    pub fn member(group: &ObjectId, member: &ObjectId) -> Self {
        Self::Member { group: group.clone(), member: member.clone() }
    }

    /// An Azure role assignment. ARM ids compare without case.
    pub fn assignment(held: &RoleAssignment) -> Self {
        Self::Assignment { id: held.id.trim_end_matches('/').to_ascii_lowercase() }
    }

    /// One subject of a binding.
    pub fn binding(binding: &Binding, subject: &Subject) -> Self {
        let (kind, name) = match subject {
            Subject::User(name) => ("User", name),
            Subject::Group(name) => ("Group", name),
            Subject::ServiceAccount(name) => ("ServiceAccount", name),
        };
        Self::Binding {
            cluster: binding.cluster.clone(),
            namespace: binding.namespace.clone(),
            name: binding.name.clone(),
            subject: digest(&[&binding.role.to_string(), kind, name])[..16].to_owned(),
        }
    }

    /// A digest that is the same whenever the same is found.
    pub fn digest(&self) -> String {
        digest(&["found", &serde_json::to_string(self).unwrap_or_default()])
    }
}

/// What becomes of what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "response", rename_all = "camelCase")]
pub enum Response {
    /// It is taken away.
    Removed,
    /// It is to be taken away, which Latchkey cannot do or may not do now: somebody must.
    ByHand,
    /// It would be taken away, with too many others within an hour: an operator decides.
    Held,
    /// It stands as an exception.
    #[serde(rename_all = "camelCase")]
    Adopted {
        /// The team that answers for it.
        owner: TeamName,
        /// Until when.
        until: Timestamp,
    },
    /// It is told, and left.
    Reported,
}

/// What stands although the policy does not give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exception {
    /// The team that answers for it.
    pub owner: TeamName,
    /// Until when.
    pub until: Timestamp,
}

impl std::fmt::Display for Exception {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an exception of team {} until {}", self.owner, self.until)
    }
}

/// Who did it, as the audit log says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// The object id of a user, or the app id of an application.
    pub id: String,
    /// Whether it is a user or an application.
    pub kind: ActorKind,
    /// When it was done.
    pub at: Timestamp,
}

/// What an [`Actor`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ActorKind {
    /// A user.
    User,
    /// An application or a managed identity.
    App,
}
