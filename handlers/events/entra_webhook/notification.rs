//! One notification, as far as we look at it (`graph-contracts.md` sections 9.3 and 9.5).

use latchkey_runtime::{Cx, hearing::Feed};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// What of a notification matters. Its details are not believed, so they are not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notification {
    #[serde(default)]
    client_state: Option<String>,
    #[serde(default)]
    tenant_id: Option<String>,
    #[serde(default)]
    resource: Option<String>,
    #[serde(default)]
    pub(super) lifecycle_event: Option<String>,
}

/// The notifications of a body. One that cannot be read is as one that is not ours; none when the
/// body is no list of notifications at all.
pub(super) fn read(body: &[u8]) -> Option<Vec<Notification>> {
    #[derive(Deserialize)]
    struct Body {
        value: Vec<Value>,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    let unreadable = || Notification {
        client_state: None,
        tenant_id: None,
        resource: None,
        lifecycle_event: None,
    };
    let read = |item| serde_json::from_value(item).unwrap_or_else(|_| unreadable());
    Some(body.value.into_iter().map(read).collect())
}

impl Notification {
    /// It carries one of our secrets, and our tenant.
    pub(super) fn is_ours(&self, cx: &Cx) -> bool {
        let given = digest(self.client_state.as_deref().unwrap_or_default());
        // Every secret is tried, so that the time tells nothing about which one fits.
        let fits = cx
            .config()
            .entra_secrets
            .iter()
            .fold(Choice::from(0), |fits, secret| fits | given.ct_eq(&digest(secret)));
        let tenant = self.tenant_id.as_deref().unwrap_or_default();
        bool::from(fits) && tenant.eq_ignore_ascii_case(&cx.config().tenant)
    }

    /// The feed that changed.
    pub(super) fn feed(&self) -> Option<Feed> {
        Feed::of(self.resource.as_deref()?)
    }
}

/// Digests are of one length, whatever was sent.
fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
