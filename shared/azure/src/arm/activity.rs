//! The Activity Log, `api-version` 2015-04-01: who did what to a resource.

use std::collections::BTreeMap;

use latchkey_core::{
    Call, CallError, Service, Timestamp,
    drift::{Actor, ActorKind},
    holdings::RoleAssignment,
};
use serde::Deserialize;

use super::{Arm, wire::WireAssignment};
use crate::http::odata;

/// Version of the Activity Log.
const INSIGHTS: &str = "2015-04-01";
const WHAT: &str = "GET eventtypes/management/values";

const OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const SCOPE: &str = "http://schemas.microsoft.com/identity/claims/scope";
const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";

/// What of an event matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_timestamp: Timestamp,
    #[serde(default)]
    operation_id: String,
    #[serde(default)]
    resource_id: String,
    operation_name: Option<Named>,
    status: Option<Named>,
    #[serde(default)]
    claims: BTreeMap<String, String>,
    #[serde(default)]
    properties: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
struct Named {
    value: String,
}

/// An operation that succeeded, its beginning and its end joined by their operation id.
#[derive(Debug)]
struct Operation<'a> {
    end: &'a Event,
    begin: Option<&'a Event>,
}

/// A role assignment that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// What it was.
    pub assignment: RoleAssignment,
    /// Who deleted it, if the log says so.
    pub deleted_by: Option<Actor>,
}

/// Something that became of a cluster's admin credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialEvent {
    /// The cluster's ARM id, as the log spells it.
    pub cluster: String,
    /// When; of a rotation, when it began.
    pub at: Timestamp,
    /// Whether certificates were rotated; else the credential was handed out.
    pub rotated: bool,
    /// Who did it, if the log says so.
    pub by: Option<Actor>,
}

impl CredentialEvent {
    fn of(done: &Operation<'_>, rotated: bool) -> Option<Self> {
        let cluster = done.end.resource_id.clone();
        let at = done.begin.filter(|_| rotated).unwrap_or(done.end).event_timestamp;
        (!cluster.is_empty()).then(|| Self { cluster, at, rotated, by: done.actor() })
    }
}

