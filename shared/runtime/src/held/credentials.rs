//! Admin credentials of clusters that people were handed, and that still work.
//!
//! The credential is a client certificate: switching local accounts off hands out no more, but what
//! was handed out works until the cluster's certificates are rotated. A hand-out is over only when
//! a rotation *began* after it and came to its end, by the Activity Log or by the evidence of
//! `rotate_certificates`.
//!
//! The log is kept for 90 days. What it tells is kept in the stream `credentials/{user}`, so that it
//! is known for longer.
//!
//! Source: "Manage local accounts with AKS-managed Entra integration".

use std::collections::BTreeMap;

use futures::future::try_join_all;
use jiff::SignedDuration;
use latchkey_azure::arm::CredentialEvent;
use latchkey_core::{
    ClusterName, ObjectId, Timestamp,
    case::{CaseRecord, Outcome, PersonRecord, cluster_stream},
    drift::{Actor, ActorKind},
    holdings::HandedOut,
};

use crate::{
    case,
    cx::Cx,
    error::StepError,
    journal::{append_if, read},
};

/// The Activity Log goes back 90 days; a day less, for clocks differ.
const LOGGED: SignedDuration = SignedDuration::from_hours(89 * 24);
/// What happened a moment ago may be dated after our own clock.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);
/// The step that voids what was handed out.
const ROTATION: &str = "rotate_certificates";

/// What a user was handed and still works, as the log and the ledger know it, oldest first. What the
/// log tells anew is kept.
///
/// # Errors
/// Whatever ARM or the ledger answers.
pub async fn in_hands_of(cx: &Cx, user: &ObjectId) -> Result<Vec<HandedOut>, StepError> {
    let stream = stream(user);
    let (log, mut known) = futures::try_join!(Log::read(cx), read::<HandedOut>(cx, &stream))?;
    for handed in log.handed.get(user).into_iter().flatten() {
        if !known.contains(handed) {
            keep(cx, user, handed).await?;
            known.push(handed.clone());
        }
    }
    log.alive(cx, known).await
}

/// Everybody who was handed a credential that still works, as far as the log goes back.
///
/// # Errors
/// Whatever ARM or the ledger answers.
pub async fn in_anybodys_hands(cx: &Cx) -> Result<BTreeMap<ObjectId, Vec<HandedOut>>, StepError> {
    let mut log = Log::read(cx).await?;
    let mut alive = BTreeMap::new();
    for (user, handed) in std::mem::take(&mut log.handed) {
        let handed = log.alive(cx, handed).await?;
        if !handed.is_empty() {
            alive.insert(user, handed);
        }
    }
    Ok(alive)
}

/// Keeps that somebody was handed a credential; what names no user is not kept here.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn note(
    cx: &Cx,
    actor: Option<&Actor>,
    cluster: &ClusterName,
    at: Timestamp,
) -> Result<(), StepError> {
    match actor.and_then(user_of) {
        Some(user) => keep(cx, &user, &HandedOut { cluster: cluster.clone(), at }).await,
        None => Ok(()),
    }
}

async fn keep(cx: &Cx, user: &ObjectId, handed: &HandedOut) -> Result<(), StepError> {
    append_if(cx, &stream(user), |seen: &[HandedOut]| {
        (!seen.contains(handed)).then(|| handed.clone())
    })
    .await?;
    Ok(())
}

/// What the Activity Log knows: who was handed what, and when certificates were rotated.
#[derive(Debug, Default)]
struct Log {
    handed: BTreeMap<ObjectId, Vec<HandedOut>>,
    rotated: BTreeMap<ClusterName, Vec<Timestamp>>,
}

impl Log {
    /// One request per subscription.
    async fn read(cx: &Cx) -> Result<Self, StepError> {
        let since = cx.now().saturating_sub(LOGGED).unwrap_or(Timestamp::MIN);
        let until = cx.now().saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
        let asked = cx
            .policy()
            .cluster_subscriptions()
            .into_iter()
            .map(|id| async move { cx.arm().credential_events(&id, since, until).await });
        let mut log = Self::default();
        for event in try_join_all(asked).await?.concat() {
            log.add(cx, &event);
        }
        Ok(log)
    }

    fn add(&mut self, cx: &Cx, event: &CredentialEvent) {
        let Some((cluster, None)) = cx.policy().place_of_scope(&event.cluster) else { return };
        let (cluster, at) = (cluster.clone(), event.at);
        if event.rotated {
            self.rotated.entry(cluster).or_default().push(at);
        } else if let Some(user) = event.by.as_ref().and_then(user_of) {
            self.handed.entry(user).or_default().push(HandedOut { cluster, at });
        }
    }

    /// Those that no rotation voided. The ledger is asked about what the log leaves.
    async fn alive(
        &self,
        cx: &Cx,
        mut handed: Vec<HandedOut>,
    ) -> Result<Vec<HandedOut>, StepError> {
        let voided = |handed: &HandedOut, rotated: Option<&Vec<Timestamp>>| {
            rotated.is_some_and(|began| began.iter().any(|began| *began > handed.at))
        };
        handed.retain(|handed| !voided(handed, self.rotated.get(&handed.cluster)));
        handed.sort_by(|a, b| (a.at, &a.cluster).cmp(&(b.at, &b.cluster)));
        let mut ours: BTreeMap<ClusterName, Vec<Timestamp>> = BTreeMap::new();
        for one in &handed {
            if !ours.contains_key(&one.cluster) {
                ours.insert(one.cluster.clone(), rotations(cx, &one.cluster).await?);
            }
        }
        handed.retain(|handed| !voided(handed, ours.get(&handed.cluster)));
        Ok(handed)
    }
}

/// When our own rotations of a cluster's certificates began that came to their end.
async fn rotations(cx: &Cx, cluster: &ClusterName) -> Result<Vec<Timestamp>, StepError> {
    let records: Vec<PersonRecord> = read(cx, &cluster_stream(cluster)).await?;
    let mut began = Vec::new();
    for record in records {
        let PersonRecord::Case { case_id } = record else { continue };
        for record in case::read(cx, &case_id).await? {
            let CaseRecord::Evidence(done) = record else { continue };
            if done.step == ROTATION && done.outcome == Outcome::Applied {
                let took = SignedDuration::from_millis(i64::try_from(done.ms).unwrap_or(i64::MAX));
                began.extend(done.at.and_then(|at| at.saturating_sub(took).ok()));
            }
        }
    }
    Ok(began)
}

fn user_of(actor: &Actor) -> Option<ObjectId> {
    let is_user = actor.kind == ActorKind::User;
    is_user.then(|| ObjectId::new(actor.id.to_ascii_lowercase()).ok()).flatten()
}

fn stream(user: &ObjectId) -> String {
    format!("credentials/{user}")
}
