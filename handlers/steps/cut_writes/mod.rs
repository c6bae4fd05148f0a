//! Lists a leaver in every governed cluster, whose admission policy then refuses what they write
//! while their token still lives. A door: it waits for nothing but the lists themselves.
//!
//! A cluster that does not answer within a second keeps no other open: the entry is written there
//! without a look, and the next one tells. Where there is no list yet, the guard is put up first.

use std::{collections::BTreeMap, time::Duration};

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};
use latchkey_core::{
    CaseId, ClusterName, Decision, Names, Op, PersonId, Policy, Refusal,
    gate::{Entry, Keys, Part, Shut, needed_until},
    holdings::User,
    invariants::{Admins, check_principal, may_cut_off},
    op::Gate,
    request,
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube},
    PersonView, Step, StepError, admins,
    gates::{self, Lists},
    people,
};
use tokio::time::timeout;

/// How long the lists are waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long Graph is waited for where the link is known.
const GRAPH: Duration = Duration::from_secs(3);
/// By how much an entry outlives the last token, so that looks moments apart agree.
const MARGIN: SignedDuration = SignedDuration::from_mins(10);

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The person.
    pub person: PersonId,
    /// The policy, for its invariants.
    pub policy: Policy,
    /// How the person stands.
    pub standing: Standing,
    /// Since when they have no access.
    pub since: Option<Timestamp>,
    /// The case about them that began last.
    pub case: Option<CaseId>,
    /// The person's Entra user, as far as Graph told; the outer none when it did not answer.
    pub user: Option<Option<User>>,
    /// By what clusters know the person.
    pub names: Names,
    /// Clusters the user administers.
    pub admins: Vec<Admins>,
    /// What the clusters list.
    pub lists: Lists,
}

/// The step.
#[derive(Debug)]
pub struct CutWrites;

impl Step for CutWrites {
    const NAME: &'static str = "cut_writes";
    const NEEDS: &'static [Need] = &[
        Graph("Directory.Read.All"),
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("leaverlists", &["get", "create", "patch"]),
        Kube("namespaces", &["create"]),
        Kube("customresourcedefinitions", &["create"]),
        // Whoever writes a Role and its binding must be able to give what they give.
        Kube("roles", &["create", "escalate", "bind"]),
        Kube("rolebindings", &["create"]),
        Kube("validatingadmissionpolicies", &["create"]),
        Kube("validatingadmissionpolicybindings", &["create"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Person;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Person) -> Result<Facts, StepError> {
        let view = PersonView::read(cx, &request.person_id).await?;
        let (known, lists) = futures::join!(user_of(cx, &view), gates::lists(cx, Some(PATIENCE)));
        let (user, admins) = known?;
        let state = view.state(cx.now());
        Ok(Facts {
            person: request.person_id.clone(),
            policy: cx.policy().clone(),
            standing: state.standing(),
            since: state.cut_since(),
            case: view.cases.last().cloned(),
            names: view.names(user.as_ref().and_then(Option::as_ref)),
            user,
            admins,
            lists,
        })
    }

    fn decide(request: &request::Person, facts: &Facts, now: Timestamp) -> Decision {
        let person = request.person_id.clone();
        let (Standing::Left, Some(since)) = (facts.standing, facts.since) else {
            return Decision::refuse(Refusal::NotALeaver { person });
        };
        if let Err(refusal) = allowed(facts) {
            return Decision::refuse(refusal);
        }
        let keys = Keys::of(&facts.names);
        let until = until(facts, since, now);
        if !facts.policy.revocation.cut_writes || keys.is_empty() || until <= now {
            return Decision::from_ops(None);
        }
        let lines = facts.lists.unseen();
        Decision::Apply { ops: cuts(facts, &keys, until), residue: people::unseen_lines(&lines) }
    }

    async fn reserve(cx: &Cx, facts: &Facts) -> Result<(), StepError> {
        if let Some(user) = facts.user.iter().flatten().next() {
            admins::reserve(cx, &facts.admins, &user.id).await?;
        }
        let Some(since) = facts.since else { return Ok(()) };
        PersonView::note_cut(cx, &facts.person, rounded(until(facts, since, cx.now()))).await
    }
}

/// The person's user, as far as Graph tells it, and what they administer. Where the link is known,
/// a Graph that does not answer stops nothing: the object id is the key that counts.
async fn user_of(
    cx: &Cx,
    view: &PersonView,
) -> Result<(Option<Option<User>>, Vec<Admins>), StepError> {
    let look = async {
        match view.user_with_groups(cx).await? {
            Some((user, groups)) => Ok((Some(Some(user)), admins::at_stake(cx, &groups).await?)),
            None => Ok((Some(None), Vec::new())),
        }
    };
    if view.link.is_none() {
        return look.await;
    }
    match timeout(GRAPH, look).await {
        Ok(Err(StepError::Busy { .. } | StepError::Lost { .. })) | Err(_) => Ok((None, Vec::new())),
        Ok(found) => found,
    }
}

/// Nobody is cut off who is protected, or whose cluster would be left without an admin.
fn allowed(facts: &Facts) -> Result<(), Refusal> {
    let Facts { policy, admins, names, .. } = facts;
    match (&facts.user, &names.id) {
        (Some(Some(user)), _) => may_cut_off(policy, admins, &user.id),
        (_, Some(id)) => check_principal(policy, id),
        _ => Ok(()),
    }
}

/// Until when a token of theirs may live.
fn until(facts: &Facts, since: Timestamp, now: Timestamp) -> Timestamp {
    let life = facts.policy.revocation.token_life();
    match &facts.user {
        Some(user) => needed_until(user.as_ref(), since, now, life),
        None => now.checked_add(life).unwrap_or(Timestamp::MAX),
    }
}

/// A little longer than needed, and the same for every look within minutes.
fn rounded(until: Timestamp) -> Timestamp {
    let later = until.checked_add(MARGIN).unwrap_or(until);
    let grid = TimestampRound::new().smallest(Unit::Minute).increment(10).mode(RoundMode::Ceil);
    later.round(grid).unwrap_or(later)
}

/// What every cluster lacks; one that did not answer in time is written to without a look.
fn cuts(facts: &Facts, keys: &Keys, until: Timestamp) -> Vec<Op> {
    let cut = |cluster: &ClusterName| Op::Gate {
        cluster: cluster.clone(),
        change: Gate::Cut {
            person: facts.person.clone(),
            keys: keys.clone(),
            entry: Entry { case: facts.case.clone(), until: rounded(until) },
        },
    };
    let guard = |cluster: &ClusterName| Op::Gate {
        cluster: cluster.clone(),
        change: Gate::Guard { missing: Part::ALL.into(), edited: [].into() },
    };
    let enough = |shut: Shut| shut.until.is_some_and(|entry| entry >= until);
    let mut ops: BTreeMap<&ClusterName, Vec<Op>> = BTreeMap::new();
    for (cluster, list) in &facts.lists.seen {
        match list {
            None => drop(ops.insert(cluster, vec![guard(cluster), cut(cluster)])),
            Some(list) if !enough(list.shut(keys)) => drop(ops.insert(cluster, vec![cut(cluster)])),
            Some(_) => {}
        }
    }
    ops.extend(facts.lists.silent.keys().map(|cluster| (cluster, vec![cut(cluster)])));
    ops.into_values().flatten().collect()
}

#[cfg(test)]
mod tests;
