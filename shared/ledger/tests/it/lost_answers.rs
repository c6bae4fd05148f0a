//! A write whose answer is lost happens once, and its writer learns it.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use futures::stream::BoxStream;
use latchkey_core::CallError;
use latchkey_ledger::{Appended, Ledger, Once};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    client::{HttpError, HttpErrorKind},
    memory::InMemory,
    path::Path,
};

use crate::at;

/// How a put fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// It is done, but the answer does not arrive.
    AnswerLost,
    /// It does not arrive, and nobody can tell.
    NeverArrived,
    /// There is no connection.
    NotConnected,
}

/// A store whose first puts fail.
#[derive(Debug)]
struct Flaky {
    inner: InMemory,
    failure: Failure,
    left: AtomicUsize,
    puts: AtomicUsize,
}

impl Flaky {
    fn ledger(failure: Failure, times: usize) -> (Arc<Self>, Ledger) {
        let (left, puts) = (AtomicUsize::new(times), AtomicUsize::new(0));
        let store = Arc::new(Self { inner: InMemory::new(), failure, left, puts });
        (Arc::clone(&store), Ledger::on(store))
    }

    fn error(&self) -> Error {
        let kind = match self.failure {
            Failure::NotConnected => HttpErrorKind::Connect,
            _ => HttpErrorKind::Timeout,
        };
        let source = HttpError::new(kind, io::Error::other("no answer"));
        Error::Generic { store: "flaky", source: Box::new(source) }
    }
}

impl fmt::Display for Flaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flaky")
    }
}

#[async_trait]
impl ObjectStore for Flaky {
    async fn put_opts(&self, at: &Path, bytes: PutPayload, how: PutOptions) -> Result<PutResult> {
        self.puts.fetch_add(1, Ordering::Relaxed);
        let left =
            self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        if left.is_err() {
            return self.inner.put_opts(at, bytes, how).await;
        }
        if self.failure == Failure::AnswerLost {
            self.inner.put_opts(at, bytes, how).await?;
        }
        Err(self.error())
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        how: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, how).await
    }

    async fn get_opts(&self, at: &Path, how: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(at, how).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, how: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, how).await
    }
}

#[tokio::test]
async fn a_record_whose_answer_was_lost_is_written_once() {
    let (_, ledger) = Flaky::ledger(Failure::AnswerLost, 1);
    let written = ledger.append("cases/1", 0, at(), "once").await.unwrap();
    assert!(matches!(written, Appended::Written(_)), "{written:?}");
    assert_eq!(ledger.read_as::<String>("cases/1").await.unwrap(), ["once"]);
}

#[tokio::test]
async fn a_key_whose_answer_was_lost_was_created_by_its_writer() {
    let (_, ledger) = Flaky::ledger(Failure::AnswerLost, 1);
    assert_eq!(ledger.create_once("events/1", at(), "x").await.unwrap(), Once::Created);
    assert!(matches!(ledger.create_once("events/1", at(), "x").await.unwrap(), Once::Existed(_)));
}

#[tokio::test]
async fn a_decision_whose_answer_was_lost_is_not_taken_twice() {
    let (_, ledger) = Flaky::ledger(Failure::AnswerLost, 1);
    ledger.append_always("cases/1", at(), "once").await.unwrap();
    assert_eq!(ledger.verify("cases/1").await.unwrap(), 1);
}

#[tokio::test]
async fn a_write_that_did_not_arrive_is_repeated() {
    let (store, ledger) = Flaky::ledger(Failure::NeverArrived, 2);
    let written = ledger.append("cases/1", 0, at(), "once").await.unwrap();
    assert!(matches!(written, Appended::Written(_)), "{written:?}");
    assert_eq!(store.puts.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_write_that_is_never_answered_is_lost() {
    let (_, ledger) = Flaky::ledger(Failure::NeverArrived, usize::MAX);
    let lost = ledger.append("cases/1", 0, at(), "once").await;
    assert!(matches!(lost, Err(CallError::Lost { .. })), "{lost:?}");
}

#[tokio::test]
async fn a_write_without_connection_was_certainly_not_done() {
    let (store, ledger) = Flaky::ledger(Failure::NotConnected, usize::MAX);
    let busy = ledger.append("cases/1", 0, at(), "once").await;
    assert!(matches!(busy, Err(CallError::Busy { .. })), "{busy:?}");
    assert_eq!(store.puts.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn somebody_elses_record_is_no_lost_answer() {
    let (store, ledger) = Flaky::ledger(Failure::NeverArrived, 1);
    store.left.store(0, Ordering::Relaxed);
    ledger.append("cases/1", 0, at(), "theirs").await.unwrap();
    store.left.store(1, Ordering::Relaxed);
    let conflict = ledger.append("cases/1", 0, at(), "theirs").await.unwrap();
    assert_eq!(conflict, Appended::Conflict);
}
