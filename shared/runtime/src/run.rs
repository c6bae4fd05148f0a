//! Look, decide, act, look again.

use std::future::Future;

use latchkey_core::{Approval, Decision, Op, case::Outcome, message::StepMessage};

use tracing::Instrument as _;

use crate::{
    apply::apply,
    approvals::{self, Leave},
    cx::Cx,
    error::StepError,
    pause,
    step::Step,
};

/// How often a step acts on what it sees after its own writes: once for the request, and again
/// only if the person's facts changed meanwhile.
const ROUNDS: usize = 3;

/// What a step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// How it ended.
    pub outcome: Outcome,
    /// The writes it made, as they print.
    pub ops: Vec<String>,
    /// What a person must do, or what a probe found.
    pub residue: Vec<String>,
    /// Why it did not end well.
    pub why: Option<String>,
}

impl Run {
    fn ended(outcome: Outcome) -> Self {
        Self { outcome, ops: Vec::new(), residue: Vec::new(), why: None }
    }
}

/// What a step would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What it decided.
    pub decision: Decision,
    /// Whose approval that needs first.
    pub approval: Option<Approval>,
}

/// Looks and decides.
///
/// # Errors
/// Whatever observing meets.
pub async fn look<S: Step>(cx: &Cx, request: &S::Request) -> Result<Look, StepError> {
    let facts = observe::<S>(cx, request).await?;
    let decision = decide::<S>(cx, request, &facts);
    let writes = !decision.ops().is_empty();
    let approval = writes.then(|| S::approval(request, &facts)).flatten();
    Ok(Look { decision, approval })
}

/// Looks, decides and writes until a look finds nothing new to do. Where the step needs an
/// approval, every decision with new writes needs it: without it nothing is written. While the
/// function's app is paused, nothing is asked for, reserved or written.
///
/// The look after a write serves twice: it confirms, and it is the fence of grants. A fact that
/// arrived during the write changes the decision, and what was just given is taken back.
///
/// # Errors
/// The first error of a look or of a grant; of several revocations all are tried first.
pub async fn run<S: Step>(
    cx: &Cx,
    message: &StepMessage,
    request: &S::Request,
) -> Result<Run, StepError> {
    let mut done: Vec<Op> = Vec::new();
    for _ in 0..ROUNDS {
        let (facts, paused) = futures::try_join!(observe::<S>(cx, request), pause::of(cx))?;
        let decision = decide::<S>(cx, request, &facts);
        let Decision::Apply { ops, residue } = &decision else {
            return Ok(without_writes(decision, &done));
        };
        let news: Vec<Op> = ops.iter().filter(|op| !done.contains(op)).cloned().collect();
        if news.is_empty() {
            return Ok(finished(&done, residue.clone(), ops.is_empty()));
        }
        if let Some(pause) = paused {
            return Err(pause::refuse(pause, &news));
        }
        if let Some(by) = S::approval(request, &facts)
            && let Leave::Wanting(why) = approvals::obtain(cx, message, &decision, by).await?
        {
            return Ok(waiting(why, residue.clone(), &done));
        }
        S::reserve(cx, &facts).await?;
        let writing = write(cx, &news, S::IN_ORDER, &mut done);
        let span = tracing::info_span!("apply", latchkey.writes = news.len());
        let wrote = writing.instrument(span).await;
        wrote.map_err(|error| pause::of_these(error, &news, &done))?;
    }
    Ok(finished(&done, Vec::new(), false))
}

fn observe<'a, S: Step>(
    cx: &'a Cx,
    request: &'a S::Request,
) -> impl Future<Output = Result<S::Facts, StepError>> + Send + 'a {
    S::observe(cx, request).instrument(tracing::info_span!("look"))
}

fn decide<S: Step>(cx: &Cx, request: &S::Request, facts: &S::Facts) -> Decision {
    tracing::info_span!("decide").in_scope(|| S::decide(request, facts, cx.now()))
}

/// One failed revocation never stops the others; a failed grant stops at once.
async fn write(cx: &Cx, ops: &[Op], in_order: bool, done: &mut Vec<Op>) -> Result<(), StepError> {
    let mut first = None;
    for result in apply(cx, ops, in_order).await {
        match result {
            (op, Ok(())) => done.push(op),
            (_, Err(error @ StepError::Paused { .. })) => first = first.or(Some(error)),
            (op, Err(error)) => {
                tracing::warn!(%op, %error, "a write failed");
                first = first.or(Some(error));
            }
        }
    }
    first.map_or(Ok(()), Err)
}

fn finished(done: &[Op], residue: Vec<String>, confirmed: bool) -> Run {
    let outcome = match (done.is_empty(), confirmed) {
        (true, _) => Outcome::Nothing,
        (false, true) => Outcome::Applied,
        (false, false) => Outcome::Unconfirmed,
    };
    Run { ops: done.iter().map(Op::to_string).collect(), residue, ..Run::ended(outcome) }
}

fn waiting(why: String, residue: Vec<String>, done: &[Op]) -> Run {
    let ops = done.iter().map(Op::to_string).collect();
    Run { ops, residue, why: Some(why), ..Run::ended(Outcome::Waiting) }
}

fn without_writes(decision: Decision, done: &[Op]) -> Run {
    let run = match decision {
        Decision::Refuse { refusal } => {
            Run { why: Some(refusal.to_string()), ..Run::ended(Outcome::Refused) }
        }
        Decision::Wait { until, lines } => {
            let why = Some(format!("until {until}"));
            Run { why, residue: lines, ..Run::ended(Outcome::Waiting) }
        }
        Decision::Report { lines, as_expected } => {
            let outcome = if as_expected { Outcome::AsExpected } else { Outcome::Unexpected };
            Run { residue: lines, ..Run::ended(outcome) }
        }
        Decision::Apply { .. } => Run::ended(Outcome::Nothing),
    };
    Run { ops: done.iter().map(Op::to_string).collect(), ..run }
}
