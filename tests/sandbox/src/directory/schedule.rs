//! Memberships and ownerships that hold for a time or can be asked for: what PIM for Groups keeps.
//!
//! An active schedule in force *is* a membership: it is in the group's members, and the clock
//! takes it out again, so that nobody has to sweep.

use jiff::{SignedDuration, Timestamp};

use super::{Directory, MembershipError};

/// What a schedule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessId {
    /// Being a member.
    Member,
    /// Being an owner.
    Owner,
}

/// Whether a schedule is in force by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// It gives the membership.
    Active,
    /// It lets the principal activate one.
    Eligible,
}

/// One assignment in time.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// `{group}_{access}_{guid}`.
    pub id: String,
    /// The group.
    pub group: String,
    /// Who.
    pub principal: String,
    /// Member or owner.
    pub access: AccessId,
    /// Active or eligible.
    pub form: Form,
    /// The request that made it.
    pub created_using: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub modified: Option<Timestamp>,
    /// From when it holds.
    pub starts: Timestamp,
    /// Until when; for ever when none.
    pub ends: Option<Timestamp>,
    /// The eligibility that was activated, for activations.
    pub activated_using: Option<String>,
}

impl Schedule {
    /// Whether it holds at `now`.
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.starts <= now && !self.is_over(now)
    }

    /// Whether it held and holds no more.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ends.is_some_and(|end| end <= now)
    }

    /// How long it has held.
    pub fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.starts)
    }

    fn gives(&self, access: AccessId, group: &str, principal: &str) -> bool {
        self.form == Form::Active && self.is_of(access, group, principal)
    }

    /// Whether it is about this access of this principal.
    pub fn is_of(&self, access: AccessId, group: &str, principal: &str) -> bool {
        self.access == access && self.group == group && self.principal == principal
    }
}

impl Directory {
    /// Schedules that hold or will hold.
    pub fn schedules(&self, form: Form) -> impl Iterator<Item = &Schedule> {
        let now = self.now();
        self.schedules.iter().filter(move |s| s.form == form && !s.is_over(now))
    }

    /// The schedule of this form, access and principal that holds or will hold.
    pub fn schedule(
        &self,
        form: Form,
        access: AccessId,
        group: &str,
        principal: &str,
    ) -> Option<&Schedule> {
        self.schedules(form).find(|s| s.is_of(access, group, principal))
    }

    /// Keeps a schedule in place of any other of its form, access and principal. An active one
    /// takes the place of an ordinary membership.
    ///
    /// # Errors
    /// When the group or the principal does not exist.
    pub fn put_schedule(&mut self, schedule: Schedule) -> Result<(), MembershipError> {
        let Schedule { group, principal, access, form, .. } = &schedule;
        let (access, form) = (*access, *form);
        if self.principal(principal).is_none() {
            return Err(MembershipError::Missing(principal.clone()));
        }
        if self.group(group).is_none() {
            return Err(MembershipError::Missing(group.clone()));
        }
        self.settle();
        let holds = self.is_member(group, principal);
        self.schedules.retain(|s| s.form != form || !s.is_of(access, group, principal));
        if form == Form::Active {
            if access == AccessId::Member {
                self.note_timed(group, principal, holds);
            }
            self.write_edge(access, group, principal);
        }
        self.schedules.push(schedule);
        self.settle();
        Ok(())
    }

    /// Ends a schedule of PIM, and with an active one the membership it gave. An ordinary
    /// membership is ended as well. Whether there was either.
    pub fn end_schedule(
        &mut self,
        form: Form,
        access: AccessId,
        group: &str,
        principal: &str,
    ) -> bool {
        self.settle();
        let eligible = self.schedule(Form::Eligible, access, group, principal).is_some();
        match (form, access) {
            (Form::Active, AccessId::Member) => {
                let pending = self.forget_active(access, group, principal);
                self.remove_from_group(group, principal).is_ok() || pending
            }
            (Form::Active, AccessId::Owner) => {
                let pending = self.forget_active(access, group, principal);
                self.remove_owner(group, principal).is_ok() || pending
            }
            (Form::Eligible, _) => {
                self.schedules.retain(|s| s.form != form || !s.is_of(access, group, principal));
                eligible
            }
        }
    }

    /// Whether what the sets hold is in force: an ordinary edge always, one of PIM in its time.
    pub(super) fn holds(&self, access: AccessId, group: &str, principal: &str) -> bool {
        let now = self.now();
        let mut limits = self.schedules.iter().filter(|s| s.gives(access, group, principal));
        limits.next().is_none_or(|schedule| schedule.in_force(now))
    }

    /// Forgets the active schedule, so that what the sets hold is ordinary again; whether there
    /// was one that only would have held.
    pub(super) fn forget_active(&mut self, access: AccessId, group: &str, principal: &str) -> bool {
        let now = self.now();
        let at = self.schedules.iter().position(|s| s.gives(access, group, principal));
        let Some(schedule) = at.map(|at| self.schedules.remove(at)) else { return false };
        if !schedule.in_force(now) {
            self.erase_edge(access, group, principal);
        }
        schedule.starts > now
    }

    /// Forgets an active schedule that does not hold (yet or any more), with what the sets hold.
    pub(super) fn forget_passed(&mut self, access: AccessId, group: &str, principal: &str) {
        if !self.holds(access, group, principal) {
            self.forget_active(access, group, principal);
        }
    }

    fn write_edge(&mut self, access: AccessId, group: &str, principal: &str) {
        let Some(into) = self.groups.get_mut(group) else { return };
        match access {
            AccessId::Owner => drop(into.owners.insert(principal.to_owned())),
            AccessId::Member => {
                into.members.insert(principal.to_owned());
                let parents = self.parents.entry(principal.to_owned()).or_default();
                parents.insert(group.to_owned());
            }
        }
    }

    fn erase_edge(&mut self, access: AccessId, group: &str, principal: &str) {
        let Some(from) = self.groups.get_mut(group) else { return };
        match access {
            AccessId::Owner => drop(from.owners.remove(principal)),
            AccessId::Member => {
                from.members.remove(principal);
                if let Some(parents) = self.parents.get_mut(principal) {
                    parents.remove(group);
                }
            }
        }
    }
}
