//! An in-memory Azure Service Bus namespace: queues, topics with subscriptions filtered by label,
//! sessions, peek-lock, delivery count, dead-letter queues, duplicate detection, scheduling.
//!
//! [`Broker`] is the namespace itself, for the Functions host and for tests; [`router`] is the REST
//! door through which Latchkey sends.

mod broker;
mod dead;
mod entity;
mod message;
mod properties;
mod receive;
mod rest;
mod state;
mod store;

#[cfg(test)]
mod tests;

pub use broker::Broker;
pub use entity::{Counts, Entity, EntityOptions};
pub use message::{Delivery, Message};
pub use receive::Session;
pub use rest::router;
pub use state::Sent;

/// What the broker refuses, in Service Bus's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BusError {
    /// No queue, topic or subscription of this path.
    NoEntity(String),
    /// The entity requires sessions and the message has no SessionId.
    NoSession(String),
    /// Sessions are for session entities, plain receiving for the others.
    NeedsSession(String),
    /// MessageId or SessionId is longer than 128 characters.
    IdTooLong,
    /// The message is larger than 256 KiB.
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The lock of the message or session ran out, or it was settled before.
    LockLost,
    /// No dead letter of this sequence number.
    NoMessage,
}

impl std::error::Error for BusError {}

impl std::fmt::Display for BusError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoEntity(path) => {
                write!(f, "the messaging entity '{path}' could not be found")
            }
            Self::NoSession(path) => {
                write!(f, "the SessionId was not set on a message, and '{path}' requires sessions")
            }
            Self::NeedsSession(path) => {
                write!(
                    f,
                    "'{path}' cannot be received from in this way: sessions and plain receiving exclude each other"
                )
            }
            Self::IdTooLong => f.write_str("MessageId and SessionId have at most 128 characters"),
            Self::TooLarge { bytes } => {
                write!(f, "the message has {bytes} bytes, more than the 262144 allowed")
            }
            Self::LockLost => f.write_str("the lock is lost: it ran out or was settled before"),
            Self::NoMessage => f.write_str("no dead letter has this sequence number"),
        }
    }
}
