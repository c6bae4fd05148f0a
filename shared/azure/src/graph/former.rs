//! The end of groups: which are ours, what is owned, and the delete.

use latchkey_core::{CallError, GroupName, ObjectId, holdings::Group};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::{
    Graph,
    groups::unique_name,
    users::graph_call,
    wire::{self, WireGroup},
};
use crate::http::{Request, odata};

/// A group of ours.
#[derive(Deserialize)]
struct OwnGroup {
    #[serde(flatten)]
    group: WireGroup,
    description: Option<String>,
}

impl Graph {
    /// The group that [`create_group`](Graph::create_group) made for this display name, with the
    /// description it was given; none when there is none, or somebody else made it.
    ///
    /// # Errors
    /// As every call.
    pub async fn own_group(&self, name: &GroupName) -> Result<Option<(Group, String)>, CallError> {
        let what = "GET /groups by uniqueName";
        let mut url = self.url(&[&unique_name(name)]);
        url.query_pairs_mut().append_pair("$select", &format!("{},description", wire::GROUP));
        match self.endpoint.get::<OwnGroup>(what, odata(url)).await {
            Ok(found) => {
                let group = found.group.into_group(&graph_call(what))?;
                Ok(Some((group, found.description.unwrap_or_default())))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes a group; fine when it is gone. Its role assignments and bindings stay behind.
    ///
    /// # Errors
    /// [`CallError::Denied`] when it is role-assignable or comes from elsewhere.
    pub async fn delete_group(&self, id: &ObjectId) -> Result<(), CallError> {
        let segments = ["groups", id.as_str()];
        self.gone(self.request("DELETE /groups/{id}", Method::DELETE, &segments)).await
    }

    /// The groups that the user owns.
    ///
    /// # Errors
    /// [`CallError::NotFound`] when there is no such user.
    pub async fn owned_groups(&self, user: &ObjectId) -> Result<Vec<Group>, CallError> {
        let what = "GET /users/{id}/ownedObjects groups";
        let segments = ["users", user.as_str(), "ownedObjects", "microsoft.graph.group"];
        let mut url = self.url(&segments);
        url.query_pairs_mut().append_pair("$select", wire::GROUP).append_pair("$top", "999");
        let found: Vec<WireGroup> = self.endpoint.all(what, odata(url)).await?;
        found.into_iter().map(|group| group.into_group(&graph_call(what))).collect()
    }

    /// Makes the user an owner of a group; fine when they own it already.
    ///
    /// # Errors
    /// [`CallError::NotFound`] when there is no such group or user, [`CallError::Lost`] when it may
    /// have been done.
    pub async fn add_owner(&self, group: &ObjectId, owner: &ObjectId) -> Result<(), CallError> {
        let segments = ["groups", group.as_str(), "owners", "$ref"];
        let request = self
            .request("POST /groups/{id}/owners/$ref", Method::POST, &segments)
            .json(&json!({ "@odata.id": self.object_url(owner).as_str() }));
        let answer = self.endpoint.exchange(&request).await?;
        let error = || answer.error();
        // The only hint that it is so already is the text.
        let so_already = answer.status == StatusCode::BAD_REQUEST
            && error().message.contains("added object references already exist");
        if so_already { Ok(()) } else { answer.ok(request.call()).map(drop) }
    }

    /// Ends the user's ownership of a group; fine when they do not own it. Graph keeps a group's
    /// last owner.
    ///
    /// # Errors
    /// [`CallError::Rejected`] when nobody else owns the group.
    pub async fn remove_owner(&self, group: &ObjectId, owner: &ObjectId) -> Result<(), CallError> {
        // Without `/$ref` this would delete the user.
        let segments = ["groups", group.as_str(), "owners", owner.as_str(), "$ref"];
        let what = "DELETE /groups/{id}/owners/{id}/$ref";
        self.gone(self.request(what, Method::DELETE, &segments)).await
    }

    /// Sends a delete; what is gone already counts as deleted.
    pub(super) async fn gone(&self, request: Request) -> Result<(), CallError> {
        match self.endpoint.send(&request).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }
}
