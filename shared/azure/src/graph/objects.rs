//! Who is in groups, and what object ids and names stand for: many at once.

use std::{collections::BTreeMap, fmt};

use latchkey_core::{CallError, GroupName, ObjectId, Service};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use super::{
    Graph, MemberKind,
    batch::{Item, Response},
    users::{graph_call, literal, required},
    wire::{group_name, is_guest, object_id},
};
use crate::{
    endpoint::Page,
    http::{Request, odata},
};

/// Properties that tell of access, of every kind of object.
const SELECT: &str = "id,displayName,userPrincipalName,employeeId,accountEnabled,userType";
/// Most ids that one `getByIds` takes.
const MOST: usize = 1_000;

/// An object of the directory, as far as access is concerned. `Debug` hides who it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    /// Object id.
    pub id: ObjectId,
    /// What it is.
    pub kind: MemberKind,
    /// Whether the account may sign in; none for what is no account.
    pub enabled: Option<bool>,
    /// User principal name of a user.
    pub upn: Option<String>,
    /// The HR id that Entra holds of a user.
    pub employee_id: Option<String>,
    /// Display name of a group; nobody else's is kept.
    pub group_name: Option<GroupName>,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

impl Graph {
    /// The direct members of each group, of every kind, in the order of the groups; twenty groups
    /// per request, and one more per further page.
    ///
    /// An answer is [`CallError::NotFound`] when there is no such group.
    pub async fn members_of_groups(
        &self,
        groups: &[ObjectId],
    ) -> Vec<Result<Vec<Object>, CallError>> {
        let path = |id: &ObjectId| format!("/groups/{id}/members?$select={SELECT}&$top=999");
        let items = groups.iter().map(|id| Item::new("GET", path(id))).collect();
        self.collections("GET /groups/{id}/members", items).await
    }

    /// What each object id stands for, a thousand per request; what does not exist is absent.
    ///
    /// # Errors
    /// As every call.
    pub async fn objects(&self, ids: &[ObjectId]) -> Result<BTreeMap<ObjectId, Object>, CallError> {
        let what = "POST /directoryObjects/getByIds";
        let mut found = BTreeMap::new();
        for ids in ids.chunks(MOST) {
            let mut url = self.url(&["directoryObjects", "getByIds"]);
            url.query_pairs_mut().append_pair("$select", SELECT);
            let request = Request::new(Service::Graph, what, Method::POST, odata(url))
                .json(&json!({ "ids": ids, "types": ["user", "group", "servicePrincipal", "device"] }))
                .reading();
            let page: Page<Wire> = self.endpoint.send(&request).await?.json(request.call())?;
            for object in page.value {
                let object = object.into_object(what)?;
                found.insert(object.id.clone(), object);
            }
        }
        Ok(found)
    }

    /// The users with these user principal names, in the order of the names, twenty per request.
    pub async fn users_by_upn(&self, upns: &[String]) -> Vec<Result<Option<Object>, CallError>> {
        let items = upns.iter().map(|upn| Item::new("GET", by_upn(upn))).collect();
        let found = self.collections("GET /users by userPrincipalName", items).await;
        found.into_iter().map(|found| found.map(|mut found| found.pop())).collect()
    }

    /// Everything that each item lists.
    pub(super) async fn collections(
        &self,
        what: &'static str,
        items: Vec<Item>,
    ) -> Vec<Result<Vec<Object>, CallError>> {
        let call = graph_call(what);
        let mut all = Vec::new();
        for answer in self.batch(&call, items, false).await {
            let answer = answer.and_then(|answer| required(&call, answer));
            all.push(match answer {
                Ok(answer) => self.rest(what, answer).await,
                Err(error) => Err(error),
            });
        }
        all
    }

    async fn rest(&self, what: &'static str, answer: Response) -> Result<Vec<Object>, CallError> {
        let page: Page<Wire> = answer.json(&graph_call(what))?;
        let next = page.next(&self.endpoint, what)?;
        let mut found = page.value;
        if let Some(next) = next {
            found.extend(self.endpoint.all::<Wire>(what, odata(next)).await?);
        }
        found.into_iter().map(|object| object.into_object(what)).collect()
    }
}

fn by_upn(upn: &str) -> String {
    let filter = format!("userPrincipalName eq {}", literal(upn));
    let filter: String = byte_serialize(filter.as_bytes()).collect();
    // A user is told from other objects by its type, which a listing of users leaves out.
    format!("/users?$filter={}&$select={SELECT}", filter.replace('+', "%20"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: String,
    #[serde(rename = "@odata.type")]
    kind: Option<String>,
    display_name: Option<String>,
    user_principal_name: Option<String>,
    employee_id: Option<String>,
    account_enabled: Option<bool>,
    user_type: Option<String>,
}

impl Wire {
    fn into_object(self, what: &'static str) -> Result<Object, CallError> {
        let kind = self.kind();
        let name = self.display_name.filter(|_| kind == MemberKind::Group);
        Ok(Object {
            id: object_id(&graph_call(what), &self.id)?,
            kind,
            enabled: self.account_enabled,
            upn: self.user_principal_name,
            employee_id: self.employee_id,
            group_name: name.map(|name| group_name(&name)),
        })
    }

    fn kind(&self) -> MemberKind {
        match self.kind.as_deref().unwrap_or("#microsoft.graph.user") {
            "#microsoft.graph.user" if is_guest(self.user_type.as_deref()) => MemberKind::Guest,
            "#microsoft.graph.user" => MemberKind::User,
            "#microsoft.graph.group" => MemberKind::Group,
            "#microsoft.graph.servicePrincipal" => MemberKind::ServicePrincipal,
            _ => MemberKind::Other,
        }
    }
}
