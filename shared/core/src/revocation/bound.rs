//! After how long a revocation bites.

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::policy::Revocation;

/// What a revocation waits for before it bites. [`Revocation`] holds how long each lasts, with its
/// source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Bound {
    /// The API server learns of it by its watch.
    Cluster,
    /// Entra stops to issue tokens.
    SignIn,
    /// ARM replicates, and authorizers forget what they remember.
    AzureRole,
    /// The same above subscriptions.
    AzureRoleAbove,
    /// Tokens issued before the doors were shut expire; they name the groups of that time.
    Token,
}

impl Bound {
    /// How long that is.
    pub fn lasts(self, revocation: &Revocation) -> SignedDuration {
        match self {
            Self::Cluster => revocation.cluster(),
            Self::SignIn => revocation.sign_in(),
            Self::AzureRole => revocation.azure_role(),
            Self::AzureRoleAbove => revocation.azure_role_above(),
            Self::Token => revocation.token_life(),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cluster => "the API server's watch",
            Self::SignIn => "the end of sign-in",
            Self::AzureRole => "ARM and the authorizers' caches",
            Self::AzureRoleAbove => "ARM above subscriptions",
            Self::Token => "the life of a token",
        })
    }
}
