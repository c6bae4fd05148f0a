//! The data of an event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{EventError, error, time};
use crate::{
    Timestamp,
    event::time::Edge,
    fact::{Attributes, EventKey, Fact, FactKind, Urgency},
    ids::{PersonId, SpellId, TeamName},
};

/// What HR says about one spell of one person. Members it does not list are ignored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonData {
    /// Whom it is about.
    pub person_id: PersonId,
    /// Which employment it is about.
    pub spell_id: SpellId,
    /// `employee`, `contractor`, ….
    #[serde(default)]
    pub worker_type: Option<String>,
    /// From when it holds: a local date, or date and time, in the zone `tz`. A date alone is the
    /// end of that day for what ends access, its start for everything else. For
    /// `person.extended.v1` it is the new end.
    pub effective_from: String,
    /// An IANA time zone, such as `Europe/Paris`.
    pub tz: String,
    /// The source's revision: within a spell, the higher one wins.
    pub source_revision: u64,
    /// Why, as a class.
    #[serde(default)]
    pub reason_class: Option<String>,
    /// How soon it must bite.
    #[serde(default)]
    pub urgency: Option<Urgency>,
    /// Attributes.
    #[serde(default)]
    pub attributes: Option<Attributes>,
    /// A hold that forbids deletion.
    #[serde(default)]
    pub legal_hold: Option<String>,
    /// What is asked for; `access.requested.v1` only.
    #[serde(default)]
    pub request: Option<AccessRequest>,
}

/// Membership that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessRequest {
    /// The team.
    pub team: TeamName,
    /// Until when: an instant (RFC 3339), or a local date or date and time in the zone `tz`.
    pub until: String,
}

impl std::fmt::Debug for PersonData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonData")
            .field("person_id", &self.person_id)
            .field("spell_id", &self.spell_id)
            .finish_non_exhaustive()
    }
}

/// Data that make sense.
pub(super) struct Read {
    data: PersonData,
    kind: FactKind,
    effective: Timestamp,
}

impl Read {
    pub(super) fn into_fact(self, event: EventKey, recorded: Timestamp) -> Fact {
        let Self { data, kind, effective } = self;
        Fact {
            event,
            person: data.person_id,
            spell: data.spell_id,
            kind,
            effective,
            revision: data.source_revision,
            recorded,
            urgency: data.urgency.unwrap_or_default(),
            worker_type: data.worker_type,
            reason_class: data.reason_class,
            attributes: data.attributes.unwrap_or_default(),
            legal_hold: data.legal_hold,
        }
    }
}

/// Reads an event's data as its type wants them; what is wrong is added to `errors`. What the
/// schema has reported already is passed over.
pub(super) fn read(event: &Value, errors: &mut Vec<EventError>) -> Option<Read> {
    let (kind, data) = (event["type"].as_str()?, &event["data"]);
    let text = |name: &str| data[name].as_str();
    let zone = text("tz").map(time::zone);
    if let Some(Err(message)) = &zone {
        errors.push(error("data.tz", *message));
    }
    let zone = zone.and_then(Result::ok);
    let immediate = text("urgency") == Some("immediate");
    let effective = text("effectiveFrom").and_then(|from| {
        let read = time::read(from, zone.as_ref(), edge(kind, immediate));
        read.map_err(|message| errors.push(error("data.effectiveFrom", message))).ok().flatten()
    });
    let request = &data["request"];
    if kind == "access.requested.v1" && request.is_null() {
        errors.push(error("data.request", "is missing"));
    }
    let until = request["until"].as_str().and_then(|until| {
        let read = time::read_until(until, zone.as_ref());
        read.map_err(|message| errors.push(error("data.request.until", message))).ok().flatten()
    });
    if until.zip(effective).is_some_and(|(until, effective)| until <= effective) {
        errors.push(error("data.request.until", "must be after data.effectiveFrom"));
    }
    // To a schema 17.0 is an integer, and so is a number beyond all bounds.
    if data["sourceRevision"].as_f64().is_some_and(|number| number >= 0.0)
        && !data["sourceRevision"].is_u64()
    {
        errors.push(error("data.sourceRevision", "must be a whole number of at most 64 bits"));
    }
    let data: PersonData = serde_json::from_value(data.clone()).ok()?;
    let kind = fact_kind(kind, data.request.as_ref(), until)?;
    Some(Read { kind, effective: effective?, data })
}

/// How the type's local time is read. What takes access away happens at the earlier reading of
/// an ambiguous time, what gives at the later; an immediate end does not wait for the evening.
fn edge(kind: &str, immediate: bool) -> Edge {
    match kind {
        "person.terminated.v1" | "person.termination-corrected.v1" if immediate => Edge::Cut,
        "person.terminated.v1" | "person.termination-corrected.v1" | "person.extended.v1" => {
            Edge::End
        }
        "access.revoke-now.v1" | "person.leave-started.v1" => Edge::Cut,
        _ => Edge::Start,
    }
}

fn fact_kind(
    kind: &str,
    request: Option<&AccessRequest>,
    until: Option<Timestamp>,
) -> Option<FactKind> {
    Some(match kind {
        "person.hired.v1" => FactKind::Hired,
        "person.changed.v1" => FactKind::Changed,
        "person.leave-started.v1" => FactKind::LeaveStarted,
        "person.leave-ended.v1" => FactKind::LeaveEnded,
        "person.terminated.v1" => FactKind::Terminated,
        "person.termination-corrected.v1" => FactKind::TerminationCorrected,
        "person.termination-rescinded.v1" => FactKind::TerminationRescinded,
        "person.extended.v1" => FactKind::Extended,
        "access.requested.v1" => {
            FactKind::AccessRequested { team: request?.team.clone(), until: until? }
        }
        "access.revoke-now.v1" => FactKind::RevokeNow,
        _ => return None,
    })
}
