//! The binding data of a trigger: a dictionary that ignores case, and what payloads do to it.

use serde_json::{Map, Value};

use super::{HostValue, Node, node::is_json};

/// Binding data, from which the host writes `Metadata`.
#[derive(Debug, Default)]
pub(super) struct BindingData {
    entries: Vec<(String, HostValue)>,
}

impl BindingData {
    /// Sets an entry. Keys are equal regardless of case, and the first spelling stays.
    pub(super) fn set(&mut self, key: &str, value: HostValue) {
        let same =
            |(known, _): &&mut (String, HostValue)| known.to_uppercase() == key.to_uppercase();
        match self.entries.iter_mut().find(same) {
            Some((_, old)) => *old = value,
            None => self.entries.push((key.to_owned(), value)),
        }
    }

    /// Sets an entry unless there is no value.
    pub(super) fn set_some(&mut self, key: &str, value: Option<&String>) {
        if let Some(text) = value {
            self.set(key, HostValue::from(text.as_str()));
        }
    }

    /// Merges the members of a text that is a JSON object, over whatever is there: scalars as
    /// strings, objects as objects, arrays and nulls not. This is how a sender can forge metadata.
    pub(super) fn shadow(&mut self, text: &str) {
        if !is_json(text) {
            return;
        }
        let Ok(Node::Object(members)) = serde_json::from_str(text) else { return };
        for (name, member) in members {
            match member {
                Node::Null | Node::Array(_) => {}
                Node::Object(_) => self.set(&name, HostValue::json(member.to_value())),
                scalar => self.set(&name, HostValue::Other(scalar.to_text().into())),
            }
        }
    }

    /// `Metadata`, without nulls, requests and keys that end in "trigger".
    pub(super) fn encode(&self) -> Value {
        let kept = |(key, value): &&(String, HostValue)| {
            !value.is_left_out() && !key.to_lowercase().ends_with("trigger")
        };
        let entries = self.entries.iter().filter(kept);
        Value::Object(
            entries.map(|(key, value)| (key.clone(), value.encode())).collect::<Map<_, _>>(),
        )
    }
}
