//! What cases took from somebody who works here again, as far as it may come back.

use latchkey_core::{
    CaseId, PersonId, Refusal, Timestamp,
    case::CaseRecord,
    request,
    revocation::undo::{self, Taken, Terms},
    state::{PersonState, Standing},
};

use crate::{case, cx::Cx, error::StepError, people::PersonView};

/// A case that took something from its person.
#[derive(Debug, Clone)]
pub struct Stripped {
    /// The case.
    pub id: CaseId,
    /// What was taken, or was gone when a step of ours came.
    pub taken: Vec<Taken>,
    /// Whether the employment runs again that had ended then; else what was taken is only offered.
    pub runs_again: bool,
    /// Whether steps that take something have not reported.
    pub is_taking: bool,
}

impl Stripped {
    /// What the records of a case tell; none of a case in which nothing was found.
    fn of(cx: &Cx, view: &PersonView, id: &CaseId, records: &[CaseRecord]) -> Option<Self> {
        let found = records.iter().find_map(|record| match record {
            CaseRecord::Paths { at, .. } => Some(*at),
            _ => None,
        })?;
        Some(Self {
            id: id.clone(),
            taken: Taken::of(cx.policy(), records),
            runs_again: undo::runs_again(&view.person, &view.facts, found, cx.now()),
            is_taking: undo::is_taking(records) && !case::is_closed(records),
        })
    }
}

/// What a person's cases tell, read once.
#[derive(Debug, Clone)]
pub struct Cases(Vec<(CaseId, Vec<CaseRecord>)>);

impl Cases {
    /// Reads every case of the person.
    ///
    /// # Errors
    /// Whatever the ledger answers.
    pub async fn read(cx: &Cx, view: &PersonView) -> Result<Self, StepError> {
        let mut cases = Vec::new();
        for id in &view.cases {
            cases.push((id.clone(), case::read(cx, id).await?));
        }
        Ok(Self(cases))
    }

    /// The cases that took something, oldest first.
    pub fn stripped(&self, cx: &Cx, view: &PersonView) -> Vec<Stripped> {
        let of = |(id, records): &(CaseId, Vec<CaseRecord>)| Stripped::of(cx, view, id, records);
        self.0.iter().filter_map(of).filter(|case| !case.taken.is_empty()).collect()
    }

    /// The cases whose taking is undone by looks in this one: every case whose employment runs again,
    /// where this is the case of an event that took an end back; else this case alone, when all of
    /// those were closed before it had taken something.
    pub fn undone_in(&self, id: &CaseId, cx: &Cx, view: &PersonView) -> Vec<Stripped> {
        let is_open = |records: &[CaseRecord]| !case::is_closed(records);
        let takes_back = |records: &[CaseRecord]| {
            let fact = case::fact_of(&view.facts, records);
            fact.is_some_and(|fact| undo::takes_back(&fact.kind))
        };
        let is_own = self.0.iter().any(|(own, records)| own == id && takes_back(records));
        let other = self.0.iter().any(|(_, records)| takes_back(records) && is_open(records));
        let mut stripped = self.stripped(cx, view);
        stripped.retain(|case| case.runs_again && (is_own || (!other && case.id == *id)));
        stripped
    }

    /// What steps of this case found they cannot give back.
    pub fn left_over(&self, id: &CaseId) -> impl Iterator<Item = &String> {
        let records = self.0.iter().filter(move |(own, _)| own == id).flat_map(|(_, all)| all);
        let evidence = records.filter_map(|record| match record {
            CaseRecord::Evidence(done) if undo::UNDO.contains(&done.step.as_str()) => Some(done),
            _ => None,
        });
        let lines = evidence.flat_map(|evidence| &evidence.residue);
        lines.filter(|line| !line.contains(undo::UNSEEN))
    }

    /// Whether a step has carried the request out, in whichever case: what it gave back, and
    /// somebody took again, does not come back.
    pub fn is_done(&self, step: &str, asked: &request::Undo) -> bool {
        let Ok(request) = serde_json::to_value(asked) else { return true };
        self.0.iter().any(|(id, records)| undo::is_done(id, records, step, &request))
    }
}

/// What a step is asked to give back.
#[derive(Debug, Clone)]
pub struct Asked {
    /// How the person stands.
    pub standing: Standing,
    /// Why nothing is given back.
    pub refusal: Option<Refusal>,
    /// Whether that was done before.
    pub done: bool,
    /// What the case took.
    pub taken: Vec<Taken>,
    /// The facts that the terms follow from.
    state: PersonState,
    now: Timestamp,
}

impl Asked {
    /// What `step` is asked for.
    ///
    /// # Errors
    /// Whatever the ledger answers.
    pub async fn read(
        cx: &Cx,
        view: &PersonView,
        step: &str,
        request: &request::Undo,
    ) -> Result<Self, StepError> {
        let cases = Cases::read(cx, view).await?;
        let now = cx.now();
        let state = view.state(now);
        let mut asked = Self {
            standing: state.standing(),
            refusal: None,
            done: cases.is_done(step, request),
            taken: Vec::new(),
            state,
            now,
        };
        let stripped = cases.stripped(cx, view).into_iter().find(|case| case.id == request.case_id);
        if asked.standing != Standing::Active {
            asked.refusal = Some(Refusal::Tombstoned { person: view.person.clone() });
        } else if stripped.as_ref().is_none_or(|case| !case.runs_again) {
            asked.refusal = Some(nothing_of(&view.person));
        }
        asked.taken = stripped.map(|case| case.taken).unwrap_or_default();
        Ok(asked)
    }

    /// What decides about what was taken.
    pub fn terms<'a>(&'a self, cx: &'a Cx, view: &'a PersonView) -> Terms<'a> {
        Terms::new(cx.policy(), &self.state, view.past(), self.now)
    }
}

fn nothing_of(person: &PersonId) -> Refusal {
    let why =
        format!("it took nothing from {person}, or from an employment that does not run again");
    Refusal::Field { field: "caseId".to_owned(), why }
}
