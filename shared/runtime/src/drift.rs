//! What is found in teams' groups and in clusters that the policy does not give, and what the
//! ledger tells of it.

mod cluster;
mod team;

use std::{collections::BTreeMap, time::Duration};

use latchkey_core::{
    CaseId, Timestamp,
    case::PersonRecord,
    drift::{Exception, Found, Response, Story},
    ids::digest,
    message::{About, ChangeMessage, Hint, PlanMessage},
};

pub use cluster::{Look, Side};
pub use team::{Members, strangers};

use crate::{
    case::stream_of,
    cx::Cx,
    error::StepError,
    journal,
    mail::{after, send_change, send_plan},
};

/// What is known of drift in the story of a person, a team or a cluster.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn story(cx: &Cx, about: &About) -> Result<Story, StepError> {
    Ok(Story::of(&journal::read::<PersonRecord>(cx, &stream_of(about)).await?))
}

/// The exceptions that stand in these stories.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn exceptions(
    cx: &Cx,
    abouts: impl IntoIterator<Item = About>,
) -> Result<BTreeMap<Found, Exception>, StepError> {
    let mut all = BTreeMap::new();
    for about in abouts {
        let story = story(cx, &about).await?;
        all.extend(story.exceptions(cx.now()).map(|(found, known)| (found.clone(), known)));
    }
    Ok(all)
}

/// Records what is new, and asks who did what was found. A look is scheduled for the end of each
/// new exception before it is recorded: after a crash between the two it is scheduled again.
///
/// Each look asks until there is an answer, so that a question that was lost is asked again; one
/// that cannot be sent holds nothing up.
///
/// # Errors
/// Whatever the ledger or Service Bus answers.
pub async fn record(
    cx: &Cx,
    about: &About,
    story: &Story,
    news: &[PersonRecord],
) -> Result<(), StepError> {
    for record in news {
        if let PersonRecord::Drift { found, response, .. } = record {
            tracing::warn!(?found, ?response, "found what the policy does not give");
            if let Response::Adopted { until, .. } = response {
                look_again_at(cx, about, *until).await?;
            }
        }
    }
    let stream = stream_of(about);
    let mut story = story.clone();
    for record in news {
        story.add(record);
        journal::append_if(cx, &stream, |seen: &[PersonRecord]| {
            is_news(record, &Story::of(seen)).then(|| record.clone())
        })
        .await?;
    }
    ask_who(cx, about, &story).await;
    Ok(())
}

/// Whether a record still says something: another look may have been first.
fn is_news(record: &PersonRecord, story: &Story) -> bool {
    match record {
        PersonRecord::Drift { found, response, .. } => {
            story.get(found).is_none_or(|known| known.response != *response)
        }
        PersonRecord::DriftOver { found, .. } => story.get(found).is_some(),
        _ => false,
    }
}

/// Clocks differ: a look that came before the end would find the exception standing.
const MARGIN: Duration = Duration::from_secs(1);

/// Schedules a look for the end of an exception; the sweep is the net below it.
async fn look_again_at(cx: &Cx, about: &About, until: Timestamp) -> Result<(), StepError> {
    let case_id = CaseId::of(&["exception", &about.session(), &until.to_string()]);
    let look = PlanMessage::first(case_id, about.clone());
    send_plan(cx, &look, after(until, MARGIN)).await
}

async fn ask_who(cx: &Cx, about: &About, story: &Story) {
    for (found, at) in story.unasked() {
        let hint = Hint::Actor { about: about.clone(), found: found.clone() };
        let nonce = digest(&["actor", &found.digest(), &at.to_string()]);
        let message = ChangeMessage { hint, tries: 0 };
        if let Err(error) = send_change(cx, &message, &nonce, None).await {
            tracing::warn!(%error, "the audit logs are not asked now");
        }
    }
}
