//! Who sent it, and when: HMAC-SHA256 over the time of signing and the body.

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, StatusCode};
use latchkey_runtime::Cx;
use sha2::Sha256;

use super::{SIGNATURE, TIMESTAMP};
use crate::events::problem::Problem;

/// A signature may be this old, or this far ahead, in seconds.
const SKEW: i64 = 300;

/// The signature of a body, as the header carries it.
pub fn sign(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let mac = mac(secret, timestamp, body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Checks the signature against every secret, in constant time, then its age.
pub(super) fn check(cx: &Cx, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    let timestamp: i64 = header(headers, TIMESTAMP)?
        .parse()
        .map_err(|_| refused(TIMESTAMP, "is not a Unix time in seconds"))?;
    let given = header(headers, SIGNATURE)?;
    let given = given.strip_prefix("sha256=").and_then(|text| hex::decode(text).ok());
    let given = given.ok_or_else(|| refused(SIGNATURE, "is not sha256= and hex digits"))?;
    let secrets = &cx.config().hr_secrets;
    // Every secret is tried, so that the time tells nothing about which one fits.
    let fits = secrets.iter().fold(false, |fits, secret| {
        mac(secret, timestamp, body).verify_slice(&given).is_ok() | fits
    });
    if !fits {
        return Err(refused(SIGNATURE, "does not fit the timestamp and the body"));
    }
    if cx.now().as_second().abs_diff(timestamp) > SKEW.unsigned_abs() {
        return Err(refused(TIMESTAMP, "is more than 5 minutes from now"));
    }
    Ok(())
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn mac(secret: &str, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key length");
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Problem> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or_else(|| refused(name, "is missing"))
}

fn refused(field: &str, why: &str) -> Problem {
    tracing::warn!(field, why, "refused an event at the door");
    Problem::new(StatusCode::UNAUTHORIZED, "the event is not signed as agreed").error(field, why)
}
