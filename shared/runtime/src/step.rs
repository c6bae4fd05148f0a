//! What a step is, and the list entry that makes steps of all types alike.

use std::{fmt, future::Future};

use futures::future::BoxFuture;
use latchkey_core::{
    Approval, Decision, Timestamp,
    message::{self, StepMessage},
};
use schemars::{JsonSchema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    cx::Cx,
    error::StepError,
    need::Need,
    run::{Look, Run, look, run},
};

/// One kind of change: what it reads, what it decides, what it may touch.
pub trait Step: Sized + Send + Sync + 'static {
    /// Folder, module, function, URL path, subscription and span, all in one word.
    const NAME: &'static str;
    /// What it may touch; nothing else works.
    const NEEDS: &'static [Need];
    /// A request that asks for a change, as JSON: the text of `example.json` in its folder. The
    /// crash-and-replay harness lives on it, and operators see it.
    const EXAMPLE: &'static str;
    /// Whether each write is the ground of the next, so that none follows one that failed. Where
    /// not, one failed revocation stops no other.
    const IN_ORDER: bool = false;
    /// What it is asked.
    type Request: DeserializeOwned + JsonSchema + Send + Sync;
    /// What it sees.
    type Facts: Send + Sync;

    /// Reads whatever the decision rests on.
    ///
    /// # Errors
    /// Whatever the calls answer.
    fn observe(
        cx: &Cx,
        request: &Self::Request,
    ) -> impl Future<Output = Result<Self::Facts, StepError>> + Send;

    /// Decides, from values alone.
    fn decide(request: &Self::Request, facts: &Self::Facts, now: Timestamp) -> Decision;

    /// Whose approval these writes need before they are carried out. Most steps need nobody's.
    fn approval(_request: &Self::Request, _facts: &Self::Facts) -> Option<Approval> {
        None
    }

    /// Makes sure, just before the writes, that no other plan in flight spoils an invariant that
    /// spans people. Most steps have none.
    ///
    /// # Errors
    /// A refusal when the invariant would break.
    fn reserve(
        _cx: &Cx,
        _facts: &Self::Facts,
    ) -> impl Future<Output = Result<(), StepError>> + Send {
        async { Ok(()) }
    }
}

/// A step without its types: what the list of all steps holds.
#[derive(Clone, Copy)]
pub struct Entry {
    /// [`Step::NAME`].
    pub name: &'static str,
    /// [`Step::NEEDS`].
    pub needs: &'static [Need],
    /// [`Step::EXAMPLE`].
    pub example: &'static str,
    /// The request's JSON Schema.
    pub schema: fn() -> Value,
    /// Looks, decides, acts, confirms.
    pub run: fn(Cx, StepMessage) -> BoxFuture<'static, Result<Run, StepError>>,
    /// Looks and decides: the dry run.
    pub look: fn(Cx, Value) -> BoxFuture<'static, Result<Look, StepError>>,
}

impl Entry {
    /// The entry of a step.
    pub const fn of<S: Step>() -> Self {
        Self {
            name: S::NAME,
            needs: S::NEEDS,
            example: S::EXAMPLE,
            schema: || schema_for!(S::Request).to_value(),
            run: |cx, message| {
                Box::pin(async move {
                    let request = request_of::<S>(&message.request)?;
                    run::<S>(&cx, &message, &request).await
                })
            },
            look: |cx, request| {
                Box::pin(async move { look::<S>(&cx, &request_of::<S>(&request)?).await })
            },
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

fn request_of<S: Step>(request: &Value) -> Result<S::Request, StepError> {
    message::read_value(request).map_err(|why| StepError::unreadable("request", why))
}
