//! How long what is taken away may go on to work, and whether writes are cut before that.

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lookup::exact;

/// What holds of tokens in this tenant, and how soon a revocation bites where the documented bounds
/// are not those of this tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Revocation {
    /// Whether an admission policy in every cluster denies a leaver's writes at once.
    pub cut_writes: bool,
    /// Whether clients may be given tokens of continuous access evaluation, which live for up to 28
    /// hours; without, tokens live for 90 minutes at most.
    pub continuous_access_evaluation: bool,
    /// Bounds of one's own.
    pub bounds: Bounds,
}

impl Default for Revocation {
    fn default() -> Self {
        Self { cut_writes: true, continuous_access_evaluation: false, bounds: Bounds::default() }
    }
}

/// After how long a revocation bites at the latest, as ISO 8601 durations of days, hours and
/// minutes; the documented bound where one is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Bounds {
    /// A token that was issued before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// An account that was disabled, and its refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<String>,
    /// An Azure role at a subscription or below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure_role: Option<String>,
    /// An Azure role above subscriptions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure_role_above: Option<String>,
    /// A binding, and an entry of an admission policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
}

impl Revocation {
    /// How long a token lives at most that was issued before the doors were shut.
    ///
    /// Source: the Entra access token reference (60 to 90 minutes) and the reference of continuous
    /// access evaluation (20 to 28 hours).
    pub fn token_life(&self) -> SignedDuration {
        let documented = if self.continuous_access_evaluation {
            SignedDuration::from_hours(28)
        } else {
            SignedDuration::from_mins(90)
        };
        or(self.bounds.token.as_deref(), documented)
    }

    /// How long a disabled account may go on to get tokens: ending sessions takes a few minutes.
    ///
    /// Source: `revokeSignInSessions` of Microsoft Graph.
    pub fn sign_in(&self) -> SignedDuration {
        or(self.bounds.sign_in.as_deref(), SignedDuration::from_mins(5))
    }

    /// How long an Azure role that was taken away may count: ARM's replication (10 minutes) and the
    /// caches of the AKS authorizer (3) and of the API server (5).
    ///
    /// Source: the Azure RBAC troubleshooting page and the caching notes of the AKS authorizer.
    pub fn azure_role(&self) -> SignedDuration {
        or(self.bounds.azure_role.as_deref(), SignedDuration::from_mins(18))
    }

    /// The same above subscriptions, where data actions may take hours to go.
    ///
    /// Source: the Azure RBAC troubleshooting page ("several hours", for which we take six).
    pub fn azure_role_above(&self) -> SignedDuration {
        or(self.bounds.azure_role_above.as_deref(), SignedDuration::from_hours(6))
    }

    /// How long an API server may go on by what it watched before: seconds.
    pub fn cluster(&self) -> SignedDuration {
        or(self.bounds.cluster.as_deref(), SignedDuration::from_mins(1))
    }
}

fn or(own: Option<&str>, documented: SignedDuration) -> SignedDuration {
    own.and_then(exact).unwrap_or(documented)
}
