//! The looks that a sweep asks for, each once.

use std::collections::BTreeSet;

use latchkey_core::{
    CaseId, Timestamp,
    message::{About, PlanMessage},
};
use latchkey_runtime::{Cx, StepError, mail::send_plan};

/// What was asked for so far.
#[derive(Debug)]
pub struct Asked {
    /// When the sweep began.
    pub at: Timestamp,
    looks: BTreeSet<About>,
}

impl Asked {
    /// Nothing yet.
    pub fn at(at: Timestamp) -> Self {
        Self { at, looks: BTreeSet::new() }
    }

    /// Asks for a look, unless this sweep did so before.
    ///
    /// # Errors
    /// Whatever Service Bus answers.
    pub async fn look(&mut self, cx: &Cx, about: About) -> Result<(), StepError> {
        if self.looks.contains(&about) {
            return Ok(());
        }
        let case_id = CaseId::of(&["sweep", &about.session(), &self.at.to_string()]);
        send_plan(cx, &PlanMessage::first(case_id, about.clone()), None).await?;
        self.looks.insert(about);
        Ok(())
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.looks.len()
    }
}
