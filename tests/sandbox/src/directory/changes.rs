//! Everything that was ever changed about users, groups and memberships, in order.
//!
//! Change notifications, delta queries and the audit log all read from here, so that none of them
//! can know of a change that the others do not.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::sync::RwLockWriteGuard;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::{AccessId, Directory, Form};
use crate::door::Caller;

/// One change that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its place in the log, counted from 1.
    pub seq: u64,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it through a service; none for a test's own hand and for what time alone did.
    pub by: Option<Caller>,
    /// What was changed.
    pub what: What,
    /// The Graph names of the properties that were changed; none when the object is new, came back
    /// or is gone, so that every property counts as changed.
    pub properties: Option<BTreeSet<String>>,
}

/// What a change did; ids are object ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A user was created, changed or restored.
    UserWritten(String),
    /// A user was deleted and can be restored; the memberships are kept and say nothing of it.
    UserDeleted(String),
    /// A user is gone for good.
    UserPurged(String),
    /// A group was created, restored, or changed in its properties or owners.
    GroupWritten(String),
    /// A group was deleted and can be restored.
    GroupDeleted(String),
    /// A group is gone for good.
    GroupPurged(String),
    /// A member came into a group.
    MemberAdded {
        /// The group.
        group: String,
        /// Who came.
        member: String,
    },
    /// A member left a group.
    MemberRemoved {
        /// The group.
        group: String,
        /// Who left.
        member: String,
        /// Because the member itself is gone for good.
        purged: bool,
    },
}

/// Properties by their Graph names.
pub(super) type Properties = Map<String, Value>;

/// The log, and who is writing to it.
pub(super) struct ChangeLog {
    entries: Vec<Change>,
    actor: Option<Caller>,
    /// Memberships for a time (group, member) that the log says hold.
    timed: BTreeSet<(String, String)>,
    grown: watch::Sender<u64>,
}

impl Default for ChangeLog {
    fn default() -> ChangeLog {
        ChangeLog {
            entries: Vec::new(),
            actor: None,
            timed: BTreeSet::new(),
            grown: watch::Sender::new(0),
        }
    }
}

/// The directory while somebody writes to it; changes are noted as theirs.
pub struct Acting<'a>(RwLockWriteGuard<'a, Directory>);

impl<'a> Acting<'a> {
    /// Notes what is changed through `directory` as made by `caller`.
    pub fn new(mut directory: RwLockWriteGuard<'a, Directory>, caller: Caller) -> Acting<'a> {
        // What time did before is nobody's doing.
        directory.settle();
        directory.log.actor = Some(caller);
        Acting(directory)
    }
}

impl Deref for Acting<'_> {
    type Target = Directory;

    fn deref(&self) -> &Directory {
        &self.0
    }
}

impl DerefMut for Acting<'_> {
    fn deref_mut(&mut self) -> &mut Directory {
        &mut self.0
    }
}

impl Drop for Acting<'_> {
    fn drop(&mut self) {
        self.0.log.actor = None;
    }
}

impl Directory {
    /// The changes after the one numbered `seq`, oldest first; 0 is before the first. Memberships
    /// that began or ended by time since the last write are among them.
    pub fn changes_since(&mut self, seq: u64) -> &[Change] {
        self.settle();
        let from = usize::try_from(seq).unwrap_or(usize::MAX).min(self.log.entries.len());
        &self.log.entries[from..]
    }

    /// Every change noted so far, oldest first; [`last_change`](Self::last_change) notes those that
    /// time brought.
    pub fn changes(&self) -> &[Change] {
        &self.log.entries
    }

    /// The number of the newest change, 0 when there was none.
    pub fn last_change(&mut self) -> u64 {
        self.settle();
        self.log.entries.len() as u64
    }

    /// Tells the number of the newest change each time one is noted. A membership that begins or
    /// ends by time is noted when somebody asks for changes or writes.
    pub fn changing(&self) -> watch::Receiver<u64> {
        self.log.grown.subscribe()
    }

    pub(super) fn note(&mut self, what: What) {
        let (at, by) = (self.now(), self.log.actor.clone());
        self.append(at, by, what, None);
    }

    /// Notes a change of some properties: those that are not the same in both.
    pub(super) fn note_changed(&mut self, what: What, old: &Properties, new: &Properties) {
        let (at, by) = (self.now(), self.log.actor.clone());
        let names = old.keys().chain(new.keys());
        let changed = names.filter(|name| old.get(*name) != new.get(*name)).cloned().collect();
        self.append(at, by, what, Some(changed));
    }

    fn append(
        &mut self,
        at: Timestamp,
        by: Option<Caller>,
        what: What,
        properties: Option<BTreeSet<String>>,
    ) {
        let seq = self.log.entries.len() as u64 + 1;
        self.log.entries.push(Change { seq, at, by, what, properties });
        self.log.grown.send_replace(seq);
    }

    /// Whether the log says that the membership for a time holds, from now on.
    pub(super) fn note_timed(&mut self, group: &str, member: &str, holds: bool) {
        let key = (group.to_owned(), member.to_owned());
        if holds {
            self.log.timed.insert(key)
        } else {
            self.log.timed.remove(&key)
        };
    }

