//! One request to the API server of a cluster, once its caller is known.

use std::collections::BTreeMap;

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value;

use super::authorize::{Authorizers, Verdict};
use super::rbac::Subject;
use super::request::Attributes;
use super::state::State;
use super::status::Failure;
use super::yaml;
use crate::{Allowed, azure};

/// A request on its way to its operation.
pub(super) struct Call<'a> {
    pub(super) who: Subject,
    pub(super) asked: Attributes,
    pub(super) query: BTreeMap<String, String>,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) now: Timestamp,
    /// What the table of rights leaves of the caller's access.
    pub(super) rights: Allowed,
    /// Azure, where Azure RBAC for Kubernetes is on.
    pub(super) azure: Option<&'a azure::State>,
}

impl Call<'_> {
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    pub(super) fn is_dry_run(&self) -> bool {
        self.param("dryRun") == Some("All")
    }

    /// The name that owns the fields this request writes.
    pub(super) fn manager(&self) -> String {
        let agent = self.headers.get("user-agent").and_then(|v| v.to_str().ok());
        let agent = agent.and_then(|a| a.split('/').next()).unwrap_or("unknown");
        self.param("fieldManager").unwrap_or(agent).to_owned()
    }

    pub(super) fn content_type(&self) -> &str {
        let value = self.headers.get("content-type").and_then(|v| v.to_str().ok());
        value.unwrap_or("application/json").split(';').next().unwrap_or_default().trim()
    }

    pub(super) fn object_body(&self) -> Result<Value, Failure> {
        let body = yaml::parse(self.body)?;
        if body.is_object() {
            return Ok(body);
        }
        Err(Failure::bad_request("the body of the request is not an object"))
    }

    /// Asks the chain of authorizers, without the table of rights.
    pub(super) fn decide(&self, state: &State, who: &Subject, asked: &Attributes) -> Verdict {
        Authorizers { state, azure: self.azure, now: self.now }.decide(who, asked)
    }

    /// 403 unless the caller may do this.
    pub(super) fn authorize(&self, state: &State, asked: &Attributes) -> Result<(), Failure> {
        if let Allowed::Only(rights) = &self.rights
            && asked.is_resource()
            && !rights.kubernetes.contains(&(asked.resource_path(), asked.verb.clone()))
        {
            return Err(Failure::denied(&self.who.name, asked, ""));
        }
        match self.decide(state, &self.who, asked) {
            Verdict::Allow(_) => Ok(()),
            refused => Err(Failure::denied(&self.who.name, asked, refused.reason())),
        }
    }
}
