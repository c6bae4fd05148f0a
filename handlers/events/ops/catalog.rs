//! What an operator can ask for: the steps, and a look of a planner.

use http::StatusCode;
use latchkey_core::request;
use latchkey_runtime::{Entry, Need};
use schemars::schema_for;
use serde_json::{Value, json};

use super::fault::Fault;
use crate::{
    STEPS,
    plans::{plan_cluster, plan_person, plan_team},
};

/// One thing to ask for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Offer {
    /// A step.
    Step(&'static Entry),
    /// A look at a person.
    PlanPerson,
    /// A look at a team.
    PlanTeam,
    /// A look at a cluster.
    PlanCluster,
}

impl Offer {
    /// Everything on offer.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        STEPS.iter().map(Self::Step).chain([Self::PlanPerson, Self::PlanTeam, Self::PlanCluster])
    }

    /// The one of this name.
    pub(super) fn find(name: &str) -> Result<Self, Fault> {
        Self::all().find(|offer| offer.name() == name).ok_or_else(|| {
            let known: Vec<_> = Self::all().map(Self::name).collect();
            Fault::new(StatusCode::NOT_FOUND, "there is no such step").with("known", json!(known))
        })
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Step(entry) => entry.name,
            Self::PlanPerson => plan_person::NAME,
            Self::PlanTeam => plan_team::NAME,
            Self::PlanCluster => plan_cluster::NAME,
        }
    }

    /// What it may touch.
    pub(super) fn needs(self) -> &'static [Need] {
        match self {
            Self::Step(entry) => entry.needs,
            Self::PlanPerson => plan_person::NEEDS,
            Self::PlanTeam => plan_team::NEEDS,
            Self::PlanCluster => plan_cluster::NEEDS,
        }
    }

    /// A request to begin with.
    pub(super) fn example(self) -> Value {
        match self {
            Self::Step(entry) => serde_json::from_str(entry.example).unwrap_or_default(),
            Self::PlanPerson => json!({ "personId": "1001" }),
            Self::PlanTeam => json!({ "team": "frontend" }),
            Self::PlanCluster => json!({ "cluster": "private-aks" }),
        }
    }

    /// The JSON Schema of its request.
    pub(super) fn schema(self) -> Value {
        match self {
            Self::Step(entry) => (entry.schema)(),
            Self::PlanPerson => schema_for!(request::Person).to_value(),
            Self::PlanTeam => schema_for!(request::Team).to_value(),
            Self::PlanCluster => schema_for!(request::Cluster).to_value(),
        }
    }
}
