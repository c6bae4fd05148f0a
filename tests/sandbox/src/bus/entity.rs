//! What messages are sent to and received from: names, settings and fill levels.

use std::fmt;

use jiff::SignedDuration;

/// Something messages are received from: a queue, or a subscription of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A queue, by name.
    Queue(String),
    /// A subscription of a topic.
    Subscription {
        /// The topic messages are sent to.
        topic: String,
        /// The subscription's own name.
        name: String,
    },
}

impl Entity {
    /// The queue of this name.
    pub fn queue(name: impl Into<String>) -> Self {
        Self::Queue(name.into())
    }

    /// The subscription `name` of `topic`.
    pub fn subscription(topic: impl Into<String>, name: impl Into<String>) -> Self {
        Self::Subscription { topic: topic.into(), name: name.into() }
    }

    /// Where one sends to so that messages may arrive here: the queue itself, or the topic.
    pub fn door(&self) -> &str {
        match self {
            Self::Queue(name) => name,
            Self::Subscription { topic, .. } => topic,
        }
    }
}

/// The path of the entity below the namespace, as Service Bus writes it.
impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(name) => f.write_str(name),
            Self::Subscription { topic, name } => write!(f, "{topic}/Subscriptions/{name}"),
        }
    }
}

/// Settings of a queue, a topic or a subscription. The defaults are those of Service Bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityOptions {
    /// Every message has a SessionId and a session has one consumer at a time. Queues and subscriptions.
    pub requires_session: bool,
    /// How long a MessageId is remembered; a second message with it vanishes. Queues and topics.
    pub duplicate_detection: Option<SignedDuration>,
    /// How long a received message (or an accepted session) stays locked. Queues and subscriptions.
    pub lock_duration: SignedDuration,
    /// How many failed deliveries move a message to the dead-letter queue. Queues and subscriptions.
    pub max_delivery_count: u32,
    /// Whether expired messages are dead-lettered instead of dropped. Queues and subscriptions.
    pub dead_letter_on_expiration: bool,
}

impl Default for EntityOptions {
    fn default() -> Self {
        Self {
            requires_session: false,
            duplicate_detection: None,
            lock_duration: SignedDuration::from_mins(1),
            max_delivery_count: 10,
            dead_letter_on_expiration: false,
        }
    }
}

impl EntityOptions {
    /// The same with sessions required or not.
    #[must_use]
    pub fn sessions(mut self, required: bool) -> Self {
        self.requires_session = required;
        self
    }

    /// The same with duplicate detection over the default window of ten minutes.
    #[must_use]
    pub fn detecting_duplicates(mut self) -> Self {
        self.duplicate_detection = Some(SignedDuration::from_mins(10));
        self
    }
}

/// How many messages of an entity are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting to be received.
    pub active: usize,
    /// Waiting for their enqueue time.
    pub scheduled: usize,
    /// Received and not settled yet.
    pub locked: usize,
    /// In the dead-letter queue.
    pub dead: usize,
}
