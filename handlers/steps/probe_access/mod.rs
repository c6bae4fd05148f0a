//! Asks a cluster what a team (or one of its members) may do, and compares with what it must.

use latchkey_cluster::{Review, Verdict};
use latchkey_core::{
    ClusterName, Decision, ObjectId, Policy, TeamName, Timestamp,
    holdings::Group,
    policy::place,
    request::{Expectation, Probe},
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube},
    PersonView, Step, StepError, teams,
};

/// Above this many groups a token carries none and the API server looks them up.
const GROUPS_IN_A_TOKEN: usize = 200;

/// What is seen.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Each expectation and the cluster's verdict.
    pub verdicts: Vec<(Expectation, Verdict)>,
    /// How many groups were asked with.
    pub groups: usize,
    /// Why nobody could be asked for.
    pub nobody: Option<String>,
}

/// The step.
#[derive(Debug)]
pub struct ProbeAccess;

impl Step for ProbeAccess {
    const NAME: &'static str = "probe_access";
    const NEEDS: &'static [Need] = &[
        Graph("Directory.Read.All"),
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("subjectaccessreviews", &["create"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = Probe;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &Probe) -> Result<Facts, StepError> {
        let subject = match who(cx, request).await? {
            Ok(subject) => subject,
            Err(nobody) => return Ok(Facts { nobody: Some(nobody), ..Facts::default() }),
        };
        let expectations = match request.expect.as_slice() {
            [] => expected(cx.policy(), &request.team, &request.cluster)?,
            given => given.to_vec(),
        };
        let cluster = cx.cluster(&request.cluster).await?;
        let mut verdicts = Vec::new();
        for expectation in expectations {
            let verdict = cluster.review(&review(&subject, &expectation)).await?;
            verdicts.push((expectation, verdict));
        }
        Ok(Facts { verdicts, groups: subject.groups.len(), nobody: None })
    }

    fn decide(request: &Probe, facts: &Facts, _: Timestamp) -> Decision {
        if let Some(nobody) = &facts.nobody {
            return Decision::Report { lines: vec![nobody.clone()], as_expected: false };
        }
        let as_expected = facts.verdicts.iter().all(|(e, verdict)| e.allowed == verdict.allowed);
        let verdicts = facts.verdicts.iter().map(|(e, verdict)| line(request, e, verdict));
        let many = (facts.groups > GROUPS_IN_A_TOKEN).then(|| {
            format!("! {} groups: above {GROUPS_IN_A_TOKEN} a token carries none", facts.groups)
        });
        Decision::Report { lines: verdicts.chain(many).collect(), as_expected }
    }
}

/// On whose behalf to ask.
struct Asked {
    user: String,
    oid: ObjectId,
    groups: Vec<ObjectId>,
}

/// The person asked for, else the team's group with any member's id: the Azure authorizer has no
/// opinion about somebody without one.
async fn who(cx: &Cx, request: &Probe) -> Result<Result<Asked, String>, StepError> {
    if let Some(person) = &request.person_id {
        let view = PersonView::read(cx, person).await?;
        let Some((user, groups)) = view.user_with_groups(cx).await? else {
            return Ok(Err(format!("{person} has no Entra user to ask for")));
        };
        let groups = groups.into_iter().map(|group| group.id).collect();
        return Ok(Ok(Asked { user: user.upn, oid: user.id, groups }));
    }
    let Some(group) = teams::group_of(cx, &request.team).await? else {
        return Ok(Err(format!("the group of team {} does not exist", request.team)));
    };
    Ok(Ok(member(cx, &group).await?))
}

async fn member(cx: &Cx, group: &Group) -> Result<Asked, StepError> {
    let any = cx.graph().members(&group.id).await?.into_iter().next();
    let oid = any.map_or_else(|| group.id.clone(), |member| member.id);
    Ok(Asked { user: oid.to_string(), oid, groups: vec![group.id.clone()] })
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

/// What follows from the policy: pods of its own namespaces yes, of other teams' no, nodes and
/// all namespaces only for cluster admins.
fn expected(
    policy: &Policy,
    team: &TeamName,
    cluster: &ClusterName,
) -> Result<Vec<Expectation>, StepError> {
    let here = |access: &&latchkey_core::policy::Access| access.cluster == *cluster;
    let own: Vec<_> = policy.team(team)?.access.iter().filter(here).collect();
    let admin = own.iter().any(|access| access.role.is_cluster_admin());
    let mut all: Vec<_> =
        policy.teams.values().flat_map(|team| &team.access).filter(here).collect();
    all.sort();
    all.dedup_by_key(|access| &access.namespace);
    let list = |namespace, resource: &str, allowed| Expectation {
        namespace,
        verb: "list".into(),
        group: String::new(),
        resource: resource.into(),
        allowed,
    };
    let namespaces = all.iter().filter_map(|access| access.namespace.clone()).map(|namespace| {
        let ours = own.iter().any(|access| access.namespace.as_ref() == Some(&namespace));
        list(Some(namespace), "pods", admin || ours)
    });
    Ok(namespaces.chain([list(None, "pods", admin), list(None, "nodes", admin)]).collect())
}

fn line(request: &Probe, expectation: &Expectation, verdict: &Verdict) -> String {
    let mark = if expectation.allowed == verdict.allowed { "ok" } else { "NOT AS EXPECTED" };
    let said = if verdict.allowed { "allowed" } else { "denied" };
    let at = place(&request.cluster, expectation.namespace.as_ref());
    let Expectation { verb, resource, .. } = expectation;
    let why = verdict.reason.as_deref().unwrap_or("no reason given");
    format!("{mark}: {verb} {resource} at {at} is {said} ({why})")
}

#[cfg(test)]
mod tests;
