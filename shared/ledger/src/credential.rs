//! How the store reaches Azure Blob Storage: our HTTP client and Entra tokens.

use std::sync::Arc;

use async_trait::async_trait;
use latchkey_azure::{Http, Tokens};
use object_store::{
    ClientOptions, CredentialProvider, Error,
    azure::AzureCredential,
    client::{HttpClient, HttpConnector},
};

/// The scope of tokens for Azure Blob Storage, the same in all clouds.
const SCOPE: &str = "https://storage.azure.com/.default";

/// Hands the store a token for each request.
#[derive(Debug)]
pub(crate) struct EntraCredential(pub(crate) Tokens);

#[async_trait]
impl CredentialProvider for EntraCredential {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AzureCredential>> {
        let token = self
            .0
            .bearer(SCOPE)
            .await
            .map_err(|error| Error::Generic { store: "Entra", source: Box::new(error) })?;
        Ok(Arc::new(AzureCredential::BearerToken(token.secret().to_owned())))
    }
}

/// Sends the store's requests with the client that everything shares.
#[derive(Debug)]
pub(crate) struct Connector(pub(crate) Http);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.client().clone()))
    }
}
