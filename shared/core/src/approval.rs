//! Who must agree before a decision of high risk is carried out.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::GroupName;

/// Whose approval a decision needs. Nobody approves what they asked for, or what is about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Approval {
    /// A second operator's.
    Operator,
    /// That of a member of this group.
    MemberOf(GroupName),
}

impl fmt::Display for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("a second operator"),
            Self::MemberOf(group) => write!(f, "a member of {group}"),
        }
    }
}
