//! Which people, teams and clusters of ours a round touches.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use latchkey_azure::{
    Object,
    graph::{GroupChange, UserChange},
};
use latchkey_core::{
    ClusterName, GroupName, ObjectId, PersonId, Policy, TeamName, message::About, policy::Matching,
    state::Standing,
};

use super::{
    Changes, Round, links,
    nested::{self, Governed, clusters_of, teams_of},
};
use crate::{cx::Cx, error::StepError, people::PersonView};

/// How many people are looked up at a time.
const PARALLEL: usize = 16;

/// Whom and what a round touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Affected {
    /// People who have left: nothing may be theirs, so they come first.
    pub leavers: BTreeSet<PersonId>,
    /// Everybody else.
    pub people: BTreeSet<PersonId>,
    /// Teams.
    pub teams: BTreeSet<TeamName>,
    /// Clusters.
    pub clusters: BTreeSet<ClusterName>,
    /// It may be anything: people must be compared by a sweep.
    pub everything: bool,
}

impl Affected {
    /// Who and what is to be planned, leavers first.
    pub fn abouts(&self) -> impl Iterator<Item = About> + '_ {
        let people = self.leavers.iter().chain(&self.people).cloned().map(About::Person);
        let teams = self.teams.iter().cloned().map(About::Team);
        people.chain(teams).chain(self.clusters.iter().cloned().map(About::Cluster))
    }

    /// Adds people whom HR told of, and gives those of them it did.
    async fn add(
        &mut self,
        cx: &Cx,
        people: BTreeSet<PersonId>,
    ) -> Result<BTreeSet<PersonId>, StepError> {
        let standing = |person: PersonId| async move {
            let view = PersonView::read(cx, &person).await?;
            let left = view.state(cx.now()).standing() == Standing::Left;
            Ok::<_, StepError>((!view.facts.is_empty()).then_some((person, left)))
        };
        let views = stream::iter(people).map(standing).buffer_unordered(PARALLEL);
        let known: Vec<_> = views.try_filter_map(async |known| Ok(known)).try_collect().await?;
        for (person, left) in &known {
            let set = if *left { &mut self.leavers } else { &mut self.people };
            set.insert(person.clone());
        }
        Ok(known.into_iter().map(|(person, _)| person).collect())
    }

    /// Adds the clusters of a group, and its teams.
    fn add_group(&mut self, policy: &Policy, name: &GroupName) {
        self.teams.extend(teams_of(policy, name));
        self.clusters.extend(clusters_of(policy, name));
    }
}

/// Finds whom and what a round touches. It costs as much as the round tells, not as the tenant is
/// large.
///
/// # Errors
/// Whatever Graph or the ledger answers.
pub async fn affected(cx: &Cx, round: &Round) -> Result<Affected, StepError> {
    if round.everything {
        return Ok(everything(cx.policy()));
    }
    match &round.changes {
        Changes::Groups(changes) => by_groups(cx, changes).await,
        Changes::Users(changes) => by_users(cx, changes).await,
    }
}

/// Every team and every cluster.
pub fn everything(policy: &Policy) -> Affected {
    Affected {
        teams: policy.teams.keys().cloned().collect(),
        clusters: policy.clusters.keys().cloned().collect(),
        everything: true,
        ..Affected::default()
    }
}

async fn by_groups(cx: &Cx, changes: &[GroupChange]) -> Result<Affected, StepError> {
    let before = nested::governed(cx).await?;
    let now = renested(cx, &before, changes).await?;
    let mut affected = Affected::default();
    let mut members: BTreeMap<ObjectId, BTreeSet<GroupName>> = BTreeMap::new();
    for change in changes {
        let mut under: BTreeSet<GroupName> =
            before.roots(&change.id).union(&now.roots(&change.id)).cloned().collect();
        under.extend(change.name.clone().filter(|name| now.names(name)));
        let moved: Vec<&ObjectId> = change.members_added.union(&change.members_removed).collect();
        for name in &under {
            affected.clusters.extend(clusters_of(cx.policy(), name));
            // A rename, a deletion, or members of a group within: the team's matter.
            let direct = change.name.as_ref() == Some(name);
            if moved.is_empty() || !direct {
                affected.teams.extend(teams_of(cx.policy(), name));
            }
        }
        if !under.is_empty() {
            for member in moved {
                members.entry(member.clone()).or_default().extend(under.iter().cloned());
            }
        }
    }
    let ours = people_of(cx, members.keys().cloned().collect(), &mut affected).await?;
    for (member, names) in members.iter().filter(|(member, _)| !ours.contains(*member)) {
        tracing::debug!(%member, "a member that is nobody of ours");
        names.iter().for_each(|name| affected.add_group(cx.policy(), name));
    }
    Ok(affected)
}

