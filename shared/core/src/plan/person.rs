//! From what one person holds to what they should hold.

mod cut;
mod unseen;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Holdings, Plan, Policy, Refusal, Timestamp,
    desired::{Account, Desired},
    drift::{Found, Past, SHUT_BY_HAND, of_person},
    holdings::{Group, PimForm, User},
    ids::{ClusterName, PersonId, Reference, TeamName},
    invariants::{Admins, check_principal, may_remove_admin},
    plan::{Held, Intent, Place, direct::plan_grants, place_in_team},
    policy::same_group,
    request,
    state::PersonState,
};

/// Plans what brings a person's holdings to what the policy gives them.
///
/// Somebody who is cut off loses sign-in and sessions first, then everything else; somebody on
/// leave loses the memberships that the policy gave and keeps the rest. Of a mover, memberships
/// that nothing justifies any more are left before new ones are joined. Azure roles and bindings
/// that name an active person directly are the cluster's plan's to judge, except the bindings
/// that Latchkey made for `grants`. A membership that no fact ever justified came about behind our
/// back: its team's `drift` says whether it is left, told or excepted. Long after everything was taken from a leaver, the user is
/// deleted ([`People::delete_at`](crate::policy::People::delete_at)).
///
/// `admins` tells who can administer each cluster ([`Policy::admin_groups`]). A leaver who is
/// among the last of them keeps everything until an operator appoints another: a cluster that
/// nobody can administer cannot be mended, a late revocation can. A mover keeps only the
/// membership in question, and the refusal is left as residue.
///
/// An account that somebody else disabled is not enabled again, and that is told.
///
/// # Errors
/// - [`Refusal::Protected`] when there is something to do to a break-glass principal.
/// - [`Refusal::LastAdmins`] when a cluster would lose one of its last admins.
/// - [`Refusal::UnsafeCluster`] when the person is an admin of a cluster `admins` lacks.
/// - [`Refusal::NoUser`] when an active person has no user and the policy creates none;
///   [`Refusal::Field`] when it would but HR did not say the user principal name.
pub fn plan_person(
    policy: &Policy,
    state: &PersonState,
    held: &Holdings,
    past: Past<'_>,
    admins: &[Admins],
    now: Timestamp,
) -> Result<Plan, Refusal> {
    let desired = Desired::of(policy, state, now);
    let mut planner = Planner { policy, state, held, past, admins, now, plan: Plan::default() };
    match desired.account {
        Account::Enabled => planner.active(&desired)?,
        Account::Disabled { since } => planner.cut(&desired, since)?,
        Account::Untouched => {}
    }
    let mut plan = planner.plan;
    if let Some(user) = held.user.as_ref().filter(|_| !plan.intents.is_empty()) {
        check_principal(policy, &user.id)?;
    }
    plan.findings.extend(desired.findings);
    Ok(plan)
}

struct Planner<'a> {
    policy: &'a Policy,
    state: &'a PersonState,
    held: &'a Holdings,
    past: Past<'a>,
    admins: &'a [Admins],
    now: Timestamp,
    plan: Plan,
}

impl<'a> Planner<'a> {
    fn active(&mut self, desired: &Desired) -> Result<(), Refusal> {
        let held: &'a Holdings = self.held;
        let Some(user) = &held.user else {
            self.may_create()?;
            // The rest follows when the user is there.
            self.send(Intent::CreateUser(self.person()));
            return Ok(());
        };
        match (user.enabled, self.past.open) {
            (true, _) => {}
            (false, false) => self.send(Intent::CreateUser(self.person())),
            (false, true) => self.plan.findings.push(SHUT_BY_HAND.to_owned()),
        }
        self.restore_writes();
        let mut places = self.places(desired);
        self.leave_alone(user, &mut places);
        let mut leave = Vec::new();
        for (team, group, place) in &places {
            if place.leave && !group.is_some_and(|group| group.role_assignable) {
                leave.extend(group.map(|group| ((*team).clone(), group)));
            }
        }
        let leave = self.leave(user, leave)?;
        if !leave.is_empty() {
            self.send(Intent::LeaveGroups(self.groups(leave)));
        }
        self.end_just_in_time(user, &places)?;
        self.join(&places);
        self.give_just_in_time(places);
        plan_grants(&mut self.plan, &self.state.person, desired, self.held, user);
        Ok(())
    }

