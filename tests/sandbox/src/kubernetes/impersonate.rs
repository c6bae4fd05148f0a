//! Impersonation: a request in somebody else's name, by whoever may.
//!
//! Source: kubernetes/apiserver, pkg/endpoints/filters/impersonation.

use http::{HeaderMap, HeaderName};
use url::form_urlencoded;

use super::call::Call;
use super::kinds::AUTHENTICATION;
use super::rbac::Subject;
use super::request::Attributes;
use super::state::State;
use super::status::Failure;
use crate::Allowed;

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const EXTRA: &str = "impersonate-extra-";

/// Makes the request that of the impersonated user, if it names one and the caller may impersonate
/// them, every group and every further attribute. Of those only the object id is kept.
pub(super) fn step_in(call: &mut Call<'_>, state: &State) -> Result<(), Failure> {
    let groups: Vec<String> = values(call.headers, GROUP);
    let extra = extra(call.headers);
    let Some(user) = values(call.headers, USER).into_iter().next() else {
        if groups.is_empty() && extra.is_empty() {
            return Ok(());
        }
        return Err(Failure::internal("requested impersonation without impersonating a user"));
    };
    call.authorize(state, &asked("", "users", "", &user))?;
    for group in &groups {
        call.authorize(state, &asked("", "groups", "", group))?;
    }
    for (key, value) in &extra {
        call.authorize(state, &asked(AUTHENTICATION, "userextras", key, value))?;
    }
    let oid = extra.into_iter().find(|(key, _)| key == "oid").map(|(_, value)| value);
    call.who = Subject { name: user, groups, oid };
    let known = ["system:authenticated", "system:unauthenticated"];
    if !call.who.groups.iter().any(|group| known.contains(&group.as_str())) {
        call.who.groups.push(known[0].to_owned());
    }
    // From here on the rights are those of whom it is for.
    call.rights = Allowed::Everything;
    Ok(())
}

fn asked(group: &str, resource: &str, part: &str, name: &str) -> Attributes {
    Attributes {
        verb: "impersonate".to_owned(),
        group: group.to_owned(),
        version: "v1".to_owned(),
        resource: resource.to_owned(),
        subresource: part.to_owned(),
        name: name.to_owned(),
        ..Attributes::default()
    }
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.map(str::to_owned).collect()
}

/// Key and value of every `Impersonate-Extra-` header; keys are percent-encoded.
fn extra(headers: &HeaderMap) -> Vec<(String, String)> {
    let key = |name: &HeaderName| name.as_str().strip_prefix(EXTRA).map(str::to_owned);
    let headers = headers.iter().filter_map(|(name, value)| Some((key(name)?, value)));
    headers
        .filter_map(|(key, value)| {
            let decoded = form_urlencoded::parse(key.replace('+', "%2B").as_bytes())
                .next()
                .map(|(key, _)| key.into_owned());
            Some((decoded?, value.to_str().ok()?.to_owned()))
        })
        .collect()
}
