//! Memberships of people that HR knows: what becomes of those that nothing justifies.

use super::{Found, Judged, Story, Stray, judge};
use crate::{
    Policy, Timestamp,
    desired::Desired,
    fact::Fact,
    holdings::{Group, User},
    ids::{PersonId, TeamName},
    policy::{OF_PEOPLE, OnDrift},
    state::PersonState,
};

/// What the ledger tells of a person beside how they stand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Past<'a> {
    /// Every fact, in the order of recording.
    pub facts: &'a [Fact],
    /// What was found before.
    pub story: Option<&'a Story>,
    /// Sign-in was seen open since Latchkey last shut it: if it is shut now, somebody else did that.
    pub open: bool,
    /// Until when an entry may stand that refuses the person's writes.
    pub cut: Option<Timestamp>,
}

/// Whoever disabled an account had a reason that HR may not know of.
pub(crate) const SHUT_BY_HAND: &str =
    "sign-in was disabled by somebody else and stays so until an operator orders create_user";

impl Past<'_> {
    /// Whether the facts ever gave the person a place in the team, as far as they were known at the
    /// time: then what is left of it is no drift, but a move that is not finished.
    pub(crate) fn ever_gave(
        &self,
        policy: &Policy,
        person: &PersonId,
        team: &TeamName,
        now: Timestamp,
    ) -> bool {
        let told = |known: usize| &self.facts[..known];
        (1..=self.facts.len()).map(told).any(|facts| {
            let instants = facts.iter().flat_map(|fact| [fact.effective, fact.recorded]);
            instants.filter(|at| *at <= now).any(|at| {
                let desired = Desired::of(policy, &PersonState::of(person, facts, at), at);
                desired.justifies(team) || desired.eligible.contains_key(team)
            })
        })
    }
}

/// What becomes of memberships of an active person that nothing justifies. Each team's policy
/// speaks for its own. What the facts once gave is not judged: it is to be left.
pub(crate) fn of_person<'a>(
    policy: &Policy,
    person: &PersonId,
    user: &User,
    members: impl IntoIterator<Item = (&'a TeamName, &'a Group)>,
    past: Past<'_>,
    now: Timestamp,
) -> Judged {
    let is_new = |(team, _): &(&TeamName, &Group)| !past.ever_gave(policy, person, team, now);
    let strays = members.into_iter().filter(is_new).map(|(team, group)| Stray {
        found: Found::member(&group.id, &user.id),
        what: format!("{person} in group {}", group.name),
        rule: rule(policy, team),
        by_hand: (!group.writable()).then(String::new),
    });
    let strays: Vec<_> = strays.collect();
    let empty = Story::default();
    let story = past.story.unwrap_or(&empty);
    // What cannot be written is told with every other group that the person must be taken out of.
    Judged { residue: Vec::new(), ..judge(None, &strays, story, |_| true, now) }
}

fn rule(policy: &Policy, team: &TeamName) -> OnDrift {
    policy.teams.get(team).and_then(|team| team.drift.clone()).unwrap_or(OF_PEOPLE)
}
