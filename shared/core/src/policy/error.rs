//! What is wrong with a policy, all of it, each with its line and field.

use std::fmt;

/// One thing wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("line {line}: {field}: {message}")]
pub struct PolicyError {
    /// The line of the text, from 1.
    pub line: usize,
    /// The dotted path of the field: `teams.frontend.access[0].cluster`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// Everything wrong with a policy, by line; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors(Vec<PolicyError>);

impl PolicyErrors {
    /// The errors in the order of their lines, without repetitions.
    pub(super) fn new(mut errors: Vec<PolicyError>) -> Self {
        errors.sort();
        errors.dedup();
        Self(errors)
    }

    /// The errors.
    pub fn as_slice(&self) -> &[PolicyError] {
        &self.0
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for PolicyErrors {}
