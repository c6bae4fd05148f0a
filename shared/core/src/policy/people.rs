//! How people map to users, what is never touched, and brakes.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lookup::exact;
use crate::ids::{GroupName, ObjectId};

/// How people map to Entra users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct People {
    /// How a person's Entra user is found.
    #[serde(rename = "match")]
    pub matching: Matching,
    /// Whether missing users are created.
    pub create: bool,
    /// How long after leaving the user is deleted, an ISO 8601 duration such as `P30D`; never when absent.
    pub delete_after: Option<String>,
}

impl Default for People {
    fn default() -> Self {
        Self { matching: Matching::EmployeeId, create: false, delete_after: None }
    }
}

impl People {
    /// When the user of somebody who left at this instant is deleted; never when none.
    pub fn delete_at(&self, left: Timestamp) -> Option<Timestamp> {
        let after: Span = self.delete_after.as_ref()?.parse().ok()?;
        Some(left.to_zoned(TimeZone::UTC).checked_add(after).ok()?.timestamp())
    }
}

/// How a person's Entra user is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Matching {
    /// `employeeId` equals the person id; then the UPN of the HR attributes.
    EmployeeId,
    /// Only the UPN of the HR attributes.
    UserPrincipalName,
}

/// What is never touched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Protected {
    /// Object ids of break-glass principals.
    pub principals: BTreeSet<ObjectId>,
    /// The break-glass group: excluded from every Conditional Access policy of ours.
    pub group: Option<GroupName>,
    /// A cluster's admin group never falls below this many enabled members.
    #[schemars(range(max = 1000))]
    pub minimum_cluster_admins: u32,
    /// Object ids of Latchkey's own identities: no word of the policy, but a setting of the app.
    #[serde(skip)]
    pub own: BTreeSet<ObjectId>,
}

impl Protected {
    /// Whether this principal is never touched: break-glass, or one of our own identities.
    pub fn spares(&self, principal: &ObjectId) -> bool {
        self.principals.contains(principal) || self.own.contains(principal)
    }
}

/// Brakes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// More leavers than this within an hour are held for an operator.
    #[schemars(range(max = 1_000_000))]
    pub leavers_per_hour: u32,
    /// The sweep asks Microsoft Graph no more often than this in a second.
    #[schemars(range(min = 1, max = 1_000))]
    pub sweep_calls_per_second: u32,
    /// Changes of Entra that nobody told of although it is subscribed to are reported after this
    /// long, an ISO 8601 duration of days, hours and minutes.
    pub feed_silence: String,
    /// More removals of strangers than this within an hour, from one team's group or in one
    /// cluster, are held for an operator.
    #[schemars(range(max = 1_000_000))]
    pub drift_per_hour: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            leavers_per_hour: 20,
            sweep_calls_per_second: 20,
            feed_silence: "PT24H".into(),
            drift_per_hour: 20,
        }
    }
}

impl Limits {
    /// How long a feed may be silent; no policy is read in which that cannot be said.
    pub fn silence(&self) -> SignedDuration {
        exact(&self.feed_silence).unwrap_or(SignedDuration::from_hours(24))
    }
}
