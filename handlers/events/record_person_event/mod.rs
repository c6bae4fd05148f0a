//! Turns an HR event into a fact, and asks for what follows from it.
//!
//! The fact comes first, in the ledger; the messages after it. A duplicate event appends nothing
//! and still sends the messages, for the first delivery may have died between the two.

mod doors;

use latchkey_core::{
    CaseId, Timestamp,
    case::{Cause, PersonRecord, person_stream},
    fact::{Fact, FactKind},
    message::{About, PlanMessage},
    state::{PersonState, Standing},
};
use latchkey_runtime::{
    Cx,
    Need::{self, Send},
    StepError, brake, case, feeds,
    journal::append_if,
    mail::send_plan,
    park,
};

/// The function's name.
pub const NAME: &str = "record_person_event";
/// It has no rights in the tenant.
pub const NEEDS: &[Need] = &[Send("steps"), Send("plans")];

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// It is a fact, and its case goes on.
    Fact(CaseId),
    /// It cannot be read, and is parked under this key.
    Parked(String),
}

/// Records an event that came in at `arrived`.
///
/// # Errors
/// When the delivery must come again.
pub async fn record(cx: &Cx, body: &[u8], arrived: Timestamp) -> Result<Recorded, StepError> {
    let fact = match Fact::from_slice(body, cx.now()) {
        Ok(fact) => fact,
        Err(errors) => {
            return Ok(Recorded::Parked(
                park::park(cx, "people", &errors.to_string(), body).await?,
            ));
        }
    };
    let facts = append(cx, &fact).await?;
    // A duplicate goes on with the fact as it was first recorded.
    let fact = facts.iter().find(|known| known.event == fact.event).cloned().unwrap_or(fact);
    let case_id = case_of(&fact);
    let about = About::Person(fact.person.clone());
    latchkey_telemetry::belongs_to(&case_id);
    case::open_since(cx, &case_id, &about, cause(&fact), arrived).await?;
    let standing = PersonState::of(&fact.person, &facts, cx.now()).standing();
    tracing::info!(person = %fact.person, case = %case_id, ?standing, "recorded");
    note_due(cx, &fact).await?;
    if standing == Standing::Left && doors::shut_by(&fact.kind) {
        let held = brake::holds(cx, &fact.person, fact.recorded, &case_id).await?;
        if let Some(refusal) = held {
            case::mark_stuck(cx, &case_id, &about, vec![refusal.to_string()]).await?;
            return Ok(Recorded::Fact(case_id));
        }
        doors::shut(cx, &case_id, &fact.person).await?;
    } else {
        let first = PlanMessage::first(case_id.clone(), about);
        send_plan(cx, &first, None).await?;
    }
    Ok(Recorded::Fact(case_id))
}

/// The case of an event: a duplicate joins the first one's.
pub fn case_of(fact: &Fact) -> CaseId {
    fact.case()
}

async fn append(cx: &Cx, fact: &Fact) -> Result<Vec<Fact>, StepError> {
    let known = |record: &PersonRecord| matches!(record, PersonRecord::Fact(known) if known.event == fact.event);
    let (_, records) = append_if(cx, &person_stream(&fact.person), |seen: &[PersonRecord]| {
        (!seen.iter().any(known)).then(|| PersonRecord::Fact(fact.clone()))
    })
    .await?;
    let facts = records.into_iter().filter_map(|record| match record {
        PersonRecord::Fact(fact) => Some(fact),
        _ => None,
    });
    Ok(facts.collect())
}

/// Lists the person under the instants at which the fact begins or ends to hold, as far as they
/// lie ahead: a sweep finds who is due by them, whatever became of the messages.
async fn note_due(cx: &Cx, fact: &Fact) -> Result<(), StepError> {
    let end = match &fact.kind {
        FactKind::AccessRequested { until, .. } => Some(*until),
        _ => None,
    };
    for at in [fact.effective].into_iter().chain(end).filter(|at| *at > cx.now()) {
        feeds::note_due(cx, &fact.person, at).await?;
    }
    Ok(())
}

fn cause(fact: &Fact) -> Cause {
    Cause::Event {
        source: fact.event.source.clone(),
        id: fact.event.id.clone(),
        kind: fact.kind.event_type().to_owned(),
        late: fact.late(),
        effective: fact.late().then_some(fact.effective),
    }
}
