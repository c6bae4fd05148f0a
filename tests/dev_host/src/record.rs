//! The log of finished invocations.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

/// How an invocation ended for its trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handler succeeded and all outputs were written.
    Success,
    /// The host's reason for calling it failed.
    Failure(String),
}

/// A finished invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The id the handler saw in `X-Azure-Functions-InvocationId`.
    pub id: Uuid,
    /// The function's name.
    pub function: String,
    /// MessageId of the Service Bus message, or what else triggered it ("timer", "POST /api/x").
    pub trigger: String,
    /// Which delivery of the message it was, from 1; 1 without a message.
    pub attempt: u32,
    /// When it was handed to the host's invoker, by the host's clock.
    pub started: Timestamp,
    /// Milliseconds from there to the end, waiting for readiness included.
    pub ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// The handler's `Logs`, all at level Information; lost on failure.
    pub logs: Vec<String>,
}

/// Finished invocations, and how many are running.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    finished: Arc<Mutex<Vec<Arc<Invocation>>>>,
    news: broadcast::Sender<Arc<Invocation>>,
    running: watch::Sender<usize>,
}

impl Record {
    pub fn new() -> Self {
        let finished = Arc::default();
        Self { finished, news: broadcast::Sender::new(4096), running: watch::Sender::new(0) }
    }

    /// One more is running until the guard is dropped.
    pub fn run(&self) -> Running {
        self.running.send_modify(|count| *count += 1);
        Running(self.running.clone())
    }

    pub fn running(&self) -> watch::Receiver<usize> {
        self.running.subscribe()
    }

    pub fn add(&self, invocation: Invocation) {
        let invocation = Arc::new(invocation);
        let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        finished.push(Arc::clone(&invocation));
        drop(finished);
        // Without subscribers nobody wants to know.
        let _ = self.news.send(invocation);
    }

    pub fn finished(&self) -> Vec<Arc<Invocation>> {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Invocation>> {
        self.news.subscribe()
    }
}

/// Counts as a running invocation while it lives.
#[derive(Debug)]
pub(crate) struct Running(watch::Sender<usize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
