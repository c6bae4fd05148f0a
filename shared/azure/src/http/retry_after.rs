//! `Retry-After` in its three spellings.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Longest wait believed; a service that asks for more is asked again after this.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The wait a service asks for: seconds, seconds with a fraction (Graph), or an HTTP date.
///
/// Anything else counts as absent; a date in the past is no wait.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    parse(headers.get(RETRY_AFTER)?.to_str().ok()?, Timestamp::now())
}

/// The wait a header value asks for, seen at `now`.
pub(crate) fn parse(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        let seconds = seconds.is_finite().then_some(seconds).filter(|s| *s >= 0.0)?;
        return Some(Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST).min(LONGEST));
    }
    let at = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let wait = Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
    Some(wait.min(LONGEST))
}

#[cfg(test)]
#[path = "retry_after_tests.rs"]
mod tests;
