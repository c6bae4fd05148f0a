//! The one write: create an object unless it exists.

use bytes::Bytes;
use latchkey_core::call::CallError;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutPayload, path::Path};

use crate::{Ledger, failure, failure::told};

/// How often an unanswered write is repeated. Repeating is safe: the object is created once.
const ATTEMPTS: usize = 3;

impl Ledger {
    /// Creates the object and says whether it is ours; false when somebody else's is there.
    ///
    /// A write whose answer was lost is repeated, and an object that holds exactly our bytes is
    /// ours, since each record has a nonce.
    pub(crate) async fn create(&self, path: &Path, bytes: &Bytes) -> Result<bool, CallError> {
        told("append", self.create_untold(path, bytes)).await
    }

    async fn create_untold(&self, path: &Path, bytes: &Bytes) -> Result<bool, CallError> {
        let mut unanswered = None;
        for _ in 0..ATTEMPTS {
            let payload = PutPayload::from(bytes.clone());
            match self.store.put_opts(path, payload, PutMode::Create.into()).await {
                Ok(_) => return Ok(true),
                Err(Error::AlreadyExists { .. }) => return self.holds(path, bytes).await,
                Err(error) if failure::is_ambiguous(&error) => unanswered = Some(error),
                Err(error) => {
                    let refused = failure::refused("append", error);
                    return Err(unanswered.map_or(refused, failure::lost));
                }
            }
        }
        Err(unanswered.map_or_else(failure::contended, failure::lost))
    }

    async fn holds(&self, path: &Path, bytes: &Bytes) -> Result<bool, CallError> {
        match self.object(path).await? {
            Some(found) => Ok(found == *bytes),
            None => Err(failure::surprise(
                "append",
                format!("{path} is said to exist but cannot be found"),
            )),
        }
    }

    /// An object's bytes; none when there is no such object.
    pub(crate) async fn object(&self, path: &Path) -> Result<Option<Bytes>, CallError> {
        let read = async { self.store.get(path).await?.bytes().await };
        match read.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failure::refused("read", error)),
        }
    }
}
