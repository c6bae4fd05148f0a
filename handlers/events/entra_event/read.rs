//! The envelope of an event: CloudEvents 1.0 or Event Grid's own schema.

use latchkey_core::message::Hint;
use serde_json::Value;

/// An event of either schema.
#[derive(Debug)]
pub(super) struct Event<'e> {
    kind: &'e str,
    data: Option<&'e Value>,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Groups or users changed.
    Graph(Hint),
    /// Something was done to a resource of the subscription.
    Resource,
    /// Graph asks that a subscription be authorized anew.
    Reauthorization,
    /// Anything else.
    Other,
}

impl<'e> Event<'e> {
    /// Reads the envelope.
    pub(super) fn read(event: &'e Value) -> Result<Self, String> {
        let name = if event["specversion"].is_string() { "type" } else { "eventType" };
        let kind = event[name].as_str().ok_or_else(|| format!("{name}: must be a text"))?;
        Ok(Self { kind, data: event.get("data") })
    }

    /// What happened; of Graph's lifecycle events, all that is told.
    pub(super) fn data(&self) -> Result<&'e Value, String> {
        self.data.filter(|data| data.is_object()).ok_or_else(|| "data: must be an object".into())
    }

    pub(super) fn kind(&self) -> Kind {
        // CloudEvents compare types as written; Microsoft's own are spelled in several ways.
        match self.kind.to_ascii_lowercase().as_str() {
            "microsoft.graph.groupupdated"
            | "microsoft.graph.groupdeleted"
            | "microsoft.graph.groupcreated" => Kind::Graph(Hint::Groups),
            "microsoft.graph.userupdated"
            | "microsoft.graph.userdeleted"
            | "microsoft.graph.usercreated" => Kind::Graph(Hint::Users),
            "microsoft.graph.subscriptionreauthorizationrequired" => Kind::Reauthorization,
            "microsoft.resources.resourcewritesuccess"
            | "microsoft.resources.resourcedeletesuccess"
            | "microsoft.resources.resourceactionsuccess" => Kind::Resource,
            _ => Kind::Other,
        }
    }
}

/// A text that must be there.
pub(super) fn text<'e>(data: &'e Value, name: &str) -> Result<&'e str, String> {
    data[name].as_str().ok_or_else(|| format!("data.{name}: must be a text"))
}
