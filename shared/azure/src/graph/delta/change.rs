//! What a round tells of one group or user.

use std::{collections::BTreeSet, fmt};

use latchkey_core::{Call, CallError, GroupName, ObjectId};
use serde::{Deserialize, de::DeserializeOwned};

use crate::graph::wire::{group_name, object_id};

/// What became of an object that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// Deleted, and can be restored for 30 days.
    Soft,
    /// Gone for good.
    Purged,
}

/// A group that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    /// Object id.
    pub id: ObjectId,
    /// It was deleted. A restored group shows without this, so it may be there again.
    pub removed: Option<Removed>,
    /// Its display name now, changed or not; none when it is gone or the round did not say.
    pub name: Option<GroupName>,
    /// Direct members that came. One that is in both sets came and went, in whichever order.
    pub members_added: BTreeSet<ObjectId>,
    /// Direct members that left or were purged: the two cannot be told apart. A soft-deleted
    /// member is not among them.
    pub members_removed: BTreeSet<ObjectId>,
    /// Those of both sets that are no users: groups, service principals, devices.
    pub others: BTreeSet<ObjectId>,
}

/// A user that changed. `Debug` hides who it is.
#[derive(Clone, PartialEq, Eq)]
pub struct UserChange {
    /// Object id.
    pub id: ObjectId,
    /// It was deleted. A restored user shows without this, so it may be there again.
    pub removed: Option<Removed>,
    /// The HR id that Entra holds.
    pub employee_id: Option<String>,
    /// Whether the account may sign in.
    pub enabled: Option<bool>,
}

impl fmt::Debug for UserChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserChange")
            .field("id", &self.id)
            .field("removed", &self.removed)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

/// What a round of one kind is made of.
pub(super) trait Change: Sized {
    /// One object of a page.
    type Wire: DeserializeOwned;
    /// Reads it.
    fn read(call: &Call, wire: Self::Wire) -> Result<Self, CallError>;
    /// The object's id.
    fn id(&self) -> &ObjectId;
    /// Adds what a later page says of the same object.
    fn merge(known: &mut Self, later: Self);
}

impl Change for GroupChange {
    type Wire = WireGroup;

    fn read(call: &Call, wire: WireGroup) -> Result<Self, CallError> {
        let mut change = Self {
            id: object_id(call, &wire.id)?,
            removed: wire.removed.as_ref().map(WireRemoved::read),
            name: wire.display_name.as_deref().map(group_name),
            members_added: BTreeSet::new(),
            members_removed: BTreeSet::new(),
            others: BTreeSet::new(),
        };
        for member in wire.members {
            // What has no proper id cannot be looked for; that the group changed is told anyway.
            let Ok(id) = object_id(call, &member.id) else { continue };
            if member.kind.as_deref().is_some_and(|kind| kind != "#microsoft.graph.user") {
                change.others.insert(id.clone());
            }
            match member.removed {
                Some(_) => change.members_removed.insert(id),
                None => change.members_added.insert(id),
            };
        }
        Ok(change)
    }

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn merge(known: &mut Self, later: Self) {
        known.removed = later.removed.or(known.removed);
        known.name = later.name.or_else(|| known.name.take());
        known.members_added.extend(later.members_added);
        known.members_removed.extend(later.members_removed);
        known.others.extend(later.others);
    }
}

impl Change for UserChange {
    type Wire = WireUser;

    fn read(call: &Call, wire: WireUser) -> Result<Self, CallError> {
        Ok(Self {
            id: object_id(call, &wire.id)?,
            removed: wire.removed.as_ref().map(WireRemoved::read),
            employee_id: wire.employee_id,
            enabled: wire.account_enabled,
        })
    }

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn merge(known: &mut Self, later: Self) {
        known.removed = later.removed.or(known.removed);
        known.employee_id = later.employee_id.or_else(|| known.employee_id.take());
        known.enabled = later.enabled.or(known.enabled);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireGroup {
    id: String,
    display_name: Option<String>,
    #[serde(rename = "@removed")]
    removed: Option<WireRemoved>,
    #[serde(rename = "members@delta", default)]
    members: Vec<WireMember>,
}

#[derive(Deserialize)]
struct WireMember {
    id: String,
    #[serde(rename = "@odata.type")]
    kind: Option<String>,
    #[serde(rename = "@removed")]
    removed: Option<WireRemoved>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireUser {
    id: String,
    #[serde(rename = "@removed")]
    removed: Option<WireRemoved>,
    employee_id: Option<String>,
    account_enabled: Option<bool>,
}

#[derive(Deserialize)]
struct WireRemoved {
    #[serde(default)]
    reason: String,
}

impl WireRemoved {
    fn read(&self) -> Removed {
        if self.reason == "changed" { Removed::Soft } else { Removed::Purged }
    }
}
