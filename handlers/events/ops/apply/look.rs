//! A look of a planner on request. For a person whom the mass-leaver brake holds this is the
//! release: the held cases go on.

use azure_functions_handler::HttpReply;
use latchkey_core::{
    CaseId, PersonId,
    case::{CaseRecord, PersonRecord, person_stream},
    message::{About, PlanMessage},
};
use latchkey_runtime::{Cx, StepError, case, journal::append_if, mail::send_plan};
use serde_json::{Value, json};

use super::{
    super::fault::Fault,
    super::token::Caller,
    Case, record, reply,
    wait::{PATIENCE, wait},
};

/// The first look of a case.
const FIRST: u32 = 1;

/// Asks for a look, and waits for what the planner records.
pub(super) async fn ask(cx: &Cx, own: Case<'_>) -> Result<HttpReply, Fault> {
    let held = match &own.about {
        About::Person(person) => release(cx, own.caller, person).await?,
        About::Team(_) | About::Cluster(_) => Vec::new(),
    };
    let mut case = own;
    let mut asked = String::new();
    if held.is_empty() {
        asked = send(cx, &case, FIRST).await?;
    }
    for id in held {
        case.id = id;
        let look = next_look(&case::read(cx, &case.id).await?);
        asked = send(cx, &case, look).await?;
    }
    let seen = wait(cx, &case.id, PATIENCE, |records| looked(records, &asked)).await;
    reply(&case, "look", seen)
}

/// Gives the id of the message.
async fn send(cx: &Cx, case: &Case<'_>, attempt: u32) -> Result<String, StepError> {
    let (case_id, about) = (case.id.clone(), case.about.clone());
    let message = PlanMessage::look(case_id, about, attempt);
    let id = message.id();
    if looked(&record(cx, case, &id).await?, &id).is_none() {
        send_plan(cx, &message, None).await?;
    }
    Ok(id)
}

/// The look after all that were made or asked for: its message is no duplicate of theirs. One that
/// came to no plan left the case stuck.
fn next_look(records: &[CaseRecord]) -> u32 {
    let looks = records.iter().map(|record| match record {
        CaseRecord::Planned { attempt, .. } => *attempt,
        _ => 0,
    });
    let asked = records
        .iter()
        .filter(|record| matches!(record, CaseRecord::Requested { .. } | CaseRecord::Stuck { .. }));
    looks.max().unwrap_or(0) + u32::try_from(asked.count()).unwrap_or(0) + FIRST
}

/// What a planner recorded after the look was asked for.
fn looked(records: &[CaseRecord], message_id: &str) -> Option<Value> {
    let asked = |record: &CaseRecord| matches!(record, CaseRecord::Requested { message_id: id, .. } if id == message_id);
    let mut after = records.iter().skip_while(|record| !asked(record));
    let look = after.find(|record| {
        matches!(
            record,
            CaseRecord::Planned { .. }
                | CaseRecord::Waiting { .. }
                | CaseRecord::Stuck { .. }
                | CaseRecord::Paths { .. }
                | CaseRecord::Closed { .. }
        )
    });
    look.map(|record| json!(record))
}

/// Releases the person. Gives the cases that were held, oldest first.
async fn release(cx: &Cx, caller: &Caller, person: &PersonId) -> Result<Vec<CaseId>, StepError> {
    let released = PersonRecord::Released { requester: caller.oid.to_string() };
    let mut held = Vec::new();
    append_if(cx, &person_stream(person), |seen: &[PersonRecord]| {
        held = held_cases(seen);
        (!held.is_empty()).then(|| released.clone())
    })
    .await?;
    Ok(held)
}

fn held_cases(records: &[PersonRecord]) -> Vec<CaseId> {
    let mut held = Vec::new();
    for record in records {
        match record {
            PersonRecord::Held { case_id } => held.push(case_id.clone()),
            PersonRecord::Released { .. } => held.clear(),
            _ => {}
        }
    }
    held
}
