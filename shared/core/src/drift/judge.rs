//! What becomes of what was found.

use std::collections::BTreeSet;

use super::{Exception, Found, Known, Response, Story};
use crate::{
    Plan, Refusal, Timestamp,
    access::NOT_IN_POLICY,
    case::PersonRecord,
    policy::{OnDrift, Policy},
};

/// Something found that the policy does not give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// What was found.
    pub found: Found,
    /// The same for people to read; it names nobody.
    pub what: String,
    /// What the policy says becomes of it.
    pub rule: OnDrift,
    /// Why Latchkey cannot take it away, or must not now, and what a person must do.
    pub by_hand: Option<String>,
}

/// How many may be taken away within an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brake {
    /// The policy's `limits.driftPerHour`.
    pub limit: u32,
    /// The step that an operator orders to go on.
    pub step: &'static str,
}

impl Brake {
    /// The policy's limit, lifted by an order of this step.
    pub fn of(policy: &Policy, step: &'static str) -> Self {
        Self { limit: policy.limits.drift_per_hour, step }
    }
}

/// What becomes of everything that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// What is to be taken away now.
    pub remove: Vec<Stray>,
    /// What stays: excepted, or only told.
    pub keep: Vec<Stray>,
    /// What needs a person, a line each.
    pub residue: Vec<String>,
    /// What is told and left, a line each.
    pub findings: Vec<String>,
    /// What is new and to be recorded.
    pub news: Vec<PersonRecord>,
}

impl Judged {
    /// Adds what needs no step to a plan, and names what the steps take away.
    pub fn tell(self, plan: &mut Plan) {
        let removed = self.remove.iter();
        plan.findings.extend(removed.map(|stray| format!("{}: to be taken away", stray.what)));
        plan.residue.extend(self.residue);
        plan.findings.extend(self.findings);
        plan.drift.extend(self.news);
    }
}

/// Holds what was found against the policy's word for it and against what is known of it.
///
/// An exception stands until its end; what outlives it is taken away, unless the policy only asks
/// to be told by now. What was once to be taken away does not become an exception while it is
/// there. `in_sight` says of what is known whether it would have been found if it were there: what
/// was not looked at is not over.
pub fn judge(
    brake: Option<Brake>,
    strays: &[Stray],
    story: &Story,
    in_sight: impl Fn(&Found) -> bool,
    now: Timestamp,
) -> Judged {
    let mut judged = Judged::default();
    let mut due = Vec::new();
    for stray in strays {
        let response = respond(&stray.rule, story.get(&stray.found), now);
        match (&response, &stray.by_hand) {
            (Response::Removed, Some(how)) => {
                judged.residue.push(format!("{}: {how}", stray.what));
                judged.note(stray, Response::ByHand, story, now);
            }
            (Response::Removed, None) => due.push(stray),
            (Response::Adopted { owner, until }, _) => {
                let exception = Exception { owner: owner.clone(), until: *until };
                judged.findings.push(format!("{}: {exception}", stray.what));
                judged.keep(stray, response, story, now);
            }
            _ => {
                judged.findings.push(format!("{}: {NOT_IN_POLICY}", stray.what));
                judged.keep(stray, Response::Reported, story, now);
            }
        }
    }
    judged.take_away(&due, brake, story, now);
    let found: BTreeSet<&Found> = strays.iter().map(|stray| &stray.found).collect();
    let over = story.over(&found, in_sight);
    judged.news.extend(over.map(|found| PersonRecord::DriftOver { found: found.clone(), at: now }));
    judged
}

/// What is to become of one thing, the brake and the means aside.
fn respond(rule: &OnDrift, known: Option<&Known>, now: Timestamp) -> Response {
    let known = known.map(|known| &known.response);
    match (known, rule) {
        (Some(standing @ Response::Adopted { until, .. }), _) if *until > now => standing.clone(),
        (_, OnDrift::Report) => Response::Reported,
        (_, OnDrift::Remove) | (Some(Response::Adopted { .. }), _) => Response::Removed,
        (Some(Response::Removed | Response::ByHand | Response::Held), OnDrift::Adopt(_)) => {
            Response::Removed
        }
        (_, OnDrift::Adopt(adoption)) => {
            Response::Adopted { owner: adoption.owner.clone(), until: adoption.until(now) }
        }
    }
}

impl Judged {
    fn take_away(&mut self, due: &[&Stray], brake: Option<Brake>, story: &Story, now: Timestamp) {
        let is_let_go = |stray: &&&Stray| {
            story.get(&stray.found).is_some_and(|k| k.response == Response::Removed || k.released)
        };
        let (go, counted): (Vec<&Stray>, Vec<&Stray>) = due.iter().partition(is_let_go);
        let held = brake.and_then(|brake| brake.holds(&counted, story, now));
        for stray in go {
            self.remove(stray, story, now);
        }
        let Some(line) = held else {
            counted.into_iter().for_each(|stray| self.remove(stray, story, now));
            return;
        };
        self.residue.push(line);
        for stray in counted {
            self.findings.push(format!("{}: held", stray.what));
            self.note(stray, Response::Held, story, now);
        }
    }

    fn keep(&mut self, stray: &Stray, response: Response, story: &Story, now: Timestamp) {
        self.note(stray, response, story, now);
        self.keep.push(stray.clone());
    }

    fn remove(&mut self, stray: &Stray, story: &Story, now: Timestamp) {
        self.note(stray, Response::Removed, story, now);
        self.remove.push(stray.clone());
    }

    /// Notes a response that is new.
    fn note(&mut self, stray: &Stray, response: Response, story: &Story, now: Timestamp) {
        if story.get(&stray.found).map(|known| &known.response) != Some(&response) {
            self.news.push(PersonRecord::Drift { found: stray.found.clone(), response, at: now });
        }
    }
}

impl Brake {
    /// Why none of these is taken away, if so: too many, or some of them are held already.
    fn holds(self, counted: &[&Stray], story: &Story, now: Timestamp) -> Option<String> {
        let is_held = |stray: &&Stray| {
            story.get(&stray.found).is_some_and(|known| known.response == Response::Held)
        };
        let count = u32::try_from(story.recent(now) + counted.len()).unwrap_or(u32::MAX);
        let waits = counted.iter().any(is_held);
        if counted.is_empty() || !(waits || count > self.limit) {
            return None;
        }
        let refusal = Refusal::TooMuchDrift { count, limit: self.limit };
        Some(format!("{refusal}: held until an operator orders {}", self.step))
    }
}
