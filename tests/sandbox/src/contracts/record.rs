//! What was found in one sandbox.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::exchange::{Answered, Asked};
use super::finding::Finding;
use super::reference::Reference;
use crate::door::Service;

/// Something sent or answered that the contract does not allow. It names no person and no value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The service.
    pub service: Service,
    /// HTTP method.
    pub method: String,
    /// The path as the contract writes it, or with ids and names replaced.
    pub template: String,
    /// `request` or `answer <status>`.
    pub side: String,
    /// Where in the body, and what.
    pub reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { service, method, template, side, reason } = self;
        write!(f, "{service:?} {method} {template}: {side}: {reason}")
    }
}

/// The violations of one sandbox.
#[derive(Debug, Default)]
pub struct Contracts(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    found: BTreeSet<Violation>,
    /// Parts of the violations that are made on purpose, and whether one was.
    expected: Vec<(String, bool)>,
}

impl Contracts {
    /// From here on violations whose text contains `part`, such as
    /// `"POST /v1.0/users: request"`, are made on purpose. At least one has to follow: a sandbox
    /// whose expected violation never came fails as well.
    pub fn expect_violation(&self, part: &str) {
        self.state(|state| state.expected.push((part.to_owned(), false)));
    }

    /// The violations so far that nobody expected, and the expectations that were not met.
    pub fn violations(&self) -> Vec<String> {
        self.state(|state| {
            let unmet = state.expected.iter().filter(|(_, met)| !met);
            let unmet = unmet.map(|(part, _)| format!("expected, and never made: {part}"));
            state.found.iter().map(Violation::to_string).chain(unmet).collect()
        })
    }

    /// As [`violations`](Self::violations), and forgets them: whoever takes them tells them.
    pub fn take_violations(&self) -> Vec<String> {
        let violations = self.violations();
        self.state(|state| *state = State::default());
        violations
    }

    /// Holds one exchange against the contract of its service.
    pub fn check(&self, asked: &Asked<'_>, answered: &Answered<'_>) {
        let Some(reference) = Reference::of_this_process() else { return };
        let verdict = reference.check(asked, answered);
        let answer = format!("answer {}", answered.status);
        let request = if asked.is_foreign() { Vec::new() } else { verdict.request };
        let sides = [("request", request), (answer.as_str(), verdict.answer)];
        for (side, findings) in sides {
            for finding in findings {
                self.add(violation(asked, &verdict.template, side, &finding));
            }
        }
    }

    fn add(&self, violation: Violation) {
        let text = violation.to_string();
        self.state(|state| {
            let mut expected = false;
            for (part, met) in &mut state.expected {
                if text.contains(part.as_str()) {
                    (*met, expected) = (true, true);
                }
            }
            if !expected {
                state.found.insert(violation);
            }
        });
    }

    fn state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn violation(asked: &Asked<'_>, template: &str, side: &str, finding: &Finding) -> Violation {
    Violation {
        service: asked.service,
        method: asked.method.to_owned(),
        template: template.to_owned(),
        side: side.to_owned(),
        reason: finding.to_string(),
    }
}
