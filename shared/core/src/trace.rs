//! W3C Trace Context, version 00: <https://www.w3.org/TR/trace-context/#traceparent-header>.
//!
//! A trace context says which events belong together. It comes from outside, so that it is checked
//! here and never used for anything but that.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A `traceparent`: which trace, which span of it, and whether it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Traceparent {
    /// The trace; never zero.
    pub trace: u128,
    /// The span that caused what comes; never zero.
    pub span: u64,
    /// Whether the caller records the trace.
    pub sampled: bool,
}

/// The text is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no traceparent")]
pub struct NoTraceparent;

impl Traceparent {
    /// The trace as 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// The trace that begins with an invocation which nobody gave one: its id is the invocation's
    /// (a GUID). None when that is no GUID.
    pub fn begun_by(invocation_id: &str) -> Option<Self> {
        let trace = uuid::Uuid::parse_str(invocation_id).ok()?.as_u128();
        let span = u64::try_from(trace & u128::from(u64::MAX)).ok()?;
        (trace != 0 && span != 0).then_some(Self { trace, span, sampled: true })
    }
}

impl FromStr for Traceparent {
    type Err = NoTraceparent;

    /// Reads version 00 to the letter, and of later versions what version 00 knows.
    fn from_str(text: &str) -> Result<Self, NoTraceparent> {
        let (head, rest) = text.split_at_checked(55).ok_or(NoTraceparent)?;
        let mut parts = head.split('-');
        let mut part =
            |digits| parts.next().and_then(|part| hex(part, digits)).ok_or(NoTraceparent);
        let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        let further = version > 0 && rest.starts_with('-');
        if version == 0xff || !(rest.is_empty() || further) || trace == 0 || span == 0 {
            return Err(NoTraceparent);
        }
        let span = u64::try_from(span).map_err(|_| NoTraceparent)?;
        Ok(Self { trace, span, sampled: flags & 1 == 1 })
    }
}

/// So many lower-case hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let well = text.len() == digits && text.bytes().all(lower);
    well.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

impl TryFrom<String> for Traceparent {
    type Error = NoTraceparent;

    fn try_from(text: String) -> Result<Self, NoTraceparent> {
        text.parse()
    }
}

impl From<Traceparent> for String {
    fn from(trace: Traceparent) -> Self {
        trace.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn read(text: &str) -> Option<Traceparent> {
        text.parse().ok()
    }

    #[test]
    fn a_traceparent_prints_as_it_was_read() {
        for text in
            [format!("00-{TRACE}-00f067aa0ba902b7-01"), format!("00-{TRACE}-00f067aa0ba902b7-00")]
        {
            assert_eq!(read(&text).map(|read| read.to_string()), Some(text));
        }
        assert_eq!(
            read(&format!("00-{TRACE}-00f067aa0ba902b7-01")).map(|t| t.trace_id()),
            Some(TRACE.into())
        );
    }

    #[test]
    fn what_is_none_is_refused() {
        let bad = [
            String::new(),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00_{TRACE}_00f067aa0ba902b7_01"),
            format!("00-{}-00f067aa0ba902b7-01", "é".repeat(16)),
            "planted.address@contoso.onmicrosoft.com".into(),
        ];
        for text in bad {
            assert_eq!(read(&text), None, "{text}");
        }
        assert!(read(&format!("01-{TRACE}-00f067aa0ba902b7-01-more")).is_some(), "a later version");
        assert!(read(&format!("01-{TRACE}-00f067aa0ba902b7-01more")).is_none());
    }

    #[test]
    fn a_trace_begins_with_the_invocation() {
        let begun = Traceparent::begun_by("0f8fad5b-d9cb-469f-a165-70867728950e").expect("a GUID");
        assert_eq!(begun.to_string(), "00-0f8fad5bd9cb469fa16570867728950e-a16570867728950e-01");
        assert_eq!(Traceparent::begun_by("planted"), None);
    }

    proptest! {
        #[test]
        fn nothing_that_is_read_holds_more_than_numbers(text in "\\PC*") {
            if let Some(read) = read(&text) {
                prop_assert_eq!(read.to_string().parse(), Ok(read));
            }
        }

        #[test]
        fn every_context_survives(trace in 1u128.., span in 1u64.., sampled: bool) {
            let context = Traceparent { trace, span, sampled };
            prop_assert_eq!(context.to_string().parse(), Ok(context));
        }
    }
}
