//! Which credential gives the tokens.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use azure_core::{
    credentials::TokenCredential,
    http::{ClientOptions, Transport},
};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};

use super::Token;

/// How to make a credential.
#[derive(Debug, Clone)]
pub(super) enum Recipe {
    ManagedIdentity { client_id: Option<String> },
    WorkloadIdentity { client_id: Option<String>, tenant: Option<String>, file: PathBuf },
    AzureCli { tenant: Option<String> },
}

impl Recipe {
    pub(super) fn from_settings(settings: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| settings(name).filter(|value| !value.is_empty());
        let (client_id, tenant) = (set("AZURE_CLIENT_ID"), set("AZURE_TENANT_ID"));
        if set("IDENTITY_ENDPOINT").is_some() {
            Self::ManagedIdentity { client_id }
        } else if let Some(file) = set("AZURE_FEDERATED_TOKEN_FILE") {
            Self::WorkloadIdentity { client_id, tenant, file: file.into() }
        } else {
            Self::AzureCli { tenant }
        }
    }

    fn make(&self, client: &reqwest::Client) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let client_options = ClientOptions {
            transport: Some(Transport::new(Arc::new(client.clone()))),
            ..ClientOptions::default()
        };
        Ok(match self.clone() {
            Self::ManagedIdentity { client_id } => {
                ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id: client_id.map(UserAssignedId::ClientId),
                    client_options,
                }))?
            }
            Self::WorkloadIdentity { client_id, tenant, file } => {
                WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                    credential_options: ClientAssertionCredentialOptions { client_options },
                    client_id,
                    tenant_id: tenant,
                    token_file_path: Some(file),
                }))?
            }
            Self::AzureCli { tenant } => {
                AzureCliCredential::new(Some(AzureCliCredentialOptions {
                    tenant_id: tenant,
                    ..AzureCliCredentialOptions::default()
                }))?
            }
        })
    }
}

/// A credential, made when first needed and made anew when its token was refused: the credentials
/// of `azure_identity` keep a cache that cannot be emptied.
pub(super) enum Source {
    Made {
        recipe: Recipe,
        client: reqwest::Client,
        current: Mutex<Option<Arc<dyn TokenCredential>>>,
    },
    Given(Arc<dyn TokenCredential>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made { recipe, .. } => recipe.fmt(f),
            Self::Given(_) => f.write_str("Given"),
        }
    }
}

impl Source {
    pub(super) fn from_settings(
        settings: &dyn Fn(&str) -> Option<String>,
        client: reqwest::Client,
    ) -> Self {
        Self::Made { recipe: Recipe::from_settings(settings), client, current: Mutex::default() }
    }

    pub(super) async fn fetch(&self, scope: &str) -> azure_core::Result<Token> {
        let answer = self.credential()?.get_token(&[scope], None).await?;
        Ok(Token { secret: answer.token.secret().into(), expires_on: answer.expires_on })
    }

    pub(super) fn renew(&self) {
        if let Self::Made { current, .. } = self {
            *current.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn credential(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        match self {
            Self::Given(credential) => Ok(credential.clone()),
            Self::Made { recipe, client, current } => {
                let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(credential) = current.as_ref() {
                    return Ok(credential.clone());
                }
                Ok(current.insert(recipe.make(client)?).clone())
            }
        }
    }
}
