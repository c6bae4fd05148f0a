//! What HR said: one statement about one spell of one person, append-only.

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    ids::{CaseId, PersonId, SpellId, TeamName, digest},
    policy::Attribute,
};

/// The duplicate key of an event, kept for ever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventKey {
    /// CloudEvents `source`.
    pub source: String,
    /// CloudEvents `id`.
    pub id: String,
}

impl EventKey {
    /// A fixed-length name for the key, fit for paths and message ids.
    pub fn digest(&self) -> String {
        digest(&[&self.source, &self.id])
    }
}

/// One statement of HR, with when it holds and when we recorded it. `Debug` hides free text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// The event it came with.
    pub event: EventKey,
    /// Whom it is about.
    pub person: PersonId,
    /// Which employment it is about.
    pub spell: SpellId,
    /// What it says.
    pub kind: FactKind,
    /// From when it holds.
    pub effective: Timestamp,
    /// The source's revision: within a spell, the higher one wins.
    pub revision: u64,
    /// When we recorded it. Never decides anything: arrival order is chance.
    pub recorded: Timestamp,
    /// How soon it must bite.
    pub urgency: Urgency,
    /// `employee`, `contractor`, ….
    pub worker_type: Option<String>,
    /// Why, as a class. Not shown in notifications.
    pub reason_class: Option<String>,
    /// Attributes that came along.
    pub attributes: Attributes,
    /// A hold that forbids deletion.
    pub legal_hold: Option<String>,
}

impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fact")
            .field("event", &self.event)
            .field("person", &self.person)
            .field("spell", &self.spell)
            .field("kind", &self.kind)
            .field("effective", &self.effective)
            .field("revision", &self.revision)
            .field("urgency", &self.urgency)
            .finish_non_exhaustive()
    }
}

impl Fact {
    /// The case that its event opens: the same for every delivery of it.
    pub fn case(&self) -> CaseId {
        CaseId::of(&["event", self.person.as_str(), &self.event.digest()])
    }

    /// Whether it came more than a minute after it began to hold.
    pub fn late(&self) -> bool {
        self.recorded.duration_since(self.effective) > SignedDuration::from_mins(1)
    }
}

/// What a fact says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "camelCase")]
pub enum FactKind {
    /// The spell begins.
    Hired,
    /// Attributes changed.
    Changed,
    /// A long leave begins: memory is kept, effect is not.
    LeaveStarted,
    /// The leave is over.
    LeaveEnded,
    /// The spell ends.
    Terminated,
    /// The spell's end was wrong: it is this one.
    TerminationCorrected,
    /// The spell does not end after all.
    TerminationRescinded,
    /// A contract goes on until `effective`.
    Extended,
    /// Membership in a requestable team is asked for.
    #[serde(rename_all = "camelCase")]
    AccessRequested {
        /// The team.
        team: TeamName,
        /// Until when; always bounded.
        until: Timestamp,
    },
    /// Everything off, now; undone only by a rescind of a higher revision or a new spell.
    RevokeNow,
}

impl FactKind {
    /// Whether a fact of this kind can give access back to somebody who was cut off.
    pub const fn may_reinstate(&self) -> bool {
        matches!(self, Self::Hired | Self::TerminationRescinded | Self::TerminationCorrected)
    }

    /// Whether a fact of this kind can end somebody's access for good.
    pub const fn may_end(&self) -> bool {
        matches!(
            self,
            Self::Terminated | Self::TerminationCorrected | Self::Extended | Self::RevokeNow
        )
    }

    /// The type of the event that says it.
    pub const fn event_type(&self) -> &'static str {
        match self {
            Self::Hired => "person.hired.v1",
            Self::Changed => "person.changed.v1",
            Self::LeaveStarted => "person.leave-started.v1",
            Self::LeaveEnded => "person.leave-ended.v1",
            Self::Terminated => "person.terminated.v1",
            Self::TerminationCorrected => "person.termination-corrected.v1",
            Self::TerminationRescinded => "person.termination-rescinded.v1",
            Self::Extended => "person.extended.v1",
            Self::AccessRequested { .. } => "access.requested.v1",
            Self::RevokeNow => "access.revoke-now.v1",
        }
    }
}

/// How soon a fact must bite.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// In its turn.
    #[default]
    Scheduled,
    /// Doors first.
    Immediate,
}

/// HR attributes. `Debug` hides who it is.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Attributes {
    /// Department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Job title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
    /// Location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The manager's person id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<String>,
    /// User principal name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_principal_name: Option<String>,
    /// Display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attributes(…)")
    }
}

impl Attributes {
    /// An attribute that birthright rules may look at. The worker type is no attribute of HR's
    /// but of the spell, so it is given.
    pub fn value<'a>(
        &'a self,
        attribute: Attribute,
        worker_type: Option<&'a str>,
    ) -> Option<&'a str> {
        match attribute {
            Attribute::Department => self.department.as_deref(),
            Attribute::JobTitle => self.job_title.as_deref(),
            Attribute::Location => self.location.as_deref(),
            Attribute::WorkerType => worker_type,
        }
    }
}
