//! Access that came about behind our back: what was found, and who did it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    ids::{ClusterName, NamespaceName, ObjectId},
};

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
    },
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
