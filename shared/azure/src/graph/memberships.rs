//! Joining and leaving groups.

use latchkey_core::{Call, CallError, ObjectId, Service};
use reqwest::Method;
use serde_json::json;

use super::{
    Graph,
    batch::{Item, Response},
    users::graph_call,
    wire::object_id,
};
use crate::{
    endpoint::Page,
    http::{Request, ServiceError},
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Join,
    Leave,
}

impl Graph {
    /// Makes the user a member of the groups to join and ends its membership of those to leave,
    /// twenty changes per request. Each group is answered on its own, in the order given: what
    /// already is so counts as done.
    ///
    /// An error of one item is [`CallError::Lost`] when it may have been done, and
    /// [`CallError::NotFound`] when the user or the group is not there (yet).
    pub async fn change_memberships(
        &self,
        user: &ObjectId,
        join: &[ObjectId],
        leave: &[ObjectId],
    ) -> Vec<(ObjectId, Result<(), CallError>)> {
        let call = graph_call("change memberships");
        let joins = join.iter().map(|group| (group, Change::Join));
        let leaves = leave.iter().map(|group| (group, Change::Leave));
        let changes: Vec<(&ObjectId, Change)> = joins.chain(leaves).collect();
        let items = changes.iter().map(|(group, change)| self.item(user, group, *change)).collect();
        let answers = self.batch(&call, items, true).await;
        changes
            .into_iter()
            .zip(answers)
            .map(|((group, change), answer)| {
                let outcome = answer.and_then(|answer| outcome(&call, user, change, answer));
                (group.clone(), outcome)
            })
            .collect()
    }

    /// Whether the user is a member of the group, directly or through another group. Somebody
    /// unknown is a member of nothing.
    ///
    /// # Errors
    /// Whatever kept Graph from answering.
    pub async fn is_member(&self, user: &ObjectId, group: &ObjectId) -> Result<bool, CallError> {
        let what = "POST /users/{id}/checkMemberGroups";
        let url = self.url(&["users", user.as_str(), "checkMemberGroups"]);
        let request = Request::new(Service::Graph, what, Method::POST, url)
            .json(&json!({ "groupIds": [group] }))
            .reading();
        let answer = match self.endpoint.send(&request).await {
            Err(error) if error.is_not_found() => return Ok(false),
            answer => answer?,
        };
        let found: Page<String> = answer.json(request.call())?;
        Ok(found.value.iter().any(|id| id.eq_ignore_ascii_case(group.as_str())))
    }

    /// Object ids of every security group the user is in, also through other groups: what their
    /// tokens name.
    ///
    /// # Errors
    /// [`CallError::NotFound`] when there is no such user.
    pub async fn all_group_ids(&self, user: &ObjectId) -> Result<Vec<ObjectId>, CallError> {
        let what = "POST /users/{id}/getMemberGroups";
        let request = self
            .request(what, Method::POST, &["users", user.as_str(), "getMemberGroups"])
            .json(&json!({ "securityEnabledOnly": true }))
            .reading();
        let call = graph_call(what);
        let page: Page<String> = self.endpoint.send(&request).await?.json(&call)?;
        page.value.iter().map(|id| object_id(&call, id)).collect()
    }

    fn item(&self, user: &ObjectId, group: &ObjectId, change: Change) -> Item {
        match change {
            Change::Join => Item::new("POST", format!("/groups/{group}/members/$ref"))
                .body(json!({ "@odata.id": self.object_url(user).as_str() })),
            // Without `/$ref` this would delete the user.
            Change::Leave => Item::new("DELETE", format!("/groups/{group}/members/{user}/$ref")),
        }
    }
}

fn outcome(
    call: &Call,
    user: &ObjectId,
    change: Change,
    answer: Option<Response>,
) -> Result<(), CallError> {
    let lost = |why: &str| CallError::Lost { call: call.clone(), source: Some(why.into()) };
    let Some(answer) = answer else { return Err(lost("the batch answered without the item")) };
    let (status, wait) = (answer.status(), answer.retry_after());
    if status.is_success() || is_so_already(change, user, &answer.error()) {
        return Ok(());
    }
    let in_doubt = matches!(status.as_u16(), 408 | 500 | 502 | 504)
        || (status.as_u16() == 503 && wait.is_none());
    if in_doubt {
        return Err(lost("the item failed on the server"));
    }
    Err(answer.error().into_call_error(call, wait))
}

/// Graph refuses to add a member twice and to remove a stranger; the only hint is the text. The 404
/// to a removal quotes the id that is missing: the user's means "not a member", the group's that
/// there is no such group.
fn is_so_already(change: Change, user: &ObjectId, error: &ServiceError) -> bool {
    let said = |text: &str| error.message.contains(text);
    match (change, error.status.as_u16()) {
        (Change::Join, 400) => said("added object references already exist"),
        (Change::Leave, 400) => said("removed object references do not exist"),
        (Change::Leave, 404) => said(user.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    /// What the published answer to one change means for the user it names.
    fn meaning(name: &str, change: Change) -> Option<bool> {
        let example = fixtures::one(name)?;
        let status = example["response"]["status"].as_u64().unwrap();
        let status = u16::try_from(status).unwrap().try_into().unwrap();
        let error = ServiceError::of_value(status, &example["response"]["body"]);
        let user = ObjectId::new("973a162e-93aa-4e8e-889b-1f272920e64d").unwrap();
        Some(is_so_already(change, &user, &error))
    }

    #[test]
    fn the_published_answers_to_needless_changes_count_as_done() {
        for (name, change) in [
            ("groups-members-add-ref.400-already-member", Change::Join),
            ("groups-members-remove-ref.404-not-member", Change::Leave),
            ("groups-members-remove-ref.400-not-member-variant", Change::Leave),
        ] {
            assert_ne!(meaning(name, change), Some(false), "{name}");
        }
    }

    #[test]
    fn an_unknown_member_and_a_refusal_do_not_count_as_done() {
        for (name, change) in [
            ("groups-members-add-ref.404-unknown-member", Change::Join),
            ("groups-members-add-ref.403-guest-policy", Change::Join),
            ("groups-members-add-ref.400-already-member", Change::Leave),
        ] {
            assert_ne!(meaning(name, change), Some(true), "{name}");
        }
    }
}
