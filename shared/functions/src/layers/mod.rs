//! The layers around every function, outermost first: [`Trace`], [`Deadline`], [`CatchPanic`].

mod catch_panic;
mod deadline;
mod trace;

use std::{future::Future, pin::Pin};

use crate::{Failure, Reply};

pub use self::{
    catch_panic::{CatchPanic, CatchPanicService},
    deadline::{Deadline, DeadlineService},
    trace::{MakeSpan, Trace, TraceService},
};

/// The future of the layers' services.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send>>;
