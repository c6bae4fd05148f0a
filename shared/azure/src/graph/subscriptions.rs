//! Subscriptions to change notifications (`graph-contracts.md` section 9.1).

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use latchkey_core::CallError;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::Graph;
use crate::http::Answer;

/// A subscription to users or groups ends no later than this after it was made or renewed.
pub const LONGEST_SUBSCRIPTION: SignedDuration = SignedDuration::from_mins(41_760);

/// A subscription of this application. `Debug` hides the address, which holds a key.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Its id.
    pub id: String,
    /// What it is about: `users`, `groups`.
    pub resource: String,
    /// Where changes are told, function key included.
    pub notification_url: String,
    /// When it ends.
    #[serde(rename = "expirationDateTime")]
    pub expires: Timestamp,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id)
            .field("resource", &self.resource)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// What is subscribed to.
#[derive(Clone, Copy)]
pub struct NewSubscription<'a> {
    /// `users` or `groups`: a subscription for each object would exceed the quota.
    pub resource: &'a str,
    /// Where changes, and what the subscription itself needs, are told.
    pub url: &'a str,
    /// Comes back with each notification, at most 128 characters.
    pub client_state: &'a str,
    /// When it ends, within [`LONGEST_SUBSCRIPTION`].
    pub expires: Timestamp,
}

impl Graph {
    /// Subscribes to updates and deletions. Graph asks the address before it answers, so whatever
    /// serves it must be up.
    ///
    /// # Errors
    /// [`CallError::Rejected`] with code `ValidationError` when the address does not answer as it
    /// should; [`CallError::Denied`] beyond 100 subscriptions.
    pub async fn create_subscription(
        &self,
        new: &NewSubscription<'_>,
    ) -> Result<Subscription, CallError> {
        let body = json!({
            "changeType": "updated,deleted",
            "resource": new.resource,
            "notificationUrl": new.url,
            "lifecycleNotificationUrl": new.url,
            "clientState": new.client_state,
            "expirationDateTime": new.expires.to_string(),
            "latestSupportedTlsVersion": "v1_2",
        });
        let what = "POST /subscriptions";
        let request = self.request(what, Method::POST, &["subscriptions"]).json(&body);
        self.endpoint.send(&request).await?.json(request.call())
    }

    /// The subscriptions of this application.
    ///
    /// # Errors
    /// As every call.
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, CallError> {
        self.endpoint.all("GET /subscriptions", self.url(&["subscriptions"])).await
    }

    /// A subscription; none when it ended or never was.
    ///
    /// # Errors
    /// As every call.
    pub async fn subscription(&self, id: &str) -> Result<Option<Subscription>, CallError> {
        let url: Url = self.url(&["subscriptions", id]);
        if_there(self.endpoint.get("GET /subscriptions/{id}", url).await)
    }

    /// Lets a subscription live until then, which authorizes it anew as well; none when it ended.
    ///
    /// # Errors
    /// [`CallError::Rejected`] beyond [`LONGEST_SUBSCRIPTION`].
    pub async fn renew_subscription(
        &self,
        id: &str,
        expires: Timestamp,
    ) -> Result<Option<Subscription>, CallError> {
        let body = json!({ "expirationDateTime": expires.to_string() });
        let segments = ["subscriptions", id];
        let request = self.request("PATCH /subscriptions/{id}", Method::PATCH, &segments);
        let request = request.json(&body);
        let answer: Option<Answer> = if_there(self.endpoint.send(&request).await)?;
        answer.map(|answer| answer.json(request.call())).transpose()
    }

    /// Authorizes a subscription anew, as Graph asks for now and then; whether it was there.
    ///
    /// # Errors
    /// As every call.
    pub async fn reauthorize_subscription(&self, id: &str) -> Result<bool, CallError> {
        let segments = ["subscriptions", id, "reauthorize"];
        let what = "POST /subscriptions/{id}/reauthorize";
        let request = self.request(what, Method::POST, &segments);
        Ok(if_there(self.endpoint.send(&request).await)?.is_some())
    }

    /// Ends a subscription; fine when it ended already.
    ///
    /// # Errors
    /// As every call.
    pub async fn delete_subscription(&self, id: &str) -> Result<(), CallError> {
        let segments = ["subscriptions", id];
        let request = self.request("DELETE /subscriptions/{id}", Method::DELETE, &segments);
        if_there(self.endpoint.send(&request).await).map(drop)
    }
}

fn if_there<T>(answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn the_documented_answers_are_subscriptions() {
        for name in ["subscriptions-create-groups.201", "subscriptions-renew.200"] {
            let Some(example) = fixtures::one(name) else { return };
            let body = example["response"]["body"].clone();
            let read: Subscription = serde_json::from_value(body.clone()).unwrap();
            assert_eq!(read.resource, body["resource"], "{name}");
            assert!(!format!("{read:?}").contains("http"), "an address holds a key");
        }
    }
}
