//! A message before it is sent.

use std::{borrow::Cow, fmt};

use azure_core_021::date::parse_rfc3339;
use azure_messaging_servicebus::service_bus::{SendMessageOptions, SettableBrokerProperties};
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

/// A message to be sent. `Debug` shows where it goes, not what it says or whom it is about.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Queue or topic.
    pub to: Cow<'static, str>,
    /// Session: messages of one session are handled one after the other. At most 128 characters.
    pub session: String,
    /// Id by which the queue knows duplicates. At most 128 characters.
    pub message_id: String,
    /// What kind of message it is, also called its subject.
    pub label: String,
    /// The content: JSON.
    pub body: Vec<u8>,
    /// When it appears; none for at once. Rounded up to the next second, the service knows none
    /// smaller.
    pub not_before: Option<Timestamp>,
    /// What it belongs to.
    pub correlation_id: Option<String>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("to", &self.to)
            .field("label", &self.label)
            .field("not_before", &self.not_before)
            .field("correlation_id", &self.correlation_id)
            .finish_non_exhaustive()
    }
}

impl Outgoing {
    /// The body as the library wants it.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.body).ok()
    }

    /// The properties as the library wants them; none when the schedule cannot be written.
    pub(crate) fn options(&self) -> Option<SendMessageOptions> {
        let scheduled = match self.not_before {
            Some(at) => Some(parse_rfc3339(&whole_second(at)?.to_string()).ok()?),
            None => None,
        };
        Some(SendMessageOptions {
            content_type: Some("application/json".to_owned()),
            broker_properties: Some(SettableBrokerProperties {
                correlation_id: self.correlation_id.clone(),
                session_id: Some(self.session.clone()),
                message_id: Some(self.message_id.clone()),
                label: Some(self.label.clone()),
                scheduled_enqueue_time_utc: scheduled,
                ..SettableBrokerProperties::default()
            }),
            custom_properties: None,
        })
    }
}

/// Never earlier than asked for.
fn whole_second(at: Timestamp) -> Option<Timestamp> {
    at.round(TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil)).ok()
}
