//! Plays events through the doors and waits until nothing is left to do.

use std::collections::BTreeSet;

use anyhow::Result;
use latchkey_core::{
    CaseId,
    message::{About, PlanMessage},
};
use latchkey_runtime::mail::send_plan;
use serde_json::Value;

use crate::{
    doors::{Answer, Doors},
    stage::Stage,
};

/// What became of one event at the door.
#[derive(Debug, Clone)]
pub struct Played {
    /// Which line of the file, from 1.
    pub line: usize,
    /// The answer.
    pub answer: Answer,
}

/// Asks for a look at every cluster and every team of the policy.
///
/// # Errors
/// When a message cannot be sent.
pub async fn plan_all(stage: &Stage) -> Result<()> {
    let cx = latchkey_runtime::Cx::new(stage.clients.clone(), "sweep");
    let clusters = stage.policy.clusters.keys().cloned().map(About::Cluster);
    let teams = stage.policy.teams.keys().cloned().map(About::Team);
    for about in clusters.chain(teams) {
        let case_id = CaseId::of(&["start", &about.session()]);
        let message = PlanMessage::first(case_id, about);
        let mut sent = send_plan(&cx, &message, None).await;
        for _ in 0..20 {
            if sent.is_ok() {
                break;
            }
            sent = send_plan(&cx, &message, None).await;
        }
        sent?;
    }
    Ok(())
}

/// Sends the events in order, the first being line `from` of its file. An event the door could not take is sent again, as an HR system
/// would; one it refuses is not.
///
/// # Errors
/// When the door stops answering.
pub async fn play(doors: &Doors, from: usize, events: &[String]) -> Result<Vec<Played>> {
    let mut played = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let answer = insist(doors, event).await?;
        played.push(Played { line: from + at, answer });
    }
    Ok(played)
}

/// Cuts the day where a person appears again: what happened to them before is finished first, so
/// that one thing comes after the other. Gives each story with the line its first event is on.
pub fn stories(events: &[String]) -> Vec<(usize, Vec<String>)> {
    let mut stories: Vec<(usize, Vec<String>)> = vec![(1, Vec::new())];
    let mut people = BTreeSet::new();
    for (at, event) in events.iter().enumerate() {
        let person = serde_json::from_str::<Value>(event)
            .ok()
            .and_then(|event| event["subject"].as_str().map(str::to_owned))
            .unwrap_or_default();
        if !people.insert(person.clone()) {
            people = BTreeSet::from([person]);
            stories.push((at + 1, Vec::new()));
        }
        if let Some((_, story)) = stories.last_mut() {
            story.push(event.clone());
        }
    }
    stories
}

const MOST_TRIES: usize = 60;

async fn insist(doors: &Doors, event: &str) -> Result<Answer> {
    let mut answer = doors.hr(event.as_bytes()).await;
    for _ in 0..MOST_TRIES {
        match &answer {
            Ok(answer) if answer.status < 500 => break,
            _ => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
        answer = doors.hr(event.as_bytes()).await;
    }
    answer
}
