//! What an entry says: the case, and until when it is needed.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Timestamp, ids::CaseId};

/// The value of an entry, `c-0123456789abcdef until 2026-11-23T18:00:00Z`: nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The case that cut the person off; none when somebody ordered it outside of one.
    pub case: Option<CaseId>,
    /// Until when a token of theirs may live.
    pub until: Timestamp,
}

/// Why a value is no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must read `c-0123456789abcdef until 2026-11-23T18:00:00Z`")]
pub struct Unreadable;

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.case {
            Some(case) => write!(f, "{case} until {}", self.until),
            None => write!(f, "until {}", self.until),
        }
    }
}

impl FromStr for Entry {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let instant = |text: &str| text.parse().map_err(|_| Unreadable);
        if let Some(until) = text.strip_prefix("until ") {
            return Ok(Self { case: None, until: instant(until)? });
        }
        let (case, until) = text.split_once(" until ").ok_or(Unreadable)?;
        let case = CaseId::new(case).map_err(|_| Unreadable)?;
        Ok(Self { case: Some(case), until: instant(until)? })
    }
}
