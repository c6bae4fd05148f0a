//! Messages that Service Bus gave up on, by queue and subscription.

use futures::{StreamExt, stream};
use http::StatusCode;
use latchkey_bus::{DeadLetter, Outgoing};
use latchkey_core::{
    CallError, CaseId, Timestamp,
    ids::digest,
    message::{CHANGES, PEOPLE, PLANS, STEPS},
};
use latchkey_runtime::{
    Cx, StepError,
    park::{ParkRecord, Replay},
};
use serde_json::{Value, json};

use super::super::{fault::Fault, token::Caller};
use crate::{
    STEPS as ALL,
    plans::{plan_cluster, plan_person, plan_team},
};

/// Entities looked at at once.
const AT_ONCE: usize = 8;
/// Most dead letters of one entity that are looked at for one answer.
const SHOWN: usize = 20;
/// Most dead letters that one call sends again.
const SENT: usize = 100;

/// A queue, or the subscription of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entity {
    /// The queue's or the subscription's name: no two have the same.
    name: &'static str,
    /// Where to send to.
    door: &'static str,
}

impl Entity {
    fn all() -> impl Iterator<Item = Self> {
        let queues = [PEOPLE, CHANGES].map(|name| Self { name, door: name });
        let planners = [plan_cluster::NAME, plan_person::NAME, plan_team::NAME];
        let planners = planners.map(|name| Self { name, door: PLANS });
        let steps = ALL.iter().map(|entry| Self { name: entry.name, door: STEPS });
        queues.into_iter().chain(planners).chain(steps)
    }

    fn path(self) -> String {
        match self.name == self.door {
            true => self.name.to_owned(),
            false => format!("{}/subscriptions/{}", self.door, self.name),
        }
    }
}

/// The dead letters of every queue and subscription that has any: never what they say.
pub(in super::super) async fn list(cx: &Cx) -> Value {
    let looks = Entity::all().map(|entity| async move { (entity, look(cx, entity, SHOWN).await) });
    let looks: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    let (mut found, mut unseen) = (Vec::new(), Vec::new());
    for (entity, look) in looks {
        match look {
            Ok(letters) if letters.is_empty() => {}
            Ok(letters) => found.push(json!({
                "entity": entity.name,
                "path": entity.path(),
                "replay": format!("/api/dead-letters/{}/replay", entity.name),
                "more": letters.len() == SHOWN,
                "letters": letters.iter().map(|one| printed(one, cx.now())).collect::<Vec<_>>(),
            })),
            Err(error) => unseen.push(json!({ "entity": entity.name, "why": error.to_string() })),
        }
    }
    json!({ "deadLetters": found, "unseen": unseen })
}

/// The queues and subscriptions that hold a dead letter, and those that could not be looked into.
pub(in super::super) async fn count(cx: &Cx) -> (Vec<&'static str>, Vec<String>) {
    let looks = Entity::all().map(|entity| async move { (entity, look(cx, entity, 1).await) });
    let looks: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    let (mut held, mut unseen) = (Vec::new(), Vec::new());
    for (entity, look) in looks {
        match look {
            Ok(letters) if letters.is_empty() => {}
            Ok(_) => held.push(entity.name),
            Err(error) => unseen.push(format!("{}: {error}", entity.name)),
        }
    }
    (held, unseen)
}

/// Locks some, and gives them back. What is held by somebody else at that moment is not seen.
async fn look(cx: &Cx, entity: Entity, most: usize) -> Result<Vec<DeadLetter>, CallError> {
    let (mut letters, path) = (Vec::new(), entity.path());
    let mut ended = Ok(());
    while letters.len() < most {
        match cx.bus().lock_dead_letter(&path).await {
            Ok(Some(letter)) => letters.push(letter),
            Ok(None) => break,
            Err(error) => {
                ended = Err(error);
                break;
            }
        }
    }
    give_back(cx, &letters).await;
    ended.map(|()| letters)
}

/// A lock that is not given back falls by itself.
async fn give_back(cx: &Cx, letters: &[DeadLetter]) {
    for letter in letters {
        if let Err(error) = cx.bus().unlock_dead_letter(letter).await {
            tracing::debug!(%error, "a dead letter was not given back");
        }
    }
}

