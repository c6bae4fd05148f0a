//! Changes of the directory, from Graph's partner topic: `data` is what a webhook would be sent.

use latchkey_core::message::Hint;
use latchkey_runtime::Cx;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::read::text;

/// Where to look, if the event is our tenant's and carries our secret.
pub(super) fn meaning(
    cx: &Cx,
    hint: &Hint,
    data: &Value,
) -> Result<Result<Hint, &'static str>, String> {
    if !text(data, "tenantId")?.eq_ignore_ascii_case(&cx.config().tenant) {
        return Ok(Err("it is of another tenant"));
    }
    let given = data["clientState"].as_str().unwrap_or_default();
    if !knows_us(&cx.config().entra_secrets, given) {
        return Ok(Err("its clientState is none of ours"));
    }
    Ok(Ok(hint.clone()))
}

/// Whether it carries one of the secrets; where none is set, Event Grid's own key must do. Every
/// secret is tried, so that the time tells nothing about which one fits.
fn knows_us(secrets: &[String], given: &str) -> bool {
    let given = digest(given);
    let fits = |fits: Choice, secret: &String| fits | given.ct_eq(&digest(secret));
    secrets.is_empty() || bool::from(secrets.iter().fold(Choice::from(0), fits))
}

/// Digests are of one length, whatever was sent.
fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
