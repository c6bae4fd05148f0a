//! The directory's audit log: the only place that tells who changed a membership.

use jiff::Timestamp;
use latchkey_core::{
    CallError, ObjectId,
    drift::{Actor, ActorKind},
};
use serde::Deserialize;

use super::Graph;
use crate::http::odata;

/// One row of the log, as far as it tells who did what to whom.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Audit {
    activity_date_time: Timestamp,
    #[serde(default)]
    activity_display_name: String,
    #[serde(default)]
    result: Option<String>,
    #[serde(default)]
    initiated_by: Initiator,
    #[serde(default)]
    target_resources: Vec<Target>,
}

#[derive(Debug, Default, Deserialize)]
struct Initiator {
    user: Option<ByUser>,
    app: Option<ByApp>,
}

#[derive(Debug, Deserialize)]
struct ByUser {
    id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByApp {
    app_id: Option<String>,
    service_principal_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    id: Option<String>,
    /// Published answers spell it `Type`, the schema `type`.
    #[serde(rename = "type", alias = "Type")]
    kind: Option<String>,
    #[serde(default)]
    modified_properties: Vec<Modified>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Modified {
    new_value: Option<String>,
}

impl Graph {
    /// Who put the member into the group last within this time, as the audit log knows by now: it
    /// lags by minutes, and what is older than 30 days is gone from it. None when it names nobody.
    ///
    /// Source: `directoryAudit` of Microsoft Graph v1.0.
    ///
    /// # Errors
    /// [`CallError::Busy`] beyond five requests in ten seconds; else as every call.
    pub async fn who_changed_member(
        &self,
        group: &ObjectId,
        member: &ObjectId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Actor>, CallError> {
        let what = "GET /auditLogs/directoryAudits";
        let mut url = self.url(&["auditLogs", "directoryAudits"]);
        let filter = format!(
            "activityDateTime ge {since} and activityDateTime le {until} \
             and targetResources/any(t:t/id eq '{member}')"
        );
        url.query_pairs_mut().append_pair("$filter", &filter);
        let rows: Vec<Audit> = self.endpoint.all(what, odata(url)).await?;
        Ok(latest(rows.iter().filter(|row| row.adds(group, member))).and_then(Audit::actor))
    }
}

fn latest<'a>(rows: impl Iterator<Item = &'a Audit>) -> Option<&'a Audit> {
    rows.max_by_key(|row| row.activity_date_time)
}

impl Audit {
    /// Whether it put the member into the group. What an activity is called is data, not contract,
    /// so it is only asked whether something was added to a group's members.
    fn adds(&self, group: &ObjectId, member: &ObjectId) -> bool {
        let name = self.activity_display_name.to_ascii_lowercase();
        let succeeded = self.result.as_deref().is_none_or(|r| r.eq_ignore_ascii_case("success"));
        let added = name.starts_with("add") && name.contains("member");
        succeeded && added && self.concerns(group, "group") && self.concerns(member, "")
    }

    /// Whether it names the object, as a target or among what was modified. A target of another
    /// type is not meant.
    fn concerns(&self, id: &ObjectId, kind: &str) -> bool {
        let same = |text: &str| text.trim_matches('"').eq_ignore_ascii_case(id.as_str());
        let fits = |found: &str| kind.is_empty() || found.eq_ignore_ascii_case(kind);
        self.target_resources.iter().any(|target| {
            let own =
                target.id.as_deref().is_some_and(same) && target.kind.as_deref().is_none_or(fits);
            let mut values = target.modified_properties.iter();
            own || values.any(|value| value.new_value.as_deref().is_some_and(same))
        })
    }

    fn actor(&self) -> Option<Actor> {
        let by = &self.initiated_by;
        let user = by.user.as_ref().and_then(|user| user.id.clone());
        let app = || {
            by.app.as_ref().and_then(|app| some(&app.app_id).or(some(&app.service_principal_id)))
        };
        let (id, kind) = match user.filter(|id| !id.is_empty()) {
            Some(id) => (id, ActorKind::User),
            None => (app()?, ActorKind::App),
        };
        Some(Actor { id, kind, at: self.activity_date_time })
    }
}

fn some(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fixtures;

    fn id(text: &str) -> ObjectId {
        ObjectId::new(text).unwrap()
    }

    fn read(body: &Value) -> Vec<Audit> {
        serde_json::from_value(body["value"].clone()).unwrap()
    }

    #[test]
    fn the_published_row_tells_who_added_whom_to_which_group() {
        let Some(example) = fixtures::one("auditLogs-directoryAudits-add-member.200") else {
            return;
        };
        let mut body = example["response"]["body"].clone();
        let group = id("ef7e527d-6c92-4234-8c6d-cf6fdfb57f95");
        let member = id("1f0e98f5-3161-4c6b-9b50-d488572f2bb7");
        let expected = Actor {
            id: "728309ae-1a37-4937-9afe-e35d964db09b".into(),
            kind: ActorKind::User,
            at: "2018-01-09T21:20:02.7215374Z".parse().unwrap(),
        };
        let rows = read(&body);
        assert!(rows[0].adds(&group, &member));
        assert!(!rows[0].adds(&member, &group), "the user is no group");
        assert_eq!(rows[0].actor(), Some(expected));
        // The schema's spelling of the type means the same.
        for target in body["value"][0]["targetResources"].as_array_mut().unwrap() {
            let kind = target.as_object_mut().unwrap().remove("Type").unwrap();
            target["type"] = kind;
        }
        let rows = read(&body);
        assert!(rows[0].adds(&group, &member) && !rows[0].adds(&member, &group));
    }

    #[test]
    fn every_published_audit_can_be_read() {
        for (name, example) in fixtures::all() {
            if name.starts_with("auditLogs-directoryAudits") {
                assert!(!read(&example["response"]["body"]).is_empty(), "{name}");
            }
        }
    }

    fn row(name: &str, initiated_by: &Value, result: &str) -> Audit {
        let (group, member) =
            ("0bc7d487-fd6f-41a0-8362-71ec81074f11", "1f0e98f5-3161-4c6b-9b50-d488572f2bb7");
        serde_json::from_value(json!({
            "activityDateTime": "2026-03-01T08:00:00Z", "activityDisplayName": name,
            "result": result, "initiatedBy": initiated_by,
            "targetResources": [{"id": member, "type": "User", "modifiedProperties": [
                {"displayName": "Group.ObjectID", "oldValue": null, "newValue": format!("\"{group}\"")},
            ]}],
        }))
        .unwrap()
    }

    #[test]
    fn only_a_successful_addition_counts_and_nobody_is_nobody() {
        let group = id("0bc7d487-fd6f-41a0-8362-71ec81074f11");
        let member = id("1f0e98f5-3161-4c6b-9b50-d488572f2bb7");
        let app = json!({"app": {"appId": "a-1"}, "user": null});
        let is = |name: &str, result: &str| row(name, &app, result).adds(&group, &member);
        assert!(is("Add member to group", "success"));
        assert!(!is("Add member to group", "failure"));
        assert!(!is("Remove member from group", "success"));
        assert!(!is("Add owner to group", "success"));
        let actor = |by: Value| row("Add member to group", &by, "success").actor();
        assert_eq!(actor(app.clone()).unwrap().kind, ActorKind::App);
        assert_eq!(actor(json!({"user": null, "app": null})), None);
        assert_eq!(actor(json!({"user": {"id": ""}, "app": {"appId": null}})), None);
    }
}
