//! What each cluster is asked, all clusters at once.

use std::collections::BTreeSet;

use futures::future::try_join_all;
use latchkey_cluster::{Cluster, Probed, Review};
use latchkey_core::{
    CallError, ClusterName, Holdings, ObjectId,
    holdings::Subject,
    revocation::{Answer, Question, Seen, Story, Write, questions},
};
use latchkey_runtime::{Cx, PersonView, StepError};

/// Asked for in the name of nobody, to know what everybody may.
const NOBODY: &str = "latchkey:nobody";
const NOBODYS_ID: &str = "00000000-0000-4000-8000-000000000000";

/// Whom clusters are asked about.
struct Leaver {
    /// As tokens name the user.
    name: String,
    oid: ObjectId,
    /// The groups that a token would name now.
    now: Vec<ObjectId>,
    /// The groups that a token of before may name.
    before: Vec<ObjectId>,
    /// Whether authorizers may be asked.
    askable: bool,
}

/// What every cluster says; none where nobody is known who could be asked about.
pub(super) async fn clusters(
    cx: &Cx,
    view: &PersonView,
    held: &Holdings,
    story: &Story,
) -> Result<Vec<Seen>, StepError> {
    let Some(leaver) = leaver(cx, view, held, story).await? else { return Ok(Vec::new()) };
    let clusters = cx.policy().clusters.keys();
    let seen = clusters.map(|name| one(cx, name, held, story, &leaver));
    try_join_all(seen).await
}

async fn leaver(
    cx: &Cx,
    view: &PersonView,
    held: &Holdings,
    story: &Story,
) -> Result<Option<Leaver>, StepError> {
    let user = held.user.as_ref();
    let Some(oid) = user.map(|user| &user.id).or(view.link.as_ref()) else { return Ok(None) };
    let name = match user.map(latchkey_core::holdings::User::subject) {
        Some(Subject::User(name)) => name,
        _ => oid.to_string(),
    };
    let now = match user {
        Some(user) => cx.graph().all_group_ids(&user.id).await?,
        None => Vec::new(),
    };
    let before: BTreeSet<_> = story.groups().into_iter().chain(now.iter().cloned()).collect();
    let askable = story.askable_from(&cx.policy().revocation).is_none_or(|from| from <= cx.now());
    let before = before.into_iter().collect();
    Ok(Some(Leaver { name, oid: oid.clone(), now, before, askable }))
}

/// A cluster that cannot be seen is told; a right that is missing stops the step.
async fn one(
    cx: &Cx,
    name: &ClusterName,
    held: &Holdings,
    story: &Story,
    leaver: &Leaver,
) -> Result<Seen, StepError> {
    let nothing = Seen {
        cluster: name.clone(),
        write: Write::NotTried,
        answers: Vec::new(),
        unseen: held.unseen.get(name).cloned().into_iter().collect(),
    };
    if !nothing.unseen.is_empty() {
        return Ok(nothing);
    }
    match look(cx, name, story, leaver).await {
        Ok((write, answers)) => Ok(Seen { write, answers, ..nothing }),
        Err(denied @ StepError::Denied { .. }) => Err(denied),
        Err(error) => Ok(Seen { unseen: vec![error.reason()], ..nothing }),
    }
}

async fn look(
    cx: &Cx,
    name: &ClusterName,
    story: &Story,
    leaver: &Leaver,
) -> Result<(Write, Vec<Answer>), StepError> {
    let cluster = cx.cluster(name).await?;
    let write = match cx.policy().revocation.cut_writes {
        true => written(cluster.write_as(&leaver.name, &leaver.oid).await?),
        false => Write::NotTried,
    };
    let mut answers = Vec::new();
    if leaver.askable {
        for question in questions(cx.policy(), story, name) {
            answers.push(answer(&cluster, leaver, question).await?);
        }
    }
    Ok((write, answers))
}

fn written(probed: Probed) -> Write {
    match probed {
        Probed::RefusedByPolicy => Write::Refused,
        Probed::WentThrough => Write::WentThrough,
        Probed::NoGuard => Write::NoGuard,
    }
}

async fn answer(
    cluster: &Cluster,
    leaver: &Leaver,
    question: Question,
) -> Result<Answer, CallError> {
    let of_leaver = |groups: &[ObjectId]| review(&leaver.name, &leaver.oid, groups, &question);
    let now = cluster.review(&of_leaver(&leaver.now)).await?.allowed;
    let same = leaver.before.iter().all(|group| leaver.now.contains(group));
    let before = match same {
        true => None,
        false => Some(cluster.review(&of_leaver(&leaver.before)).await?.allowed),
    };
    let anybody = now && may_anybody(cluster, &question).await?;
    Ok(Answer { question, now, before, anybody })
}

async fn may_anybody(cluster: &Cluster, question: &Question) -> Result<bool, CallError> {
    let Ok(nobody) = ObjectId::new(NOBODYS_ID) else { return Ok(false) };
    Ok(cluster.review(&review(NOBODY, &nobody, &[], question)).await?.allowed)
}

fn review(user: &str, oid: &ObjectId, groups: &[ObjectId], question: &Question) -> Review {
    Review {
        user: user.to_owned(),
        groups: groups.to_vec(),
        oid: oid.clone(),
        namespace: question.namespace.clone(),
        verb: question.verb.clone(),
        group: String::new(),
        resource: question.resource.clone(),
    }
}
