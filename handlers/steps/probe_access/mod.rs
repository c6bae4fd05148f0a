//! Asks a cluster what a team (or one of its members) may do, and compares with what it must.
//!
//! A person is asked for as their tokens name them: by UPN (a guest by object id), with their object
//! id and every group they are in, also through other groups. The outcome says which way allows.
//!
//! Verdicts, denials too, are kept by the API server for minutes, and Azure roles take minutes to
//! arrive. So nobody is asked about within a minute after they were given an Azure role, lest a
//! denial be pinned; and a denial where a role younger than a quarter of an hour would allow is
//! told as pending: the probe waits and is to be repeated then. For as long, a role taken away may
//! still be found to allow.

mod told;
mod who;

use jiff::SignedDuration;
use latchkey_cluster::{Review, Verdict};
use latchkey_core::{
    Decision, Refusal, Timestamp,
    azure_role::AzureRole,
    expected::{azure_allows, expectations},
    holdings::RoleAssignment,
    policy::place,
    request::{Expectation, Probe},
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube},
    Step, StepError,
};
use told::Telling;
use who::{Asked, who};

/// Above this many groups a token carries none and the API server looks them up.
const GROUPS_IN_A_TOKEN: usize = 200;
/// How long after an Azure role was given nobody is asked, lest a denial be remembered.
const SETTLING: SignedDuration = SignedDuration::from_mins(1);
/// How long an Azure role may take to count: replication and two caches (the longest of what is
/// documented for AKS and its authorizer).
const PROPAGATION: SignedDuration = SignedDuration::from_mins(15);

/// What is seen.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Why nobody could be asked for.
    pub nobody: Option<Refusal>,
    /// Until when asking would do harm.
    pub settles: Option<Timestamp>,
    /// Each expectation and what the cluster said.
    pub answers: Vec<Answer>,
    /// How many groups were asked with.
    pub groups: usize,
}

/// What a cluster said to one line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The line.
    pub expected: Expectation,
    /// Whether it is allowed.
    pub allowed: bool,
    /// The way that allows it, in words.
    pub way: Option<String>,
    /// Until when a denial may be an Azure role's that has not arrived.
    pub pending: Option<Timestamp>,
}

impl Answer {
    fn is_as_expected(&self) -> bool {
        self.expected.allowed == self.allowed
    }
}

/// The step.
#[derive(Debug)]
pub struct ProbeAccess;

impl Step for ProbeAccess {
    const NAME: &'static str = "probe_access";
    const NEEDS: &'static [Need] = &[
        Graph("Directory.Read.All"),
        Arm("Microsoft.Authorization/roleAssignments", &["read"]),
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("subjectaccessreviews", &["create"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = Probe;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &Probe) -> Result<Facts, StepError> {
        let asked = match who(cx, request).await? {
            Ok(asked) => asked,
            Err(nobody) => return Ok(Facts { nobody: Some(nobody), ..Facts::default() }),
        };
        let groups = asked.groups.len();
        let scope = cx.policy().cluster(&request.cluster)?.scope(None);
        let mut held = cx.arm().assignments_under(&scope).await?;
        held.retain(|held| held.principal == asked.oid || asked.groups.contains(&held.principal));
        if let Some(settles) = settles(&held, cx.now()) {
            return Ok(Facts { settles: Some(settles), groups, ..Facts::default() });
        }
        let table = match request.expect.as_slice() {
            [] => expectations(cx.policy(), &request.cluster, &asked.teams, &asked.grants),
            given => given.to_vec(),
        };
        let telling = Telling::prepare(cx, &asked, &held).await?;
        let cluster = cx.cluster(&request.cluster).await?;
        let mut answers = Vec::new();
        for expected in table {
            let verdict = cluster.review(&review(&asked, &expected)).await?;
            let pending = pending(cx, request, &held, &expected, &verdict);
            let way = verdict.allowed.then(|| telling.way(verdict.reason.as_deref())).flatten();
            answers.push(Answer { expected, allowed: verdict.allowed, way, pending });
        }
        Ok(Facts { nobody: None, settles: None, answers, groups })
    }

    fn decide(request: &Probe, facts: &Facts, _: Timestamp) -> Decision {
        if let Some(nobody) = &facts.nobody {
            return Decision::refuse(nobody.clone());
        }
        if let Some(until) = facts.settles {
            let line = "an Azure role was given just now: asking would pin a denial".to_owned();
            return Decision::Wait { until, lines: vec![line] };
        }
        let many = (facts.groups > GROUPS_IN_A_TOKEN).then(|| {
            format!("! {} groups: above {GROUPS_IN_A_TOKEN} a token carries none", facts.groups)
        });
        let lines = facts.answers.iter().map(|answer| line(request, answer)).chain(many).collect();
        let odd = || facts.answers.iter().filter(|answer| !answer.is_as_expected());
        match odd().map(|answer| answer.pending).collect::<Option<Vec<_>>>() {
            None => Decision::Report { lines, as_expected: false },
            Some(pending) => match pending.into_iter().max() {
                Some(until) => Decision::Wait { until, lines },
                None => Decision::Report { lines, as_expected: true },
            },
        }
    }
}

/// Until when the youngest Azure role must be left to settle, while that lies ahead.
fn settles(held: &[RoleAssignment], now: Timestamp) -> Option<Timestamp> {
    let youngest = held.iter().filter_map(|held| held.created).max()?;
    youngest.checked_add(SETTLING).ok().filter(|settled| *settled > now)
}

/// Until when a denial may be that of an Azure role that was given and has not arrived.
fn pending(
    cx: &Cx,
    request: &Probe,
    held: &[RoleAssignment],
    expected: &Expectation,
    verdict: &Verdict,
) -> Option<Timestamp> {
    let covers = |held: &&RoleAssignment| {
        let role = AzureRole::from_id(held.role);
        let allows = role.is_some_and(|r| azure_allows(r, &expected.verb, &expected.resource));
        let at = cx.policy().place_of_scope(&held.scope);
        allows
            && expected.group.is_empty()
            && at.is_some_and(|(cluster, namespace)| {
                *cluster == request.cluster
                    && (namespace.is_none() || namespace == expected.namespace)
            })
    };
    let given = held.iter().filter(covers).filter_map(|held| held.created).max()?;
    let until = given.checked_add(PROPAGATION).ok()?;
    (!verdict.allowed && expected.allowed && until > cx.now()).then_some(until)
}

fn review(asked: &Asked, expectation: &Expectation) -> Review {
    Review {
        user: asked.user.clone(),
        groups: asked.groups.clone(),
        oid: asked.oid.clone(),
        namespace: expectation.namespace.clone(),
        verb: expectation.verb.clone(),
        group: expectation.group.clone(),
        resource: expectation.resource.clone(),
    }
}

/// One line of the outcome. The cluster's own words are not in it: they may name a user.
fn line(request: &Probe, answer: &Answer) -> String {
    let mark = match (answer.is_as_expected(), answer.pending) {
        (true, _) => "ok".to_owned(),
        (false, Some(until)) => format!("PENDING until {until}"),
        (false, None) => "NOT AS EXPECTED".to_owned(),
    };
    let at = place(&request.cluster, answer.expected.namespace.as_ref());
    let Expectation { verb, resource, .. } = &answer.expected;
    let said = match (answer.allowed, &answer.way) {
        (true, Some(way)) => format!("allowed by {way}"),
        (true, None) => "allowed, in words that tell no way".to_owned(),
        (false, _) => "denied".to_owned(),
    };
    format!("{mark}: {verb} {resource} at {at} is {said}")
}

#[cfg(test)]
mod tests;
