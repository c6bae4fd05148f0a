//! Microsoft Graph: users, groups, who is in them and for how long, Conditional Access, and
//! subscriptions to changes.

mod audits;
mod batch;
mod conditional_access;
mod delta;
mod former;
mod groups;
mod in_bulk;
mod memberships;
mod nesting;
mod objects;
mod password;
mod pim;
mod pim_members;
mod reach;
mod subscriptions;
mod users;
mod wire;

use latchkey_core::{ObjectId, Service};
use reqwest::Method;
use url::Url;

use crate::{Http, Tokens, endpoint::Endpoint, http::Request};
pub use conditional_access::{AKS_SERVER, DevicePolicy, NewDevicePolicy, PolicyState};
pub use delta::{GroupChange, Removed, Round, UserChange};
pub use groups::{Member, MemberKind};
pub use objects::Object;
pub use pim::{ELIGIBLE_FOR, PimEntry};
pub use pim_members::PimMember;
pub use reach::Reach;
pub use subscriptions::{LONGEST_SUBSCRIPTION, NewSubscription, Subscription};

/// A client of Microsoft Graph v1.0. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Graph {
    endpoint: Endpoint,
    owner: Option<ObjectId>,
}

impl Graph {
    /// A client of the service at `base`, `https://graph.microsoft.com`, without a version.
    pub fn new(http: Http, tokens: Tokens, base: &Url) -> Self {
        let endpoint = Endpoint::new(http, tokens, Service::Graph, base, &["v1.0"]);
        Self { endpoint, owner: None }
    }

    /// The same client that names this function in its `User-Agent`.
    #[must_use]
    pub fn for_caller(&self, caller: &'static str) -> Self {
        Self { endpoint: self.endpoint.for_caller(caller), ..self.clone() }
    }

    /// The same client that makes this service principal an owner of the groups it creates.
    /// An app that may only create groups could not change them later without it.
    #[must_use]
    pub fn with_owner(&self, owner: ObjectId) -> Self {
        Self { owner: Some(owner), ..self.clone() }
    }

    /// An address below the version root; the segments are encoded here.
    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.endpoint.root().clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(segments);
        }
        url
    }

    fn request(&self, what: &'static str, method: Method, segments: &[&str]) -> Request {
        Request::new(Service::Graph, what, method, self.url(segments))
    }
}