impl Arm {
    /// Who wrote the role assignment last within this time, as the log knows by now: it lags by
    /// minutes, and is kept for 90 days. None when it names nobody.
    ///
    /// # Errors
    /// As every call.
    pub async fn who_wrote_assignment(
        &self,
        id: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Actor>, CallError> {
        let events = self.activity(id, since, until).await?;
        Ok(last(&events, "roleAssignments/write").and_then(|done| done.actor()))
    }

    /// What the role assignment was that was deleted within this time, as the log knows by now:
    /// the answer to the deletion is in it.
    ///
    /// # Errors
    /// As every call, and when the answer that the log holds is no role assignment.
    pub async fn former_assignment(
        &self,
        id: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Former>, CallError> {
        let events = self.activity(id, since, until).await?;
        let Some(deleted) = last(&events, "roleAssignments/delete") else { return Ok(None) };
        let Some(body) = deleted.end.property("responseBody") else { return Ok(None) };
        let call = Call { service: Service::Arm, what: WHAT };
        let assignment: WireAssignment =
            serde_json::from_str(body).map_err(|error| CallError::Surprise {
                call: call.clone(),
                detail: format!("the answer to a deletion is no role assignment: {error}"),
            })?;
        let assignment = assignment.into_assignment(&call)?;
        Ok(Some(Former { assignment, deleted_by: deleted.actor() }))
    }

    /// Every time within this one that the cluster's admin credential was handed out, oldest
    /// first, with who got it; nobody is named where the log names none.
    ///
    /// # Errors
    /// As every call.
    pub async fn admin_credentials(
        &self,
        cluster: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(Timestamp, Option<Actor>)>, CallError> {
        let events = self.activity(cluster, since, until).await?;
        let done = succeeded(&events, "managedClusters/listClusterAdminCredential/action");
        let mut handed: Vec<_> =
            done.map(|done| (done.end.event_timestamp, done.actor())).collect();
        handed.sort_by_key(|(at, _)| *at);
        Ok(handed)
    }

    /// What became of the admin credentials of a subscription's clusters within this time: who was
    /// handed one, and when certificates were rotated, which voids all that were handed out before.
    /// Oldest first.
    ///
    /// # Errors
    /// As every call.
    pub async fn credential_events(
        &self,
        subscription: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<CredentialEvent>, CallError> {
        let of = "resourceProvider eq 'Microsoft.ContainerService'";
        let events = self.logged(subscription, of, since, until).await?;
        let handed = succeeded(&events, "managedClusters/listClusterAdminCredential/action");
        let handed = handed.filter_map(|done| CredentialEvent::of(&done, false));
        let rotated = succeeded(&events, "managedClusters/rotateClusterCertificates/action");
        let rotated = rotated.filter_map(|done| CredentialEvent::of(&done, true));
        let mut all: Vec<_> = handed.chain(rotated).collect();
        all.sort_by_key(|event| event.at);
        Ok(all)
    }

    async fn activity(
        &self,
        resource: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Event>, CallError> {
        let subscription = resource.trim_start_matches('/').split('/').nth(1).unwrap_or_default();
        let of = format!("resourceUri eq '{}'", resource.replace('\'', "''"));
        self.logged(subscription, &of, since, until).await
    }

    async fn logged(
        &self,
        subscription: &str,
        of: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Event>, CallError> {
        let at = format!("/subscriptions/{subscription}");
        let below = ["providers", "Microsoft.Insights", "eventtypes", "management", "values"];
        let mut url = self.url(&at, &below, INSIGHTS);
        let filter = format!(
            "eventTimestamp ge '{since}' and eventTimestamp le '{until}' \
             and {of}"
        );
        url.query_pairs_mut().append_pair("$filter", &filter);
        self.endpoint.all(WHAT, odata(url)).await
    }
}

/// The last successful operation of this name.
fn last<'a>(events: &'a [Event], operation: &'static str) -> Option<Operation<'a>> {
    succeeded(events, operation).max_by_key(|done| done.end.event_timestamp)
}

fn succeeded<'a>(
    events: &'a [Event],
    operation: &'static str,
) -> impl Iterator<Item = Operation<'a>> {
    let is = |event: &Event, status: &str| {
        let status = event.status.as_ref().is_some_and(|s| s.value.eq_ignore_ascii_case(status));
        let name = event.operation_name.as_ref().map(|name| name.value.to_ascii_lowercase());
        status && name.is_some_and(|name| name.ends_with(&operation.to_ascii_lowercase()))
    };
    let ends = events.iter().filter(move |event| is(event, "Succeeded"));
    ends.map(move |end| {
        let mut others = events.iter().filter(|event| is(event, "Started"));
        let begin = others.find(|begin| begin.operation_id == end.operation_id);
        Operation { end, begin: begin.filter(|_| !end.operation_id.is_empty()) }
    })
}

impl Operation<'_> {
    fn actor(&self) -> Option<Actor> {
        self.end.actor().or_else(|| self.begin.and_then(Event::actor))
    }
}

impl Event {
    fn property(&self, name: &str) -> Option<&str> {
        self.properties.as_ref()?.get(name).map(String::as_str)
    }

    /// A user's token speaks for a user: it has a scope or a name. An application's has neither.
    fn actor(&self) -> Option<Actor> {
        let claim = |name: &str| self.claims.get(name).filter(|value| !value.is_empty()).cloned();
        let is_user = claim(SCOPE).or_else(|| claim(UPN)).is_some();
        let (id, kind) = match is_user {
            true => (claim(OBJECT_ID)?, ActorKind::User),
            false => (claim("appid").or_else(|| claim(OBJECT_ID))?, ActorKind::App),
        };
        Some(Actor { id, kind, at: self.event_timestamp })
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use serde_json::{Value, json};

    use super::*;

    fn event(operation: &str, status: &str, of: &str, at: &str, claims: &Value) -> Event {
        serde_json::from_value(json!({
            "eventTimestamp": at, "operationId": of, "operationName": {"value": operation},
            "status": {"value": status}, "claims": claims, "properties": null,
        }))
        .unwrap()
    }

    const WRITE: &str = "Microsoft.Authorization/roleAssignments/write";

    #[test]
    fn the_last_success_counts_and_its_beginning_may_name_who_did_it() {
        let user = json!({OBJECT_ID: "u-1", SCOPE: "user_impersonation", "appid": "cli"});
        let app = json!({OBJECT_ID: "sp-1", "appid": "a-1"});
        let events = [
            event(WRITE, "Started", "1", "2026-03-01T08:00:00Z", &user),
            event(WRITE, "Succeeded", "1", "2026-03-01T08:00:01Z", &json!({})),
            event(WRITE, "Failed", "2", "2026-03-01T09:00:00Z", &app),
        ];
        let actor = last(&events, "roleAssignments/write").unwrap().actor().unwrap();
        assert_eq!((actor.id.as_str(), actor.kind), ("u-1", ActorKind::User));
        assert!(last(&events, "roleAssignments/delete").is_none());
        let later = event(&WRITE.to_lowercase(), "Succeeded", "3", "2026-03-01T09:00:00Z", &app);
        let actor = last(&[later], "roleAssignments/write").unwrap().actor().unwrap();
        assert_eq!((actor.id.as_str(), actor.kind), ("a-1", ActorKind::App));
    }

    #[test]
    fn the_published_log_can_be_read_and_names_a_user() {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(
            "../../../shared/reference/arm-openapi/examples/activitylogs/ActivityLogs_List.json",
        );
        let Ok(text) = fs::read(&file) else {
            let told = format!("NOT CHECKED: no {}", file.display());
            assert!(std::env::var_os("CI").is_none(), "{told}");
            return eprintln!("{told}");
        };
        let example: Value = serde_json::from_slice(&text).unwrap();
        let events = example["responses"]["200"]["body"]["value"].clone();
        let events: Vec<Event> = serde_json::from_value(events).unwrap();
        let done = last(&events, "supporttickets/write").unwrap();
        let actor = done.actor().unwrap();
        assert_eq!(actor.kind, ActorKind::User);
        assert_eq!(actor.id, "2468adf0-8211-44e3-95xq-85137af64708");
    }
}