    /// Notes the memberships that began or ended by time since this was done last.
    pub(super) fn settle(&mut self) {
        let now = self.now();
        let mut due = Vec::new();
        for schedule in &self.schedules {
            let timed = schedule.form == Form::Active && schedule.access == AccessId::Member;
            if !timed || !self.groups.contains_key(&schedule.group) {
                continue;
            }
            let (group, member) = (schedule.group.clone(), schedule.principal.clone());
            let key = (group.clone(), member.clone());
            match (self.log.timed.contains(&key), schedule.in_force(now)) {
                (false, true) => {
                    due.push((schedule.starts, key, What::MemberAdded { group, member }));
                }
                (true, false) => {
                    let what = What::MemberRemoved { group, member, purged: false };
                    due.push((schedule.ends.unwrap_or(now), key, what));
                }
                (true, true) | (false, false) => {}
            }
        }
        due.sort_by_key(|(at, ..)| *at);
        for (at, (group, member), what) in due {
            self.note_timed(&group, &member, matches!(what, What::MemberAdded { .. }));
            self.append(at, None, what, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::RwLock;

    use jiff::SignedDuration;

    use super::*;
    use crate::directory::{NewGroup, Schedule};
    use crate::{Clock, Config};

    struct Tenant {
        clock: Clock,
        directory: Directory,
        alex: String,
        team: String,
    }

    fn tenant() -> Tenant {
        let clock = Clock::still("2026-09-01T08:00:00Z".parse().expect("a timestamp"));
        let mut directory = Directory::new(&Config::default(), clock.clone());
        let alex = directory.add_user("alex");
        let new = NewGroup { display_name: "team".to_owned(), ..NewGroup::default() };
        let team = directory.create_group(new).id.clone();
        Tenant { clock, directory, alex, team }
    }

    impl Tenant {
        fn since(&mut self, seq: u64) -> Vec<What> {
            self.directory.changes_since(seq).iter().map(|change| change.what.clone()).collect()
        }

        fn added(&self) -> What {
            What::MemberAdded { group: self.team.clone(), member: self.alex.clone() }
        }

        fn removed(&self, purged: bool) -> What {
            let (group, member) = (self.team.clone(), self.alex.clone());
            What::MemberRemoved { group, member, purged }
        }
    }

    #[test]
    fn every_write_is_noted_once_and_what_changes_nothing_is_not() {
        let mut tenant = tenant();
        let (alex, team) = (tenant.alex.clone(), tenant.team.clone());
        let written = [What::UserWritten(alex.clone()), What::GroupWritten(team.clone())];
        assert_eq!(tenant.since(0), written);
        tenant.directory.add_to_group(&team, &alex).expect("both exist");
        tenant.directory.add_to_group(&team, &alex).expect_err("it is a member already");
        assert_eq!(tenant.since(2), [tenant.added()]);
        tenant.directory.delete_user(&alex);
        tenant.directory.purge_user(&alex);
        let gone =
            [What::UserDeleted(alex.clone()), tenant.removed(true), What::UserPurged(alex.clone())];
        assert_eq!(tenant.since(3), gone);
        assert_eq!(tenant.directory.last_change(), 6);
    }

    #[test]
    fn a_membership_for_a_time_is_noted_when_it_begins_and_when_it_ends() {
        let mut tenant = tenant();
        let starts = tenant.clock.now() + SignedDuration::from_hours(1);
        let ends = starts + SignedDuration::from_hours(8);
        let schedule = Schedule {
            id: "one".to_owned(),
            group: tenant.team.clone(),
            principal: tenant.alex.clone(),
            access: AccessId::Member,
            form: Form::Active,
            created_using: "request".to_owned(),
            created: tenant.clock.now(),
            modified: None,
            starts,
            ends: Some(ends),
            activated_using: None,
        };
        tenant.directory.put_schedule(schedule).expect("both exist");
        assert_eq!(tenant.since(2), [], "it has not begun");
        tenant.clock.advance(SignedDuration::from_hours(2));
        assert_eq!(tenant.since(2), [tenant.added()]);
        tenant.clock.advance(SignedDuration::from_hours(20));
        assert_eq!(tenant.since(3), [tenant.removed(false)]);
        assert_eq!(tenant.directory.changes_since(3)[0].at, ends);
        assert_eq!(tenant.since(4), [], "and once only");
    }

    #[test]
    fn a_change_names_who_made_it_and_the_next_one_does_not() {
        let Tenant { directory, team, .. } = tenant();
        let directory = RwLock::new(directory);
        let caller = Caller {
            oid: "someone".to_owned(),
            app_id: None,
            upn: None,
            groups: Vec::new(),
            roles: Vec::new(),
            audience: String::new(),
            is_app: false,
            function: None,
        };
        let guard = directory.write().expect("not poisoned");
        Acting::new(guard, caller.clone()).change_group(&team, |_| {});
        directory.write().expect("not poisoned").change_group(&team, |_| {});
        let mut directory = directory.into_inner().expect("not poisoned");
        let by: Vec<_> =
            directory.changes_since(2).iter().map(|change| change.by.clone()).collect();
        assert_eq!(by, [Some(caller), None]);
    }
}
