//! Groups.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use latchkey_core::{CallError, GroupName, ObjectId, Service, holdings::Group, ids::digest};
use reqwest::{
    Method, StatusCode,
    header::{HeaderName, HeaderValue},
};
use serde::Deserialize;
use serde_json::{Value, json};
use url::{Url, form_urlencoded::byte_serialize};

use crate::endpoint::Page;

use super::{
    Graph,
    batch::{Item, Response},
    users::{graph_call, literal, required},
    wire::{self, WireGroup, WireMember, is_guest, object_id},
};
use crate::http::{Request, odata};

const CREATE_IF_MISSING: HeaderValue = HeaderValue::from_static("create-if-missing");

/// Most ids of one look-up.
const MOST_IDS: usize = 1_000;

/// A direct member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Object id.
    pub id: ObjectId,
    /// Whether the account may sign in; none for what is no account.
    pub enabled: Option<bool>,
    /// What it is.
    pub kind: MemberKind,
}

/// What a member of a group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberKind {
    /// A user of this tenant.
    User,
    /// A guest: a user of another tenant.
    Guest,
    /// A nested group.
    Group,
    /// A service principal or managed identity.
    ServicePrincipal,
    /// A device, a contact or something new.
    Other,
}

impl Graph {
    /// The groups that bear these names exactly, twenty looked up per request. A name that no
    /// group bears is absent from the answer.
    ///
    /// # Errors
    /// [`CallError::Rejected`] with code `ambiguous`, naming the group, when several bear one name.
    pub async fn groups_by_name(
        &self,
        names: &[GroupName],
    ) -> Result<BTreeMap<GroupName, Group>, CallError> {
        let call = graph_call("GET /groups by displayName");
        let items = names.iter().map(|name| Item::new("GET", by_name(name))).collect();
        let mut groups = BTreeMap::new();
        for (name, answer) in names.iter().zip(self.batch(&call, items, false).await) {
            if let Some(group) = named(name, required(&call, answer?)?)? {
                groups.insert(name.clone(), group);
            }
        }
        Ok(groups)
    }

    /// Creates a security group, owned by the service principal of
    /// [`with_owner`](Graph::with_owner). Names are not unique in Entra: look first.
    ///
    /// The group gets a unique name that follows from its display name, and is upserted by it:
    /// Graph's only create that makes no second group when it is sent again before replicas show
    /// the first (`group-upsert`).
    ///
    /// Whether it is role-assignable cannot be changed later; it takes a stronger right.
    ///
    /// # Errors
    /// [`CallError::NotFound`] when the group exists but cannot be seen yet.
    pub async fn create_group(
        &self,
        name: &GroupName,
        mail_nickname: &str,
        description: &str,
        role_assignable: bool,
    ) -> Result<Group, CallError> {
        let mut body = json!({
            "displayName": name.as_str(),
            "mailNickname": mail_nickname,
            "description": description,
            "mailEnabled": false,
            "securityEnabled": true,
        });
        if role_assignable {
            body["isAssignableToRole"] = json!(true);
        }
        let Some(owner) = &self.owner else { return self.upsert_group(name, &body).await };
        let mut owned = body.clone();
        owned["owners@odata.bind"] = json!([self.object_url(owner).as_str()]);
        match self.upsert_group(name, &owned).await {
            // The creator may be an owner already, and is then refused as a second one.
            Err(CallError::Rejected { message, .. }) if message.contains("duplicate values") => {
                self.upsert_group(name, &body).await
            }
            answer => answer,
        }
    }

    async fn upsert_group(&self, name: &GroupName, body: &Value) -> Result<Group, CallError> {
        let url = self.url(&[&unique_name(name)]);
        let what = "PATCH /groups by uniqueName";
        let request = Request::new(Service::Graph, what, Method::PATCH, url.clone())
            .header(HeaderName::from_static("prefer"), CREATE_IF_MISSING)
            .json(body);
        let answer = self.endpoint.exchange(&request).await?;
        let call = request.call();
        match answer.status {
            StatusCode::CREATED => answer.json::<WireGroup>(call)?.into_group(call),
            StatusCode::NO_CONTENT => self.group_at(url).await,
            // It may be there: to create and to update are different rights.
            StatusCode::FORBIDDEN => match self.group_at(url).await {
                Err(error) if error.is_not_found() => answer.ok(call).and(Err(error)),
                found => found,
            },
            _ => answer.ok(call)?.json::<WireGroup>(call)?.into_group(call),
        }
    }

