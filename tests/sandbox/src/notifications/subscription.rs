//! One subscription: what it is about, and how it shows.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::directory::What;

/// A subscription to changes.
#[derive(Clone)]
pub struct Subscription {
    /// Its id, a GUID.
    pub id: String,
    /// `users`, `users/{id}`, `groups`, `groups/{id}`, `groups/{id}/members` or `/owners`.
    pub resource: String,
    /// `updated`, `deleted`, `created`, as they were asked for.
    pub change_type: String,
    /// The application it belongs to.
    pub app_id: String,
    /// Object id of whoever made it.
    pub creator: String,
    /// Echoed with each notification.
    pub client_state: Option<String>,
    /// Where changes are told.
    pub notification_url: String,
    /// Where it is told that the subscription itself needs something.
    pub lifecycle_url: Option<String>,
    /// As it was asked for, `v1_2` by default.
    pub tls: String,
    /// When it ends.
    pub expires: Timestamp,
    /// Changes after this one are its own.
    pub(crate) from: u64,
    /// The end before which an authorization was asked for.
    pub(crate) asked: Option<Timestamp>,
}

impl Subscription {
    /// The permission that reads what it is about.
    pub fn permission(resource: &str) -> Option<&'static str> {
        let id = |id: &str| uuid::Uuid::try_parse(id).is_ok();
        match resource.split('/').collect::<Vec<_>>()[..] {
            ["users"] => Some("User.Read.All"),
            ["users", of] if id(of) => Some("User.Read.All"),
            ["groups"] => Some("Group.Read.All"),
            ["groups", of] | ["groups", of, "members" | "owners"] if id(of) => {
                Some("Group.Read.All")
            }
            _ => None,
        }
    }

    /// Whether it has not ended at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires
    }

    /// Whether it tells of this change.
    pub(crate) fn tells(&self, what: &What) -> bool {
        let (collection, id) = match what {
            What::UserWritten(id) | What::UserDeleted(id) | What::UserPurged(id) => ("users", id),
            What::GroupWritten(id) | What::GroupDeleted(id) | What::GroupPurged(id) => {
                ("groups", id)
            }
            What::MemberAdded { group, .. } | What::MemberRemoved { group, .. } => {
                ("groups", group)
            }
        };
        let membership = matches!(what, What::MemberAdded { .. } | What::MemberRemoved { .. });
        let about = match self.resource.split('/').collect::<Vec<_>>()[..] {
            [all] => all == collection,
            [all, one] => all == collection && one == id,
            [all, one, "members"] => all == collection && one == id && membership,
            _ => false,
        };
        about && self.change_type.split(',').any(|kind| kind.trim() == change_type(what))
    }

    /// Whether it is time to ask for an authorization, which is done once before each end.
    pub(crate) fn must_ask(&self, now: Timestamp, before: SignedDuration) -> bool {
        let near = self.expires.duration_since(now) <= before;
        near && self.lifecycle_url.is_some() && self.asked != Some(self.expires)
    }

    /// As Graph shows it.
    pub(crate) fn show(&self, context: Option<Value>) -> Value {
        let mut shown = json!({
            "id": self.id,
            "resource": self.resource,
            "applicationId": self.app_id,
            "changeType": self.change_type,
            "clientState": self.client_state,
            "notificationUrl": self.notification_url,
            "lifecycleNotificationUrl": self.lifecycle_url,
            "expirationDateTime": self.expires.to_string(),
            "creatorId": self.creator,
            "latestSupportedTlsVersion": self.tls,
            "includeResourceData": null,
            "encryptionCertificate": null,
            "encryptionCertificateId": null,
            "notificationQueryOptions": null,
            "notificationUrlAppId": null,
        });
        if let Some(context) = context {
            shown["@odata.context"] = context;
        }
        shown
    }
}

/// Creation and soft deletion are told as updates.
pub(crate) fn change_type(what: &What) -> &'static str {
    match what {
        What::UserPurged(_) | What::GroupPurged(_) => "deleted",
        _ => "updated",
    }
}
