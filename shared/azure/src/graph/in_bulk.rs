//! Users by the hundreds, for whoever compares everybody.

use std::collections::BTreeMap;

use latchkey_core::{CallError, ObjectId, Service, holdings::User};
use reqwest::Method;
use serde_json::json;

use super::{
    Graph,
    users::{graph_call, literal},
    wire::{self, WireUser},
};
use crate::{
    endpoint::Page,
    http::{Request, odata},
};

/// Most ids that one `getByIds` takes.
const MOST_IDS: usize = 1_000;
/// Most values that one `in` takes.
const MOST_VALUES: usize = 15;

impl Graph {
    /// The users with these ids, a thousand per request; who does not exist is absent.
    ///
    /// # Errors
    /// As every call.
    pub async fn users_by_id(
        &self,
        ids: &[ObjectId],
    ) -> Result<BTreeMap<ObjectId, User>, CallError> {
        let what = "POST /directoryObjects/getByIds of users";
        let mut found = BTreeMap::new();
        for ids in ids.chunks(MOST_IDS) {
            let mut url = self.url(&["directoryObjects", "getByIds"]);
            url.query_pairs_mut().append_pair("$select", wire::USER);
            let request = Request::new(Service::Graph, what, Method::POST, odata(url))
                .json(&json!({ "ids": ids, "types": ["user"] }))
                .reading();
            let page: Page<WireUser> = self.endpoint.send(&request).await?.json(request.call())?;
            for user in page.value {
                let user = user.into_user(request.call())?;
                found.insert(user.id.clone(), user);
            }
        }
        Ok(found)
    }

    /// The users with these employee ids, fifteen per request. Several may claim one id: then all
    /// of them are here.
    ///
    /// # Errors
    /// As every call.
    pub async fn users_by_employee_id(&self, ids: &[&str]) -> Result<Vec<User>, CallError> {
        let what = "GET /users by employeeId, several";
        let mut all = Vec::new();
        for ids in ids.chunks(MOST_VALUES) {
            let values: Vec<String> = ids.iter().map(|id| literal(id)).collect();
            let filter = format!("employeeId in ({})", values.join(","));
            let mut url = self.url(&["users"]);
            url.query_pairs_mut()
                .append_pair("$filter", &filter)
                .append_pair("$select", wire::USER);
            let found: Vec<WireUser> = self.endpoint.all(what, odata(url)).await?;
            // An option that the service does not know is ignored, not refused: look again.
            let found = found.into_iter().filter(|user| ids.iter().any(|id| user.is_employee(id)));
            for user in found {
                all.push(user.into_user(&graph_call(what))?);
            }
        }
        Ok(all)
    }
}
