//! Groups in groups.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_core::{CallError, GroupName, ObjectId};
use serde::Deserialize;

use super::{
    Graph,
    batch::Item,
    groups::by_name,
    users::{graph_call, required},
    wire::object_id,
};
use crate::endpoint::Page;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    id: String,
    display_name: Option<String>,
}

impl Graph {
    /// By display name: every group that bears it, also when there are several, and every group
    /// nested in them at any depth. Twenty names, then twenty groups, per request. A name that no
    /// group bears is absent.
    ///
    /// # Errors
    /// As every call.
    pub async fn nesting(
        &self,
        names: &[GroupName],
    ) -> Result<BTreeMap<GroupName, BTreeSet<ObjectId>>, CallError> {
        let bearers = self.bearers(names).await?;
        let path = |id: &ObjectId| {
            let cast = "transitiveMembers/microsoft.graph.group";
            format!("/groups/{id}/{cast}?$select=id&$top=999")
        };
        let items = bearers.iter().map(|(_, id)| Item::new("GET", path(id))).collect();
        let nested = self.collections("GET /groups/{id}/transitiveMembers groups", items).await;
        let mut found: BTreeMap<GroupName, BTreeSet<ObjectId>> = BTreeMap::new();
        for ((name, id), nested) in bearers.into_iter().zip(nested) {
            let nested = match nested {
                Err(error) if error.is_not_found() => Vec::new(), // deleted meanwhile
                nested => nested?,
            };
            let of_name = found.entry(name).or_default();
            of_name.extend(nested.into_iter().map(|group| group.id));
            of_name.insert(id);
        }
        Ok(found)
    }

    /// Every group that bears one of the names.
    async fn bearers(&self, names: &[GroupName]) -> Result<Vec<(GroupName, ObjectId)>, CallError> {
        let call = graph_call("GET /groups by displayName");
        let items = names.iter().map(|name| Item::new("GET", by_name(name))).collect();
        let mut bearers = Vec::new();
        for (name, answer) in names.iter().zip(self.batch(&call, items, false).await) {
            let page: Page<Named> = required(&call, answer?)?.json(&call)?;
            // Graph compares without case.
            let exact = |group: &Named| group.display_name.as_deref() == Some(name.as_str());
            for group in page.value.into_iter().filter(exact) {
                bearers.push((name.clone(), object_id(&call, &group.id)?));
            }
        }
        Ok(bearers)
    }
}
