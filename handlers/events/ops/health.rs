//! What is degraded, for operators: a bounded number of calls, and never a secret.
//!
//! Nothing here fails: what cannot be read is degraded itself, and said so.

use jiff::SignedDuration;
use latchkey_core::{CaseId, Timestamp, case::CaseRecord, message::About};
use latchkey_runtime::{
    Cx, PersonView, StepError, apps, case,
    hearing::{Feed, Hearing},
    pause, reach,
};
use serde_json::{Value, json};

use super::replay;
use crate::timers::{seal_ledger, sweep};

/// Most stuck cases that are looked at.
const CASES: usize = 200;
/// A sweep comes every hour: later than this, one is missing.
const SWEEP: SignedDuration = SignedDuration::from_hours(3);

/// A root comes every night: later than this, one is missing.
const SEAL: SignedDuration = SignedDuration::from_hours(36);

/// One thing looked at: what is told of it, and what of it is degraded.
struct Part {
    name: &'static str,
    told: Value,
    degraded: Vec<String>,
}

impl Part {
    fn of(name: &'static str, looked: Result<(Value, Vec<String>), StepError>) -> Self {
        match looked {
            Ok((told, degraded)) => Self { name, told, degraded },
            Err(error) => {
                let degraded = vec![format!("{name}: {}", error.reason())];
                Self { name, told: Value::Null, degraded }
            }
        }
    }
}

/// How everything is.
pub(super) async fn health(cx: &Cx) -> Value {
    let (feeds, stuck, parked, dead, paused, clusters, sweep, seal) = futures::join!(
        feeds(cx),
        stuck(cx),
        parked(cx),
        dead_letters(cx),
        paused(cx),
        clusters(cx),
        swept(cx),
        sealed(cx),
    );
    let parts = [
        Part::of("ledger and pauses", paused),
        Part::of("stuck cases", stuck),
        Part::of("parked messages", parked),
        Part::of("dead letters", dead),
        Part::of("feeds", feeds),
        Part::of("clusters", clusters),
        Part::of("sweep", sweep),
        Part::of("seal", seal),
    ];
    let degraded: Vec<_> = parts.iter().flat_map(|part| part.degraded.clone()).collect();
    let mut told = json!({
        "status": if degraded.is_empty() { "ok" } else { "degraded" },
        "degraded": degraded,
        "at": cx.now(),
        "version": env!("CARGO_PKG_VERSION"),
        "app": cx.config().app,
        "policySha256": cx.policy_digest(),
    });
    for part in parts {
        told[key(part.name)] = part.told;
    }
    told
}

/// The member of the answer that tells of a part.
fn key(name: &str) -> &'static str {
    match name {
        "ledger and pauses" => "paused",
        "stuck cases" => "stuck",
        "parked messages" => "parked",
        "dead letters" => "deadLetters",
        "feeds" => "silentFeeds",
        "clusters" => "unreachableClusters",
        "seal" => "sealed",
        _ => "sweep",
    }
}

type Looked = Result<(Value, Vec<String>), StepError>;

async fn feeds(cx: &Cx) -> Looked {
    let mut silent = Vec::new();
    for feed in Feed::ALL {
        if Hearing::read(cx, feed).await?.kept.silent {
            silent.push(feed.name());
        }
    }
    let degraded = silent.iter().map(|feed| format!("feed {feed} is silent")).collect();
    Ok((json!(silent), degraded))
}

/// Reads a stream of every app: the ledger's chain is checked on the way.
async fn paused(cx: &Cx) -> Looked {
    let (mut paused, mut degraded) = (Vec::new(), Vec::new());
    for (app, _) in apps::all() {
        let Some(pause) = pause::of_app(cx, app).await? else { continue };
        let (waiting, more) = pause::waiting(cx, &pause, CASES).await?;
        let leavers = super::apps::leavers(cx, &waiting).await?;
        degraded.push(pause.to_string());
        if !leavers.is_empty() {
            degraded.push(format!("{} LEAVERS WAIT because app {app} is paused", leavers.len()));
        }
        let mut one = super::apps::brief(&pause);
        one["waiting"] = waiting.len().into();
        one["moreWaiting"] = more.into();
        one["leaversWaiting"] = leavers.into();
        paused.push(one);
    }
    Ok((json!(paused), degraded))
}

