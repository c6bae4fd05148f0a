//! One request to ARM: who calls, with which query and body, and whether they may.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLockReadGuard, RwLockWriteGuard};

use http::HeaderMap;
use serde_json::Value;
use url::form_urlencoded;

use super::answer::ArmError;
use super::principals::Known;
use super::roles::Plane;
use super::scope;
use super::state::State;
use crate::{Allowed, Caller, World};

/// A request on its way to its operation.
pub(super) struct Call<'a> {
    pub(super) world: &'a Arc<World>,
    pub(super) caller: &'a Caller,
    pub(super) headers: &'a HeaderMap,
    pub(super) path: &'a str,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: &'a [u8],
}

/// The decoded query; keys keep their spelling.
pub(super) fn query(raw: Option<&str>) -> BTreeMap<String, String> {
    form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).into_owned().collect()
}

impl Call<'_> {
    pub(super) fn azure(&self) -> RwLockReadGuard<'_, State> {
        self.world.azure.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn azure_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.world.azure.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// Absolute URL of a path on this server, for `nextLink` and polling.
    pub(super) fn url(&self, path_and_query: &str) -> String {
        let base = self.world.endpoints().arm;
        format!("{}{path_and_query}", base.as_str().trim_end_matches('/'))
    }

    pub(super) fn json_body(&self) -> Result<Value, ArmError> {
        let body = serde_json::from_slice(self.body).unwrap_or(Value::Null);
        if body.is_object() {
            return Ok(body);
        }
        Err(ArmError::bad_request(
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized.",
        ))
    }

    /// 403 unless the caller may perform the action at the scope.
    pub(super) fn authorize(&self, action: &str, at: &str) -> Result<(), ArmError> {
        let allowed = match self.world.rights_of(self.caller) {
            Allowed::Only(rights) => rights.arm.iter().any(|p| scope::covers(p, action)),
            Allowed::Everything => self.is_trusted() || self.has_role(action, at),
        };
        if allowed {
            return Ok(());
        }
        let client = self.caller.upn.as_ref().or(self.caller.app_id.as_ref());
        let client = client.unwrap_or(&self.caller.oid);
        Err(ArmError::authorization_failed(client, &self.caller.oid, action, at))
    }

    /// Latchkey's identity and the administrator hold every right by definition; what a function
    /// may do is decided by the table of rights.
    fn is_trusted(&self) -> bool {
        trusted(self.world, self.caller)
    }

    fn has_role(&self, action: &str, at: &str) -> bool {
        let principals = self.principals_of(&self.caller.oid);
        self.azure().grant_for(&principals, Plane::Control, action, at).is_some()
    }

    /// The object id and every group that contains it.
    pub(super) fn principals_of(&self, oid: &str) -> BTreeSet<String> {
        let directory = self.world.directory.read().unwrap_or_else(PoisonError::into_inner);
        let mut ids: BTreeSet<String> = directory.groups_of(oid).into_iter().collect();
        ids.insert(oid.to_owned());
        ids
    }

    /// What role assignments know about a principal at this moment.
    pub(super) fn known(&self, oid: &str) -> Option<Known> {
        let window = self.azure().knobs.principal_replication;
        let directory = self.world.directory.read().unwrap_or_else(PoisonError::into_inner);
        let principal = directory.principal(oid)?;
        let age = self.world.clock.now().duration_since(principal.created);
        let replicated = window.is_zero() || age >= window;
        Some(Known { kind: kind_name(principal.kind), replicated })
    }
}

/// Whether the caller is one of Latchkey's managed identities or the administrator's service principal.
pub(crate) fn trusted(world: &World, caller: &Caller) -> bool {
    let Some(app) = caller.app_id.as_deref().filter(|_| caller.is_app) else { return false };
    world.is_ours(app) || app == world.config.admin_client_id
}

fn kind_name(kind: crate::directory::PrincipalKind) -> &'static str {
    use crate::directory::PrincipalKind;
    match kind {
        PrincipalKind::User => "User",
        PrincipalKind::Group => "Group",
        PrincipalKind::ServicePrincipal => "ServicePrincipal",
    }
}
