//! Files of events, one CloudEvent a line.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use jiff::{Span, Timestamp, tz::TimeZone};

/// Reads events, one JSON text a line; blank lines are skipped. A line need not be valid: what
/// becomes of it is the door's to say.
///
/// `{now}` and `{now+PT2H}` become the local time in UTC, now or so much later: what is asked for
/// a few hours cannot have a date in a file.
///
/// # Errors
/// When the file cannot be read, or a time in braces is none.
pub fn events(file: &Path) -> Result<Vec<String>> {
    events_at(file, Timestamp::now())
}

/// As [`events`], `{now}` being this instant.
///
/// # Errors
/// As [`events`].
pub fn events_at(file: &Path, now: Timestamp) -> Result<Vec<String>> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| dated(line, now).with_context(|| format!("in {}", file.display())))
        .collect()
}

/// The line with its times in braces written out.
fn dated(line: &str, now: Timestamp) -> Result<String> {
    let mut parts = line.split("{now");
    let mut dated = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (span, rest) = part.split_once('}').context("{now is not closed")?;
        dated.push_str(&local(span, now)?);
        dated.push_str(rest);
    }
    Ok(dated)
}

fn local(span: &str, now: Timestamp) -> Result<String> {
    let span = match span.strip_prefix('+') {
        Some(span) => span.parse::<Span>().with_context(|| format!("{span} is no duration"))?,
        None => Span::new(),
    };
    let at = now.to_zoned(TimeZone::UTC).checked_add(span)?;
    Ok(at.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_braces_follow_the_clock() {
        let now = "2026-08-03T09:00:00Z".parse().expect("an instant");
        let line = r#"{"effectiveFrom":"{now}","until":"{now+PT2H}","tz":"UTC"}"#;
        let dated = dated(line, now).expect("both are times");
        let wanted =
            r#"{"effectiveFrom":"2026-08-03T09:00:00","until":"2026-08-03T11:00:00","tz":"UTC"}"#;
        assert_eq!(dated, wanted);
        assert!(super::dated("{now+tomorrow}", now).is_err());
        assert!(super::dated("{now", now).is_err());
    }
}
