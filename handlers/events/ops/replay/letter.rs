//! A message as it is to be sent again: where to, in which session, under which label.

use latchkey_bus::Outgoing;
use latchkey_core::{
    Timestamp,
    fact::Fact,
    message::{
        self, About, CHANGES, ChangeMessage, PEOPLE, PLANS, PlanMessage, STEPS, StepMessage,
    },
};
use latchkey_runtime::StepError;

use crate::{
    events::{entra_event, hr_webhook, resolve_change},
    plans::{plan_cluster, plan_person, plan_team},
    step,
};

/// The message that came through this door, if it can be read by now.
///
/// # Errors
/// The fields at fault, without their values.
pub(super) fn of(
    door: &str,
    body: &str,
    message_id: String,
    now: Timestamp,
) -> Result<Outgoing, StepError> {
    let unreadable = |why: String| StepError::unreadable("body", why);
    let bytes = body.as_bytes();
    if [PEOPLE, hr_webhook::NAME].contains(&door) {
        let fact = Fact::from_slice(bytes, now).map_err(|errors| unreadable(errors.to_string()))?;
        let label = fact.kind.event_type().to_owned();
        let session = About::Person(fact.person).session();
        return Ok(outgoing(PEOPLE, session, label, (message_id, body), None));
    }
    if door == resolve_change::NAME {
        let change = message::read::<ChangeMessage>(bytes).map_err(unreadable)?;
        let label = door.to_owned();
        return Ok(outgoing(CHANGES, change.hint.session(), label, (message_id, body), None));
    }
    if [plan_cluster::NAME, plan_person::NAME, plan_team::NAME].contains(&door) {
        let plan = message::read::<PlanMessage>(bytes).map_err(unreadable)?;
        let (session, label) = (plan.about.session(), plan.about.planner().to_owned());
        let case = plan.case_id.to_string();
        return Ok(outgoing(PLANS, session, label, (message_id, body), Some(case)));
    }
    if step(door).is_some() {
        let sent = message::read::<StepMessage>(bytes).map_err(unreadable)?;
        let (session, case) = (sent.about.session(), sent.case_id.to_string());
        if sent.step != door {
            let why = format!("step: {} came to {door}", name_of(&sent.step));
            return Err(unreadable(why));
        }
        return Ok(outgoing(STEPS, session, sent.step, (message_id, body), Some(case)));
    }
    let why = if door == entra_event::NAME {
        "an event of Azure is a hint only: the sweep sees what changed"
    } else {
        "no queue belongs to the door it came through"
    };
    Err(unreadable(why.to_owned()))
}

/// A step's name is told only if there is one.
fn name_of(name: &str) -> &str {
    step(name).map_or("another", |entry| entry.name)
}

fn outgoing(
    to: &'static str,
    session: String,
    label: String,
    (message_id, body): (String, &str),
    correlation_id: Option<String>,
) -> Outgoing {
    Outgoing {
        to: to.into(),
        session,
        message_id,
        label,
        body: body.as_bytes().to_vec(),
        not_before: None,
        correlation_id,
    }
}
