//! What becomes of access that came about behind our back.

use jiff::{Span, Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::TeamName;

/// What becomes of what is found in a team's group or in a cluster and the policy does not give:
/// `remove`, `report`, or `{ adopt: { owner: <team>, for: P14D } }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnDrift {
    /// It is taken away.
    Remove,
    /// It is told, and left.
    Report,
    /// It stands as an exception for a time, and is then taken away.
    Adopt(Adoption),
}

/// An exception: who answers for it, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Adoption {
    /// The team that answers for it.
    pub owner: TeamName,
    /// For how long, an ISO 8601 duration such as `P14D`.
    #[serde(rename = "for")]
    pub time: String,
}

impl Adoption {
    /// When an exception that begins now ends. A time that cannot be read, which the policy's check
    /// refuses, is none.
    pub fn until(&self, now: Timestamp) -> Timestamp {
        let until = || {
            let time: Span = self.time.parse().ok()?;
            Some(now.to_zoned(TimeZone::UTC).checked_add(time).ok()?.timestamp())
        };
        until().unwrap_or(now)
    }
}

/// What becomes of a membership of a person that HR knows and that nothing justifies, where the
/// policy does not say: it is taken away, as a move between departments takes it.
pub const OF_PEOPLE: OnDrift = OnDrift::Remove;

/// What becomes of everything else, where the policy does not say: it is told. A first start must
/// not empty groups of people whom HR does not know, nor clusters of what others set up.
pub const OF_STRANGERS: OnDrift = OnDrift::Report;
