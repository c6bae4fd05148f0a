//! The messages between our own functions. They carry intent, never power.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    drift::Found,
    ids::{CaseId, ClusterName, PersonId, TeamName, digest},
    schema,
};

/// The topic that carries step messages; its subscriptions are named after the steps.
pub const STEPS: &str = "steps";
/// The topic that carries plan messages; its subscriptions are named after the planners.
pub const PLANS: &str = "plans";
/// The queue of HR events.
pub const PEOPLE: &str = "people";

/// The queue of hints that something changed outside of Latchkey; its sessions are [`Hint::session`].
pub const CHANGES: &str = "changes";

/// Reads a message of ours.
///
/// # Errors
/// Every field that is missing or unusable, by name and without its value: the text is for logs.
pub fn read<T: DeserializeOwned + JsonSchema>(body: &[u8]) -> Result<T, String> {
    let value = serde_json::from_slice(body).map_err(|error| {
        format!("(body): is not JSON (line {} column {})", error.line(), error.column())
    })?;
    read_value(&value)
}

/// Reads a part of a message, such as a step's request.
///
/// # Errors
/// As [`read`].
pub fn read_value<T: DeserializeOwned + JsonSchema>(value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(|_| {
        let found = schema::violations(&schema::validator::<T>(), value);
        let lines: Vec<_> = found
            .into_iter()
            .map(|found| match found.field.as_str() {
                "" => format!("(body): {}", found.message),
                field => format!("{field}: {}", found.message),
            })
            .collect();
        if lines.is_empty() { "(body): cannot be read".to_owned() } else { lines.join("; ") }
    })
}

/// Whom or what a case is about.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum About {
    /// A person.
    Person(PersonId),
    /// A team.
    Team(TeamName),
    /// A cluster.
    Cluster(ClusterName),
}

impl About {
    /// The Service Bus session: one subject is never worked on twice at once.
    pub fn session(&self) -> String {
        match self {
            Self::Person(id) => format!("person/{id}"),
            Self::Team(name) => format!("team/{name}"),
            Self::Cluster(name) => format!("cluster/{name}"),
        }
    }

    /// The planner that plans it.
    pub fn planner(&self) -> &'static str {
        match self {
            Self::Person(_) => "plan_person",
            Self::Team(_) => "plan_team",
            Self::Cluster(_) => "plan_cluster",
        }
    }
}

/// Asks a planner to look and decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanMessage {
    /// The case.
    pub case_id: CaseId,
    /// Whom or what to plan.
    pub about: About,
    /// Which look this is, from 1.
    pub attempt: u32,
    /// How often this look was put off because a service was busy.
    #[serde(default)]
    pub tries: u32,
    /// Asked for in case the look that should come is never asked for.
    #[serde(default)]
    pub net: bool,
}

/// Asks a step to make something so. `Debug` hides the request, which is not judged yet.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StepMessage {
    /// The case.
    pub case_id: CaseId,
    /// Whom or what the case is about.
    pub about: About,
    /// The step.
    pub step: String,
    /// The look of the planner that asked, 0 for doors sent at once.
    pub attempt: u32,
    /// The step's request.
    pub request: Value,
    /// How often this message was put off because a service was busy.
    #[serde(default)]
    pub tries: u32,
}

impl fmt::Debug for StepMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepMessage")
            .field("case_id", &self.case_id)
            .field("about", &self.about)
            .field("step", &self.step)
            .field("attempt", &self.attempt)
            .field("tries", &self.tries)
            .finish_non_exhaustive()
    }
}

impl StepMessage {
    /// The message id: a redelivery is dropped by duplicate detection, a new attempt is not.
    pub fn id(&self) -> String {
        Self::id_of(&self.case_id, &self.step, &self.request, self.attempt, self.tries)
    }

    /// The id of the message with these contents.
    pub fn id_of(case: &CaseId, step: &str, request: &Value, attempt: u32, tries: u32) -> String {
        let (attempt, tries) = (attempt.to_string(), tries.to_string());
        digest(&[case.as_str(), step, &request.to_string(), &attempt, &tries])
    }
}

impl PlanMessage {
    /// Asks for the first look of a case.
    pub fn first(case_id: CaseId, about: About) -> Self {
        Self::look(case_id, about, 1)
    }

    /// Asks for the look of this number.
    pub fn look(case_id: CaseId, about: About, attempt: u32) -> Self {
        Self { case_id, about, attempt, tries: 0, net: false }
    }

    /// The same look, asked for once more in case nobody else does.
    #[must_use]
    pub fn as_net(self) -> Self {
        Self { net: true, ..self }
    }

    /// The message id; see [`StepMessage::id`]. A net has an id of its own: it must not be dropped
    /// as a duplicate of the message whose loss it is for, nor that one as a duplicate of the net.
    pub fn id(&self) -> String {
        let (attempt, tries) = (self.attempt.to_string(), self.tries.to_string());
        let kind = if self.net { "net" } else { "" };
        digest(&[self.case_id.as_str(), self.about.planner(), &attempt, &tries, kind])
    }
}

/// Asks `resolve_change` to find out what changed. A hint is never believed, only followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeMessage {
    /// Where to look.
    pub hint: Hint,
    /// How often this was put off because a service was busy.
    #[serde(default)]
    pub tries: u32,
}

/// Where something may have changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "of", rename_all = "camelCase", deny_unknown_fields)]
pub enum Hint {
    /// Groups of the directory: their delta query tells which, and who joined or left.
    Groups,
    /// Users of the directory: their delta query tells which.
    Users,
    /// An Azure role assignment was written or deleted.
    #[serde(rename_all = "camelCase")]
    Assignment {
        /// Its ARM id.
        id: String,
        /// It is gone.
        deleted: bool,
    },
    /// A managed cluster was written, or its admin credential was handed out.
    #[serde(rename_all = "camelCase")]
    Cluster {
        /// Its ARM id.
        id: String,
        /// The ARM operation, such as `Microsoft.ContainerService/managedClusters/write`.
        operation: String,
        /// Who did it: an object id, when the event says so.
        actor: Option<String>,
    },
    /// Something was found that the policy does not give: ask the audit logs who did it.
    #[serde(rename_all = "camelCase")]
    Actor {
        /// In whose story it was found.
        about: About,
        /// What was found.
        found: Found,
    },
}

impl Hint {
    /// The Service Bus session: one feed is never read twice at once.
    pub fn session(&self) -> String {
        match self {
            Self::Groups => "groups".to_owned(),
            Self::Users => "users".to_owned(),
            Self::Assignment { id, .. } | Self::Cluster { id, .. } => {
                digest(&["change", &id.to_ascii_lowercase()])
            }
            Self::Actor { about, .. } => about.session(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unusable_field_is_named_and_its_value_is_not_repeated() {
        let body = br#"{"caseId":"c-1","about":{"person":"1001"},"attempt":"ada@example.com"}"#;
        let error = read::<PlanMessage>(body).expect_err("two fields are wrong");
        let both = "attempt: must be of type integer; caseId: must match ^c-[0-9a-f]{16}$";
        assert_eq!(error, both);
        let error = read::<PlanMessage>(br#"{"caseId":"#).expect_err("it ends early");
        assert_eq!(error, "(body): is not JSON (line 1 column 10)");
    }
}
