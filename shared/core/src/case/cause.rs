//! What set a case in motion.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What set a case in motion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "camelCase")]
pub enum Cause {
    /// An HR event.
    #[serde(rename_all = "camelCase")]
    Event {
        /// Its `source`.
        source: String,
        /// Its `id`.
        id: String,
        /// Its `type`.
        kind: String,
        /// Whether it came after its effective time by more than a minute.
        late: bool,
        /// Of one that came late: from when on what it says holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effective: Option<Timestamp>,
    },
    /// An operator's call.
    #[serde(rename_all = "camelCase")]
    Operator {
        /// The operator's object id.
        requester: String,
    },
    /// The sweep.
    Sweep,
}

impl Cause {
    /// What kind of cause it is, one of a few words: the event's type, `operator` or `sweep`.
    pub fn path(&self) -> &str {
        match self {
            Self::Event { kind, .. } => kind,
            Self::Operator { .. } => "operator",
            Self::Sweep => "sweep",
        }
    }
}
