//! Tokens: opaque to clients, everything the next call needs to us.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a round is, and what it is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Token {
    /// `users` or `groups`.
    pub set: String,
    /// `$select` of the first call.
    pub select: Option<String>,
    /// The ids of its `$filter`; all when empty.
    pub ids: Vec<String>,
    /// When it was handed out.
    pub issued: Timestamp,
    /// Where to go on.
    pub step: Step,
}

/// Where to go on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Step {
    /// A round begins after this change.
    Since {
        /// Number of the last change that is known.
        from: u64,
    },
    /// A page of the changes after one, up to another.
    Changes {
        /// Number of the last change that is known.
        from: u64,
        /// Number of the last change of this round.
        to: u64,
        /// Which page, from 0.
        page: usize,
    },
    /// A page of everything there is.
    Full {
        /// Number of the last change when it began.
        to: u64,
        /// The object shown last, and how many of its members.
        after: Option<(String, usize)>,
    },
}

impl Token {
    /// A token that leads nowhere yet.
    pub fn new(set: &str, select: Option<String>, ids: Vec<String>, issued: Timestamp) -> Token {
        Token { set: set.to_owned(), select, ids, issued, step: Step::Since { from: 0 } }
    }

    /// The same at another step.
    pub fn with(&self, step: Step, issued: Timestamp) -> Token {
        Token { step, issued, ..self.clone() }
    }

    /// As it is handed out.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads what was handed out.
    pub fn read(text: &str) -> Option<Token> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }

    /// Whether the round is about this object.
    pub fn is_about(&self, id: &str) -> bool {
        self.ids.is_empty() || self.ids.iter().any(|known| known == id)
    }

    /// Whether a change of this property shows.
    pub fn selects(&self, property: &str) -> bool {
        let mut names = self.select.iter().flat_map(|names| names.split(',').map(str::trim));
        self.select.is_none() || names.any(|name| name == property)
    }
}
