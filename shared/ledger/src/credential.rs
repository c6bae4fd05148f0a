//! Entra tokens for Azure Blob Storage.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use futures::future::BoxFuture;
use latchkey_core::call::CallError;
use object_store::{CredentialProvider, Error, azure::AzureCredential};

/// Gives an Entra access token for the scope `https://storage.azure.com/.default`, cached.
pub type Bearer = Arc<dyn Fn() -> BoxFuture<'static, Result<String, CallError>> + Send + Sync>;

/// Hands the store a token for each request.
pub(crate) struct EntraCredential(pub(crate) Bearer);

impl fmt::Debug for EntraCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EntraCredential")
    }
}

#[async_trait]
impl CredentialProvider for EntraCredential {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AzureCredential>> {
        let token = (self.0)()
            .await
            .map_err(|error| Error::Generic { store: "Entra", source: Box::new(error) })?;
        Ok(Arc::new(AzureCredential::BearerToken(token)))
    }
}
