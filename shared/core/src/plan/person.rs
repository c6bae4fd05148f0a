//! From what one person holds to what they should hold.

use std::collections::BTreeSet;

use crate::{
    Holdings, Plan, Policy, Refusal, Timestamp,
    desired::{Account, Desired},
    holdings::{Group, User},
    ids::{ClusterName, PersonId, TeamName},
    invariants::{Admins, check_principal, may_remove_admin},
    plan::{
        Intent,
        direct::{is_deletable, plan_grants, take_back},
    },
    policy::same_group,
    request,
    state::{PersonState, Standing},
};

/// Plans what brings a person's holdings to what the policy gives them.
///
/// Somebody who is cut off loses sign-in and sessions first, then everything else; somebody on
/// leave loses the memberships that the policy gave and keeps the rest. Of a mover, memberships
/// that nothing justifies any more are left before new ones are joined. Azure roles and bindings
/// that name an active person directly are somebody else's decision and stay, except the bindings
/// that Latchkey made for `grants`. Long after everything was taken from a leaver, the user is
/// deleted ([`People::delete_at`](crate::policy::People::delete_at)).
///
/// `admins` tells who can administer each cluster ([`Policy::admin_groups`]). A leaver who is
/// among the last of them keeps everything until an operator appoints another: a cluster that
/// nobody can administer cannot be mended, a late revocation can. A mover keeps only the
/// membership in question, and the refusal is left as residue.
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
    admins: &[Admins],
    now: Timestamp,
) -> Result<Plan, Refusal> {
    let desired = Desired::of(policy, state, now);
    let mut planner = Planner { policy, state, held, admins, plan: Plan::default() };
    match desired.account {
        Account::Enabled => planner.active(&desired)?,
        Account::Disabled { since } => planner.cut(&desired, since, now)?,
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
    admins: &'a [Admins],
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
        if !user.enabled {
            self.send(Intent::CreateUser(self.person()));
        }
        let is_desired = |team: &TeamName| desired.teams.contains_key(team);
        let held = self.held_teams();
        let excess = held.iter().filter(|(team, _)| !is_desired(team));
        let excess: Vec<_> = excess.map(|(team, group)| ((*team).clone(), *group)).collect();
        let leave = self.leave(user, excess)?;
        if !leave.is_empty() {
            self.send(Intent::LeaveGroups(self.groups(leave)));
        }
        let lacks = |team: &&TeamName| !held.iter().any(|(held, _)| held == team);
        let teams: BTreeSet<_> = desired.teams.keys().filter(lacks).cloned().collect();
        if !teams.is_empty() {
            self.send(Intent::JoinGroups(request::JoinGroups { person_id: self.id(), teams }));
        }
        plan_grants(&mut self.plan, &self.state.person, desired, self.held, user);
        Ok(())
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

    fn cut(&mut self, desired: &Desired, since: Timestamp, now: Timestamp) -> Result<(), Refusal> {
        let held: &'a Holdings = self.held;
        if let Some(user) = &held.user {
            self.may_shut(user)?;
            self.shut_doors(user, since);
        }
        if self.state.standing() == Standing::Left {
            self.leave_everything();
            self.take_direct_access();
            if is_deletable(self.policy, self.state, held, &self.plan, now) {
                self.send(Intent::DeleteUser(self.person()));
            }
        } else {
            self.leave_teams();
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

    fn leave_everything(&mut self) {
        let (writable, fixed): (Vec<_>, Vec<_>) =
            self.held.groups.iter().partition(|group| group.writable());
        if !writable.is_empty() {
            let everything = request::LeaveGroups {
                person_id: self.id(),
                teams: BTreeSet::new(),
                everything: true,
            };
            self.send(Intent::LeaveGroups(everything));
        }
        for group in fixed {
            self.plan.residue.push(by_hand(&self.state.person, group));
        }
    }

    fn leave_teams(&mut self) {
        let (writable, fixed): (Vec<_>, Vec<_>) =
            self.held_teams().into_iter().partition(|(_, group)| group.writable());
        if !writable.is_empty() {
            let teams = writable.into_iter().map(|(team, _)| team.clone()).collect();
            self.send(Intent::LeaveGroups(self.groups(teams)));
        }
        for (_, group) in fixed {
            self.plan.residue.push(by_hand(&self.state.person, group));
        }
    }

    fn take_direct_access(&mut self) {
        if !self.held.assignments.is_empty() {
            self.send(Intent::RevokeRoleAssignments(self.person()));
        }
        if self.held.bindings.iter().any(|binding| !binding.reserved) {
            self.send(Intent::UnbindPerson(self.person()));
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
                self.plan.residue.push(by_hand(&self.state.person, group));
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

/// What a person must do about a membership that Graph does not let us write.
fn by_hand(person: &PersonId, group: &Group) -> String {
    let how = if group.dynamic {
        "its members follow a rule: change the attribute that the rule looks at"
    } else {
        "its members come from the on-premises directory: take the member out there"
    };
    format!("{person} is still in {}: {how}", group.name)
}
