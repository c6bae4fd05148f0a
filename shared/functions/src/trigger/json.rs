//! Triggers whose value is plain JSON, such as Event Grid.

use serde::de::DeserializeOwned;

use super::{Binding, Trigger};
use crate::Malformed;

/// A value that the host passes as a JSON object: an Event Grid event, a CloudEvent, a document.
/// With `"cardinality":"many"` it is an array, which the host wraps in a string; both are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> Trigger for Json<T> {
    fn decode(binding: &Binding<'_>) -> Result<Self, Malformed> {
        binding.value().object_or_nested().map(Self)
    }
}