/// Cases that became stuck this month or the last and are so still, and the leavers among them
/// whom the brake holds.
async fn stuck(cx: &Cx) -> Looked {
    let now = cx.now();
    let last = now.saturating_sub(SignedDuration::from_hours(31 * 24)).unwrap_or(now);
    let mut listed = cx.ledger().streams(&case::stuck_in(now)).await?;
    if case::stuck_in(last) != case::stuck_in(now) {
        listed.extend(cx.ledger().streams(&case::stuck_in(last)).await?);
    }
    let more = listed.len() > CASES;
    let (mut stuck, mut held) = (Vec::new(), Vec::new());
    for key in listed.into_iter().take(CASES) {
        let Some(id) = key.rsplit('/').next().and_then(|id| id.parse::<CaseId>().ok()) else {
            continue;
        };
        let records = case::read(cx, &id).await?;
        if !case::is_stuck(&records) || case::is_closed(&records) {
            continue;
        }
        if let Some(About::Person(person)) = about(&records) {
            let view = PersonView::read(cx, person).await?;
            if view.held {
                held.push(json!(person));
            }
        }
        stuck.push(format!("/api/cases/{id}"));
    }
    let mut degraded = Vec::new();
    if !stuck.is_empty() {
        degraded.push(format!("{} cases are stuck", stuck.len()));
    }
    if !held.is_empty() {
        degraded.push(format!("{} LEAVERS ARE HELD by limits.leaversPerHour", held.len()));
    }
    Ok((json!({ "cases": stuck, "more": more, "heldLeavers": held }), degraded))
}

fn about(records: &[CaseRecord]) -> Option<&About> {
    records.iter().find_map(|record| match record {
        CaseRecord::Opened { about, .. } => Some(about),
        _ => None,
    })
}

async fn parked(cx: &Cx) -> Looked {
    let (total, waiting) = replay::parked_count(cx).await?;
    let degraded = match waiting {
        0 => Vec::new(),
        _ => vec![format!("{waiting} parked messages wait for somebody")],
    };
    Ok((json!({ "total": total, "waiting": waiting }), degraded))
}

async fn dead_letters(cx: &Cx) -> Looked {
    let (held, unseen) = replay::dead_letter_count(cx).await;
    let mut degraded: Vec<_> =
        held.iter().map(|entity| format!("{entity} has dead letters")).collect();
    if let Some(first) = unseen.first() {
        let count = unseen.len();
        degraded.push(format!("dead letters of {count} could not be looked at: {first}"));
    }
    Ok((json!({ "in": held, "unseen": unseen }), degraded))
}

async fn clusters(cx: &Cx) -> Looked {
    let (mut unseen, mut degraded) = (Vec::new(), Vec::new());
    for cluster in cx.policy().clusters.keys() {
        let Some(reach) = reach::read(cx, cluster).await? else { continue };
        if let Some(why) = reach.why {
            degraded.push(format!("cluster {cluster} could not be reached at {}", reach.at));
            unseen.push(json!({ "cluster": cluster, "at": reach.at, "why": why }));
        }
    }
    Ok((json!(unseen), degraded))
}

/// Whose key signs, and the newest root: its hash, kept elsewhere, shows that no root is missing.
async fn sealed(cx: &Cx) -> Looked {
    let key_id = cx.signer().map(|signer| signer.public().id());
    let last: Option<seal_ledger::Last> = cx.cells().get(seal_ledger::LAST).await?;
    let late = last.as_ref().filter(|last| cx.now().duration_since(last.at) > SEAL);
    let late = late.map(|last| format!("the ledger was sealed last at {}", last.at));
    let unsigned = "receipts and roots are NOT SIGNED: LATCHKEY_SIGNING_KEY is not set";
    let unsigned = key_id.is_none().then(|| unsigned.to_owned());
    let degraded = unsigned.into_iter().chain(late).collect();
    Ok((json!({ "keyId": key_id, "lastRoot": last }), degraded))
}

async fn swept(cx: &Cx) -> Looked {
    let began: Option<Timestamp> = cx.cells().get(sweep::BEGAN).await?;
    let late = began.filter(|began| cx.now().duration_since(*began) > SWEEP);
    let degraded = late.map(|began| format!("the last sweep that ended began at {began}"));
    Ok((json!(began), degraded.into_iter().collect()))
}
