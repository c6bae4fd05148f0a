//! Of somebody who left: which ways in were found, and when their case may close.

use latchkey_core::{
    CaseId, Plan, Timestamp,
    case::{CaseRecord, Cause, case_stream},
    message::{About, PlanMessage},
    plan::Intent,
    request,
    revocation::{Beside, Path, Receipt, Story},
    state::{PersonState, SpellStatus},
};
use latchkey_runtime::{
    Cx, PersonView, StepError, case, feeds, journal::append_if, mail, receipts,
};

use super::{Seen, planning};

/// How often a look is put off for steps that are under way in another case: what has not reported
/// by then is lost.
const MOST_PUT_OFF: u32 = 5;

/// Until when a case waits that a net was sent for: what it stands in for has come, and only the
/// next look may have been lost.
pub(super) async fn rests(cx: &Cx, message: &PlanMessage) -> Result<Option<Timestamp>, StepError> {
    if !message.net {
        return Ok(None);
    }
    Ok(match case::read(cx, &message.case_id).await?.last() {
        Some(CaseRecord::Waiting { until }) if *until > cx.now() => Some(*until),
        _ => None,
    })
}

/// Records which ways in this look finds that were not known, and which it misses.
pub(super) async fn follow(
    cx: &Cx,
    message: &PlanMessage,
    seen: &Seen,
    plan: &Plan,
) -> Result<(), StepError> {
    let id = &message.case_id;
    if plan.is_done() && case::read(cx, id).await?.is_empty() {
        return Ok(()); // nobody opened a case, and there is no reason to
    }
    case::open(cx, id, &message.about, Cause::Sweep).await?;
    let (held, now) = (Path::of(&seen.held), cx.now());
    append_if(cx, &case_stream(id), |records: &[CaseRecord]| {
        Story::of(records, &cx.policy().revocation).news(&held, now)
    })
    .await?;
    Ok(())
}

/// The look as one of the case in which the person is being taken out already: one that nobody
/// opened a case for, a sweep's or that of a change which our own writes brought about, opens none
/// beside it with a receipt of its own. While steps of that case are under way the look is put off.
pub(super) async fn joined(
    cx: &Cx,
    message: &PlanMessage,
    view: &PersonView,
    plan: &Plan,
) -> Result<Option<PlanMessage>, StepError> {
    if plan.is_done() || !case::read(cx, &message.case_id).await?.is_empty() {
        return Ok(Some(message.clone()));
    }
    for id in view.cases.iter().rev() {
        let records = case::read(cx, id).await?;
        let over = case::is_closed(&records) || case::is_stuck(&records);
        if over || !takes_out(&records) {
            continue;
        }
        if case::is_at_work(&records) && message.tries < MOST_PUT_OFF {
            planning::put_off(cx, message).await?;
            return Ok(None);
        }
        let about = About::Person(view.person.clone());
        return Ok(Some(PlanMessage::look(id.clone(), about, case::last_look(&records) + 1)));
    }
    Ok(Some(message.clone()))
}

/// Whether the case is one that shut the doors of a leaver, or found ways in.
fn takes_out(records: &[CaseRecord]) -> bool {
    let tells = |record: &CaseRecord| {
        matches!(record, CaseRecord::Planned { attempt: 0, .. } | CaseRecord::Paths { .. })
    };
    records.iter().any(tells)
}

/// What is left although the plan has nothing to say about it: the case may not close over it.
pub(super) async fn left_open(cx: &Cx, message: &PlanMessage) -> Result<Vec<String>, StepError> {
    let records = case::read(cx, &message.case_id).await?;
    let story = Story::of(&records, &cx.policy().revocation);
    let open = story.open().into_iter();
    Ok(open
        .map(|path| format!("{} is there, and no plan takes it", path.told(cx.policy())))
        .collect())
}

/// Calls somebody when a bound has passed and it is not proven that the person is out.
pub(super) async fn call_if_overdue(cx: &Cx, message: &PlanMessage) -> Result<(), StepError> {
    let records = case::read(cx, &message.case_id).await?;
    let revocation = &cx.policy().revocation;
    let story = Story::of(&records, revocation);
    let late = story.overdue(revocation, cx.now()).map(|late| late.path.told(cx.policy()));
    let late: Vec<_> = late.collect();
    if late.is_empty() { Ok(()) } else { case::mark_overdue(cx, &message.case_id, late).await }
}

/// What a case comes to in which nothing is left to take away.
pub(super) enum End {
    /// It waits for the next instant at which something can be proven.
    Waits,
    /// Something can be proven now.
    Proves(Intent),
    /// Everything is proven: this is the digest of its receipt.
    Closes(Option<String>),
}

/// Whether the case waits, proves or closes.
pub(super) async fn next(
    cx: &Cx,
    message: &PlanMessage,
    view: &PersonView,
    plan: &Plan,
) -> Result<End, StepError> {
    let id = &message.case_id;
    let records = case::read(cx, id).await?;
    if records.is_empty() {
        wake_overdue(cx, view).await?;
        return Ok(End::Closes(None));
    }
    let story = Story::of(&records, &cx.policy().revocation);
    match story.next_proof() {
        Some(at) if at > cx.now() => {
            // The safety net below the message: a sweep finds who is due.
            feeds::note_due(cx, &view.person, at).await?;
            planning::wait(cx, message, at).await?;
            Ok(End::Waits)
        }
        Some(_) => {
            let (person_id, case_id) = (view.person.clone(), id.clone());
            Ok(End::Proves(Intent::ProveRevoked(request::Proof { person_id, case_id })))
        }
        None => close(cx, id, view, &records, plan).await.map(End::Closes),
    }
}

async fn close(
    cx: &Cx,
    id: &CaseId,
    view: &PersonView,
    records: &[CaseRecord],
    plan: &Plan,
) -> Result<Option<String>, StepError> {
    let beside = Beside {
        spells: ended(&view.state(cx.now())),
        policy_hash: cx.policy_digest().to_owned(),
        residue: plan.findings.clone(),
        not_visible: plan.not_visible.clone(),
    };
    let receipt = Receipt::of(cx.policy(), (id, &view.person), records, beside, cx.now());
    let Some(receipt) = receipt else { return Ok(None) };
    Ok(Some(receipts::issue(cx, &receipt).await?.hash))
}

fn ended(state: &PersonState) -> Vec<latchkey_core::SpellId> {
    let over = |status: &SpellStatus| {
        matches!(status, SpellStatus::Ended { .. } | SpellStatus::Revoked { .. })
    };
    let spells = state.spells.iter().filter(|(_, spell)| over(&spell.status));
    spells.map(|(id, _)| id.clone()).collect()
}

/// Asks once more for the look of each case of the person that waits for an instant which has
/// passed: the message that should have come is lost.
async fn wake_overdue(cx: &Cx, view: &PersonView) -> Result<(), StepError> {
    for id in &view.cases {
        let records = case::read(cx, id).await?;
        let Some(CaseRecord::Waiting { until }) = records.last() else { continue };
        if *until > cx.now() {
            continue;
        }
        // A number of its own for each hour: an earlier look of this kind may be lost as well.
        let hours = cx.now().duration_since(*until).as_hours();
        let ahead = u32::try_from(hours).unwrap_or(0).saturating_add(2);
        let attempt = case::last_look(&records).saturating_add(ahead);
        let about = About::Person(view.person.clone());
        let look = PlanMessage::look(id.clone(), about, attempt);
        mail::send_plan(cx, &look, None).await?;
    }
    Ok(())
}
