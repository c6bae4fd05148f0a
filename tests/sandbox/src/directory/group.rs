//! Groups: created, changed, deleted and restored. Names are not unique.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::changes::Properties;
use super::{Directory, What};

/// A group.
#[derive(Clone)]
pub struct Group {
    /// Object id.
    pub id: String,
    /// Display name; not unique.
    pub display_name: String,
    /// Mail nickname; not unique among security groups.
    pub mail_nickname: String,
    /// Description.
    pub description: Option<String>,
    /// It can be given access.
    pub security_enabled: bool,
    /// It can hold directory roles, and needs more rights to change.
    pub role_assignable: bool,
    /// `DynamicMembership`, `Unified`.
    pub types: Vec<String>,
    /// It is written on premises only.
    pub synced: bool,
    /// `uniqueName`, the key of upserts.
    pub unique_name: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was deleted, for deleted groups.
    pub deleted: Option<Timestamp>,
    /// Every other Graph property that was set.
    pub other: Map<String, Value>,
    pub(super) members: BTreeSet<String>,
    pub(super) owners: BTreeSet<String>,
}

impl Group {
    /// Its membership follows a rule and cannot be written.
    pub fn is_dynamic(&self) -> bool {
        self.types.iter().any(|kind| kind == "DynamicMembership")
    }

    /// What can be written of it.
    fn written(&self) -> Properties {
        let mut written = self.other.clone();
        for (name, value) in [
            ("displayName", json!(self.display_name)),
            ("mailNickname", json!(self.mail_nickname)),
            ("description", json!(self.description)),
            ("securityEnabled", json!(self.security_enabled)),
            ("isAssignableToRole", json!(self.role_assignable)),
            ("groupTypes", json!(self.types)),
            ("onPremisesSyncEnabled", json!(self.synced)),
            ("uniqueName", json!(self.unique_name)),
        ] {
            written.insert(name.to_owned(), value);
        }
        written
    }
}

/// What a new group is made from.
#[derive(Clone, Default)]
pub struct NewGroup {
    /// Display name.
    pub display_name: String,
    /// Mail nickname.
    pub mail_nickname: String,
    /// Description.
    pub description: Option<String>,
    /// It can be given access.
    pub security_enabled: bool,
    /// It can hold directory roles.
    pub role_assignable: bool,
    /// `DynamicMembership`, `Unified`.
    pub types: Vec<String>,
    /// It is written on premises only.
    pub synced: bool,
    /// `uniqueName`.
    pub unique_name: Option<String>,
    /// Other Graph properties.
    pub other: Map<String, Value>,
}

impl Directory {
    /// The live group with this object id.
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.get(id)
    }

    /// The live group with this `uniqueName`.
    pub fn group_by_unique_name(&self, name: &str) -> Option<&Group> {
        self.groups.values().find(|group| group.unique_name.as_deref() == Some(name))
    }

    /// All live groups by object id.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// Creates a group without members.
    pub fn create_group(&mut self, new: NewGroup) -> &Group {
        let id = self.new_id("group", &new.display_name);
        let group = Group {
            id: id.clone(),
            display_name: new.display_name,
            mail_nickname: new.mail_nickname,
            description: new.description,
            security_enabled: new.security_enabled,
            role_assignable: new.role_assignable,
            types: new.types,
            synced: new.synced,
            unique_name: new.unique_name,
            created: self.now(),
            deleted: None,
            other: new.other,
            members: BTreeSet::new(),
            owners: BTreeSet::new(),
        };
        self.note(What::GroupWritten(id.clone()));
        self.groups.entry(id).or_insert(group)
    }

    /// Changes the live group `id`; whether there was one.
    pub fn change_group(&mut self, id: &str, change: impl FnOnce(&mut Group)) -> bool {
        let Some(group) = self.groups.get_mut(id) else { return false };
        let old = group.written();
        change(group);
        let new = group.written();
        self.note_changed(What::GroupWritten(id.to_owned()), &old, &new);
        true
    }

    /// Deletes the group `id`; restorable for 30 days if `soft`. Whether there was one.
    pub fn delete_group(&mut self, id: &str, soft: bool) -> bool {
        let Some(mut group) = self.groups.remove(id) else { return false };
        if soft {
            group.deleted = Some(self.now());
            self.deleted_groups.insert(id.to_owned(), group);
            self.note(What::GroupDeleted(id.to_owned()));
        } else {
            self.forget_group(&group);
        }
        true
    }

    /// Groups deleted less than 30 days ago.
    pub fn deleted_groups(&self) -> impl Iterator<Item = &Group> {
        self.deleted_groups.values().filter(|group| self.restorable(group.deleted))
    }

    /// Restores the deleted group `id` with its members; `None` when there is none.
    pub fn restore_group(&mut self, id: &str) -> Option<&Group> {
        self.deleted_groups.get(id).filter(|group| self.restorable(group.deleted))?;
        let mut group = self.deleted_groups.remove(id)?;
        group.deleted = None;
        self.note(What::GroupWritten(id.to_owned()));
        Some(self.groups.entry(id.to_owned()).or_insert(group))
    }

    /// Removes the deleted group `id` for good; whether there was one.
    pub fn purge_group(&mut self, id: &str) -> bool {
        let Some(group) = self.deleted_groups.remove(id) else { return false };
        self.forget_group(&group);
        true
    }
}