    async fn group_at(&self, mut url: Url) -> Result<Group, CallError> {
        let what = "GET /groups by uniqueName";
        url.query_pairs_mut().append_pair("$select", wire::GROUP);
        self.endpoint.get::<WireGroup>(what, odata(url)).await?.into_group(&graph_call(what))
    }

    /// The groups among these ids; what is no group is left out.
    ///
    /// # Errors
    /// As every call.
    pub async fn groups_by_id(&self, ids: &[ObjectId]) -> Result<Vec<Group>, CallError> {
        let mut groups = Vec::new();
        for ids in ids.chunks(MOST_IDS) {
            let ids: Vec<&str> = ids.iter().map(ObjectId::as_str).collect();
            let body = json!({ "ids": ids, "types": ["group"] });
            let what = "POST /directoryObjects/getByIds";
            let segments = ["directoryObjects", "getByIds"];
            let request = self.request(what, Method::POST, &segments).json(&body).reading();
            let call = request.call();
            let page: Page<WireGroup> = self.endpoint.send(&request).await?.json(call)?;
            for group in page.value {
                groups.push(group.into_group(call)?);
            }
        }
        Ok(groups)
    }

    /// The direct members of a group, of every kind.
    ///
    /// # Errors
    /// [`CallError::NotFound`] when there is no such group.
    pub async fn members(&self, group: &ObjectId) -> Result<Vec<Member>, CallError> {
        let what = "GET /groups/{id}/members";
        let mut url = self.url(&["groups", group.as_str(), "members"]);
        url.query_pairs_mut()
            .append_pair("$select", "id,accountEnabled,userType")
            .append_pair("$top", "999");
        let members: Vec<WireMember> = self.endpoint.all(what, odata(url)).await?;
        let call = graph_call(what);
        let members = members.into_iter().map(|member| {
            Ok(Member {
                id: object_id(&call, &member.id)?,
                enabled: member.account_enabled,
                kind: kind(&member),
            })
        });
        members.collect()
    }

    /// Our own object id as our token states it, to be given to [`with_owner`](Graph::with_owner).
    ///
    /// # Errors
    /// [`CallError::Surprise`] when the token is no JWT with an `oid`.
    pub async fn me_owner(&self) -> Result<ObjectId, CallError> {
        let token = self.endpoint.token().await?;
        own_id(token.secret()).ok_or_else(|| CallError::Surprise {
            call: graph_call("read our own object id"),
            detail: "the access token states no oid".to_owned(),
        })
    }

    /// The address by which a directory object is referred to.
    pub(super) fn object_url(&self, id: &ObjectId) -> Url {
        self.url(&["directoryObjects", id.as_str()])
    }
}

/// The address of the group by its alternate key.
pub(super) fn unique_name(name: &GroupName) -> String {
    let key = digest(&["group", name.as_str()]);
    format!("groups(uniqueName='latchkey-{}')", &key[..32])
}

pub(super) fn by_name(name: &GroupName) -> String {
    let filter = format!("displayName eq {}", literal(name.as_str()));
    let filter: String = byte_serialize(filter.as_bytes()).collect();
    format!("/groups?$filter={}&$select={}&$top=20", filter.replace('+', "%20"), wire::GROUP)
}

/// The one group of exactly this name among the hits; Graph compares without case.
fn named(name: &GroupName, answer: Response) -> Result<Option<Group>, CallError> {
    let call = graph_call("GET /groups by displayName");
    let page: Page<WireGroup> = answer.json(&call)?;
    let exact = |group: &WireGroup| group.display_name.as_deref() == Some(name.as_str());
    let mut hits: Vec<WireGroup> = page.value.into_iter().filter(exact).collect();
    if hits.len() > 1 {
        return Err(CallError::Rejected {
            call,
            code: "ambiguous".to_owned(),
            message: format!("{} groups are named {name}", hits.len()),
        });
    }
    hits.pop().map(|group| group.into_group(&call)).transpose()
}

fn kind(member: &WireMember) -> MemberKind {
    match member.kind.as_deref().unwrap_or_default() {
        "#microsoft.graph.user" if is_guest(member.user_type.as_deref()) => MemberKind::Guest,
        "#microsoft.graph.user" => MemberKind::User,
        "#microsoft.graph.group" => MemberKind::Group,
        "#microsoft.graph.servicePrincipal" => MemberKind::ServicePrincipal,
        _ => MemberKind::Other,
    }
}

#[derive(Deserialize)]
struct Claims {
    oid: String,
}

fn own_id(jwt: &str) -> Option<ObjectId> {
    let payload = BASE64_URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    ObjectId::new(claims.oid.to_ascii_lowercase()).ok()
}
