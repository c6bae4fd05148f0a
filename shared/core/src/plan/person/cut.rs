//! What somebody who is cut off loses: the doors first, then everything else.

use std::collections::BTreeSet;

use super::{Planner, is_left_directly, unseen::not_visible};
use crate::{
    Holdings, Refusal, Timestamp,
    desired::Desired,
    gate::{Shut, needed_until},
    holdings::{Group, PimForm, PimMembership, User},
    ids::{ClusterName, ObjectId, PersonId},
    plan::{
        Intent,
        direct::{is_deletable, take_back},
    },
    request,
    revocation::{Forecast, Path},
    state::Standing,
};

impl<'a> Planner<'a> {
    pub(super) fn cut(&mut self, desired: &Desired, since: Timestamp) -> Result<(), Refusal> {
        let held: &'a Holdings = self.held;
        if let Some(user) = &held.user {
            self.may_shut(user)?;
            self.shut_doors(user, since);
        }
        if self.state.standing() == Standing::Left {
            self.cut_writes(since);
            self.leave_everything();
            self.disown_groups();
            self.end_everything();
            self.take_direct_access();
            self.tell_what_no_step_takes();
            self.plan.not_visible =
                not_visible(self.policy, &self.state.person, held, self.past, self.now);
            if !self.plan.intents.is_empty() {
                let forecast = Forecast::of(&Path::of(held), &self.policy.revocation);
                self.plan.forecast = Some(forecast.to_string());
            }
            if is_deletable(self.policy, self.state, held, &self.plan, self.now) {
                self.send(Intent::DeleteUser(self.person()));
            }
        } else {
            self.leave_teams();
            self.end_everything();
            if let Some(user) = &held.user {
                take_back(&mut self.plan, &self.state.person, desired, held, user);
            }
        }
        let unseen = held.unseen.iter();
        let unseen =
            unseen.map(|(cluster, why)| format!("cluster {cluster} could not be seen: {why}"));
        self.plan.residue.extend(unseen);
        Ok(())
    }

    fn shut_doors(&mut self, user: &User, since: Timestamp) {
        if user.enabled {
            self.send(Intent::DisableSignIn(self.person()));
        }
        let outlived = user.sessions_valid_from.is_none_or(|from| from < since);
        if user.guest {
            let line = "the user is a guest: sessions end with its home tenant";
            self.plan.findings.push(line.to_owned());
        } else if user.enabled || outlived {
            self.send(Intent::EndSessions(self.person()));
        }
    }

    /// Where an entry is missing or would expire before the last token.
    fn cut_writes(&mut self, since: Timestamp) {
        let life = self.policy.revocation.token_life();
        let needed = needed_until(self.held.user.as_ref(), since, self.now, life);
        let ends_early = |shut: &Shut| shut.until.is_none_or(|until| until < needed);
        if needed > self.now && self.held.cut.values().any(ends_early) {
            self.send(Intent::CutWrites(self.person()));
        }
    }

    /// Entries that a termination left which is none any more.
    pub(super) fn restore_writes(&mut self) {
        if self.held.cut.values().any(|shut| shut.listed) {
            self.send(Intent::RestoreWrites(self.person()));
        }
        if self.past.cut.is_some_and(|until| until > self.now) {
            let seen = |cluster: &&ClusterName| !self.held.cut.contains_key(*cluster);
            let unseen = self.held.unseen.iter().filter(|(cluster, _)| seen(cluster));
            let lines =
                unseen.map(|(cluster, why)| format!("cluster {cluster} could not be seen: {why}"));
            self.plan.residue.extend(lines);
        }
    }

    fn leave_everything(&mut self) {
        if self.held.groups.iter().any(is_left_directly) {
            let everything = request::LeaveGroups {
                person_id: self.id(),
                teams: BTreeSet::new(),
                everything: true,
            };
            self.send(Intent::LeaveGroups(everything));
        }
        for group in self.held.groups.iter().filter(|group| !is_left_directly(group)) {
            // What PIM can end is no residue: of a team, `end_everything` sees to it.
            if !group.writable() || self.policy.team_of_group(&group.name).is_none() {
                self.plan.residue.push(by_hand(&self.state.person, group));
            }
        }
    }

