//! Named values that are overwritten: cursors and checkpoints, never proof.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use latchkey_azure::{Http, Tokens};
use latchkey_core::call::CallError;
use object_store::{Error, ObjectStore, ObjectStoreExt, path::Path};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Ledger, OpenError, failure};

/// Values by name on an object store of their own: a ledger's container keeps what was written,
/// a cell does not. Of two writers the last one wins, so a cell holds only what may be old.
#[derive(Clone)]
pub struct Cells(Ledger);

impl Cells {
    /// Opens the cells at a URL of the forms that [`Ledger::open`] takes.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn open(url: &str, http: &Http, tokens: &Tokens) -> Result<Self, OpenError> {
        Ledger::open(url, http, tokens).map(Self)
    }

    /// Cells on a store of the caller's.
    pub fn on(store: Arc<dyn ObjectStore>) -> Self {
        Self(Ledger::on(store))
    }

    /// The value of a cell; none when it was never written.
    ///
    /// # Errors
    /// What kept the store from answering; [`CallError::Surprise`] when the value is not a `T`.
    pub async fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, CallError> {
        let path = path(name)?;
        let read = failure::told("read a cell", self.0.object(&path));
        let Some(bytes) = read.await? else { return Ok(None) };
        let unreadable =
            |error| failure::surprise("read", format!("cell {name} is unreadable: {error}"));
        serde_json::from_slice(&bytes).map(Some).map_err(unreadable)
    }

    /// Writes a cell.
    ///
    /// # Errors
    /// What kept the store from answering; writing again does no harm.
    pub async fn put<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<(), CallError> {
        let unwritable =
            |error| failure::surprise("write", format!("cell {name} is unwritable: {error}"));
        let bytes = Bytes::from(serde_json::to_vec(value).map_err(unwritable)?);
        let path = path(name)?;
        let write = async {
            let written = self.0.store.put(&path, bytes.into()).await;
            written.map(|_| ()).map_err(|error| failure::refused("write", error))
        };
        failure::told("write a cell", write).await
    }

    /// Removes a cell; fine when there is none.
    ///
    /// # Errors
    /// What kept the store from answering.
    pub async fn remove(&self, name: &str) -> Result<(), CallError> {
        let path = path(name)?;
        let remove = async {
            match self.0.store.delete(&path).await {
                Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(failure::refused("remove", error)),
            }
        };
        failure::told("remove a cell", remove).await
    }

    /// The names of the cells right in a folder, without the folder's, sorted.
    ///
    /// # Errors
    /// What kept the store from answering.
    pub async fn names(&self, folder: &str) -> Result<Vec<String>, CallError> {
        let folder = Path::from(folder);
        let list = async {
            let found = self.0.store.list_with_delimiter(Some(&folder)).await;
            found.map_err(|error| failure::refused("list", error))
        };
        let found = failure::told("list cells", list).await?;
        let names = found.objects.iter().filter_map(|object| object.location.filename());
        let mut names: Vec<_> =
            names.filter_map(|name| name.strip_suffix(".json")).map(str::to_owned).collect();
        names.sort();
        Ok(names)
    }
}

impl fmt::Debug for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cells({})", self.0.store)
    }
}

fn path(name: &str) -> Result<Path, CallError> {
    Path::parse(format!("{name}.json"))
        .map_err(|error| failure::rejected("InvalidCell", &error.to_string()))
}
