//! What a check finds, without the values that it found it in.

use std::fmt;

use serde_json::Value;

use super::shape::Id;

/// Something that the contract does not allow.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Where in the body, `.properties.scope`; empty for the body itself and for all else.
    pub at: String,
    /// What is wrong there.
    pub what: What,
}

/// The kinds of finding. Those with a sample can be learnt from a published example.
#[derive(Clone, Debug)]
pub enum What {
    /// Told in words, which never hold a value.
    Wrong(String),
    /// An object has no such field.
    UnknownField {
        /// The object.
        object: Id,
        /// Its name.
        of: String,
        /// The field.
        field: String,
        /// The field's value.
        sample: Value,
    },
    /// An object says that it is of a kind that its type does not have.
    UnknownKind {
        /// The type.
        object: Id,
        /// Its name.
        of: String,
        /// The kind that it says it is.
        name: String,
        /// The object.
        sample: Value,
    },
    /// The contract names this type and does not define it.
    UnknownType {
        /// The type's name.
        name: String,
        /// A value of it.
        sample: Value,
    },
    /// The operation has no such answer.
    UnknownStatus {
        /// Its name, or its method and path template.
        operation: String,
        /// The HTTP status.
        status: u16,
    },
}

impl Finding {
    /// A finding outside bodies.
    pub fn wrong(what: impl Into<String>) -> Finding {
        Finding { at: String::new(), what: What::Wrong(what.into()) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.at.is_empty() {
            write!(f, "{}: ", self.at)?;
        }
        match &self.what {
            What::Wrong(what) => f.write_str(what),
            What::UnknownField { of, field, .. } => write!(f, "{of} has no property '{field}'"),
            What::UnknownKind { of, name, .. } => write!(f, "{of} has no kind '{name}'"),
            What::UnknownType { name, .. } => {
                write!(f, "the contract neither defines {name} nor shows one")
            }
            What::UnknownStatus { status, .. } => {
                write!(f, "the operation documents no answer {status}")
            }
        }
    }
}