    /// Every team that the person holds or should hold anything of, with its group where that is
    /// seen, and what is to be done.
    fn places(&self, desired: &Desired) -> Vec<(&'a TeamName, Option<&'a Group>, Place)> {
        let (policy, held): (&'a Policy, &'a Holdings) = (self.policy, self.held);
        let groups: BTreeMap<_, _> =
            self.pim_teams().into_iter().chain(self.held_teams()).collect();
        let place = |team: &'a TeamName| {
            let group = groups.get(team).copied();
            let held = group.map_or_else(Held::default, |group| Held::of(held, group));
            let place = place_in_team(policy, team, desired, held, self.now);
            (place != Place::default()).then_some((team, group, place))
        };
        policy.teams.keys().filter_map(place).collect()
    }

    /// A membership that came about behind our back stays where its team's policy wants it told or
    /// excepted.
    fn leave_alone(&mut self, user: &User, places: &mut [(&TeamName, Option<&'a Group>, Place)]) {
        let unjustified = |place: &Place| place.leave || place.end_grant;
        let members = places.iter().filter(|(.., place)| unjustified(place));
        let members = members.filter_map(|(team, group, _)| Some((*team, (*group)?)));
        let person = &self.state.person;
        let judged = of_person(self.policy, person, user, members, self.past, self.now);
        for (_, group, place) in places.iter_mut() {
            let found = group.map(|group| Found::member(&group.id, &user.id));
            if judged.keep.iter().any(|kept| Some(&kept.found) == found.as_ref()) {
                (place.leave, place.end_grant) = (false, false);
            }
        }
        self.plan.findings.extend(judged.findings);
        self.plan.drift.extend(judged.news);
    }

    fn join(&mut self, places: &[(&TeamName, Option<&Group>, Place)]) {
        let lacking = places.iter().filter(|(.., place)| place.join);
        let teams: BTreeSet<_> = lacking.map(|(team, ..)| (*team).clone()).collect();
        if !teams.is_empty() {
            self.send(Intent::JoinGroups(request::JoinGroups { person_id: self.id(), teams }));
        }
    }

    /// Ends what nothing justifies. Membership of a role-assignable group ends through PIM too.
    fn end_just_in_time(
        &mut self,
        user: &User,
        places: &[(&'a TeamName, Option<&'a Group>, Place)],
    ) -> Result<(), Refusal> {
        for (team, group, place) in places {
            let Some(group) = group else { continue };
            let leave = place.leave && group.role_assignable;
            if !(place.end_grant || place.end_eligibility || leave) {
                continue;
            }
            // The step ends what is in force along with the eligibility.
            let in_force = self.held.pim_of(&group.id, PimForm::Active).is_some();
            if place.end_grant || leave || in_force {
                self.check_observed(user)?;
                if let Err(refusal) = self.may_leave(user, group) {
                    self.plan.residue.push(format!("stays in {}: {refusal}", group.name));
                    continue;
                }
            }
            self.send(Intent::EndJustInTime(self.member(team)));
        }
        Ok(())
    }

    fn give_just_in_time(&mut self, places: Vec<(&TeamName, Option<&Group>, Place)>) {
        for (team, _, place) in places {
            if place.make_eligible {
                self.send(Intent::MakeEligible(self.member(team)));
            }
            let Some(asked) = place.grant else { continue };
            let Ok(reference) = Reference::new(asked.case.as_str()) else { continue };
            self.send(Intent::GrantJustInTime(request::JustInTime {
                person_id: self.id(),
                team: team.clone(),
                until: asked.until,
                reference,
            }));
        }
    }

    fn member(&self, team: &TeamName) -> request::TeamMember {
        request::TeamMember { person_id: self.id(), team: team.clone() }
    }

    fn may_create(&self) -> Result<(), Refusal> {
        if !self.policy.people.create {
            return Err(Refusal::NoUser { person: self.id() });
        }
        let upn = self.state.identity().and_then(|a| a.user_principal_name.as_ref());
        upn.map(|_| ()).ok_or_else(|| Refusal::Field {
            field: "data.attributes.userPrincipalName".to_owned(),
            why: "it is needed to create the Entra user".to_owned(),
        })
    }

    /// Whether no cluster loses one of its last usable admins.
    fn may_shut(&self, user: &User) -> Result<(), Refusal> {
        self.check_observed(user)?;
        self.admins.iter().try_for_each(|admins| may_remove_admin(self.policy, admins, &user.id))
    }

    /// An enabled member of an admin group is an admin: not having looked is no leave to go on.
    fn check_observed(&self, user: &User) -> Result<(), Refusal> {
        let seen =
            |cluster: &ClusterName| self.admins.iter().any(|admins| admins.cluster == *cluster);
        let unseen = self.policy.clusters.keys().filter(|cluster| !seen(cluster));
        let admin_of = unseen.filter(|cluster| {
            let groups = self.policy.admin_groups(cluster);
            self.held.groups.iter().any(|g| groups.iter().any(|name| same_group(name, &g.name)))
        });
        match admin_of.filter(|_| user.enabled).min() {
            None => Ok(()),
            Some(cluster) => Err(Refusal::UnsafeCluster {
                cluster: cluster.clone(),
                why: "who else can administer it was not observed".to_owned(),
            }),
        }
    }

    /// Which of these an active person may leave; the others become residue.
    fn leave(
        &mut self,
        user: &User,
        excess: Vec<(TeamName, &Group)>,
    ) -> Result<BTreeSet<TeamName>, Refusal> {
        if !excess.is_empty() {
            self.check_observed(user)?;
        }
        let mut leave = BTreeSet::new();
        for (team, group) in excess {
            if !group.writable() {
                self.plan.residue.push(cut::by_hand(&self.state.person, group));
            } else if let Err(refusal) = self.may_leave(user, group) {
                self.plan.residue.push(format!("stays in {}: {refusal}", group.name));
            } else {
                leave.insert(team);
            }
        }
        Ok(leave)
    }

    /// Whether leaving a group takes none of the last admins from a cluster.
    fn may_leave(&self, user: &User, group: &Group) -> Result<(), Refusal> {
        let makes_admin = |admins: &&Admins| {
            let groups = self.policy.admin_groups(&admins.cluster);
            groups.iter().any(|name| same_group(name, &group.name))
        };
        let mut touched = self.admins.iter().filter(makes_admin);
        touched.try_for_each(|admins| may_remove_admin(self.policy, admins, &user.id))
    }

    /// Teams of which PIM keeps something for the person.
    fn pim_teams(&self) -> Vec<(&'a TeamName, &'a Group)> {
        let (policy, pim) = (self.policy, self.held.pim.iter().map(|held| &held.group));
        pim.filter_map(|g| Some((policy.team_of_group(&g.name)?.0, g))).collect()
    }

    /// Teams whose groups the person is in.
    fn held_teams(&self) -> Vec<(&'a TeamName, &'a Group)> {
        let (policy, groups) = (self.policy, self.held.groups.iter());
        groups.filter_map(|g| Some((policy.team_of_group(&g.name)?.0, g))).collect()
    }

    fn send(&mut self, intent: Intent) {
        self.plan.intents.push(intent);
    }

    fn id(&self) -> PersonId {
        self.state.person.clone()
    }

    fn person(&self) -> request::Person {
        request::Person { person_id: self.id() }
    }

    fn groups(&self, teams: BTreeSet<TeamName>) -> request::LeaveGroups {
        request::LeaveGroups { person_id: self.id(), teams, everything: false }
    }
}

/// Whether a membership is ended by an ordinary write, whoever gave it.
fn is_left_directly(group: &Group) -> bool {
    group.writable() && !group.role_assignable
}
