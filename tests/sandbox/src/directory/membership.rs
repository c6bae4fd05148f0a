//! Who is in which group, directly and through nested groups.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use thiserror::Error;

use super::{AccessId, Directory, Group, What};

/// Why a membership was not changed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MembershipError {
    /// The group or the member does not exist.
    #[error("{0} does not exist")]
    Missing(String),
    /// Already a member.
    #[error("already a member")]
    Present,
    /// Not a member.
    #[error("not a member")]
    Absent,
}

impl Directory {
    /// Ids of the live groups that `oid` is in, directly or through other groups, sorted. Groups
    /// that contain each other are fine; a group that contains itself through them is listed.
    pub fn groups_of(&self, oid: &str) -> Vec<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![oid.to_owned()];
        while let Some(id) = open.pop() {
            for parent in self.direct_groups_of(&id) {
                if found.insert(parent.to_owned()) {
                    open.push(parent.to_owned());
                }
            }
        }
        found.into_iter().collect()
    }

    /// Ids of the live groups that `oid` is directly in, sorted.
    pub fn direct_groups_of<'d>(&'d self, oid: &'d str) -> impl Iterator<Item = &'d str> {
        let parents = self.parents.get(oid).into_iter().flatten();
        let parents = parents.map(String::as_str).filter(|id| self.groups.contains_key(*id));
        parents.filter(move |id| self.holds(AccessId::Member, id, oid))
    }

    /// Object ids of the live direct members of `group`, sorted.
    pub fn members_of<'d>(&'d self, group: &'d str) -> impl Iterator<Item = &'d str> {
        let members = self.groups.get(group).into_iter().flat_map(|group| &group.members);
        let members = members.map(String::as_str).filter(|id| self.principal(id).is_some());
        members.filter(move |id| self.holds(AccessId::Member, group, id))
    }

    /// Object ids of the live members of `group`, nested groups and their members included.
    pub fn transitive_members_of(&self, group: &str) -> Vec<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![group.to_owned()];
        while let Some(id) = open.pop() {
            for member in self.members_of(&id) {
                if found.insert(member.to_owned()) {
                    open.push(member.to_owned());
                }
            }
        }
        found.into_iter().collect()
    }

    /// Object ids of the live owners of `group`, sorted.
    pub fn owners_of<'d>(&'d self, group: &'d str) -> impl Iterator<Item = &'d str> {
        let owners = self.groups.get(group).into_iter().flat_map(|group| &group.owners);
        let owners = owners.map(String::as_str).filter(|id| self.principal(id).is_some());
        owners.filter(move |id| self.holds(AccessId::Owner, group, id))
    }

    /// Whether `oid` is a direct member of `group`.
    pub fn is_member(&self, group: &str, oid: &str) -> bool {
        self.groups.get(group).is_some_and(|group| group.members.contains(oid))
            && self.holds(AccessId::Member, group, oid)
    }

    /// Whether `oid` is an owner of `group`.
    pub fn is_owner(&self, group: &str, oid: &str) -> bool {
        self.groups.get(group).is_some_and(|group| group.owners.contains(oid))
            && self.holds(AccessId::Owner, group, oid)
    }

    /// Puts `member` into `group`.
    ///
    /// # Errors
    /// When one of them does not exist or it is a member already.
    pub fn add_to_group(&mut self, group: &str, member: &str) -> Result<(), MembershipError> {
        if self.principal(member).is_none() {
            return Err(MembershipError::Missing(member.to_owned()));
        }
        self.settle();
        self.forget_passed(AccessId::Member, group, member);
        let Some(into) = self.groups.get_mut(group) else {
            return Err(MembershipError::Missing(group.to_owned()));
        };
        if !into.members.insert(member.to_owned()) {
            return Err(MembershipError::Present);
        }
        self.parents.entry(member.to_owned()).or_default().insert(group.to_owned());
        self.note(What::MemberAdded { group: group.to_owned(), member: member.to_owned() });
        Ok(())
    }

    /// Takes `member` out of `group`, also if PIM keeps the membership: direct writes override it.
    ///
    /// # Errors
    /// When the group does not exist or `member` is not in it.
    pub fn remove_from_group(&mut self, group: &str, member: &str) -> Result<(), MembershipError> {
        self.settle();
        self.forget_passed(AccessId::Member, group, member);
        self.forget_active(AccessId::Member, group, member);
        let Some(from) = self.groups.get_mut(group) else {
            return Err(MembershipError::Missing(group.to_owned()));
        };
        if !from.members.remove(member) {
            return Err(MembershipError::Absent);
        }
        if let Some(parents) = self.parents.get_mut(member) {
            parents.remove(group);
        }
        self.note_left(group, member, false);
        Ok(())
    }

    /// Makes `owner` an owner of `group`.
    ///
    /// # Errors
    /// When one of them does not exist or it is an owner already.
    pub fn add_owner(&mut self, group: &str, owner: &str) -> Result<(), MembershipError> {
        if self.principal(owner).is_none() {
            return Err(MembershipError::Missing(owner.to_owned()));
        }
        self.forget_passed(AccessId::Owner, group, owner);
        let Some(into) = self.groups.get_mut(group) else {
            return Err(MembershipError::Missing(group.to_owned()));
        };
        if !into.owners.insert(owner.to_owned()) {
            return Err(MembershipError::Present);
        }
        self.note_owners(group);
        Ok(())
    }

    /// Removes `owner` from the owners of `group`.
    ///
    /// # Errors
    /// When the group does not exist or `owner` does not own it.
    pub fn remove_owner(&mut self, group: &str, owner: &str) -> Result<(), MembershipError> {
        self.forget_passed(AccessId::Owner, group, owner);
        self.forget_active(AccessId::Owner, group, owner);
        let Some(from) = self.groups.get_mut(group) else {
            return Err(MembershipError::Missing(group.to_owned()));
        };
        if !from.owners.remove(owner) {
            return Err(MembershipError::Absent);
        }
        self.note_owners(group);
        Ok(())
    }

    fn note_owners(&mut self, group: &str) {
        let owners = Map::from_iter([("owners".to_owned(), Value::Null)]);
        self.note_changed(What::GroupWritten(group.to_owned()), &Map::new(), &owners);
    }

    fn note_left(&mut self, group: &str, member: &str, purged: bool) {
        let (group, member) = (group.to_owned(), member.to_owned());
        self.note(What::MemberRemoved { group, member, purged });
    }

    pub(super) fn forget_member(&mut self, oid: &str) {
        self.settle();
        let parents = self.parents.remove(oid).unwrap_or_default();
        for id in &parents {
            if self.is_member(id, oid) {
                self.note_left(id, oid, true);
            }
        }
        self.schedules.retain(|schedule| schedule.principal != oid);
        for id in parents {
            for groups in [&mut self.groups, &mut self.deleted_groups] {
                if let Some(group) = groups.get_mut(&id) {
                    group.members.remove(oid);
                }
            }
        }
    }

    pub(super) fn forget_group(&mut self, group: &Group) {
        self.schedules.retain(|schedule| schedule.group != group.id);
        for member in &group.members {
            if let Some(parents) = self.parents.get_mut(member) {
                parents.remove(&group.id);
            }
        }
        self.forget_member(&group.id);
        self.note(What::GroupPurged(group.id.clone()));
    }
}