/// Sends those of an entity again: the one of this sequence number, or all.
pub(in super::super) async fn replay(
    cx: &Cx,
    caller: &Caller,
    name: &str,
    (reason, only): (&str, Option<i64>),
) -> Result<Value, Fault> {
    let entity = Entity::all().find(|entity| entity.name == name).ok_or_else(|| {
        let known: Vec<_> = Entity::all().map(|entity| entity.name).collect();
        let detail = "there is no such queue or subscription";
        Fault::new(StatusCode::NOT_FOUND, detail).with("known", json!(known))
    })?;
    let (mut sent, mut others) = (Vec::new(), Vec::new());
    let ended = send_some(cx, caller, entity, (reason, only), (&mut sent, &mut others)).await;
    give_back(cx, &others).await;
    ended?;
    if let (Some(only), true) = (only, sent.is_empty()) {
        let detail = format!("no dead letter of {name} has the sequence number {only}");
        return Err(Fault::new(StatusCode::NOT_FOUND, detail));
    }
    Ok(json!({ "entity": name, "replayed": sent, "more": sent.len() == SENT }))
}

/// Locks one after the other and sends those that are meant; keeps the others locked meanwhile, so
/// that they do not come again.
async fn send_some(
    cx: &Cx,
    caller: &Caller,
    entity: Entity,
    (reason, only): (&str, Option<i64>),
    (sent, others): (&mut Vec<i64>, &mut Vec<DeadLetter>),
) -> Result<(), StepError> {
    let path = entity.path();
    while sent.len() + others.len() < SENT && (only.is_none() || sent.is_empty()) {
        let Some(letter) = cx.bus().lock_dead_letter(&path).await? else { break };
        if only.is_some_and(|only| only != letter.sequence) {
            others.push(letter);
            continue;
        }
        if let Err(error) = send(cx, caller, entity, &letter, reason).await {
            others.push(letter);
            return Err(error);
        }
        sent.push(letter.sequence);
    }
    Ok(())
}

/// Records the wish, sends a copy under an id of its own, records that, and only then lets the
/// dead letter go. The id follows from which letter it is: sent twice, it is one message.
async fn send(
    cx: &Cx,
    caller: &Caller,
    entity: Entity,
    letter: &DeadLetter,
    reason: &str,
) -> Result<(), StepError> {
    let sequence = letter.sequence.to_string();
    let message_id = digest(&["dead letter", entity.name, &sequence, &letter.message_id]);
    let key = format!("dead-letters/{}/{sequence}", entity.name);
    let copy = Outgoing {
        to: entity.door.into(),
        session: letter.session.clone().unwrap_or_else(|| message_id.clone()),
        message_id: message_id.clone(),
        label: letter.label.clone().unwrap_or_else(|| entity.name.to_owned()),
        body: letter.body.to_vec(),
        not_before: None,
        correlation_id: letter.correlation_id.clone(),
    };
    let asked = Replay { by: caller.oid.clone(), reason: reason.to_owned(), message_id };
    let sent = ParkRecord::Sent { sent: asked.message_id.clone() };
    tracing::info!(key, by = %caller.oid, "a dead letter is sent again");
    cx.ledger().append_always(&key, cx.now(), &ParkRecord::Asked { replay: asked }).await?;
    cx.bus().send(&copy).await?;
    cx.ledger().append_always(&key, cx.now(), &sent).await?;
    Ok(cx.bus().complete_dead_letter(letter).await?)
}

fn printed(letter: &DeadLetter, now: Timestamp) -> Value {
    let case = letter.correlation_id.as_deref().and_then(|id| id.parse::<CaseId>().ok());
    json!({
        "sequence": letter.sequence,
        "messageId": digest(&[&letter.message_id])[..32],
        "reason": letter.reason.as_deref().filter(|reason| is_word(reason)),
        "bytes": letter.body.len(),
        "deliveries": letter.deliveries,
        "enqueued": letter.enqueued,
        "ageSeconds": letter.enqueued.map(|at| now.duration_since(at).as_secs()),
        "case": case.map(|case| format!("/api/cases/{case}")),
    })
}

/// Whether it is a reason in Service Bus's own words, and not somebody's text.
fn is_word(reason: &str) -> bool {
    reason.len() <= 64 && reason.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ')
}
