//! What can be wrong with a request of the host.

use std::fmt;

/// A part of an invocation that does not have the shape the protocol promises.
///
/// It names the field and the kind of fault and never quotes the value, so it may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {fault}")]
pub struct Malformed {
    field: String,
    fault: Fault,
}

impl Malformed {
    pub(crate) fn new(field: impl Into<String>, fault: Fault) -> Self {
        Self { field: field.into(), fault }
    }

    /// The path of the field, such as `Data.message` or `Metadata.DeliveryCount`.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with the field.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }
}

/// The ways in which a field can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The field is absent.
    Missing,
    /// The field is not the JSON that was expected; the place is counted within the field.
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The field is JSON of another shape than expected.
    WrongShape(&'static str),
    /// The field is not base64. The binding's `dataType` is then most likely not `binary`.
    NotBase64,
    /// The field is not a date with time.
    NotTime,
    /// The metadata of a batch has another length than the batch.
    WrongLength {
        /// Messages in the batch.
        expected: usize,
        /// Entries in the field.
        found: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::NotJson { line, column } => {
                write!(f, "is not the expected JSON (line {line}, column {column})")
            }
            Self::WrongShape(expected) => write!(f, "is not {expected}"),
            Self::NotBase64 => f.write_str("is not base64; is its dataType \"binary\"?"),
            Self::NotTime => f.write_str("is not a date with time"),
            Self::WrongLength { expected, found } => {
                write!(f, "has {found} entries for {expected} messages")
            }
        }
    }
}

impl From<&serde_json::Error> for Fault {
    /// Keeps the place only: serde's own text quotes the value.
    fn from(error: &serde_json::Error) -> Self {
        Self::NotJson { line: error.line(), column: error.column() }
    }
}
