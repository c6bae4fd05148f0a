//! How `requireCompliantDevice` is written: `true` and `false`, or which kind of yes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether sign-in needs a compliant device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Written", into = "Written")]
#[schemars(with = "Written")]
pub enum CompliantDevice {
    /// No.
    #[default]
    No,
    /// Sign-ins from other devices are reported.
    ReportOnly,
    /// Sign-ins from other devices are refused.
    Enforced,
}

/// As written.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    /// Whether at all; `true` only reports.
    Whether(bool),
    /// Which kind of yes.
    Kind(Kind),
}

/// Which kind of yes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// Sign-ins from other devices are reported.
    ReportOnly,
    /// Sign-ins from other devices are refused.
    Enforced,
}

impl From<Written> for CompliantDevice {
    fn from(written: Written) -> Self {
        match written {
            Written::Whether(false) => Self::No,
            Written::Whether(true) | Written::Kind(Kind::ReportOnly) => Self::ReportOnly,
            Written::Kind(Kind::Enforced) => Self::Enforced,
        }
    }
}

impl From<CompliantDevice> for Written {
    fn from(value: CompliantDevice) -> Self {
        match value {
            CompliantDevice::No => Self::Whether(false),
            CompliantDevice::ReportOnly => Self::Kind(Kind::ReportOnly),
            CompliantDevice::Enforced => Self::Kind(Kind::Enforced),
        }
    }
}
