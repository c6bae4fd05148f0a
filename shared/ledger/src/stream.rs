//! Names of streams and of the objects in them.

use latchkey_core::call::CallError;
use object_store::path::Path;

use crate::failure;

/// A checked stream name: segments of ASCII letters, digits and `.`, `_`, `-`, `:`, `@`, `=`,
/// `+`, joined by `/`. Ids of other systems may hold anything: hash them first.
#[derive(Clone)]
pub(crate) struct Stream(Path);

impl Stream {
    pub(crate) fn new(name: &str) -> Result<Self, CallError> {
        if !name.split('/').all(is_segment) {
            return Err(failure::rejected("InvalidStream", "a stream's name is not allowed"));
        }
        Path::parse(name)
            .map(Self)
            .map_err(|error| failure::rejected("InvalidStream", &error.to_string()))
    }

    pub(crate) fn name(&self) -> &str {
        self.0.as_ref()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// Where the record with this number is.
    pub(crate) fn object(&self, sequence: u64) -> Path {
        self.0.clone().join(format!("{sequence:010}.json"))
    }
}

fn is_segment(segment: &str) -> bool {
    !segment.is_empty()
        && segment != "."
        && segment != ".."
        && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-:@=+".contains(&b))
}

/// The record number in an object's last path segment.
pub(crate) fn sequence_of(file: &str) -> Option<u64> {
    let number: u64 = file.strip_suffix(".json")?.parse().ok()?;
    (file == format!("{number:010}.json")).then_some(number)
}
