//! Doors first: sign-in, sessions and writes of a leaver, before anything is observed.

use std::time::Duration;

use latchkey_core::{
    CaseId, PersonId,
    case::{CaseRecord, SentStep, case_stream},
    fact::FactKind,
    message::{About, PlanMessage, StepMessage},
    request,
};
use latchkey_runtime::{
    Cx, StepError,
    case::{
        self,
        told::{CUT, DOORS},
    },
    journal::append_if,
    mail::{after, send_plan, send_step},
};
use serde_json::to_value;

/// If the doors have not reported by then, the planner looks all the same.
const NET: Duration = Duration::from_secs(10);

/// Whether a fact of this kind shuts doors.
pub(super) fn shut_by(kind: &FactKind) -> bool {
    matches!(kind, FactKind::Terminated | FactKind::TerminationCorrected | FactKind::RevokeNow)
}

/// Sends the doors. Their evidence asks for the first plan; a net asks for it in any case.
pub(super) async fn shut(cx: &Cx, case_id: &CaseId, person: &PersonId) -> Result<(), StepError> {
    let about = About::Person(person.clone());
    let request = to_value(request::Person { person_id: person.clone() })
        .map_err(|error| StepError::unreadable("request", error))?;
    let mut steps = Vec::new();
    let cut = cx.policy().revocation.cut_writes;
    for step in DOORS.into_iter().filter(|step| cut || *step != CUT) {
        let message = StepMessage {
            case_id: case_id.clone(),
            about: about.clone(),
            step: step.to_owned(),
            attempt: 0,
            request: request.clone(),
            tries: 0,
        };
        send_step(cx, &message, None).await?;
        steps.push(SentStep { step: step.to_owned(), message_id: message.id() });
    }
    let net = PlanMessage::first(case_id.clone(), about.clone()).as_net();
    send_plan(cx, &net, after(cx.now(), NET)).await?;
    record(cx, case_id, &about, steps, person).await
}

async fn record(
    cx: &Cx,
    case_id: &CaseId,
    about: &About,
    steps: Vec<SentStep>,
    person: &PersonId,
) -> Result<(), StepError> {
    let intents = steps.iter().map(|sent| match sent.step.as_str() {
        "disable_sign_in" => format!("- sign-in of {person}"),
        "end_sessions" => format!("- sessions of {person}"),
        _ => format!("- writes of {person}"),
    });
    let doors = CaseRecord::Planned {
        attempt: 0,
        plan: intents.collect(),
        steps,
        residue: Vec::new(),
        plan_hash: String::new(),
        ms: 0,
    };
    let (_, records) = append_if(cx, &case_stream(case_id), |seen: &[CaseRecord]| {
        let planned = seen.iter().any(|record| matches!(record, CaseRecord::Planned { .. }));
        (!planned).then(|| doors.clone())
    })
    .await?;
    case::go_on(cx, case_id, about, &records).await
}
