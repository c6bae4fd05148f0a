//! What a request asks for.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde_json::{Map, Value, json};

use crate::directory::AccessId;
use crate::graph::answer::Refused;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make one.
    Assign,
    /// Change one.
    Update,
    /// End one.
    Remove,
    /// Make one last longer.
    Extend,
    /// Make one again.
    Renew,
    /// Turn one's own eligibility into membership.
    Activate,
    /// End one's own activation.
    Deactivate,
}

impl Action {
    fn read(text: &str) -> Option<Action> {
        let all = [
            Action::Assign,
            Action::Update,
            Action::Remove,
            Action::Extend,
            Action::Renew,
            Action::Activate,
            Action::Deactivate,
        ];
        all.into_iter().find(|action| action.name().eq_ignore_ascii_case(text))
    }

    /// As the wire says it.
    pub fn name(self) -> &'static str {
        match self {
            Action::Assign => "adminAssign",
            Action::Update => "adminUpdate",
            Action::Remove => "adminRemove",
            Action::Extend => "adminExtend",
            Action::Renew => "adminRenew",
            Action::Activate => "selfActivate",
            Action::Deactivate => "selfDeactivate",
        }
    }

    /// Whether only the principal itself may ask for it.
    pub fn is_own(self) -> bool {
        matches!(self, Action::Activate | Action::Deactivate)
    }

    /// Whether a schedule ends by it.
    pub fn ends(self) -> bool {
        matches!(self, Action::Remove | Action::Deactivate)
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Member or owner.
    pub access: AccessId,
    /// What is to be done.
    pub action: Action,
    /// The group.
    pub group: String,
    /// Who.
    pub principal: String,
    /// From when; now when that is past.
    pub starts: Timestamp,
    /// Until when; for ever when none.
    pub ends: Option<Timestamp>,
    /// `scheduleInfo.expiration` as asked.
    pub expiration: Map<String, Value>,
    /// Why.
    pub justification: Option<String>,
    /// Which ticket.
    pub ticket: (Option<String>, Option<String>),
    /// Only the rules are to be tried.
    pub dry: bool,
}

impl Asked {
    /// Reads a request's body.
    pub fn read(body: &Map<String, Value>, now: Timestamp) -> Result<Asked, Refused> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let guid = |name: &str| {
            let text = text(name).filter(|text| uuid::Uuid::try_parse(text).is_ok());
            text.map(str::to_lowercase).ok_or_else(Refused::pim_invalid)
        };
        let action = text("action").and_then(Action::read).ok_or_else(Refused::pim_invalid)?;
        let info = body.get("scheduleInfo").cloned().unwrap_or_default();
        let starts = info["startDateTime"]
            .as_str()
            .map(|text| text.parse::<Timestamp>().map_err(|_| Refused::pim_invalid()));
        let starts = starts.transpose()?.map_or(now, |at| at.max(now));
        let expiration = match &info["expiration"] {
            Value::Object(expiration) => expiration.clone(),
            _ => Map::new(),
        };
        let ends = ends(&expiration, starts)?;
        let ticket = |name: &str| body.get("ticketInfo")?.get(name)?.as_str().map(str::to_owned);
        Ok(Asked {
            access: access(text("accessId").unwrap_or_default())?,
            action,
            group: guid("groupId")?,
            principal: guid("principalId")?,
            starts,
            ends,
            expiration,
            justification: text("justification").map(str::to_owned),
            ticket: (ticket("ticketNumber"), ticket("ticketSystem")),
            dry: body.get("isValidationOnly").and_then(Value::as_bool).unwrap_or(false),
        })
    }

    /// How long it would hold; for ever when none.
    pub fn lasts(&self) -> Option<SignedDuration> {
        self.ends.map(|end| end.duration_since(self.starts))
    }
}

fn access(text: &str) -> Result<AccessId, Refused> {
    match text.to_lowercase().as_str() {
        "member" => Ok(AccessId::Member),
        "owner" => Ok(AccessId::Owner),
        _ => Err(Refused::pim_invalid()),
    }
}

fn ends(expiration: &Map<String, Value>, starts: Timestamp) -> Result<Option<Timestamp>, Refused> {
    let text = |name: &str| expiration.get(name).and_then(Value::as_str);
    let kind = text("type").unwrap_or("notSpecified").to_lowercase();
    let end = match kind.as_str() {
        "noexpiration" | "notspecified" => return Ok(None),
        "afterdatetime" => text("endDateTime").and_then(|text| text.parse::<Timestamp>().ok()),
        "afterduration" => {
            let duration = text("duration").and_then(duration);
            duration.and_then(|duration| starts.checked_add(duration).ok())
        }
        _ => None,
    };
    let end = end.ok_or_else(Refused::pim_invalid)?;
    if end <= starts { Err(Refused::pim_schedule()) } else { Ok(Some(end)) }
}

/// An ISO 8601 duration of days and less; months and years are no durations here.
pub fn duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    duration.is_positive().then_some(duration)
}

/// The name of an access on the wire.
pub fn name(access: AccessId) -> &'static str {
    match access {
        AccessId::Member => "member",
        AccessId::Owner => "owner",
    }
}

/// An instant as PIM shows it.
pub fn time(at: Timestamp) -> Value {
    json!(at.strftime("%Y-%m-%dT%H:%M:%S%.7fZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_no_duration() {
        assert_eq!(duration("PT2H"), Some(SignedDuration::from_hours(2)));
        assert_eq!(duration("P180D"), Some(SignedDuration::from_hours(180 * 24)));
        assert_eq!(duration("P6M"), None);
        assert_eq!(duration("-PT1H"), None);
    }

    #[test]
    fn an_instant_has_seven_digits() {
        assert_eq!(time(Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00.0000000Z");
    }
}