/// The governed groups after changes that may have nested, renamed or removed some.
async fn renested(
    cx: &Cx,
    before: &Governed,
    changes: &[GroupChange],
) -> Result<Governed, StepError> {
    let mut stale = BTreeSet::new();
    for change in changes {
        let known = before.roots(&change.id);
        let own = change.name.as_ref().filter(|name| before.names(name));
        if own.is_some_and(|name| !known.contains(name)) {
            stale.extend(own.cloned());
        }
        // Its name may not be the policy's any more, or a group may have come into it or left.
        let renamed = change.name.as_ref().is_some_and(|name| !before.names(name));
        if change.removed.is_some() || !change.others.is_empty() || renamed {
            stale.extend(known);
        }
    }
    if stale.is_empty() {
        Ok(before.clone())
    } else {
        nested::refresh_under(cx, before, &stale).await
    }
}

/// Adds the people whose users these are: by what the ledger links, else by the employee id that
/// Entra holds. Gives those of the ids that are somebody's.
///
/// # Errors
/// Whatever Graph or the ledger answers.
pub async fn people_of(
    cx: &Cx,
    ids: Vec<ObjectId>,
    affected: &mut Affected,
) -> Result<BTreeSet<ObjectId>, StepError> {
    let links = linked(cx, ids).await?;
    let people = links.iter().flat_map(|(_, people)| people).cloned().collect();
    let known = affected.add(cx, people).await?;
    let is_known = |people: &[PersonId]| people.iter().any(|person| known.contains(person));
    let (linked, others): (Vec<_>, Vec<_>) =
        links.into_iter().partition(|(_, people)| is_known(people));
    let mut ours: BTreeSet<ObjectId> = linked.into_iter().map(|(id, _)| id).collect();
    if others.is_empty() || cx.policy().people.matching != Matching::EmployeeId {
        return Ok(ours);
    }
    let others: Vec<ObjectId> = others.into_iter().map(|(id, _)| id).collect();
    let named = |object: Object| Some((object.id, PersonId::new(object.employee_id?).ok()?));
    let named: Vec<_> =
        cx.graph().objects(&others).await?.into_values().filter_map(named).collect();
    let known = affected.add(cx, named.iter().map(|(_, person)| person.clone()).collect()).await?;
    ours.extend(named.into_iter().filter(|(_, person)| known.contains(person)).map(|(id, _)| id));
    Ok(ours)
}

async fn by_users(cx: &Cx, changes: &[UserChange]) -> Result<Affected, StepError> {
    let by_employee_id = cx.policy().people.matching == Matching::EmployeeId;
    let named = changes.iter().filter(|_| by_employee_id);
    let named = named.filter_map(|change| PersonId::new(change.employee_id.clone()?).ok());
    let mut people: BTreeSet<PersonId> = named.collect();
    // One that lost or changed its employee id, or is gone, is known by the link alone.
    let ids = changes.iter().map(|change| change.id.clone()).collect();
    people.extend(linked(cx, ids).await?.into_iter().flat_map(|(_, people)| people));
    let mut affected = Affected::default();
    affected.add(cx, people).await?;
    Ok(affected)
}

/// To whom the ledger links each of the users.
async fn linked(cx: &Cx, ids: Vec<ObjectId>) -> Result<Vec<(ObjectId, Vec<PersonId>)>, StepError> {
    stream::iter(ids)
        .map(|id| async move {
            let people = links::linked(cx, &id).await?;
            Ok((id, people))
        })
        .buffered(PARALLEL)
        .try_collect()
        .await
}
