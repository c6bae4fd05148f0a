//! The values of output bindings, turned into messages as the host does it.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::{DataType, Node, Unbindable, node::is_json};

/// What an extension takes messages as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collector {
    /// Strings: Service Bus.
    Text,
    /// Bytes: Storage queues and event hubs.
    Bytes,
}

/// The messages that leave through an output binding (not `http`) for the value a function gave.
///
/// # Errors
/// [`Unbindable`] when a text looks like JSON and is not.
pub fn expand(
    collector: Collector,
    data_type: Option<DataType>,
    value: &Node,
) -> Result<Vec<Bytes>, Unbindable> {
    if data_type != Some(DataType::Binary)
        && let Node::String(text) = value
        && let Some(bytes) = decode_base64(text)
    {
        return Ok(vec![match collector {
            Collector::Bytes => bytes,
            Collector::Text => Bytes::from_static(b"System.Byte[]"),
        }]);
    }
    match value {
        Node::Null => Ok(Vec::new()),
        Node::Array(nodes) => Ok(nodes.iter().map(message).collect()),
        Node::String(text) if is_json(text) => match serde_json::from_str(text) {
            Ok(Node::Array(nodes)) => Ok(nodes.iter().map(message).collect()),
            Ok(node) => Ok(vec![message(&node)]),
            Err(error) => Err(Unbindable(format!("an output looks like JSON but is not: {error}"))),
        },
        node => Ok(vec![message(node)]),
    }
}

fn message(node: &Node) -> Bytes {
    Bytes::from(node.to_text())
}

/// Base64 by the rules of .NET, which skip white space.
pub(super) fn decode_base64(text: &str) -> Option<Bytes> {
    let is_space = |c: &char| matches!(c, ' ' | '\t' | '\r' | '\n');
    let text: String = text.chars().filter(|c| !is_space(c)).collect();
    STANDARD.decode(text).ok().map(Bytes::from)
}
