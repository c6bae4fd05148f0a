//! What of a plan waits because an operator paused the app that would write it.

use std::collections::BTreeMap;

use latchkey_core::{case::PAUSED, message::PlanMessage, plan::Intent};
use latchkey_runtime::{
    Cx, StepError, apps,
    pause::{self, Pause, Waiting},
};

/// What one paused app leaves undone.
pub struct Stopped<'a> {
    /// The pause.
    pub pause: Pause,
    /// What is not sent.
    pub intents: Vec<&'a Intent>,
}

impl Stopped<'_> {
    /// How a look says so.
    pub fn line(&self) -> String {
        format!("{PAUSED}{}", self.pause)
    }
}

/// Parts what may be sent from what is not, and notes the latter in the case and under its pause.
/// The note is needed by nobody but whoever ends the pause: the look comes again by itself.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn part<'a>(
    cx: &Cx,
    message: &PlanMessage,
    intents: Vec<&'a Intent>,
) -> Result<(Vec<&'a Intent>, Vec<Stopped<'a>>), StepError> {
    let (free, stopped) = split(cx, intents).await?;
    for Stopped { pause, intents } in &stopped {
        let waiting = Waiting {
            case_id: message.case_id.clone(),
            about: message.about.clone(),
            lines: intents.iter().map(ToString::to_string).collect(),
            message: None,
        };
        pause::note(cx, pause, &waiting, None).await?;
    }
    Ok((free, stopped))
}

/// Parts what may be sent from what a paused app would write.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn split<'a>(
    cx: &Cx,
    intents: Vec<&'a Intent>,
) -> Result<(Vec<&'a Intent>, Vec<Stopped<'a>>), StepError> {
    let mut pauses: BTreeMap<&str, Option<Pause>> = BTreeMap::new();
    for app in intents.iter().filter_map(|intent| apps::app_of(intent.step())) {
        if !pauses.contains_key(app) {
            pauses.insert(app, pause::of_app(cx, app).await?);
        }
    }
    let (mut free, mut stopped) = (Vec::new(), BTreeMap::<&str, Stopped<'a>>::new());
    for intent in intents {
        let app = apps::app_of(intent.step());
        let pause = app.and_then(|app| Some((app, pauses.get(app)?.as_ref()?)));
        match pause {
            None => free.push(intent),
            Some((app, pause)) => {
                let new = || Stopped { pause: pause.clone(), intents: Vec::new() };
                stopped.entry(app).or_insert_with(new).intents.push(intent);
            }
        }
    }
    Ok((free, stopped.into_values().collect()))
}
