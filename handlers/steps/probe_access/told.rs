//! The way that allows, in words without a user's name.

use std::collections::BTreeMap;

use latchkey_core::{Names, Way, holdings::RoleAssignment, policy::place};
use latchkey_runtime::{Cx, StepError};

use super::who::Asked;

/// What is known of the groups and the Azure roles that a reason may speak of.
pub(super) struct Telling {
    names: Option<Names>,
    groups: BTreeMap<String, String>,
    places: BTreeMap<String, String>,
}

impl Telling {
    pub(super) async fn prepare(
        cx: &Cx,
        asked: &Asked,
        held: &[RoleAssignment],
    ) -> Result<Self, StepError> {
        let groups = cx.graph().groups_by_id(&asked.groups).await?;
        let groups = groups.into_iter().map(|g| (g.id.to_string(), format!("group {}", g.name)));
        let places = held.iter().map(|held| {
            let at = cx.policy().place_of_scope(&held.scope);
            let at = at.map(|(cluster, namespace)| place(cluster, namespace.as_ref()));
            let name = held.id.rsplit('/').next().unwrap_or_default();
            (name.to_ascii_lowercase(), at.unwrap_or_else(|| held.scope.clone()))
        });
        let (groups, places) = (groups.collect(), places.collect());
        Ok(Self { names: asked.names.clone(), groups, places })
    }

    /// The way that a reason tells; none when it tells none.
    pub(super) fn way(&self, reason: Option<&str>) -> Option<String> {
        let way = Way::parse(reason?)?;
        let called = |id: &str| self.groups.get(&id.to_ascii_lowercase()).cloned();
        let placed = |name: &str| self.places.get(&name.to_ascii_lowercase()).cloned();
        Some(way.told(self.names.as_ref(), called, placed))
    }
}