    /// Graph keeps the last owner of a group: somebody must name another first.
    fn disown_groups(&mut self) {
        let held: &'a Holdings = self.held;
        let (last, others): (Vec<_>, Vec<_>) = held.owned.iter().partition(|owned| owned.last);
        if !others.is_empty() {
            self.send(Intent::DisownGroups(self.person()));
        }
        self.plan.residue.extend(last.iter().map(|owned| owned.as_last(&self.state.person)));
    }

    /// Azure roles that PIM lets them activate, and admin credentials that they were handed.
    fn tell_what_no_step_takes(&mut self) {
        let (policy, person) = (self.policy, &self.state.person);
        let paths = Path::of(self.held);
        let told = |path: &&Path| {
            matches!(path, Path::AzureRole { eligible: true, .. } | Path::AdminCredential { .. })
        };
        let lines = paths.iter().filter(told).map(|path| match path {
            Path::AdminCredential { cluster, at } => format!(
                "{person} was handed the admin credential of {cluster} at {at}, which works until \
                 its certificates are rotated: order rotate_certificates"
            ),
            path => {
                format!(
                    "{} of {person}: end it in PIM, or ask who administers it",
                    path.told(policy)
                )
            }
        });
        self.plan.residue.extend(lines);
        let open = |path: &&Path| matches!(path, Path::AzureRole { eligible: false, doors, .. } if !doors.is_empty());
        let open = paths.iter().filter(open);
        self.plan.findings.extend(open.map(|path| format!("{} of {person}", path.told(policy))));
        let unread = self.held.unread.iter();
        self.plan.residue.extend(unread.map(|line| format!("could not be read: {line}")));
    }

    fn leave_teams(&mut self) {
        let (direct, other): (Vec<_>, Vec<_>) =
            self.held_teams().into_iter().partition(|(_, group)| is_left_directly(group));
        if !direct.is_empty() {
            let teams = direct.into_iter().map(|(team, _)| team.clone()).collect();
            self.send(Intent::LeaveGroups(self.groups(teams)));
        }
        for (_, group) in other.into_iter().filter(|(_, group)| !group.writable()) {
            self.plan.residue.push(by_hand(&self.state.person, group));
        }
    }

    /// Ends eligibility, and what leaving the groups does not end. Leaving a group directly ends
    /// a membership that PIM keeps, at once.
    fn end_everything(&mut self) {
        let is_member = |id: &ObjectId| self.held.groups.iter().any(|group| group.id == *id);
        let lingers = |held: &&PimMembership| {
            held.form == PimForm::Eligible
                || held.group.role_assignable
                || !is_member(&held.group.id)
        };
        let pim = self.held.pim.iter().filter(lingers);
        let by_pim = self.held.groups.iter().filter(|g| g.writable() && !is_left_directly(g));
        let of_teams = pim.clone().map(|held| &held.group).chain(by_pim);
        let teams: BTreeSet<_> =
            of_teams.filter_map(|group| Some(self.policy.team_of_group(&group.name)?.0)).collect();
        let foreign = pim.filter(|held| self.policy.team_of_group(&held.group.name).is_none());
        let names: BTreeSet<_> = foreign.map(|held| &held.group.name).collect();
        let residue = names.into_iter().map(|name| {
            format!("PIM still keeps something of {name} for {}: end it there", self.state.person)
        });
        self.plan.residue.extend(residue);
        let ends = teams.into_iter().map(|team| Intent::EndJustInTime(self.member(team)));
        self.plan.intents.extend(ends.collect::<Vec<_>>());
    }

    fn take_direct_access(&mut self) {
        if !self.held.assignments.is_empty() {
            self.send(Intent::RevokeRoleAssignments(self.person()));
        }
        if self.held.bindings.iter().any(|binding| !binding.reserved) {
            self.send(Intent::UnbindPerson(self.person()));
        }
    }
}

/// What a person must do about a membership that Graph does not let us write.
pub(super) fn by_hand(person: &PersonId, group: &Group) -> String {
    let how = group.by_hand().unwrap_or_default();
    format!("{person} is still in {}: {how}", group.name)
}
